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

/* How many lines ahead two texts are looked through for where they meet. */
#define MEET	64

/* Are lines @i of @a and @j of @b, and the next ones, the same? */
static gboolean meet(char **a, guint na, guint i, char **b, guint nb, guint j)
{
	return i < na && j < nb && !strcmp(a[i], b[j]) &&
	       (i + 1 >= na || j + 1 >= nb || !strcmp(a[i + 1], b[j + 1]));
}

/*
 * The line of the tree's text that line @line of the new text was: lines are
 * added by edits, and where a long one is broken.
 */
static guint old_line(const struct convert *c, const char *file, guint line)
{
	char **a, **b;
	guint na, nb, i = 0, j = 0, to = line - 1;
	const struct convert_file *f = convert_result_of(c, file);

	if (!f || !line)
		return line;
	a = g_strsplit(f->old_text, "\n", -1);
	b = g_strsplit(f->new_text, "\n", -1);
	na = g_strv_length(a);
	nb = g_strv_length(b);
	while (j < to && i < na && j < nb) {
		guint d, x = 0;

		if (!strcmp(a[i], b[j])) {
			i++;
			j++;
			continue;
		}
		for (d = 1; d < MEET; d++) {
			for (x = 0; x <= d; x++)
				if (meet(a, na, i + x, b, nb, j + d - x))
					break;
			if (x <= d)
				break;
		}
		if (d == MEET)
			break;
		if (j + d - x > to) {	/* within what changed */
			i += MIN(to - j, x ? x - 1 : 0);
			j = to;
			break;
		}
		i += x;
		j += d - x;
	}
	i += j < to ? to - j : 0;
	g_strfreev(a);
	g_strfreev(b);
	return i + 1;
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
	gboolean is_new = convert_our_matter(d) &&
			  !g_hash_table_contains(n->before, text);

	g_free(text);
	/* Most are known: to find a line reads the file's two texts. */
	if (!is_new)
		return FALSE;
	*line = old_line(c, d->file, d->line);
	place = by_place(cell, d->file, *line);
	is_new = !g_hash_table_contains(n->before, place);
	g_free(place);
	return is_new;
}
