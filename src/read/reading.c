// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache: one file of facts a unit and cell, named after all that the
 * question depends on but the files' contents and the tree's place: a copy of
 * a tree finds what the tree left.  The facts list the files that
 * were included with their hashes; an entry holds when they hash the same
 * today.  A header that appears where none was, and would be found first, is
 * not noticed by that.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>
#include <xxhash.h>

#include "base/child.h"
#include "base/diag.h"
#include "read/reading.h"
#include "base/treewide.h"

/* A unit of mm/ takes a second; a minute is a hang. */
static const struct child_limits limits = { 60, 4ull << 30 };

struct job {
	const struct reading *r;
	struct reading_result *res;
	const GPtrArray *units;
	GArray *todo;		/* guint: indices into units */
	GPtrArray *paths;	/* char *: cache file of each unit */
	int pid;		/* of the run, not of its children */
	guint done;
};

static void feed(XXH3_state_t *h, const char *s)
{
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

static char *cache_file(const struct reading *r, const struct reading_unit *u)
{
	char *dir = tw_cache_path("facts"), *name, *path;
	XXH3_state_t *h = XXH3_createState();

	XXH3_64bits_reset(h);
	feed(h, AST_FACTS_MAGIC);
	feed(h, u->cell->name);
	feed(h, u->cell->key);
	feed(h, u->file);
	feed(h, r->old_struct);
	for (char **t = r->types; *t; t++)
		feed(h, *t);
	/* Before and after a conversion are two questions. */
	feed(h, r->unsaved ? "after, visibility" : "before");
	/* Those that the unit includes are among its files, with their hashes. */
	for (guint i = 0; i < r->n_unsaved; i++)
		feed(h, r->unsaved[i].file);
	/* It says where the headers of a unit outside the tree are. */
	for (char **d = r->with; d && *d && g_path_is_absolute(u->file); d++)
		feed(h, *d);
	name = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
			       (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	path = g_build_filename(dir, name, NULL);
	g_free(name);
	g_free(dir);
	return path;
}

guint64 reading_hash_now(const char *tree, const char *build, const char *dep,
			 GHashTable *memo)
{
	char *path = g_str_has_prefix(dep, "@BUILD@") ?
		g_strconcat(build, dep + strlen("@BUILD@"), NULL) :
		g_path_is_absolute(dep) ? g_strdup(dep) :
		g_build_filename(tree, dep, NULL);
	guint64 *h = g_hash_table_lookup(memo, path);
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
	g_hash_table_insert(memo, path, h);
	return *h;
}

enum truth { STALE, OTHER_FILES, STILL_TRUE };

/* OTHER_FILES: nothing changed, but not what is of interest today was walked. */
static enum truth still_true(const struct reading *r, const char *build,
			     const struct ast_facts *a, GHashTable *memo)
{
	gboolean walked = TRUE;

	if (!a->deps->len)
		return STALE;
	for (guint i = 0; i < a->deps->len; i++) {
		const struct ast_dep *d = a->deps->pdata[i];

		if (reading_hash_now(r->tree, build, d->path, memo) != d->hash)
			return STALE;
		walked &= d->walked == (r->files &&
				g_hash_table_contains(r->files, d->path));
	}
	return walked ? STILL_TRUE : OTHER_FILES;
}

/*
 * A second entry for a unit: by the files of interest.  The rounds of a run ask
 * for more and more of them, and would push each other out of the first.
 */
static char *second_file(const char *path, const struct reading *r)
{
	GList *names = r->files ? g_list_sort(g_hash_table_get_keys(r->files),
					      (GCompareFunc)strcmp) : NULL;
	XXH3_state_t *h = XXH3_createState();
	char *second;

	XXH3_64bits_reset(h);
	for (GList *n = names; n; n = n->next)
		feed(h, n->data);
	second = g_strdup_printf("%s-%016" G_GINT64_MODIFIER "x", path,
				 (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	g_list_free(names);
	return second;
}

/*
 * The facts of unit @u that still hold, or NULL; *@path, the entry where they
 * are or belong, is the caller's.
 */
static struct ast_facts *take_known(const struct reading *r,
				    const struct reading_unit *u,
				    GHashTable *memo, char **path)
{
	struct ast_facts *a;
	enum truth t;

	*path = cache_file(r, u);
	for (int n = 0; n < 2; n++) {
		char *second;

		a = ast_load(*path);
		t = a ? still_true(r, u->cell->build, a, memo) : STALE;
		if (t == STILL_TRUE) {
			g_utime(*path, NULL);	/* used: pruned last */
			return a;
		}
		ast_facts_free(a);
		if (n || t != OTHER_FILES)
			break;
		second = second_file(*path, r);
		g_free(*path);
		*path = second;
	}
	return NULL;
}

char **reading_flags(const struct cell_info *cell, const char *more,
		     char **with, const char *file)
{
	guint n = g_strv_length(cell->args);
	char **v = g_new0(char *, n + 5);

	memcpy(v, cell->args, n * sizeof(*v));
	if (more)
		v[n++] = (char *)more;
	/* Where a module's Makefile looks for its headers, as a rule. */
	for (char **d = with; d && *d; d++) {
		gsize len = strlen(*d);

		if (strncmp(file, *d, len) || file[len] != '/')
			continue;
		v[n++] = (char *)"-DMODULE";
		v[n++] = g_strconcat("-I", *d, NULL);
		v[n++] = g_strconcat("-I", *d, "/include", NULL);
		break;
	}
	return v;
}

/*
 * Where the child leaves the facts of unit @n.  A run loads what its own
 * children wrote: another run, on another tree, may fill the same entry.
 */
static char *fresh_path(const struct job *j, guint n)
{
	return g_strdup_printf("%s.tmp-%d", (char *)j->paths->pdata[n],
			       j->pid);
}

static int read_one(guint i, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct reading_unit *u = j->units->pdata[n];
	char *tmp = fresh_path(j, n);
	struct ast_request req = {
		.tree = j->r->tree,
		.with = j->r->with,
		.build = u->cell->build,
		/* Converted code must not name a struct first in a parameter
		 * list, where it is a type of its own. */
		.args = reading_flags(u->cell, j->r->unsaved ?
				      "-Werror=visibility" : NULL,
				      j->r->with, u->file),
		.unit = u->file,
		.cell = u->cell->name,
		.types = j->r->types,
		.old_struct = j->r->old_struct,
		.files = j->r->files,
		.unsaved = j->r->unsaved,
		.n_unsaved = j->r->n_unsaved,
	};

	if (chdir(u->cell->build)) {
		tw_error("cannot enter '%s': %s", u->cell->build,
			 g_strerror(errno));
		return 1;
	}
	return ast_read(&req, tmp) ? 1 : 0;
}

/* Load what the child left, and put it into the cache. */
static struct ast_facts *take_fresh(const struct job *j, guint n)
{
	char *tmp = fresh_path(j, n);
	struct ast_facts *a = ast_load(tmp);

	/* Without it, it is read again the next time. */
	if (!a || g_rename(tmp, j->paths->pdata[n]))
		g_unlink(tmp);
	g_free(tmp);
	return a;
}

static void read_done(guint i, enum child_end end, int status, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct reading_unit *u = j->units->pdata[n];

	tw_progress(j->r->unsaved ? "read the result" : "read", ++j->done,
		    j->todo->len, u->cell->name);
	if (end != CHILD_OK)
		g_ptr_array_add(j->res->failed, g_strdup_printf("%s %s: %s",
				u->cell->name, u->file,
				child_end_text(end, status, &limits)));
}

int reading_run(const struct reading *r, const GPtrArray *units,
		struct reading_result *res)
{
	GHashTable *memo = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);
	char *dir = tw_cache_path("facts");
	struct job j = { .r = r, .res = res, .units = units, .pid = getpid() };
	int ret;

	res->facts = g_ptr_array_new_with_free_func((GDestroyNotify)
						    ast_facts_free);
	res->failed = g_ptr_array_new_with_free_func(g_free);
	res->cached = 0;
	if (g_mkdir_with_parents(dir, 0755)) {
		ret = tw_error("cannot make '%s': %s", dir, g_strerror(errno));
		goto out;
	}
	for (guint i = 0; i < r->n_unsaved; i++) {
		guint64 *h = g_new(guint64, 1);

		*h = XXH3_64bits(r->unsaved[i].text, r->unsaved[i].size);
		g_hash_table_insert(memo,
			g_path_is_absolute(r->unsaved[i].file) ?
			g_strdup(r->unsaved[i].file) :
			g_build_filename(r->tree, r->unsaved[i].file, NULL), h);
	}
	j.todo = g_array_new(FALSE, FALSE, sizeof(guint));
	j.paths = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < units->len; i++) {
		char *path;
		struct ast_facts *a = take_known(r, units->pdata[i], memo,
						 &path);

		g_ptr_array_add(j.paths, path);
		g_ptr_array_add(res->facts, a);
		if (a) {
			res->cached++;
			continue;
		}
		g_array_append_val(j.todo, i);
	}
	ret = child_pool(j.todo->len, r->jobs, &limits, read_one, read_done,
			 &j);
	tw_progress_end();
	for (guint i = 0; i < j.todo->len; i++) {
		guint n = g_array_index(j.todo, guint, i);

		res->facts->pdata[n] = take_fresh(&j, n);
	}
	while (g_ptr_array_remove(res->facts, NULL))
		;
	g_array_free(j.todo, TRUE);
	g_ptr_array_free(j.paths, TRUE);
out:
	g_hash_table_destroy(memo);
	g_free(dir);
	return ret;
}
