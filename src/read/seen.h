/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cells read a place of a file: those with a unit that includes the file
 * and that hide the place in no arm.
 */
#ifndef SEEN_H
#define SEEN_H

#include <glib.h>

#include "text/source.h"

struct seen;

struct seen *seen_new(void);
/*
 * A unit that @cell reads: it looked at @files (char *) but for the ranges
 * @skipped (struct ast_range).  @cell must outlive @s.
 */
void seen_add(struct seen *s, const char *cell, const GPtrArray *skipped,
	      const GPtrArray *files);
/* The units of @facts (struct ast_facts), which must outlive it. */
struct seen *seen_of_values(const GPtrArray *facts);
void seen_free(struct seen *s);

/*
 * The names of the cells (char *, borrowed, in the order of the facts) that
 * read byte @off of @src.  The caller frees the array.
 */
GPtrArray *seen_cells(const struct seen *s, const struct source *src,
		      gsize off);

#endif
