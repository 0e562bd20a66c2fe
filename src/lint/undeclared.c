// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check "undeclared-struct": a header whose first mention of a struct stands
 * in a parameter list or in a body names another type there than everybody
 * else.  With a tree, what the header includes is followed.
 */
#include <string.h>

#include "lint/match.h"

/* Does the header @file, or what it includes, declare struct @name? */
static gboolean reaches(const struct tree *t, const char *file,
			const char *text_or_null, const char *name,
			GHashTable *seen, guint depth);

static gboolean include_reaches(const struct tree *t, const char *from,
				const char *inc, gboolean quoted,
				const char *name, GHashTable *seen,
				guint depth)
{
	char *dir = g_path_get_dirname(from), *path;
	gboolean yes = FALSE;
	const char *arch_end;

	if (quoted) {
		path = g_build_filename(dir, inc, NULL);
		yes = reaches(t, path, NULL, name, seen, depth);
		g_free(path);
	}
	path = g_build_filename("include", inc, NULL);
	yes = yes || reaches(t, path, NULL, name, seen, depth);
	g_free(path);
	arch_end = g_str_has_prefix(from, "arch/") ? strchr(from + 5, '/') : NULL;
	if (!yes && arch_end) {
		char *arch = g_strndup(from, arch_end - from);

		path = g_build_filename(arch, "include", inc, NULL);
		yes = reaches(t, path, NULL, name, seen, depth);
		g_free(path);
		g_free(arch);
	}
	g_free(dir);
	return yes;
}

