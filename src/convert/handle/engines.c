// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two engines look at every site: what the AST asks for there, and what the
 * semantic patches did.  Each sees what the other cannot: the AST all types but
 * one configuration at a time, SmPL all configurations but no types across
 * files.  Where both look they must agree; where one looks alone, the ledger
 * says under which condition the other would see the site, too.
 */
#include <string.h>

#include "text/condition.h"
#include "convert/internal.h"
#include "convert/handle/engines.h"
#include "read/seen.h"

const char *const ast_view_name[N_AST_VIEW] = {
	[AST_UNSEEN] = "unseen", [AST_SHARED] = "other type",
	[AST_KEEP] = "keep", [AST_EITHER] = "either", [AST_CHANGE] = "change",
};

const char *const smpl_view_name[N_SMPL_VIEW] = {
	[SMPL_NOT_RUN] = "not run", [SMPL_UNPARSED] = "not parsed",
	[SMPL_KEEP] = "keep", [SMPL_CHANGE] = "change",
};

const char *const outcome_name[N_OUTCOME] = {
	[OUTCOME_NONE] = "none", [OUTCOME_AGREE] = "agree",
	[OUTCOME_ONE_SIDED] = "one-sided", [OUTCOME_DISAGREE] = "disagree",
	[OUTCOME_BLIND] = "blind",
};

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

	for (guint i = 0; i < c->flow->frontier->len; i++) {
		const struct flow_frontier *f = c->flow->frontier->pdata[i];

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

struct engines *engines_new(const struct convert *c)
{
	struct engines *e = g_new0(struct engines, 1);

	e->c = c;
	e->seen = seen_new(c->facts);
	e->expanded = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_hash_table_destroy);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready)
			g_hash_table_insert(e->expanded, cell->name,
				expanded_in(c, cell->name));
	}
	e->used = using_macros(c);
	return e;
}

void engines_free(struct engines *e)
{
	seen_free(e->seen);
	g_hash_table_destroy(e->expanded);
	g_hash_table_destroy(e->used);
	g_free(e);
}

/* Which cells read the site: its arm is live, and its macro expanded. */
static void cells_that_see(const struct engines *e, const struct source *src,
			   const struct site *s, struct site_view *v)
{
	GPtrArray *cells = seen_cells(e->seen, src, s->off);
	const struct source_macro *m = macro_at(src, s->off);
	char *at = m && s->off >= m->body ?
		g_strdup_printf("%s:%" G_GSIZE_FORMAT, s->file, m->name_off)
		: NULL;

	v->unexpanded = at && cells->len;
	for (guint i = 0; i < cells->len; i++) {
		char *cell = cells->pdata[i];

		if (at && !g_hash_table_contains(g_hash_table_lookup(
					e->expanded, cell), at))
			continue;
		g_ptr_array_add(v->cells, cell);
		v->page_cells += g_hash_table_contains(e->c->flow->page_cells,
						       cell);
	}
	g_ptr_array_free(cells, TRUE);
	g_free(at);
}

/* What the facts ask for within the span; *@decl_from moves to a declaration. */
static enum ast_view asked_for(const struct engines *e, const char *file,
			       gsize from, gsize to, gsize *decl_from)
{
	const struct convert *c = e->c;
	enum ast_view view = AST_KEEP;

	for (guint i = 0; i < c->flow->frontier->len; i++) {
		const struct flow_frontier *f = c->flow->frontier->pdata[i];

		if (f->off >= to || MAX(f->end, f->off + 1) <= from ||
		    strcmp(f->file, file))
			continue;
		if (flow_is_open(f->kind))
			view = MAX(view, AST_EITHER);
		else if (!f->macro || !convert_carries(c, f->macro))
			view = AST_CHANGE;
	}
	for (guint i = 0; i < c->flow->decls->len; i++) {
		const struct flow_decl *d = c->flow->decls->pdata[i];

		if (!d->follows && d->start < to && d->name_off + strlen(d->name) >= from &&
		    !strcmp(d->file, file)) {
			*decl_from = MIN(*decl_from, d->start);
			view = AST_CHANGE;
		}
	}
	return view;
}

static gboolean spatch_gave_up(const struct convert *c, const char *file,
			       guint line)
{
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		const struct smpl_job *j = c->smpl_jobs->pdata[i];

		if (strcmp(j->name, file))
			continue;
		for (guint k = 0; k < j->unparsed->len; k++)
			if (g_array_index(j->unparsed, guint, k) == line)
				return TRUE;
	}
	return FALSE;
}

/*
 * Is it the name in a typedef of the seed type as a pointer to the old struct?
 * *@from moves to where the typedef begins.
 */
