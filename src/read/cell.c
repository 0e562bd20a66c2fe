// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs treewide-cell and takes its answers, a JSON line a cell.
 */
#include <gio/gio.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <utime.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/diag.h"
#include "read/cell.h"
#include "base/treewide.h"

/* Count up if the answers are kept otherwise. */
#define ANSWERS_VERSION "answers 2"

static void cell_info_free(gpointer p)
{
	struct cell_info *c = p;

	g_free(c->name);
	g_free(c->srcarch);
	g_free(c->reason);
	g_free(c->build);
	g_free(c->key);
	g_strfreev(c->args);
	g_free(c);
}

static char *replace(const char *s, const char *what, const char *with)
{
	char **parts = g_strsplit(s, what, -1);
	char *r = g_strjoinv(with, parts);

	g_strfreev(parts);
	return r;
}

/* The flags file, placeholders replaced; NULL when it cannot be read. */
static char **load_flags(const char *path, const char *tree,
			 const char *build, char **key)
{
	GPtrArray *v = g_ptr_array_new();
	char *text, **lines;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		char *a, *b;

		if (!**l)
			continue;
		a = replace(*l, "@TREE@", tree);
		b = replace(a, "@BUILD@", build);
		g_free(a);
		g_ptr_array_add(v, b);
	}
	/*
	 * A wrong pointer type is what a conversion is checked for: it must
	 * not pass as the warning that it is by default.
	 */
	g_ptr_array_add(v, g_strdup("-Werror=incompatible-pointer-types"));
	g_ptr_array_add(v, g_strdup("-Werror=int-conversion"));
	g_ptr_array_add(v, g_strdup("-Werror=implicit-function-declaration"));
	/* What a handle is compared with, or chosen along with. */
	g_ptr_array_add(v, g_strdup("-Werror=compare-distinct-pointer-types"));
	g_ptr_array_add(v, g_strdup("-Werror=pointer-type-mismatch"));
	g_ptr_array_add(v, NULL);
	*key = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
			       (guint64)XXH3_64bits(text, strlen(text)));
	g_free(text);
	g_strfreev(lines);
	return (char **)g_ptr_array_free(v, FALSE);
}

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static struct cell_info *take_line(const char *line, const char *tree)
{
	json_t *o = json_loads(line, 0, NULL);
	struct cell_info *c;

	if (!o)
		return NULL;
	c = g_new0(struct cell_info, 1);
	c->name = g_strdup(text_of(o, "cell"));
	c->srcarch = g_strdup(text_of(o, "srcarch"));
	c->all_units = !strcmp(text_of(o, "units"), "all");
	c->reason = g_strdup(text_of(o, "reason"));
	c->absent = !strcmp(text_of(o, "state"), "absent");
	if (!strcmp(text_of(o, "state"), "ready")) {
		c->build = g_strdup(text_of(o, "build"));
		c->args = load_flags(text_of(o, "flags"), tree, c->build,
				     &c->key);
		c->ready = c->args != NULL;
		if (!c->ready) {
			g_free(c->reason);
			c->reason = g_strdup("its flags cannot be read");
		}
	}
	json_decref(o);
	return c;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct cell_info *const *)a)->name,
		      (*(struct cell_info *const *)b)->name);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void feed_stat(XXH3_state_t *h, const char *path)
{
	struct stat st;
	gint64 v[4] = { 0 };

	if (!stat(path, &st)) {
		v[0] = st.st_size;
		v[1] = st.st_mtim.tv_sec;
		v[2] = st.st_mtim.tv_nsec;
		v[3] = st.st_ino;
	}
	XXH3_64bits_update(h, path, strlen(path) + 1);
	XXH3_64bits_update(h, v, sizeof(v));
}

/* A folder and all below it, in no order that matters. */
static void feed_folder(XXH3_state_t *h, const char *path)
{
	GDir *d = g_dir_open(path, 0, NULL);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	feed_stat(h, path);
	while (d && (name = g_dir_read_name(d)))
		if (strcmp(name, "__pycache__"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_text);
	for (guint i = 0; i < names->len; i++) {
		char *p = g_build_filename(path, names->pdata[i], NULL);

		if (g_file_test(p, G_FILE_TEST_IS_DIR))
			feed_folder(h, p);
		else
			feed_stat(h, p);
		g_free(p);
	}
	g_ptr_array_free(names, TRUE);
	if (d)
		g_dir_close(d);
}

/* Where the answers are kept that hold for this tree, data and programs. */
static char *answers_path(const char *tree, guint64 manifest)
{
	XXH3_state_t *h = XXH3_createState();
	char *cells = g_build_filename(tw_data_dir(), "corpus", "cells", NULL);
	char *frags = g_build_filename(tw_data_dir(), "corpus", "fragments",
				       NULL);
	char *chains = tw_cache_path("toolchains"), *dir = tw_cache_path("scan");
	char *name, *path;

	XXH3_64bits_reset(h);
	XXH3_64bits_update(h, ANSWERS_VERSION, strlen(ANSWERS_VERSION));
	XXH3_64bits_update(h, tree, strlen(tree) + 1);
	XXH3_64bits_update(h, &manifest, sizeof(manifest));
	feed_folder(h, cells);
	feed_folder(h, frags);
	feed_folder(h, tw_libexec_dir());
	feed_stat(h, chains);
	/* A package that comes, goes or is upgraded renames something here. */
	feed_stat(h, "/usr/bin");
	name = g_strdup_printf("cells-%016" G_GINT64_MODIFIER "x",
			       (guint64)XXH3_64bits_digest(h));
	path = g_build_filename(dir, name, NULL);
	XXH3_freeState(h);
	g_free(name);
	g_free(dir);
	g_free(chains);
	g_free(frags);
	g_free(cells);
	return path;
}

/* The answers of an earlier run, or NULL when one of them no longer holds. */
static GPtrArray *take_answers(const char *path, const char *tree)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(cell_info_free);
	char *text = cachefile_read(path, NULL), **lines;
	gboolean whole = TRUE;

	if (!text) {
		g_ptr_array_free(v, TRUE);
		return NULL;
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; whole && *l && **l; l++) {
		struct cell_info *c = take_line(*l, tree);
		char *need;

		if (!c) {
			whole = FALSE;
			break;
		}
		g_ptr_array_add(v, c);
		if (!c->build)
			continue;
		need = g_build_filename(c->build, "include", "generated",
					"autoconf.h", NULL);
		whole = c->ready && g_file_test(need, G_FILE_TEST_EXISTS);
		g_free(need);
		need = g_build_filename(c->build, "..", "stamp.json", NULL);
		whole = whole && !utime(need, NULL);	/* used: pruned last */
		g_free(need);
	}
	g_strfreev(lines);
	g_free(text);
	if (whole && v->len)
		return v;
	g_ptr_array_free(v, TRUE);
	return NULL;
}

