// SPDX-License-Identifier: GPL-2.0-only
/*
 * A view is the text that is judged: a whole file, or one hunk of a patch.  It
 * knows the lines that the change adds, its tokens, and which function a line
 * is in.  Findings are made here, too.
 */
#include <string.h>

#include "lint/pipeline.h"

struct lint_view *lint_view_new(const char *file, char *text, gsize size,
				guint first)
{
	struct lint_view *v = g_new0(struct lint_view, 1);
	struct lint_line l = { .no = first };

	v->file = g_strdup(file);
	v->text = text;
	v->size = size;
	v->lines = g_array_new(FALSE, FALSE, sizeof(struct lint_line));
	do {
		const char *nl = memchr(text + l.off, '\n', size - l.off);

		g_array_append_val(v->lines, l);
		l.off = nl ? nl + 1 - text : (gssize)size;
		l.no++;
	} while (l.off < size);
	return v;
}

void lint_view_free(gpointer p)
{
	struct lint_view *v = p;

	if (!v)
		return;
	lint_view_free(v->old);
	g_free(v->section);
	if (v->lexed) {
		lex_free(&v->toks);
		g_free(v->sig);
		g_free(v->close);
	}
	g_array_free(v->lines, TRUE);
	g_free(v->file);
	g_free(v->text);
	g_free(v->orig);
	g_free(v);
}

/* A hunk may begin inside a comment: blank out what is the rest of one. */
static void blank_comment(struct lint_view *v)
{
	char *open = g_strstr_len(v->text, v->size, "/*");
	char *close = g_strstr_len(v->text, v->size, "*/");
	char *end = NULL;

	if (close && (!open || close < open)) {
		end = close + 2;
	} else if (!close && !open) {
		/* All lines " * text": the middle of one. */
		const char *p = v->text, *e = v->text + v->size;

		while (p < e) {
			const char *nl = memchr(p, '\n', e - p);

			while (p < e && (*p == ' ' || *p == '\t'))
				p++;
			if (p >= e || *p != '*' ||
			    (p + 1 < e && !strchr(" \t\n", p[1])))
				return;
			p = nl ? nl + 1 : e;
		}
		end = v->text + v->size;
	}
	if (end)
		v->orig = g_strndup(v->text, v->size);
	for (char *p = v->text; end && p < end; p++)
		if (*p != '\n')
			*p = ' ';
}

/* For each opening bracket the token behind its end, by depth alone. */
static void find_brackets(struct lint_view *v)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(guint32));

	v->close = g_new0(guint32, v->n_sig + 1);
	for (guint32 i = 0; i < v->n_sig; i++) {
		const struct token *t = &v->toks.v[v->sig[i]];
		char c = t->kind == TOK_PUNCT ? v->text[t->off] : 0;

		/* What starts in column 1 is in no bracket: one was left open. */
		if (t->col == 1 && t->kind == TOK_IDENT && t->ctx == CTX_CODE)
			g_array_set_size(open, 0);
		if (c == '(' || c == '[' || c == '{') {
			g_array_append_val(open, i);
		} else if ((c == ')' || c == ']' || c == '}') && open->len) {
			v->close[g_array_index(open, guint32,
					       open->len - 1)] = i + 1;
			g_array_set_size(open, open->len - 1);
		}
	}
	g_array_free(open, TRUE);
}

void lint_view_lex(struct lint_view *v)
{
	if (v->lexed)
		return;
	if (!v->whole)
		blank_comment(v);
	lex_c(v->text, v->size, &v->toks);
	v->sig = g_new(guint32, v->toks.n + 1);
	for (gsize i = 0; i < v->toks.n; i++) {
		const struct token *t = &v->toks.v[i];

		if (t->kind > TOK_COMMENT && !t->disabled &&
		    t->ctx != CTX_DIRECTIVE)
			v->sig[v->n_sig++] = i;
	}
	find_brackets(v);
	v->lexed = TRUE;
}

