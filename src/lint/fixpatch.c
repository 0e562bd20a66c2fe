// SPDX-License-Identifier: GPL-2.0-only
/*
 * From rewrites to a patch.  The text with them is linted again before: a
 * rewrite that another rule, or the same, objects to is not offered.
 */
#include <string.h>

#include "lint/lint.h"
#include "text/patch.h"

void lint_edit_free(gpointer p)
{
	struct lint_edit *e = p;

	g_free(e->text);
	g_free(e);
}

static gint by_place(gconstpointer a, gconstpointer b)
{
	const struct lint_edit *x = *(struct lint_edit *const *)a;
	const struct lint_edit *y = *(struct lint_edit *const *)b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* The text of the view with its rewrites; they keep the number of lines. */
static GString *fixed_text(const struct lint_view *v, const GPtrArray *edits)
{
	const char *orig = v->orig ? v->orig : v->text;
	GString *out = g_string_new(NULL);
	gsize from = 0;

	for (guint i = 0; i < edits->len; i++) {
		const struct lint_edit *e = edits->pdata[i];

		if (e->off < from || e->off + e->len > v->size)
			continue;
		g_string_append_len(out, orig + from, e->off - from);
		g_string_append(out, e->text);
		from = e->off + e->len;
	}
	g_string_append_len(out, orig + from, v->size - from);
	return out;
}

/* The edits of a view, by place; how many findings have one, added to @n. */
static GPtrArray *edits_of(const struct lint_result *res, struct lint_view *v,
			   guint *n)
{
	GPtrArray *edits = g_ptr_array_new_with_free_func(lint_edit_free);

	for (guint i = 0; i < res->edits->len; i++) {
		const struct lint_edit *e = res->edits->pdata[i];
		struct lint_edit *copy;

		if (e->view != v)
			continue;
		copy = g_memdup2(e, sizeof(*e));
		copy->text = g_strdup(e->text);
		g_ptr_array_add(edits, copy);
	}
	for (guint i = 0; i < res->findings->len; i++) {
		const struct lint_finding *f = res->findings->pdata[i];
		struct lint_edit *e;

		if (f->view != v || (!f->fix && !f->converted))
			continue;
		(*n)++;
		if (f->converted)
			continue;
		e = g_new0(struct lint_edit, 1);
		*e = (struct lint_edit){ v, f->fix_off, f->fix_len,
					 g_strdup(f->fix) };
		g_ptr_array_add(edits, e);
	}
	g_ptr_array_sort(edits, by_place);
	return edits;
}

/* ---- are they right? ---- */

/* A view with rewrites: its text as it was, and with them. */
struct trial { struct lint_view *v, *was, *now; };

static void trial_free(gpointer p)
{
	struct trial *t = p;

	lint_view_free(t->was);
	lint_view_free(t->now);
	g_free(t);
}

/* @v with another text of as many lines; takes it over. */
static struct lint_view *view_with(const struct lint_view *v, char *text,
				   gsize size)
{
	guint first = g_array_index(v->lines, struct lint_line, 0).no;
	struct lint_view *w = lint_view_new(v->file, text, size, first);

	w->whole = v->whole;
	w->patch = v->patch;
	w->tree = v->tree;
	w->section = g_strdup(v->section);
	for (guint i = 0; i < MIN(w->lines->len, v->lines->len); i++)
		g_array_index(w->lines, struct lint_line, i).added =
			g_array_index(v->lines, struct lint_line, i).added;
	return w;
}

static struct lint_view *view_now(const struct lint_result *res,
				  struct lint_view *v)
{
	guint n = 0;
	GPtrArray *edits = edits_of(res, v, &n);
	struct lint_view *now = NULL;

	if (edits->len) {
		GString *text = fixed_text(v, edits);
		gsize size = text->len;

		now = view_with(v, g_string_free(text, FALSE), size);
	}
	g_ptr_array_free(edits, TRUE);
	return now;
}

/* What the stages find in one side of the trials; -1 after a message. */
static int lint_side(const struct lint_request *req, const GPtrArray *decls,
		     const GPtrArray *trials, gboolean now, GPtrArray *out)
{
	GPtrArray *said = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *whole = g_ptr_array_new();
	int ret = 0;

	for (guint i = 0; i < trials->len; i++) {
		const struct trial *t = trials->pdata[i];
		struct lint_view *v = now ? t->now : t->was;

		if (!v)
			continue;
		lint_text(req->rules, v, out);
		if (v->whole)
			g_ptr_array_add(whole, v);
	}
	if (req->fix && req->types && whole->len)
		ret = lint_smpl(req->rules, whole, decls, req->jobs, out, said,
				said);
	g_ptr_array_free(whole, TRUE);
	g_ptr_array_free(said, TRUE);
	return ret;
}

/* A finding of one side of trial @n, as the other side would have it. */
static char *side_key(const struct lint_finding *f, guint n)
{
	return g_strdup_printf("%u %u %s %s", n, f->line, f->id, f->message);
}

/* The index of each trial, by its view @now, or the one that was. */
static GHashTable *index_trials(const GPtrArray *trials, gboolean now)
{
	GHashTable *t = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < trials->len; i++) {
		const struct trial *one = trials->pdata[i];

		g_hash_table_insert(t, now ? one->now : one->was,
				    GUINT_TO_POINTER(i));
	}
	return t;
}

