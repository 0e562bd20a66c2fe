// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the edits: declarations first, then semantic patches on the text with
 * its declarations edited and its macro bodies appended as functions.  What
 * spatch gives back is compared with what it got, token by token, and mapped to
 * the file as it is.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "convert/internal.h"
#include "base/diag.h"
#include "convert/handle/spelled.h"
#include "convert/handle/stale.h"
#include "text/tokdiff.h"

static void edit_declarations(struct convert *c, struct edit_set *out)
{
	GPtrArray *funcs = g_ptr_array_new();

	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		for (guint k = 0; k < a->funcs->len; k++)
			g_ptr_array_add(funcs, a->funcs->pdata[k]);
	}
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];

		if (!convert_may_change(c, s))
			continue;
		handle_edit_typedefs(c->h, s, out);
		handle_edit_decls(c->h, s, c->flow, funcs, out);
	}
	g_ptr_array_free(funcs, TRUE);
}

static gboolean rule_fits(struct convert *c, const char *name, const char *rule)
{
	char *missing = smpl_missing(rule, c->t);

	if (!missing)
		return TRUE;
	g_ptr_array_add(c->res->rules_left, g_strdup_printf("%s (%s)", name,
							    missing));
	g_free(missing);
	return FALSE;
}

/* What stands in rules for names that only a tree knows. */
#define MAX_TAKES 4

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The functions whose parameter @n is a handle, as alternatives of a regex. */
static char *takes(const struct flow *f, int n)
{
	char *tail = g_strdup_printf("#%d", n), *alt;
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, f->api);
	while (g_hash_table_iter_next(&it, &k, NULL))
		if (g_str_has_suffix(k, tail))
			g_ptr_array_add(v, g_strndup(k, strlen(k) -
							strlen(tail)));
	g_ptr_array_sort(v, by_text);
	g_ptr_array_add(v, NULL);
	alt = g_strjoinv("|", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	g_free(tail);
	return alt;
}