guint lint_view_line(const struct lint_view *v, gsize off)
{
	guint lo = 0, hi = v->lines->len;

	while (hi - lo > 1) {
		guint mid = lo + (hi - lo) / 2;

		if (g_array_index(v->lines, struct lint_line, mid).off <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

const char *lint_view_line_text(const struct lint_view *v, guint i, gsize *len)
{
	gsize off, end = v->size;

	i = MIN(i, v->lines->len - 1);
	off = g_array_index(v->lines, struct lint_line, i).off;
	if (i + 1 < v->lines->len)
		end = g_array_index(v->lines, struct lint_line, i + 1).off;
	if (end > off && v->text[end - 1] == '\n')
		end--;
	*len = end - off;
	return v->text + off;
}

/* The name before the first "(", of a function's head: "static int f(". */
static char *head_name(const char *s, gsize len)
{
	const char *paren = memchr(s, '(', len), *end, *from;

	if (!paren)
		return NULL;
	for (end = paren; end > s && (end[-1] == ' ' || end[-1] == '\t'); )
		end--;
	for (from = end; from > s && (g_ascii_isalnum(from[-1]) ||
				      from[-1] == '_'); )
		from--;
	return from < end ? g_strndup(from, end - from) : NULL;
}

/* "#define NAME" */
static char *macro_name(const char *s, gsize len)
{
	const char *end = s + len, *from;

	s = g_strstr_len(s, len, "define");
	if (!s)
		return NULL;
	for (s += strlen("define"); s < end && g_ascii_isspace(*s); )
		s++;
	for (from = s; s < end && (g_ascii_isalnum(*s) || *s == '_'); )
		s++;
	return g_strndup(from, s - from);
}

char *lint_view_function(const struct lint_view *v, guint line)
{
	gsize len;
	const char *s = lint_view_line_text(v, line, &len), *above;
	gsize n;

	/* Lines that go on: up to the "#define". */
	for (; line; line--, s = above, len = n) {
		above = lint_view_line_text(v, line - 1, &n);
		if (!n || above[n - 1] != '\\')
			break;
	}
	if (len && *s == '#')
		return macro_name(s, len);
	for (;; line--) {
		s = lint_view_line_text(v, line, &len);
		if (len && (g_ascii_isalpha(*s) || *s == '_') &&
		    memchr(s, '(', len))
			return head_name(s, len);
		if (!line || (len && *s == '}' && memchr(s, ';', len)))
			break;
		/* "}": what stands behind it is in no function. */
		if (len == 1 && *s == '}')
			break;
	}
	return !line && v->section ? head_name(v->section, strlen(v->section))
				   : NULL;
}

char *lint_squeeze(const char *s, gsize len)
{
	GString *out = g_string_sized_new(len + 1);

	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isspace(s[i]))
			g_string_append_c(out, s[i]);
	return g_string_free(out, FALSE);
}

gboolean lint_view_has(const struct lint_view *v, char **words)
{
	if (!words || !words[0])
		return TRUE;
	for (; *words; words++)
		if (memmem(v->text, v->size, *words, strlen(*words)))
			return TRUE;
	return FALSE;
}

/* ---- findings ---- */

void lint_finding_free(gpointer p)
{
	struct lint_finding *f = p;

	g_free(f->evidence);
	g_free(f->name);
	g_free(f->func);
	g_free(f->file);
	g_free(f->message);
	g_free(f->source);
	g_free(f->fix);
	g_free(f);
}

const char *lint_instead(const struct lint_rule *rule,
			 const struct lint_pattern *p, const char *file)
{
	gboolean elsewhere = rule->elsewhere[0] &&
			     lint_globs_match(rule->elsewhere, file);

	if (elsewhere && p && p->instead_elsewhere)
		return p->instead_elsewhere;
	if (p && p->instead)
		return p->instead;
	return elsewhere && rule->instead_elsewhere ? rule->instead_elsewhere :
						      rule->instead;
}

char *lint_message(const struct lint_rule *rule, const char *file,
		   const char *what, const char *instead)
{
	GString *s = g_string_new(what ? what : rule->what);

	if (rule->why)
		g_string_append_printf(s, ": %s", rule->why);
	if (!instead)
		instead = lint_instead(rule, NULL, file);
	if (instead)
		g_string_append_printf(s, "; %s", instead);
	return g_string_free(s, FALSE);
}

struct lint_finding *lint_finding_at(const struct lint_rule *rule,
				     struct lint_view *v, guint line,
				     guint col, gsize len)
{
	struct lint_finding *f = g_new0(struct lint_finding, 1);
	const struct lint_line *l = &g_array_index(v->lines, struct lint_line,
					MIN(line, v->lines->len - 1));
	gsize n;
	const char *s = lint_view_line_text(v, line, &n);

	f->rule = rule;
	f->id = rule ? rule->id : NULL;
	f->severity = rule ? rule->severity : LINT_WARNING;
	f->file = g_strdup(v->file);
	f->line = l->no;
	f->line_index = MIN(line, v->lines->len - 1);
	f->added = l->added;
	f->col = col;
	f->end_col = col && col + len <= n + 1 ? col + len : 0;
	f->source = g_strndup(s, MIN(n, LINT_SOURCE_MAX));
	f->patch = v->patch;
	f->view = v;
	return f;
}

struct lint_finding *lint_finding_new(const struct lint_rule *rule,
				      struct lint_view *v, gsize off,
				      gsize len)
{
	guint line = lint_view_line(v, off);
	gsize n;
	const char *s = lint_view_line_text(v, line, &n);

	return lint_finding_at(rule, v, line, v->text + off - s + 1, len);
}

static gboolean ends_statement(char c)
{
	return c == ';' || c == '{' || c == '}';
}

void lint_view_statement(const struct lint_view *v, gsize off, guint *first,
			 guint *last)
{
	gsize from = off, to = off;

	while (from && !ends_statement(v->text[from - 1]))
		from--;
	while (from < off && g_ascii_isspace(v->text[from]))
		from++;
	while (to < v->size && !ends_statement(v->text[to]))
		to++;
	*first = lint_view_line(v, from);
	*last = lint_view_line(v, MIN(to, v->size - 1));
}