static gboolean is_typedef(const struct convert *c, const struct source *src,
			   const struct site *s, gsize *from)
{
	char *at = g_strdup_printf("%s:%" G_GSIZE_FORMAT, s->file, s->off);
	const char *under = g_hash_table_lookup(c->flow->typedefs, at);
	char *want = g_strdup_printf("struct %s *", c->h->old);
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

/* Under which condition would libclang see the site? */
static char *ast_condition(const struct source *src, const struct site *s,
			   const struct site_view *v)
{
	char *cond = condition_at(&src->toks, s->off), *text;

	if (*cond)
		return cond;
	g_free(cond);
	if (v->unexpanded)
		text = g_strdup_printf("code that expands %s",
				       macro_at(src, s->off)->name);
	else
		text = g_strdup_printf("a config that compiles %s", s->file);
	return text;
}

static void compare(const struct convert *c, const struct source *src,
		    const struct site *s, struct site_view *v)
{
	gboolean did = v->driver || v->smpl == SMPL_CHANGE;

	switch (v->ast) {
	case AST_UNSEEN:
		v->outcome = v->smpl == SMPL_KEEP || v->smpl == SMPL_CHANGE ?
			OUTCOME_ONE_SIDED : OUTCOME_BLIND;
		v->condition = ast_condition(src, s, v);
		return;
	case AST_SHARED:
		if (v->smpl == SMPL_CHANGE)
			v->outcome = OUTCOME_DISAGREE;
		else
			v->outcome = v->smpl == SMPL_KEEP ? OUTCOME_AGREE
							  : OUTCOME_ONE_SIDED;
		break;
	case AST_EITHER:
		v->outcome = v->smpl == SMPL_UNPARSED && !v->driver ?
			OUTCOME_ONE_SIDED : OUTCOME_AGREE;
		break;
	case AST_KEEP:
		if (v->smpl == SMPL_CHANGE)
			v->outcome = OUTCOME_DISAGREE;
		else
			v->outcome = v->smpl == SMPL_KEEP ? OUTCOME_AGREE
							  : OUTCOME_ONE_SIDED;
		break;
	default:
		if (v->smpl == SMPL_CHANGE)
			v->outcome = OUTCOME_AGREE;
		else
			v->outcome = did ? OUTCOME_ONE_SIDED
					 : OUTCOME_DISAGREE;
		break;
	}
	if (v->outcome != OUTCOME_ONE_SIDED)
		return;
	if (v->smpl == SMPL_UNPARSED)
		v->condition = g_strdup("code that spatch can parse");
	else if (v->smpl == SMPL_NOT_RUN)
		v->condition = g_strdup("an arch whose handle changes: the rules run there only");
	else if (v->driver)
		v->condition = g_strdup("a rule for it: the driver edits declarations, and wraps what no rule names");
}

void engines_span(const struct engines *e, const struct site *s, gsize *from,
		  gsize *to)
{
	const struct source *src = g_hash_table_lookup(e->c->sources, s->file);

	*from = s->off;
	*to = s->off + 1;
	if (src)
		span_of(e->c, src, s, from, to);
}

void engines_look(const struct engines *e, const struct site *s,
		  struct site_view *v)
{
	const struct convert *c = e->c;
	struct source *src = g_hash_table_lookup(c->sources, s->file);
	const GPtrArray *edits = edit_of_file(c->edits, s->file);
	const struct source_macro *m;
	enum ast_view asked;
	gsize from, to, decl;

	memset(v, 0, sizeof(*v));
	v->cells = g_ptr_array_new();
	v->rules = g_string_new(NULL);
	engines_span(e, s, &from, &to);
	decl = from;
	if (src && convert_is_code(s)) {
		cells_that_see(e, src, s, v);
		asked = asked_for(e, s->file, from, to, &decl);
		m = macro_at(src, s->off);
		if (m && asked == AST_KEEP &&
		    g_hash_table_contains(e->used, m->name))
			asked = AST_EITHER;
		if (is_typedef(c, src, s, &decl))
			asked = AST_CHANGE;
		v->ast = !v->cells->len ? AST_UNSEEN :
			 !v->page_cells ? AST_SHARED : asked;
		v->smpl = !convert_may_change(c, src) ? SMPL_NOT_RUN :
			  spatch_gave_up(c, s->file, s->line) ? SMPL_UNPARSED
							      : SMPL_KEEP;
	}
	for (guint i = 0; edits && i < edits->len; i++) {
		const struct edit *d = edits->pdata[i];

		if (d->off > to || d->off + d->len < MIN(from, decl) ||
		    (d->len && (d->off == to ||
				d->off + d->len == MIN(from, decl))))
			continue;
		if (!strstr(v->rules->str, d->rule)) {
			if (v->rules->len)
				g_string_append_c(v->rules, '+');
			g_string_append(v->rules, d->rule);
		}
		if (convert_edit_of_rule(d)) {
			/* A declaration's rewrite is no use of this name. */
			v->smpl = SMPL_CHANGE;
		} else {
			v->driver = TRUE;
		}
	}
	if (src && convert_is_code(s))
		compare(c, src, s, v);
}

void engines_view_clear(struct site_view *v)
{
	g_ptr_array_free(v->cells, TRUE);
	g_string_free(v->rules, TRUE);
	g_free(v->condition);
}
