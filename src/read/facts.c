// SPDX-License-Identifier: GPL-2.0-only
/*
 * A run first takes what the cache has, then starts one child for each unit of
 * which an answer is missing, and loads what the children left.  It loads what
 * its own children wrote: another run, on another tree, may fill the same
 * entry at the same time.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/diag.h"
#include "base/treewide.h"
#include "read/facts.h"
#include "read/unit.h"

struct job {
	struct facts_query *q;
	struct facts_result *res;
	const GPtrArray *units;
	GHashTable *memo;	/* path -> guint64 *: hashes of today */
	GPtrArray **paths;	/* for each ask, char * for each unit */
	GArray *todo;		/* guint: indices into units */
	struct child_limits limits;
	int pid;		/* of the run, not of its children */
	guint done;
};

static struct job *job_new(struct facts_query *q, const GPtrArray *units,
			   struct facts_result *res)
{
	struct job *j = g_new0(struct job, 1);

	*j = (struct job) {
		.q = q,
		.res = res,
		.units = units,
		.memo = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      g_free),
		.paths = g_new0(GPtrArray *, q->n_asks),
		.todo = g_array_new(FALSE, FALSE, sizeof(guint)),
		.pid = getpid(),
	};
	for (guint i = 0; i < q->n_asks; i++) {
		const struct child_limits *l = &q->asks[i].kind->limits;

		j->limits.seconds += l->seconds;
		j->limits.memory = MAX(j->limits.memory, l->memory);
		j->paths[i] = g_ptr_array_new_with_free_func(g_free);
		q->asks[i].answers = g_ptr_array_new();
	}
	res->reasons = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_set_size(res->reasons, units->len);
	res->cached = 0;
	/* Texts that stand in for files have the hashes of their bytes. */
	for (guint i = 0; i < q->n_unsaved; i++) {
		const struct ast_unsaved *u = &q->unsaved[i];
		guint64 *h = g_new(guint64, 1);

		*h = XXH3_64bits(u->text, u->size);
		g_hash_table_insert(j->memo, g_canonicalize_filename(u->file,
								q->tree), h);
	}
	return j;
}

static void job_free(struct job *j)
{
	for (guint i = 0; i < j->q->n_asks; i++)
		g_ptr_array_free(j->paths[i], TRUE);
	g_free(j->paths);
	g_array_free(j->todo, TRUE);
	g_hash_table_destroy(j->memo);
	g_free(j);
}

void facts_result_clear(struct facts_result *res)
{
	g_ptr_array_free(res->reasons, TRUE);
	res->reasons = NULL;
}

void facts_put_failed(const GPtrArray *units, const struct facts_result *res,
		      GPtrArray *failed)
{
	for (guint i = 0; i < units->len; i++) {
		const struct fact_unit *u = units->pdata[i];

		if (res->reasons->pdata[i])
			g_ptr_array_add(failed, g_strdup_printf("%s %s: %s",
					u->cell->name, u->file,
					(char *)res->reasons->pdata[i]));
	}
}

/* ---- the key ---- */

/* The file of the answer to @ask about @u; the caller frees the path. */
static char *entry_path(const struct facts_query *q,
			const struct fact_ask *ask, const struct fact_unit *u)
{
	GString *key = g_string_new(NULL);
	char *dir = tw_cache_path("facts"), *path;

	g_string_append_printf(key, "%d", FACTS_VERSION);
	fact_key_put(key, ask->kind->name);
	fact_key_put(key, u->cell->name);
	fact_key_put(key, u->cell->key);
	fact_key_put(key, u->file);
	fact_key_put(key, q->messages_only ? "messages" : "all");
	fact_key_put(key, q->flag);
	ask->kind->key(key, ask->question);
	/* Their contents are compared with those of the files they stand for. */
	fact_key_put(key, q->unsaved ? "after" : "before");
	for (guint i = 0; i < q->n_unsaved; i++)
		fact_key_put(key, q->unsaved[i].file);
	/* They say where the headers of a unit outside the tree are. */
	for (char **d = q->with; d && *d && u->file &&
	     g_path_is_absolute(u->file); d++)
		fact_key_put(key, *d);
	path = g_strdup_printf("%s/%s-%016" G_GINT64_MODIFIER "x", dir,
			       ask->kind->name,
			       (guint64)XXH3_64bits(key->str, key->len));
	g_string_free(key, TRUE);
	g_free(dir);
	return path;
}

/*
 * A second entry for a unit, named after the files of interest as well.  The
 * rounds of a run ask for more and more files, and would replace each other's
 * entry if there was only one.
 */
