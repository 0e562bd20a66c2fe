// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rewrites of the conversion itself, if the whole file is known: its semantic
 * patches run over the functions that the change touches, and what they do to a
 * statement with a finding is taken, if all of it falls on lines that the change
 * adds.  Names that convert learns from all cells come from the kinds in
 * lint.ini here.  Of a hunk, and where the semantic patches say nothing, the
 * template of the rule is written (fixpatch.c).
 */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "convert/handle/handle.h"
#include "lint/lint.h"
#include "model/manifest.h"
#include "smpl/smpl.h"
#include "text/source.h"
#include "text/tokdiff.h"

/* ---- the conversion's rules ---- */

struct fixer {
	const struct lint_rules *rules;
	const struct tree *root;
	struct lint_result *res;
	struct manifest *m;
	struct handle *h;
	const struct lint_kind *kind;	/* what the text knows of handles */
	const char *tmp;
	GPtrArray *smpl;	/* struct smpl_rule */
};

static const struct lint_kind *handle_kind(const struct lint_rules *r,
					   const struct manifest *m)
{
	for (guint i = 0; i < r->kinds->len; i++) {
		const struct lint_kind *k = r->kinds->pdata[i];

		for (char **t = m->types; *t; t++)
			if (g_strv_contains((const char *const *)k->types, *t))
				return k;
	}
	return NULL;
}

/* Calls that give a handle as alternatives; @sure: only those that cannot fail. */
static char *yields(const struct fixer *x, gboolean sure)
{
	GString *s = g_string_new(NULL);

	for (char **c = x->kind->calls; *c; c++) {
		if (!**c || (sure && handle_may_fail(x->h, *c)))
			continue;
		if (s->len)
			g_string_append_c(s, '|');
		g_string_append(s, *c);
	}
	return g_string_free(s, FALSE);
}

/* Macros whose parameter @n (from 0) is a handle: "NAME:N" counts from 1. */
static char *takes(const struct fixer *x, guint n)
{
	char *tail = g_strdup_printf(":%u", n + 1);
	GString *s = g_string_new(NULL);

	for (char **p = x->kind->params; *p; p++) {
		if (!g_str_has_suffix(*p, tail))
			continue;
		if (s->len)
			g_string_append_c(s, '|');
		g_string_append_len(s, *p, strlen(*p) - strlen(tail));
	}
	g_free(tail);
	return g_string_free(s, FALSE);
}

static void fill(const struct fixer *x, char **text)
{
	char *alt = yields(x, FALSE), *sure = yields(x, TRUE);

	smpl_fill(text, "%YIELDS%", alt);
	smpl_fill(text, "%GIVES%", sure);
	smpl_fill(text, "%HELPERS%", x->h->helpers ? x->h->helpers : "");
	for (guint n = 0; n < 4; n++) {
		char *hole = g_strdup_printf("%%TAKES%u%%", n);
		char *take = takes(x, n);

		smpl_fill(text, hole, take);
		g_free(take);
		g_free(hole);
	}
	g_free(sure);
	g_free(alt);
}

static int load_rules(struct fixer *x)
{
	for (guint i = 0; i < x->m->rules->len; i++) {
		const char *path = x->m->rules->pdata[i];
		char *base = g_path_get_basename(path), *missing;
		struct smpl_rule *r = g_new0(struct smpl_rule, 1);
		GError *err = NULL;

		r->name = g_strdup_printf("%s/%s", x->m->name, base);
		r->path = g_build_filename(x->tmp, base, NULL);
		g_free(base);
		if (!g_file_get_contents(path, &r->text, NULL, &err))
			goto fail;
		missing = smpl_missing(r->text, x->root);
		if (missing) {
			g_free(missing);
			smpl_rule_free(r);
			continue;
		}
		fill(x, &r->text);
		if (!g_file_set_contents(r->path, r->text, -1, &err))
			goto fail;
		g_ptr_array_add(x->smpl, r);
		continue;
fail:
		tw_error("%s", err->message);
		g_error_free(err);
		smpl_rule_free(r);
		return -1;
	}
	return 0;
}

