// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's own edits: declarations, before the rules; bridges and spelled
 * types, after them; and what the rules are given: macro bodies as functions,
 * and the names that only a tree knows.
 */
#include <string.h>

#include "convert/handle/run.h"
#include "convert/handle/spelled.h"
#include "convert/handle/stale.h"

/* Which archs keep a page behind the handle, by what their cells say. */
static void classify_archs(struct convert *c)
{
	struct handle_run *r = c->data;

	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!cell->ready)
			continue;
		if (g_hash_table_contains(r->flow->page_cells, cell->name))
			g_hash_table_add(r->page_archs,
					 g_strdup(cell->srcarch));
		g_hash_table_add(r->read_archs, g_strdup(cell->srcarch));
	}
	/* An arch without a cell that can be read: its text must do. */
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];

		if (!s->arch || g_hash_table_contains(r->read_archs, s->arch) ||
		    !handle_has_typedef(r->h, s))
			continue;
		g_hash_table_add(r->page_archs, g_strdup(s->arch));
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s: no cell of arch '%s' could be read; it is converted by its text alone",
			s->file, s->arch));
	}
}

static gboolean has_arch(const GPtrArray *archs, const char *arch)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)archs, arch,
						g_str_equal, NULL);
}

/* How the cells with another handle keep their tables: why they stay. */
static int audit_rest(struct convert *c)
{
	struct handle_run *r = c->data;
	GPtrArray *archs = g_ptr_array_new(), *cells = g_ptr_array_new();
	int ret = 0;

	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready && !g_hash_table_contains(r->flow->page_cells,
							  cell->name) &&
		    !has_arch(archs, cell->srcarch))
			g_ptr_array_add(archs, cell->srcarch);
	}
	for (guint i = 0; i < c->cells->len; i++)
		if (has_arch(archs, ((struct cell_info *)
				     c->cells->pdata[i])->srcarch))
			g_ptr_array_add(cells, c->cells->pdata[i]);
	g_ptr_array_add(archs, NULL);
	if (cells->len && g_hash_table_size(r->page_archs) &&
	    !audit_refuses(c->m))
		ret = audit_run(c->t, c->m, cells, (char **)archs->pdata,
				c->jobs, &r->audit);
	g_ptr_array_free(cells, TRUE);
	g_ptr_array_free(archs, TRUE);
	return ret;
}

static void edit_declarations(struct convert *c, struct edit_set *out)
{
	GPtrArray *funcs = g_ptr_array_new();

	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		for (guint k = 0; k < a->funcs->len; k++)
			g_ptr_array_add(funcs, a->funcs->pdata[k]);
	}
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];

		if (!handle_may_change(c, s))
			continue;
		handle_edit_typedefs(handle_of(c)->h, s, out);
		handle_edit_decls(handle_of(c)->h, s, handle_of(c)->flow, funcs, out);
	}
	g_ptr_array_free(funcs, TRUE);
}

int handle_before(struct convert *c, struct edit_set *before)
{
	struct handle_run *r = c->data;

	classify_archs(c);
	if (audit_rest(c))
		return -1;
	r->spelled = spelled_new(r->h, c->m, c->opt.policy, r->flow, c->facts);
	edit_declarations(c, before);
	return 0;
}

/* What stands in rules for names that only a tree knows. */
#define MAX_TAKES 4

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The functions whose parameter @n is a handle, as alternatives of a regex. */
static char *takes(const struct flow *f, int n)
{
	char *tail = g_strdup_printf("#%d", n), *alt;
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, f->api);
	while (g_hash_table_iter_next(&it, &k, NULL))
		if (g_str_has_suffix(k, tail))
			g_ptr_array_add(v, g_strndup(k, strlen(k) -
							strlen(tail)));
	g_ptr_array_sort(v, by_text);
	g_ptr_array_add(v, NULL);
	alt = g_strjoinv("|", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	g_free(tail);
	return alt;
}

/* Of the names @yields, those whose value is never NULL. */
static char *gives(const struct handle *h, const GPtrArray *yields)
{
	GPtrArray *v = g_ptr_array_new();
	char *alt;

	for (guint i = 0; yields->pdata[i]; i++)
		if (!handle_may_fail(h, yields->pdata[i]))
			g_ptr_array_add(v, yields->pdata[i]);
	g_ptr_array_add(v, NULL);
	alt = g_strjoinv("|", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	return alt;
}

void handle_holes(struct convert *c, GHashTable *holes)
{
	const struct handle_run *r = c->data;
	GPtrArray *yields = handle_yields(r->flow, c->source_list);

	g_ptr_array_add(yields, NULL);
	g_hash_table_insert(holes, g_strdup("%YIELDS%"),
			    g_strjoinv("|", (char **)yields->pdata));
	g_hash_table_insert(holes, g_strdup("%GIVES%"), gives(r->h, yields));
	g_hash_table_insert(holes, g_strdup("%HELPERS%"),
			    g_strdup(r->h->helpers ? r->h->helpers : ""));
	for (int n = 0; n < MAX_TAKES; n++)
		g_hash_table_insert(holes, g_strdup_printf("%%TAKES%d%%", n),
				    takes(r->flow, n));
	g_ptr_array_free(yields, TRUE);
}

gboolean handle_feed(struct convert *c, const struct source *s,
		     const struct edit_set *before, struct shape_feed *f)
{
	const struct handle_run *r = c->data;
	char *text, *blank;

	if (!handle_may_change(c, s))
		return FALSE;
	blank = handle_blank_macros(s);
	text = edit_apply_text(before, s->file, blank, s->size, &f->plain);
	g_free(blank);
	if (!text)
		return FALSE;
	f->text = handle_with_macros(r->h, s, text, f->plain, f->pieces,
				     &f->size);
	g_free(text);
	spelled_add_decls(r->spelled, s, edit_of_file(before, s->file),
			  c->edits);
	return TRUE;
}

int handle_edit(struct convert *c)
{
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];

		if (handle_may_change(c, s))
			spelled_edit_uses(handle_of(c)->spelled, s, c->edits,
					  c->res->problems);
	}
	handle_bridge(c);
	handle_check_shared(c);
	return 0;
}

/* Is what arch/, or generic code, says about handles of those that change? */
static gboolean arch_may_change(const struct convert *c, const char *file)
{
	char *arch = source_arch(file);
	gboolean yes = g_hash_table_size(handle_of(c)->page_archs) &&
		       (!arch || g_hash_table_contains(handle_of(c)->page_archs, arch));

	g_free(arch);
	return yes;
}

/* What comments and documents say, when all code is as it will be. */
int handle_comments(struct convert *c)
{
	struct stale st = { handle_of(c)->h, c->m, handle_of(c)->flow, c->edits, c->res->notes };

	for (guint i = 0; i < c->source_list->len; i++)
		if (handle_may_change(c, c->source_list->pdata[i]))
			stale_source(&st, c->source_list->pdata[i]);
	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *text;
		gsize size;

		if ((s->ctx != SITE_COMMENT && s->ctx != SITE_DOC) ||
		    !arch_may_change(c, s->file))
			continue;
		text = tree_read(c->t, s->file, &size, TRUE);
		if (text)
			stale_site(&st, s, text, size);
		g_free(text);
	}
	stale_finish(&st);
	return 0;
}
