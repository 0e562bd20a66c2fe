// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function a stage, in the order in which they run; struct convert is what
 * they hand on.  The decisions are elsewhere: what is a site in src/scan.c,
 * what carries a handle in src/flow.c, what is rewritten in the semantic
 * patches and src/handle.c.
 */
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <clang-c/Index.h>
#include <xxhash.h>

#include "cell.h"
#include "convert.h"
#include "diag.h"
#include "edit.h"
#include "flow.h"
#include "handle.h"
#include "layout.h"
#include "reading.h"
#include "scan.h"
#include "smpl.h"
#include "source.h"
#include "tokdiff.h"
#include "treewide.h"

/* A name with more files than this is a common helper, not ours to change. */
#define CLOSED_WORLD_FILES 16
#define MAX_ROUNDS 4
#define MAX_DEPTH 16

struct convert {
	struct tree *t;
	struct manifest *m;
	struct handle *h;
	const char *run;
	int jobs;
	struct convert_result *res;

	struct ledger *ledger;
	GPtrArray *sites;	/* struct site copies */
	GHashTable *symbols;	/* seeds and derived names: char * set */
	GHashTable *code_files;	/* C files with a site in code: char * set */
	GPtrArray *cells;
	GHashTable *sources;	/* file -> struct source */
	GPtrArray *source_list;	/* the same, by name */
	GPtrArray *units;
	GPtrArray *facts;
	struct flow *flow;
	GHashTable *mentions;	/* function -> GPtrArray of files, or NULL: too many */
	GHashTable *asked;	/* functions the flow asked for */
	guint depth;		/* of macros that call macros */
	GHashTable *through;	/* "function macro file" -> a macro that calls it */
	GHashTable *page_archs, *shared_archs, *read_archs;
	GPtrArray *rules;	/* struct smpl_rule */
	GPtrArray *smpl_jobs;
	struct edit_set *edits;
};

/* Stage 1: the sites. */

static gboolean is_code(const struct site *s)
{
	return s->ctx == SITE_CODE || s->ctx == SITE_MACRO ||
	       s->ctx == SITE_DIRECTIVE || s->ctx == SITE_DISABLED;
}

static int keep_site(const struct site *s, void *data)
{
	struct convert *c = data;
	struct site *copy = g_new0(struct site, 1);

	*copy = *s;
	copy->file = g_strdup(s->file);
	copy->symbol = g_strdup(s->symbol);
	copy->reason = copy->evidence = NULL;
	copy->fate = FATE_UNRESOLVED;
	g_ptr_array_add(c->sites, copy);
	if (source_is_c(s->file) && is_code(s))
		g_hash_table_add(c->code_files, g_strdup(s->file));
	return 0;
}

static void site_free(gpointer p)
{
	struct site *s = p;

	g_free(s->file);
	g_free(s->symbol);
	g_free(s->reason);
	g_free(s->evidence);
	g_free(s);
}

static int scan(struct convert *c)
{
	char *path = g_build_filename(c->run, "ledger.sqlite", NULL);
	struct scan_request req = {
		.tree = c->t->path,
		.types = c->m->types,
		.symbols = c->m->symbols,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };
	int ret = -1;

	c->ledger = ledger_create(path);
	if (!c->ledger)
		goto out;
	ledger_set_meta(c->ledger, "conversion", c->m->name);
	ledger_set_meta(c->ledger, "tree", c->t->path);
	ledger_set_meta(c->ledger, "release", c->t->release);
	if (scan_tree(&req, c->ledger, &res))
		goto out;
	for (guint i = 0; i < res.symbols->len; i++)
		g_hash_table_add(c->symbols, g_strdup(res.symbols->pdata[i]));
	g_ptr_array_free(res.symbols, TRUE);
	ret = ledger_each(c->ledger, keep_site, c);
out:
	g_free(path);
	return ret;
}

/* Stage 2: the sources that may change. */

static struct source *load_source(struct convert *c, const char *file)
{
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (s)
		return s;
	s = source_load(c->t, file);
	if (s)
		g_hash_table_insert(c->sources, s->file, s);
	return s;
}

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct source *const *)a)->file,
		      (*(struct source *const *)b)->file);
}

static void load_sources(struct convert *c)
{
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		load_source(c, k);
	g_ptr_array_set_size(c->source_list, 0);
	g_hash_table_iter_init(&it, c->sources);
	while (g_hash_table_iter_next(&it, NULL, &k))
		g_ptr_array_add(c->source_list, k);
	g_ptr_array_sort(c->source_list, by_file);
}

/* Stage 3: read. */

static void unit_free(gpointer p)
{
	g_free(((struct reading_unit *)p)->file);
	g_free(p);
}

static void add_unit(struct convert *c, const struct cell_info *cell,
		     const char *file)
{
	struct reading_unit *u = g_new0(struct reading_unit, 1);

	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(c->units, u);
}