/* Who ends us ends what we started: it would go on for minutes. */
static void die_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static GPtrArray *prepare(const char *tree, int jobs, char **only,
			  guint64 manifest)
{
	char *answers = manifest ? answers_path(tree, manifest) : NULL;
	GPtrArray *known = answers ? take_answers(answers, tree) : NULL;
	GString *said = g_string_new(NULL);
	char *prog = g_build_filename(tw_libexec_dir(), "treewide-cell", NULL);
	char *j = g_strdup_printf("%d", jobs), *line;
	const char *fixed[] = { prog, "prepare", "--mode", "read", "--tree",
				tree, "-j", j };
	guint n = G_N_ELEMENTS(fixed), more = only ? g_strv_length(only) : 0;
	const char **argv = g_new0(const char *, n + more + 1);
	GPtrArray *v = g_ptr_array_new_with_free_func(cell_info_free);
	GDataInputStream *in;
	GError *err = NULL;
	GSubprocessLauncher *launcher;
	GSubprocess *p;

	memcpy(argv, fixed, sizeof(fixed));
	for (guint i = 0; i < more; i++)
		argv[n + i] = only[i];
	g_setenv("TREEWIDE_DATA", tw_data_dir(), TRUE);
	if (known) {
		g_ptr_array_free(v, TRUE);
		v = known;
		g_ptr_array_sort(v, by_name);
		goto out;
	}
	launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
	g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL,
					      NULL);
	p = g_subprocess_launcher_spawnv(launcher, argv, &err);
	g_object_unref(launcher);
	if (!p) {
		tw_error("cannot run '%s': %s", prog, err->message);
		g_error_free(err);
		g_ptr_array_free(v, TRUE);
		v = NULL;
		goto out;
	}
	in = g_data_input_stream_new(g_subprocess_get_stdout_pipe(p));
	while ((line = g_data_input_stream_read_line(in, NULL, NULL, NULL))) {
		struct cell_info *c = take_line(line, tree);

		if (c)
			g_ptr_array_add(v, c);
		g_string_append_printf(said, "%s\n", line);
		g_free(line);
	}
	g_subprocess_wait(p, NULL, NULL);
	/* What failed is tried again. */
	if (answers && v->len && g_subprocess_get_if_exited(p) &&
	    g_subprocess_get_exit_status(p) != 1 &&
	    g_subprocess_get_exit_status(p) < TW_FATAL)
		cachefile_write(answers, said->str, said->len);
	if (!v->len)
		tw_error("no cell could be prepared; run '%s prepare --mode read --tree %s' to see why",
			 prog, tree);
	g_ptr_array_sort(v, by_name);
	g_object_unref(in);
	g_object_unref(p);
out:
	g_free(argv);
	g_string_free(said, TRUE);
	g_free(answers);
	g_free(prog);
	g_free(j);
	return v;
}

GPtrArray *cells_prepare(const char *tree, int jobs, guint64 manifest)
{
	return prepare(tree, jobs, NULL, manifest);
}

GPtrArray *cells_prepare_some(const char *tree, int jobs, char **only)
{
	return prepare(tree, jobs, only, 0);
}

static gboolean has_cell(const GPtrArray *cells, const char *arch)
{
	for (guint i = 0; i < cells->len; i++) {
		const struct cell_info *c = cells->pdata[i];

		if (!strcmp(c->srcarch, arch))
			return TRUE;
	}
	return FALSE;
}

GPtrArray *cells_archs_without(const GPtrArray *cells, const char *tree)
{
	char *top = g_build_filename(tree, "arch", NULL);
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GError *err = NULL;
	GDir *dir = g_dir_open(top, 0, &err);
	const char *name;

	if (!dir) {
		tw_error("cannot read '%s': %s", top, err->message);
		g_error_free(err);
		g_ptr_array_free(v, TRUE);
		g_free(top);
		return NULL;
	}
	while ((name = g_dir_read_name(dir))) {
		char *path = g_build_filename(top, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
		    !has_cell(cells, name))
			g_ptr_array_add(v, g_strdup(name));
		g_free(path);
	}
	g_ptr_array_sort(v, by_text);
	g_dir_close(dir);
	g_free(top);
	return v;
}

GPtrArray *cells_prepared(const char *tree, int jobs)
{
	static char *cached[] = { "--cached", NULL };

	return cells_prepare_some(tree, jobs, cached);
}
