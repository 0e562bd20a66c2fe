// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libclang says of a site: the flow has a declaration to rewrite in its
 * span, or a place where a handle meets the old type; or it has not.  A macro's
 * body is read only in the cells that expand the macro.
 */
#include <string.h>

#include "convert/handle/run.h"

/* The span of a site: what belongs to this use of the name. */

static gboolean is_type(const struct convert *c, const char *symbol)
{
	return g_strv_contains((const char *const *)c->m->types, symbol);
}

/* Behind the declarator that begins with the type at token @i. */
static gsize declarator_end(const struct source *s, gsize i)
{
	gsize last = i;

	for (gsize k = source_next(s, i); k < s->toks.n; k = source_next(s, k)) {
		if (source_is(s, k, "(") || source_is(s, k, "[")) {
			k = source_close(s, k);
			if (k == SIZE_MAX)
				break;
		} else if (source_is(s, k, ",") || source_is(s, k, ";") ||
			   source_is(s, k, "=") || source_is(s, k, ")") ||
			   source_is(s, k, "{")) {
			break;
		}
		last = k;
	}
	return last;
}

static gboolean is_cast(const struct source *s, gsize i)
{
	return source_is(s, source_prev(s, i), "(") &&
	       source_is(s, source_next(s, i), ")");
}

/* "p->" and "&" before, "->m" and "[i]" behind. */
static void with_members(const struct source *s, gsize *first, gsize *last)
{
	for (;;) {
		gsize p = source_prev(s, *first);

		if (source_is(s, p, "->") || source_is(s, p, ".")) {
			p = source_prev(s, p);
			if (source_is(s, p, ")") || source_is(s, p, "]"))
				p = source_open(s, p);
		} else if (!source_is(s, p, "&") && !source_is(s, p, "*")) {
			break;
		}
		if (p == SIZE_MAX)
			break;
		*first = p;
	}
	for (;;) {
		gsize n = source_next(s, *last);

		if (source_is(s, n, "->") || source_is(s, n, "."))
			n = source_next(s, n);
		else if (source_is(s, n, "["))
			n = source_close(s, n);
		else
			break;
		if (n >= s->toks.n)
			break;
		*last = n;
	}
}

/* Does token @i end what a conditional expression can reach? */
static gboolean ends_expression(const struct source *s, gsize i)
{
	static const char *const ends[] = {
		"(", ")", "[", "]", "{", "}", ",", ";", "=", "+=", "-=", "*=",
		"/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "return", "case",
	};

	if (i == SIZE_MAX || i >= s->toks.n)
		return TRUE;
	for (guint k = 0; k < G_N_ELEMENTS(ends); k++)
		if (source_is(s, i, ends[k]))
			return TRUE;
	return FALSE;
}

/* "c ? " before and " : b" behind: an arm is wrapped with the whole. */
static void with_conditional(const struct source *s, gsize *first, gsize *last)
{
	gsize i = *first, p = source_prev(s, i);
	gboolean found = FALSE;

	if (!source_is(s, p, "?") && !source_is(s, p, ":"))
		return;
	while (p != SIZE_MAX) {
		if (source_is(s, p, ")") || source_is(s, p, "]"))
			p = source_open(s, p);
		else if (ends_expression(s, p))
			break;
		if (p == SIZE_MAX)
			break;
		found |= source_is(s, p, "?");
		i = p;
		p = source_prev(s, p);
	}
	if (!found)
		return;
	*first = i;
	for (p = source_next(s, *last); p < s->toks.n; p = source_next(s, p)) {
		if (source_is(s, p, "(") || source_is(s, p, "["))
			p = source_close(s, p);
		else if (ends_expression(s, p))
			break;
		if (p == SIZE_MAX)
			break;
		*last = p;
	}
}

/* "f(" before and ")" behind, and "(type)" before: what wraps it alone. */
static void with_wrappers(const struct source *s, gsize *first, gsize *last)
{
	for (int depth = 0; depth < 3; depth++) {
		gsize p = source_prev(s, *first), n = source_next(s, *last);

		if (source_is(s, p, ")")) {
			gsize open = source_open(s, p);

			if (open == SIZE_MAX || p - open > 8)
				return;
			*first = open;
			continue;
		}
		if (!source_is(s, p, "(") || !source_is(s, n, ")"))
			return;
		*first = p;
		*last = n;
		p = source_prev(s, p);
		if (p != SIZE_MAX && s->toks.v[p].kind == TOK_IDENT)
			*first = p;
		with_members(s, first, last);
	}
}

static const struct source_macro *macro_at(const struct source *s, gsize off)
{
	for (guint i = 0; i < s->macros->len; i++) {
		const struct source_macro *m = s->macros->pdata[i];

		if (m->name_off <= off && off < m->body_end)
			return m;
	}
	return NULL;
}

