// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comments that may be untrue now: in or right before a function, one names a
 * question, such as pte_present(), that the function no longer asks, since it
 * asks a leaf, or what read the entry.  They are listed for the author, with what is asked now: whether
 * a sentence is about this code or about entries in general, no rule can tell.
 */
#include <string.h>

#include "convert/leaf/leaf.h"

struct body {			/* a function that asks leaves */
	const struct source *s;
	gsize start, end;	/* bytes */
	GHashTable *gone;	/* question or reader -> helper, borrowed */
};

static void body_free(gpointer p)
{
	struct body *b = p;

	g_hash_table_destroy(b->gone);
	g_free(b);
}

static struct body *body_of(const struct leafc *l, GHashTable *bodies,
			    const struct source *s, gsize off)
{
	const struct ast_func *f = leaf_function_at(l, s, off);
	char *key = f ? g_strdup_printf("%s:%zu", s->file, f->start) : NULL;
	struct body *b = f ? g_hash_table_lookup(bodies, key) : NULL;

	if (!f || b) {
		g_free(key);
		return b;
	}
	b = g_new0(struct body, 1);
	b->s = s;
	b->start = f->start;
	b->end = f->end;
	b->gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_hash_table_insert(bodies, key, b);
	return b;
}

/* The questions that the function still asks of an entry are not gone. */
static void drop_asked(const struct leafc *l, struct body *b)
{
	const struct source *s = b->s;

	for (gsize i = source_token_at(s, b->start);
	     i < s->toks.n && s->toks.v[i].off < b->end; i++) {
		const struct token *t = &s->toks.v[i];
		char *word;

		if (t->kind != TOK_IDENT ||
		    edit_touches(l->c->edits, s->file, t->off, t->off + t->len,
				 NULL))
			continue;
		word = source_word(s, i);
		g_hash_table_remove(b->gone, word);
		g_free(word);
	}
}

static void look_at(const struct leafc *l, const struct body *b, gsize i)
{
	const struct token *t = &b->s->toks.v[i];
	const char *text = b->s->text + t->off;

	for (gsize at = 0; at < t->len; at++) {
		gsize n = 0;
		const char *helper;
		char *word;

		if (!source_is_word(text[at]) ||
		    (at && source_is_word(text[at - 1])))
			continue;
		while (at + n < t->len && source_is_word(text[at + n]))
			n++;
		word = g_strndup(text + at, n);
		helper = g_hash_table_lookup(b->gone, word);
		if (helper)
			note_add(l->c->res->notes, b->s, t->off + at,
				       g_strdup_printf("the comment speaks of %s(); the code %s %s() now",
						       word, g_strv_contains(
						(const char *const *)l->r.readers, word) ?
						       "calls" : "asks", helper));
		g_free(word);
	}
}

static void look_around(const struct leafc *l, const struct body *b)
{
	const struct source *s = b->s;
	gsize i = source_token_at(s, b->start);
	gsize before = source_comment_before(s, i);

	if (before != SIZE_MAX)
		look_at(l, b, before);
	for (; i < s->toks.n && s->toks.v[i].off < b->end; i++)
		if (s->toks.v[i].kind == TOK_COMMENT)
			look_at(l, b, i);
}

/* Token @tok says @word: when it is edited, its function calls @helper now. */
static void take_gone(const struct leafc *l, GHashTable *bodies,
		      const struct source *s, gsize tok, const char *word,
		      const char *helper)
{
	gsize off = s->toks.v[tok].off;
	struct body *b = edit_touches(l->c->edits, s->file, off,
				      off + strlen(word), NULL) ?
			 body_of(l, bodies, s, off) : NULL;

	if (b)
		g_hash_table_insert(b->gone, g_strdup(word), (gpointer)helper);
}

void leaf_note_comments(struct leafc *l)
{
	GHashTable *bodies = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, body_free);
	GHashTableIter it;
	gpointer p;

	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		const struct leaf_question *q = v->ask ?
			leaf_question(l, v->ask) : NULL;

		if (q)
			take_gone(l, bodies, v->s, v->ask_tok, v->ask,
				  q->helper->name);
		if (v->src == SRC_READ && !v->root)
			take_gone(l, bodies, v->s, v->first,
				  l->r.readers[v->reader],
				  l->r.reads[v->reader]);
	}
	g_hash_table_iter_init(&it, bodies);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		drop_asked(l, p);
		look_around(l, p);
	}
	g_hash_table_destroy(bodies);
	g_ptr_array_sort(l->c->res->notes, note_compare);
}