/* How many of @todo does @file mention?  Strike them out if @strike. */
static guint mentions(const struct convert *c, const char *file,
		      GHashTable *todo, gboolean strike)
{
	GHashTable *hit = g_hash_table_new(g_str_hash, g_str_equal);
	guint n;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];

		if (is_code(s) && !strcmp(s->file, file) &&
		    g_hash_table_contains(todo, s->symbol))
			g_hash_table_add(hit, s->symbol);
	}
	n = g_hash_table_size(hit);
	if (strike) {
		GHashTableIter it;
		gpointer k;

		g_hash_table_iter_init(&it, hit);
		while (g_hash_table_iter_next(&it, &k, NULL))
			g_hash_table_remove(todo, k);
	}
	g_hash_table_destroy(hit);
	return n;
}

/*
 * A few generic units that together mention every symbol that any generic unit
 * mentions: greedy, the first by name among equals.
 */
static GHashTable *generic_cover(const struct convert *c)
{
	GHashTable *todo = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *cover = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];

		if (is_code(s) && g_str_has_suffix(s->file, ".c") &&
		    !g_str_has_prefix(s->file, "arch/"))
			g_hash_table_add(todo, s->symbol);
	}
	while (g_hash_table_size(todo)) {
		const struct source *best = NULL;
		guint most = 0;

		for (guint k = 0; k < c->source_list->len; k++) {
			const struct source *s = c->source_list->pdata[k];
			guint n;

			if (s->arch || !g_str_has_suffix(s->file, ".c"))
				continue;
			n = mentions(c, s->file, todo, FALSE);
			if (n > most) {
				most = n;
				best = s;
			}
		}
		if (!best)
			break;
		mentions(c, best->file, todo, TRUE);
		g_hash_table_add(cover, best->file);
	}
	g_hash_table_destroy(todo);
	return cover;
}

/*
 * In each cell: the units of its arch that have sites, and generic ones, which
 * pull in the headers.  The cells that also build read all generic units; the
 * others a few that mention every symbol, so that each meets what the arch
 * makes of it.
 */
static void choose_units(struct convert *c)
{
	GHashTable *cover = generic_cover(c);

	g_ptr_array_set_size(c->units, 0);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!cell->ready)
			continue;
		for (guint k = 0; k < c->source_list->len; k++) {
			const struct source *s = c->source_list->pdata[k];

			if (!g_str_has_suffix(s->file, ".c"))
				continue;
			if (s->arch ? !strcmp(s->arch, cell->srcarch) :
			    cell->builds ||
			    g_hash_table_contains(cover, s->file))
				add_unit(c, cell, s->file);
		}
	}
	g_hash_table_destroy(cover);
}

/* @unsaved: the converted texts; then only the messages are wanted. */
static int read_units(struct convert *c, const struct ast_unsaved *unsaved,
		      guint n_unsaved, struct reading_result *out)
{
	struct reading r = {
		.tree = c->t->path,
		.types = c->m->types,
		.old_struct = c->h->old,
		.files = unsaved ? NULL : c->code_files,
		.unsaved = unsaved,
		.n_unsaved = n_unsaved,
		.jobs = c->jobs,
	};

	if (reading_run(&r, c->units, out))
		return -1;
	for (guint i = 0; i < out->failed->len; i++)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"not read: %s", (char *)out->failed->pdata[i]));
	return 0;
}

/* Stage 4: the flow, with a look at the whole tree for closed worlds. */

static gboolean closed(const char *name, const char *file, void *data);

/* What another arch does under a name is no matter of this one. */
static gboolean other_arch(const char *a, const char *b)
{
	char *x = source_arch(a), *y = source_arch(b);
	gboolean yes = x && y && strcmp(x, y);

	g_free(x);
	g_free(y);
	return yes;
}

/* Are the macros that call @name closed, too? */
static gboolean macros_closed(struct convert *c, const char *name,
			      const char *file)
{
	char *prefix = g_strconcat(name, " ", NULL);
	gboolean yes = c->depth < MAX_DEPTH;
	GHashTableIter it;
	gpointer k, m;

	c->depth++;
	g_hash_table_iter_init(&it, c->through);
	while (yes && g_hash_table_iter_next(&it, &k, &m))
		if (g_str_has_prefix(k, prefix) &&
		    !g_hash_table_contains(c->symbols, m) &&
		    !other_arch(strrchr(k, ' ') + 1, file))
			yes = closed(m, file, c);
	c->depth--;
	g_free(prefix);
	return yes;
}

static gboolean closed(const char *name, const char *file, void *data)
{
	struct convert *c = data;
	gpointer v;
	gboolean yes = TRUE;

	if (!g_hash_table_lookup_extended(c->mentions, name, NULL, &v)) {
		g_hash_table_add(c->asked, g_strdup(name));
		return TRUE;	/* for now; the next round knows */
	}
	for (guint i = 0; v && i < ((GPtrArray *)v)->len; i++) {
		const char *f = ((GPtrArray *)v)->pdata[i];

		if (!other_arch(f, file) &&
		    !g_hash_table_contains(c->code_files, f))
			yes = FALSE;
	}
	return v && yes && macros_closed(c, name, file);
}

