// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the prefixes that src/read/prefixplan.c chooses: each is parsed and
 * saved by a child, into a folder of its own that lasts as long as the set.
 * They are not kept for the next run: they are large, and a run with few units
 * to read does not need them.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/diag.h"
#include "base/treewide.h"
#include "read/cx.h"
#include "read/prefix.h"

/* Seconds, as a rule; a busy machine takes its time. */
static const struct child_limits limits = { 600, 4ull << 30 };

struct job {
	const struct prefix_request *req;
	struct prefix_set *set;
	GPtrArray *failed;	/* struct prefix */
};

static char *deps_path(const struct prefix *p)
{
	return g_strconcat(p->pch, ".deps", NULL);
}

struct deps {
	struct cx_names names;
	const struct prefix_request *req;
	const char *main;
	GString *out;
};

static void put_dep(CXFile file, CXSourceLocation *stack, unsigned n,
		    CXClientData data)
{
	struct deps *d = data;
	const char *name = cx_file(&d->names, file);
	char *raw = cx_take(clang_getFileName(file));
	char *full = g_canonicalize_filename(raw, d->req->cell->build);

	if (strcmp(full, d->main))
		g_string_append_printf(d->out,
			"%016" G_GINT64_MODIFIER "x %s\n",
			ast_file_hash(file, name, d->req->unsaved,
				      d->req->n_unsaved),
			name ? name : full);
	g_free(full);
	g_free(raw);
}

/* The file that includes the headers; it is only in memory. */
static char *main_text(char **headers)
{
	GString *s = g_string_new(NULL);

	for (char **h = headers; *h; h++)
		g_string_append_printf(s, "#include <%s>\n", *h);
	return g_string_free(s, FALSE);
}

/* In a child: 0, or 1 if the headers do not compile by themselves. */
static int make_of(const struct prefix_request *req, const struct prefix *p,
		   char **headers)
{
	guint n = g_strv_length(req->cell->args);
	const char **args = g_new0(const char *, n + 2);
	struct CXUnsavedFile *texts = g_new0(struct CXUnsavedFile,
					     req->n_unsaved + 1);
	char *main = g_strconcat(p->pch, ".h", NULL), *text = main_text(headers);
	struct deps d = {
		.names = { req->tree, req->cell->build, NULL, NULL },
		.req = req,
		.main = main,
		.out = g_string_new(NULL),
	};
	char *deps = deps_path(p);
	CXTranslationUnit tu;

	memcpy(args, req->cell->args, n * sizeof(*args));
	args[n++] = "-xc-header";
	for (guint k = 0; k < req->n_unsaved; k++)
		texts[k] = (struct CXUnsavedFile) {
			g_canonicalize_filename(req->unsaved[k].file,
						req->tree),
			req->unsaved[k].text, req->unsaved[k].size
		};
	texts[req->n_unsaved] = (struct CXUnsavedFile) { main, text,
							 strlen(text) };
	if (chdir(req->cell->build) ||
	    clang_parseTranslationUnit2(clang_createIndex(0, 0), main, args, n,
			texts, req->n_unsaved + 1,
			CXTranslationUnit_DetailedPreprocessingRecord |
			CXTranslationUnit_Incomplete |
			CXTranslationUnit_ForSerialization, &tu))
		return 1;
	for (unsigned k = 0; k < clang_getNumDiagnostics(tu); k++)
		if (clang_getDiagnosticSeverity(clang_getDiagnostic(tu, k)) >=
		    CXDiagnostic_Error)
			return 1;
	if (clang_saveTranslationUnit(tu, p->pch, 0))
		return 1;
	clang_getInclusions(tu, put_dep, &d);
	return !g_file_set_contents(deps, d.out->str, d.out->len, NULL);
}

/*
 * A header that units include only under a condition may not compile; then
 * the few that bring the others have to do.
 */
static int make(guint i, void *data)
{
	const struct job *j = data;
	const struct prefix *p = j->set->prefixes->pdata[i];

	return make_of(j->req, p, p->headers) && make_of(j->req, p, p->top);
}

static void dep_free(gpointer p)
{
	struct ast_dep *d = p;

	g_free(d->path);
	g_free(d);
}

static GPtrArray *load_deps(const struct prefix *p)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(dep_free);
	char *path = deps_path(p), *text = NULL, **lines;

	if (g_file_get_contents(path, &text, NULL, NULL)) {
		lines = g_strsplit(text, "\n", -1);
		for (char **l = lines; *l && **l; l++) {
			struct ast_dep *d = g_new0(struct ast_dep, 1);
			char *end;

			d->hash = g_ascii_strtoull(*l, &end, 16);
			d->path = g_strdup(end + 1);
			g_ptr_array_add(v, d);
		}
		g_strfreev(lines);
	}
	g_free(text);
	g_free(path);
	return v;
}

