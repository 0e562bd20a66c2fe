// SPDX-License-Identifier: GPL-2.0-only
/* Notes for the author of a conversion; see the header. */
#include <string.h>

#include "model/note.h"

void note_add(GPtrArray *notes, const struct source *s, gsize off, char *text)
{
	struct note *n = g_new0(struct note, 1);

	n->file = g_strdup(s->file);
	n->line = source_line(s, off);
	n->text = text;
	g_ptr_array_add(notes, n);
}

int note_compare(gconstpointer a, gconstpointer b)
{
	const struct note *x = *(struct note *const *)a;
	const struct note *y = *(struct note *const *)b;
	int r = strcmp(x->file, y->file);

	return r ? r : x->line < y->line ? -1 : x->line > y->line ? 1 :
	       strcmp(x->text, y->text);
}

void note_free(gpointer p)
{
	struct note *n = p;

	g_free(n->file);
	g_free(n->text);
	g_free(n);
}