struct look_up {
	struct convert *c;
	GHashTable *found;	/* function -> files */
};

/* The macro in whose body byte @off of @file stands, or NULL. */
static const char *macro_around(struct convert *c, const char *file, gsize off)
{
	struct source *s = load_source(c, file);

	for (guint i = 0; s && i < s->macros->len; i++) {
		const struct source_macro *m = s->macros->pdata[i];

		if (m->body <= off && off < m->body_end)
			return m->name;
	}
	return NULL;
}

static int note_mention(const struct site *s, void *data)
{
	struct look_up *l = data;
	GPtrArray *v = g_hash_table_lookup(l->found, s->symbol);

	if (!is_code(s) && s->ctx != SITE_ASSEMBLY)
		return 0;
	if (!v) {
		v = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(l->found, g_strdup(s->symbol), v);
	}
	if (!v->len || strcmp(v->pdata[v->len - 1], s->file))
		g_ptr_array_add(v, g_strdup(s->file));
	/* Whoever expands the macro calls the function. */
	if (s->ctx == SITE_MACRO) {
		const char *m = macro_around(l->c, s->file, s->off);

		if (m && strcmp(m, s->symbol))
			g_hash_table_insert(l->c->through,
				g_strdup_printf("%s %s %s", s->symbol, m,
						s->file),
				g_strdup(m));
	}
	return 0;
}

/* Look up the functions that the flow asked for; TRUE when files were added. */
static gboolean look_up(struct convert *c)
{
	char **names = (char **)g_hash_table_get_keys_as_array(c->asked, NULL);
	GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal,
			g_free, (GDestroyNotify)g_ptr_array_unref);
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = c->t->path, .types = none, .symbols = names,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };
	gboolean more = FALSE;

	if (!l || scan_tree(&req, l, &res))
		goto out;
	g_ptr_array_free(res.symbols, TRUE);
	ledger_each(l, note_mention, &(struct look_up){ c, found });
	for (char **n = names; *n; n++) {
		GPtrArray *v = g_hash_table_lookup(found, *n);
		guint other = 0;

		for (guint i = 0; v && i < v->len; i++)
			other += !g_hash_table_contains(c->code_files,
							v->pdata[i]);
		if (!v || other > CLOSED_WORLD_FILES) {
			g_hash_table_insert(c->mentions, g_strdup(*n), NULL);
			continue;
		}
		g_hash_table_insert(c->mentions, g_strdup(*n),
				    g_ptr_array_ref(v));
		for (guint i = 0; i < v->len; i++)
			if (source_is_c(v->pdata[i]) &&
			    g_hash_table_add(c->code_files,
					     g_strdup(v->pdata[i])))
				more = TRUE;
	}
out:
	ledger_close(l);
	g_hash_table_destroy(found);
	g_hash_table_remove_all(c->asked);
	g_free(names);
	return more;
}

static int resolve(struct convert *c)
{
	for (guint round = 0; round < MAX_ROUNDS; round++) {
		struct reading_result r = { 0 };
		struct flow_request req;
		gboolean more;

		load_sources(c);
		choose_units(c);
		if (read_units(c, NULL, 0, &r))
			return -1;
		if (c->facts)
			g_ptr_array_free(c->facts, TRUE);
		c->facts = r.facts;
		c->res->units = c->units->len;
		c->res->units_cached = r.cached;
		g_ptr_array_free(r.failed, TRUE);
		req = (struct flow_request) {
			.facts = c->facts,
			.old_struct = c->h->old,
			.retype = c->h->retype,
			.symbols = c->symbols,
			.closed = closed,
			.data = c,
		};
		do {
			flow_free(c->flow);
			c->flow = flow_new(&req);
			if (!g_hash_table_size(c->asked))
				return 0;
			more = look_up(c);
		} while (!more);
	}
	return tw_error("the flow of handles does not settle after %d rounds; report the tree",
			MAX_ROUNDS);
}

/* Which archs keep a page behind the handle, by what their cells say. */
static void classify_archs(struct convert *c)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];
		gboolean page;

		if (!cell->ready) {
			g_ptr_array_add(c->res->cells_unread, g_strdup_printf(
				"%s (%s)", cell->name, cell->reason));
			continue;
		}
		g_ptr_array_add(c->res->cells_read, g_strdup(cell->name));
		page = g_hash_table_contains(c->flow->page_cells, cell->name);
		g_hash_table_add(page ? c->page_archs : c->shared_archs,
				 g_strdup(cell->srcarch));
		g_hash_table_add(c->read_archs, g_strdup(cell->srcarch));
	}
	/* An arch without a cell that can be read: its text must do. */
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];

		if (!s->arch || g_hash_table_contains(c->read_archs, s->arch) ||
		    !handle_has_typedef(c->h, s))
			continue;
		g_hash_table_add(c->page_archs, g_strdup(s->arch));
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s: no cell of arch '%s' could be read; it is converted by its text alone",
			s->file, s->arch));
	}
}

