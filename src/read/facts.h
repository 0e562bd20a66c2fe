/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fact store: what is read about a unit in a cell, in child processes with
 * limits and through the cache.
 *
 * A kind of fact (values, ops, references, what an audit asks) is a struct of
 * functions and the types of its records.  To add one, write its file in
 * src/read/ with a `const struct fact_kind`, and a function that puts it into
 * a struct fact_ask.  The store does the rest: it runs the children, parses
 * the unit (once for all kinds that are asked for together), writes and loads
 * the records, and keeps them in the cache.
 *
 * An entry of the cache is one unit, cell and kind.  Its name is a hash of the
 * query: cell, unit, question, whether converted texts stand in for files.
 * The contents of files are not in the name, and neither is the tree's path,
 * so that a copy of a tree finds the entries of the tree.  The entry lists the
 * files that were read, with their hashes, and is taken if they all have the
 * same hashes today.  A header that appears where there was none, and would be
 * found first, is not noticed by that.
 */
#ifndef FACTS_H
#define FACTS_H

#include "read/fact.h"

/*
 * Heads every entry.  Count up if a reader of today, of any kind, would find
 * other facts than one of yesterday.  New or renamed fields are noticed without.
 */
#define FACTS_VERSION 26

struct facts_result {
	GPtrArray *reasons;	/* char *, per unit: why it could not be read, or NULL */
	guint cached;		/* units for which nothing had to be read */
};

/*
 * Ask about @units (struct fact_unit).  0, or -1 after a message if nothing
 * could be run.  In both cases the caller frees the arrays of answers, each
 * answer with facts_free(), and the result with facts_result_clear().
 */
int facts_run(struct facts_query *q, const GPtrArray *units,
	      struct facts_result *res);
void facts_result_clear(struct facts_result *res);
/* Append "CELL FILE: WHY" to @failed (char *) for each unit that was not read. */
void facts_put_failed(const GPtrArray *units, const struct facts_result *res,
		      GPtrArray *failed);
/* Free one answer, which may be NULL. */
void facts_free(const struct fact_kind *k, gpointer facts);

#endif
