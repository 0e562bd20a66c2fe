// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the semantic patches do, file by file, run as the kernel's coccicheck
 * runs them in patch mode.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/smpl/shape.h"
#include "smpl/cocci.h"
#include "text/tokdiff.h"

/* The options of a rule: its own, the mode, and where headers are. */
static char **args_of(const struct convert *c, const struct cocci *rule)
{
	GPtrArray *v = g_ptr_array_new();
	gboolean includes = FALSE;

	for (guint i = 0; i < rule->options->len; i++) {
		const char *o = rule->options->pdata[i];

		g_ptr_array_add(v, g_strdup(o));
		includes |= strstr(o, "includes") && strcmp(o, "--no-includes");
	}
	if (!rule->options->len) {
		g_ptr_array_add(v, g_strdup("--no-includes"));
		g_ptr_array_add(v, g_strdup("--include-headers"));
	}
	if (includes) {
		g_ptr_array_add(v, g_strdup("-I"));
		g_ptr_array_add(v, g_build_filename(c->t->path, "include",
						    NULL));
	}
	for (guint i = 0; i < rule->virtuals->len; i++)
		if (!strcmp(rule->virtuals->pdata[i], "patch")) {
			g_ptr_array_add(v, g_strdup("-D"));
			g_ptr_array_add(v, g_strdup("patch"));
		}
	g_ptr_array_add(v, NULL);
	return (char **)g_ptr_array_free(v, FALSE);
}

static int load_rule(struct convert *c, const char *path, const char *version)
{
	struct smpl_rule *r = smpl_rule_load(path, c->m);
	struct cocci *text = r ? cocci_read(path) : NULL;
	char *missing;
	int ret = 0;

	if (!text) {
		if (r)
			smpl_rule_free(r);
		return -1;
	}
	missing = smpl_missing(r->text, c->t);
	if (!missing && !cocci_version_ok(text, version))
		missing = g_strdup_printf("spatch is %s, and %s is wanted",
					  version, text->wants);
	if (missing) {
		g_ptr_array_add(c->res->rules_left, g_strdup_printf("%s: %s",
							r->name, missing));
		smpl_rule_free(r);
		g_free(missing);
	} else {
		r->args = args_of(c, text);
		g_ptr_array_add(c->rules, r);
		ret = convert_place_rule(c, r);
	}
	cocci_free(text);
	return ret;
}

static int load_rules(struct convert *c)
{
	char *version = smpl_version();
	int ret = version ? 0 : -1;

	for (guint i = 0; i < c->m->rules->len && !ret; i++)
		ret = load_rule(c, c->m->rules->pdata[i], version);
	g_free(version);
	return ret;
}

static void take_unparsed(struct smplc *x, struct sfile *f,
			  const struct smpl_job *job)
{
	GHashTable *lines = g_hash_table_new(NULL, NULL);

	for (guint k = 0; k < job->unparsed->len; k++) {
		guint line = g_array_index(job->unparsed, guint, k);

		g_hash_table_add(lines, GUINT_TO_POINTER(line));
		ledger_add_blind(x->c->ledger, "spatch", job->name, line,
				 "spatch cannot parse it");
		x->c->res->unparsed++;
	}
	for (guint i = f->first; i < f->first + f->n; i++) {
		struct ssite *s = smplc_site(x, i);

		s->unparsed = g_hash_table_contains(lines,
					GUINT_TO_POINTER(s->site->line));
	}
	g_hash_table_destroy(lines);
}

/* The sites that the edits of the rules have in them. */
static void mark_sites(struct smplc *x, const struct sfile *f)
{
	guint i = f->first;

	for (guint k = 0; k < f->diffs->len; k++) {
		const struct tokdiff *d = f->diffs->pdata[k];

		for (; i < f->first + f->n; i++) {
			struct ssite *s = smplc_site(x, i);
			gsize end = s->site->off + strlen(s->site->symbol);

			if (s->site->off >= d->off + d->len)
				break;
			s->rule |= end > d->off;
		}
	}
}

/* Is there an edit in bytes @from to @to? */
static gboolean has_diff(const struct sfile *f, gsize from, gsize to)
{
	guint lo = 0, hi = f->diffs->len;

	while (lo < hi) {
		guint mid = lo + (hi - lo) / 2;

		if (((struct tokdiff *)f->diffs->pdata[mid])->off < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->diffs->len &&
	       ((struct tokdiff *)f->diffs->pdata[lo])->off < to;
}

/*
 * A rule that edits within the arguments of a call edits that call, too: its
 * name stays, and is a site.
 */
static void mark_calls(struct smplc *x, const struct sfile *f)
{
	struct source *s = convert_source(x->c, f->name);

	for (guint i = f->first; s && i < f->first + f->n; i++) {
		struct ssite *site = smplc_site(x, i);
		gsize open, close;

		if (site->rule)
			continue;
		open = source_next(s, source_token_at(s, site->site->off));
		if (!source_is(s, open, "("))
			continue;
		close = source_close(s, open);
		site->rule = close < s->toks.n &&
			     has_diff(f, site->site->off, source_end(s, close));
	}
}

static void take_job(struct smplc *x, struct smpl_job *job)
{
	struct sfile *f = g_hash_table_lookup(x->by_file, job->name);
	const GPtrArray *rules = x->c->rules;
	const struct smpl_step *last = NULL;
	GString *names = g_string_new(NULL);

	for (guint k = 0; k < rules->len; k++) {
		const struct smpl_rule *r = rules->pdata[k];
		const struct smpl_step *step = &job->steps[k];

		if (step->error) {
			g_ptr_array_add(x->c->res->problems, g_strdup_printf(
				"%s: %s: %s", job->name, r->name,
				step->error));
			for (guint i = f->first; i < f->first + f->n; i++)
				smplc_site(x, i)->rules_failed = TRUE;
		}
		if (!step->text)
			continue;
		last = step;
		g_string_append_printf(names, "%s%s", names->len ? "+" : "",
				       r->name);
	}
	take_unparsed(x, f, job);
	if (last) {
		f->diffs = tokdiff(job->text, job->size, last->text,
				   last->size);
		f->rules = g_strdup(names->str);
		mark_sites(x, f);
		if (!x->pure)
			mark_calls(x, f);
	}
	g_string_free(names, TRUE);
}

int smplc_run_rules(struct smplc *x)
{
	struct convert *c = x->c;

	if (load_rules(c))
		return -1;
	for (guint i = 0; i < x->files->len && c->rules->len; i++) {
		const struct sfile *f = x->files->pdata[i];
		struct smpl_job *job;
		char *text;
		gsize size;

		if (!f->code)
			continue;
		text = tree_read(c->t, f->name, &size, TRUE);
		if (!text)
			continue;
		job = g_new0(struct smpl_job, 1);
		job->name = g_strdup(f->name);
		job->text = text;
		job->size = size;
		g_ptr_array_add(c->smpl_jobs, job);
	}
	if (smpl_run(c->rules, c->smpl_jobs, c->jobs))
		return -1;
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		take_job(x, c->smpl_jobs->pdata[i]);
		smpl_job_free(c->smpl_jobs->pdata[i], c->rules->len);
	}
	g_ptr_array_set_size(c->smpl_jobs, 0);
	return 0;
}
