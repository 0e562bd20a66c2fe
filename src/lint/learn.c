// SPDX-License-Identifier: GPL-2.0-only
/*
 * Learn which names of a function are of a kind: by their declaration, by the
 * call whose result they were given last, or by what lint.ini says of a macro's
 * parameters.  This is no data flow: it goes down the text once, knows no
 * branches, and forgets all at the next thing that starts in column 1.
 */
#include <stdio.h>
#include <string.h>

#include "lint/match.h"

static void bind(struct match_engine *x, guint i, guint32 bit)
{
	GHashTable *t = x->in_macro ? x->macro : x->func;
	char name[128];
	guint32 mask = match_kinds(x, i) | bit;

	g_hash_table_insert(t, g_strdup(match_text(x, i, name, sizeof(name))),
			    GUINT_TO_POINTER(mask));
}

static void unbind(struct match_engine *x, guint i, guint kind)
{
	GHashTable *t = x->in_macro ? x->macro : x->func;
	guint32 mask = match_kinds(x, i);
	char name[128];

	if (mask & MATCH_ASSIGNED(kind))
		g_hash_table_insert(t, g_strdup(match_text(x, i, name,
						     sizeof(name))),
				    GUINT_TO_POINTER(mask & ~MATCH_ASSIGNED(kind)));
}

static gboolean ends_declarator(const struct match_engine *x, guint i)
{
	return match_is(x, i, ",") || match_is(x, i, ";") || match_is(x, i, "=") ||
	       match_is(x, i, ")");
}

/* The last token of the type "struct page *" that starts at @i; 0: another. */
static guint type_end(const struct match_engine *x, guint i, char **types)
{
	for (; *types; types++) {
		const char *word = *types;
		guint at = i;

		for (;;) {
			gsize n = strcspn(word, " ");
			const struct token *t = at < x->v->n_sig ? match_tok(x, at) :
						NULL;

			if (!t || t->len != n ||
			    memcmp(x->v->text + t->off, word, n))
				break;
			if (!word[n])
				return at;
			word += n + 1;
			at++;
		}
	}
	return 0;
}

/* The kind of pointers to a kind, such as of arrays of it; -1: none. */
static int pointers_of(const struct match_engine *x, guint kind)
{
	for (guint i = 0; i < x->rules->kinds->len; i++) {
		const struct lint_kind *k = x->rules->kinds->pdata[i];

		if (k->address == x->rules->kinds->pdata[kind])
			return i;
	}
	return -1;
}

/* "TYPE a, b = x, c[3];": all of them; @i is the last token of the type. */
static void take_declaration(struct match_engine *x, guint i, guint kind)
{
	guint stop = MIN(i + 40, x->v->n_sig);
	gboolean pointer = match_is(x, i, "*");
	int array = pointers_of(x, kind);

	for (i++; i < stop && match_is_ident(x, i); ) {
		if (ends_declarator(x, i + 1))
			bind(x, i, MATCH_DECLARED(kind));
		else if (match_is(x, i + 1, "[") && array >= 0)
			bind(x, i, MATCH_DECLARED(array));
		else
			return;
		for (i++; i < stop && !match_is(x, i, ",") &&
		     !match_is(x, i, ";") && !match_is(x, i, ")"); i++)
			if (match_is(x, i, "(") || match_is(x, i, "{") ||
			    match_is(x, i, "[")) {
				guint close = match_skip_brackets(x, i);

				if (!close)
					return;
				i = close - 1;
			}
		if (!match_is(x, i, ","))
			return;
		i++;
		if (pointer && !match_is(x, i++, "*"))
			return;
	}
}

static gboolean is_tested(const struct match_engine *x, guint i)
{
	static const char *const before[] = {
		"if", "while", "likely", "unlikely", "WARN_ON", "WARN_ON_ONCE",
		"BUG_ON", "VM_BUG_ON", "IS_ERR", "IS_ERR_OR_NULL", "assert",
	};

	if (match_is(x, i + 1, "?") || match_is(x, i + 1, "==") || match_is(x, i + 1, "!=") ||
	    match_is(x, i + 1, "&&") || match_is(x, i + 1, "||"))
		return TRUE;
	if (!i)
		return FALSE;
	if (match_is(x, i - 1, "!") || match_is(x, i - 1, "&&") || match_is(x, i - 1, "||") ||
	    match_is(x, i - 1, "==") || match_is(x, i - 1, "!="))
		return TRUE;
	if (i < 2 || !match_is(x, i - 1, "("))
		return FALSE;
	for (guint k = 0; k < G_N_ELEMENTS(before); k++)
		if (match_is(x, i - 2, before[k]))
			return TRUE;
	return FALSE;
}

