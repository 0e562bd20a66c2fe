// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the chain of conditional directives from a place outwards.  Each open
 * #if is a conjunction: the arms before the one that is open, negated, and that
 * one.
 */
#include <glib.h>
#include <string.h>

#include "text/condition.h"

static size_t next(const struct token_list *l, size_t i)
{
	while (i < l->n && (l->v[i].kind == TOK_SPACE ||
			    l->v[i].kind == TOK_SPLICE ||
			    l->v[i].kind == TOK_COMMENT))
		i++;
	return i;
}

/* What stands on the line from token @i on, blanks and comments as one blank. */
static char *rest(const struct token_list *l, size_t i)
{
	GString *s = g_string_new(NULL);
	gboolean blank = FALSE;

	for (; i < l->n && l->v[i].kind != TOK_NEWLINE; i++) {
		char scratch[256];
		const char *text;
		size_t len;

		if (next(l, i) != i) {
			blank = TRUE;
			continue;
		}
		if (blank && s->len)
			g_string_append_c(s, ' ');
		blank = FALSE;
		text = tok_text(l, i, &len, scratch, sizeof(scratch));
		g_string_append_len(s, text, len);
	}
	return g_string_free(s, FALSE);
}

/* An expression that stays one when "!" or "&&" stands beside it. */
static gboolean is_tight(const char *s)
{
	int depth = 0;

	for (; *s; s++) {
		if (*s == '(')
			depth++;
		else if (*s == ')')
			depth--;
		else if (!depth && !g_ascii_isalnum(*s) && *s != '_' &&
			 *s != '!')
			return FALSE;
	}
	return TRUE;
}

static char *negated(const char *s)
{
	if (*s == '!' && is_tight(s))
		return g_strdup(s + 1);
	return g_strdup_printf(is_tight(s) ? "!%s" : "!(%s)", s);
}

/* The name that "#ifndef NAME" or "#if !defined(NAME)" asks for, or NULL. */
static char *asked_for(const char *cond)
{
	gsize len;

	if (!g_str_has_prefix(cond, "!defined"))
		return NULL;
	cond += strlen("!defined");
	cond += strspn(cond, "( ");
	len = strspn(cond, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
	return cond[len + strspn(cond + len, ") ")] ? NULL :
	       g_strndup(cond, len);
}

/* Does "#define NAME" follow, with nothing but blanks between? */
static gboolean defines_next(const struct token_list *l, size_t i,
			     const char *name)
{
	if (!name)
		return FALSE;
	while (i < l->n && l->v[i].kind != TOK_NEWLINE)
		i++;
	i = tok_skip(l, i);
	if (i >= l->n || !tok_is(l, i, "#"))
		return FALSE;
	i = next(l, i + 1);
	if (i >= l->n || !tok_is(l, i, "define"))
		return FALSE;
	i = next(l, i + 1);
	return i < l->n && tok_is(l, i, name);
}

/* Append @more to the conjunction @s, in parentheses if it needs them. */
static void conjoin(GString *s, const char *more)
{
	g_string_append_printf(s, is_tight(more) ? "%s%s" : "%s(%s)",
			       s->len ? " && " : "", more);
}

/* What the directive with name @name asks; NULL: it is an #else. */
static char *condition_of(const struct token_list *l, size_t name)
{
	char *r, *s;

	if (tok_is(l, name, "else"))
		return NULL;
	r = rest(l, next(l, name + 1));
	if (tok_is(l, name, "ifdef") || tok_is(l, name, "elifdef"))
		s = g_strdup_printf("defined(%s)", r);
	else if (tok_is(l, name, "ifndef") || tok_is(l, name, "elifndef"))
		s = g_strdup_printf("!defined(%s)", r);
	else
		return r;
	g_free(r);
	return s;
}

/* Is the #if @c, which asks for @now, the include guard of the file? */
static gboolean is_guard(const struct token_list *l,
			 const struct token_cond *c, const char *now)
{
	char *name = tok_skip(l, 0) == c->hash ? asked_for(now) : NULL;
	gboolean guard = defines_next(l, c->name, name);

	g_free(name);
	return guard;
}

static gboolean opens(const struct token_list *l, const struct token_cond *c)
{
	return tok_is(l, c->name, "if") || tok_is(l, c->name, "ifdef") ||
	       tok_is(l, c->name, "ifndef");
}

/* The index of the last conditional directive at or before @off, or -1. */
static gssize last_before(const struct token_list *l, size_t off)
{
	size_t lo = 0, hi = l->n_cond;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->v[l->cond[mid].hash].off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (gssize)lo - 1;
}

char *condition_at(const struct token_list *l, size_t off)
{
	GArray *chain = g_array_new(FALSE, FALSE, sizeof(size_t));
	gssize last = last_before(l, off);
	GString *s = g_string_new(NULL);
	size_t at = TOKEN_NO_COND;

	if (last >= 0)
		at = tok_is(l, l->cond[last].name, "endif") ?
		     l->cond[last].up : (size_t)last;
	for (; at != TOKEN_NO_COND; at = l->cond[at].up)
		g_array_append_val(chain, at);
	/* From the outermost #if in; an arm that another follows is over. */
	for (guint i = chain->len; i-- > 0;) {
		const struct token_cond *c =
			&l->cond[g_array_index(chain, size_t, i)];
		const struct token_cond *in = i ?
			&l->cond[g_array_index(chain, size_t, i - 1)] : NULL;
		char *now = condition_of(l, c->name), *not;

		if (now && in && !opens(l, in)) {
			not = negated(now);
			g_string_append_printf(s, "%s%s",
					       s->len ? " && " : "", not);
			g_free(not);
		} else if (now && !(opens(l, c) && is_guard(l, c, now))) {
			conjoin(s, now);
		}
		g_free(now);
	}
	g_array_free(chain, TRUE);
	return g_string_free(s, FALSE);
}
