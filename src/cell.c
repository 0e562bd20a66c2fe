// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs treewide-cell and takes its answers, a JSON line a cell.
 */
#include <gio/gio.h>
#include <jansson.h>
#include <string.h>
#include <xxhash.h>

#include "cell.h"
#include "diag.h"
#include "treewide.h"

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

GPtrArray *cells_prepare_some(const char *tree, int jobs, char **only)
{
	char *prog = g_build_filename(tw_libexec_dir(), "treewide-cell", NULL);
	char *j = g_strdup_printf("%d", jobs), *line;
	const char *fixed[] = { prog, "prepare", "--mode", "read", "--tree",
				tree, "-j", j };
	guint n = G_N_ELEMENTS(fixed), more = only ? g_strv_length(only) : 0;
	const char **argv = g_new0(const char *, n + more + 1);
	GPtrArray *v = g_ptr_array_new_with_free_func(cell_info_free);
	GDataInputStream *in;
	GError *err = NULL;
	GSubprocess *p;

	memcpy(argv, fixed, sizeof(fixed));
	for (guint i = 0; i < more; i++)
		argv[n + i] = only[i];
	g_setenv("TREEWIDE_DATA", tw_data_dir(), TRUE);
	p = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &err);
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
		g_free(line);
	}
	g_subprocess_wait(p, NULL, NULL);
	if (!v->len)
		tw_error("no cell could be prepared; run '%s prepare --mode read --tree %s' to see why",
			 prog, tree);
	g_ptr_array_sort(v, by_name);
	g_object_unref(in);
	g_object_unref(p);
out:
	g_free(argv);
	g_free(prog);
	g_free(j);
	return v;
}

GPtrArray *cells_prepare(const char *tree, int jobs)
{
	return cells_prepare_some(tree, jobs, NULL);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
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
