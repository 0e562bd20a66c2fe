/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading many translation units in many cells: each in a child, with limits,
 * and through the cache: facts are taken from it when no file that the unit
 * included has changed.
 */
#ifndef READING_H
#define READING_H

#include <glib.h>

#include "read/ast.h"
#include "read/cell.h"

struct reading_unit {
	const struct cell_info *cell;	/* borrowed */
	char *file;
};

struct reading {
	const char *tree;
	char **with;			/* folders outside it, absolute; or NULL */
	char **types;
	const char *old_struct;
	GHashTable *files;		/* whose declarations are walked; NULL: messages only */
	const struct ast_unsaved *unsaved;
	guint n_unsaved;
	int jobs;
};

struct reading_result {
	GPtrArray *facts;	/* struct ast_facts, in the order of the units */
	GPtrArray *failed;	/* char *: "cell file: why" */
	guint cached;
};

/* 0, or -1 after a message when nothing could be run. */
int reading_run(const struct reading *r, const GPtrArray *units,
		struct reading_result *res);

/*
 * The flags with which @cell reads @file: the cell's own, @more (or NULL), and
 * for a file in one of the folders @with (or NULL) those of a module there.
 * NULL-terminated; the array is the caller's, most strings are borrowed, so
 * this is for a child, which does not free it.
 */
char **reading_flags(const struct cell_info *cell, const char *more,
		     char **with, const char *file);

/*
 * Content hash of a file that facts depend on (in the tree, "@BUILD@/..." or
 * absolute) as it is now; 0 when it cannot be read.  @memo (char * ->
 * guint64 *, owned) remembers what was hashed, and may hold the hashes of texts
 * that stand in for files.
 */
guint64 reading_hash_now(const char *tree, const char *build, const char *dep,
			 GHashTable *memo);

#endif
