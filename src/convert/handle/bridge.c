// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridges that no semantic patch made: where the AST sees a handle meet the
 * old type and no rule has an edit, the value itself is wrapped.  And the
 * guard: no edit stands where a cell sees another type behind the handle.
 */
#include <string.h>

#include "convert/handle/run.h"

gboolean handle_value_span(const struct source *s,
			    const struct flow_frontier *f,
			    struct value_span *v)
{
	gsize first = source_token_at(s, f->off), last = first, open;

	if (first >= s->toks.n || s->toks.v[first].off != f->off)
		return FALSE;
	if (f->end) {
		last = source_token_at(s, f->end);
		last = source_prev(s, last);
		if (last == SIZE_MAX || last < first ||
		    source_end(s, last) != f->end ||
		    s->toks.v[last].ctx != s->toks.v[first].ctx)
			return FALSE;
	} else {
		open = source_next(s, first);
		if (source_is(s, open, "(")) {
			last = source_close(s, open);
			if (last == SIZE_MAX)
				return FALSE;
		}
	}
	v->from = f->off;
	v->to = source_end(s, last);
	v->first = first;
	v->last = last;
	/* "page_ptdesc(" before it, "->lru" behind it: what a rule edits. */
	v->near_from = v->from;
	v->near_to = v->to;
	for (int i = 0; i < 2 && first != SIZE_MAX && first; i++) {
		first = source_prev(s, first);
		if (first != SIZE_MAX)
			v->near_from = s->toks.v[first].off;
	}
	for (int i = 0; i < 2 && last < s->toks.n; i++) {
		last = source_next(s, last);
		if (last < s->toks.n)
			v->near_to = source_end(s, last);
	}
	return TRUE;
}

gboolean handle_carries(const struct convert *c, const char *macro)
{
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];

		for (guint k = 0; k < s->macros->len; k++) {
			const struct source_macro *m = s->macros->pdata[k];

			if ((m->handles || m->yields) &&
			    !strcmp(m->name, macro))
				return TRUE;
		}
	}
	return FALSE;
}

static gboolean edited_near(const struct convert *c, const char *file,
			    const struct value_span *v)
{
	const GPtrArray *all = edit_of_file(c->edits, file);

	for (guint i = 0; all && i < all->len; i++) {
		const struct edit *e = all->pdata[i];

		if (convert_edit_of_rule(e) && e->off <= v->near_to &&
		    e->off + e->len >= v->near_from)
			return TRUE;
	}
	return FALSE;
}

static char *place(const char *file, gsize off)
{
	return g_strdup_printf("%s:%" G_GSIZE_FORMAT, file, off);
}

/*
 * "FILE:OFF" of the values that no bridge fits: those that a cell sees with
 * another type behind the handle, and those that are assigned to or whose
 * address is taken, by a macro for example.
 */
static GHashTable *unbridgeable(const struct convert *c)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];
		gboolean shared = !g_hash_table_contains(handle_of(c)->flow->page_cells,
							 a->cell);

		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];

			if (shared || !strcmp(e->dst, "=") ||
			    !strcmp(e->dst, "A"))
				g_hash_table_add(t, place(e->file, e->off));
		}
	}
	return t;
}

/* Is the value a call's whose result may be NULL and was not tested? */
static gboolean may_be_null(const struct convert *c,
			    const struct flow_frontier *f)
{
	const char *at = g_str_has_prefix(f->src, "r:") ?
			 strstr(f->src, "@F@") : NULL;

	return at && handle_may_fail(handle_of(c)->h, at + 3);
}

void handle_bridge(struct convert *c)
{
	GHashTable *none = unbridgeable(c);
	GHashTable *used = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);

	for (guint i = 0; i < handle_of(c)->flow->frontier->len; i++) {
		const struct flow_frontier *f = handle_of(c)->flow->frontier->pdata[i];
		struct source *s = g_hash_table_lookup(c->sources, f->file);
		gboolean to_new = f->kind == FLOW_TO_NEW ||
				  f->kind == FLOW_RETYPE;
		struct value_span v;
		char *from, *to, *text;

		if (!s || !handle_may_change(c, s) || may_be_null(c, f) ||
		    (flow_is_open(f->kind) && !f->macro) ||
		    (f->macro && handle_carries(c, f->macro)) ||
		    !handle_value_span(s, f, &v) ||
		    edited_near(c, f->file, &v))
			continue;
		from = place(f->file, v.from);
		to = place(f->file, v.to);
		if (g_hash_table_contains(none, from) ||
		    g_hash_table_contains(used, from) ||
		    g_hash_table_contains(used, to)) {
			/* Reading the result says what is left over. */
			g_free(from);
			g_free(to);
			continue;
		}
		text = g_strdup_printf("%s(", to_new ? handle_of(c)->h->to_new
						     : handle_of(c)->h->to_old);
		edit_add(c->edits, s->file, v.from, "", text, "driver/bridge");
		edit_add(c->edits, s->file, v.to, "", ")", "driver/bridge");
		g_hash_table_add(used, from);
		g_hash_table_add(used, to);
		g_free(text);
	}
	g_hash_table_destroy(none);
	g_hash_table_destroy(used);
}

void handle_check_shared(struct convert *c)
{
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		if (g_hash_table_contains(handle_of(c)->flow->page_cells, a->cell))
			continue;
		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];
			const GPtrArray *v = edit_of_file(c->edits, e->file);

			for (guint n = 0; v && n < v->len; n++) {
				const struct edit *d = v->pdata[n];

				if (d->off <= e->off &&
				    e->off < d->off + d->len)
					g_ptr_array_add(c->res->problems,
						g_strdup_printf("%s:%u: edited by %s, but cell %s compiles it with another %s",
							e->file, e->line,
							d->rule, a->cell,
							handle_of(c)->h->type));
			}
		}
	}
}