static gboolean convertible(const struct convert *c, const struct source *s)
{
	return g_hash_table_size(c->page_archs) &&
	       (!s->arch || g_hash_table_contains(c->page_archs, s->arch));
}

/* Stage 5: the driver's own edits. */

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

		if (!convertible(c, s))
			continue;
		handle_edit_typedefs(c->h, s, out);
		handle_edit_decls(c->h, s, c->flow, funcs, out,
				  c->res->problems);
	}
	g_ptr_array_free(funcs, TRUE);
}

/* Stage 6: semantic patches. */

static int load_rules(struct convert *c)
{
	GPtrArray *yields = handle_yields(c->flow, c->source_list);
	char *dir = g_build_filename(c->run, "rules", NULL), *alt;
	int ret = 0;

	g_ptr_array_add(yields, NULL);
	alt = g_strjoinv("|", (char **)yields->pdata);
	if (g_mkdir_with_parents(dir, 0755))
		ret = tw_error("cannot make '%s'", dir);
	for (guint i = 0; i < c->m->rules->len && !ret; i++) {
		struct smpl_rule *r = g_new0(struct smpl_rule, 1);
		char *base = g_path_get_basename(c->m->rules->pdata[i]);
		char *text, **parts;
		GError *err = NULL;

		g_ptr_array_add(c->rules, r);
		if (!g_file_get_contents(c->m->rules->pdata[i], &text, NULL,
					 &err)) {
			ret = tw_error("%s", err->message);
			g_error_free(err);
			g_free(base);
			break;
		}
		parts = g_strsplit(text, "%YIELDS%", -1);
		r->text = g_strjoinv(*alt ? alt : "$.", parts);
		r->path = g_build_filename(dir, base, NULL);
		*strrchr(base, '.') = '\0';
		r->name = g_strdup_printf("%s/%s", c->m->name, base);
		if (!g_file_set_contents(r->path, r->text, -1, &err)) {
			ret = tw_error("%s", err->message);
			g_error_free(err);
		}
		g_strfreev(parts);
		g_free(text);
		g_free(base);
	}
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

/* The rules whose step touched the text near @at (in the first text). */
static char *rules_at(const struct convert *c, const struct smpl_job *job,
		      gsize from, gsize to)
{
	const char *text = job->text;
	gsize size = job->size;
	GPtrArray *back = g_ptr_array_new();
	GString *names = g_string_new(NULL);

	for (guint k = 0; k < c->rules->len; k++) {
		const struct smpl_step *st = &job->steps[k];
		GPtrArray *d;
		GArray *sh;
		gssize delta = 0;
		gboolean hit = FALSE;

		if (!st->text)
			continue;
		d = tokdiff(text, size, st->text, st->size);
		sh = g_array_new(FALSE, FALSE, sizeof(struct shift));
		for (guint i = 0; i < d->len; i++) {
			const struct tokdiff *t = d->pdata[i];
			struct shift s = { t->off + delta, strlen(t->text),
					   t->off, t->len };
			gsize at = t->off;

			for (guint b = back->len; b-- > 0; )
				at = map_back(back->pdata[b], at);
			hit |= at + t->len >= from && at <= to;
			delta += (gssize)s.len - (gssize)s.old_len;
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
		char *old, *rule;

		if (from < 0 || to < from || (gsize)to > w->s->size) {
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: an edit of a semantic patch has no place in the file; look at the rules in '%s'",
				w->s->file, c->run));
			continue;
		}
		old = g_strndup(w->s->text + from, to - from);
		rule = rules_at(c, job, t->off, t->off + t->len);
		edit_add(c->edits, w->s->file, from, old, t->text, rule);
		g_free(rule);
		g_free(old);
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

static int rewrite(struct convert *c)
{
	struct edit_set *decls = edit_set_new();
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct rewrite));
	int ret = -1;

	edit_declarations(c, decls);
	handle_mark_macros(c->source_list, c->flow, c->facts, c->symbols);
	if (load_rules(c))
		goto out;
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];
		const GPtrArray *e = edit_of_file(decls, s->file);
		struct smpl_job *job;
		struct rewrite w = { .s = s };
		char *text, *blank;

		if (!convertible(c, s))
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
		for (guint k = 0; e && k < e->len; k++) {
			const struct edit *d = e->pdata[k];

			edit_add(c->edits, d->file, d->off, d->old_text,
				 d->new_text, d->rule);
		}
	}
	if (smpl_run(c->rules, c->smpl_jobs, c->jobs))
		goto out;
	for (guint i = 0; i < all->len; i++)
		take_edits(c, &g_array_index(all, struct rewrite, i),
			   c->smpl_jobs->pdata[i]);
	for (guint i = 0; i < c->source_list->len; i++) {
		struct source *s = c->source_list->pdata[i];

		if (convertible(c, s))
			handle_edit_comments(c->h, c->m, s, c->flow, c->edits);
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
	return ret;
}

