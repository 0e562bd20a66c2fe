// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which errors of the converted code are new.  What did not compile at a place
 * before the conversion may say something else there now, so that places count
 * as well as texts.
 */
#include <string.h>

#include "convert-internal.h"
#include "newdiag.h"

struct new_diags {
	GHashTable *before;	/* by text and by place: char * set */
};

struct new_diags *new_diags_new(void)
{
	struct new_diags *n = g_new0(struct new_diags, 1);

	n->before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	return n;
}

void new_diags_free(struct new_diags *n)
{
	g_hash_table_destroy(n->before);
	g_free(n);
}

static gint newlines(const char *s)
{
	gint n = 0;

	for (; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

/* The line of the tree's text that line @line of the new text was. */
static guint old_line(struct convert *c, const char *file, guint line)
{
	const GPtrArray *v = edit_of_file(c->edits, file);
	const struct source *s = g_hash_table_lookup(c->sources, file);
	guint at = 1, old = line;
	gsize off = 0;

	for (guint i = 0; v && s && i < v->len; i++) {
		const struct edit *e = v->pdata[i];
		gint more = newlines(e->new_text) - newlines(e->old_text);

		for (; off < e->off; off++)
			at += s->text[off] == '\n';
		/* @at: in the tree's text, where the edit begins. */
		if (at >= old)
			break;
		old -= MIN(more, (gint)(old - at));
	}
	return old;
}

static char *by_place(const char *cell, const char *file, guint line)
{
	return g_strdup_printf("%s\t%s\t:%u", cell, file, line);
}

static char *by_text(const char *cell, const struct ast_diag *d)
{
	return g_strdup_printf("%s\t%s\t%s", cell, d->file, d->text);
}

gboolean convert_our_matter(const struct ast_diag *d)
{
	return strcmp(d->category, "Inline Assembly Issue") != 0;
}

void new_diags_before(struct new_diags *n, const char *cell,
		      const GPtrArray *diags)
{
	for (guint i = 0; i < diags->len; i++) {
		const struct ast_diag *d = diags->pdata[i];

		g_hash_table_add(n->before, by_text(cell, d));
		g_hash_table_add(n->before, by_place(cell, d->file, d->line));
	}
}

gboolean new_diags_is_new(const struct new_diags *n, struct convert *c,
			  const char *cell, const struct ast_diag *d,
			  guint *line)
{
	char *text = by_text(cell, d), *place;
	gboolean is_new;

	*line = old_line(c, d->file, d->line);
	place = by_place(cell, d->file, *line);
	is_new = convert_our_matter(d) &&
		 !g_hash_table_contains(n->before, text) &&
		 !g_hash_table_contains(n->before, place);
	g_free(place);
	g_free(text);
	return is_new;
}
