// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choose the findings that are reported.  What several stages say of one line is
 * one finding.  A finding is new if the change adds its use: uses that a patch
 * removes and adds again (moved, indented, wrapped anew, with another argument)
 * are matched as a multiset, by name and function, then by name and file, and
 * dropped.  Then come comments, config and baseline.
 */
#include <string.h>
#include <xxhash.h>

#include "lint/pipeline.h"

static void fingerprint(struct lint_finding *f)
{
	char *line = lint_squeeze(f->source, strlen(f->source));
	guint64 h = XXH3_64bits(f->id, strlen(f->id));

	h = XXH3_64bits_withSeed(f->file, strlen(f->file), h);
	f->fingerprint = XXH3_64bits_withSeed(line, strlen(line), h);
	g_free(line);
}

static gint by_place(gconstpointer a, gconstpointer b)
{
	const struct lint_finding *x = *(struct lint_finding *const *)a;
	const struct lint_finding *y = *(struct lint_finding *const *)b;
	int r;

	if (x->patch != y->patch)
		return x->patch < y->patch ? -1 : 1;
	r = strcmp(x->file, y->file);
	if (!r)
		r = x->line < y->line ? -1 : x->line > y->line;
	if (!r)
		r = strcmp(x->id, y->id);
	if (!r)
		r = x->col < y->col ? -1 : x->col > y->col;
	return r ? r : strcmp(x->message, y->message);
}

/* The text knows the exact place, the compiler too, a semantic patch the line. */
static int stage_of(const struct lint_finding *f)
{
	return g_str_has_prefix(f->evidence, "text") ? 0 :
	       g_str_has_prefix(f->evidence, "types") ? 1 : 2;
}

static gint by_line_and_stage(gconstpointer a, gconstpointer b)
{
	const struct lint_finding *x = *(struct lint_finding *const *)a;
	const struct lint_finding *y = *(struct lint_finding *const *)b;
	int r = x->patch < y->patch ? -1 : x->patch > y->patch;

	if (!r)
		r = strcmp(x->file, y->file);
	if (!r)
		r = x->line < y->line ? -1 : x->line > y->line;
	if (!r)
		r = strcmp(x->id, y->id);
	if (!r)
		r = stage_of(x) - stage_of(y);
	return r ? r : by_place(a, b);
}

static gboolean same_line(const struct lint_finding *a,
			  const struct lint_finding *b)
{
	return a->patch == b->patch && a->line == b->line &&
	       !strcmp(a->id, b->id) && !strcmp(a->file, b->file);
}

/*
 * What several stages say of a rule in a line is one finding, as sure as the
 * surest of them; two of one stage are two.
 */
static void merge(GPtrArray *v)
{
	GPtrArray *keep = g_ptr_array_new_with_free_func(lint_finding_free);

	g_ptr_array_sort(v, by_line_and_stage);
	g_ptr_array_set_free_func(v, NULL);
	for (guint i = 0; i < v->len; i++) {
		struct lint_finding *f = v->pdata[i];
		gboolean known = FALSE;

		/* Not more than a line of people's has. */
		for (guint k = keep->len, n = 0; k-- > 0 && n < 32; n++) {
			struct lint_finding *o = keep->pdata[k];

			if (!same_line(o, f))
				break;
			if (stage_of(o) == stage_of(f)) {
				/* Within the other: a part of the same. */
				known |= f->rule && o->col <= f->col &&
					 o->end_col >= f->end_col;
				continue;
			}
			known = TRUE;
			o->sure = MAX(o->sure, f->sure);
			o->added |= f->added;
			if (!strstr(o->evidence, f->evidence)) {
				char *both = g_strdup_printf("%s, %s",
						o->evidence, f->evidence);

				g_free(o->evidence);
				o->evidence = both;
			}
		}
		if (known)
			lint_finding_free(f);
		else
			g_ptr_array_add(keep, f);
	}
	g_ptr_array_set_size(v, 0);
	g_ptr_array_set_free_func(v, lint_finding_free);
	g_ptr_array_set_free_func(keep, NULL);
	for (guint i = 0; i < keep->len; i++)
		g_ptr_array_add(v, keep->pdata[i]);
	g_ptr_array_free(keep, TRUE);
}

/* ---- uses that the change takes away and adds again ---- */

/* How a use of the change is told from others, strictest first. */
enum { BY_FUNCTION_AND_FILE, BY_FUNCTION, BY_FILE, BY_LINE, N_BY };

/* NULL: it cannot be told so. */
static char *use_key(const struct lint_finding *f, int by)
{
	const char *name = f->name ? f->name : "";
	char *line, *key;

	switch (by) {
	case BY_FUNCTION_AND_FILE:
		return f->func ? g_strdup_printf("%u %s %s %s %s", f->patch,
				f->id, name, f->func, f->file) : NULL;
	case BY_FUNCTION:
		return f->func ? g_strdup_printf("%u %s %s %s", f->patch, f->id,
						 name, f->func) : NULL;
	case BY_FILE:
		return g_strdup_printf("%u %s %s %s", f->patch, f->id, name,
				       f->file);
	default:
		line = lint_squeeze(f->source, strlen(f->source));
		key = g_strdup_printf("%u %s %s", f->patch, f->id, line);
		g_free(line);
		return key;
	}
}

static void queue_free(gpointer p)
{
	g_queue_free(p);
}

/* Uses of before the change that no new one was matched with, by their key. */
static GHashTable *index_uses(const GPtrArray *before, int by)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      queue_free);

	for (guint i = 0; i < before->len; i++) {
		struct lint_finding *f = before->pdata[i];
		char *key = f->matched ? NULL : use_key(f, by);
		GQueue *q;

		if (!key)
			continue;
		q = g_hash_table_lookup(t, key);
		if (!q) {
			q = g_queue_new();
			g_hash_table_insert(t, g_strdup(key), q);
		}
		g_queue_push_tail(q, f);
		g_free(key);
	}
	return t;
}

