/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pipeline of a conversion: scan, read every cell, follow the flow, rewrite
 * with semantic patches and the driver's own edits, read the result again.
 * Nothing is written outside the run directory and the cache.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include <glib.h>

#include "convert/handle/engines.h"
#include "model/ledger.h"
#include "model/manifest.h"
#include "text/patch.h"
#include "model/note.h"
#include "tree/tree.h"

struct convert_file {
	char *file;
	char *old_text, *new_text;
	gsize old_size, new_size;
	unsigned mode;
};

struct convert_result {
	GPtrArray *files;	/* struct convert_file with changes, by name */
	GPtrArray *problems;	/* char *: what keeps the run from being complete */
	GPtrArray *cells_read, *cells_unread;	/* char * */
	GPtrArray *rules_left;	/* char *: rules that need what the tree lacks, and what */
	GPtrArray *notes;	/* struct note: what compiles, but the author has to look at: comments, sizes */
	guint units, units_cached;
	guint fates[N_SITE_FATE];
	guint outcomes[N_OUTCOME];	/* sites by what the engines say together */
	guint edits;
	guint unparsed;		/* lines of code that spatch cannot parse */
	GPtrArray *unseen;	/* char *: "file:line: symbol", in code that no cell reads */
	GPtrArray *refusals;	/* char *: "place: why" */
	char *provenance;	/* lines that head the patch */
	gboolean recalled;	/* nothing changed: all of it is an earlier run's */
};

/*
 * Convert @t in memory.  @policy is one of the manifest's (NULL: the first).
 * @run is the run directory; the ledger there is left with the fate of every
 * site.  @fresh: an earlier result is not taken.  Returns 0, also when there are problems; -1 after a message when
 * nothing useful came out.
 */
int convert_run(struct tree *t, struct manifest *m, const char *policy,
		const char *run, int jobs, gboolean fresh,
		struct convert_result *res);
void convert_result_clear(struct convert_result *res);

#endif
