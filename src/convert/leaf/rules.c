// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a conversion of entries to leaves: [leaf] of the manifest and
 * helpers.ini beside it.  They name functions of the API, never a place that
 * uses them.  Two questions are one helper's only where the tree defines one by
 * the other, which is looked up in its text.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/leaf/leaf.h"
#include "model/spelling.h"

static void helper_free(gpointer p)
{
	struct leaf_helper *h = p;

	g_free(h->name);
	g_free(h->returns);
	g_free(h->what);
	g_free(h->gives);
	g_free(h->needs);
	g_free(h->more);
	g_free(h->config);
	g_free(h->with);
	g_strfreev(h->asks);
	g_free(h->asked);
	g_free(h);
}

static char *get(GKeyFile *k, const char *group, const char *key)
{
	return g_key_file_get_string(k, group, key, NULL);
}

/* The keys of a section and their values, in the order of the file. */
static void get_pairs(GKeyFile *k, const char *group, char ***keys,
		      char ***values)
{
	gsize n = 0;

	*keys = g_key_file_get_keys(k, group, &n, NULL);
	if (!*keys)
		*keys = g_new0(char *, 1);
	*values = g_new0(char *, n + 1);
	for (gsize i = 0; i < n; i++)
		(*values)[i] = get(k, group, (*keys)[i]);
}

/* What reads an entry: in every scope, and then what else does in this one. */
static void get_readers(struct leaf_rules *r, GKeyFile *k, const char *scope)
{
	char *own = g_strdup_printf("leaf read %s", scope);
	GStrvBuilder *readers = g_strv_builder_new();
	GStrvBuilder *reads = g_strv_builder_new();
	const char *groups[] = { "leaf read", own };

	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		char **keys, **values;

		get_pairs(k, groups[i], &keys, &values);
		g_strv_builder_addv(readers, (const char **)keys);
		g_strv_builder_addv(reads, (const char **)values);
		g_strfreev(keys);
		g_strfreev(values);
	}
	r->readers = g_strv_builder_end(readers);
	r->reads = g_strv_builder_end(reads);
	r->read = g_new0(gboolean, g_strv_length(r->readers) + 1);
	g_strv_builder_unref(readers);
	g_strv_builder_unref(reads);
	g_free(own);
}

/* What a section's names do to a leaf: @names are theirs. */
static enum leaf_verb verb_of(GKeyFile *k, const char *group, char ***names)
{
	static const char *const verbs[] = { "asks", "changes", "writes" };
	enum leaf_verb v = LEAF_ASKS;

	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (g_key_file_has_key(k, group, verbs[i], NULL))
			v = i;
	*names = manifest_list(k, group, verbs[v]);
	return v;
}

static guint get_number(GKeyFile *k, const char *group, const char *key,
			guint otherwise)
{
	return g_key_file_has_key(k, group, key, NULL) ?
	       (guint)g_key_file_get_integer(k, group, key, NULL) : otherwise;
}

static int load_helpers(struct leafc *l)
{
	struct leaf_rules *r = &l->r;
	char *path = g_build_filename(l->c->m->dir, "helpers.ini", NULL);
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;
	char **groups;
	int ret = 0;

	if (!spelling_load_keys(l->c->m->spelled, k, path, &err)) {
		ret = tw_error_at(path, 0, 0, "%s", err->message);
		g_error_free(err);
		goto out;
	}
	groups = g_key_file_get_groups(k, NULL);
	for (char **g = groups; *g && !ret; g++) {
		struct leaf_helper *h = g_new0(struct leaf_helper, 1);

		h->name = g_strdup(*g);
		h->verb = verb_of(k, *g, &h->asks);
		h->returns = get(k, *g, "returns");
		h->what = get(k, *g, "what");
		h->gives = get(k, *g, "gives");
		h->needs = get(k, *g, "needs");
		h->more = get(k, *g, "more");
		h->config = get(k, *g, "config");
		h->with = get(k, *g, "with");
		h->takes = get_number(k, *g, "takes", 1);
		h->at = get_number(k, *g, "at", 0);
		h->asked = g_new0(gboolean, g_strv_length(h->asks) + 1);
		g_ptr_array_add(r->helpers, h);
		if (!*h->asks || (h->verb == LEAF_ASKS &&
				  (!h->returns || !h->gives)) ||
		    (h->verb != LEAF_WRITES && !h->what))
			ret = tw_error_at(path, 0, 0, "[%s] needs asks, returns, what and gives; or changes and what; or writes",
					  *g);
		else if (h->takes < 1 || h->takes > 2)
			ret = tw_error_at(path, 0, 0, "[%s] takes one leaf or two",
					  *g);
		/* A scope about reading does not know the others. */
		for (guint n = 0; h->asks[n] &&
				  (r->writes || h->verb == LEAF_ASKS); n++) {
			struct leaf_question *q = g_new(struct leaf_question, 1);

			*q = (struct leaf_question) { h, n };
			g_hash_table_insert(r->questions, h->asks[n], q);
		}
	}
	g_strfreev(groups);
out:
	g_key_file_free(k);
	g_free(path);
	return ret;
}