/* "v = call(...)": what v is from now on. */
static void take_assignment(struct match_engine *x, guint i)
{
	guint e = i + 2, close;
	gboolean tested = i && match_is(x, i - 1, "(");

	/* Through a cast. */
	if (match_is(x, e, "(")) {
		close = match_skip_brackets(x, e);
		if (close && match_is_ident(x, close))
			e = close;
	}
	for (guint k = 0; k < x->rules->kinds->len; k++) {
		const struct lint_kind *kind = x->rules->kinds->pdata[k];

		if (!kind->assigned[0])
			continue;
		close = match_is(x, e + 1, "(") ? match_skip_brackets(x, e + 1) : 0;
		if (close && match_yields(x, kind, kind->assigned, e) &&
		    !match_call_is_none(x, kind, e + 1, close) &&
		    !(tested && kind->until_tested))
			bind(x, i, MATCH_ASSIGNED(k));
		else
			unbind(x, i, k);
	}
}

/* "#define NAME(a, b)": the parameters that data says are of a kind. */
static void take_define(struct match_engine *x, guint i)
{
	guint n = 1;

	g_hash_table_remove_all(x->macro);
	if (!match_is(x, i + 1, "("))
		return;
	for (guint e = i + 2; e < x->v->n_sig && !match_is(x, e, ")") &&
	     match_tok(x, e)->ctx == CTX_MACRO_NAME; e++) {
		if (match_is(x, e, ",")) {
			n++;
			continue;
		}
		for (guint k = 0; k < x->rules->kinds->len; k++) {
			const struct lint_kind *kind = x->rules->kinds->pdata[k];

			for (char **s = kind->params; *s; s++) {
				char name[128], *want;

				want = g_strdup_printf("%s:%u",
					match_text(x, i, name, sizeof(name)), n);
				if (!strcmp(want, *s)) {
					gboolean was = x->in_macro;

					x->in_macro = TRUE;
					bind(x, e, MATCH_DECLARED(k));
					x->in_macro = was;
				}
				g_free(want);
			}
		}
	}
}

/* Is it the name behind "#define"? */
static gboolean is_defined(const struct match_engine *x, guint i)
{
	const struct token_list *l = &x->v->toks;
	gsize k = x->v->sig[i];

	while (k && l->v[k - 1].kind <= TOK_COMMENT)
		k--;
	return k && tok_is(l, k - 1, "define");
}

static gboolean starts_top(const struct match_engine *x, guint i)
{
	const struct token *t = match_tok(x, i);

	return t->col == 1 && t->ctx == CTX_CODE &&
	       (match_is(x, i, "}") || (t->kind == TOK_IDENT && !match_is(x, i + 1, ":")));
}

/* ---- functions ---- */

/* What stands before the type that a function returns. */
static gboolean is_specifier(const struct match_engine *x, guint i)
{
	static const char *const words[] = {
		"static", "extern", "inline", "__inline", "__always_inline",
		"noinline", "asmlinkage", "const", "__init", "__ref",
		"__meminit", "__must_check", "__maybe_unused",
	};

	for (guint k = 0; k < G_N_ELEMENTS(words); k++)
		if (match_is(x, i, words[k]))
			return TRUE;
	return FALSE;
}

/* "static TYPE name(": the type, as "struct page *"; @i is in column 1. */
static char *result_type(const struct match_engine *x, guint i)
{
	GString *s = g_string_new(NULL);
	guint stop = MIN((guint64)i + 16, x->v->n_sig);
	char word[128];

	for (; i + 1 < stop && !match_is(x, i + 1, "("); i++) {
		if (!match_is_ident(x, i) && !match_is(x, i, "*"))
			break;
		if (is_specifier(x, i))
			continue;
		if (s->len && s->str[s->len - 1] != '*')
			g_string_append_c(s, ' ');
		g_string_append(s, match_text(x, i, word, sizeof(word)));
	}
	if (i + 1 >= stop || !match_is(x, i + 1, "(") || !s->len)
		g_string_truncate(s, 0);
	return g_string_free(s, FALSE);
}

