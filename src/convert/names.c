// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks up what a conversion's own text calls, before anything is read or
 * edited.  A release may have renamed a function: then the message says what
 * looks like it and where to add its name, instead of a patch that does not
 * compile.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/internal.h"
#include "model/spelling.h"
#include "tree/spell.h"

struct calls {
	struct convert *c;
	GHashTable *needed;	/* name -> the file whose text calls it; owned */
	GHashTable *optional;
	GHashTable *own;	/* what the texts themselves declare: char * set */
};

/* Words that stand before a parenthesis and are no functions. */
static const char *const keywords[] = {
	"if", "while", "for", "switch", "return", "sizeof", "typeof", "defined",
	"__attribute__", "_Generic", "_Static_assert", "__typeof__", "asm",
	NULL
};

static gboolean is_keyword(const struct token_list *l, gsize i)
{
	for (const char *const *k = keywords; *k; k++)
		if (tok_is(l, i, *k))
			return TRUE;
	return FALSE;
}

/* Is the name at token @i followed by a body: of a function or a macro? */
static gboolean is_definition(const struct token_list *l, gsize i)
{
	gsize p = tok_skip(l, i + 1);
	int depth = 0;

	if (l->v[i].ctx == CTX_MACRO_NAME)
		return TRUE;
	for (; p < l->n; p = tok_skip(l, p + 1)) {
		depth += tok_is(l, p, "(") - tok_is(l, p, ")");
		if (!depth)
			break;
	}
	p = p < l->n ? tok_skip(l, p + 1) : l->n;
	return p < l->n && l->v[i].ctx == CTX_CODE && tok_is(l, p, "{");
}

/* Is it the name of a pointer to functions: "(*name)("? */
static gboolean is_pointer(const struct token_list *l, gsize i)
{
	gsize star = i ? tok_skip_back(l, i - 1) : SIZE_MAX;
	gsize close = tok_skip(l, i + 1);

	return star != SIZE_MAX && tok_is(l, star, "*") && close < l->n &&
	       tok_is(l, close, ")") &&
	       tok_is(l, tok_skip(l, close + 1), "(");
}

/*
 * Does token @i stand in a line of a comment that began before the text?  What
 * an edit puts may be a part of one.
 */
static gboolean in_comment_line(const struct token_list *l, gsize i)
{
	gsize line = l->v[i].off;

	while (line && l->buf[line - 1] != '\n')
		line--;
	while (l->buf[line] == ' ' || l->buf[line] == '\t')
		line++;
	return l->buf[line] == '*' && g_ascii_isspace(l->buf[line + 1]);
}

static void take_text(const char *file, const char *text, gboolean optional,
		      void *data)
{
	struct calls *k = data;
	const struct source *s = source_is_c(file) ? convert_source(k->c, file)
						   : NULL;
	struct token_list l;

	if (!source_is_c(file))
		return;
	lex_c(text, strlen(text), &l);
	for (gsize i = 0; i < l.n; i++) {
		gsize next = tok_skip(&l, i + 1);
		gsize prev = i ? tok_skip_back(&l, i - 1) : SIZE_MAX;
		char *name;

		if (l.v[i].kind != TOK_IDENT || next >= l.n ||
		    in_comment_line(&l, i) ||
		    (!tok_is(&l, next, "(") && !is_pointer(&l, i) &&
		     l.v[i].ctx != CTX_MACRO_NAME))
			continue;
		name = g_strndup(text + l.v[i].off, l.v[i].len);
		if (is_definition(&l, i) || is_pointer(&l, i))
			g_hash_table_add(k->own, name);
		else if (!is_keyword(&l, i) &&
			 !(prev != SIZE_MAX && (tok_is(&l, prev, "->") ||
						tok_is(&l, prev, "."))) &&
			 !(s && strstr(s->text, name)))
			g_hash_table_insert(optional ? k->optional : k->needed,
					    name, g_strdup(file));
		else
			g_free(name);
	}
	lex_free(&l);
}

/* What the manifest says that the conversion calls: [requires] declared. */
static void take_manifest(struct calls *k)
{
	char **names = manifest_list(k->c->m->keys, "requires", "declared");

	for (char **n = names; *n; n++)
		g_hash_table_insert(k->needed, g_strdup(*n),
				    g_strdup("manifest.ini"));
	g_strfreev(names);
}

/* The name that the conversion's files have for what the tree calls @name. */
static const char *own_spelling(const struct convert *c, const char *name)
{
	GHashTableIter it;
	gpointer k, v;

	if (!c->m->spelled)
		return name;
	g_hash_table_iter_init(&it, c->m->spelled);
	while (g_hash_table_iter_next(&it, &k, &v))
		if (!strcmp(v, name))
			return k;
	return name;
}

static void tell(const struct convert *c, const GPtrArray *spellings,
		 const char *name, const char *file)
{
	const char *own = own_spelling(c, name);
	const struct spelling *s = NULL;
	char *declares, *like, *at, *hint;

	for (guint i = 0; i < spellings->len && !s; i++)
		if (!strcmp(((struct spelling *)spellings->pdata[i])->name, own))
			s = spellings->pdata[i];
	declares = s && s->declares ? g_strdup(s->declares) : NULL;
	like = spell_nearest(c->t, name, declares, &at);
	hint = like ? g_strdup_printf("; %s() at %s looks like it", like, at)
		    : g_strdup("; nothing in the headers looks like it");
	tw_error("%s: the conversion %s needs %s()%s%s, and no header of Linux %s has it%s; if the tree calls it otherwise, add that name to 'spellings' of [%s] in cocci/spellings.ini",
		 file, c->m->name, name, s && s->file ? ", expected in " : "",
		 s && s->file ? s->file : "", c->t->release, hint, own);
	g_free(hint);
	g_free(like);
	g_free(at);
	g_free(declares);
}

static int look_up(struct calls *k, const GPtrArray *spellings)
{
	GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *sets[] = { k->needed, k->optional };
	GPtrArray *gone;
	int ret = 0;

	for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
		GHashTableIter it;
		gpointer name;

		g_hash_table_iter_init(&it, sets[i]);
		while (g_hash_table_iter_next(&it, &name, NULL))
			if (!g_hash_table_contains(k->own, name))
				g_hash_table_add(all, name);
	}
	if (!g_hash_table_size(all)) {
		g_hash_table_destroy(all);
		return 0;
	}
	gone = spell_absent(k->c->t, all);
	for (guint i = 0; i < gone->len; i++) {
		const char *file = g_hash_table_lookup(k->needed,
						       gone->pdata[i]);

		if (file) {
			tell(k->c, spellings, gone->pdata[i], file);
			ret = -1;
		} else {
			g_hash_table_add(k->c->absent,
					 g_strdup(gone->pdata[i]));
		}
	}
	g_ptr_array_free(gone, TRUE);
	g_hash_table_destroy(all);
	return ret;
}

int convert_check_names(struct convert *c)
{
	struct tree_edit_request q = {
		.t = c->t, .dir = c->m->dir, .name = c->m->name, .when = "",
		.spelled = c->m->spelled,
	};
	struct calls k = {
		.c = c,
		.needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						g_free),
		.optional = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, g_free),
		.own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL),
	};
	GPtrArray *spellings = spell_list(c->m);
	int ret = spellings ? tree_edits_each(&q, take_text, &k) : -1;

	take_manifest(&k);
	if (!ret)
		ret = look_up(&k, spellings);
	if (spellings)
		g_ptr_array_free(spellings, TRUE);
	g_hash_table_destroy(k.needed);
	g_hash_table_destroy(k.optional);
	g_hash_table_destroy(k.own);
	return ret;
}
