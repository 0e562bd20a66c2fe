/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declaration flow: from the facts of all units and cells to the declarations
 * that carry a handle under the old type, and to the frontier, the places
 * where a handle meets code that wants the old type or the other way round.
 *
 * A declaration of the old pointer type becomes a handle in a cell when every
 * value that reaches it there is one (or can be taken under the new type, as
 * container_of() can), and nobody can reach it unseen: a parameter only when
 * every mention of its function in the tree was read, a field or a global when
 * every mention of its name was, a macro's variable when every mention of the
 * macro was.  Cells are decided one
 * by one and merged by place; where cells differ, or where the declaration
 * cannot be rewritten, it stays in all of them and the frontier runs there.
 */
#ifndef FLOW_H
#define FLOW_H

#include <glib.h>

#include "read/ast.h"

struct flow_decl {
	char *key, *file, *name, *func;
	gsize start, name_off;
	gboolean needs_struct;	/* members are used, or it is retyped */
	gboolean follows;	/* by typeof: the type changes by itself; convert_resolve() */
	GPtrArray *cells;	/* char *, borrowed */
};

enum flow_kind {
	FLOW_TO_OLD,		/* a handle goes where the old type is wanted */
	FLOW_TO_NEW,		/* a value of the old type becomes a handle */
	FLOW_MEMBER,		/* a member of the old struct is used */
	FLOW_GENERIC,		/* it selects a _Generic arm */
	FLOW_RETYPE,		/* a cast or container_of() makes one */
	FLOW_OTHER,		/* arithmetic and the like */
	FLOW_VOID,		/* it goes on as a void pointer, out of sight */
	FLOW_CAST,		/* it is cast to the handle type: needless */
	FLOW_SIZE,		/* sizeof(*h): the size of another struct now */
	N_FLOW_KIND
};
extern const char *const flow_kind_name[N_FLOW_KIND];

struct flow_frontier {
	char *file;
	gsize off, end;		/* the value; end 0: a macro's, or spelled in several places */
	guint line;		/* 0: a macro's value; ask the source */
	enum flow_kind kind;
	char *src, *dst;
	char *macro;		/* the outermost macro that uses it, or NULL */
	GPtrArray *cells;
};
/* Does the kind leave it open whether something is edited? */
gboolean flow_is_open(enum flow_kind kind);

struct flow_func {		/* a function that carries handles */
	char *name, *file;
	gsize start, end;
};

/*
 * Why a declaration of the old type is taken for a handle, or is not although
 * a handle reaches it: one step of the chain.  In one cell.
 */
struct flow_step {
	char *cell, *key, *name, *func;
	char *file;		/* of the declaration */
	gsize off;		/* of its name */
	gboolean handle;
	char *why;		/* a sentence */
	char *via_file;		/* the value that decided it, or NULL */
	guint via_line;
	char *parent;		/* the key at the other end, or NULL */
};

struct flow {
	GPtrArray *decls;	/* struct flow_decl: to be changed; by place */
	GPtrArray *frontier;	/* struct flow_frontier; by place */
	GPtrArray *funcs;	/* struct flow_func; by place */
	GHashTable *api;	/* "name#2" (a parameter), "name#r": by name, any cell */
	GHashTable *page_cells;	/* cells where the seed is a pointer to the old struct */
	GHashTable *typedefs;	/* "FILE:OFF" of a typedef -> underlying type */
	GHashTable *yields;	/* sites that give a handle, functions and macros: char * set */
	GPtrArray *steps;	/* struct flow_step; by place, cell */
};

struct flow_request {
	GPtrArray *facts;	/* struct ast_facts */
	const char *old_struct;
	char **members;		/* of the old struct that have a new form; NULL: all */
	char **retype;		/* macros whose result takes another type: container_of */
	char **allocators;	/* globs: what gives fresh memory; or NULL */
	GHashTable *symbols;	/* names that are sites: char * set */
	/*
	 * Who may reach @name (a function, field, variable) of @file unread?  A
	 * sentence, which the caller frees, or NULL: nobody.
	 */
	char *(*open)(const char *name, const char *file, void *data);
	/* The macro in whose body @d stands, or NULL.  May be NULL. */
	const char *(*macro)(const struct ast_decl *d, void *data);
	/* Add to @yields the macros that are other names for it.  May be NULL. */
	void (*aliases)(GHashTable *yields, void *data);
	/* Why @d cannot be rewritten, a static string; or NULL.  May be NULL. */
	const char *(*fixed)(const struct ast_decl *d, void *data);
	void *data;
};

struct flow *flow_new(const struct flow_request *req);
void flow_free(struct flow *f);

#endif
