/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The units of one cell, parsed when somebody asks for what is in them: from a
 * call in a header to the body of the function in whichever file has it.
 * Lives in a child process, which is its memory's owner.
 */
#ifndef WORLD_H
#define WORLD_H

#include <clang-c/Index.h>
#include <glib.h>

#include "read/cx.h"

struct world_unit {
	char *file;
	CXTranslationUnit tu;
	guint errors;		/* those of inline assembly left out */
	char *first_error;	/* "file:line: what", or NULL */
};

struct world {
	struct cx_names names;
	char **args;		/* the cell's flags */
	char **look_in;		/* folders of the tree with the arch's sources */
	GPtrArray *units;	/* struct world_unit */
	GHashTable *bodies;	/* name -> CXCursor *: a definition or null */
	GHashTable *sources;	/* file -> text, of what was looked through */
	GHashTable *searches;	/* question -> char *: files, a line each */
};

/* What is assigned to a variable somewhere. */
struct world_write {
	CXCursor rhs;		/* null: not a plain assignment */
	char *function;		/* where it stands */
	const char *file;
	guint line;
};

/*
 * The answer to "defines NAME" or "writes NAME": the look_in folders' C files
 * in whose text it looks so, a line each, sorted.  Owned by @w.  Facts that
 * came out of a world hold while its searches have the same answers.
 */
const char *world_search(struct world *w, const char *question);

/*
 * A digest of the names, sizes and times of the look_in folders' C files: when
 * it is the same, so are the answers.  The caller frees it.
 */
char *world_stamp(const char *tree, char **look_in);

void world_init(struct world *w, const char *tree, const char *build,
		char **args, char **look_in);

/*
 * Parse @file of the tree, with @text in its place unless NULL; taken from
 * what was parsed when it was.  NULL when libclang gives no unit at all.
 */
struct world_unit *world_unit(struct world *w, const char *file,
			      const char *text);

/*
 * The definition of a function, also in another file than its declaration.  A
 * null cursor when there is none, or several that cannot be told apart.  One of
 * the arch wins over generic code, then one that reads without errors.
 */
CXCursor world_definition(struct world *w, CXCursor function);

/* Give back what searching alone has taken; units are the child's. */
void world_clear_searches(struct world *w);

/*
 * All places of the look_in folders that write to the variable @name and read
 * without errors in this cell: struct world_write.
 */
GPtrArray *world_writes(struct world *w, const char *name);

#endif
