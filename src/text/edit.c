// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edits of a run, kept sorted by file and place, so that what comes out
 * does not depend on the order in which rules and threads put them in.  Two
 * rules that want the same thing are one edit; two that do not agree are a
 * conflict that is reported and never resolved here: to prefer one rule would
 * hide that the other is wrong.  An edit whose old text does not stand in the
 * file is refused, so a tree that changed meanwhile is never damaged.
 */
#include <string.h>

#include "base/diag.h"
#include "text/edit.h"

struct edit_set {
	GHashTable *files;	/* char * to GPtrArray of struct edit */
	guint count;
};

static void edit_free(void *p)
{
	struct edit *e = p;

	g_free(e->file);
	g_free(e->old_text);
	g_free(e->new_text);
	g_free(e->rule);
	g_free(e);
}

static void edit_array_free(void *p)
{
	g_ptr_array_free(p, TRUE);
}

struct edit_set *edit_set_new(void)
{
	struct edit_set *s = g_new0(struct edit_set, 1);

	s->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 edit_array_free);
	return s;
}

void edit_set_free(struct edit_set *s)
{
	if (!s)
		return;
	g_hash_table_destroy(s->files);
	g_free(s);
}

/* Insertions come before what starts at their place. */
static int edit_compare(const struct edit *a, const struct edit *b)
{
	int c;

	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	c = strcmp(a->old_text, b->old_text);
	return c ? c : strcmp(a->new_text, b->new_text);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "a+c" and "b" make "a+b+c": sorted, each name once. */
static char *join_rules(const char *have, const char *more)
{
	char **a = g_strsplit(have, "+", -1);
	char **b = g_strsplit(more, "+", -1);
	GPtrArray *all = g_ptr_array_new();
	char **p, *joined;
	guint i;

	for (p = a; *p; p++)
		g_ptr_array_add(all, *p);
	for (p = b; *p; p++)
		g_ptr_array_add(all, *p);
	g_ptr_array_sort(all, compare_names);
	for (i = all->len; i-- > 1;) {
		if (!strcmp(all->pdata[i], all->pdata[i - 1]))
			g_ptr_array_remove_index(all, i);
	}
	g_ptr_array_add(all, NULL);
	joined = g_strjoinv("+", (char **)all->pdata);
	g_ptr_array_free(all, TRUE);
	g_strfreev(a);
	g_strfreev(b);
	return joined;
}

void edit_add(struct edit_set *s, const char *file, gsize off,
	      const char *old_text, const char *new_text, const char *rule)
{
	GPtrArray *v = g_hash_table_lookup(s->files, file);
	struct edit *e = g_new0(struct edit, 1);
	guint lo = 0, hi;

	e->file = g_strdup(file);
	e->off = off;
	e->old_text = g_strdup(old_text);
	e->old_len = e->len = strlen(old_text);
	e->new_text = g_strdup(new_text);
	e->new_len = strlen(new_text);
	e->rule = g_strdup(rule);

	if (!v) {
		v = g_ptr_array_new_with_free_func(edit_free);
		g_hash_table_insert(s->files, g_strdup(file), v);
	}
	hi = v->len;
	while (lo < hi) {
		guint mid = lo + (hi - lo) / 2;
		struct edit *m = v->pdata[mid];
		int c = edit_compare(m, e);

		if (!c) {
			char *rules = join_rules(m->rule, rule);

			g_free(m->rule);
			m->rule = rules;
			edit_free(e);
			return;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	g_ptr_array_insert(v, lo, e);
	s->count++;
}

void edit_replace(struct edit_set *s, const char *file, const char *text,
		  gsize from, gsize to, const char *new_text, const char *rule)
{
	char *old = g_strndup(text + from, to - from);

	edit_add(s, file, from, old, new_text, rule);
	g_free(old);
}

/* @b sorts after @a. */
static int edits_conflict(const struct edit *a, const struct edit *b)
{
	if (!a->len && !b->len)
		return a->off == b->off;
	return b->off < a->off + a->len;
}

static void place_of(const char *text, gsize size, gsize off,
		     unsigned *line, unsigned *col)
{
	gsize i, start = 0;

	*line = *col = 0;
	if (!text || off > size)
		return;
	*line = 1;
	for (i = 0; i < off; i++) {
		if (text[i] == '\n') {
			++*line;
			start = i + 1;
		}
	}
	*col = off - start + 1;
}

/* What an edit wants, on one line whatever its texts hold. */
static char *edit_describe(const struct edit *e)
{
	char *old_text = g_strescape(e->old_text, NULL);
	char *new_text = g_strescape(e->new_text, NULL);
	char *s;

	if (e->len)
		s = g_strdup_printf("%s: \"%s\" to \"%s\"", e->rule, old_text,
				    new_text);
	else
		s = g_strdup_printf("%s: insert \"%s\"", e->rule, new_text);
	g_free(old_text);
	g_free(new_text);
	return s;
}

unsigned edit_check(struct edit_set *s, edit_read_fn read, void *data)
{
	GPtrArray *files = edit_files(s);
	unsigned conflicts = 0;
	guint f, i, j;

	for (f = 0; f < files->len; f++) {
		const char *file = files->pdata[f];
		const GPtrArray *v = edit_of_file(s, file);
		const char *text = NULL;
		gsize size = 0;
		int have_text = 0;

		for (i = 0; i < v->len; i++) {
			const struct edit *a = v->pdata[i];

			for (j = i + 1; j < v->len; j++) {
				const struct edit *b = v->pdata[j];
				unsigned line, col;
				char *da, *db;

				if (!edits_conflict(a, b))
					break;
				if (!have_text) {
					text = read ? read(file, &size, data) :
						      NULL;
					have_text = 1;
				}
				place_of(text, size, b->off, &line, &col);
				da = edit_describe(a);
				db = edit_describe(b);
				tw_error_at(file, line, col,
					    "conflicting edits: %s; %s; make the rules agree or drop one",
					    da, db);
				g_free(da);
				g_free(db);
				conflicts++;
			}
		}
	}
	g_ptr_array_free(files, TRUE);
	return conflicts;
}

GPtrArray *edit_files(const struct edit_set *s)
{
	GPtrArray *files = g_ptr_array_new();
	GHashTableIter it;
	void *key;

	g_hash_table_iter_init(&it, s->files);
	while (g_hash_table_iter_next(&it, &key, NULL))
		g_ptr_array_add(files, key);
	g_ptr_array_sort(files, compare_names);
	return files;
}

const GPtrArray *edit_of_file(const struct edit_set *s, const char *file)
{
	return g_hash_table_lookup(s->files, file);
}

gboolean edit_touches(const struct edit_set *s, const char *file, gsize from,
		      gsize to, GString *rules)
{
	const GPtrArray *v = edit_of_file(s, file);
	gboolean hit = FALSE;
	guint i;

	for (i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off >= to || e->off + e->len < from ||
		    (e->len && e->off + e->len <= from))
			continue;
		hit = TRUE;
		if (rules) {
			if (rules->len)
				g_string_append_c(rules, '+');
			g_string_append(rules, e->rule);
		}
	}
	return hit;
}

guint edit_count(const struct edit_set *s)
{
	return s->count;
}

char *edit_apply_text(const struct edit_set *s, const char *file,
		      const char *text, gsize size, gsize *new_size)
{
	const GPtrArray *v = edit_of_file(s, file);
	GString *out = g_string_sized_new(size + 256);
	const struct edit *prev = NULL;
	unsigned line, col;
	gsize pos = 0;
	guint i;

	for (i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (prev && edits_conflict(prev, e)) {
			place_of(text, size, e->off, &line, &col);
			tw_error_at(file, line, col,
				    "edits of %s and %s overlap; make the rules agree or drop one",
				    prev->rule, e->rule);
			goto fail;
		}
		if (e->off > size || e->len > size - e->off ||
		    memcmp(text + e->off, e->old_text, e->len)) {
			char *old_text = g_strescape(e->old_text, NULL);

			place_of(text, size, e->off, &line, &col);
			tw_error_at(file, line, col,
				    "%s expects \"%s\" at byte %" G_GSIZE_FORMAT ", which is not there; the file changed since it was read, so run the command again",
				    e->rule, old_text, e->off);
			g_free(old_text);
			goto fail;
		}
		g_string_append_len(out, text + pos, e->off - pos);
		g_string_append_len(out, e->new_text, e->new_len);
		pos = e->off + e->len;
		prev = e;
	}
	g_string_append_len(out, text + pos, size - pos);
	*new_size = out->len;
	return g_string_free(out, FALSE);
fail:
	g_string_free(out, TRUE);
	return NULL;
}