/* Of the names @yields, those whose value is never NULL. */
static char *gives(const struct handle *h, const GPtrArray *yields)
{
	GPtrArray *v = g_ptr_array_new();
	char *alt;

	for (guint i = 0; yields->pdata[i]; i++)
		if (!handle_may_fail(h, yields->pdata[i]))
			g_ptr_array_add(v, yields->pdata[i]);
	g_ptr_array_add(v, NULL);
	alt = g_strjoinv("|", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	return alt;
}

static int load_rules(struct convert *c)
{
	GPtrArray *yields = handle_yields(c->flow, c->source_list);
	char *dir = g_build_filename(c->run, "rules", NULL), *alt, *sure;
	char *take[MAX_TAKES];
	int ret = 0;

	g_ptr_array_add(yields, NULL);
	alt = g_strjoinv("|", (char **)yields->pdata);
	sure = gives(c->h, yields);
	for (int n = 0; n < MAX_TAKES; n++)
		take[n] = takes(c->flow, n);
	if (g_mkdir_with_parents(dir, 0755))
		ret = tw_error("cannot make '%s'", dir);
	for (guint i = 0; i < c->m->rules->len && !ret; i++) {
		char *base = g_path_get_basename(c->m->rules->pdata[i]);
		struct smpl_rule *r = smpl_rule_load(c->m->rules->pdata[i],
						     c->m);
		GError *err = NULL;

		if (!r || !rule_fits(c, r->name, r->text)) {
			ret = r ? 0 : -1;
			g_clear_pointer(&r, smpl_rule_free);
			g_free(base);
			continue;
		}
		g_ptr_array_add(c->rules, r);
		smpl_fill(&r->text, "%YIELDS%", alt);
		smpl_fill(&r->text, "%GIVES%", sure);
		smpl_fill(&r->text, "%HELPERS%",
			c->h->helpers ? c->h->helpers : "");
		for (int n = 0; n < MAX_TAKES; n++) {
			char *hole = g_strdup_printf("%%TAKES%d%%", n);

			smpl_fill(&r->text, hole, take[n]);
			g_free(hole);
		}
		g_free(r->path);
		r->path = g_build_filename(dir, base, NULL);
		if (!g_file_set_contents(r->path, r->text, -1, &err)) {
			ret = tw_error("%s", err->message);
			g_error_free(err);
		}
		g_free(base);
	}
	for (int n = 0; n < MAX_TAKES; n++)
		g_free(take[n]);
	g_free(sure);
	g_free(alt);
	g_free(dir);
	g_ptr_array_free(yields, TRUE);
	return ret;
}

/* A monotone map from a text with edits to the text without them. */
struct shift { gsize at, len, old_at, old_len; };

static gsize map_back(const GArray *shifts, gsize at)
{
	gssize delta = 0;

	for (guint i = 0; i < shifts->len; i++) {
		const struct shift *s = &g_array_index(shifts, struct shift, i);

		if (at < s->at)
			break;
		if (at < s->at + s->len)
			return s->old_at;
		delta = (gssize)(s->old_at + s->old_len) -
			(gssize)(s->at + s->len);
	}
	return at + delta;
}

struct rewrite {	/* what became of one file in spatch */
	struct source *s;
	GArray *decl_shift;	/* declarations edited: text -> file */
	GArray *pieces;		/* macro bodies appended */
	gsize plain;		/* size of the text without them */
};

static gssize to_file(const struct rewrite *w, gsize at)
{
	for (guint i = 0; i < w->pieces->len; i++) {
		const struct handle_piece *p =
			&g_array_index(w->pieces, struct handle_piece, i);

		if (at >= p->at && at <= p->at + p->len)
			return p->from + (at - p->at);
	}
	return at < w->plain ? (gssize)map_back(w->decl_shift, at) : -1;
}

/*
 * Bytes of @text before @off that are no white space: spatch may lay out lines
 * anew, so places of two texts are compared by these.
 */
static gsize dense(const char *text, gsize off)
{
	gsize n = 0;

	for (gsize i = 0; i < off; i++)
		n += !g_ascii_isspace(text[i]) && text[i] != '\\';
	return n;
}

/* The rules whose step touched bytes @from to @to of the first text. */
static char *rules_at(const struct convert *c, const struct smpl_job *job,
		      gsize from, gsize to)
{
	const char *text = job->text;
	gsize size = job->size;
	GPtrArray *back = g_ptr_array_new();
	GString *names = g_string_new(NULL);

	from = dense(text, from);
	to = dense(text, to);
	for (guint k = 0; k < c->rules->len; k++) {
		const struct smpl_step *st = &job->steps[k];
		GPtrArray *d;
		GArray *sh;
		gboolean hit = FALSE;

		if (!st->text)
			continue;
		d = tokdiff(text, size, st->text, st->size);
		sh = g_array_new(FALSE, FALSE, sizeof(struct shift));
		for (guint i = 0; i < d->len; i++) {
			const struct tokdiff *t = d->pdata[i];
			gsize at = dense(text, t->off);
			gsize end = dense(text, t->off + t->len);
			gsize new_at = dense(st->text, t->new_off);
			struct shift s = { new_at,
				dense(st->text, t->new_off + t->new_len) -
				new_at, at, end - at };

			for (guint b = back->len; b-- > 0; ) {
				at = map_back(back->pdata[b], at);
				end = map_back(back->pdata[b], end);
			}
			hit |= end >= from && at <= to;
			g_array_append_val(sh, s);
		}
		if (hit) {
			if (names->len)
				g_string_append_c(names, '+');
			g_string_append(names,
				((struct smpl_rule *)c->rules->pdata[k])->name);
		}
		g_ptr_array_add(back, sh);
		g_ptr_array_free(d, TRUE);
		text = st->text;
		size = st->size;
	}
	for (guint b = 0; b < back->len; b++)
		g_array_free(back->pdata[b], TRUE);
	g_ptr_array_free(back, TRUE);
	if (!names->len)
		g_string_append(names, c->m->name);
	return g_string_free(names, FALSE);
}

static void take_edits(struct convert *c, const struct rewrite *w,
		       const struct smpl_job *job)
{
	const char *text = NULL;
	gsize size = 0;
	GPtrArray *d;

	for (guint k = 0; k < c->rules->len; k++) {
		if (job->steps[k].error)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: %s: %s", w->s->file,
				((struct smpl_rule *)c->rules->pdata[k])->name,
				job->steps[k].error));
		if (job->steps[k].text) {
			text = job->steps[k].text;
			size = job->steps[k].size;
		}
	}
	if (!text)
		return;
	d = tokdiff(job->text, job->size, text, size);
	for (guint i = 0; i < d->len; i++) {
		const struct tokdiff *t = d->pdata[i];
		gssize from = to_file(w, t->off);
		gssize to = to_file(w, t->off + t->len);
		char *rule;

		if (from < 0 || to < from || (gsize)to > w->s->size) {
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: an edit of a semantic patch has no place in the file; look at the rules in '%s'",
				w->s->file, c->run));
			continue;
		}
		rule = rules_at(c, job, t->off, t->off + t->len);
		edit_replace(c->edits, w->s->file, w->s->text, from, to,
			     t->text, rule);
		g_free(rule);
	}
	g_ptr_array_free(d, TRUE);
}