/* ---- statements ---- */

static gboolean is_added(const struct lint_view *v, guint line)
{
	return g_array_index(v->lines, struct lint_line, line).added;
}

/* Findings of the conversion in these lines, where its rewrites are right. */
static gboolean wanted(const struct fixer *x, const struct lint_view *v,
		       guint first, guint last)
{
	gboolean yes = FALSE;

	for (guint i = 0; i < x->res->findings->len; i++) {
		struct lint_finding *f = x->res->findings->pdata[i];

		if (f->view != v || !f->rule ||
		    !g_str_has_prefix(f->id, x->m->name) ||
		    f->line < first + 1 || f->line > last + 1 ||
		    !lint_globs_match(f->rule->fix_files, v->file))
			continue;
		yes = TRUE;
	}
	return yes;
}

/* What the conversion would change and must not, no template changes. */
static void drop_templates(const struct fixer *x, const struct lint_view *v,
			   guint first, guint last)
{
	for (guint i = 0; i < x->res->findings->len; i++) {
		struct lint_finding *f = x->res->findings->pdata[i];

		if (f->view == v && f->line >= first + 1 &&
		    f->line <= last + 1)
			g_clear_pointer(&f->fix, g_free);
	}
}

/* An edit that touches what a finding points at is its rewrite. */
static void mark(const struct fixer *x, const struct lint_edit *e)
{
	guint line = lint_view_line(e->view, e->off);
	gsize start = g_array_index(e->view->lines, struct lint_line, line).off;
	guint col = e->off - start + 1;

	for (guint i = 0; i < x->res->findings->len; i++) {
		struct lint_finding *f = x->res->findings->pdata[i];

		if (f->view == e->view && f->rule &&
		    g_str_has_prefix(f->id, x->m->name) &&
		    f->line == line + 1 && col + e->len >= f->col &&
		    (!f->end_col || col <= f->end_col))
			f->converted = TRUE;
	}
}

/* ---- one file ---- */

struct change { gsize off, len; guint first, last; gboolean ok; char *text; };

static void change_clear(gpointer p)
{
	g_free(((struct change *)p)->text);
}

/* The place in the view of byte @off of a slice of it: lines keep their number. */
static gboolean to_view(const struct lint_view *v, const char *slice,
			gsize off, gsize *out)
{
	guint line = 0;
	gsize start = 0, len;
	const char *s;

	for (gsize i = 0; i < off; i++)
		if (slice[i] == '\n') {
			line++;
			start = i + 1;
		}
	if (line >= v->lines->len)
		return FALSE;
	s = lint_view_line_text(v, line, &len);
	*out = s - v->text + off - start;
	return off - start <= len;
}

/* What the rules did, statement by statement: all of it, or none. */
static void take_changes(struct fixer *x, struct lint_view *v,
			 const struct smpl_job *job, const char *text,
			 gsize size)
{
	GPtrArray *d = tokdiff(job->text, job->size, text, size);
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct change));

	g_array_set_clear_func(all, change_clear);
	for (guint i = 0; i < d->len; i++) {
		const struct tokdiff *t = d->pdata[i];
		struct change c = { .ok = FALSE };
		gsize end;

		if (!to_view(v, job->text, t->off, &c.off) ||
		    !to_view(v, job->text, t->off + t->len, &end))
			continue;
		c.len = end - c.off;
		c.text = g_strdup(t->text);
		lint_view_statement(v, c.off, &c.first, &c.last);
		c.ok = !strchr(t->text, '\n') &&
		       !memchr(v->text + c.off, '\n', c.len) &&
		       is_added(v, lint_view_line(v, c.off));
		g_array_append_val(all, c);
	}
	for (guint i = 0; i < all->len; i++) {
		struct change *c = &g_array_index(all, struct change, i);
		struct lint_edit *e;
		gboolean ok = TRUE;

		for (guint k = 0; k < all->len; k++) {
			const struct change *o = &g_array_index(all,
							struct change, k);

			ok &= o->first != c->first || o->last != c->last ||
			      o->ok;
		}
		if (!ok)
			drop_templates(x, v, c->first, c->last);
		if (!ok || !wanted(x, v, c->first, c->last))
			continue;
		e = g_new0(struct lint_edit, 1);
		*e = (struct lint_edit){ v, c->off, c->len, g_strdup(c->text) };
		g_ptr_array_add(x->res->edits, e);
		mark(x, e);
	}
	g_array_free(all, TRUE);
	g_ptr_array_free(d, TRUE);
}

