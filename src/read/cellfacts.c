// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cell's facts are a file in the cache, with what they rest on (as in
 * src/read/reading.c, and with the same limit: a file that appears where none was
 * is not noticed).
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>
#include <xxhash.h>

#include "read/cellfacts.h"
#include "base/child.h"
#include "base/diag.h"
#include "read/reading.h"
#include "base/treewide.h"

/* A cell may need half a dozen units of the arch, on a busy machine. */
static const struct child_limits limits = { 600, 4ull << 30 };

struct job {
	const struct tree *tree;
	const struct cellfacts_kind *kind;
	GPtrArray *todo;	/* struct cellfacts */
	GPtrArray *paths;	/* char *: cache file of each */
	guint done;
	int pid;		/* of the run, not of its children */
};

static void feed(XXH3_state_t *h, const char *s)
{
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

static char *cache_file(const struct cellfacts_kind *k,
			const struct cell_info *c)
{
	XXH3_state_t *h = XXH3_createState();
	char *version = g_strdup_printf("%s %d", k->name, k->version);
	char *dir = tw_cache_path("facts"), *name, *path;

	XXH3_64bits_reset(h);
	feed(h, version);
	feed(h, k->asked);
	feed(h, c->name);
	feed(h, c->key);
	name = g_strdup_printf("%s-%016" G_GINT64_MODIFIER "x", k->name,
			       (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	path = g_build_filename(dir, name, NULL);
	g_free(dir);
	g_free(name);
	g_free(version);
	return path;
}

static json_t *load(const struct cellfacts_kind *k, const char *path)
{
	json_t *o = json_load_file(path, 0, NULL);

	if (json_integer_value(json_object_get(o, "version")) == k->version &&
	    json_object_size(json_object_get(o, "deps")))
		return o;
	json_decref(o);
	return NULL;
}

/* What is looked up once a run. */
struct memo {
	GHashTable *hashes;	/* of files: reading_hash_now() */
	GHashTable *stamps;	/* arch -> char * */
	GHashTable *worlds;	/* arch -> struct world *, to search in */
};

static void world_free(gpointer p)
{
	struct world *w = p;

	g_strfreev(w->look_in);
	world_clear_searches(w);
	g_free(w);
}

/* Would the same files be found in the arch's sources today? */
static gboolean same_searches(const struct job *j, const char *arch, json_t *o,
			      struct memo *memo)
{
	const char *was = json_string_value(json_object_get(o, "stamp"));
	char *stamp = g_hash_table_lookup(memo->stamps, arch);
	struct world *w;
	const char *question;
	json_t *answer;

	if (!stamp) {
		char **look_in = j->kind->folders(arch, j->kind->data);

		stamp = world_stamp(j->tree->path, look_in);
		g_hash_table_insert(memo->stamps, g_strdup(arch), stamp);
		g_strfreev(look_in);
	}
	if (!g_strcmp0(stamp, was))
		return TRUE;
	w = g_hash_table_lookup(memo->worlds, arch);
	if (!w) {
		w = g_new(struct world, 1);
		world_init(w, j->tree->path, j->tree->path, NULL,
			   j->kind->folders(arch, j->kind->data));
		g_hash_table_insert(memo->worlds, g_strdup(arch), w);
	}
	json_object_foreach(json_object_get(o, "searches"), question, answer)
		if (g_strcmp0(world_search(w, question),
			      json_string_value(answer)))
			return FALSE;
	return TRUE;
}

static gboolean still_true(const struct job *j, const struct cell_info *c,
			   json_t *o, struct memo *memo)
{
	json_t *hash;
	const char *dep;

	json_object_foreach(json_object_get(o, "deps"), dep, hash)
		if (reading_hash_now(j->tree->path, c->build, dep,
				     memo->hashes) !=
		    g_ascii_strtoull(json_string_value(hash), NULL, 16))
			return FALSE;
	return same_searches(j, c->srcarch, o, memo);
}

/* What this run's child leaves; another run may fill the same entry. */
static char *fresh_path(const struct job *j, guint i)
{
	return g_strdup_printf("%s.tmp-%d", (char *)j->paths->pdata[i],
			       j->pid);
}

static int read_one(guint i, void *data)
{
	struct job *j = data;
	const struct cellfacts *f = j->todo->pdata[i];
	char *tmp = fresh_path(j, i);

	if (chdir(f->cell->build)) {
		tw_error("cannot enter '%s': %s", f->cell->build,
			 g_strerror(errno));
		return 1;
	}
	return j->kind->read(f->cell, tmp, j->kind->data) ? 1 : 0;
}

static void read_done(guint i, enum child_end end, int status, void *data)
{
	struct job *j = data;
	struct cellfacts *f = j->todo->pdata[i];

	tw_progress(j->kind->progress, ++j->done, j->todo->len, f->cell->name);
	if (end != CHILD_OK)
		f->reason = g_strdup_printf("reading it: %s",
				child_end_text(end, status, &limits));
}

static void take_fresh(const struct job *j, guint i)
{
	struct cellfacts *f = j->todo->pdata[i];
	char *tmp = fresh_path(j, i);

	f->facts = f->reason ? NULL : load(j->kind, tmp);
	/* Without it, it is read again the next time. */
	if (!f->facts || g_rename(tmp, j->paths->pdata[i]))
		g_unlink(tmp);
	if (!f->facts && !f->reason)
		f->reason = g_strdup("its facts cannot be read");
	g_free(tmp);
}

static void cellfacts_free(gpointer p)
{
	struct cellfacts *f = p;

	if (f->facts)
		json_decref(f->facts);
	g_free(f->reason);
	g_free(f);
}

static GPtrArray *run(struct job *j, const GPtrArray *cells, int jobs,
		      struct memo *memo, guint *cached)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(cellfacts_free);

	for (guint i = 0; i < cells->len; i++) {
		const struct cell_info *info = cells->pdata[i];
		struct cellfacts *f;
		char *path;
		json_t *o;

		if (info->absent)
			continue;
		f = g_new0(struct cellfacts, 1);
		f->cell = info;
		g_ptr_array_add(all, f);
		if (!info->ready) {
			f->reason = g_strdup(info->reason && *info->reason ?
					     info->reason :
					     "it could not be prepared");
			continue;
		}
		path = cache_file(j->kind, info);
		o = load(j->kind, path);
		if (o && still_true(j, info, o, memo)) {
			f->facts = o;
			++*cached;
			g_utime(path, NULL);	/* used: pruned last */
			g_free(path);
			continue;
		}
		json_decref(o);
		g_ptr_array_add(j->todo, f);
		g_ptr_array_add(j->paths, path);
	}
	if (child_pool(j->todo->len, jobs, &limits, read_one, read_done, j)) {
		tw_progress_end();
		g_ptr_array_free(all, TRUE);
		return NULL;
	}
	tw_progress_end();
	for (guint i = 0; i < j->todo->len; i++)
		take_fresh(j, i);
	return all;
}

GPtrArray *cellfacts_run(const struct tree *t, const struct cellfacts_kind *k,
			 const GPtrArray *cells, int jobs, guint *cached)
{
	struct job j = { .pid = getpid(), .tree = t, .kind = k };
	struct memo memo = {
		.hashes = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, g_free),
		.stamps = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, g_free),
		.worlds = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, world_free),
	};
	char *dir = tw_cache_path("facts");
	GPtrArray *all = NULL;

	*cached = 0;
	j.todo = g_ptr_array_new();
	j.paths = g_ptr_array_new_with_free_func(g_free);
	if (g_mkdir_with_parents(dir, 0755))
		tw_error("cannot make '%s': %s", dir, g_strerror(errno));
	else
		all = run(&j, cells, jobs, &memo, cached);
	g_hash_table_destroy(memo.hashes);
	g_hash_table_destroy(memo.stamps);
	g_hash_table_destroy(memo.worlds);
	g_ptr_array_free(j.todo, TRUE);
	g_ptr_array_free(j.paths, TRUE);
	g_free(dir);
	return all;
}

