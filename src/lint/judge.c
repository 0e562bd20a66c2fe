// SPDX-License-Identifier: GPL-2.0-only
/*
 * Judge one view by its text, and decide whether the stages that need a whole
 * file see it, too.
 */
#include <string.h>

#include "lint/pipeline.h"

void lint_not_judged(struct lint *x, const char *file, const char *why)
{
	char *valid = g_utf8_make_valid(file, -1);

	g_ptr_array_add(x->res->not_judged,
			g_strdup_printf("%s: %s", valid, why));
	g_free(valid);
}

gboolean lint_is_source(const char *file)
{
	static const char *const ends[] = { ".c", ".h", ".S" };

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(file, ends[i]))
			return TRUE;
	return FALSE;
}

gboolean lint_is_wanted(const struct lint *x, const char *file)
{
	char **f = x->req->files;

	if (!lint_is_source(file))
		return FALSE;
	for (; f && *f; f++) {
		gsize n = strlen(*f);

		while (n && (*f)[n - 1] == '/')
			n--;
		if (!strncmp(*f, file, n) && (!file[n] || file[n] == '/' || !n))
			return TRUE;
	}
	return !x->req->files;
}

/* Does any rule want to see the whole file through a semantic patch? */
static gboolean wants_types(const struct lint *x, struct lint_view *v)
{
	if (!v->whole || !x->req->types)
		return FALSE;
	for (guint i = 0; i < x->req->rules->rules->len; i++) {
		const struct lint_rule *r = x->req->rules->rules->pdata[i];

		if (!r->off && (r->cocci || (x->req->deep && r->deep &&
					     r->deep[0])) &&
		    lint_rule_wants(r, v, x->decls))
			return TRUE;
	}
	return FALSE;
}

/* Does the text have a word of a rule that looks at such a file? */
static gboolean has_words(const struct lint *x, const struct lint_view *v)
{
	for (guint i = 0; i < x->req->rules->rules->len; i++) {
		const struct lint_rule *r = x->req->rules->rules->pdata[i];

		if (!r->off && lint_globs_match(r->files, v->file) &&
		    lint_view_has(v, r->needs))
			return TRUE;
	}
	return FALSE;
}

/* Its tokens would take twenty times the memory. */
static gboolean is_too_large(struct lint *x, const struct lint_view *v)
{
	if (v->size <= LINT_TEXT_MAX)
		return FALSE;
	if (has_words(x, v))
		g_ptr_array_add(x->res->problems, g_strdup_printf(
			"%s: larger than %u MiB: not judged", v->file,
			LINT_TEXT_MAX >> 20));
	return TRUE;
}

/* What the change replaces has uses, too: they are not new if added again. */
static void judge_before(struct lint *x, struct lint_view *old)
{
	guint n = x->before->len, keep = n;

	lint_text(x->req->rules, old, x->before);
	for (guint i = n; i < x->before->len; i++) {
		struct lint_finding *f = x->before->pdata[i];

		f->func = lint_view_function(old, f->line_index);
		f->view = NULL;
		if (f->added)
			x->before->pdata[keep++] = f;
		else
			lint_finding_free(f);
	}
	g_ptr_array_set_free_func(x->before, NULL);
	g_ptr_array_set_size(x->before, keep);
	g_ptr_array_set_free_func(x->before, lint_finding_free);
}

void lint_judge_deleted(struct lint *x, struct lint_view *old)
{
	old->patch = x->patch;
	if (!x->req->all && old->size <= LINT_TEXT_MAX)
		judge_before(x, old);
	lint_view_free(old);
}

void lint_judge(struct lint *x, struct lint_view *v, struct lint_view *old,
		gboolean fits)
{
	guint before = x->res->findings->len;
	gboolean types;

	if (is_too_large(x, v)) {
		lint_view_free(v);
		lint_view_free(old);
		return;
	}
	v->patch = x->patch;
	v->tree = fits ? x->req->tree : NULL;
	lint_text(x->req->rules, v, x->res->findings);
	types = wants_types(x, v);
	if (old) {
		old->patch = x->patch;
		old->tree = v->tree;
		v->old = old;
		if (!x->req->all)
			judge_before(x, old);
	}
	if (types)
		g_ptr_array_add(x->typed, v);
	if (types || before != x->res->findings->len ||
	    lint_mute_has_comments(v))
		g_ptr_array_add(x->res->views, v);
	else
		lint_view_free(v);
}
