// SPDX-License-Identifier: GPL-2.0-only
/*
 * A struct that is first named in a parameter list has the scope of that list:
 * it is another type than the one that is defined later, and a caller gets
 * "struct X * incompatible with struct X *".  Clang says so when the converted
 * text is read (-Wvisibility); the declaration then goes right before the one
 * that needs it, and nowhere else.  A header that comes before the typedef of
 * the handle cannot name that, and names the struct, too.
 */
#include <string.h>

#include "convert/handle/run.h"

#define RULE "driver/forward"

/* Line of @off in the converted text, as far as the edits before it tell. */
static guint new_line(const struct source *s, const GPtrArray *edits, gsize off)
{
	guint line = source_line(s, off);

	for (guint i = 0; i < edits->len; i++) {
		const struct edit *e = edits->pdata[i];

		if (e->off >= off)
			break;
		for (const char *p = e->new_text; *p; p++)
			line += *p == '\n';
		for (gsize k = 0; k < e->old_len; k++)
			line -= e->old_text[k] == '\n';
	}
	return line;
}

/* The edit that named @name nearest to @line of the converted text. */
static struct edit *culprit(const struct convert *c, const struct source *s,
			    const char *name, guint line)
{
	const GPtrArray *v = edit_of_file(c->edits, s->file);
	struct edit *best = NULL;
	guint far = 4;	/* lines that were broken in between */

	for (guint i = 0; v && i < v->len; i++) {
		struct edit *e = v->pdata[i];
		guint l = new_line(s, v, e->off);
		guint d = l > line ? l - line : line - l;

		if (strstr(e->new_text, name) && d < far &&
		    strcmp(e->rule, RULE)) {
			best = e;
			far = d;
		}
	}
	return best;
}

/* Where the declaration at file scope begins that holds @off, comment and all. */
static gsize declaration_start(const struct source *s, gsize off)
{
	gsize i = source_token_at(s, off), start = i;

	while (i-- > 0) {
		const struct token *t = &s->toks.v[i];

		if (t->kind == TOK_SPACE || t->kind == TOK_NEWLINE ||
		    t->kind == TOK_SPLICE)
			continue;
		if (t->kind == TOK_COMMENT) {
			start = i;
			continue;
		}
		if (t->ctx != CTX_CODE || tok_is(&s->toks, i, ";") ||
		    tok_is(&s->toks, i, "}") || tok_is(&s->toks, i, "{"))
			break;
		start = i;
	}
	/* A comment on the line of what stands before is not ours. */
	while (s->toks.v[start].kind == TOK_COMMENT &&
	       s->toks.v[start].col != 1)
		start = tok_skip(&s->toks, start);
	return s->toks.v[start].off;
}

static char *no_type(const struct convert *c)
{
	return g_strdup_printf("unknown type name '%s'", handle_of(c)->h->type);
}

/* The typedef is not there yet: name the struct that it stands for. */
static gboolean spell_out(struct convert *c, const struct source *s, guint line)
{
	struct edit *e = culprit(c, s, handle_of(c)->h->type, line);
	char *at;
	GString *t;

	if (!e || strcmp(e->rule, "driver/declaration"))
		return FALSE;
	at = strstr(e->old_text, handle_of(c)->h->old);
	if (!at)
		return FALSE;
	t = g_string_new_len(e->old_text, at - e->old_text);
	g_string_append(t, handle_of(c)->h->new);
	g_string_append(t, at + strlen(handle_of(c)->h->old));
	g_free(e->new_text);
	e->new_len = t->len;
	e->new_text = g_string_free(t, FALSE);
	return TRUE;
}

static gboolean is_wanted(const struct convert *c, const struct ast_diag *d)
{
	char *text = g_strdup_printf("declaration of 'struct %s' will not be visible",
				     handle_of(c)->h->new);
	char *type = no_type(c);
	gboolean yes = strstr(d->text, text) || strstr(d->text, type);

	g_free(type);
	g_free(text);
	return yes;
}

static gboolean is_warning(const struct ast_diag *d)
{
	return strstr(d->text, "will not be visible outside of this function") !=
	       NULL;
}

static gboolean add(struct convert *c, const struct ast_diag *d)
{
	struct source *s = g_hash_table_lookup(c->sources, d->file);
	const GPtrArray *v = s ? edit_of_file(c->edits, s->file) : NULL;
	const struct edit *e;
	char *text = no_type(c);
	gboolean untyped = strstr(d->text, text) != NULL;
	gsize at;

	g_free(text);
	if (untyped)
		return s && spell_out(c, s, d->line);
	e = s ? culprit(c, s, handle_of(c)->h->new, d->line) : NULL;
	if (!e)
		return FALSE;	/* it was there before */
	at = declaration_start(s, e->off);
	for (guint i = 0; i < v->len; i++) {
		const struct edit *x = v->pdata[i];

		if (x->off == at && !strcmp(x->rule, RULE))
			return FALSE;
	}
	text = g_strdup_printf("struct %s;\n", handle_of(c)->h->new);
	edit_add(c->edits, s->file, at, "", text, RULE);
	g_free(text);
	return TRUE;
}

enum shape_error handle_error(struct convert *c, const struct ast_diag *d)
{
	if (is_wanted(c, d) && add(c, d))
		return SHAPE_MENDED;
	return is_warning(d) ? SHAPE_IGNORE : SHAPE_TELL;
}