static void take_top(struct match_engine *x, guint i)
{
	char *type;

	g_hash_table_remove_all(x->func);
	type = result_type(x, i);
	/* "name(" in column 1: its type stood on the line before. */
	if (*type || !match_is(x, i + 1, "(")) {
		g_free(x->returns);
		x->returns = type;
	} else {
		g_free(type);
	}
}

/* Is what a body returns at @i, behind "return", NULL or an allocation? */
static gboolean returns_null(const struct match_engine *x, guint i, guint end,
			     GHashTable *given)
{
	char name[128];

	if (match_is_ident(x, i) && match_is(x, i + 1, ";") &&
	    g_hash_table_contains(given, match_text(x, i, name, sizeof(name))))
		return TRUE;
	for (; i < end && !match_is(x, i, ";"); i++)
		if (match_is(x, i, "NULL") && !match_is(x, i - 1, "==") &&
		    !match_is(x, i - 1, "!="))
			return TRUE;
	return FALSE;
}

/* May the body, tokens @i to @end, return NULL? */
static gboolean body_may_fail(struct match_engine *x,
			      const struct lint_kind *k, guint i, guint end)
{
	GHashTable *given = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	gboolean yes = FALSE;
	char name[128];

	for (; i < end && !yes; i++) {
		guint e = i + (match_is(x, i, "return") ? 1 : 2);
		gboolean call = match_yields(x, k, k->calls, e) &&
				match_is(x, e + 1, "(");
		guint close = call ? match_skip_brackets(x, e + 1) : 0;

		call = close && !match_call_is_none(x, k, e + 1, close);
		if (match_is(x, i, "return"))
			yes = (call && match_is(x, close, ";")) ||
			      returns_null(x, e, end, given);
		else if (call && match_is_ident(x, i) &&
			 match_is(x, i + 1, "="))
			g_hash_table_add(given, g_strdup(match_text(x, i, name,
							sizeof(name))));
	}
	g_hash_table_destroy(given);
	return yes;
}

void match_learn_may_fail(struct match_engine *x)
{
	const struct lint_kind *k = NULL;
	char name[128];

	for (guint i = 0; i < x->rules->kinds->len && !k; i++) {
		k = x->rules->kinds->pdata[i];
		if (!k->may_fail)
			k = NULL;
	}
	for (guint i = 0; k && i + 1 < x->v->n_sig; i++) {
		guint body, end;

		if (!match_is_ident(x, i) || !match_is(x, i + 1, "("))
			continue;
		body = x->v->close[i + 1];
		/* A function's brace stands in column 1. */
		if (!body || !match_is(x, body, "{") ||
		    match_tok(x, body)->col != 1)
			continue;
		end = x->v->close[body];
		if (body_may_fail(x, k, body, end ? end : x->v->n_sig))
			g_hash_table_add(x->may_fail, g_strdup(match_text(x, i,
						name, sizeof(name))));
	}
}

void match_learn(struct match_engine *x, guint i)
{
	const struct token *t = match_tok(x, i);

	if (t->ctx == CTX_MACRO_NAME) {
		if (is_defined(x, i))
			take_define(x, i);
		return;
	}
	x->in_macro = t->ctx == CTX_MACRO_BODY;
	if (starts_top(x, i))
		take_top(x, i);
	if (t->kind != TOK_IDENT)
		return;
	for (guint k = 0; k < x->rules->kinds->len; k++) {
		const struct lint_kind *kind = x->rules->kinds->pdata[k];

		guint type = type_end(x, i, kind->types);

		if (type)
			take_declaration(x, type, k);
		for (guint b = 0; b < kind->binds->len; b++) {
			const struct lint_pattern *p = kind->binds->pdata[b];
			const struct lint_elem *first = &g_array_index(
						p->elems, struct lint_elem, 0);
			struct match m;

			if ((first->el == EL_VAR || match_is(x, i, first->text)) &&
			    match_at(x, p, i, &m))
				bind(x, m.caps[0].from, MATCH_ASSIGNED(k));
		}
		if (kind->until_tested && is_tested(x, i))
			unbind(x, i, k);
	}
	if (match_is(x, i + 1, "=") && !(i && (match_is(x, i - 1, "->") ||
					 match_is(x, i - 1, "."))))
		take_assignment(x, i);
}
