// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the semantic patches over the files that may change.  They are given the
 * text with the shape's first edits, and macro bodies behind it as functions.
 * What spatch gives back is compared with that, token by token, and mapped to
 * the file as it is.  The edits are the conversion, or only an opinion: that is
 * up to the shape.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "base/diag.h"
#include "convert/shape.h"
#include "text/tokdiff.h"

/* Loading. */

static gboolean fits(struct convert *c, const struct smpl_rule *r)
{
	char *missing = smpl_missing(r->text, c->t);

	if (!missing)
		return TRUE;
	g_ptr_array_add(c->res->rules_left, g_strdup_printf("%s (%s)", r->name,
							    missing));
	g_free(missing);
	return FALSE;
}

int convert_place_rule(const struct convert *c, struct smpl_rule *r)
{
	char *dir = g_build_filename(c->run, "rules", NULL);
	char *base = g_path_get_basename(r->path);
	GError *err = NULL;
	int ret = 0;

	g_free(r->path);
	r->path = g_build_filename(dir, base, NULL);
	if (g_mkdir_with_parents(dir, 0755)) {
		ret = tw_error("cannot make '%s'", dir);
	} else if (!g_file_set_contents(r->path, r->text, -1, &err)) {
		ret = tw_error("%s", err->message);
		g_error_free(err);
	}
	g_free(base);
	g_free(dir);
	return ret;
}

static int load_one(struct convert *c, const char *path, GHashTable *holes)
{
	struct smpl_rule *r = smpl_rule_load(path, c->m);
	GHashTableIter it;
	gpointer name, text;

	if (!r)
		return -1;
	if (!fits(c, r)) {
		smpl_rule_free(r);
		return 0;
	}
	g_ptr_array_add(c->rules, r);
	g_hash_table_iter_init(&it, holes);
	while (g_hash_table_iter_next(&it, &name, &text))
		smpl_fill(&r->text, name, text);
	return convert_place_rule(c, r);
}

static int load(struct convert *c)
{
	GHashTable *holes = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, g_free);
	int ret = 0;

	if (c->shape->holes)
		c->shape->holes(c, holes);
	for (guint i = 0; i < c->m->rules->len && !ret; i++)
		ret = load_one(c, c->m->rules->pdata[i], holes);
	g_hash_table_destroy(holes);
	return ret;
}

/* From the text that spatch sees back to the file. */

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

struct rewrite {		/* one file */
	struct source *s;
	struct shape_feed feed;
	GArray *shifts;		/* of the edits before the rules */
};

static gssize to_file(const struct rewrite *w, gsize at)
{
	for (guint i = 0; i < w->feed.pieces->len; i++) {
		const struct shape_piece *p =
			&g_array_index(w->feed.pieces, struct shape_piece, i);

		if (at >= p->at && at <= p->at + p->len)
			return p->from + (at - p->at);
	}
	return at < w->feed.plain ? (gssize)map_back(w->shifts, at) : -1;
}

/* Which rules made an edit. */

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

struct touch { guint rule; gsize from, to; };	/* dense, in the first text */

/* What each rule touched, in the order of the rules: struct touch. */
static GArray *touches(const struct convert *c, const struct smpl_job *job)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct touch));
	GPtrArray *back = g_ptr_array_new();
	const char *text = job->text;
	gsize size = job->size;

	for (guint k = 0; k < c->rules->len; k++) {
		const struct smpl_step *st = &job->steps[k];
		GPtrArray *d;
		GArray *sh;

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
			struct touch hit = { k, at, end };

			for (guint b = back->len; b-- > 0; ) {
				hit.from = map_back(back->pdata[b], hit.from);
				hit.to = map_back(back->pdata[b], hit.to);
			}
			g_array_append_val(v, hit);
			g_array_append_val(sh, s);
		}
		g_ptr_array_add(back, sh);
		g_ptr_array_free(d, TRUE);
		text = st->text;
		size = st->size;
	}
	for (guint b = 0; b < back->len; b++)
		g_array_free(back->pdata[b], TRUE);
	g_ptr_array_free(back, TRUE);
	return v;
}

/* The rules that touched bytes @from to @to of the first text: "a+b". */
static char *rules_at(const struct convert *c, const GArray *all,
		      const char *text, gsize from, gsize to)
{
	GString *names = g_string_new(NULL);
	guint last = G_MAXUINT;

	from = dense(text, from);
	to = dense(text, to);
	for (guint i = 0; i < all->len; i++) {
		const struct touch *t = &g_array_index(all, struct touch, i);

		if (t->rule == last || t->to < from || t->from > to)
			continue;
		if (names->len)
			g_string_append_c(names, '+');
		g_string_append(names, ((struct smpl_rule *)
					c->rules->pdata[t->rule])->name);
		last = t->rule;
	}
	if (!names->len)
		g_string_append(names, c->m->name);
	return g_string_free(names, FALSE);
}

