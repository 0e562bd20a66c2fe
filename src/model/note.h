/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes for the author of a conversion: a place that compiles after it but that
 * somebody must look at, such as a comment that may no longer be true or the
 * size of a struct that is now another one.
 */
#ifndef NOTE_H
#define NOTE_H

#include <glib.h>

#include "text/source.h"

struct note {
	char *file;		/* path in the tree */
	guint line;
	char *text;		/* why to look there */
};

/* Append a note about byte @off of @s to @notes; takes over @text. */
void note_add(GPtrArray *notes, const struct source *s, gsize off, char *text);
void note_free(gpointer note);
/* Order by file, line and text, for g_ptr_array_sort(). */
int note_compare(gconstpointer a, gconstpointer b);

#endif
