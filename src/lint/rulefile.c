// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key files of rules, their values and globs of paths.
 */
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "lint/rulefile.h"

char **rulefile_list(GKeyFile *k, const char *group, const char *key)
{
	char **v = g_key_file_get_string_list(k, group, key, NULL, NULL);

	for (char **s = v; s && *s; s++)
		g_strstrip(*s);
	return v ? v : g_new0(char *, 1);
}

char *rulefile_get(GKeyFile *k, const char *group, const char *key)
{
	char *s = g_key_file_get_string(k, group, key, NULL);

	return s ? g_strstrip(s) : NULL;
}

/* Most globs are plain names, and most differ in the first byte. */
static gboolean glob_match(const char *glob, const char *path)
{
	if (*glob != *path && *glob != '*' && *glob != '?')
		return FALSE;
	return strpbrk(glob, "*?") ? g_pattern_match_simple(glob, path)
				   : !strcmp(glob, path);
}

gboolean lint_globs_match(char **globs, const char *path)
{
	gboolean any = FALSE, yes = FALSE;

	for (; globs && *globs; globs++) {
		if (**globs == '!') {
			if (glob_match(*globs + 1, path))
				return FALSE;
			continue;
		}
		any = TRUE;
		yes = yes || glob_match(*globs, path);
	}
	return yes || !any;
}

int rulefile_enum(const char *const *names, int n, const char *s)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], s))
			return i;
	return -1;
}

void rulefile_add_hash(struct lint_rules *r, const char *path)
{
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return;
	r->state = XXH3_64bits_withSeed(text, size, r->state);
	g_free(r->hash);
	r->hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", r->state);
	g_free(text);
}

GKeyFile *rulefile_load(struct lint_rules *r, const char *path)
{
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;

	if (g_key_file_load_from_file(k, path, G_KEY_FILE_NONE, &err)) {
		rulefile_add_hash(r, path);
		return k;
	}
	tw_error_at(path, 0, 0, "%s", err->message);
	g_error_free(err);
	g_key_file_free(k);
	return NULL;
}

char **rulefile_globs(const struct lint_rules *r, GKeyFile *k,
		      const char *path, const char *group, const char *key)
{
	char **list = rulefile_list(k, group, key);
	GPtrArray *out = g_ptr_array_new();

	for (char **s = list; *s; s++) {
		char **named = **s == '@' ? g_hash_table_lookup(r->files, *s) :
					    NULL;

		if (**s != '@') {
			g_ptr_array_add(out, g_strdup(*s));
		} else if (named) {
			for (; *named; named++)
				g_ptr_array_add(out, g_strdup(*named));
		} else {
			tw_error_at(path, 0, 0, "[%s] %s: there is no [files %s] in lint.ini beside it",
				    group, key, *s + 1);
			g_ptr_array_set_free_func(out, g_free);
			g_ptr_array_free(out, TRUE);
			g_strfreev(list);
			return NULL;
		}
	}
	g_strfreev(list);
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, FALSE);
}
