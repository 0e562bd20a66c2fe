// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads a conversion's folder.  What a key means is the business of the module
 * that uses it; this one knows only the keys that every conversion has.
 */
#include <string.h>

#include "base/diag.h"
#include "model/manifest.h"
#include "base/nearest.h"
#include "base/treewide.h"

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in @dir that @keep accepts, sorted; paths when @path. */
static GPtrArray *list_dir(const char *dir, const char *suffix, gboolean path)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *full = g_build_filename(dir, name, NULL);
		char *ini = g_build_filename(full, "manifest.ini", NULL);

		if (suffix ? g_str_has_suffix(name, suffix)
			   : g_file_test(ini, G_FILE_TEST_EXISTS))
			g_ptr_array_add(v, g_strdup(path ? full : name));
		g_free(full);
		g_free(ini);
	}
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(v, by_name);
	return v;
}

static void unknown_conversion(const char *name, const char *root)
{
	GPtrArray *all = list_dir(root, NULL, FALSE);
	const char *near;
	char *list;

	g_ptr_array_add(all, NULL);
	near = nearest(name, (const char *const *)all->pdata);
	list = g_strjoinv(", ", (char **)all->pdata);
	tw_error("no conversion '%s'%s%s%s; there are: %s", name,
		 near ? "; did you mean '" : "", near ? near : "",
		 near ? "'" : "", list);
	g_free(list);
	g_ptr_array_free(all, TRUE);
}

char **manifest_list(GKeyFile *k, const char *group, const char *key)
{
	char **v = g_key_file_get_string_list(k, group, key, NULL, NULL);

	return v ? v : g_new0(char *, 1);
}

struct manifest *manifest_load(const char *name)
{
	char *root = g_build_filename(tw_data_dir(), "cocci", NULL);
	char *dir = strchr(name, '/') ? g_strdup(name)
				      : g_build_filename(root, name, NULL);
	char *ini = g_build_filename(dir, "manifest.ini", NULL);
	struct manifest *m = NULL;
	GError *err = NULL;
	GKeyFile *keys = g_key_file_new();

	if (!g_file_test(ini, G_FILE_TEST_EXISTS)) {
		if (strchr(name, '/'))
			tw_error("%s: no manifest.ini: not a conversion", dir);
		else
			unknown_conversion(name, root);
		goto out;
	}
	if (!g_key_file_load_from_file(keys, ini, G_KEY_FILE_NONE, &err)) {
		tw_error_at(ini, 0, 0, "%s", err->message);
		g_error_free(err);
		goto out;
	}
	m = g_new0(struct manifest, 1);
	m->name = g_key_file_get_string(keys, "conversion", "name", NULL);
	m->summary = g_key_file_get_string(keys, "conversion", "summary", NULL);
	m->choice = g_key_file_has_key(keys, "conversion", "scopes", NULL) ?
		    "scope" : "policy";
	m->policies = manifest_list(keys, "conversion", *m->choice == 's' ?
				    "scopes" : "policies");
	m->types = manifest_list(keys, "seeds", "types");
	m->symbols = manifest_list(keys, "seeds", "symbols");
	m->first = manifest_list(keys, "seeds", "first");
	m->dir = g_strdup(dir);
	m->rules = list_dir(dir, ".cocci", TRUE);
	m->keys = g_steal_pointer(&keys);
	if (!m->name || (!m->types[0] && !m->symbols[0])) {
		tw_error_at(ini, 0, 0, "[conversion] name and [seeds] types or symbols are needed");
		manifest_free(m);
		m = NULL;
	}
out:
	if (keys)
		g_key_file_free(keys);
	g_free(ini);
	g_free(dir);
	g_free(root);
	return m;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	g_free(m->name);
	g_free(m->dir);
	g_free(m->summary);
	g_strfreev(m->policies);
	g_strfreev(m->types);
	g_strfreev(m->symbols);
	g_strfreev(m->first);
	g_ptr_array_free(m->rules, TRUE);
	g_key_file_free(m->keys);
	g_free(m);
}