static guint trial_of(GHashTable *t, const struct lint_finding *f)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(t, f->view));
}

/* Take the rewrites of lines @first to @last (from 0) of a view back. */
static gboolean take_back(struct lint_result *res, const struct lint_view *v,
			  guint first, guint last)
{
	gboolean any = FALSE;

	for (guint i = res->edits->len; i-- > 0; ) {
		const struct lint_edit *e = res->edits->pdata[i];
		guint line = lint_view_line(v, e->off);

		if (e->view != v || line < first || line > last)
			continue;
		g_ptr_array_remove_index(res->edits, i);
		any = TRUE;
	}
	for (guint i = 0; i < res->findings->len; i++) {
		struct lint_finding *f = res->findings->pdata[i];

		if (f->view != v || f->line_index < first ||
		    f->line_index > last || (!f->fix && !f->converted))
			continue;
		g_clear_pointer(&f->fix, g_free);
		f->converted = FALSE;
		any = TRUE;
	}
	return any;
}

/* Take back what a finding of the rewritten text, @f, objects to. */
static void object(struct lint_result *res, const struct trial *t,
		   const struct lint_finding *f)
{
	guint first, last;

	lint_view_statement(t->now, g_array_index(t->now->lines,
			struct lint_line, f->line_index).off, &first, &last);
	if (!take_back(res, t->v, MIN(first, f->line_index),
		       MAX(last, f->line_index)))
		take_back(res, t->v, 0, G_MAXUINT);
}

/*
 * One round; @was: keys of what was found before.  *@again: some rewrites were
 * taken back.  0, or -1 after a message.
 */
static int check_round(const struct lint_request *req, const GPtrArray *decls,
		       struct lint_result *res, const GPtrArray *trials,
		       GHashTable *was, gboolean *again)
{
	GPtrArray *now = g_ptr_array_new_with_free_func(lint_finding_free);
	GHashTable *index;
	int ret;

	*again = FALSE;
	for (guint i = 0; i < trials->len; i++) {
		struct trial *t = trials->pdata[i];

		lint_view_free(t->now);
		t->now = view_now(res, t->v);
	}
	index = index_trials(trials, TRUE);
	ret = lint_side(req, decls, trials, TRUE, now);
	for (guint i = 0; !ret && i < now->len; i++) {
		const struct lint_finding *f = now->pdata[i];
		guint n = trial_of(index, f);
		char *key = side_key(f, n);

		if (!g_hash_table_contains(was, key)) {
			object(res, trials->pdata[n], f);
			*again = TRUE;
		}
		g_free(key);
	}
	g_hash_table_destroy(index);
	g_ptr_array_free(now, TRUE);
	return ret;
}