static gboolean reaches(const struct tree *t, const char *file,
			const char *given, const char *name,
			GHashTable *seen, guint depth)
{
	char *text_, *pat;
	gsize size;
	gboolean yes = FALSE;
	GMatchInfo *mi = NULL;
	static GRegex *re;
	const char *why;

	if (depth > 12 || g_hash_table_size(seen) > 400 ||
	    !pr_path_ok(file, &why) ||
	    !g_hash_table_add(seen, g_strdup(file)))
		return FALSE;
	text_ = given ? g_strdup(given) : tree_read(t, file, &size, TRUE);
	if (!text_)
		return FALSE;
	pat = g_strdup_printf("^struct %s\\s*(;|\\{|\\*)", name);
	yes = !given && g_regex_match_simple(pat, text_, G_REGEX_MULTILINE |
					     G_REGEX_RAW, 0);
	g_free(pat);
	if (!re)
		re = g_regex_new("^[ \t]*#[ \t]*include[ \t]+([<\"])([^>\"\n]+)[>\"]",
				 G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
	if (!yes && g_regex_match(re, text_, 0, &mi)) {
		do {
			char *q = g_match_info_fetch(mi, 1);
			char *inc = g_match_info_fetch(mi, 2);

			yes = include_reaches(t, file, inc, *q == '"', name,
					      seen, depth + 1);
			g_free(q);
			g_free(inc);
		} while (!yes && g_match_info_next(mi, NULL));
	}
	if (mi)
		g_match_info_free(mi);
	g_free(text_);
	return yes;
}

/* Is token @i in a list of parameters that ends with ";"? */
static gboolean in_prototype(const struct match_engine *x, guint i)
{
	guint depth = 0, stop = MIN((guint64)i + MATCH_SPAN, x->v->n_sig);

	for (; i < stop; i++) {
		if (match_is(x, i, "(")) {
			depth++;
		} else if (match_is(x, i, ")") && !depth--) {
			return match_is(x, i + 1, ";");
		} else if (match_is(x, i, ";") || match_is(x, i, "{") || match_is(x, i, "=")) {
			return FALSE;
		}
	}
	return FALSE;
}

/* Where a token of a header stands: in brackets, a body, fields. */
struct depth { guint paren, body, fields; };

static void take_depth(const struct match_engine *x, guint i, struct depth *d)
{
	if (match_is(x, i, "("))
		d->paren++;
	else if (match_is(x, i, ")") && d->paren)
		d->paren--;
	else if (match_is(x, i, "{") &&
		 (d->body || (i && match_is(x, i - 1, ")"))))
		d->body++;
	else if (match_is(x, i, "{"))
		d->fields++;
	else if (match_is(x, i, "}") && d->body)
		d->body--;
	else if (match_is(x, i, "}") && d->fields)
		d->fields--;
	if (match_tok(x, i)->col == 1 && match_is(x, i, "}"))
		memset(d, 0, sizeof(*d));
}

/* "struct NAME *p = call(": whoever declares the call declares its result. */
static gboolean is_result(const struct match_engine *x, guint i)
{
	return match_is(x, i + 2, "*") && match_is_ident(x, i + 3) &&
	       match_is(x, i + 4, "=") && match_is_ident(x, i + 5) &&
	       match_is(x, i + 6, "(");
}

/* Does the view include, before token @i, a header that declares the struct? */
static gboolean is_included(const struct match_engine *x,
			    const struct lint_rule *rule, guint i,
			    gboolean *any)
{
	const struct lint_view *v = x->v;

	for (gsize k = 0; k < v->sig[i]; k++) {
		const struct token *s = &v->toks.v[k];

		if (s->ctx != CTX_DIRECTIVE || s->kind != TOK_STRING)
			continue;
		*any = TRUE;
		for (char **a = rule->check_args + 1; *a; a++)
			if (s->len == strlen(*a) + 2 &&
			    !memcmp(v->text + s->off + 1, *a, s->len - 2))
				return TRUE;
	}
	return FALSE;
}

static gboolean tree_reaches(const struct match_engine *x, const char *name,
			     gsize before)
{
	GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	char *head = g_strndup(x->v->text, before);
	gboolean yes = reaches(x->v->tree, x->v->file, head, name, seen, 0);

	g_free(head);
	g_hash_table_destroy(seen);
	return yes;
}

static void report(struct match_engine *x, struct lint_rule *rule, guint i,
		   gboolean any_include)
{
	struct lint_view *v = x->v;
	const struct token *t = match_tok(x, i), *name = match_tok(x, i + 1);
	struct lint_finding *f;

	if (!v->whole && !g_array_index(v->lines, struct lint_line,
					t->line - 1).added)
		return;
	f = lint_finding_at(rule, v, t->line - 1, t->col,
			    name->off + name->len - t->off);
	f->message = lint_message(rule, v->file, NULL, NULL);
	f->name = g_strdup(rule->check_args[0]);
	f->sure = v->tree ? LINT_LIKELY : LINT_POSSIBLE;
	f->evidence = g_strdup(v->tree ? "text and what it includes" :
			       any_include || !v->whole ?
			       "text; what it includes is not known" : "text");
	g_ptr_array_add(x->out, f);
}

/*
 * The first mention of "struct NAME" in a header, in a parameter list or a
 * body, with no declaration before it: it names another type there.  A
 * mention at file scope declares it.  Arguments of the check: the struct, then
 * headers that are known to declare it.
 */
void match_check_undeclared(struct match_engine *x, struct lint_rule *rule)
{
	struct lint_view *v = x->v;
	const char *name = rule->check_args[0];
	gboolean any = FALSE;
	struct depth d = { 0 };

	if (!name || !g_str_has_suffix(v->file, ".h"))
		return;
	for (guint i = 0; i + 1 < v->n_sig; i++) {
		if (match_tok(x, i)->ctx != CTX_CODE)
			continue;
		take_depth(x, i, &d);
		if (!match_is(x, i, "struct") || !match_is(x, i + 1, name))
			continue;
		/* Fields of a struct have no scope of their own. */
		if ((!d.paren && !d.body) || (!d.paren && is_result(x, i)))
			return;
		/* Of a hunk, only a prototype: all else has seen more. */
		if (!v->whole && !in_prototype(x, i))
			return;
		if (!is_included(x, rule, i, &any) &&
		    !(v->tree && tree_reaches(x, name, match_tok(x, i)->off)))
			report(x, rule, i, any);
		return;
	}
}
