// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each source with sites is read in the first cell in which it compiles: by a
 * child that reads it as it is and as the rules leave it.  Headers with sites
 * are read as sources of their own, so that their functions need not be parsed
 * again in every source that includes them.  Both readings are entries of the
 * cache, which hold while the files that were read have the same contents.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>
#include <xxhash.h>

#include "base/child.h"
#include "base/diag.h"
#include "base/treewide.h"
#include "convert/newdiag.h"
#include "convert/smpl/shape.h"
#include "read/prefix.h"
#include "text/layout.h"
#include "text/tokdiff.h"

/* So many cells are tried for a source, at most. */
#define MAX_TRIES 6
/* A minute is a hang; a child may try several cells. */
static const struct child_limits limits = { 60 * MAX_TRIES, 4ull << 30 };

/* ---- units and cells ---- */

static const struct cell_info *cell_named(const struct convert *c,
					  const char *name)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!strcmp(cell->name, name))
			return cell;
	}
	return NULL;
}

static void add_cell(GPtrArray *v, const struct cell_info *cell)
{
	if (cell && cell->ready && v->len < MAX_TRIES &&
	    !g_ptr_array_find(v, cell, NULL))
		g_ptr_array_add(v, (gpointer)cell);
}

/* The cells for generic sources, in the order in which they are tried. */
static GPtrArray *generic_cells(const struct convert *c)
{
	char *path = g_build_filename(tw_data_dir(), "corpus", "reading.ini",
				      NULL);
	GKeyFile *k = g_key_file_new();
	GPtrArray *v = g_ptr_array_new();
	char **names;

	g_key_file_load_from_file(k, path, G_KEY_FILE_NONE, NULL);
	names = manifest_list(k, "generic", "cells");
	for (char **n = names; *n; n++)
		add_cell(v, cell_named(c, *n));
	for (int all = 1; all >= 0; all--)
		for (guint i = 0; i < c->cells->len; i++) {
			const struct cell_info *cell = c->cells->pdata[i];

			if (cell->all_units == all)
				add_cell(v, cell);
		}
	g_strfreev(names);
	g_key_file_free(k);
	g_free(path);
	return v;
}

static GPtrArray *cells_for(const struct convert *c, const GPtrArray *generic,
			    const char *file)
{
	char *arch = source_arch(file);
	GPtrArray *v = g_ptr_array_new();

	for (guint i = 0; arch && i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!strcmp(cell->srcarch, arch))
			add_cell(v, cell);
	}
	for (guint i = 0; !arch && i < generic->len; i++)
		add_cell(v, generic->pdata[i]);
	g_free(arch);
	return v;
}

