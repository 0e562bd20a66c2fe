// SPDX-License-Identifier: GPL-2.0-only
/*
 * lint.ini of a conversion: kinds of values that the text stage follows, named
 * lists of files, which declarations a semantic patch is told, and what only a
 * tree before the conversion has.
 */
#include <string.h>

#include "base/diag.h"
#include "lint/rulefile.h"

const struct lint_kind *kind_find(const struct lint_rules *r,
					 const char *name)
{
	for (guint i = 0; i < r->kinds->len; i++) {
		const struct lint_kind *k = r->kinds->pdata[i];

		if (!strcmp(k->name, name))
			return k;
	}
	return NULL;
}

void kind_free(gpointer p)
{
	struct lint_kind *k = p;

	g_free(k->name);
	g_strfreev(k->types);
	g_strfreev(k->calls);
	g_strfreev(k->members);
	g_strfreev(k->assigned);
	g_strfreev(k->params);
	g_strfreev(k->unless_arg);
	g_ptr_array_free(k->binds, TRUE);
	g_free(k);
}

void kind_declared_free(gpointer p)
{
	struct lint_declared *d = p;

	g_free(d->conversion);
	g_strfreev(d->types);
	g_strfreev(d->words);
	g_strfreev(d->look_in);
	g_free(d->known);
	g_free(d);
}

void kind_unconverted_free(gpointer p)
{
	struct lint_unconverted *u = p;

	g_free(u->conversion);
	g_strfreev(u->files);
	g_free(u->text);
	g_free(u);
}

/* [declarations]: each known... is prototypes. */
static int load_declared(struct lint_rules *r, GKeyFile *k, const char *path,
			 const char *conversion)
{
	static const char group[] = "declarations";
	struct lint_declared *d = g_new0(struct lint_declared, 1);
	char **keys = g_key_file_get_keys(k, group, NULL, NULL);
	GString *known = g_string_new(NULL);
	int ret = 0;

	d->conversion = g_strdup(conversion);
	d->types = rulefile_list(k, group, "types");
	d->words = rulefile_list(k, group, "words");
	d->look_in = rulefile_list(k, group, "look-in");
	for (char **key = keys; *key && !ret; key++) {
		if (g_str_has_prefix(*key, "known")) {
			char *text = rulefile_get(k, group, *key);

			g_string_append_printf(known, "%s\n", text);
			g_free(text);
		} else if (strcmp(*key, "types") && strcmp(*key, "words") &&
			   strcmp(*key, "look-in")) {
			ret = tw_error_at(path, 0, 0, "[%s]: unknown key '%s'",
					  group, *key);
		}
	}
	d->known = g_string_free(known, FALSE);
	g_ptr_array_add(r->declared, d);
	if (!ret && (!d->types[0] || !d->words[0] || !d->look_in[0]))
		ret = tw_error_at(path, 0, 0, "[declarations] needs types, words and look-in");
	g_strfreev(keys);
	return ret;
}

/* The kind that the section's @key names, or NULL. */
static int take_kind(const struct lint_rules *r, GKeyFile *k,
		     const char *path, const char *group, const char *key,
		     const struct lint_kind **out)
{
	char *name = rulefile_get(k, group, key);
	int ret = 0;

	*out = name ? kind_find(r, name) : NULL;
	if (name && !*out)
		ret = tw_error_at(path, 0, 0, "[%s] %s: there is no [kind %s] before it",
				  group, key, name);
	g_free(name);
	return ret;
}

