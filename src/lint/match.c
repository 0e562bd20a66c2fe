// SPDX-License-Identifier: GPL-2.0-only
/*
 * Match the patterns of rules against the tokens of a view.  A variable of a
 * pattern stands for an identifier, or for an expression of a kind, such as a
 * page-table handle; learn.c knows which names are of a kind.
 */
#include <stdio.h>
#include <string.h>

#include "lint/match.h"

#define MAX_STEPS 4000		/* of one match */

const struct token *match_tok(const struct match_engine *x, guint i)
{
	return &x->v->toks.v[x->v->sig[i]];
}

gboolean match_is(const struct match_engine *x, guint i, const char *s)
{
	return i < x->v->n_sig && tok_is(&x->v->toks, x->v->sig[i], s);
}

gboolean match_is_ident(const struct match_engine *x, guint i)
{
	return i < x->v->n_sig && match_tok(x, i)->kind == TOK_IDENT;
}

char *match_text(const struct match_engine *x, guint i, char *buf, gsize size)
{
	char scratch[128];
	gsize len;
	const char *s = tok_text(&x->v->toks, x->v->sig[i], &len, scratch,
				 sizeof(scratch));

	len = MIN(len, size - 1);
	memcpy(buf, s, len);
	buf[len] = '\0';
	return buf;
}

gboolean match_in_list(const struct match_engine *x, guint i, char **list)
{
	for (; list && *list; list++)
		if (match_is(x, i, *list))
			return TRUE;
	return FALSE;
}

/* The token behind the bracket that @i opens; 0 if it does not close soon. */
guint match_skip_brackets(const struct match_engine *x, guint i)
{
	guint close = x->v->close[i];

	return close && close - i <= MATCH_SPAN ? close : 0;
}

/*
 * Bits of kinds that the name has: one set by its declaration, another by what
 * it was given last.
 */
guint32 match_kinds(const struct match_engine *x, guint i)
{
	char name[128];

	return GPOINTER_TO_UINT(g_hash_table_lookup(x->in_macro ? x->macro
						     : x->func,
				match_text(x, i, name, sizeof(name))));
}

static guint kind_index(const struct match_engine *x, const struct lint_kind *k)
{
	for (guint i = 0; i < x->rules->kinds->len; i++)
		if (x->rules->kinds->pdata[i] == k)
			return i;
	return MATCH_KINDS - 1;
}

gboolean match_call_is_none(const struct match_engine *x, const struct lint_kind *k,
			     guint from, guint to)
{
	for (guint i = from; i < to; i++)
		if (match_in_list(x, i, k->unless_arg))
			return TRUE;
	return FALSE;
}

gboolean match_yields(const struct match_engine *x, const struct lint_kind *k,
		      char **calls, guint i)
{
	char name[128];

	if (!calls[0] || !match_is_ident(x, i))
		return FALSE;
	match_text(x, i, name, sizeof(name));
	if (lint_globs_match(calls, name))
		return TRUE;
	return k->may_fail && x->may_fail &&
	       g_hash_table_contains(x->may_fail, name);
}

/* An expression of a kind may end in several places: at each token in @v. */
struct ends { guint v[8]; guint n; };

static void add_end(struct ends *e, guint at)
{
	if (e->n < G_N_ELEMENTS(e->v))
		e->v[e->n++] = at;
}

static guint32 bits_of(const struct match_engine *x, const struct lint_kind *k)
{
	guint i = kind_index(x, k);

	return MATCH_DECLARED(i) | MATCH_ASSIGNED(i);
}

static void kind_ends(const struct match_engine *x, const struct lint_kind *k,
		      guint i, struct ends *ends);

/* "(EXPRESSION)", but for the arguments of a call. */
static void bracket_ends(const struct match_engine *x,
			 const struct lint_kind *k, guint i, struct ends *ends)
{
	guint close = match_skip_brackets(x, i);
	struct ends inner = { .n = 0 };

	if (!close || (i && match_is_ident(x, i - 1) &&
		       !match_is(x, i - 1, "return")))
		return;
	kind_ends(x, k, i + 1, &inner);
	for (guint j = 0; j < inner.n; j++)
		if (inner.v[j] == close - 1)
			add_end(ends, close);
}

/* "NAME", "NAME->member", "call()", "call()->member", "slot[i]". */
static void name_ends(const struct match_engine *x, const struct lint_kind *k,
		      guint i, struct ends *ends)
{
	guint e = i;

	if (match_kinds(x, i) & bits_of(x, k))
		add_end(ends, i + 1);
	while (e < x->v->n_sig && e - i < 40 && ends->n < 8) {
		if (match_is_ident(x, e) && e > i &&
		    match_in_list(x, e, k->members) &&
		    !match_is(x, e + 1, "("))
			add_end(ends, e + 1);
		if (match_is_ident(x, e) && match_is(x, e + 1, "(") &&
		    e == i) {
			guint close = match_skip_brackets(x, e + 1);

			if (!close)
				return;
			if (match_yields(x, k, k->calls, e) &&
			    !match_call_is_none(x, k, e + 1, close))
				add_end(ends, close);
			e = close;
		} else {
			e++;
		}
		while (match_is(x, e, "[")) {
			guint close = match_skip_brackets(x, e);

			if (!close)
				return;
			if (k->deref && e == i + 1 &&
			    match_kinds(x, i) & bits_of(x, k->deref))
				add_end(ends, close);
			e = close;
		}
		if (!match_is(x, e, "->") && !match_is(x, e, "."))
			return;
		e++;
	}
}

