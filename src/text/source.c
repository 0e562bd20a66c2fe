// SPDX-License-Identifier: GPL-2.0-only
/* Lexes the text of a file and finds the #defines in it. */
#include <string.h>

#include "text/source.h"

gboolean source_is_c(const char *file)
{
	return g_str_has_suffix(file, ".c") || g_str_has_suffix(file, ".h");
}

char *source_arch(const char *file)
{
	const char *end;

	if (!g_str_has_prefix(file, "arch/"))
		return NULL;
	end = strchr(file + 5, '/');
	return end ? g_strndup(file + 5, end - file - 5) : NULL;
}

static void macro_free(gpointer p)
{
	struct source_macro *m = p;

	g_free(m->name);
	g_strfreev(m->params);
	g_free(m);
}

static gsize next(const struct token_list *l, gsize i)
{
	return tok_skip(l, i + 1);
}

static char *text_of(const struct token_list *l, gsize i)
{
	char scratch[256];
	gsize len;
	const char *s = tok_text(l, i, &len, scratch, sizeof(scratch));

	return g_strndup(s, len);
}

/* @i is the "define" of a #define: take the macro, or NULL. */
static struct source_macro *take_macro(struct source *s, gsize i)
{
	const struct token_list *l = &s->toks;
	struct source_macro *m;
	GPtrArray *params = NULL;
	gsize end;

	i = next(l, i);
	if (i >= l->n || l->v[i].kind != TOK_IDENT)
		return NULL;
	m = g_new0(struct source_macro, 1);
	m->in = s;
	m->name = text_of(l, i);
	m->name_off = l->v[i].off;
	i++;
	if (i < l->n && tok_is(l, i, "(")) {
		params = g_ptr_array_new();
		for (i = next(l, i); i < l->n && !tok_is(l, i, ")") &&
		     l->v[i].kind != TOK_NEWLINE; i = next(l, i))
			if (l->v[i].kind == TOK_IDENT || tok_is(l, i, "..."))
				g_ptr_array_add(params, text_of(l, i));
		g_ptr_array_add(params, NULL);
		m->params = (char **)g_ptr_array_free(params, FALSE);
		i++;
	}
	while (i < l->n && (l->v[i].kind == TOK_SPACE ||
			    l->v[i].kind == TOK_SPLICE))
		i++;
	for (end = i; end < l->n && l->v[end].kind != TOK_NEWLINE; end++)
		;
	m->first = i;
	m->last = end;
	m->body = i < l->n ? l->v[i].off : l->size;
	m->body_end = end < l->n ? l->v[end].off : l->size;
	return m;
}

struct source *source_new(const char *file, char *text, gsize size)
{
	struct source *s = g_new0(struct source, 1);

	s->text = text;
	s->size = size;
	s->file = g_strdup(file);
	s->arch = source_arch(file);
	lex_c(s->text, s->size, &s->toks);
	s->macros = g_ptr_array_new_with_free_func(macro_free);
	for (gsize i = 0; i < s->toks.n; i++) {
		struct source_macro *m;

		if (s->toks.v[i].ctx != CTX_DIRECTIVE ||
		    !tok_is(&s->toks, i, "define"))
			continue;
		m = take_macro(s, i);
		if (m)
			g_ptr_array_add(s->macros, m);
	}
	return s;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	lex_free(&s->toks);
	g_ptr_array_free(s->macros, TRUE);
	g_free(s->file);
	g_free(s->arch);
	g_free(s->text);
	g_free(s);
}

gsize source_token_at(const struct source *s, gsize off)
{
	gsize lo = 0, hi = s->toks.n;

	while (lo < hi) {
		gsize mid = lo + (hi - lo) / 2;

		if (s->toks.v[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

guint source_line(const struct source *s, gsize off)
{
	gsize i = source_token_at(s, MIN(off, s->size));
	guint line = 1;
	gsize from = 0;

	/* Lines are counted from the token that begins at @off or before. */
	if (i == s->toks.n || s->toks.v[i].off > off)
		i--;
	if (i < s->toks.n) {
		line = s->toks.v[i].line;
		from = s->toks.v[i].off;
	}
	for (; from < off && from < s->size; from++)
		line += s->text[from] == '\n';
	return line;
}

gsize source_next(const struct source *s, gsize i)
{
	return i < s->toks.n ? tok_skip(&s->toks, i + 1) : s->toks.n;
}

gsize source_prev(const struct source *s, gsize i)
{
	return i && i != SIZE_MAX ? tok_skip_back(&s->toks, i - 1) : SIZE_MAX;
}

gsize source_comment_before(const struct source *s, gsize i)
{
	while (i-- > 0) {
		int kind = s->toks.v[i].kind;

		if (kind == TOK_COMMENT)
			return i;
		if (kind != TOK_SPACE && kind != TOK_NEWLINE)
			break;
	}
	return SIZE_MAX;
}

gboolean source_is(const struct source *s, gsize i, const char *text)
{
	return i < s->toks.n && tok_is(&s->toks, i, text);
}

char *source_word(const struct source *s, gsize i)
{
	return g_strndup(s->text + s->toks.v[i].off, s->toks.v[i].len);
}

gsize source_end(const struct source *s, gsize i)
{
	return s->toks.v[i].off + s->toks.v[i].len;
}

/* +1 for a bracket that opens, -1 for one that closes. */
static int bracket(const struct source *s, gsize i)
{
	char b;

	if (s->toks.v[i].kind != TOK_PUNCT || s->toks.v[i].len != 1)
		return 0;
	b = s->text[s->toks.v[i].off];
	return strchr("([{", b) ? 1 : strchr(")]}", b) ? -1 : 0;
}

gsize source_close(const struct source *s, gsize i)
{
	for (int depth = 0; i < s->toks.n; i = source_next(s, i)) {
		depth += bracket(s, i);
		if (depth <= 0)
			return depth ? SIZE_MAX : i;
	}
	return SIZE_MAX;
}

gsize source_open(const struct source *s, gsize i)
{
	for (int depth = 0; i != SIZE_MAX; i = source_prev(s, i)) {
		depth += bracket(s, i);
		if (depth >= 0)
			return depth ? SIZE_MAX : i;
	}
	return SIZE_MAX;
}

gsize source_call_around(const struct source *s, gsize i, const char *name)
{
	for (i = source_prev(s, i); i != SIZE_MAX; i = source_prev(s, i)) {
		gsize before;

		if (source_is(s, i, ")")) {
			i = source_open(s, i);
			if (i == SIZE_MAX)
				break;
			continue;
		}
		if (source_is(s, i, ";") || source_is(s, i, "{"))
			break;
		if (!source_is(s, i, "("))
			continue;
		before = source_prev(s, i);
		if (before != SIZE_MAX && source_is(s, before, name))
			return before;
	}
	return SIZE_MAX;
}