/* ---- for who reads ---- */

void cellfacts_put_hash(json_t *deps, const char *file, guint64 h)
{
	char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", h);

	json_object_set_new(deps, file, json_string(hash));
	g_free(hash);
}

struct dep_walk {
	struct world *w;
	json_t *deps;
	const char *unit;
};

static void put_dep(CXFile file, CXSourceLocation *stack, unsigned n,
		    CXClientData data)
{
	struct dep_walk *d = data;
	const char *name = cx_file(&d->w->names, file);
	char *raw = cx_take(clang_getFileName(file));

	if (!name)
		name = raw;
	if (!strcmp(name, d->unit) || json_object_get(d->deps, name))
		return;
	cellfacts_put_hash(d->deps, name, cx_file_hash(file));
}

void cellfacts_put_deps(json_t *top, json_t *deps, struct world *w,
			const char *unit)
{
	struct dep_walk d = { .w = w, .deps = deps, .unit = unit };
	json_t *searches = json_object();
	GHashTableIter it;
	gpointer question, answer;
	char *stamp = world_stamp(w->names.tree, w->look_in);

	for (guint i = 0; i < w->units->len; i++) {
		struct world_unit *u = w->units->pdata[i];

		if (u->tu)
			clang_getInclusions(u->tu, put_dep, &d);
	}
	json_object_set_new(top, "deps", deps);
	g_hash_table_iter_init(&it, w->searches);
	while (g_hash_table_iter_next(&it, &question, &answer))
		json_object_set_new(searches, question, json_string(answer));
	json_object_set_new(top, "searches", searches);
	json_object_set_new(top, "stamp", json_string(stamp));
	g_free(stamp);
}
