// SPDX-License-Identifier: GPL-2.0-only
/*
 * Works on one logical change at a time: the old line tells the column that a
 * backslash had and whether the line was too long already.  Only plain code is
 * broken: a line end would change what a directive means, and a comment's
 * lines have a form of their own.
 */
#include <string.h>

#include "edit.h"
#include "layout.h"
#include "lex.h"

#define TAB 8
#define LIMIT 80

static gsize width(const char *s, gsize len)
{
	gsize col = 0;

	for (gsize i = 0; i < len; i++) {
		if (s[i] == '\t')
			col += TAB - col % TAB;
		else if (s[i] != '\r' && ((unsigned char)s[i] & 0xc0) != 0x80)
			col++;
	}
	return col;
}

/* Is the line (without its newline) continued?  The backslash's offset, or -1. */
static gssize continuation(const char *s, gsize len)
{
	while (len && s[len - 1] == '\r')
		len--;
	return len && s[len - 1] == '\\' ? (gssize)len - 1 : -1;
}

static void pad_to(GString *out, gsize col, gsize want, gboolean tabs)
{
	if (col >= want) {
		g_string_append_c(out, ' ');
		return;
	}
	while (tabs && col + TAB - col % TAB <= want) {
		g_string_append_c(out, '\t');
		col += TAB - col % TAB;
	}
	for (; col < want; col++)
		g_string_append_c(out, ' ');
}

/* Put the backslash of a changed line back to the column that it had. */
static void align_backslash(GString *out, const char *line, gsize len,
			    gssize bs, const char *old, gsize old_len)
{
	gssize old_bs = continuation(old, old_len);
	gsize end = bs;
	gboolean tabs = FALSE;

	if (old_bs < 0) {
		g_string_append_len(out, line, len);
		return;
	}
	while (end && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	for (gssize i = old_bs; i > 0 && strchr(" \t", old[i - 1]); i--)
		tabs |= old[i - 1] == '\t';
	g_string_append_len(out, line, end);
	pad_to(out, width(line, end), width(old, old_bs), tabs);
	g_string_append_len(out, line + bs, len - bs);
}

struct place {		/* where a line may be broken: the blank at @at */
	gsize at, indent;
	int depth;
	gboolean comma, rest_fits;
};

static gboolean better(const struct place *a, const struct place *b)
{
	if (a->rest_fits != b->rest_fits)
		return a->rest_fits;
	if (a->depth != b->depth)
		return a->depth < b->depth;
	if (a->comma != b->comma)
		return a->comma;
	return a->at > b->at;
}

/* The blank of a binary operator that begins at @s ("| " of " | "), or 0. */
static gsize operator_blank(const char *s, gsize len)
{
	static const char *const ops[] = {
		" << ", " >> ", " | ", " & ", " + ", " && ", " || ", " ? ",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
		if (len >= strlen(ops[i]) &&
		    !strncmp(s, ops[i], strlen(ops[i])))
			return strlen(ops[i]) - 1;
	return 0;
}

/*
 * Where to break a line so that it fits: behind a comma or a binary operator,
 * as far out of parentheses as leaves the rest short enough, too.
 */
static gssize break_at(const char *s, gsize len, gsize *indent)
{
	struct place best = { 0 };
	gboolean found = FALSE;
	gsize cols[64], lead = 0;
	gint depth = 0;
	char quote = 0;

	while (lead < len && strchr(" \t", s[lead]))
		lead++;
	for (gsize i = 0; i < len; i++) {
		struct place p = { 0 };

		if (quote) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == quote)
				quote = 0;
			continue;
		}
		if (s[i] == '"' || s[i] == '\'') {
			quote = s[i];
		} else if (s[i] == '/' && i + 1 < len &&
			   strchr("*/", s[i + 1])) {
			break;
		} else if (s[i] == '(') {
			if (depth >= 0 && depth < 64)
				cols[depth] = width(s, i + 1);
			depth++;
		} else if (s[i] == ')') {
			depth--;
		} else if (s[i] == ',' && i + 1 < len && s[i + 1] == ' ') {
			p.at = i + 1;
			p.comma = TRUE;
		} else if (depth > 0 && operator_blank(s + i, len - i)) {
			p.at = i + operator_blank(s + i, len - i);
		}
		if (!p.at || depth >= 64 || width(s, p.at) > LIMIT)
			continue;
		p.depth = depth;
		p.indent = depth > 0 ? cols[depth - 1] : width(s, lead);
		p.rest_fits = p.indent + width(s + p.at + 1, len - p.at - 1) <=
			      LIMIT;
		if (!found || better(&p, &best))
			best = p;
		found = TRUE;
	}
	*indent = best.indent;
	return found ? (gssize)best.at : -1;
}