/* Patterns "binds...", and keys that nobody knows. */
static int load_binds(struct lint_rules *r, GKeyFile *k, const char *path,
		      const char *group, struct lint_kind *kind)
{
	static const char *const known[] = {
		"types", "calls", "members", "assigned", "params",
		"unless-argument", "until-tested", "may-fail",
		"pointers-to", NULL
	};
	char **keys = g_key_file_get_keys(k, group, NULL, NULL);
	int ret = 0;

	for (char **key = keys; *key && !ret; key++) {
		struct lint_pattern *p;
		char *text;

		if (g_strv_contains(known, *key) || **key == '$')
			continue;
		if (!g_str_has_prefix(*key, "binds")) {
			ret = tw_error_at(path, 0, 0, "[%s]: unknown key '%s'",
					  group, *key);
			break;
		}
		text = rulefile_get(k, group, *key);
		p = lint_pattern_new(r, k, group, text, path);
		g_free(text);
		if (p)
			g_ptr_array_add(kind->binds, p);
		else
			ret = -1;
	}
	g_strfreev(keys);
	return ret;
}

/* [kind NAME] */
static int load_kind(struct lint_rules *r, GKeyFile *k, const char *path,
		     const char *group)
{
	const char *name = group + strlen("kind ");
	const struct lint_kind *to = NULL;
	struct lint_kind *kind;

	if (r->kinds->len == 16)
		return tw_error_at(path, 0, 0, "more than 16 kinds");
	if (kind_find(r, name))
		return tw_error_at(path, 0, 0, "[%s]: there is such a kind already",
				   group);
	if (take_kind(r, k, path, group, "pointers-to", &to))
		return -1;
	kind = g_new0(struct lint_kind, 1);
	kind->name = g_strdup(name);
	kind->types = rulefile_list(k, group, "types");
	kind->calls = rulefile_list(k, group, "calls");
	kind->members = rulefile_list(k, group, "members");
	kind->assigned = rulefile_list(k, group, "assigned");
	kind->params = rulefile_list(k, group, "params");
	kind->unless_arg = rulefile_list(k, group, "unless-argument");
	kind->until_tested = g_key_file_get_boolean(k, group, "until-tested",
						    NULL);
	kind->may_fail = g_key_file_get_boolean(k, group, "may-fail", NULL);
	kind->binds = g_ptr_array_new_with_free_func(lint_pattern_free);
	kind->address = to;
	if (to)
		((struct lint_kind *)to)->deref = kind;
	g_ptr_array_add(r->kinds, kind);
	return load_binds(r, k, path, group, kind);
}

/* [files NAME] */
static void load_files(struct lint_rules *r, GKeyFile *k, const char *group)
{
	g_hash_table_insert(r->files,
			    g_strconcat("@", group + strlen("files "), NULL),
			    rulefile_list(k, group, "globs"));
}

/* [unconverted] */
static int load_unconverted(struct lint_rules *r, GKeyFile *k,
			    const char *path, const char *group,
			    const char *conversion)
{
	struct lint_unconverted *u = g_new0(struct lint_unconverted, 1);

	u->conversion = g_strdup(conversion);
	u->files = rulefile_list(k, group, "files");
	u->text = rulefile_get(k, group, "text");
	g_ptr_array_add(r->unconverted, u);
	if (!u->files[0] || !u->text)
		return tw_error_at(path, 0, 0, "[unconverted] needs files and text");
	return 0;
}

int kind_load(struct lint_rules *r, const char *path, const char *conversion)
{
	GKeyFile *k = rulefile_load(r, path);
	char **groups;
	int ret = 0;

	if (!k)
		return -1;
	groups = g_key_file_get_groups(k, NULL);
	for (char **g = groups; *g && !ret; g++) {
		if (!strcmp(*g, "unconverted"))
			ret = load_unconverted(r, k, path, *g, conversion);
		/* A user's rules see whole files, and are told nothing. */
		else if (!strcmp(*g, "declarations") &&
			 strcmp(conversion, "user"))
			ret = load_declared(r, k, path, conversion);
		else if (g_str_has_prefix(*g, "files "))
			load_files(r, k, *g);
		else if (g_str_has_prefix(*g, "kind "))
			ret = load_kind(r, k, path, *g);
		else
			ret = tw_error_at(path, 0, 0, "[%s]: a section here is [kind NAME], [files NAME], [declarations] or [unconverted]",
					  *g);
	}
	g_strfreev(groups);
	g_key_file_free(k);
	return ret;
}