static char *second_path(const char *path, const struct facts_query *q)
{
	GList *names = q->files ? g_list_sort(g_hash_table_get_keys(q->files),
					      (GCompareFunc)strcmp) : NULL;
	GString *key = g_string_new(NULL);
	char *second;

	for (GList *n = names; n; n = n->next)
		fact_key_put(key, n->data);
	second = g_strdup_printf("%s-%016" G_GINT64_MODIFIER "x", path,
				 (guint64)XXH3_64bits(key->str, key->len));
	g_string_free(key, TRUE);
	g_list_free(names);
	return second;
}

/* ---- entries that hold ---- */

/* The hash of @dep as it is now; 0 if it cannot be read. */
static guint64 hash_now(struct job *j, const char *build, const char *dep)
{
	char *path = g_str_has_prefix(dep, "@BUILD@") ?
		g_strconcat(build, dep + strlen("@BUILD@"), NULL) :
		g_path_is_absolute(dep) ? g_strdup(dep) :
		g_build_filename(j->q->tree, dep, NULL);
	guint64 *h = g_hash_table_lookup(j->memo, path);
	char *text;
	gsize size;

	if (h) {
		g_free(path);
		return *h;
	}
	h = g_new0(guint64, 1);
	if (g_file_get_contents(path, &text, &size, NULL)) {
		*h = XXH3_64bits(text, size);
		g_free(text);
	}
	g_hash_table_insert(j->memo, path, h);
	return *h;
}

enum truth { STALE, OTHER_FILES, STILL_TRUE };

/* OTHER_FILES: nothing changed, but other files were of interest. */
static enum truth still_true(struct job *j, const struct fact_ask *ask,
			     const struct fact_unit *u, const struct facts *f)
{
	GHashTable *files = j->q->files;
	gboolean walked = TRUE;

	if (!f->deps->len)
		return STALE;
	for (guint i = 0; i < f->deps->len; i++) {
		const struct ast_dep *d = f->deps->pdata[i];

		if (hash_now(j, u->cell->build, d->path) != d->hash)
			return STALE;
		walked &= d->walked == (files && g_hash_table_contains(files,
								 d->path));
	}
	if (!walked)
		return OTHER_FILES;
	return !ask->kind->holds ||
	       ask->kind->holds(j->q, ask->question, u, f) ? STILL_TRUE : STALE;
}

/* What every entry of @k begins with: what wrote it, and the names of fields. */
static char *make_head(const struct fact_kind *k)
{
	GString *s = g_string_new(NULL);

	g_string_printf(s, "treewide-facts %d %s\n", FACTS_VERSION, k->name);
	record_put_head(s, &ast_dep_type);
	for (guint i = 0; i < k->n_types; i++)
		record_put_head(s, k->types[i]);
	return g_string_free(s, FALSE);
}

void facts_free(const struct fact_kind *k, gpointer facts)
{
	struct facts *f = facts;

	if (!f)
		return;
	if (k->unload)
		k->unload(f);
	for (guint i = 0; i < k->n_types; i++) {
		GPtrArray *v = G_STRUCT_MEMBER(GPtrArray *, f,
					       k->types[i]->array);

		if (v)
			g_ptr_array_free(v, TRUE);
	}
	if (f->deps)
		g_ptr_array_free(f->deps, TRUE);
	for (guint i = 0; f->blocks && i <= k->n_types; i++)
		g_free(f->blocks[i]);
	g_free(f->blocks);
	g_free(f->text);
	g_free(f);
}

/* The facts in the entry @path, or NULL. */
static struct facts *load(const struct fact_kind *k, const struct fact_unit *u,
			  const char *path)
{
	char *text = cachefile_read(path, NULL), *head;
	const struct record_type *types[k->n_types + 1];
	struct facts *f;
	gboolean good;

	if (!text)
		return NULL;
	f = g_malloc0(k->size);
	f->cell = (char *)g_intern_string(u->cell->name);
	f->unit = (char *)g_intern_string(u->file);
	f->text = text;
	f->blocks = g_new0(gpointer, k->n_types + 1);
	types[0] = &ast_dep_type;
	memcpy(types + 1, k->types, k->n_types * sizeof(*types));
	head = make_head(k);
	good = g_str_has_prefix(text, head);
	if (good && !record_take(text + strlen(head), types, k->n_types + 1, f,
				 f->blocks)) {
		cachefile_damaged(path);
		good = FALSE;
	}
	g_free(head);
	if (good && k->loaded)
		k->loaded(u, f);
	if (good)
		return f;
	facts_free(k, f);
	return NULL;
}

/*
 * The facts about @u that still hold, or NULL.  *@path, the entry where they
 * are or belong, is the caller's.
 */