static void feed(XXH3_state_t *h, const char *s)
{
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

static char *entry_of(const struct smplc *x, const struct sunit *u)
{
	char *dir = tw_cache_path("refs"), *path;
	XXH3_state_t *h = XXH3_createState();

	XXH3_64bits_reset(h);
	feed(h, REFS_MAGIC);
	feed(h, u->bodies ? "bodies" : "");
	feed(h, u->file);
	for (guint i = 0; i < u->cells->len; i++) {
		const struct cell_info *cell = u->cells->pdata[i];

		feed(h, cell->name);
		feed(h, cell->key);
	}
	for (char **n = x->ask; *n; n++)
		feed(h, *n);
	path = g_strdup_printf("%s/%016" G_GINT64_MODIFIER "x", dir,
			       (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	g_free(dir);
	return path;
}

static struct sunit *add_unit(struct smplc *x, const char *file,
			      GPtrArray *cells)
{
	struct sunit *u = g_new0(struct sunit, 1);

	u->file = g_strdup(file);
	u->cells = cells;
	u->bodies = g_str_has_suffix(file, ".h");
	u->deps = g_ptr_array_new();
	u->entry = entry_of(x, u);
	g_ptr_array_add(x->units, u);
	return u;
}

static void choose(struct smplc *x, const GPtrArray *generic, const char *file,
		   GHashTable *have)
{
	GPtrArray *cells;

	if (!g_hash_table_add(have, g_strdup(file)))
		return;
	cells = cells_for(x->c, generic, file);
	if (cells->len)
		add_unit(x, file, cells);
	else
		g_ptr_array_free(cells, TRUE);
}

int smplc_choose_units(struct smplc *x, const GPtrArray *also)
{
	GPtrArray *generic = generic_cells(x->c);
	GHashTable *have = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);

	for (guint i = 0; i < x->files->len; i++) {
		const struct sfile *f = x->files->pdata[i];

		if (f->code)
			choose(x, generic, f->name, have);
	}
	for (guint i = 0; i < also->len; i++)
		choose(x, generic, also->pdata[i], have);
	g_ptr_array_free(generic, TRUE);
	g_hash_table_destroy(have);
	return 0;
}

/* ---- texts ---- */

/* What the rules make of the file, as the result would have it. */
static void make_guess(struct smplc *x, struct sfile *f)
{
	struct edit_set *set;
	gsize size;
	char *text;

	if (!f->diffs || !f->diffs->len)
		return;
	text = tree_read(x->c->t, f->name, &size, TRUE);
	if (!text)
		return;
	set = edit_set_new();
	for (guint i = 0; i < f->diffs->len; i++) {
		const struct tokdiff *d = f->diffs->pdata[i];

		edit_replace(set, f->name, text, d->off, d->off + d->len,
			     d->text, "rules");
	}
	f->guess = layout_apply(text, size, edit_of_file(set, f->name),
				&f->guess_size);
	edit_set_free(set);
	g_free(text);
}

/* Texts that stand in for files: path -> struct ast_unsaved *. */
static GHashTable *texts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
}

static void texts_put(GHashTable *texts, const char *file, const char *text,
		      gsize size)
{
	struct ast_unsaved *u = g_new0(struct ast_unsaved, 1);

	*u = (struct ast_unsaved) { file, text, size };
	g_hash_table_insert(texts, (gpointer)u->file, u);
}

/* ---- entries of the cache ---- */

/* The hash of @dep on disk; 0 if it cannot be read. */
static guint64 hash_now(struct smplc *x, const struct cell_info *cell,
			const char *dep)
{
	gboolean built = g_str_has_prefix(dep, "@BUILD@");
	char *key = built ? g_strconcat(cell->build, dep + strlen("@BUILD@"),
					NULL) : (char *)dep;
	guint64 *h = g_hash_table_lookup(x->hashes, key);
	char *path, *text;
	gsize size;

	if (!h) {
		h = g_new0(guint64, 1);
		path = g_canonicalize_filename(key, x->c->t->path);
		if (g_file_get_contents(path, &text, &size, NULL)) {
			*h = XXH3_64bits(text, size);
			g_free(text);
		}
		g_free(path);
		g_hash_table_insert(x->hashes, g_strdup(key), h);
	}
	if (built)
		g_free(key);
	return *h;
}

/* Do the facts hold with @texts (or NULL) in place of files? */
static gboolean holds(struct smplc *x, const struct refs_facts *f,
		      GHashTable *texts)
{
	const struct cell_info *cell = cell_named(x->c, f->cell);

	if (!cell || !f->deps->len)
		return FALSE;
	for (guint i = 0; i < f->deps->len; i++) {
		const struct ast_dep *d = f->deps->pdata[i];
		const struct ast_unsaved *u = texts ?
			g_hash_table_lookup(texts, d->path) : NULL;
		guint64 now = u ? XXH3_64bits(u->text, u->size) :
				  hash_now(x, cell, d->path);

		if (now != d->hash)
			return FALSE;
		if (!texts && d->walked != g_hash_table_contains(x->code_files,
								 d->path))
			return FALSE;
	}
	return TRUE;
}

static char *after_entry(const struct sunit *u)
{
	return g_strconcat(u->entry, "-after", NULL);
}

static struct refs_facts *take_known(struct smplc *x, const char *path,
				     GHashTable *texts)
{
	struct refs_facts *f = refs_load(path);

	if (f && holds(x, f, texts)) {
		utime(path, NULL);	/* used: pruned last */
		return f;
	}
	refs_facts_free(f);
	return NULL;
}

/* ---- children ---- */

struct batch {
	struct smplc *x;
	GPtrArray *todo;	/* struct sunit */
	GHashTable *texts;	/* the result; NULL: what the rules make of it */
	GHashTable *headers;	/* of texts: those of headers */
	const char *what;
	int pid;
	guint done;
	/* Precompiled headers of one cell, on disk and as the texts have them. */
	const struct cell_info *prefix_cell;
	struct prefix_set *prefix, *after_prefix;
};

static char *fresh(const struct batch *b, const char *entry)
{
	return g_strdup_printf("%s.tmp-%d", entry, b->pid);
}

/* The texts that the unit is read with after the rules. */
static struct ast_unsaved *texts_for(const struct batch *b,
				     const struct sunit *u, guint *n)
{
	GArray *v = g_array_new(TRUE, TRUE, sizeof(struct ast_unsaved));
	const struct ast_unsaved *t;
	GHashTableIter it;
	gpointer text;

	t = b->texts ? g_hash_table_lookup(b->texts, u->file) : NULL;
	if (t)
		g_array_append_val(v, *t);
	g_hash_table_iter_init(&it, b->headers);
	while (g_hash_table_iter_next(&it, NULL, &text)) {
		t = text;
		if (strcmp(t->file, u->file))
			g_array_append_val(v, *t);
	}
	for (guint i = 0; i < u->deps->len; i++) {
		t = g_hash_table_lookup(b->texts, u->deps->pdata[i]);
		if (t && strcmp(t->file, u->file) &&
		    !g_hash_table_contains(b->headers, t->file))
			g_array_append_val(v, *t);
	}
	*n = v->len;
	return (struct ast_unsaved *)g_array_free(v, FALSE);
}

/* The first error that is not about inline assembly, or NULL. */
static const struct ast_diag *first_error(const struct refs_facts *f)
{
	return convert_first_error(f->diags, NULL);
}

static int read_in(const struct batch *b, const struct sunit *u,
		   const struct cell_info *cell, const char *before,
		   const char *after)
{
	guint n;
	struct ast_unsaved *unsaved = texts_for(b, u, &n);
	struct refs_request q = {
		.tree = b->x->c->t->path,
		.build = cell->build,
		.args = cell->args,
		.unit = u->file,
		.cell = cell->name,
		.names = b->x->ask,
		.files = b->x->code_files,
		.unsaved = n ? unsaved : NULL,
		.n_unsaved = n,
	};

	if (cell == b->prefix_cell && !u->bodies) {
		q.prefix = prefix_for(b->prefix, u->file);
		q.after_prefix = prefix_for(b->after_prefix ? b->after_prefix :
					    b->prefix, u->file);
	}

	if (chdir(cell->build))
		return tw_error("cannot enter '%s': %s", cell->build,
				g_strerror(errno));
	return refs_read(&q, before, n ? after : NULL);
}

/* In the child: until a cell compiles it, else as the first cell has it. */
static int child(guint i, void *data)
{
	struct batch *b = data;
	const struct sunit *u = b->todo->pdata[i];
	char *after_name = after_entry(u);
	char *before = fresh(b, u->entry), *after = fresh(b, after_name);

	if (u->cell)	/* the result, in the cell that was found before */
		return read_in(b, u, u->cell, NULL, after) ? 1 : 0;
	for (guint k = 0; k < u->cells->len; k++) {
		struct refs_facts *f;
		gboolean good;

		if (read_in(b, u, u->cells->pdata[k], before, after))
			continue;
		f = refs_load(before);
		good = f && !first_error(f);
		refs_facts_free(f);
		if (good)
			return 0;
	}
	return read_in(b, u, u->cells->pdata[0], before, after) ? 1 : 0;
}

static void child_done(guint i, enum child_end end, int status, void *data)
{
	struct batch *b = data;
	const struct sunit *u = b->todo->pdata[i];

	tw_progress(b->what, ++b->done, b->todo->len, u->file);
	if (end != CHILD_OK)
		g_ptr_array_add(b->x->c->res->problems, g_strdup_printf(
			"not read: %s: %s", u->file,
			child_end_text(end, status, &limits)));
}

static void keep_entry(const struct batch *b, const char *entry)
{
	char *tmp = fresh(b, entry);

	if (g_rename(tmp, entry))
		g_unlink(tmp);
	g_free(tmp);
}

/* The cell that is tried first for most of the units. */
static const struct cell_info *main_cell(const struct batch *b)
{
	GHashTable *count = g_hash_table_new(NULL, NULL);
	const struct cell_info *best = NULL;
	guint most = 0;

	for (guint i = 0; i < b->todo->len; i++) {
		const struct sunit *u = b->todo->pdata[i];
		gpointer cell = u->cell ? (gpointer)u->cell :
					  u->cells->pdata[0];
		guint n = GPOINTER_TO_UINT(g_hash_table_lookup(count, cell));

		g_hash_table_insert(count, cell, GUINT_TO_POINTER(n + 1));
		/* The first of two with as many, so that it is always one. */
		if (n + 1 > most) {
			most = n + 1;
			best = cell;
		}
	}
	g_hash_table_destroy(count);
	return best;
}

/* Make the headers that many of the units share, in the cell of most of them. */
static void make_prefixes(struct batch *b)
{
	GPtrArray *files = g_ptr_array_new();
	GArray *texts = g_array_new(TRUE, TRUE, sizeof(struct ast_unsaved));
	struct prefix_request q = { .tree = b->x->c->t->path,
				    .jobs = b->x->c->jobs };
	gboolean before = FALSE;
	GHashTableIter it;
	gpointer text;

	b->prefix_cell = main_cell(b);
	for (guint i = 0; i < b->todo->len; i++) {
		const struct sunit *u = b->todo->pdata[i];
		const struct cell_info *cell = u->cell ? u->cell :
					       u->cells->pdata[0];

		if (cell != b->prefix_cell || u->bodies)
			continue;
		g_ptr_array_add(files, u->file);
		before |= !u->cell;
	}
	g_hash_table_iter_init(&it, b->headers);
	while (g_hash_table_iter_next(&it, NULL, &text))
		g_array_append_vals(texts, text, 1);
	q.cell = b->prefix_cell;
	q.units = (const char *const *)files->pdata;
	q.n_units = files->len;
	if (files->len && (before || !texts->len))
		b->prefix = prefix_set_new(&q);
	if (files->len && texts->len) {
		q.unsaved = (const struct ast_unsaved *)texts->data;
		q.n_unsaved = texts->len;
		b->after_prefix = prefix_set_new(&q);
	}
	g_array_free(texts, TRUE);
	g_ptr_array_free(files, TRUE);
}

static int run_batch(struct batch *b)
{
	int ret;

	b->pid = getpid();
	b->done = 0;
	make_prefixes(b);
	ret = child_pool(b->todo->len, b->x->c->jobs, &limits, child,
			 child_done, b);
	tw_progress_end();
	for (guint i = 0; i < b->todo->len; i++) {
		const struct sunit *u = b->todo->pdata[i];
		char *after = after_entry(u);

		if (!u->cell)
			keep_entry(b, u->entry);
		keep_entry(b, after);
		g_free(after);
	}
	if (b->prefix)
		prefix_set_free(b->prefix);
	if (b->after_prefix)
		prefix_set_free(b->after_prefix);
	return ret;
}

/* ---- rounds ---- */

/* Which of the files with sites the unit includes, and if it compiled. */
static void note_unit(struct smplc *x, struct sunit *u,
		      const struct refs_facts *f)
{
	const struct ast_diag *e = first_error(f);
	struct sfile *own = g_hash_table_lookup(x->by_file, u->file);

	u->cell = cell_named(x->c, f->cell);
	for (guint i = 0; i < f->deps->len; i++) {
		const struct ast_dep *d = f->deps->pdata[i];
		struct sfile *file = g_hash_table_lookup(x->by_file, d->path);

		if (!file || !file->code)
			continue;
		g_ptr_array_add(u->deps, file->name);
		if (file != own && !file->includer)
			file->includer = u;
	}
	if (!own)
		return;
	own->read |= !e;
	if (e && !own->error)
		own->error = g_strdup_printf("%s:%u: %s", e->file, e->line,
					     e->text);
}

static void take_unit(struct smplc *x, struct sunit *u, struct refs_facts *f)
{
	if (!f)
		return;
	note_unit(x, u, f);
	new_diags_before(x->diags, f->cell, f->diags);
	smplc_merge(x, f);
	refs_facts_free(f);
}

/* Read the units from number @from on, and merge what they say. */
static int read_round(struct smplc *x, guint from, GHashTable *texts,
		      GHashTable *headers, const char *what)
{
	struct batch b = { .x = x, .texts = texts, .headers = headers,
			   .what = what };
	guint known = 0;
	int ret;

	b.todo = g_ptr_array_new();
	for (guint i = from; i < x->units->len; i++) {
		struct sunit *u = x->units->pdata[i];
		struct refs_facts *f = take_known(x, u->entry, NULL);

		if (f)
			known++;
		else
			g_ptr_array_add(b.todo, u);
		take_unit(x, u, f);
	}
	x->cached += known;
	ret = run_batch(&b);
	for (guint i = 0; i < b.todo->len; i++) {
		struct sunit *u = b.todo->pdata[i];

		take_unit(x, u, refs_load(u->entry));
	}
	g_ptr_array_free(b.todo, TRUE);
	return ret;
}

/* Headers that do not compile alone: read what includes them, functions too. */
static void add_includers(struct smplc *x)
{
	GHashTable *have = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < x->files->len; i++) {
		const struct sfile *f = x->files->pdata[i];
		struct sunit *u = f->includer, *more;
		GPtrArray *cells;

		if (!f->code || f->read || !u || !u->cell ||
		    !g_str_has_suffix(f->name, ".h") ||
		    !g_hash_table_add(have, u))
			continue;
		cells = g_ptr_array_new();
		g_ptr_array_add(cells, (gpointer)u->cell);
		more = add_unit(x, u->file, cells);
		more->bodies = TRUE;
		g_free(more->entry);
		more->entry = entry_of(x, more);
	}
	g_hash_table_destroy(have);
}