/* What became of a file. */

/* The text after the last rule that changed it; NULL: none did. */
static const struct smpl_step *last_step(struct convert *c,
					 const struct smpl_job *job)
{
	const struct smpl_step *last = NULL;

	for (guint k = 0; k < c->rules->len; k++) {
		const struct smpl_step *st = &job->steps[k];

		if (st->error)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: %s: %s", job->name, ((struct smpl_rule *)
				c->rules->pdata[k])->name, st->error));
		if (st->text)
			last = st;
	}
	return last;
}

static void take_edits(struct convert *c, const struct rewrite *w,
		       const struct smpl_job *job, struct edit_set *out)
{
	const struct smpl_step *last = last_step(c, job);
	GArray *all;
	GPtrArray *d;

	if (!last)
		return;
	all = touches(c, job);
	d = tokdiff(job->text, job->size, last->text, last->size);
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
		rule = rules_at(c, all, job->text, t->off, t->off + t->len);
		edit_replace(out, w->s->file, w->s->text, from, to, t->text,
			     rule);
		g_free(rule);
	}
	g_ptr_array_free(d, TRUE);
	g_array_free(all, TRUE);
}

static void note_unparsed(struct convert *c, const struct rewrite *w,
			  const struct smpl_job *job)
{
	const struct token_list *toks = &w->s->toks;
	guint last = toks->n ? toks->v[toks->n - 1].line : G_MAXUINT;

	for (guint k = 0; k < job->unparsed->len; k++) {
		guint line = g_array_index(job->unparsed, guint, k);

		g_hash_table_add(c->unparsed, g_strdup_printf("%s:%u",
							      job->name, line));
		/* Lines behind the file are macro bodies, appended. */
		if (line > last)
			continue;
		ledger_add_blind(c->ledger, "spatch", job->name, line,
				 "spatch cannot parse it");
		c->res->unparsed++;
	}
}

/* The step. */

/* The text with the edits before the rules, and nothing else. */
static gboolean feed_plain(const struct source *s,
			   const struct edit_set *before, struct shape_feed *f)
{
	f->text = edit_apply_text(before, s->file, s->text, s->size, &f->plain);
	f->size = f->plain;
	return f->text != NULL;
}

static void add_job(struct convert *c, struct source *s,
		    const struct edit_set *before, GArray *all)
{
	struct rewrite w = { .s = s };
	struct smpl_job *job;

	w.feed.pieces = g_array_new(FALSE, FALSE, sizeof(struct shape_piece));
	if (!(c->shape->feed ? c->shape->feed(c, s, before, &w.feed) :
	      feed_plain(s, before, &w.feed))) {
		g_array_free(w.feed.pieces, TRUE);
		return;
	}
	w.shifts = shifts_of(edit_of_file(before, s->file));
	job = g_new0(struct smpl_job, 1);
	job->name = g_strdup(s->file);
	job->text = w.feed.text;
	job->size = w.feed.size;
	g_ptr_array_add(c->smpl_jobs, job);
	g_hash_table_insert(c->ran, job->name, job);
	g_array_append_val(all, w);
}

int convert_rules(struct convert *c)
{
	struct edit_set *before = edit_set_new();
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct rewrite));
	int ret = -1;

	convert_load_sources(c);
	if ((c->shape->before && c->shape->before(c, before)) || load(c))
		goto out;
	for (guint i = 0; c->rules->len && i < c->source_list->len; i++)
		add_job(c, c->source_list->pdata[i], before, all);
	if (smpl_run(c->rules, c->smpl_jobs, c->jobs))
		goto out;
	for (guint i = 0; i < all->len; i++) {
		const struct rewrite *w = &g_array_index(all, struct rewrite, i);
		const struct smpl_job *job = c->smpl_jobs->pdata[i];

		take_edits(c, w, job, c->shape->rules_decide ? c->edits
							     : c->smpl);
		note_unparsed(c, w, job);
	}
	ret = 0;
out:
	for (guint i = 0; i < all->len; i++) {
		struct rewrite *w = &g_array_index(all, struct rewrite, i);

		g_array_free(w->shifts, TRUE);
		g_array_free(w->feed.pieces, TRUE);
	}
	g_array_free(all, TRUE);
	edit_set_free(before);
	return ret;
}
