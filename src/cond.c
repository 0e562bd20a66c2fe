// SPDX-License-Identifier: GPL-2.0-only
/* Conditions are read from the tokens of directives; nothing is evaluated. */
#include "cond.h"

#include <string.h>

struct arm {
	GString *before;	/* the arms before this one, negated: "!A && !B" */
	char *text;		/* this arm, or NULL for #else */
	gboolean guard;
};

static void arm_free(gpointer p)
{
	struct arm *a = p;

	g_string_free(a->before, TRUE);
	g_free(a->text);
	g_free(a);
}

/* The tokens from @i to the end of the directive, a blank for any space. */
static char *rest_of(const struct token_list *t, gsize i, gsize *end)
{
	GString *s = g_string_new(NULL);
	gboolean space = FALSE;

	for (; i < t->n && t->v[i].kind != TOK_NEWLINE; i++) {
		if (t->v[i].kind == TOK_SPACE || t->v[i].kind == TOK_SPLICE ||
		    t->v[i].kind == TOK_COMMENT) {
			space = TRUE;
			continue;
		}
		if (space && s->len)
			g_string_append_c(s, ' ');
		space = FALSE;
		g_string_append_len(s, t->buf + t->v[i].off, t->v[i].len);
	}
	*end = i;
	return g_string_free(s, FALSE);
}

static gboolean is_word(const char *s)
{
	for (; *s; s++)
		if (!g_ascii_isalnum(*s) && *s != '_')
			return FALSE;
	return TRUE;
}

static gboolean one_call(const char *s)
{
	const char *open = strchr(s, '(');

	return open && g_str_has_suffix(s, ")") && !strchr(open + 1, '(') &&
	       strchr(s, ')') == s + strlen(s) - 1 && !strpbrk(s, "&|<>=");
}

static char *negated(const char *s)
{
	if (*s == '!' && (is_word(s + 1) || one_call(s + 1)))
		return g_strdup(s + 1);
	return is_word(s) || one_call(s) ? g_strconcat("!", s, NULL)
					 : g_strconcat("!(", s, ")", NULL);
}

static void and(GString *s, const char *more)
{
	if (!*more)
		return;
	if (s->len)
		g_string_append(s, " && ");
	if (strstr(more, "||") && *more != '!')
		g_string_append_printf(s, "(%s)", more);
	else
		g_string_append(s, more);
}

/* Does "#define NAME" follow as the next directive, right behind @i? */
static gboolean defines_next(const struct token_list *t, gsize i,
			     const char *name)
{
	i = tok_skip(t, i);
	if (i >= t->n || !tok_is(t, i, "#"))
		return FALSE;
	i = tok_skip(t, i + 1);
	return i < t->n && tok_is(t, i, "define") &&
	       tok_is(t, tok_skip(t, i + 1), name);
}

static void open_arm(GPtrArray *stack, char *text, gboolean guard)
{
	struct arm *a = g_new0(struct arm, 1);

	a->before = g_string_new(NULL);
	a->text = text;
	a->guard = guard;
	g_ptr_array_add(stack, a);
}

static void next_arm(GPtrArray *stack, char *text)
{
	struct arm *a = stack->len ? stack->pdata[stack->len - 1] : NULL;
	char *not;

	if (!a) {
		g_free(text);
		return;
	}
	if (a->text) {
		not = negated(a->text);
		and(a->before, not);
		g_free(not);
		g_free(a->text);
	}
	a->text = text;
	a->guard = FALSE;
}

static void directive(GPtrArray *stack, const struct token_list *t, gsize i,
		      gboolean first)
{
	char *rest;
	gsize end;

	if (tok_is(t, i, "endif")) {
		if (stack->len)
			g_ptr_array_set_size(stack, stack->len - 1);
		return;
	}
	if (tok_is(t, i, "else")) {
		next_arm(stack, NULL);
		return;
	}
	if (!tok_is(t, i, "if") && !tok_is(t, i, "ifdef") &&
	    !tok_is(t, i, "ifndef") && !tok_is(t, i, "elif"))
		return;
	rest = rest_of(t, i + 1, &end);
	if (tok_is(t, i, "ifndef")) {
		char *not = negated(rest);

		open_arm(stack, not, first && defines_next(t, end, rest));
		g_free(rest);
	} else if (tok_is(t, i, "elif")) {
		next_arm(stack, rest);
	} else {
		open_arm(stack, rest, FALSE);
	}
}

char *cond_at(const struct token_list *t, gsize off)
{
	GPtrArray *stack = g_ptr_array_new_with_free_func(arm_free);
	GString *s = g_string_new(NULL);
	gboolean line_start = TRUE, first = TRUE;

	for (gsize i = 0; i < t->n && t->v[i].off < off; i++) {
		if (t->v[i].kind == TOK_NEWLINE) {
			line_start = TRUE;
			continue;
		}
		if (t->v[i].kind == TOK_SPACE || t->v[i].kind == TOK_COMMENT)
			continue;
		if (line_start && t->v[i].ctx == CTX_DIRECTIVE &&
		    tok_is(t, i, "#")) {
			gsize name = tok_skip(t, i + 1);

			/* A directive's own line stands outside of it. */
			if (name < t->n && t->v[name].off < off)
				directive(stack, t, name, first);
			first = FALSE;
		}
		line_start = FALSE;
	}
	for (guint i = 0; i < stack->len; i++) {
		const struct arm *a = stack->pdata[i];

		if (a->guard)
			continue;
		and(s, a->before->str);
		if (a->text)
			and(s, a->text);
	}
	g_ptr_array_free(stack, TRUE);
	return g_string_free(s, FALSE);
}
