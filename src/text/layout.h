/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout: what an edit does to the lines it stands in.  Keeps the column of a
 * continuation backslash, and breaks a line that an edit made longer than 80
 * columns behind an argument or an operator, aligned to the open parenthesis.  Lines without
 * an edit are never touched.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <glib.h>

/* The columns that @len bytes take from the begin of a line on. */
gsize layout_width(const char *s, gsize len);

/* From column @col to @want with blanks, or @tabs; at least one blank. */
void layout_pad(GString *out, gsize col, gsize want, gboolean tabs);

/*
 * Apply the @edits (struct edit, sorted, of this file) to @text and lay out the
 * lines that they changed.  The caller frees the result.
 */
char *layout_apply(const char *text, gsize size, const GPtrArray *edits,
		   gsize *new_size);

#endif