/* Where an expression of the kind that starts at @i may end. */
static void kind_ends(const struct match_engine *x, const struct lint_kind *k,
		      guint i, struct ends *ends)
{
	if (match_is(x, i, "("))
		bracket_ends(x, k, i, ends);
	else if (match_is(x, i, "*") && k->deref)
		kind_ends(x, k->deref, i + 1, ends);
	else if (match_is(x, i, "&") && k->address)
		kind_ends(x, k->address, i + 1, ends);
	else if (match_is_ident(x, i))
		name_ends(x, k, i, ends);
}

/* Does the expression go on behind @i: "x" of "x->member"? */
static gboolean goes_on(const struct match_engine *x, guint i)
{
	return match_is(x, i, "->") || match_is(x, i, ".") ||
	       match_is(x, i, "[") || match_is(x, i, "(");
}

static gboolean match_from(const struct match_engine *x,
			   const struct lint_pattern *p, guint e, guint i,
			   struct match *m);

static gboolean match_any(const struct match_engine *x,
			  const struct lint_pattern *p, guint e, guint i,
			  struct match *m)
{
	guint stop = MIN((guint64)i + MATCH_SPAN, x->v->n_sig);

	for (;;) {
		if (match_from(x, p, e + 1, i, m))
			return TRUE;
		if (i >= stop || match_is(x, i, ";") || match_is(x, i, ")") ||
		    match_is(x, i, "]") || match_is(x, i, "}"))
			return FALSE;
		if (match_is(x, i, "(") || match_is(x, i, "[") || match_is(x, i, "{")) {
			i = match_skip_brackets(x, i);
			if (!i)
				return FALSE;
		} else {
			i++;
		}
	}
}

static gboolean same_text(const struct match_engine *x, const struct match_cap *c, guint i)
{
	for (guint k = c->from; k < c->to; k++, i++) {
		char name[128];

		if (i >= x->v->n_sig || !match_is(x, i, match_text(x, k, name,
						       sizeof(name))))
			return FALSE;
	}
	return TRUE;
}

static gboolean match_var(const struct match_engine *x,
			  const struct lint_pattern *p, guint e, guint i,
			  struct match *m)
{
	guint n = g_array_index(p->elems, struct lint_elem, e).var;
	const struct lint_var *v = &g_array_index(p->vars, struct lint_var, n);
	struct match_cap old = m->caps[n];
	struct ends ends = { .n = 0 };
	char name[128];
	gboolean given = m->given;
	int seen = m->seen;

	if (old.to) {		/* met before: the same again */
		return same_text(x, &old, i) &&
		       match_from(x, p, e + 1, i + old.to - old.from, m);
	}
	if (!v->kind) {
		if (!match_is_ident(x, i) ||
		    (v->globs && !lint_globs_match(v->globs,
					match_text(x, i, name, sizeof(name)))))
			return FALSE;
		m->caps[n] = (struct match_cap){ i, i + 1 };
		if (match_from(x, p, e + 1, i + 1, m))
			return TRUE;
		m->caps[n] = old;
		return FALSE;
	}
	kind_ends(x, v->kind, i, &ends);
	for (guint k = ends.n; k--; ) {
		guint end = ends.v[k];

		if (e + 1 == p->elems->len && goes_on(x, end))
			continue;
		m->caps[n] = (struct match_cap){ i, end };
		m->seen = MATCH_BY_ORIGIN;
		m->given = given || (end == i + 1 && match_is_ident(x, i) &&
				     !(match_kinds(x, i) & MATCH_DECLARED(
						kind_index(x, v->kind))));
		if (match_from(x, p, e + 1, end, m))
			return TRUE;
	}
	m->caps[n] = old;
	m->seen = seen;
	m->given = given;
	return FALSE;
}

static gboolean match_from(const struct match_engine *x,
			   const struct lint_pattern *p, guint e, guint i,
			   struct match *m)
{
	for (; e < p->elems->len; e++, i++) {
		const struct lint_elem *el = &g_array_index(p->elems,
						struct lint_elem, e);

		if (++m->steps > MAX_STEPS)
			return FALSE;
		if (el->el == EL_ANY)
			return match_any(x, p, e, i, m);
		if (el->el == EL_VAR)
			return match_var(x, p, e, i, m);
		if (!match_is(x, i, el->text)) {
			const struct token *t;

			if (i >= x->v->n_sig)
				return FALSE;
			t = match_tok(x, i);
			/* Numbers and literals: their bytes. */
			if (t->kind == TOK_IDENT || t->kind == TOK_PUNCT ||
			    t->len != strlen(el->text) ||
			    memcmp(x->v->text + t->off, el->text, t->len))
				return FALSE;
		}
	}
	m->end = i;
	return TRUE;
}

gboolean match_at(const struct match_engine *x, const struct lint_pattern *p,
			 guint i, struct match *m)
{
	memset(m, 0, sizeof(*m));
	if (p->vars->len > G_N_ELEMENTS(m->caps))
		return FALSE;
	/* "x->f(" is a member of that name, not the function. */
	if (i && (match_is(x, i - 1, "->") || match_is(x, i - 1, ".")) &&
	    !match_is(x, i, ".") && !match_is(x, i, "->"))
		return FALSE;
	return match_from(x, p, 0, i, m);
}

gboolean match_tokens(const struct match_engine *x,
		      const struct lint_pattern *p, guint i)
{
	struct match m;

	memset(&m, 0, sizeof(m));
	return match_from(x, p, 0, i, &m);
}