/* Is there an edit within the call that holds @off? */
static gboolean edited_near(const struct convert *c, const char *file,
			    gsize off)
{
	const GPtrArray *v = edit_of_file(c->edits, file);

	for (guint i = 0; v && i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off + e->len + 64 >= off && e->off <= off + 64)
			return TRUE;
	}
	return FALSE;
}

/* "FILE:OFF" of the values that a cell with another type behind the handle sees. */
static GHashTable *shared_uses(const struct convert *c)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		if (g_hash_table_contains(c->flow->page_cells, a->cell))
			continue;
		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];

			g_hash_table_add(t, g_strdup_printf(
				"%s:%" G_GSIZE_FORMAT, e->file, e->off));
		}
	}
	return t;
}

/*
 * Where the AST sees a handle go to a parameter of the old type and no rule
 * did anything: the driver wraps the argument.
 */
static void bridge_rest(struct convert *c)
{
	GHashTable *shared = shared_uses(c);

	for (guint i = 0; i < c->flow->frontier->len; i++) {
		const struct flow_frontier *f = c->flow->frontier->pdata[i];
		struct source *s = g_hash_table_lookup(c->sources, f->file);
		gsize tok, p, end;
		gboolean skip;
		int depth = 0;
		char *text, *place;

		if (f->kind != FLOW_TO_OLD || f->dst[0] != 'p' || !s ||
		    !convertible(c, s))
			continue;
		tok = source_token_at(s, f->off);
		if (tok >= s->toks.n || s->toks.v[tok].off != f->off ||
		    s->toks.v[tok].ctx != CTX_CODE ||
		    edited_near(c, f->file, f->off))
			continue;
		place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, f->file, f->off);
		skip = g_hash_table_contains(shared, place);
		g_free(place);
		if (skip)
			continue;	/* no bridge fits both; reading says so */
		p = tok ? tok_skip_back(&s->toks, tok - 1) : SIZE_MAX;
		if (p == SIZE_MAX || (!tok_is(&s->toks, p, "(") &&
				      !tok_is(&s->toks, p, ",")))
			continue;
		end = tok;
		for (gsize k = tok; k < s->toks.n; k = tok_skip(&s->toks, k + 1)) {
			if (tok_is(&s->toks, k, "(") || tok_is(&s->toks, k, "["))
				depth++;
			if (tok_is(&s->toks, k, ")") || tok_is(&s->toks, k, "]"))
				depth--;
			if (depth < 0 || (!depth && tok_is(&s->toks, k, ",")))
				break;
			end = k;
		}
		text = g_strdup_printf("%s(", c->h->to_old);
		edit_add(c->edits, s->file, f->off, "", text, "driver/bridge");
		edit_add(c->edits, s->file, s->toks.v[end].off +
			 s->toks.v[end].len, "", ")", "driver/bridge");
		g_free(text);
	}
	g_hash_table_destroy(shared);
}

/* Stage 7: no edit where a cell sees another type behind the handle. */

static void check_shared(struct convert *c)
{
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		if (g_hash_table_contains(c->flow->page_cells, a->cell))
			continue;
		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];
			const GPtrArray *v = edit_of_file(c->edits, e->file);

			for (guint n = 0; v && n < v->len; n++) {
				const struct edit *d = v->pdata[n];

				if (d->off <= e->off &&
				    e->off < d->off + d->len)
					g_ptr_array_add(c->res->problems,
						g_strdup_printf("%s:%u: edited by %s, but cell %s compiles it with another %s",
							e->file, e->line,
							d->rule, a->cell,
							c->h->type));
			}
		}
	}
}

static const char *read_source(const char *file, gsize *size, void *data)
{
	struct convert *c = data;
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (!s)
		return NULL;
	*size = s->size;
	return s->text;
}

static void file_free(gpointer p)
{
	struct convert_file *f = p;

	g_free(f->file);
	g_free(f->old_text);
	g_free(f->new_text);
	g_free(f);
}

static int make_texts(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		struct source *s = g_hash_table_lookup(c->sources,
						       files->pdata[i]);
		struct convert_file *f = g_new0(struct convert_file, 1);
		char *path = g_build_filename(c->t->path, s->file, NULL);
		struct stat st;

		f->file = g_strdup(s->file);
		f->old_text = g_memdup2(s->text, s->size + 1);
		f->old_size = s->size;
		f->new_text = layout_apply(s->text, s->size,
					   edit_of_file(c->edits, s->file),
					   &f->new_size);
		f->mode = !stat(path, &st) && st.st_mode & 0111 ? 0100755
								: 0100644;
		g_free(path);
		g_ptr_array_add(c->res->files, f);
	}
	g_ptr_array_free(files, TRUE);
	return 0;
}