/* A site in code that no reading has explained? */
static gboolean is_open(const struct ssite *s)
{
	return convert_is_code(s->site) && s->site->ctx != SITE_DISABLED &&
	       !s->refers && !s->other &&
	       !(s->why & ~((1u << REFS_SKIPPED) | (1u << REFS_UNKNOWN)));
}

/* Sources with sites in arms that the first cell skips: the next cells. */
static void add_more_cells(struct smplc *x)
{
	guint n = x->units->len;

	for (guint i = 0; i < n; i++) {
		struct sunit *u = x->units->pdata[i];
		const struct sfile *f = g_hash_table_lookup(x->by_file,
							    u->file);
		gboolean more = FALSE;
		GPtrArray *cells;
		guint at;

		for (guint k = 0; f && k < f->n && !more; k++)
			more = is_open(smplc_site(x, f->first + k));
		if (!more || !f->read || u->followed ||
		    !g_ptr_array_find(u->cells, u->cell, &at) ||
		    at + 1 == u->cells->len)
			continue;
		u->followed = TRUE;
		cells = g_ptr_array_new();
		for (guint k = at + 1; k < u->cells->len; k++)
			g_ptr_array_add(cells, u->cells->pdata[k]);
		add_unit(x, u->file, cells);
	}
}

/* How many further cells are asked about arms that the first ones skip. */
#define MAX_ROUNDS 3

