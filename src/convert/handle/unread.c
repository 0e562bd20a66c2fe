// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "convert/handle/unread.h"
#include "convert/key.h"

/* The first token of the parameter list before the body at token @open, or
 * @open: a struct, an initialiser. */
static gsize begin_of(const struct source *s, gsize open)
{
	gsize i = source_prev(s, open);

	if (!source_is(s, i, ")"))
		return open;
	i = source_open(s, i);
	return i == SIZE_MAX ? open : i;
}

/* What tokens [@from, @to) declare as a handle: name -> token, and "table" of
 * "TYPE table". */
static GHashTable *handles_of(const struct source *s, const struct flow *flow,
			      const char *type, gsize from, gsize to)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (gsize i = from; i < to; i++) {
		gsize n;

		if (s->toks.v[i].kind != TOK_IDENT || !source_is(s, i, type))
			continue;
		/* "TYPE a, b;" within a function; a parameter ends at a comma. */
		for (n = source_next(s, i); n < to; n = source_next(s, n)) {
			if (source_is(s, n, "*"))
				break;	/* a pointer to a handle is none */
			if (s->toks.v[n].kind != TOK_IDENT)
				break;
			g_hash_table_insert(t, source_word(s, n), GSIZE_TO_POINTER(n));
			n = source_next(s, n);
			if (!source_is(s, n, ",") ||
			    s->toks.v[source_next(s, n)].kind != TOK_IDENT)
				break;
			/* "TYPE a, OTHER b" is a parameter list. */
			if (s->toks.v[source_next(s, source_next(s, n))].kind ==
			    TOK_IDENT)
				break;
		}
	}
	for (guint i = 0; i < flow->decls->len; i++) {
		const struct flow_decl *d = flow->decls->pdata[i];
		gsize at;

		if (strcmp(d->file, s->file) || !*d->name)
			continue;
		at = source_token_at(s, d->name_off);
		if (at >= from && at < to)
			g_hash_table_insert(t, g_strdup(d->name),
					    GSIZE_TO_POINTER(at));
	}
	return t;
}

static gboolean is_read(const struct seen *seen, const struct source *s,
			gsize off)
{
	GPtrArray *cells = seen_cells(seen, s, off);
	gboolean yes = cells->len != 0;

	g_ptr_array_free(cells, TRUE);
	return yes;
}

static void look(const struct source *s, const struct seen *seen,
		 const struct flow *flow, const char *type, gsize from,
		 gsize to, unread_fn found, void *data)
{
	GHashTable *names = handles_of(s, flow, type, from, to);

	for (gsize i = from; i < to && g_hash_table_size(names); i++) {
		const struct token *t = &s->toks.v[i];
		gsize p = source_prev(s, i);
		gpointer decl;
		char *name;

		if (t->kind != TOK_IDENT || t->ctx != CTX_CODE || t->disabled ||
		    source_is(s, p, ".") || source_is(s, p, "->"))
			continue;
		name = source_word(s, i);
		if (g_hash_table_lookup_extended(names, name, NULL, &decl) &&
		    GPOINTER_TO_SIZE(decl) != i && !is_read(seen, s, t->off))
			found(s, t->off, data);
		g_free(name);
	}
	g_hash_table_destroy(names);
}

/* Names of functions of @s with a parameter or a result that became a handle. */
static GHashTable *changed_functions(const struct source *s,
				     const struct flow *flow)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < flow->decls->len; i++) {
		const struct flow_decl *d = flow->decls->pdata[i];
		char *name = !strchr("pr", d->key[0]) ||
			     strcmp(d->file, s->file) ? NULL :
			     key_function(d->key);

		if (name)
			g_hash_table_add(t, name);
	}
	return t;
}

/* Another declaration of such a function, in an arm that no cell reads. */
static void twins(const struct source *s, const struct seen *seen,
		  const struct flow *flow, unread_fn found, void *data)
{
	GHashTable *names = changed_functions(s, flow);

	for (gsize i = 0; i < s->toks.n && g_hash_table_size(names); i++) {
		const struct token *t = &s->toks.v[i];
		gsize before = source_prev(s, i), open = source_next(s, i);
		char *name;

		if (t->kind != TOK_IDENT || t->ctx != CTX_CODE || t->disabled ||
		    !source_is(s, open, "(") || before == SIZE_MAX ||
		    (s->toks.v[before].kind != TOK_IDENT &&
		     !source_is(s, before, "*")) ||
		    source_is(s, before, "return"))
			continue;
		name = source_word(s, i);
		if (g_hash_table_contains(names, name) &&
		    !is_read(seen, s, t->off))
			found(s, t->off, data);
		g_free(name);
	}
	g_hash_table_destroy(names);
}

void unread_uses(const struct source *s, const struct seen *seen,
		 const struct flow *flow, const char *type, unread_fn found,
		 void *data)
{
	twins(s, seen, flow, found, data);
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize close;

		if (s->toks.v[i].ctx != CTX_CODE || !source_is(s, i, "{"))
			continue;
		close = source_close(s, i);
		if (close == SIZE_MAX)
			continue;	/* arms with a brace each */
		look(s, seen, flow, type, begin_of(s, i), close, found, data);
		i = close;
	}
}
