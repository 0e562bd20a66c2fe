// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text stage: run the patterns of all rules over the tokens of a view.  A
 * match is likely if the declaration or the origin of its value was seen, and
 * possible by its name alone, unless its rule knows better.
 */
#include <string.h>

#include "lint/match.h"

#define MAX_FINDINGS 20000	/* of one rule in one view: a hostile text */

struct ref {
	struct lint_rule *rule;
	const struct lint_pattern *p;
	guint found;
};

/*
 * "TYPE *name(" where a pattern wants "name(": the function's own declaration
 * or definition.
 */
static gboolean is_declared_here(const struct match_engine *x,
				 const struct lint_pattern *p, guint i)
{
	static const char *const keywords[] = {
		"return", "else", "do", "case", "goto", "sizeof",
	};
	const struct lint_elem *second = p->elems->len > 1 ?
		&g_array_index(p->elems, struct lint_elem, 1) : NULL;

	if (p->declares || !i || !second || second->el != EL_TOKEN ||
	    strcmp(second->text, "(") || !match_is_ident(x, i) ||
	    match_tok(x, i)->ctx != CTX_CODE)
		return FALSE;
	while (i && match_is(x, i - 1, "*") && i > 1)
		i--;
	if (!i || !match_is_ident(x, i - 1))
		return FALSE;
	for (guint k = 0; k < G_N_ELEMENTS(keywords); k++)
		if (match_is(x, i - 1, keywords[k]))
			return FALSE;
	return match_tok(x, i - 1)->ctx == CTX_CODE;
}

/* "$h->pt_list" with what $h matched; NULL when a variable is missing. */
static char *expand(const struct match_engine *x, const struct lint_pattern *p,
		    const char *fmt, const struct match *m)
{
	GString *s = g_string_new(NULL);

	for (; *fmt; fmt++) {
		gsize n = 0;

		if (*fmt != '$') {
			g_string_append_c(s, *fmt);
			continue;
		}
		while (g_ascii_isalnum(fmt[1 + n]) || fmt[1 + n] == '_')
			n++;
		for (guint k = 0; k < p->vars->len; k++) {
			const struct lint_var *v = &g_array_index(p->vars,
							struct lint_var, k);
			const struct match_cap *c = &m->caps[k];

			if (strlen(v->name) != n ||
			    strncmp(v->name, fmt + 1, n) || !c->to)
				continue;
			g_string_append_len(s, x->v->text + match_tok(x, c->from)->off,
				match_tok(x, c->to - 1)->off + match_tok(x, c->to - 1)->len -
				match_tok(x, c->from)->off);
		}
		fmt += n;
	}
	return g_string_free(s, FALSE);
}

/* The name that is used: the first of the match that is no keyword. */
static char *name_of(const struct match_engine *x, guint i, guint end)
{
	char word[128];

	for (; i < end; i++)
		if (match_is_ident(x, i) && !match_is(x, i, "struct") &&
		    !match_is(x, i, "return"))
			return g_strdup(match_text(x, i, word, sizeof(word)));
	return NULL;
}

static void set_message(struct match_engine *x, const struct ref *r,
			const struct match *m, struct lint_finding *f)
{
	const struct lint_pattern *p = r->p;
	const char *instead = lint_instead(r->rule, p, x->v->file);
	char *what = expand(x, p, p->what ? p->what : r->rule->what, m);
	char *text = instead ? expand(x, p, instead, m) : NULL;

	f->message = lint_message(r->rule, x->v->file, what, text);
	g_free(what);
	g_free(text);
}

static void report(struct match_engine *x, struct ref *r, guint i,
		   const struct match *m)
{
	const struct lint_pattern *p = r->p;
	guint at = p->at >= 0 && m->caps[p->at].to ? m->caps[p->at].from : i;
	const struct token *t = match_tok(x, at);
	const struct token *first = match_tok(x, i);
	const struct token *last = match_tok(x, m->end - 1);
	struct lint_finding *f;

	f = lint_finding_at(r->rule, x->v, t->line - 1, t->col,
			    at == i ? last->off + last->len - t->off : t->len);
	set_message(x, r, m, f);
	f->name = name_of(x, at, m->end);
	f->sure = p->sure >= 0 ? (enum lint_sure)p->sure :
		  m->seen == MATCH_BY_ORIGIN ? LINT_LIKELY : LINT_POSSIBLE;
	f->evidence = g_strdup("text");
	/* A match that spans a changed line is of the change. */
	for (guint l = first->line - 1; l < last->line && l < x->v->lines->len;
	     l++) {
		const struct lint_line *line = &g_array_index(x->v->lines,
							struct lint_line, l);

		f->added |= line->added || (line->cut && l + 1 < last->line);
	}
	/* What type such a variable is declared with is not known. */
	if (p->fix && !m->given && first->line == last->line &&
	    lint_globs_match(r->rule->fix_files, x->v->file)) {
		f->fix = expand(x, p, p->fix, m);
		f->fix_off = first->off;
		f->fix_len = last->off + last->len - f->fix_off;
	}
	g_ptr_array_add(x->out, f);
}

