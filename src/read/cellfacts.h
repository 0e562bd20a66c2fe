/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Facts about cells, through the fact store: each cell is read in a child.
 * They hold while the files that were read have the same contents and while
 * the searches in the arch's sources find the same files.
 */
#ifndef CELLFACTS_H
#define CELLFACTS_H

#include <glib.h>
#include <jansson.h>

#include "read/cell.h"
#include "read/fact.h"
#include "read/world.h"
#include "tree/tree.h"

/* What an audit asks. */
struct cellfacts_kind {
	const char *name;	/* "audit": what the cache's files are called */
	const char *progress;	/* what is said to be done */
	char *asked;		/* all that the facts depend on beside the cell */
	/* The folders in which bodies are looked for; the caller frees them. */
	char **(*folders)(const char *srcarch, gconstpointer data);
	/*
	 * In the child: find the facts about the cell of @r and put them with
	 * cellfacts_put().  0, or -1 after a message.
	 */
	int (*read)(struct fact_reader *r, gconstpointer data);
	gconstpointer data;
};

struct cellfacts {
	const struct cell_info *cell;	/* borrowed */
	json_t *facts;			/* NULL: they could not be read */
	json_t *rests_on;		/* files ("deps"), "searches" */
	char *reason;			/* why they could not be read */
};

/*
 * The facts of those of @cells that the tree has (struct cellfacts, in their
 * order); NULL after a message.
 */
GPtrArray *cellfacts_run(const struct tree *t, const struct cellfacts_kind *k,
			 const GPtrArray *cells, int jobs, guint *cached);

/*
 * Put the facts @top, which it takes, and what they rest on: what the units of
 * @w included, but for our own unit @unit, and the searches.
 */
void cellfacts_put(struct fact_reader *r, json_t *top, struct world *w,
		   const char *unit);

#endif
