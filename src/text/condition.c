// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the conditional directives of a file up to a place.  Each open #if
 * is a conjunction: the arms before the one that is open, negated, and that
 * one.
 */
#include <glib.h>
#include <string.h>

#include "text/condition.h"

struct open_if {
	GString *before;	/* "!(A) && !(B)", of the arms that are over */
	char *now;		/* the arm that is open; NULL: #else */
	gboolean guard;		/* the file's include guard */
};

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

static void open_free(struct open_if *o)
{
	g_string_free(o->before, TRUE);
	g_free(o->now);
	g_free(o);
}

static void arm_ends(struct open_if *o)
{
	char *n;

	if (!o->now)
		return;
	n = negated(o->now);
	g_string_append_printf(o->before, "%s%s", o->before->len ? " && " : "",
			       n);
	g_clear_pointer(&o->now, g_free);
	g_free(n);
}

static char *condition_of(const struct token_list *l, size_t name)
{
	size_t arg = next(l, name + 1);
	char *r = rest(l, arg), *s;

	if (tok_is(l, name, "ifdef") || tok_is(l, name, "elifdef"))
		s = g_strdup_printf("defined(%s)", r);
	else if (tok_is(l, name, "ifndef") || tok_is(l, name, "elifndef"))
		s = g_strdup_printf("!defined(%s)", r);
	else
		return r;
	g_free(r);
	return s;
}

static void directive(const struct token_list *l, size_t name,
		      GPtrArray *stack, gboolean first)
{
	struct open_if *o = stack->len ? stack->pdata[stack->len - 1] : NULL;

	if (tok_is(l, name, "if") || tok_is(l, name, "ifdef") ||
	    tok_is(l, name, "ifndef")) {
		char *guard;

		o = g_new0(struct open_if, 1);
		o->before = g_string_new(NULL);
		o->now = condition_of(l, name);
		guard = first ? asked_for(o->now) : NULL;
		o->guard = defines_next(l, name, guard);
		g_free(guard);
		g_ptr_array_add(stack, o);
	} else if (!o) {
		return;
	} else if (tok_is(l, name, "elif") || tok_is(l, name, "elifdef") ||
		   tok_is(l, name, "elifndef")) {
		arm_ends(o);
		o->guard = FALSE;
		o->now = condition_of(l, name);
	} else if (tok_is(l, name, "else")) {
		arm_ends(o);
		o->guard = FALSE;
	} else if (tok_is(l, name, "endif")) {
		g_ptr_array_remove_index(stack, stack->len - 1);
	}
}

char *condition_at(const struct token_list *l, size_t off)
{
	GPtrArray *stack = g_ptr_array_new_with_free_func((GDestroyNotify)
							  open_free);
	gboolean bol = TRUE, first = TRUE;
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < l->n && l->v[i].off <= off; i++) {
		if (l->v[i].kind == TOK_NEWLINE) {
			bol = TRUE;
		} else if (next(l, i) == i) {
			size_t name = next(l, i + 1);

			if (bol && l->v[i].ctx == CTX_DIRECTIVE &&
			    tok_is(l, i, "#") && name < l->n)
				directive(l, name, stack, first);
			first = FALSE;
			bol = FALSE;
		}
	}
	for (guint i = 0; i < stack->len; i++) {
		const struct open_if *o = stack->pdata[i];

		if (o->guard)
			continue;
		if (o->before->len)
			g_string_append_printf(s, "%s%s", s->len ? " && " : "",
					       o->before->str);
		if (o->now)
			g_string_append_printf(s, is_tight(o->now) ? "%s%s" :
					       "%s(%s)", s->len ? " && " : "",
					       o->now);
	}
	g_ptr_array_free(stack, TRUE);
	return g_string_free(s, FALSE);
}
