// SPDX-License-Identifier: GPL-2.0-only
/*
 * An index of the facts by file.  The ranges that the preprocessor skipped say
 * what a unit did not read; a range that begins at the include guard is a
 * second inclusion, which hides nothing that the first one showed.
 */
#include <string.h>

#include "read/ast.h"
#include "read/seen.h"

struct seen {
	GHashTable *by_file;	/* path -> GPtrArray of struct ast_facts */
};

struct seen *seen_new(const GPtrArray *facts)
{
	struct seen *s = g_new0(struct seen, 1);

	s->by_file = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; i < facts->len; i++) {
		const struct ast_facts *a = facts->pdata[i];

		for (guint k = 0; k < a->deps->len; k++) {
			const struct ast_dep *d = a->deps->pdata[k];
			GPtrArray *v;

			if (!d->walked)
				continue;
			v = g_hash_table_lookup(s->by_file, d->path);
			if (!v) {
				v = g_ptr_array_new();
				g_hash_table_insert(s->by_file, d->path, v);
			}
			g_ptr_array_add(v, (gpointer)a);
		}
	}
	return s;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	g_hash_table_destroy(s->by_file);
	g_free(s);
}

/* The end of the line of the first directive, which is the guard if there is one. */
static gsize guard_end(const struct source *s)
{
	for (gsize i = 0; i < s->toks.n; i++) {
		if (s->toks.v[i].ctx != CTX_DIRECTIVE)
			continue;
		for (; i < s->toks.n; i++)
			if (s->toks.v[i].kind == TOK_NEWLINE)
				return s->toks.v[i].off;
	}
	return 0;
}

GPtrArray *seen_cells(const struct seen *s, const struct source *src,
		      gsize off)
{
	const GPtrArray *units = g_hash_table_lookup(s->by_file, src->file);
	GPtrArray *names = g_ptr_array_new();
	gsize guard = guard_end(src);

	for (guint i = 0; units && i < units->len; i++) {
		const struct ast_facts *a = units->pdata[i];
		gboolean hidden = FALSE;

		if (g_ptr_array_find_with_equal_func(names, a->cell,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < a->skipped->len && !hidden; k++) {
			const struct ast_range *r = a->skipped->pdata[k];

			hidden = r->start <= off && off < r->end &&
				 r->start > guard && !strcmp(r->file, src->file);
		}
		if (!hidden)
			g_ptr_array_add(names, a->cell);
	}
	return names;
}
