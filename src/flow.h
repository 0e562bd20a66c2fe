/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declaration flow: from the facts of all units and cells to the declarations
 * that carry a handle under the old type, and to the frontier, the places
 * where a handle meets code that wants the old type or the other way round.
 *
 * A declaration of the old pointer type becomes a handle in a cell when every
 * value that reaches it there is one (or can be taken under the new type, as
 * container_of() can), and nobody can reach it unseen: a parameter only when
 * every mention of its function in the tree was read.  Cells are decided one
 * by one and merged by place; where cells differ, the declaration stays.
 */
#ifndef FLOW_H
#define FLOW_H

#include <glib.h>

#include "ast.h"

struct flow_decl {
	char *key, *file, *name, *func;
	gsize start, name_off;
	gboolean needs_struct;	/* members are used, or it is retyped */
	gboolean conflict;	/* a cell says that it is no handle */
	GPtrArray *cells;	/* char *, borrowed */
};

enum flow_kind {
	FLOW_TO_OLD,		/* a handle goes where the old type is wanted */
	FLOW_TO_NEW,		/* a value of the old type becomes a handle */
	FLOW_MEMBER,		/* a member of the old struct is used */
	FLOW_GENERIC,		/* it selects a _Generic arm */
	FLOW_RETYPE,		/* a cast or container_of() makes one */
	FLOW_OTHER,		/* arithmetic and the like */
	N_FLOW_KIND
};
extern const char *const flow_kind_name[N_FLOW_KIND];

struct flow_frontier {
	char *file;
	gsize off;
	guint line;
	enum flow_kind kind;
	char *src, *dst;
	GPtrArray *cells;
};

struct flow_func {		/* a function that carries handles */
	char *name, *file;
	gsize start, end;
};

struct flow {
	GPtrArray *decls;	/* struct flow_decl: to be changed; by place */
	GPtrArray *frontier;	/* struct flow_frontier; by place */
	GPtrArray *funcs;	/* struct flow_func; by place */
	GHashTable *api;	/* "name#2" (a parameter), "name#r": by name, any cell */
	GHashTable *page_cells;	/* cells where the seed is a pointer to the old struct */
	GHashTable *typedefs;	/* "FILE:OFF" of a typedef -> underlying type */
	GHashTable *yields;	/* sites that give a handle, functions and macros: char * set */
	GPtrArray *refused;	/* char *: "file:off\treason" of declarations that stay */
};

struct flow_request {
	GPtrArray *facts;	/* struct ast_facts */
	const char *old_struct;
	char **retype;		/* macros whose result takes another type: container_of */
	GHashTable *symbols;	/* names that are sites: char * set */
	/* Was every mention of function @name in the tree read? */
	gboolean (*closed)(const char *name, const char *file, void *data);
	void *data;
};

struct flow *flow_new(const struct flow_request *req);
void flow_free(struct flow *f);

#endif
