// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the lists of spellings and replaces words.  A word is an identifier of
 * C: a name that is part of a longer one is another name.
 */
#include "base/diag.h"
#include "model/spelling.h"
#include "text/source.h"

void spelling_free(gpointer p)
{
	struct spelling *s = p;

	g_free(s->name);
	g_strfreev(s->tries);
	g_free(s->file);
	g_free(s->declares);
	g_free(s);
}

GPtrArray *spelling_load(const char *path)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(spelling_free);
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;
	char **names;

	if (!g_key_file_load_from_file(k, path, G_KEY_FILE_NONE, &err)) {
		tw_error_at(path, 0, 0, "%s", err->message);
		g_error_free(err);
		g_key_file_free(k);
		g_ptr_array_free(all, TRUE);
		return NULL;
	}
	names = g_key_file_get_groups(k, NULL);
	for (char **n = names; *n; n++) {
		struct spelling *s = g_new0(struct spelling, 1);

		s->name = g_strdup(*n);
		s->tries = g_key_file_get_string_list(k, *n, "spellings", NULL,
						      NULL);
		s->file = g_key_file_get_string(k, *n, "file", NULL);
		s->declares = g_key_file_get_string(k, *n, "declares", NULL);
		g_ptr_array_add(all, s);
		if (s->tries && *s->tries)
			continue;
		tw_error_at(path, 0, 0, "[%s] needs spellings: all names that releases give it, the preferred one first",
			    *n);
		g_ptr_array_free(all, TRUE);
		all = NULL;
		break;
	}
	g_strfreev(names);
	g_key_file_free(k);
	return all;
}

char *spelling_apply(GHashTable *map, const char *text)
{
	GString *out;

	if (!map || !g_hash_table_size(map))
		return g_strdup(text);
	out = g_string_new(NULL);
	while (*text) {
		const char *end = text;
		const char *to;
		char *word;

		if (!source_is_word(*text)) {
			g_string_append_c(out, *text++);
			continue;
		}
		while (source_is_word(*end))
			end++;
		word = g_strndup(text, end - text);
		to = g_hash_table_lookup(map, word);
		g_string_append(out, to ? to : word);
		g_free(word);
		text = end;
	}
	return g_string_free(out, FALSE);
}

char *spelling_read(GHashTable *map, const char *path, GError **err)
{
	char *raw, *text;

	if (!g_file_get_contents(path, &raw, NULL, err))
		return NULL;
	text = spelling_apply(map, raw);
	g_free(raw);
	return text;
}

gboolean spelling_load_keys(GHashTable *map, GKeyFile *k, const char *path,
			    GError **err)
{
	char *text = spelling_read(map, path, err);
	gboolean ok = text && g_key_file_load_from_data(k, text, -1,
							G_KEY_FILE_NONE, err);

	g_free(text);
	return ok;
}