/* Does the pattern speak of this file, and of the function around? */
static gboolean applies(const struct match_engine *x,
			const struct lint_pattern *p)
{
	if (!lint_globs_match(p->files, x->v->file))
		return FALSE;
	return !p->within[0] ||
	       (x->returns && g_strv_contains((const char *const *)p->within,
					      x->returns));
}

static gboolean excused(const struct match_engine *x, const struct lint_pattern *p,
			guint i)
{
	struct match m;

	for (guint k = 0; k < p->unless->len; k++)
		if (match_at(x, p->unless->pdata[k], i, &m))
			return TRUE;
	for (guint k = 0; k < p->behind->len; k++) {
		const struct lint_pattern *q = p->behind->pdata[k];

		if (i >= q->elems->len &&
		    match_tokens(x, q, i - q->elems->len))
			return TRUE;
	}
	return FALSE;
}

static void try_refs(struct match_engine *x, GArray *refs, guint i)
{
	for (guint k = 0; refs && k < refs->len; k++) {
		struct ref *r = &g_array_index(refs, struct ref, k);
		struct match m;

		if ((x->at_macro && !r->p->macros) || !applies(x, r->p))
			continue;
		if (r->found >= MAX_FINDINGS || !match_at(x, r->p, i, &m) ||
		    excused(x, r->p, i) || is_declared_here(x, r->p, i))
			continue;
		r->found++;
		report(x, r, i, &m);
	}
}

static void refs_free(gpointer p)
{
	g_array_free(p, TRUE);
}

static void add_ref(struct match_engine *x, struct lint_rule *rule,
		    const struct lint_pattern *p)
{
	const struct lint_elem *first = &g_array_index(p->elems,
						       struct lint_elem, 0);
	struct ref r = { rule, p, 0 };
	GArray *v = x->any_first;

	if (first->el == EL_TOKEN) {
		v = g_hash_table_lookup(x->by_first, first->text);
		if (!v) {
			v = g_array_new(FALSE, FALSE, sizeof(struct ref));
			g_hash_table_insert(x->by_first, first->text, v);
		}
	}
	g_array_append_val(v, r);
}

/* The rules that look at such a view; those with a check go to @checks. */
static gboolean choose_rules(struct match_engine *x, GPtrArray *checks)
{
	gboolean any = FALSE;

	for (guint i = 0; i < x->rules->rules->len; i++) {
		struct lint_rule *r = x->rules->rules->pdata[i];

		if (r->off || (!r->patterns->len && !r->check) ||
		    !lint_globs_match(r->files, x->v->file) ||
		    !lint_view_has(x->v, r->needs))
			continue;
		any = TRUE;
		if (r->check)
			g_ptr_array_add(checks, r);
		for (guint k = 0; k < r->patterns->len; k++)
			add_ref(x, r, r->patterns->pdata[k]);
	}
	return any;
}

/* The function that git says a hunk is in has a type, too. */
static char *section_type(const struct lint_view *v)
{
	const char *s = v->section, *end = s ? strchr(s, '(') : NULL;
	static const char *const skip[] = { "static ", "inline ", "extern " };

	if (!end)
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(skip); i++)
		if (g_str_has_prefix(s, skip[i])) {
			s += strlen(skip[i]);
			i = -1;
		}
	while (end > s && (g_ascii_isalnum(end[-1]) || end[-1] == '_'))
		end--;
	return g_strstrip(g_strndup(s, end - s));
}

static void pass(struct match_engine *x, const GPtrArray *checks)
{
	char name[128];

	lint_view_lex(x->v);
	x->func = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	x->macro = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	x->may_fail = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL);
	x->returns = section_type(x->v);
	match_learn_may_fail(x);
	for (guint i = 0; i < x->v->n_sig; i++) {
		match_learn(x, i);
		x->at_macro = match_tok(x, i)->ctx == CTX_MACRO_NAME;
		try_refs(x, g_hash_table_lookup(x->by_first,
				match_text(x, i, name, sizeof(name))), i);
		if (match_is_ident(x, i) || match_is(x, i, "("))
			try_refs(x, x->any_first, i);
	}
	for (guint i = 0; i < checks->len; i++)
		match_check_undeclared(x, checks->pdata[i]);
	g_hash_table_destroy(x->func);
	g_hash_table_destroy(x->macro);
	g_hash_table_destroy(x->may_fail);
	g_free(x->returns);
}

void lint_text(const struct lint_rules *rules, struct lint_view *v,
	       GPtrArray *out)
{
	struct match_engine x = { .rules = rules, .v = v, .out = out };
	GPtrArray *checks = g_ptr_array_new();

	x.by_first = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   refs_free);
	x.any_first = g_array_new(FALSE, FALSE, sizeof(struct ref));
	if (choose_rules(&x, checks) && v->size &&
	    rules->kinds->len <= MATCH_KINDS)
		pass(&x, checks);
	g_ptr_array_free(checks, TRUE);
	g_hash_table_destroy(x.by_first);
	g_array_free(x.any_first, TRUE);
}