static void span_of(const struct convert *c, const struct source *s,
		    const struct site *site, gsize *from, gsize *to)
{
	const struct source_macro *m = macro_at(s, site->off);
	gsize first = source_token_at(s, site->off), last = first, open;

	*from = site->off;
	*to = site->off + strlen(site->symbol);
	if (first >= s->toks.n || s->toks.v[first].off != site->off)
		return;
	if (s->toks.v[first].kind == TOK_COMMENT) {
		*to = source_end(s, first);
		return;
	}
	if (m && site->off < m->body) {
		*to = m->body_end;
		return;
	}
	open = source_next(s, first);
	if (is_type(c, site->symbol)) {
		if (is_cast(s, first)) {
			first = source_prev(s, first);
			last = source_next(s, open);
			if (source_is(s, source_next(s, last), "("))
				last = source_close(s, source_next(s, last));
			with_wrappers(s, &first, &last);
		} else {
			last = declarator_end(s, first);
		}
	} else {
		if (source_is(s, open, "("))
			last = source_close(s, open);
		if (last == SIZE_MAX)
			last = first;
		with_members(s, &first, &last);
		with_conditional(s, &first, &last);
		with_wrappers(s, &first, &last);
	}
	if (last >= s->toks.n)
		last = source_token_at(s, site->off);
	*from = s->toks.v[first].off;
	*to = source_end(s, last);
}

/* What each cell reads. */

/* The words in the body of @m. */
static void body_words(const struct source_macro *m, GHashTable *words)
{
	const struct token_list *t = &m->in->toks;

	for (guint i = m->first; i < m->last; i++)
		if (t->v[i].kind == TOK_IDENT)
			g_hash_table_add(words, g_strndup(t->buf + t->v[i].off,
							  t->v[i].len));
}

/*
 * The macros that a cell expands: those that libclang saw expanded, those in
 * whose body a value was seen, and those that stand in the body of one that is
 * expanded.  "FILE:OFF" of the names.
 */
static GHashTable *expanded_in(const struct convert *c, const char *cell)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, NULL);
	GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTable *done = g_hash_table_new(NULL, NULL);
	gboolean news;

	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		if (strcmp(a->cell, cell))
			continue;
		for (guint k = 0; k < a->macros->len; k++) {
			const struct ast_macro *m = a->macros->pdata[k];

			g_hash_table_add(set, g_strdup_printf("%s:%"
					G_GSIZE_FORMAT, m->file, m->off));
		}
		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];
			const struct source_macro *m;
			struct source *s;

			if (e->off == e->xoff && !strcmp(e->file, e->xfile))
				continue;
			s = g_hash_table_lookup(c->sources, e->file);
			m = s ? macro_at(s, e->off) : NULL;
			if (m)
				g_hash_table_add(set, g_strdup_printf("%s:%"
					G_GSIZE_FORMAT, e->file, m->name_off));
		}
	}
	do {
		news = FALSE;
		for (guint i = 0; i < c->source_list->len; i++) {
			const struct source *s = c->source_list->pdata[i];

			for (guint k = 0; k < s->macros->len; k++) {
				struct source_macro *m = s->macros->pdata[k];
				char *at = g_strdup_printf("%s:%" G_GSIZE_FORMAT,
							   s->file, m->name_off);

				if (g_hash_table_contains(words, m->name))
					g_hash_table_add(set, g_strdup(at));
				if (g_hash_table_contains(set, at) &&
				    g_hash_table_add(done, m)) {
					body_words(m, words);
					news = TRUE;
				}
				g_free(at);
			}
		}
	} while (news);
	g_hash_table_destroy(done);
	g_hash_table_destroy(words);
	return set;
}

/*
 * The macros that use a handle somewhere in their bodies, or in the bodies of
 * the macros there: which of them has to change is their own affair.
 */
static GHashTable *using_macros(const struct convert *c)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, NULL);
	GHashTable *done = g_hash_table_new(NULL, NULL);
	gboolean news;

	for (guint i = 0; i < handle_of(c)->flow->frontier->len; i++) {
		const struct flow_frontier *f = handle_of(c)->flow->frontier->pdata[i];

		if (f->macro)
			g_hash_table_add(set, g_strdup(f->macro));
	}
	do {
		news = FALSE;
		for (guint i = 0; i < c->source_list->len; i++) {
			const struct source *s = c->source_list->pdata[i];

			for (guint k = 0; k < s->macros->len; k++) {
				struct source_macro *m = s->macros->pdata[k];

				if (g_hash_table_contains(set, m->name) &&
				    g_hash_table_add(done, m)) {
					body_words(m, set);
					news = TRUE;
				}
			}
		}
	} while (news);
	g_hash_table_destroy(done);
	return set;
}

struct opinions *opinions_new(const struct convert *c)
{
	struct opinions *o = g_new0(struct opinions, 1);

	o->expanded = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_hash_table_destroy);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready)
			g_hash_table_insert(o->expanded, cell->name,
				expanded_in(c, cell->name));
	}
	o->used = using_macros(c);
	return o;
}

