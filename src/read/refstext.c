// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names in the text of a unit's files.  Walking the whole AST of a unit
 * would cost more than parsing it, and nearly all of it is headers without any
 * of the names.  So we look for the names first, then for the macros whose
 * bodies have one, then for the macros whose bodies have those, and so on: what
 * has none of these words (the "hot" ones) need not be walked.
 */
#include <stdlib.h>
#include <string.h>

#include "read/refs-internal.h"

/* Copy the word at token @i to @buf; FALSE if it is not a word, or too long. */
static gboolean word_at(const struct source *s, gsize i, char buf[128])
{
	char scratch[128];
	const char *text;
	gsize len;

	if (s->toks.v[i].kind != TOK_IDENT)
		return FALSE;
	text = tok_text(&s->toks, i, &len, scratch, sizeof(scratch));
	if (len >= 128)
		return FALSE;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return TRUE;
}

struct refs_place refs_place_of(const struct refs_file *f, gsize i)
{
	const struct token *t = &f->source->toks.v[i];

	return (struct refs_place){ f->name, t->line, t->off };
}

static void find_names(struct refs_walk *w, struct refs_file *f)
{
	const struct source *s = refs_source(w, f);
	char word[128];

	for (gsize i = 0; s && i < s->toks.n; i++) {
		struct refs_token_at *t;
		gpointer name;

		if (!word_at(s, i, word) ||
		    !g_hash_table_lookup_extended(w->words, word, &name, NULL))
			continue;
		t = g_new0(struct refs_token_at, 1);
		t->file = f;
		t->token = i;
		t->name = name;
		if (!f->tokens)
			f->tokens = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(f->tokens,
				    GSIZE_TO_POINTER(s->toks.v[i].off), t);
		g_ptr_array_add(w->tokens, t);
	}
}

static gboolean has_param(const struct source_macro *m, const char *word)
{
	return m->params && g_strv_contains((const char *const *)m->params,
					    word);
}

/* Does the body have a word of @hot that is not a parameter? */
static gboolean body_has(const struct source_macro *m, GHashTable *hot)
{
	char word[128];

	for (guint i = m->first; i < m->last; i++)
		if (word_at(m->in, i, word) && !has_param(m, word) &&
		    g_hash_table_contains(hot, word))
			return TRUE;
	return FALSE;
}

/* Add the macros of @f whose bodies have a hot word; their names to @found. */
static void add_macros(struct refs_walk *w, struct refs_file *f,
		       GPtrArray *found)
{
	for (guint i = 0; i < f->source->macros->len; i++) {
		const struct source_macro *text = f->source->macros->pdata[i];
		const struct refs_place at = { f->name, 0, text->name_off };
		struct refs_macro *m;
		GPtrArray *v;

		if (!body_has(text, w->hot) ||
		    refs_macro_at(w, text->name, &at))
			continue;
		m = g_new0(struct refs_macro, 1);
		m->file = f;
		m->text = text;
		v = g_hash_table_lookup(w->macros, text->name);
		if (!v) {
			v = g_ptr_array_new();
			g_hash_table_insert(w->macros, text->name, v);
		}
		g_ptr_array_add(v, m);
		if (!g_hash_table_contains(w->hot, text->name))
			g_ptr_array_add(found, text->name);
	}
}

struct refs_macro *refs_macro_at(const struct refs_walk *w, const char *name,
				 const struct refs_place *at)
{
	const GPtrArray *v = g_hash_table_lookup(w->macros, name);

	for (guint i = 0; v && i < v->len; i++) {
		struct refs_macro *m = v->pdata[i];

		if (m->text->name_off == at->off &&
		    !g_strcmp0(m->file->name, at->file))
			return m;
	}
	return NULL;
}

static gboolean text_has(const char *text, gsize size, const char *word)
{
	gsize len = strlen(word);
	const char *at = text;

	while ((at = memmem(at, text + size - at, word, len))) {
		if ((at == text || !source_is_word(at[-1])) &&
		    (at + len == text + size || !source_is_word(at[len])))
			return TRUE;
		at += len;
	}
	return FALSE;
}

/* Lex @f if its text has one of @words.  TRUE if it is lexed now or before. */
static gboolean lex_if_has(struct refs_walk *w, struct refs_file *f,
			   const GPtrArray *words)
{
	GMappedFile *m;
	gboolean has = FALSE;

	if (f->source)
		return TRUE;
	m = g_mapped_file_new(f->path, FALSE, NULL);
	if (!m)
		return FALSE;
	for (guint i = 0; i < words->len && !has; i++)
		has = g_mapped_file_get_length(m) &&
		      text_has(g_mapped_file_get_contents(m),
			       g_mapped_file_get_length(m), words->pdata[i]);
	g_mapped_file_unref(m);
	return has && refs_source(w, f);
}

