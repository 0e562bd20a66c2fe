/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A conversion of a tree, in memory: sites, facts of every cell, edits, and the
 * result read again.  Nothing is written outside the run directory and the
 * cache.
 */
#ifndef CONVERT_H
#define CONVERT_H

#include <glib.h>

#include "convert/result.h"
#include "model/manifest.h"
#include "model/note.h"
#include "text/patch.h"
#include "tree/tree.h"

/*
 * Convert @t in memory.  @run is the run directory; the ledger there is left
 * with the fate of every site.  0, also if there are problems; -1 after a
 * message if nothing useful came out.  The caller clears @res in both cases.
 */
int convert_run(struct tree *t, struct manifest *m,
		const struct convert_options *options, const char *run,
		int jobs, struct convert_result *res);

#endif