static struct facts *take_known(struct job *j, const struct fact_ask *ask,
				const struct fact_unit *u, char **path)
{
	*path = entry_path(j->q, ask, u);
	for (int n = 0; n < 2; n++) {
		struct facts *f = load(ask->kind, u, *path);
		enum truth t = f ? still_true(j, ask, u, f) : STALE;
		char *second;

		if (t == STILL_TRUE) {
			utime(*path, NULL);	/* used: pruned last */
			return f;
		}
		facts_free(ask->kind, f);
		if (n || t != OTHER_FILES)
			break;
		second = second_path(*path, j->q);
		g_free(*path);
		*path = second;
	}
	return NULL;
}

/* ---- in the child ---- */

/* Where the child leaves the answer to ask @a about unit @n. */
static char *fresh_path(const struct job *j, guint a, guint n)
{
	return g_strdup_printf("%s.tmp-%d", (char *)j->paths[a]->pdata[n],
			       j->pid);
}

static int write_entry(const char *path, const GString *s)
{
	if (!cachefile_write(path, s->str, s->len))
		return 0;
	return tw_error("cannot write '%s': %s", path, g_strerror(errno));
}

static int child(guint i, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct facts_query *q = j->q;
	struct fact_reader r = { .q = q, .unit = j->units->pdata[n] };
	const char *build = r.unit->cell->build;

	if (chdir(build)) {
		tw_error("cannot enter '%s': %s", build, g_strerror(errno));
		return 1;
	}
	r.names = (struct cx_names) { q->tree, build, q->with, NULL };
	if (r.unit->file && unit_parse(&r))
		return 1;
	for (guint a = 0; a < q->n_asks; a++) {
		char *head;

		if (q->asks[a].answers->pdata[n])
			continue;
		head = make_head(q->asks[a].kind);
		r.out = g_string_new(head);
		r.once = g_hash_table_new(g_str_hash, g_str_equal);
		r.question = q->asks[a].question;
		if (r.tu)
			unit_put_inclusions(&r, r.tu, NULL);
		if (q->asks[a].kind->read(&r) ||
		    write_entry(fresh_path(j, a, n), r.out))
			return 1;
	}
	return 0;
}

static void child_done(guint i, enum child_end end, int status, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct fact_unit *u = j->units->pdata[n];

	tw_progress(j->q->progress, ++j->done, j->todo->len, u->cell->name);
	if (end != CHILD_OK)
		j->res->reasons->pdata[n] = g_strdup(
			child_end_text(end, status, &j->limits));
}

/* ---- a run ---- */

static void take_all_known(struct job *j)
{
	const struct facts_query *q = j->q;

	for (guint n = 0; n < j->units->len; n++) {
		const struct fact_unit *u = j->units->pdata[n];
		gboolean all = TRUE;

		for (guint a = 0; a < q->n_asks; a++) {
			char *path;
			struct facts *f = take_known(j, &q->asks[a], u, &path);

			g_ptr_array_add(j->paths[a], path);
			g_ptr_array_add(q->asks[a].answers, f);
			all &= f != NULL;
		}
		if (all)
			j->res->cached++;
		else
			g_array_append_val(j->todo, n);
	}
}

/* Load what the child left for ask @a and unit @n, and put it into the cache. */
static void take_fresh(const struct job *j, guint a, guint n)
{
	const struct fact_ask *ask = &j->q->asks[a];
	char **reason = (char **)&j->res->reasons->pdata[n];
	char *tmp;

	if (ask->answers->pdata[n])
		return;
	tmp = fresh_path(j, a, n);
	if (!*reason) {
		ask->answers->pdata[n] = load(ask->kind, j->units->pdata[n],
					      tmp);
		if (!ask->answers->pdata[n])
			*reason = g_strdup("its facts cannot be read");
	}
	/* If it does not come into the cache, it is read again the next time. */
	if (!ask->answers->pdata[n] ||
	    g_rename(tmp, j->paths[a]->pdata[n]))
		g_unlink(tmp);
	g_free(tmp);
}

int facts_run(struct facts_query *q, const GPtrArray *units,
	      struct facts_result *res)
{
	struct job *j = job_new(q, units, res);
	char *dir = tw_cache_path("facts");
	int ret;

	if (g_mkdir_with_parents(dir, 0755)) {
		ret = tw_error("cannot make '%s': %s", dir, g_strerror(errno));
		goto out;
	}
	take_all_known(j);
	ret = child_pool(j->todo->len, q->jobs, &j->limits, child, child_done,
			 j);
	tw_progress_end();
	for (guint i = 0; i < j->todo->len; i++)
		for (guint a = 0; a < q->n_asks; a++)
			take_fresh(j, a, g_array_index(j->todo, guint, i));
out:
	job_free(j);
	g_free(dir);
	return ret;
}