/* The edits as data, for whoever wants to know where a change comes from. */
static int write_edits(const struct convert *c)
{
	char *path = g_build_filename(c->run, "edits.json", NULL);
	GPtrArray *files = edit_files(c->edits);
	json_t *all = json_array();
	int ret = 0;

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);

		for (guint k = 0; k < v->len; k++) {
			const struct edit *e = v->pdata[k];

			json_array_append_new(all, json_pack(
				"{s:s%,s:I,s:s%,s:s%,s:s}", "file", e->file,
				strlen(e->file), "offset", (json_int_t)e->off,
				"old", e->old_text, (size_t)e->old_len, "new",
				e->new_text, (size_t)e->new_len, "rule",
				e->rule));
		}
	}
	if (json_dump_file(all, path, JSON_INDENT(1)))
		ret = tw_error("cannot write '%s'", path);
	json_decref(all);
	g_ptr_array_free(files, TRUE);
	g_free(path);
	return ret;
}

/* Stage 8: read the result. */

static char *diag_key(const struct ast_facts *a, const struct ast_diag *d)
{
	return g_strdup_printf("%s\t%s\t%s", a->cell, d->file, d->text);
}

static gboolean our_matter(const struct ast_diag *d)
{
	return strcmp(d->category, "Inline Assembly Issue") != 0;
}

static int verify(struct convert *c)
{
	GHashTable *before = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, NULL);
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	struct ast_unsaved *u = g_new0(struct ast_unsaved,
				       c->res->files->len + 1);
	struct reading_result r = { 0 };
	int ret = -1;

	for (guint i = 0; i < c->res->files->len; i++) {
		struct convert_file *f = c->res->files->pdata[i];

		u[i] = (struct ast_unsaved) { f->file, f->new_text,
					      f->new_size };
	}
	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		for (guint k = 0; k < a->diags->len; k++)
			g_hash_table_add(before, diag_key(a,
							  a->diags->pdata[k]));
	}
	if (read_units(c, u, c->res->files->len, &r))
		goto out;
	for (guint i = 0; i < r.facts->len; i++) {
		struct ast_facts *a = r.facts->pdata[i];

		for (guint k = 0; k < a->diags->len; k++) {
			struct ast_diag *d = a->diags->pdata[k];
			char *key = diag_key(a, d);
			char *msg = g_strdup_printf(
				"%s:%u:%u: in cell %s the converted code does not compile: %s",
				d->file, d->line, d->col, a->cell, d->text);
			char *once = g_strdup_printf("%s:%u:%s", d->file,
						     d->line, d->text);

			if (our_matter(d) &&
			    !g_hash_table_contains(before, key) &&
			    g_hash_table_add(said, once))
				g_ptr_array_add(c->res->problems,
						g_strdup(msg));
			g_free(msg);
			g_free(key);
		}
	}
	g_ptr_array_free(r.facts, TRUE);
	g_ptr_array_free(r.failed, TRUE);
	ret = 0;
out:
	g_free(u);
	g_hash_table_destroy(before);
	g_hash_table_destroy(said);
	return ret;
}

/* Stage 9: the fate of every site. */

/* Which cells read the line: the file was included and no arm hid it. */
static char *cells_that_saw(const struct convert *c, GHashTable *files_of,
			    const struct site *s, guint *n)
{
	GPtrArray *units = g_hash_table_lookup(files_of, s->file);
	GPtrArray *names = g_ptr_array_new();
	char *text;

	for (guint i = 0; units && i < units->len; i++) {
		const struct ast_facts *a = units->pdata[i];
		gboolean hidden = FALSE;

		if (g_ptr_array_find_with_equal_func(names, a->cell,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < a->skipped->len && !hidden; k++) {
			const struct ast_range *r = a->skipped->pdata[k];

			hidden = r->start <= s->off && s->off < r->end &&
				 !strcmp(r->file, s->file);
		}
		if (!hidden)
			g_ptr_array_add(names, a->cell);
	}
	*n = names->len;
	if (names->len > 4) {
		text = g_strdup_printf("%s, %s, %s and %u more cells",
				       (char *)names->pdata[0],
				       (char *)names->pdata[1],
				       (char *)names->pdata[2],
				       names->len - 3);
	} else {
		g_ptr_array_add(names, NULL);
		text = g_strjoinv(", ", (char **)names->pdata);
	}
	g_ptr_array_free(names, TRUE);
	return text;
}

static GHashTable *index_deps(const struct convert *c)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref);

	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		for (guint k = 0; k < a->deps->len; k++) {
			const char *p = ((struct ast_dep *)
					 a->deps->pdata[k])->path;
			GPtrArray *v;

			if (!g_hash_table_contains(c->code_files, p))
				continue;
			v = g_hash_table_lookup(t, p);
			if (!v) {
				v = g_ptr_array_new();
				g_hash_table_insert(t, (char *)p, v);
			}
			g_ptr_array_add(v, a);
		}
	}
	return t;
}