static void find_hot(struct refs_walk *w, struct refs_file *f)
{
	const struct source *s = f->source;
	char word[128];

	f->hot = g_array_new(FALSE, FALSE, sizeof(gsize));
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize off = s->toks.v[i].off;

		if (s->toks.v[i].ctx == CTX_CODE && word_at(s, i, word) &&
		    g_hash_table_contains(w->hot, word))
			g_array_append_val(f->hot, off);
	}
}

void refs_find_tokens(struct refs_walk *w)
{
	GPtrArray *found = g_ptr_array_new();
	GHashTableIter it;
	gpointer word;

	for (guint i = 0; i < w->files->len; i++) {
		struct refs_file *f = w->files->pdata[i];

		if (f->wanted)
			find_names(w, f);
	}
	g_hash_table_iter_init(&it, w->words);
	while (g_hash_table_iter_next(&it, &word, NULL))
		g_hash_table_add(w->hot, word);
	for (guint i = 0; i < w->files->len; i++) {
		struct refs_file *f = w->files->pdata[i];

		if (f->source)
			add_macros(w, f, found);
	}
	while (found->len) {
		GPtrArray *words = found;

		found = g_ptr_array_new();
		for (guint i = 0; i < words->len; i++)
			g_hash_table_add(w->hot, words->pdata[i]);
		for (guint i = 0; i < w->files->len; i++) {
			struct refs_file *f = w->files->pdata[i];

			if (lex_if_has(w, f, words))
				add_macros(w, f, found);
		}
	}
	for (guint i = 0; i < w->files->len; i++) {
		struct refs_file *f = w->files->pdata[i];

		if (f->source && f->cx)
			find_hot(w, f);
	}
}

gboolean refs_is_hot(const struct refs_file *f, gsize start, gsize end)
{
	gsize lo = 0, hi = f->hot ? f->hot->len : 0;

	while (lo < hi) {
		gsize mid = lo + (hi - lo) / 2;

		if (g_array_index(f->hot, gsize, mid) < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return f->hot && lo < f->hot->len &&
	       g_array_index(f->hot, gsize, lo) < end;
}

void refs_expand(struct refs_walk *w, struct refs_macro *m,
		 struct refs_place at)
{
	const struct source *s = m->text->in;
	char word[128];

	if (m->expanded)
		return;
	m->expanded = TRUE;
	for (guint i = m->text->first; i < m->text->last; i++) {
		const struct refs_decl *d;
		const GPtrArray *v;

		if (!word_at(s, i, word) || has_param(m->text, word) ||
		    source_is(s, source_prev(s, i), "##") ||
		    source_is(s, source_next(s, i), "##"))
			continue;
		d = g_hash_table_contains(w->words, word) ?
			refs_macro_decl(w, word) : NULL;
		if (d && (!d->takes_arguments ||
			  source_is(s, source_next(s, i), "(")))
			refs_put(w, d, REFS_EXPANSION,
				 refs_place_of(m->file, i), at, NULL);
		v = g_hash_table_lookup(w->macros, word);
		for (guint k = 0; v && k < v->len; k++)
			refs_expand(w, v->pdata[k], at);
	}
}

/* Of the brackets around token @i, the innermost that opens before it. */
static gsize bracket_before(const struct source *s, gsize i)
{
	int depth = 0;

	for (i = source_prev(s, i); i != SIZE_MAX; i = source_prev(s, i)) {
		if (source_is(s, i, ")"))
			depth++;
		else if (source_is(s, i, "(") && !depth--)
			return i;
		else if (!depth && (source_is(s, i, ";") ||
				    s->toks.v[i].ctx == CTX_DIRECTIVE))
			break;
	}
	return SIZE_MAX;
}

gboolean refs_is_operand(const struct source *s, gsize token,
			 const char *const *words)
{
	for (gsize i = bracket_before(s, token); i != SIZE_MAX;
	     i = bracket_before(s, i)) {
		gsize name = source_prev(s, i);

		for (guint k = 0; name != SIZE_MAX && words[k]; k++)
			if (source_is(s, name, words[k]))
				return TRUE;
	}
	return FALSE;
}

gboolean refs_is_condition(const struct source *s, gsize token)
{
	static const char *const words[] = {
		"if", "ifdef", "ifndef", "elif", "elifdef", "elifndef", NULL
	};
	gsize i = token;

	if (s->toks.v[token].ctx != CTX_DIRECTIVE)
		return FALSE;
	while (i != SIZE_MAX && s->toks.v[i].ctx == CTX_DIRECTIVE &&
	       !source_is(s, i, "#"))
		i = source_prev(s, i);
	if (!source_is(s, i, "#"))
		return FALSE;
	i = source_next(s, i);
	for (guint k = 0; words[k]; k++)
		if (source_is(s, i, words[k]))
			return TRUE;
	return FALSE;
}