void opinions_free(struct opinions *o)
{
	if (!o)
		return;
	g_hash_table_destroy(o->expanded);
	g_hash_table_destroy(o->used);
	g_free(o);
}

/*
 * Leave out the cells that do not expand the macro in whose body the site is.
 * The number of those left that have the old type.
 */
static guint narrow_cells(const struct convert *c, struct shape_site *v)
{
	const struct handle_run *r = c->data;
	const struct source_macro *m = macro_at(v->src, v->site->off);
	char *at = m && v->site->off >= m->body ?
		   convert_at_key(v->site->file, m->name_off) : NULL;
	GPtrArray *cells = g_ptr_array_new();
	guint old = 0;

	if (at && v->cells->len)
		v->unread = m->name;
	for (guint i = 0; i < v->cells->len; i++) {
		char *cell = v->cells->pdata[i];

		if (at && !g_hash_table_contains(g_hash_table_lookup(
					r->opinions->expanded, cell), at))
			continue;
		g_ptr_array_add(cells, cell);
		old += g_hash_table_contains(r->flow->page_cells, cell);
	}
	g_ptr_array_free(v->cells, TRUE);
	v->cells = cells;
	g_free(at);
	return old;
}

/* What the facts ask for within the span; *@decl_from moves to a declaration. */
static enum fate_ast asked_for(const struct convert *c, const char *file,
			       gsize from, gsize to, gsize *decl_from)
{
	enum fate_ast view = AST_KEEP;

	for (guint i = 0; i < handle_of(c)->flow->frontier->len; i++) {
		const struct flow_frontier *f = handle_of(c)->flow->frontier->pdata[i];

		if (f->off >= to || MAX(f->end, f->off + 1) <= from ||
		    strcmp(f->file, file))
			continue;
		if (flow_is_open(f->kind))
			view = MAX(view, AST_EITHER);
		else if (!f->macro || !handle_carries(c, f->macro))
			view = AST_CHANGE;
	}
	for (guint i = 0; i < handle_of(c)->flow->decls->len; i++) {
		const struct flow_decl *d = handle_of(c)->flow->decls->pdata[i];

		if (!d->follows && d->start < to && d->name_off + strlen(d->name) >= from &&
		    !strcmp(d->file, file)) {
			*decl_from = MIN(*decl_from, d->start);
			view = AST_CHANGE;
		}
	}
	return view;
}

/*
 * Is it the name in a typedef of the seed type as a pointer to the old struct?
 * *@from moves to where the typedef begins.
 */
static gboolean is_typedef(const struct convert *c, const struct source *src,
			   const struct site *s, gsize *from)
{
	char *at = g_strdup_printf("%s:%" G_GSIZE_FORMAT, s->file, s->off);
	const char *under = g_hash_table_lookup(handle_of(c)->flow->typedefs, at);
	char *want = g_strdup_printf("struct %s *", handle_of(c)->h->old);
	gboolean yes = !g_strcmp0(under, want);
	gsize i = source_token_at(src, s->off);

	while (yes && i != SIZE_MAX && !source_is(src, i, "typedef"))
		i = source_prev(src, i);
	if (yes && i != SIZE_MAX)
		*from = src->toks.v[i].off;
	g_free(want);
	g_free(at);
	return yes;
}

/* The span, and where what is to be rewritten there begins. */
static enum fate_ast look(const struct convert *c, struct shape_site *v,
			  gsize *begin)
{
	enum fate_ast asked;

	v->from = v->site->off;
	v->to = v->site->off + 1;
	span_of(c, v->src, v->site, &v->from, &v->to);
	*begin = v->from;
	asked = asked_for(c, v->site->file, v->from, v->to, begin);
	if (is_typedef(c, v->src, v->site, begin))
		asked = AST_CHANGE;
	return asked;
}

void handle_span(struct convert *c, struct shape_site *v)
{
	gsize begin;

	look(c, v, &begin);
	v->from = MIN(v->from, begin);
}

void handle_site_span(const struct convert *c, const struct site *s,
		      gsize *from, gsize *to)
{
	const struct source *src = g_hash_table_lookup(c->sources, s->file);

	*from = s->off;
	*to = s->off + 1;
	if (src)
		span_of(c, src, s, from, to);
}

void handle_opinion(struct convert *c, struct shape_site *v)
{
	const struct handle_run *r = c->data;
	const struct source_macro *m = macro_at(v->src, v->site->off);
	guint old = narrow_cells(c, v);
	gsize begin, from = v->from, to = v->to;
	enum fate_ast asked = look(c, v, &begin);

	v->from = from;
	v->to = to;
	if (m && asked == AST_KEEP &&
	    g_hash_table_contains(r->opinions->used, m->name))
		asked = AST_EITHER;
	v->in.ast = !v->cells->len ? AST_NOT_READ : !old ? AST_OTHER : asked;
	/* The rules are not run where the handle does not change. */
	if (!handle_may_change(c, v->src))
		v->in.text = TEXT_KEEP;
}