/* The first edit of the line, or of the macro, that the site stands in. */
static const struct edit *edit_on_line(const struct convert *c,
				       const struct site *s)
{
	const GPtrArray *v = edit_of_file(c->edits, s->file);
	struct source *src = g_hash_table_lookup(c->sources, s->file);
	gsize from, to;

	if (!v || !src)
		return NULL;
	for (from = s->off; from && src->text[from - 1] != '\n'; from--)
		;
	for (to = s->off; to < src->size && src->text[to] != '\n'; to++)
		;
	/* A macro is one thing, however many lines it has. */
	for (guint i = 0; i < src->macros->len; i++) {
		const struct source_macro *m = src->macros->pdata[i];
		gsize start = m->body;

		while (start && !(src->text[start - 1] == '\n' &&
				  !(start > 1 && src->text[start - 2] == '\\')))
			start--;
		if (start <= s->off && s->off < m->body_end) {
			from = MIN(from, start);
			to = MAX(to, m->body_end);
		}
	}
	for (guint i = 0; i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off + e->len >= from && e->off <= to)
			return e;
	}
	return NULL;
}

static gboolean spatch_gave_up(const struct convert *c, const char *file,
			       guint line)
{
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		const struct smpl_job *j = c->smpl_jobs->pdata[i];

		if (strcmp(j->name, file))
			continue;
		for (guint k = 0; k < j->unparsed->len; k++)
			if (g_array_index(j->unparsed, guint, k) == line)
				return TRUE;
	}
	return FALSE;
}

static void decide(struct convert *c, struct site *s, GHashTable *files_of)
{
	struct source *src = g_hash_table_lookup(c->sources, s->file);
	const struct edit *e = edit_on_line(c, s);
	char *arch = source_arch(s->file), *cells;
	gboolean code = is_code(s);
	guint n = 0;

	cells = cells_that_saw(c, files_of, s, &n);
	if (e) {
		s->fate = FATE_CONVERTED;
		s->reason = g_strdup(e->rule);
		s->evidence = g_strdup(n ? cells : "seen by the semantic patch alone");
		if (code && n)
			c->res->agree++;
		else if (code)
			c->res->smpl_only++;
	} else if (!code || !src) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup(s->ctx == SITE_COMMENT ?
			"a comment that stays true: the name stays" :
			"text outside C code: the name stays");
	} else if (!g_hash_table_size(c->page_archs)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("no cell keeps the old type behind the handle: converted already, or never so");
		s->evidence = g_strdup(cells);
	} else if (arch && !g_hash_table_contains(c->page_archs, arch)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup_printf("arch/%s: the handle is no pointer to struct %s in any config that was read",
					    arch, c->h->old);
		s->evidence = g_strdup(cells);
	} else if (n) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("opaque: follows the type without a change");
		s->evidence = g_strdup(cells);
		c->res->ast_only++;
	} else if (s->ctx == SITE_DISABLED) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("disabled for good (#if 0)");
	} else if (!spatch_gave_up(c, s->file, s->line)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("no cell reads this line; no rule matches it");
		s->evidence = g_strdup("semantic patches alone");
		c->res->smpl_only++;
	} else {
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: neither engine can see this use of %s: no cell reads the line and spatch cannot parse it",
			s->file, s->line, s->col, s->symbol));
	}
	c->res->fates[s->fate]++;
	ledger_set_fate(c->ledger, s->id, s->fate, s->reason, s->evidence);
	g_free(cells);
	g_free(arch);
}

static void decide_all(struct convert *c)
{
	GHashTable *files_of = index_deps(c);

	for (guint i = 0; i < c->sites->len; i++)
		decide(c, c->sites->pdata[i], files_of);
	g_hash_table_destroy(files_of);
}

static void provenance(struct convert *c)
{
	GString *s = g_string_new(NULL);
	XXH3_state_t *x = XXH3_createState();
	char *spatch = smpl_version();
	CXString clang = clang_getClangVersion();
	char **words = g_strsplit(clang_getCString(clang), " ", -1);
	const char *version = "";

	for (char **w = words; *w; w++)
		if (g_str_has_prefix(*w, "19.") || g_ascii_isdigit(**w)) {
			version = *w;
			break;
		}
	XXH3_64bits_reset(x);
	for (guint i = 0; i < c->rules->len; i++) {
		const struct smpl_rule *r = c->rules->pdata[i];

		XXH3_64bits_update(x, r->text, strlen(r->text));
	}
	g_string_append_printf(s, "Converted by treewide %s: %s (%s)\n",
			       TREEWIDE_VERSION, c->m->name,
			       c->m->summary ? c->m->summary : "");
	g_string_append_printf(s, "Tree: Linux %s%s%s\n", c->t->release,
			       c->t->git_head ? ", commit " : "",
			       c->t->git_head ? c->t->git_head : "");
	g_string_append_printf(s, "Policy: %s\n", c->m->policies[0] ?
			       c->m->policies[0] : "none");
	g_string_append_printf(s, "Rules: %016" G_GINT64_MODIFIER
			       "x; spatch %s; libclang %s\n",
			       (guint64)XXH3_64bits_digest(x),
			       spatch ? spatch : "unknown", version);
	g_string_append_printf(s, "Cells read: %u\n\n",
			       c->res->cells_read->len);
	c->res->provenance = g_string_free(s, FALSE);
	XXH3_freeState(x);
	g_strfreev(words);
	clang_disposeString(clang);
	g_free(spatch);
}