/* The views with rewrites, each with a copy of what it was. */
static GPtrArray *find_trials(const struct lint_result *res)
{
	GPtrArray *trials = g_ptr_array_new_with_free_func(trial_free);
	GHashTable *seen = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < res->edits->len; i++)
		g_hash_table_add(seen, ((struct lint_edit *)
					res->edits->pdata[i])->view);
	for (guint i = 0; i < res->findings->len; i++) {
		const struct lint_finding *f = res->findings->pdata[i];

		if (f->fix)
			g_hash_table_add(seen, f->view);
	}
	for (guint i = 0; i < res->views->len; i++) {
		struct lint_view *v = res->views->pdata[i];
		const char *text = v->orig ? v->orig : v->text;
		struct trial *t;

		if (!g_hash_table_contains(seen, v))
			continue;
		t = g_new0(struct trial, 1);
		t->v = v;
		t->was = view_with(v, g_strndup(text, v->size), v->size);
		g_ptr_array_add(trials, t);
	}
	g_hash_table_destroy(seen);
	return trials;
}

/* Keys of what the stages find in the text as it was; NULL after a message. */
static GHashTable *find_was(const struct lint_request *req,
			    const GPtrArray *decls, const GPtrArray *trials)
{
	GPtrArray *was = g_ptr_array_new_with_free_func(lint_finding_free);
	GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	GHashTable *index = index_trials(trials, FALSE);

	if (lint_side(req, decls, trials, FALSE, was))
		g_clear_pointer(&keys, g_hash_table_destroy);
	for (guint i = 0; keys && i < was->len; i++)
		g_hash_table_add(keys, side_key(was->pdata[i],
					trial_of(index, was->pdata[i])));
	g_hash_table_destroy(index);
	g_ptr_array_free(was, TRUE);
	return keys;
}

int lint_check_fixes(const struct lint_request *req, const GPtrArray *decls,
		     struct lint_result *res)
{
	GPtrArray *trials = find_trials(res);
	GHashTable *was = trials->len ? find_was(req, decls, trials) : NULL;
	int ret = trials->len && !was ? -1 : 0;
	gboolean again = FALSE;

	/* What is taken back can bring another objection, but not for ever. */
	for (int round = 0; was && !ret && round < 4; round++) {
		ret = check_round(req, decls, res, trials, was, &again);
		if (!again)
			break;
	}
	for (guint i = 0; again && i < trials->len; i++)
		take_back(res, ((struct trial *)trials->pdata[i])->v, 0,
			  G_MAXUINT);
	if (was)
		g_hash_table_destroy(was);
	g_ptr_array_free(trials, TRUE);
	return ret;
}

/* ---- the patch ---- */

/* Of a hunk nothing else is known: the diff has its lines and no more. */
static void append_hunk(GString *out, const struct lint_view *v,
			const GString *text)
{
	struct lint_view *w = lint_view_new(v->file, g_strdup(text->str),
					    text->len, 1);
	guint n = v->lines->len;
	guint first = g_array_index(v->lines, struct lint_line, 0).no;

	g_string_append_printf(out, "--- a/%s\n+++ b/%s\n@@ -%u,%u +%u,%u @@\n",
			       v->file, v->file, first, n, first, n);
	for (guint i = 0; i < n; i++) {
		gboolean same;
		gsize a, b;
		const char *p = lint_view_line_text(v, i, &a);
		const char *q = lint_view_line_text(w, i, &b);

		if (v->orig)
			p = v->orig + (p - v->text);
		same = a == b && !memcmp(p, q, a);

		g_string_append_c(out, same ? ' ' : '-');
		g_string_append_len(out, p, a);
		g_string_append_c(out, '\n');
		if (same)
			continue;
		g_string_append_c(out, '+');
		g_string_append_len(out, q, b);
		g_string_append_c(out, '\n');
	}
	lint_view_free(w);
}

char *lint_fixes(const struct lint_result *res, guint *n)
{
	GString *out = g_string_new(NULL);

	*n = 0;
	for (guint i = 0; i < res->views->len; i++) {
		struct lint_view *v = res->views->pdata[i];
		GPtrArray *edits = edits_of(res, v, n);
		GString *text;

		if (edits->len) {
			text = fixed_text(v, edits);
			if (v->whole)
				patch_append(out, v->file, 0100644, v->text,
					     v->size, text->str, text->len,
					     NULL);
			else
				append_hunk(out, v, text);
			g_string_free(text, TRUE);
		}
		g_ptr_array_free(edits, TRUE);
	}
	return g_string_free(out, FALSE);
}
