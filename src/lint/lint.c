// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline of lint: collect what a change adds (a patch, a range of git, or
 * files), run the stages over the new text of each file, choose what of their
 * findings is new.  Nothing is written and nothing of the tree is run.
 */
#include <string.h>

#include "base/diag.h"
#include "lint/pipeline.h"
#include "text/mailread.h"

static void info_free(gpointer p)
{
	struct lint_patch_info *i = p;

	g_free(i->subject);
	g_free(i->author);
	g_free(i->commit);
	g_free(i);
}

static void result_init(struct lint_result *res)
{
	memset(res, 0, sizeof(*res));
	res->findings = g_ptr_array_new_with_free_func(lint_finding_free);
	res->views = g_ptr_array_new_with_free_func(lint_view_free);
	res->patches = g_ptr_array_new_with_free_func(info_free);
	res->not_judged = g_ptr_array_new_with_free_func(g_free);
	res->unread = g_ptr_array_new_with_free_func(g_free);
	res->problems = g_ptr_array_new_with_free_func(g_free);
	res->edits = g_ptr_array_new_with_free_func(lint_edit_free);
}

/* What of a mail may hold a diff and was not read, with its number. */
static void take_unread(struct lint *x, const struct pr_set *s)
{
	for (guint i = 0; i < s->patches->len; i++) {
		const struct pr_patch *p = s->patches->pdata[i];

		for (guint k = 0; k < p->unread->len; k++)
			g_ptr_array_add(x->res->unread, g_strdup_printf(
				"patch %u of %u (\"%s\"): %s", i + 1,
				s->patches->len,
				p->subject ? p->subject : "no subject",
				(char *)p->unread->pdata[k]));
	}
}

/* 0, or -1 after a message; @s is what the views' lines point into. */
static int collect(struct lint *x, struct pr_set **s)
{
	const struct lint_request *req = x->req;
	struct pr_error err = { 0 };

	if (req->range)
		return lint_collect_range(x);
	if (!req->patch)
		return lint_collect_files(x);
	*s = mail_read(req->patch, req->patch_size, &err);
	if (!*s)
		return tw_error_at(req->patch_name, err.line, 0, "%s",
				   err.text);
	lint_collect_patch(x, *s);
	take_unread(x, *s);
	return 0;
}

int lint_run(const struct lint_request *req, struct lint_result *res)
{
	struct lint x = { .req = req, .res = res };
	struct pr_set *s = NULL;
	int ret;

	result_init(res);
	x.typed = g_ptr_array_new();
	x.before = g_ptr_array_new_with_free_func(lint_finding_free);
	x.state = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					lint_state_free);
	/* Of a patch alone nothing is known but the patch. */
	if (req->types && (req->tree || !req->patch))
		x.decls = lint_decls_new(req->rules, req->tree ? req->tree :
					 req->root);
	ret = collect(&x, &s);
	if (!ret && x.typed->len)
		ret = lint_smpl(req->rules, x.typed, x.decls, req->jobs,
				res->findings, res->problems,
				res->not_judged);
	if (!ret && req->deep && x.typed->len)
		ret = lint_deep(req->rules, req->tree, req->cells, x.typed,
				x.decls, req->jobs, res->findings,
				res->problems);
	if (!ret)
		ret = lint_sift(&x);
	if (!ret && req->fix && req->types)
		ret = lint_convert(req->rules, req->tree || !req->patch ?
				   req->root : NULL, req->jobs, res);
	if (!ret)
		ret = lint_check_fixes(req, x.decls, res);
	pr_free(s);
	g_hash_table_destroy(x.state);
	g_ptr_array_free(x.typed, TRUE);
	g_ptr_array_free(x.before, TRUE);
	if (x.decls)
		g_ptr_array_free(x.decls, TRUE);
	return ret;
}

void lint_result_clear(struct lint_result *res)
{
	g_ptr_array_free(res->edits, TRUE);
	g_ptr_array_free(res->findings, TRUE);
	g_ptr_array_free(res->views, TRUE);
	g_ptr_array_free(res->patches, TRUE);
	g_ptr_array_free(res->not_judged, TRUE);
	g_ptr_array_free(res->unread, TRUE);
	g_ptr_array_free(res->problems, TRUE);
}
