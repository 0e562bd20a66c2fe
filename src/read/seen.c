// SPDX-License-Identifier: GPL-2.0-only
/*
 * An index of the facts by file.  The ranges that the preprocessor skipped say
 * what a unit did not read; a range that begins at the include guard is a
 * second inclusion, which hides nothing that the first one showed.
 */
#include <string.h>

#include "read/ast.h"
#include "read/seen.h"

struct range { gsize start, end; };

/* A unit that reads a file, and what it skips of it. */
struct reader {
	const char *cell;
	GArray *skipped;	/* struct range */
};

struct seen {
	GHashTable *by_file;	/* path -> GPtrArray of struct reader */
};

static void reader_free(gpointer p)
{
	g_array_free(((struct reader *)p)->skipped, TRUE);
	g_free(p);
}

struct seen *seen_new(void)
{
	struct seen *s = g_new0(struct seen, 1);

	s->by_file = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				(GDestroyNotify)g_ptr_array_unref);
	return s;
}

static struct reader *add_reader(struct seen *s, const char *cell,
				 const char *file)
{
	GPtrArray *v = g_hash_table_lookup(s->by_file, file);
	struct reader *r = g_new0(struct reader, 1);

	if (!v) {
		v = g_ptr_array_new_with_free_func(reader_free);
		g_hash_table_insert(s->by_file, g_strdup(file), v);
	}
	r->cell = cell;
	r->skipped = g_array_new(FALSE, FALSE, sizeof(struct range));
	g_ptr_array_add(v, r);
	return r;
}

void seen_add(struct seen *s, const char *cell, const GPtrArray *skipped,
	      const GPtrArray *files)
{
	GHashTable *readers = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < files->len; i++)
		g_hash_table_insert(readers, files->pdata[i],
				    add_reader(s, cell, files->pdata[i]));
	for (guint i = 0; i < skipped->len; i++) {
		const struct ast_range *a = skipped->pdata[i];
		struct reader *r = g_hash_table_lookup(readers, a->file);
		struct range range = { a->start, a->end };

		if (r)
			g_array_append_val(r->skipped, range);
	}
	g_hash_table_destroy(readers);
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
	const GPtrArray *readers = g_hash_table_lookup(s->by_file, src->file);
	GPtrArray *names = g_ptr_array_new();
	gsize guard = guard_end(src);

	for (guint i = 0; readers && i < readers->len; i++) {
		const struct reader *r = readers->pdata[i];
		gboolean hidden = FALSE;

		if (g_ptr_array_find_with_equal_func(names, r->cell,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < r->skipped->len && !hidden; k++) {
			const struct range *a = &g_array_index(r->skipped,
							struct range, k);

			hidden = a->start <= off && off < a->end &&
				 a->start > guard;
		}
		if (!hidden)
			g_ptr_array_add(names, (gpointer)r->cell);
	}
	return names;
}

struct seen *seen_of_values(const GPtrArray *facts)
{
	struct seen *s = seen_new();
	GPtrArray *files = g_ptr_array_new();

	for (guint i = 0; i < facts->len; i++) {
		const struct ast_facts *a = facts->pdata[i];

		g_ptr_array_set_size(files, 0);
		for (guint k = 0; k < a->deps->len; k++) {
			const struct ast_dep *d = a->deps->pdata[k];

			if (d->walked)
				g_ptr_array_add(files, d->path);
		}
		seen_add(s, a->cell, a->skipped, files);
	}
	g_ptr_array_free(files, TRUE);
	return s;
}
