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

/* @facts: struct ast_facts, borrowed. */
struct seen *seen_new(const GPtrArray *facts);
void seen_free(struct seen *s);

/*
 * The names of the cells (char *, borrowed, in the order of the facts) that
 * read byte @off of @src.  The caller frees the array.
 */
GPtrArray *seen_cells(const struct seen *s, const struct source *src,
		      gsize off);

#endif