static gboolean may_be_known(const struct lint_finding *f)
{
	return f->rule && f->added && !f->matched;
}

static void match_uses(const GPtrArray *after, const GPtrArray *before)
{
	for (int by = 0; by < N_BY && before->len; by++) {
		GHashTable *t = index_uses(before, by);

		for (guint i = 0; i < after->len; i++) {
			struct lint_finding *f = after->pdata[i], *o;
			char *key;
			GQueue *q;

			if (!may_be_known(f))
				continue;
			if (!f->func && f->view)
				f->func = lint_view_function(f->view,
							     f->line_index);
			key = use_key(f, by);
			q = key ? g_hash_table_lookup(t, key) : NULL;
			o = q ? g_queue_pop_head(q) : NULL;
			if (o)
				o->matched = f->matched = TRUE;
			g_free(key);
		}
		g_hash_table_destroy(t);
	}
}

/* Does @f stand in a line of which @v has a finding of the same rule? */
static gboolean is_known(const GPtrArray *v, guint n,
			 const struct lint_finding *f)
{
	for (guint i = 0; i < n; i++)
		if (same_line(v->pdata[i], f))
			return TRUE;
	return FALSE;
}

/* The old views of findings that only a semantic patch or libclang has. */
static GPtrArray *views_before(const GPtrArray *after, gboolean *deep)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);
	GPtrArray *views = g_ptr_array_new();

	for (guint i = 0; i < after->len; i++) {
		const struct lint_finding *f = after->pdata[i];

		if (!may_be_known(f) || stage_of(f) == 0 || !f->view->old ||
		    !f->view->old->whole)
			continue;
		*deep |= stage_of(f) == 1;
		if (g_hash_table_add(seen, f->view->old))
			g_ptr_array_add(views, f->view->old);
	}
	g_hash_table_destroy(seen);
	return views;
}

/*
 * What these stages find in the text before the change, for findings that the
 * text stage does not know.  0, or -1 after a message.
 */
static int look_before(struct lint *x, const GPtrArray *after)
{
	const struct lint_request *req = x->req;
	gboolean deep = FALSE;
	GPtrArray *views = views_before(after, &deep);
	GPtrArray *found = g_ptr_array_new_with_free_func(lint_finding_free);
	GPtrArray *said = g_ptr_array_new_with_free_func(g_free);
	guint n = x->before->len;
	int ret = 0;

	if (views->len)
		ret = lint_smpl(req->rules, views, x->decls, req->jobs, found,
				said, said);
	if (!ret && deep)
		ret = lint_deep(req->rules, req->tree, req->cells, views,
				x->decls, req->jobs, found, said);
	g_ptr_array_set_free_func(found, NULL);
	for (guint i = 0; i < found->len; i++) {
		struct lint_finding *f = found->pdata[i];

		if (ret || !f->added || is_known(x->before, n, f)) {
			lint_finding_free(f);
			continue;
		}
		f->func = lint_view_function(f->view, f->line_index);
		g_ptr_array_add(x->before, f);
	}
	g_ptr_array_free(found, TRUE);
	g_ptr_array_free(said, TRUE);
	g_ptr_array_free(views, TRUE);
	return ret;
}

/* ---- all ---- */

/* The same line twice in a file: told apart by order. */
static void number(struct lint_finding *f, GHashTable *seen)
{
	guint ordinal;
	guint64 key;

	fingerprint(f);
	key = f->fingerprint ^ f->patch * 0x9e3779b97f4a7c15ull;
	ordinal = GPOINTER_TO_UINT(g_hash_table_lookup(seen, &key));
	g_hash_table_insert(seen, g_memdup2(&key, sizeof(key)),
			    GUINT_TO_POINTER(ordinal + 1));
	if (ordinal)
		f->fingerprint = XXH3_64bits_withSeed(&ordinal,
						      sizeof(ordinal),
						      f->fingerprint);
}

int lint_sift(struct lint *x)
{
	GPtrArray *all = x->res->findings;
	GPtrArray *keep = g_ptr_array_new_with_free_func(lint_finding_free);
	GHashTable *seen = g_hash_table_new_full(g_int64_hash, g_int64_equal,
						 g_free, NULL);
	int ret = 0;

	merge(all);
	for (guint i = 0; i < x->res->views->len; i++)
		if (lint_mute_has_comments(x->res->views->pdata[i]))
			lint_mute_inline(x->req->mute, x->req->rules,
					 x->res->views->pdata[i], all);
	g_ptr_array_sort(all, by_place);
	if (!x->req->all) {
		merge(x->before);
		match_uses(all, x->before);
		ret = look_before(x, all);
		match_uses(all, x->before);
	}
	for (guint i = 0; i < all->len; i++) {
		struct lint_finding *f = all->pdata[i];

		all->pdata[i] = NULL;
		number(f, seen);
		x->res->moved += f->matched;
		if ((f->rule && !f->added && !x->req->all) || f->matched ||
		    lint_mute_finding(x->req->mute, f))
			lint_finding_free(f);
		else
			g_ptr_array_add(keep, f);
	}
	g_hash_table_destroy(seen);
	g_ptr_array_set_free_func(all, NULL);
	g_ptr_array_free(all, TRUE);
	x->res->findings = keep;
	if (x->judged_all)
		lint_mute_unused(x->req->mute, keep);
	x->res->muted = lint_mute_count(x->req->mute);
	return ret;
}
