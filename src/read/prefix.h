/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prefixes: headers that many units of a cell include, parsed once and kept in
 * libclang's precompiled form.  A driver is a thousand lines behind a hundred
 * thousand lines of headers, mostly the same ones: with a prefix it is read in
 * a fifth of the time.
 *
 * A unit gets a prefix only if it includes all headers of it anyway, itself or
 * through others, and defines no macro before its includes that these headers
 * ask for.  So what the unit sees is the same but for the order of its headers.
 * A unit that declares what its prefix declares has to be read without.
 */
#ifndef PREFIX_H
#define PREFIX_H

#include <glib.h>

#include "read/ast.h"
#include "read/cell.h"

struct prefix {
	char **headers;		/* "linux/module.h", as in #include <...> */
	char **top;		/* those that no one before includes, if all
				 * conditions are true */
	GPtrArray *units;	/* char *: those that it is for, borrowed */
	char *pch;		/* path of the precompiled headers */
	GPtrArray *deps;	/* struct ast_dep: the files in it */
};

struct prefix_set {
	GPtrArray *prefixes;	/* struct prefix, those that were made */
	GHashTable *by_unit;	/* char * -> struct prefix * */
	char *folder;		/* that holds them, removed at the end */
};

struct prefix_request {
	const char *tree;	/* absolute */
	const struct cell_info *cell;
	const char *const *units;	/* paths in the tree; borrowed by the set */
	guint n_units;
	/* Texts that stand in for files, or none. */
	const struct ast_unsaved *unsaved;
	guint n_unsaved;
	int jobs;
};

/*
 * Choose the prefixes that save more than they cost, which may be none, and
 * make them.  A prefix that cannot be made is left out.  Never NULL.  Runs
 * children, so the process must have one thread.
 */
struct prefix_set *prefix_set_new(const struct prefix_request *req);
/* The prefix for @unit, or NULL; @set may be NULL. */
const struct prefix *prefix_for(const struct prefix_set *set,
				const char *unit);
/* Remove the files, too. */
void prefix_set_free(struct prefix_set *set);

/*
 * The first half alone, for tests: choose (struct prefix without .pch); @dirs
 * are the folders of "-I", absolute.
 */
GPtrArray *prefix_plan(const struct prefix_request *req, char **dirs);

#endif