int smplc_read(struct smplc *x)
{
	GHashTable *texts = texts_new(), *headers = texts_new();
	char *dir = tw_cache_path("refs");
	guint from = 0;
	int ret = 0;

	if (g_mkdir_with_parents(dir, 0755))
		ret = tw_error("cannot make '%s': %s", dir, g_strerror(errno));
	g_free(dir);
	for (guint i = 0; i < x->files->len; i++) {
		struct sfile *f = x->files->pdata[i];

		make_guess(x, f);
		if (!f->guess)
			continue;
		texts_put(texts, f->name, f->guess, f->guess_size);
		if (g_str_has_suffix(f->name, ".h"))
			texts_put(headers, f->name, f->guess, f->guess_size);
	}
	if (!ret)
		ret = read_round(x, 0, texts, headers, "read");
	from = x->units->len;
	add_includers(x);
	for (guint n = 0; n < MAX_ROUNDS && !ret; n++) {
		add_more_cells(x);
		if (from == x->units->len)
			break;
		ret = read_round(x, from, texts, headers, "read other cells");
		from = x->units->len;
	}
	x->c->res->units = x->units->len;
	x->c->res->units_cached = x->cached;
	g_hash_table_destroy(texts);
	g_hash_table_destroy(headers);
	return ret;
}