static void made(guint i, enum child_end end, int status, void *data)
{
	struct job *j = data;
	struct prefix *p = j->set->prefixes->pdata[i];

	if (end == CHILD_OK)
		p->deps = load_deps(p);
	if (end != CHILD_OK || !p->deps->len)
		g_ptr_array_add(j->failed, p);
}

static void prefix_free(gpointer data)
{
	struct prefix *p = data;

	g_free(p->pch);
	g_strfreev(p->headers);
	g_strfreev(p->top);
	g_ptr_array_free(p->units, TRUE);
	if (p->deps)
		g_ptr_array_free(p->deps, TRUE);
	g_free(p);
}

/* The folders of "-I", which the compiler takes relative to @build. */
static char **include_dirs(const struct cell_info *cell)
{
	GPtrArray *v = g_ptr_array_new();

	for (char **a = cell->args; *a; a++)
		if (g_str_has_prefix(*a, "-I"))
			g_ptr_array_add(v, g_canonicalize_filename(*a + 2,
							cell->build));
	g_ptr_array_add(v, NULL);
	return (char **)g_ptr_array_free(v, FALSE);
}

/* Remove the folder @path and the files in it. */
static void remove_folder(const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
		g_free(file);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(path);
}

/* Folders are called "PID-XXXXXX": remove those of runs that were killed. */
static void remove_stale(const char *parent)
{
	GDir *d = g_dir_open(parent, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		gint64 pid = g_ascii_strtoll(name, NULL, 10);
		char *path = g_build_filename(parent, name, NULL);

		if (pid > 0 && kill(pid, 0) && errno == ESRCH)
			remove_folder(path);
		g_free(path);
	}
	if (d)
		g_dir_close(d);
}

/* Make a folder for @set; -1 after a warning. */
static int make_folder(struct prefix_set *set)
{
	char *parent = tw_cache_path("prefix");
	char *name = g_strdup_printf("%d-XXXXXX", (int)getpid());
	int ret = 0;

	set->folder = g_build_filename(parent, name, NULL);
	remove_stale(parent);
	if (g_mkdir_with_parents(parent, 0755) || !g_mkdtemp(set->folder)) {
		tw_warn("cannot make '%s': %s; headers are parsed for each source",
			set->folder, g_strerror(errno));
		ret = -1;
	}
	g_free(name);
	g_free(parent);
	return ret;
}

struct prefix_set *prefix_set_new(const struct prefix_request *req)
{
	struct prefix_set *set = g_new0(struct prefix_set, 1);
	char **dirs = include_dirs(req->cell);
	struct job j = { req, set, g_ptr_array_new() };

	set->by_unit = g_hash_table_new(g_str_hash, g_str_equal);
	set->prefixes = prefix_plan(req, dirs);
	g_ptr_array_set_free_func(set->prefixes, prefix_free);
	if (set->prefixes->len && make_folder(set))
		g_ptr_array_set_size(set->prefixes, 0);
	for (guint i = 0; i < set->prefixes->len; i++)
		((struct prefix *)set->prefixes->pdata[i])->pch =
			g_strdup_printf("%s/%u.pch", set->folder, i);
	child_pool(set->prefixes->len, req->jobs, &limits, make, made, &j);
	for (guint i = 0; i < j.failed->len; i++)
		g_ptr_array_remove(set->prefixes, j.failed->pdata[i]);
	for (guint i = 0; i < set->prefixes->len; i++) {
		struct prefix *p = set->prefixes->pdata[i];

		for (guint k = 0; k < p->units->len; k++)
			g_hash_table_insert(set->by_unit, p->units->pdata[k],
					    p);
	}
	g_ptr_array_free(j.failed, TRUE);
	g_strfreev(dirs);
	return set;
}

const struct prefix *prefix_for(const struct prefix_set *set, const char *unit)
{
	return set ? g_hash_table_lookup(set->by_unit, unit) : NULL;
}

void prefix_set_free(struct prefix_set *set)
{
	if (!set)
		return;
	g_ptr_array_free(set->prefixes, TRUE);
	g_hash_table_destroy(set->by_unit);
	if (set->folder)
		remove_folder(set->folder);
	g_free(set->folder);
	g_free(set);
}
