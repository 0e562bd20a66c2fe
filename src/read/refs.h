/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References: one translation unit in one cell, and a set of names.  For each
 * token of one of the names this tells which declaration the token refers to,
 * and how it uses it; so that del_timer() the function and a variable, member
 * or label "del_timer" are told apart.  A token that refers to nothing, as it
 * is pasted, stringified or skipped by the preprocessor, is told as such.
 *
 * Only the files in the request are looked at.  A name in the body of a macro
 * that the unit does not expand, in a comment or in a string has no record.
 */
#ifndef REFS_H
#define REFS_H

#include <glib.h>

#include "read/ast.h"
#include "read/prefix.h"

/* Heads every file of references.  Count up when other records are written. */
#define REFS_MAGIC "treewide-refs 1"

/* What the declaration is. */
enum refs_kind {
	REFS_FUNCTION,
	REFS_MACRO,
	REFS_MEMBER,
	REFS_STRUCT,
	REFS_UNION,
	REFS_ENUM,
	REFS_TYPEDEF,
	REFS_ENUMERATOR,
	REFS_GLOBAL,		/* a variable at file scope, static or not */
	REFS_LOCAL,		/* a variable in a function, static ones too */
	REFS_PARAMETER,		/* of a function */
	REFS_LABEL,
	REFS_MACRO_PARAMETER,
	REFS_N_KINDS
};

/* How the token uses it. */
enum refs_use {
	REFS_CALL,		/* of a function, or through a member or variable */
	REFS_ADDRESS,		/* a function that is not called; "&" of a variable */
	REFS_VALUE,		/* of a variable, parameter or enumerator */
	REFS_TYPE,
	REFS_ACCESS,		/* of a member: x.m, x->m */
	REFS_DESIGNATOR,	/* ".m =" */
	REFS_EXPANSION,		/* of a macro */
	REFS_DEFINITION,
	REFS_DECLARATION,
	REFS_SIZEOF,		/* in the operand of sizeof or _Alignof */
	REFS_TYPEOF,		/* in the operand of typeof */
	REFS_OFFSETOF,
	REFS_CONDITION,		/* #ifdef, defined(), or in an #if */
	REFS_UNDEF,
	REFS_GOTO,		/* of a label: goto, or "&&label" */
	REFS_ATTRIBUTE,		/* __attribute__((cleanup(f))) */
	REFS_N_USES
};

/* Why a token of the name refers to nothing. */
enum refs_other {
	REFS_PASTED,		/* by ##, with something else */
	REFS_STRINGIFIED,	/* by # */
	REFS_SKIPPED,		/* in an arm that the preprocessor skips */
	REFS_DROPPED,		/* an argument that its macro does not use */
	REFS_UNKNOWN,		/* in code that libclang does not explain */
	REFS_N_OTHERS
};

/* "function", "call", "pasted": the words of the files and of messages. */
extern const char *const refs_kind_names[REFS_N_KINDS];
extern const char *const refs_use_names[REFS_N_USES];
extern const char *const refs_other_names[REFS_N_OTHERS];

/* A file in the tree, "@BUILD@/..." or absolute (as cx_file names it); NULL: none. */
struct refs_place {
	const char *file;
	guint line;		/* from 1 */
	gsize off;		/* in bytes, from 0 */
};

struct refs_ref {
	const char *name;
	enum refs_kind kind;
	enum refs_use use;
	const char *usr;	/* of the declaration; "" for a macro parameter */
	/*
	 * A member: the struct or union, by its tag, else its typedef, else the
	 * nearest one around it that has a name; an enumerator: the enum; a
	 * parameter, label or local variable: the function.  "" without one.
	 */
	const char *owner;
	const char *function;	/* the one that the token is in, or "" */
	/*
	 * Where the token is: in a macro's body if it comes from there.  A name
	 * that is made by ## from tokens is spelled nowhere: .file is NULL.
	 */
	struct refs_place spelled;
	/* Where it is expanded: the outermost macro's name, or as spelled. */
	struct refs_place expanded;
	/* Name of the declaration that is referred to; .file NULL: built in. */
	struct refs_place declared;
};

struct refs_token {
	const char *name;
	enum refs_other why;
	struct refs_place at;
	const char *macro;	/* that pastes, stringifies or drops it, or "" */
};

struct refs_facts {
	const char *cell, *unit;
	GPtrArray *refs;	/* struct refs_ref, by place; no two the same */
	GPtrArray *tokens;	/* struct refs_token, by place */
	GPtrArray *diags;	/* struct ast_diag: errors */
	GPtrArray *deps;	/* struct ast_dep; walked: it was in .files */
	GStringChunk *strings;	/* owns all strings */
};

struct refs_request {
	const char *tree;	/* absolute */
	char **with;		/* folders outside it, absolute; or NULL */
	const char *build;	/* the cell's build folder, absolute */
	/* The cell's flags.  Those of the unit's Makefile are added. */
	char **args;
	const char *unit;	/* path in the tree, or absolute */
	const char *cell;
	char **names;
	GHashTable *files;	/* to be looked at: char * set; NULL: messages only */
	/*
	 * The texts of the result, or none.  The unit is then read twice, as
	 * it is on disk and with these, which is quick if no header is
	 * among them.
	 */
	const struct ast_unsaved *unsaved;
	guint n_unsaved;
	/*
	 * Precompiled headers of the unit, for the texts on disk and with
	 * .unsaved; or NULL.  References in these headers are not told.  A unit
	 * in which they may be the cause of an error is read again without.
	 */
	const struct prefix *prefix, *after_prefix;
};

/*
 * Read the unit and write what it refers to to the new file @out; with
 * .unsaved, also read it with those texts and write that to @after.  Either
 * may be NULL if it is not wanted.  Meant to run in a child: leaks.
 * 0, or -1 after a message if libclang gives no translation unit at all.
 */
int refs_read(const struct refs_request *req, const char *out,
	      const char *after);

/* Load what refs_read() wrote; NULL if the file is not whole (no message). */
struct refs_facts *refs_load(const char *path);
void refs_facts_free(struct refs_facts *f);

#endif