static GArray *shifts_of(const GPtrArray *edits)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct shift));
	gssize delta = 0;

	for (guint i = 0; edits && i < edits->len; i++) {
		const struct edit *e = edits->pdata[i];
		struct shift s = { e->off + delta, e->new_len, e->off, e->len };

		delta += (gssize)e->new_len - (gssize)e->len;
		g_array_append_val(v, s);
	}
	return v;
}

static int run_rules(struct convert *c)
{
	struct edit_set *decls = edit_set_new();
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct rewrite));
	struct spelled *sp = spelled_new(c->h, c->m, c->policy, c->flow,
					 c->facts);
	int ret = -1;

	edit_declarations(c, decls);
	if (load_rules(c))
		goto out;
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];
		const GPtrArray *e = edit_of_file(decls, s->file);
		struct smpl_job *job;
		struct rewrite w = { .s = s };
		char *text, *blank;

		if (!convert_may_change(c, s))
			continue;
		blank = handle_blank_macros(s);
		text = edit_apply_text(decls, s->file, blank, s->size,
				       &w.plain);
		g_free(blank);
		if (!text)
			goto out;
		w.decl_shift = shifts_of(e);
		w.pieces = g_array_new(FALSE, FALSE,
				       sizeof(struct handle_piece));
		job = g_new0(struct smpl_job, 1);
		job->name = g_strdup(s->file);
		job->text = handle_with_macros(c->h, s, text, w.plain,
					       w.pieces, &job->size);
		g_free(text);
		g_ptr_array_add(c->smpl_jobs, job);
		g_array_append_val(all, w);
		spelled_add_decls(sp, s, e, c->edits);
	}
	if (smpl_run(c->rules, c->smpl_jobs, c->jobs))
		goto out;
	for (guint i = 0; i < all->len; i++)
		take_edits(c, &g_array_index(all, struct rewrite, i),
			   c->smpl_jobs->pdata[i]);
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];

		if (convert_may_change(c, s))
			spelled_edit_uses(sp, s, c->edits, c->res->problems);
	}
	ret = 0;
out:
	for (guint i = 0; i < all->len; i++) {
		struct rewrite *w = &g_array_index(all, struct rewrite, i);

		g_array_free(w->decl_shift, TRUE);
		g_array_free(w->pieces, TRUE);
	}
	g_array_free(all, TRUE);
	edit_set_free(decls);
	spelled_free(sp);
	return ret;
}

/* Is what arch/, or generic code, says about handles of those that change? */
static gboolean arch_may_change(const struct convert *c, const char *file)
{
	char *arch = source_arch(file);
	gboolean yes = g_hash_table_size(c->page_archs) &&
		       (!arch || g_hash_table_contains(c->page_archs, arch));

	g_free(arch);
	return yes;
}

/* What comments and documents say, when all code is as it will be. */
static int look_for_stale(struct convert *c)
{
	struct stale st = { c->h, c->m, c->flow, c->edits, c->res->notes };

	for (guint i = 0; i < c->source_list->len; i++)
		if (convert_may_change(c, c->source_list->pdata[i]))
			stale_source(&st, c->source_list->pdata[i]);
	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *text;
		gsize size;

		if ((s->ctx != SITE_COMMENT && s->ctx != SITE_DOC) ||
		    !arch_may_change(c, s->file))
			continue;
		text = tree_read(c->t, s->file, &size, TRUE);
		if (text)
			stale_site(&st, s, text, size);
		g_free(text);
	}
	stale_finish(&st);
	return convert_save_notes(c);
}

int convert_rewrite(struct convert *c)
{
	if (run_rules(c))
		return -1;
	convert_bridge(c);
	convert_check_shared(c);
	return look_for_stale(c);
}