int leaf_rules_load(struct leafc *l)
{
	struct leaf_rules *r = &l->r;
	GKeyFile *k = l->c->m->keys;
	char *scope = g_strdup_printf("scope %s", l->c->opt.scope);

	r->entry = get(k, "leaf", "entry");
	r->value = get(k, "leaf", "value");
	r->header = get(k, "leaf", "header");
	r->make = get(k, "leaf", "make");
	r->make_huge = get(k, "leaf", "make-huge");
	r->entries = manifest_list(k, "leaf", "entries");
	r->beside = get(k, "leaf", "beside");
	r->known = manifest_list(k, "leaf", "known");
	r->base = manifest_list(k, "leaf", "base");
	get_readers(r, k, l->c->opt.scope);
	get_pairs(k, "leaf hstate", &r->holders, &r->hstates);
	get_pairs(k, "leaf owner", &r->members, &r->owners);
	r->outside = manifest_list(k, scope, "without");
	r->writes = g_key_file_get_boolean(k, scope, "writes", NULL);
	r->size = manifest_list(k, "leaf", "size");
	r->makers = g_hash_table_new(g_str_hash, g_str_equal);
	r->unsized = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   g_free);
	r->helpers = g_ptr_array_new_with_free_func(helper_free);
	r->questions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					     g_free);
	r->unequal = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   g_free);
	g_free(scope);
	if (!r->entry || !r->value || !r->header || !r->make || !r->beside ||
	    !*r->readers || !*r->holders)
		return tw_error("%s: [leaf] needs entry, value, header, make and beside; [leaf read] and [leaf hstate] a line each (docs/leaf-helpers.md)",
				l->c->m->name);
	return load_helpers(l);
}

void leaf_rules_free(struct leaf_rules *r)
{
	g_free(r->entry);
	g_free(r->value);
	g_free(r->header);
	g_free(r->make);
	g_free(r->make_huge);
	g_strfreev(r->entries);
	g_free(r->beside);
	g_strfreev(r->known);
	g_strfreev(r->base);
	g_strfreev(r->readers);
	g_strfreev(r->reads);
	g_strfreev(r->holders);
	g_strfreev(r->hstates);
	g_strfreev(r->members);
	g_strfreev(r->owners);
	g_strfreev(r->outside);
	g_strfreev(r->size);
	g_free(r->read);
	if (r->makers)
		g_hash_table_destroy(r->makers);
	if (r->unsized)
		g_hash_table_destroy(r->unsized);
	if (r->helpers)
		g_ptr_array_free(r->helpers, TRUE);
	if (r->questions)
		g_hash_table_destroy(r->questions);
	if (r->unequal)
		g_hash_table_destroy(r->unequal);
}

gboolean leaf_left_out(const struct leafc *l, const char *file)
{
	for (char **p = l->r.outside; *p; p++)
		if (g_pattern_match_simple(*p, file))
			return TRUE;
	return FALSE;
}

gboolean leaf_knows(const struct leafc *l, const char *file)
{
	if (!g_str_has_prefix(file, "include/"))
		return FALSE;
	file += strlen("include/");
	return !strcmp(file, l->r.header) ||
	       g_strv_contains((const char *const *)l->r.known, file);
}

gboolean leaf_in_scope(const struct leafc *l, const char *file)
{
	return !leaf_knows(l, file) && !leaf_left_out(l, file) &&
	       !g_hash_table_contains(l->defines, file);
}

const struct leaf_question *leaf_question(const struct leafc *l,
					  const char *question)
{
	const struct leaf_question *q;

	if (g_hash_table_contains(l->r.unequal, question))
		return NULL;
	q = g_hash_table_lookup(l->r.questions, question);
	/* What is not told the size of the entry may lose a part of a run. */
	return q && q->helper->verb == LEAF_WRITES &&
	       g_hash_table_contains(l->r.unsized, question) ? NULL : q;
}