static void take_job(struct fixer *x, struct lint_view *v,
		     const struct smpl_job *job)
{
	const struct smpl_step *last = NULL;

	for (guint k = 0; k < x->smpl->len; k++) {
		const struct smpl_rule *r = x->smpl->pdata[k];

		if (job->steps[k].error)
			g_ptr_array_add(x->res->problems, g_strdup_printf(
				"%s: %s: %s", v->file, r->name,
				job->steps[k].error));
		if (job->steps[k].text)
			last = &job->steps[k];
	}
	if (last)
		take_changes(x, v, job, last->text, last->size);
}

static int convert_views(struct fixer *x, int n_jobs)
{
	GPtrArray *views = g_ptr_array_new(), *jobs = g_ptr_array_new();
	int ret = 0;

	for (guint i = 0; i < x->res->views->len; i++) {
		struct lint_view *v = x->res->views->pdata[i];
		struct smpl_job *job;
		gsize size;
		char *text;

		if (!v->whole || !source_is_c(v->file) ||
		    !wanted(x, v, 0, v->lines->len))
			continue;
		text = lint_slice(v, NULL, NULL, &size);
		if (strspn(text, "\n") == size) {
			g_free(text);
			continue;
		}
		job = g_new0(struct smpl_job, 1);
		job->name = g_strdup(v->file);
		job->text = text;
		job->size = size;
		g_ptr_array_add(jobs, job);
		g_ptr_array_add(views, v);
	}
	if (jobs->len)
		ret = load_rules(x);
	if (!ret && x->smpl->len)
		ret = smpl_run(x->smpl, jobs, n_jobs);
	for (guint i = 0; i < jobs->len; i++) {
		if (!ret && x->smpl->len)
			take_job(x, views->pdata[i], jobs->pdata[i]);
		smpl_job_free(jobs->pdata[i], x->smpl->len);
	}
	g_ptr_array_free(jobs, TRUE);
	g_ptr_array_free(views, TRUE);
	return ret;
}

int lint_convert(const struct lint_rules *r, const struct tree *root, int jobs,
		 struct lint_result *res)
{
	int ret = 0;

	/* Conversions with a handle: they have rules that rewrite. */
	for (guint i = 0; i < r->deep->len && !ret; i++) {
		const struct lint_deep *d = r->deep->pdata[i];
		struct fixer x = { .rules = r, .root = root, .res = res };
		char *tmp;

		x.m = manifest_load(d->conversion);
		x.h = x.m ? handle_load(x.m) : NULL;
		x.kind = x.h ? handle_kind(r, x.m) : NULL;
		tmp = g_dir_make_tmp("treewide-lint-XXXXXX", NULL);
		x.tmp = tmp;
		x.smpl = g_ptr_array_new_with_free_func(smpl_rule_free);
		if (!x.h)
			ret = -1;
		else if (!tmp)
			ret = tw_error("cannot make a folder for temporary files: %s",
				       g_strerror(errno));
		else if (x.kind)
			ret = convert_views(&x, jobs);
		if (tmp)
			smpl_remove_dir(tmp);
		g_free(tmp);
		g_ptr_array_free(x.smpl, TRUE);
		handle_free(x.h);
		manifest_free(x.m);
	}
	return ret;
}
