// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comments that a conversion of an op makes untrue.  The parameters in a
 * callback's kernel-doc follow its signature; where a sentence still speaks of
 * the op, or of a parameter that is gone, the author is told: what it should
 * say is no business of a rule.
 */
#include <string.h>

#include "convert/op/op.h"

/* The kernel-doc right before the declaration, as a token; toks.n: none. */
static gsize document_of(const struct opplace *p)
{
	const struct source *s = p->s;

	for (gsize i = p->name; i-- > 0; ) {
		const struct token *t = &s->toks.v[i];

		if (t->kind == TOK_COMMENT && t->len > 3 &&
		    !memcmp(s->text + t->off, "/**", 3))
			return i;
		if (t->ctx == CTX_DIRECTIVE || source_is(s, i, ";") ||
		    source_is(s, i, "}"))
			break;
	}
	return s->toks.n;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "\n * @NAME:" in the comment from @from to @to: where "@" stands, or 0. */
static gsize find_param(const char *text, gsize from, gsize to,
			const char *name, gsize len)
{
	for (gsize i = from; i + len + 2 < to; i++) {
		gsize b = i;

		if (text[i] != '@' || memcmp(text + i + 1, name, len) ||
		    text[i + 1 + len] != ':')
			continue;
		while (b > from && (is_blank(text[b - 1]) ||
				    text[b - 1] == '*'))
			b--;
		if (text[b - 1] == '\n')
			return i;
	}
	return 0;
}

static gsize next_line(const char *text, gsize i, gsize to)
{
	const char *nl = memchr(text + i, '\n', to - i);

	return nl ? (gsize)(nl + 1 - text) : to;
}

/* Behind the lines that belong to the parameter that is described at @at. */
static gsize param_end(const char *text, gsize at, gsize to)
{
	gsize i = next_line(text, at, to);

	while (i < to) {
		gsize b = i;

		while (b < to && (is_blank(text[b]) || text[b] == '*'))
			b++;
		if (text[b] == '\n' || text[b] == '@' || text[b] == '/')
			break;
		i = next_line(text, i, to);
	}
	return i;
}

void op_edit_document(struct opc *o, const struct opplace *p)
{
	const struct source *s = p->s;
	gsize doc = document_of(p), from, to;
	gboolean first = TRUE;

	if (doc >= s->toks.n || !o->document)
		return;
	from = s->toks.v[doc].off;
	to = source_end(s, doc);
	for (guint n = 0; n < o->keeps; n++) {
		const struct token *t = &s->toks.v[p->param[n]];
		gsize at = p->param[n] ? find_param(s->text, from, to,
					s->text + t->off, t->len) : 0;
		gsize end;

		if (!at)
			continue;
		end = param_end(s->text, at, to);
		if (first) {
			gsize gap = at + 2 + t->len, word = gap;
			char *text;

			while (is_blank(s->text[word]))
				word++;
			text = g_strdup_printf("@%s:%.*s%s\n", o->state_name,
					       (int)(word - gap), s->text + gap,
					       o->document);

			convert_put_edit(o->c, s, at, end, text, "document");
			g_free(text);
		} else {
			gsize line = at;

			while (s->text[line - 1] != '\n')
				line--;
			convert_put_edit(o->c, s, line, end, "", "document");
		}
		first = FALSE;
	}
}

static void note(struct opc *o, const struct source *s, gsize off,
		 char *text)
{
	note_add(o->c->res->notes, s, off, text);
}

/*
 * "@NAME" of a parameter that is gone, in a kernel-doc's sentences; and what the
 * document said of it.
 */
static void note_params(struct opc *o, const struct opfn *f,
			const struct opplace *p)
{
	const struct source *s = p->s;
	gsize doc = document_of(p), from, to;

	if (doc >= s->toks.n)
		return;
	from = s->toks.v[doc].off;
	to = source_end(s, doc);
	for (gsize i = from; i < to; i++)
		for (guint n = 0; n < o->keeps && s->text[i] == '@'; n++) {
			const struct token *t = &s->toks.v[p->param[n]];
			gsize end = i + 1 + t->len, eol;

			if (!p->param[n] || end >= to ||
			    memcmp(s->text + i + 1, s->text + t->off, t->len) ||
			    source_is_word(s->text[end]))
				continue;
			if (!edit_touches(o->c->edits, s->file, i, i + 1,
					  NULL)) {
				note(o, s, i, g_strdup_printf("the document of %s() speaks of @%.*s, which is no parameter any more",
							      f->name, (int)t->len,
							      s->text + t->off));
				continue;
			}
			while (s->text[end] == ':' || is_blank(s->text[end]))
				end++;
			eol = next_line(s->text, end, to) - 1;
			note(o, s, i, g_strdup_printf("the document of %s() loses what it says of @%.*s: %.*s",
						      f->name, (int)t->len,
						      s->text + t->off,
						      (int)(eol - end),
						      s->text + end));
		}
}

/* A comment among the parameters that are gone. */
static void note_lost(struct opc *o, const struct opplace *p)
{
	const struct source *s = p->s;

	for (gsize i = p->first[0]; i < p->first[o->keeps]; i++)
		if (s->toks.v[i].kind == TOK_COMMENT)
			note(o, s, s->toks.v[i].off, g_strdup_printf("the comment goes with the parameter: %.*s",
							(int)s->toks.v[i].len,
							s->text + s->toks.v[i].off));
}

void op_note_comments(struct opc *o)
{
	struct convert *c = o->c;

	for (guint i = 0; i < o->fn_list->len; i++) {
		const struct opfn *f = o->fn_list->pdata[i];

		for (guint k = 0; k < f->places->len && !f->refused; k++) {
			note_params(o, f, f->places->pdata[k]);
			note_lost(o, f->places->pdata[k]);
		}
	}
	for (guint i = 0; i < c->sites->len && o->converted && !o->refused;
	     i++) {
		const struct site *s = c->sites->pdata[i];
		const struct source *src;

		if (strcmp(s->symbol, o->member) || s->ctx != SITE_COMMENT ||
		    edit_touches(c->edits, s->file, s->off,
				 s->off + strlen(s->symbol), NULL))
			continue;
		src = convert_source(c, s->file);
		if (src)
			note(o, src, s->off, g_strdup_printf("the comment speaks of %s, which is gone",
							     o->member));
	}
	g_ptr_array_sort(c->res->notes, note_compare);
}