/* @eol: what ends the lines here. */
static void wrap(GString *out, const char *s, gsize len, const char *eol)
{
	gsize indent = 0;
	gssize at;
	GString *rest;

	if (width(s, len) <= LIMIT ||
	    (at = break_at(s, len, &indent)) < 0) {
		g_string_append_len(out, s, len);
		return;
	}
	g_string_append_len(out, s, at);
	g_string_append(out, eol);
	rest = g_string_new(NULL);
	pad_to(rest, 0, indent, TRUE);
	g_string_append_len(rest, s + at + 1, len - at - 1);
	/* No progress: the rest starts where the line did. */
	if (width(rest->str, rest->len) < width(s, len))
		wrap(out, rest->str, rest->len, eol);
	else
		g_string_append_len(out, rest->str, rest->len);
	g_string_free(rest, TRUE);
}

/* Is the line that starts at byte @start code that may be broken? */
static gboolean breakable(const struct token_list *l, gsize start)
{
	gsize lo = 0, hi = l->n;

	while (lo < hi) {
		gsize mid = lo + (hi - lo) / 2;

		if (l->v[mid].off + l->v[mid].len <= start)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < l->n && l->v[lo].off < start)
		return FALSE;	/* within a comment or a string */
	while (lo < l->n && l->v[lo].kind == TOK_SPACE)
		lo++;
	return lo >= l->n || l->v[lo].ctx == CTX_CODE;
}

static void lay_line(GString *out, const char *line, gsize len,
		     const char *old, gsize old_len, gboolean may_break)
{
	gssize bs = continuation(line, len);
	gboolean cr = len && line[len - 1] == '\r';

	if (bs >= 0) {
		align_backslash(out, line, len, bs, old, old_len);
	} else if (may_break && width(line, len) > width(old, old_len)) {
		wrap(out, line, len - cr, cr ? "\r\n" : "\n");
		g_string_append_len(out, line + len - cr, cr);
	} else {
		g_string_append_len(out, line, len);
	}
}

static gsize line_end(const char *text, gsize size, gsize at)
{
	const char *nl = memchr(text + at, '\n', size - at);

	return nl ? (gsize)(nl - text) : size;
}

char *layout_apply(const char *text, gsize size, const GPtrArray *edits,
		   gsize *new_size)
{
	GString *out = g_string_sized_new(size + 256);
	struct token_list toks;
	gsize at = 0;
	guint i = 0;

	lex_c(text, size, &toks);
	while (i < edits->len) {
		const struct edit *e = edits->pdata[i];
		gsize start = e->off, end;
		GString *line = g_string_new(NULL);

		while (start > 0 && text[start - 1] != '\n')
			start--;
		g_string_append_len(out, text + at, start - at);
		/* All edits that touch this line, and lines that they join. */
		at = start;
		end = line_end(text, size, e->off + e->len);
		for (; i < edits->len; i++) {
			e = edits->pdata[i];
			if (e->off > end)
				break;
			g_string_append_len(line, text + at, e->off - at);
			g_string_append(line, e->new_text);
			at = e->off + e->len;
			end = MAX(end, line_end(text, size, at));
		}
		g_string_append_len(line, text + at, end - at);
		if (!memchr(text + start, '\n', end - start) &&
		    !memchr(line->str, '\n', line->len))
			lay_line(out, line->str, line->len, text + start,
				 end - start, breakable(&toks, start));
		else
			g_string_append_len(out, line->str, line->len);
		at = end;
		g_string_free(line, TRUE);
	}
	g_string_append_len(out, text + at, size - at);
	lex_free(&toks);
	*new_size = out->len;
	return g_string_free(out, FALSE);
}
