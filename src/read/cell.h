/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells as the driver sees them: prepared for reading by treewide-cell, with
 * the flags for libclang.  What a cell is stands in corpus/cells/.
 */
#ifndef CELL_H
#define CELL_H

#include <glib.h>

struct cell_info {
	char *name;		/* "arm64/4k" */
	char *srcarch;		/* the folder under arch/ */
	gboolean all_units;	/* reads all generic units, not only a cover */
	gboolean ready;
	gboolean absent;	/* the tree has no such arch or config */
	char *reason;		/* why it is not ready */
	char *build;		/* its build folder */
	char **args;		/* for libclang */
	char *key;		/* changes when its config or flags do */
};

/*
 * Prepare cells for reading @tree: all, or those of @only (names of cells or
 * archs, NULL-terminated) unless it is NULL.  Returns struct cell_info, sorted by
 * name; NULL after a message when treewide-cell cannot be run at all.
 */
GPtrArray *cells_prepare_some(const char *tree, int jobs, char **only);
/*
 * All of them.  @manifest (of the scan; 0: none) tells that the tree is as it
 * was: what treewide-cell said then is taken again while its programs and data
 * are as they were, too.
 */
GPtrArray *cells_prepare(const char *tree, int jobs, guint64 manifest);
/* Prepares nothing and runs nothing of the tree: what is not prepared is not ready. */
GPtrArray *cells_prepared(const char *tree, int jobs);

/*
 * The folders under arch/ of @tree that none of @cells stands for: char *, by
 * name.  NULL after a message when arch/ cannot be read.
 */
GPtrArray *cells_archs_without(const GPtrArray *cells, const char *tree);

#endif
