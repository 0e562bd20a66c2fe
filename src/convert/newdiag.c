// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which errors of the converted code are new.  What did not compile at a place
 * before the conversion may say something else there now, so that places count
 * as well as texts.
 */
#include <string.h>

#include "convert/newdiag.h"

struct new_diags {
	const struct convert_result *res;
	const struct edit_set *edits;
	GHashTable *before;	/* by text and by place: char * set */
	GHashTable *at;		/* by place and text -> struct new_diag */
	GPtrArray *all;		/* struct new_diag */
};

static void new_diag_free(gpointer p)
{
	struct new_diag *f = p;

	g_ptr_array_free(f->cells, TRUE);
	g_free(f);
}

struct new_diags *new_diags_new(const struct convert_result *res,
				const struct edit_set *edits)
{
	struct new_diags *n = g_new0(struct new_diags, 1);

	n->res = res;
	n->edits = edits;
	n->before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	n->at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	n->all = g_ptr_array_new_with_free_func(new_diag_free);
	return n;
}

void new_diags_free(struct new_diags *n)
{
	g_hash_table_destroy(n->before);
	g_hash_table_destroy(n->at);
	g_ptr_array_free(n->all, TRUE);
	g_free(n);
}

/* Is the byte no matter of layout, which moves blanks and backslashes? */
static gboolean counts(const char *p)
{
	return !g_ascii_isspace(*p) && !(*p == '\\' && strchr("\r\n", p[1]));
}

static gsize count(const char *p, gsize len)
{
	gsize n = 0;

	for (gsize i = 0; i < len; i++)
		n += counts(p + i);
	return n;
}

/*
 * The line of the tree's text that line @line of the new text was: by what
 * stands before it, as the edits have it.
 */
static guint old_line(const struct new_diags *n, const char *file, guint line)
{
	const struct convert_file *f = result_file(n->res, file);
	const GPtrArray *edits = f ? edit_of_file(n->edits, file) : NULL;
	const char *p = f ? convert_line(f->new_text, line) : NULL;
	gsize before, seen = 0, off = 0;
	guint old = 1, k = 0;

	if (!edits || !line || !p)
		return line;
	before = count(f->new_text, p - f->new_text);
	while (off < f->old_size) {
		const struct edit *e = k < edits->len ? edits->pdata[k] : NULL;

		if (e && e->off == off) {
			seen += count(e->new_text, e->new_len);
			if (seen > before)
				break;
			for (gsize i = 0; i < e->len; i++)
				old += f->old_text[off + i] == '\n';
			off += e->len;
			k++;
			continue;
		}
		if (counts(f->old_text + off) && seen++ == before)
			break;
		old += f->old_text[off++] == '\n';
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

void new_diags_before(struct new_diags *n, const char *cell,
		      const GPtrArray *diags)
{
	for (guint i = 0; i < diags->len; i++) {
		const struct ast_diag *d = diags->pdata[i];

		g_hash_table_add(n->before, by_text(cell, d));
		g_hash_table_add(n->before, by_place(cell, d->file, d->line));
	}
}

/* Is @d relevant, and new?  *@line: of the tree's text that it is about. */
static gboolean is_new(const struct new_diags *n, const char *cell,
		       const struct ast_diag *d, guint *line)
{
	char *text = by_text(cell, d), *place;
	gboolean yes = convert_is_relevant(d) &&
		       !g_hash_table_contains(n->before, text);

	g_free(text);
	/* Most are known: to find a line reads the file's two texts. */
	if (!yes)
		return FALSE;
	*line = old_line(n, d->file, d->line);
	place = by_place(cell, d->file, *line);
	yes = !g_hash_table_contains(n->before, place);
	g_free(place);
	return yes;
}

void new_diags_again(struct new_diags *n, const struct edit_set *edits)
{
	n->edits = edits;
	g_hash_table_remove_all(n->at);
	g_ptr_array_set_size(n->all, 0);
}

void new_diags_after(struct new_diags *n, const char *cell,
		     const GPtrArray *diags)
{
	for (guint k = 0; k < diags->len; k++) {
		const struct ast_diag *d = diags->pdata[k];
		struct new_diag *f;
		char *once;
		guint line;

		if (!is_new(n, cell, d, &line))
			continue;
		once = g_strdup_printf("%s:%u:%s", d->file, d->line, d->text);
		f = g_hash_table_lookup(n->at, once);
		if (!f) {
			f = g_new0(struct new_diag, 1);
			f->d = d;
			f->line = line;
			f->cells = g_ptr_array_new();
			g_ptr_array_add(n->all, f);
			g_hash_table_insert(n->at, g_strdup(once), f);
		}
		if (!g_ptr_array_find_with_equal_func(f->cells, cell,
						      g_str_equal, NULL))
			g_ptr_array_add(f->cells, (gpointer)cell);
		g_free(once);
	}
}

static int cmp_new(gconstpointer a, gconstpointer b)
{
	const struct new_diag *x = *(struct new_diag *const *)a;
	const struct new_diag *y = *(struct new_diag *const *)b;
	int r = strcmp(x->d->file, y->d->file);

	return r ? r : x->line < y->line ? -1 : x->line > y->line;
}

const GPtrArray *new_diags_all(struct new_diags *n)
{
	g_ptr_array_sort(n->all, cmp_new);
	return n->all;
}

void new_diag_tell(const struct new_diag *f, const char *more,
		   GPtrArray *problems)
{
	char *cells = convert_cell_list(f->cells);

	g_ptr_array_add(problems, g_strdup_printf("%s:%u:%u: in %s the converted code does not compile%s: %s",
						  f->d->file, f->line,
						  f->d->col, cells, more,
						  f->d->text));
	g_free(cells);
}
