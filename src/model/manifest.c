// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads a conversion's folder.  What a key means is the business of the module
 * that uses it; this one knows only the keys that every conversion has.
 */
#include <string.h>

#include "base/diag.h"
#include "model/manifest.h"
#include "model/spelling.h"
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

static void take_keys(struct manifest *m)
{
	GKeyFile *k = m->keys;

	m->name = g_key_file_get_string(k, "conversion", "name", NULL);
	m->summary = g_key_file_get_string(k, "conversion", "summary", NULL);
	m->choice = g_key_file_has_key(k, "conversion", "scopes", NULL) ?
		    "scope" : "policy";
	m->policies = manifest_list(k, "conversion", *m->choice == 's' ?
				    "scopes" : "policies");
	m->types = manifest_list(k, "seeds", "types");
	m->symbols = manifest_list(k, "seeds", "symbols");
	m->first = manifest_list(k, "seeds", "first");
}

static void drop_keys(struct manifest *m)
{
	g_free(m->name);
	g_free(m->summary);
	g_strfreev(m->policies);
	g_strfreev(m->types);
	g_strfreev(m->symbols);
	g_strfreev(m->first);
	g_key_file_free(m->keys);
}

/* The keys of manifest.ini in @dir; NULL after a message. */
static GKeyFile *load_keys(GHashTable *spelled, const char *dir)
{
	char *ini = g_build_filename(dir, "manifest.ini", NULL);
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;

	if (!spelling_load_keys(spelled, k, ini, &err)) {
		tw_error_at(ini, 0, 0, "%s", err->message);
		g_error_free(err);
		g_key_file_free(k);
		k = NULL;
	}
	g_free(ini);
	return k;
}

struct manifest *manifest_load(const char *name)
{
	char *root = g_build_filename(tw_data_dir(), "cocci", NULL);
	char *dir = strchr(name, '/') ? g_strdup(name)
				      : g_build_filename(root, name, NULL);
	char *ini = g_build_filename(dir, "manifest.ini", NULL);
	struct manifest *m = NULL;
	GKeyFile *keys = NULL;

	if (!g_file_test(ini, G_FILE_TEST_EXISTS)) {
		if (strchr(name, '/'))
			tw_error("%s: no manifest.ini: not a conversion", dir);
		else
			unknown_conversion(name, root);
		goto out;
	}
	keys = load_keys(NULL, dir);
	if (!keys)
		goto out;
	m = g_new0(struct manifest, 1);
	m->keys = keys;
	take_keys(m);
	m->dir = g_strdup(dir);
	m->rules = list_dir(dir, ".cocci", TRUE);
	/* Conversions that are only rules may leave it to them. */
	if (!m->name || (!m->types[0] && !m->symbols[0] &&
			 !g_key_file_has_group(m->keys, "smpl"))) {
		tw_error_at(ini, 0, 0, "[conversion] name and [seeds] types or symbols are needed");
		manifest_free(m);
		m = NULL;
	}
out:
	g_free(ini);
	g_free(dir);
	g_free(root);
	return m;
}

int manifest_respell(struct manifest *m, GHashTable *map)
{
	GKeyFile *keys = load_keys(map, m->dir);
	char **symbols = NULL;

	if (m->spelled)
		g_hash_table_destroy(m->spelled);
	m->spelled = map;
	if (!keys)
		return -1;
	/* The rules said them, not the file. */
	if (!g_key_file_has_key(keys, "seeds", "symbols", NULL))
		symbols = g_steal_pointer(&m->symbols);
	drop_keys(m);
	m->keys = keys;
	take_keys(m);
	if (symbols) {
		g_strfreev(m->symbols);
		m->symbols = symbols;
	}
	return 0;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	drop_keys(m);
	g_free(m->dir);
	if (m->spelled)
		g_hash_table_destroy(m->spelled);
	g_ptr_array_free(m->rules, TRUE);
	g_free(m);
}