static int check_requirements(const struct convert *c)
{
	GKeyFile *k = c->m->keys;
	char *file = g_key_file_get_string(k, "requires", "file", NULL);
	char *text = g_key_file_get_string(k, "requires", "text", NULL);
	char *why = g_key_file_get_string(k, "requires", "why", NULL);
	char *have;
	gsize size;
	int ret = 0;

	if (file && text) {
		have = tree_read(c->t, file, &size, TRUE);
		if (!have || !strstr(have, text))
			ret = tw_error("Linux %s in '%s' cannot be converted: no \"%s\" in %s; %s",
				       c->t->release, c->t->path, text, file,
				       why ? why : "");
		g_free(have);
	}
	g_free(file);
	g_free(text);
	g_free(why);
	return ret;
}

static void source_free_p(gpointer p)
{
	source_free(p);
}

static void rule_free(gpointer p)
{
	struct smpl_rule *r = p;

	g_free(r->name);
	g_free(r->path);
	g_free(r->text);
	g_free(r);
}

static void problems_of_flow(struct convert *c)
{
	for (guint i = 0; i < c->flow->refused->len; i++) {
		char **f = g_strsplit(c->flow->refused->pdata[i], "\t", 3);
		struct source *s = g_hash_table_lookup(c->sources, f[0]);

		g_ptr_array_add(c->res->problems, g_strdup_printf("%s:%u: %s",
			f[0], s ? source_line(s, g_ascii_strtoull(f[1], NULL,
								  10)) : 0,
			f[2]));
		g_strfreev(f);
	}
}

int convert_run(struct tree *t, struct manifest *m, const char *run, int jobs,
		struct convert_result *res)
{
	struct convert c = { .t = t, .m = m, .run = run, .jobs = jobs,
			     .res = res };
	int ret = -1;

	memset(res, 0, sizeof(*res));
	res->files = g_ptr_array_new_with_free_func(file_free);
	res->problems = g_ptr_array_new_with_free_func(g_free);
	res->notes = g_ptr_array_new_with_free_func(g_free);
	res->cells_read = g_ptr_array_new_with_free_func(g_free);
	res->cells_unread = g_ptr_array_new_with_free_func(g_free);
	c.sites = g_ptr_array_new_with_free_func(site_free);
	c.code_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.symbols = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	c.sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					  source_free_p);
	c.source_list = g_ptr_array_new();
	c.units = g_ptr_array_new_with_free_func(unit_free);
	c.mentions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	c.asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c.through = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  g_free);
	c.page_archs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.shared_archs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       NULL);
	c.read_archs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.rules = g_ptr_array_new_with_free_func(rule_free);
	c.smpl_jobs = g_ptr_array_new();
	c.edits = edit_set_new();

	c.h = handle_load(m);
	if (!c.h || check_requirements(&c))
		goto out;
	if (scan(&c))
		goto out;
	c.cells = cells_prepare(t->path, jobs);
	if (!c.cells || !c.cells->len || resolve(&c))
		goto out;
	classify_archs(&c);
	problems_of_flow(&c);
	if (rewrite(&c))
		goto out;
	bridge_rest(&c);
	check_shared(&c);
	if (edit_check(c.edits, read_source, &c))
		goto out;
	if (write_edits(&c) || make_texts(&c) ||
	    (res->files->len && verify(&c)))
		goto out;
	decide_all(&c);
	res->edits = edit_count(c.edits);
	provenance(&c);
	ret = 0;
out:
	if (!ret)
		ret = ledger_close(c.ledger);
	else if (c.ledger)
		ledger_abandon(c.ledger);
	handle_free(c.h);
	flow_free(c.flow);
	if (c.cells)
		g_ptr_array_free(c.cells, TRUE);
	if (c.facts)
		g_ptr_array_free(c.facts, TRUE);
	g_ptr_array_free(c.sites, TRUE);
	g_ptr_array_free(c.source_list, TRUE);
	g_ptr_array_free(c.units, TRUE);
	for (guint i = 0; i < c.smpl_jobs->len; i++)
		smpl_job_free(c.smpl_jobs->pdata[i], c.rules->len);
	g_ptr_array_free(c.smpl_jobs, TRUE);
	g_ptr_array_free(c.rules, TRUE);
	g_hash_table_destroy(c.symbols);
	g_hash_table_destroy(c.code_files);
	g_hash_table_destroy(c.sources);
	g_hash_table_destroy(c.mentions);
	g_hash_table_destroy(c.asked);
	g_hash_table_destroy(c.through);
	g_hash_table_destroy(c.page_archs);
	g_hash_table_destroy(c.shared_archs);
	g_hash_table_destroy(c.read_archs);
	edit_set_free(c.edits);
	return ret;
}

void convert_result_clear(struct convert_result *res)
{
	g_ptr_array_free(res->files, TRUE);
	g_ptr_array_free(res->problems, TRUE);
	g_ptr_array_free(res->notes, TRUE);
	g_ptr_array_free(res->cells_read, TRUE);
	g_ptr_array_free(res->cells_unread, TRUE);
	g_free(res->provenance);
}