/* Is token @i the name in "NAME(x) { return OTHER(x); }", or the macro's? */
static gboolean is_defined_by(const struct source *s, gsize i,
			      const char *other)
{
	gsize open = source_next(s, i), close, k, param;
	gboolean macro = s->toks.v[i].ctx == CTX_MACRO_NAME;

	close = source_is(s, open, "(") ? source_close(s, open) : SIZE_MAX;
	if (close == SIZE_MAX)
		return FALSE;
	param = source_prev(s, close);
	k = source_next(s, close);
	if (!macro) {
		if (!source_is(s, k, "{"))
			return FALSE;
		k = source_next(s, k);
		if (!source_is(s, k, "return"))
			return FALSE;
		k = source_next(s, k);
	}
	if (!source_is(s, k, other) || !source_is(s, k = source_next(s, k), "("))
		return FALSE;
	k = source_next(s, k);
	if (k >= s->toks.n || s->toks.v[k].len != s->toks.v[param].len ||
	    memcmp(s->text + s->toks.v[k].off, s->text +
		   s->toks.v[param].off, s->toks.v[k].len))
		return FALSE;
	return source_is(s, source_next(s, k), ")");
}

/* Does token @i stand outside of all functions? */
static gboolean is_outside(const struct source *s, gsize i)
{
	int depth = 0;

	for (gsize k = 0; k < i; k++)
		if (s->toks.v[k].ctx == CTX_CODE &&
		    s->toks.v[k].kind == TOK_PUNCT)
			depth += source_is(s, k, "{") - source_is(s, k, "}");
	return depth <= 0;
}

/* Does a definition of the function or macro begin at token @i? */
static gboolean is_definition(const struct source *s, gsize i)
{
	gsize open = source_next(s, i), close;

	if (!source_is(s, open, "("))
		return FALSE;
	if (s->toks.v[i].ctx == CTX_MACRO_NAME)
		return TRUE;
	close = source_close(s, open);
	return close != SIZE_MAX && s->toks.v[i].ctx == CTX_CODE &&
	       source_is(s, source_next(s, close), "{");
}

/* Do the words of @type stand at token @i? */
static gboolean is_type(const struct source *s, gsize i, const char *type)
{
	char **words = g_strsplit(type, " ", -1);
	gboolean yes = TRUE;

	for (char **w = words; *w && yes; w++) {
		yes = source_is(s, i, *w);
		i = source_next(s, i);
	}
	g_strfreev(words);
	return yes;
}

/*
 * What @name, declared at token @at, gets: no pointer to an entry, so that it
 * only makes one; or one, with or without what tells the entry's size.
 */
static void look_at_writer(struct leaf_rules *r, const struct source *s,
			   gsize at, const char *name)
{
	gsize open = source_next(s, at), close;
	gboolean writes = FALSE, told = FALSE;

	close = source_is(s, open, "(") ? source_close(s, open) : SIZE_MAX;
	if (close == SIZE_MAX || s->toks.v[at].ctx != CTX_CODE)
		return;
	for (gsize i = open; i < close; i = source_next(s, i)) {
		writes |= source_is(s, i, r->entry) &&
			  source_is(s, source_next(s, i), "*");
		for (char **w = r->size; *w; w++)
			told |= source_is(s, i, *w);
		for (char **t = r->holders; *t; t++)
			told |= is_type(s, i, *t);
	}
	if (!writes)
		g_hash_table_add(r->makers, (gpointer)name);
	else if (!told && !g_hash_table_contains(r->unsized, name))
		g_hash_table_insert(r->unsized, (gpointer)name,
				    g_strdup_printf("%s:%u", s->file,
						    s->toks.v[at].line));
}

/*
 * Look at every declaration and definition of a symbol of the API in the tree:
 * who has one makes the API and does not use it, but for a C file with questions
 * only, which others answer; and a question that hugetlb asks in its own way
 * somewhere is another one than the plain question.
 */
void leaf_rules_compare(struct leafc *l)
{
	struct convert *c = l->c;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		const struct leaf_question *q =
			g_hash_table_lookup(l->r.questions, s->symbol);
		gboolean asks = q && q->helper->verb == LEAF_ASKS;
		struct source *src;
		gsize at;

		if (!convert_is_code(s) || !source_is_c(s->file))
			continue;
		src = convert_source(c, s->file);
		at = src ? source_token_at(src, s->off) : 0;
		if (!src || at >= src->toks.n)
			continue;
		if (!is_definition(src, at) &&
		    (s->ctx != SITE_CODE || !is_outside(src, at)))
			continue;
		if (!asks || !g_str_has_suffix(s->file, ".c"))
			g_hash_table_add(l->defines, g_strdup(s->file));
		if (!asks)
			look_at_writer(&l->r, src, at, s->symbol);
		if (!is_definition(src, at))
			continue;
		for (guint n = 1; q && !q->n && q->helper->asks[n]; n++)
			if (!is_defined_by(src, at, q->helper->asks[n]))
				g_hash_table_replace(l->r.unequal,
					g_strdup(q->helper->asks[n]),
					g_strdup_printf("%s:%u: %s() is not %s() here",
						s->file, s->line, s->symbol,
						q->helper->asks[n]));
	}
}