/* ---- the result ---- */

/* Does the unit have a file of the result among those that it read? */
static gboolean is_changed(const struct sunit *u, GHashTable *texts)
{
	if (g_hash_table_contains(texts, u->file))
		return TRUE;
	for (guint i = 0; i < u->deps->len; i++)
		if (g_hash_table_contains(texts, u->deps->pdata[i]))
			return TRUE;
	return FALSE;
}

static void take_result(struct smplc *x, struct refs_facts *f)
{
	if (!f)
		return;
	new_diags_after(x->diags, f->cell, f->diags);
	if (f->diags->len)
		g_ptr_array_add(x->kept_facts, f);	/* .diags borrows */
	else
		refs_facts_free(f);
}

int smplc_read_result(struct smplc *x)
{
	GHashTable *texts = texts_new(), *headers = texts_new();
	struct batch b = { .x = x, .texts = texts, .headers = headers,
			   .what = "read the result" };
	int ret;

	for (guint i = 0; i < x->c->res->files->len; i++) {
		const struct convert_file *f = x->c->res->files->pdata[i];

		if (source_is_c(f->file))
			texts_put(texts, f->file, f->new_text, f->new_size);
		if (g_str_has_suffix(f->file, ".h"))
			texts_put(headers, f->file, f->new_text, f->new_size);
	}
	b.todo = g_ptr_array_new();
	for (guint i = 0; i < x->units->len; i++) {
		struct sunit *u = x->units->pdata[i];
		struct refs_facts *f;
		char *after;

		if (!u->cell || !is_changed(u, texts))
			continue;
		after = after_entry(u);
		f = take_known(x, after, texts);
		g_free(after);
		if (f)
			take_result(x, f);
		else
			g_ptr_array_add(b.todo, u);
	}
	ret = run_batch(&b);
	for (guint i = 0; i < b.todo->len; i++) {
		char *after = after_entry(b.todo->pdata[i]);

		take_result(x, refs_load(after));
		g_free(after);
	}
	g_ptr_array_free(b.todo, TRUE);
	g_hash_table_destroy(texts);
	g_hash_table_destroy(headers);
	return ret;
}
