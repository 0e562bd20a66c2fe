/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts about cells, each found in a child of its own and kept in the cache:
 * they hold while every file that was read has the contents that it had, and
 * the searches in the sources find the same files.
 */
#ifndef CELLFACTS_H
#define CELLFACTS_H

#include <glib.h>
#include <jansson.h>

#include "read/cell.h"
#include "tree/tree.h"
#include "read/world.h"

struct cellfacts_kind {
	const char *name;	/* "audit": what the cache's files are called */
	int version;		/* count up when the facts would be others */
	const char *progress;	/* what is said to be done */
	char *asked;		/* all that the facts follow from beside the cell */
	/* The folders that bodies are looked for in; the caller frees them. */
	char **(*folders)(const char *srcarch, gconstpointer data);
	/* In the child: write the facts to @out; 0, or -1 after a message. */
	int (*read)(const struct cell_info *c, const char *out,
		    gconstpointer data);
	gconstpointer data;
};

struct cellfacts {
	const struct cell_info *cell;	/* borrowed */
	json_t *facts;			/* NULL: they could not be read */
	char *reason;			/* why */
};

/*
 * The facts of those of @cells that the tree has (struct cellfacts, in their
 * order); NULL after a message.
 */
GPtrArray *cellfacts_run(const struct tree *t, const struct cellfacts_kind *k,
			 const GPtrArray *cells, int jobs, guint *cached);

/*
 * For read(): what the facts @top rest on.  @deps, which it takes, may have
 * files already, by cellfacts_put_hash(); @unit is our own and is left out.
 */
void cellfacts_put_deps(json_t *top, json_t *deps, struct world *w,
			const char *unit);
void cellfacts_put_hash(json_t *deps, const char *file, guint64 hash);

#endif
