// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load rules: key files in cocci/CONVERSION/lint/ (docs/lint.md has the keys),
 * and what a user gives with --rules.  An unknown key or a pattern that cannot
 * be read is an error: a rule that silently matches nothing would pass for a
 * clean change.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/treewide.h"
#include "lint/rulefile.h"

const char *const lint_severity_name[] = { "note", "warning", "error" };
const char *const lint_sure_name[] = { "possible", "likely", "certain" };

static void rule_free(gpointer p)
{
	struct lint_rule *r = p;

	g_free(r->id);
	g_free(r->path);
	g_free(r->what);
	g_free(r->why);
	g_free(r->instead);
	g_free(r->instead_elsewhere);
	g_strfreev(r->elsewhere);
	g_free(r->bad);
	g_free(r->good);
	g_free(r->doc);
	g_strfreev(r->files);
	g_strfreev(r->needs);
	g_ptr_array_free(r->patterns, TRUE);
	g_free(r->check);
	g_strfreev(r->check_args);
	g_free(r->cocci);
	g_free(r->cocci_mode);
	g_strfreev(r->deep);
	g_strfreev(r->fix_files);
	g_strfreev(r->cocci_needs);
	g_free(r);
}

static void deep_free(gpointer p)
{
	struct lint_deep *d = p;

	g_free(d->conversion);
	g_strfreev(d->types);
	g_strfreev(d->include);
	g_free(d->old_struct);
	g_free(d->new_struct);
	g_free(d);
}

struct lint_rules *lint_rules_new(void)
{
	struct lint_rules *r = g_new0(struct lint_rules, 1);

	r->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 (GDestroyNotify)g_strfreev);
	r->rules = g_ptr_array_new_with_free_func(rule_free);
	r->kinds = g_ptr_array_new_with_free_func(kind_free);
	r->deep = g_ptr_array_new_with_free_func(deep_free);
	r->declared = g_ptr_array_new_with_free_func(kind_declared_free);
	r->unconverted = g_ptr_array_new_with_free_func(kind_unconverted_free);
	return r;
}

void lint_rules_free(struct lint_rules *r)
{
	if (!r)
		return;
	g_hash_table_destroy(r->files);
	g_ptr_array_free(r->rules, TRUE);
	g_ptr_array_free(r->kinds, TRUE);
	g_ptr_array_free(r->deep, TRUE);
	g_ptr_array_free(r->declared, TRUE);
	g_ptr_array_free(r->unconverted, TRUE);
	g_free(r->hash);
	g_free(r);
}

struct lint_rule *lint_rule_find(const struct lint_rules *r, const char *id)
{
	for (guint i = 0; i < r->rules->len; i++) {
		struct lint_rule *rule = r->rules->pdata[i];

		if (!strcmp(rule->id, id))
			return rule;
	}
	return NULL;
}

static struct lint_rule *rule_new(const char *path)
{
	struct lint_rule *rule = g_new0(struct lint_rule, 1);

	rule->path = g_strdup(path);
	rule->severity = LINT_WARNING;
	rule->patterns = g_ptr_array_new_with_free_func(lint_pattern_free);
	return rule;
}

static gboolean has_virtual(const char *text, const char *mode)
{
	char *pat = g_strdup_printf("^\\s*virtual\\b[^;\\n]*\\b%s\\b", mode);
	gboolean yes = g_regex_match_simple(pat, text, G_REGEX_MULTILINE |
					    G_REGEX_RAW, 0);

	g_free(pat);
	return yes;
}

/* The mode in which a semantic patch says most exactly what it found. */
static int set_cocci(struct lint_rules *r, struct lint_rule *rule, char *path)
{
	static const char *const modes[] = { "report", "context", "patch" };
	GError *err = NULL;
	char *text;

	rule->cocci = path;
	if (!g_file_get_contents(path, &text, NULL, &err)) {
		tw_error("%s", err->message);
		g_error_free(err);
		return -1;
	}
	rulefile_add_hash(r, path);
	for (guint i = 0; i < G_N_ELEMENTS(modes) && !rule->cocci_mode; i++)
		if (has_virtual(text, modes[i]))
			rule->cocci_mode = g_strdup(modes[i]);
	g_free(text);
	return 0;
}

/* The keys of [rule] that are plain values.  0, or -1 after a message. */
static int load_values(struct lint_rules *r, GKeyFile *k, const char *path,
		       struct lint_rule *rule)
{
	static const char group[] = "rule";

	rule->what = rulefile_get(k, group, "what");
	rule->why = rulefile_get(k, group, "why");
	rule->instead = rulefile_get(k, group, "instead");
	rule->instead_elsewhere = rulefile_get(k, group, "instead-elsewhere");
	rule->bad = g_key_file_get_string(k, group, "bad", NULL);
	rule->good = g_key_file_get_string(k, group, "good", NULL);
	rule->needs = rulefile_list(k, group, "needs");
	rule->check = rulefile_get(k, group, "check");
	rule->check_args = rulefile_list(k, group, "check-arguments");
	rule->deep = rulefile_list(k, group, "types");
	rule->cocci_needs = rulefile_list(k, group, "cocci-needs");
	rule->files = rulefile_globs(r, k, path, group, "files");
	rule->fix_files = rulefile_globs(r, k, path, group, "fix-files");
	rule->elsewhere = rulefile_globs(r, k, path, group, "elsewhere");
	rule->told = !rule->user &&
		     g_key_file_get_boolean(k, group, "told", NULL);
	return rule->files && rule->fix_files && rule->elsewhere ? 0 : -1;
}

static int check_values(GKeyFile *k, const char *path,
			struct lint_rule *rule)
{
	static const char *const known[] = {
		"what", "why", "instead", "instead-elsewhere", "elsewhere",
		"bad", "good", "files", "needs", "check", "check-arguments",
		"types", "severity", "cocci", "fix-files", "told",
		"cocci-needs", NULL
	};
	char **keys, *severity;
	int ret = 0;

	if (!rule->what)
		return tw_error_at(path, 0, 0, "[rule] has no what: it says what is wrong");
	keys = g_key_file_get_keys(k, "rule", NULL, NULL);
	for (char **key = keys; *key && !ret; key++)
		if (!g_strv_contains(known, *key))
			ret = tw_error_at(path, 0, 0, "[rule]: unknown key '%s'",
					  *key);
	g_strfreev(keys);
	if (!ret && rule->check && strcmp(rule->check, "undeclared-struct"))
		ret = tw_error_at(path, 0, 0, "[rule] check: there is only undeclared-struct");
	severity = ret ? NULL : rulefile_get(k, "rule", "severity");
	if (severity) {
		int n = rulefile_enum(lint_severity_name, N_LINT_SEVERITY,
				      severity);

		if (n < 0)
			ret = tw_error_at(path, 0, 0, "[rule] severity: '%s' is none of note, warning, error",
					  severity);
		else
			rule->severity = n;
	}
	g_free(severity);
	return ret;
}

/* The semantic patch that stands beside the rule. */
static int load_cocci(struct lint_rules *r, GKeyFile *k, const char *path,
		      struct lint_rule *rule)
{
	char *name = rulefile_get(k, "rule", "cocci"), *dir;
	int ret = 0;

	if (name) {
		dir = g_path_get_dirname(path);
		ret = set_cocci(r, rule, g_build_filename(dir, name, NULL));
		g_free(dir);
	}
	g_free(name);
	return ret;
}

static int load_patterns(struct lint_rules *r, GKeyFile *k, const char *path,
			 struct lint_rule *rule)
{
	char **groups = g_key_file_get_groups(k, NULL);
	int ret = 0;

	for (char **g = groups; *g && !ret; g++) {
		struct lint_pattern *p;

		if (!strcmp(*g, "rule"))
			continue;
		if (!g_str_has_prefix(*g, "pattern ")) {
			ret = tw_error_at(path, 0, 0, "[%s]: a section is [rule] or [pattern NAME]",
					  *g);
			break;
		}
		p = pattern_load(r, k, *g, path);
		if (p)
			g_ptr_array_add(rule->patterns, p);
		else
			ret = -1;
	}
	g_strfreev(groups);
	if (!ret && !rule->patterns->len && !rule->check && !rule->cocci &&
	    !rule->deep[0])
		ret = tw_error_at(path, 0, 0, "the rule has no pattern, no check and no semantic patch: it would never match");
	return ret;
}

static int load_rule(struct lint_rules *r, const char *path,
		     const char *prefix, gboolean user)
{
	GKeyFile *k = rulefile_load(r, path);
	struct lint_rule *rule;
	char *base;
	int ret;

	if (!k)
		return -1;
	rule = rule_new(path);
	rule->user = user;
	base = g_path_get_basename(path);
	*strrchr(base, '.') = '\0';
	rule->id = g_strconcat(prefix, "/", base, NULL);
	g_free(base);
	ret = load_values(r, k, path, rule);
	if (!ret)
		ret = check_values(k, path, rule);
	if (!ret)
		ret = load_cocci(r, k, path, rule);
	if (!ret)
		ret = load_patterns(r, k, path, rule);
	if (!ret && lint_rule_find(r, rule->id))
		ret = tw_error_at(path, 0, 0, "there is a rule %s already",
				  rule->id);
	if (ret)
		rule_free(rule);
	else
		g_ptr_array_add(r->rules, rule);
	g_key_file_free(k);
	return ret;
}

/* The first "///" line of a semantic patch says what it looks for. */
static char *cocci_summary(const char *path)
{
	char *text, *p, *line = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	p = strstr(text, "/// ");
	if (p)
		line = g_strndup(p + 4, strcspn(p + 4, "\r\n"));
	g_free(text);
	return line ? g_strstrip(line) : NULL;
}

static int load_user_cocci(struct lint_rules *r, const char *path)
{
	struct lint_rule *rule = rule_new(path);
	char *base = g_path_get_basename(path);

	*strrchr(base, '.') = '\0';
	rule->user = TRUE;
	rule->files = g_new0(char *, 1);
	rule->elsewhere = g_new0(char *, 1);
	rule->needs = g_new0(char *, 1);
	rule->deep = g_new0(char *, 1);
	rule->cocci_needs = g_new0(char *, 1);
	rule->id = g_strconcat("user/", base, NULL);
	rule->what = cocci_summary(path);
	if (!rule->what)
		rule->what = g_strdup_printf("the semantic patch %s matches",
					     base);
	g_free(base);
	if (set_cocci(r, rule, g_strdup(path)) ||
	    lint_rule_find(r, rule->id)) {
		if (rule->cocci_mode || lint_rule_find(r, rule->id))
			tw_error_at(path, 0, 0, "there is a rule %s already",
				    rule->id);
		rule_free(rule);
		return -1;
	}
	g_ptr_array_add(r->rules, rule);
	return 0;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_of(const char *dir)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d)))
		if (*name != '.')
			g_ptr_array_add(v, g_strdup(name));
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(v, by_name);
	return v;
}

/* lint.ini first: the other files name its kinds. */
static int load_dir(struct lint_rules *r, const char *dir, const char *prefix,
		    gboolean user)
{
	GPtrArray *names = names_of(dir);
	char *kinds = g_build_filename(dir, "lint.ini", NULL);
	int ret = 0;

	if (g_file_test(kinds, G_FILE_TEST_EXISTS))
		ret = kind_load(r, kinds, prefix);
	for (guint i = 0; !ret && i < names->len; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL);

		if (strcmp(names->pdata[i], "lint.ini") &&
		    g_str_has_suffix(path, ".ini"))
			ret = load_rule(r, path, prefix, user);
		g_free(path);
	}
	g_free(kinds);
	g_ptr_array_free(names, TRUE);
	return ret;
}

static void load_deep(struct lint_rules *r, const char *dir, const char *name)
{
	char *ini = g_build_filename(dir, "manifest.ini", NULL);
	GKeyFile *k = g_key_file_new();

	if (g_key_file_load_from_file(k, ini, G_KEY_FILE_NONE, NULL) &&
	    g_key_file_has_group(k, "handle")) {
		struct lint_deep *d = g_new0(struct lint_deep, 1);

		d->conversion = g_strdup(name);
		d->types = rulefile_list(k, "seeds", "types");
		d->old_struct = rulefile_get(k, "handle", "old");
		d->new_struct = rulefile_get(k, "handle", "new");
		d->include = rulefile_list(k, "audit", "include");
		g_ptr_array_add(r->deep, d);
	}
	g_key_file_free(k);
	g_free(ini);
}

static int by_id(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct lint_rule *const *)a)->id,
		      (*(struct lint_rule *const *)b)->id);
}

int lint_rules_load(struct lint_rules *r, const char *only)
{
	char *root = g_build_filename(tw_data_dir(), "cocci", NULL);
	GPtrArray *names = names_of(root);
	gboolean found = FALSE;
	int ret = 0;

	for (guint i = 0; !ret && i < names->len; i++) {
		const char *name = names->pdata[i];
		char *dir = g_build_filename(root, name, NULL);
		char *lint = g_build_filename(dir, "lint", NULL);

		if ((!only || !strcmp(only, name)) &&
		    g_file_test(lint, G_FILE_TEST_IS_DIR)) {
			found = TRUE;
			ret = load_dir(r, lint, name, FALSE);
			load_deep(r, dir, name);
		}
		g_free(dir);
		g_free(lint);
	}
	if (!ret && !found)
		ret = only ? tw_error("no conversion '%s' has rules for lint",
				      only)
			   : tw_error("no rules for lint in '%s'", root);
	g_ptr_array_sort(r->rules, by_id);
	g_ptr_array_free(names, TRUE);
	g_free(root);
	return ret;
}

int lint_rules_load_user(struct lint_rules *r, const char *dir)
{
	guint before = r->rules->len;
	GPtrArray *names;
	int ret;

	if (!g_file_test(dir, G_FILE_TEST_IS_DIR))
		return tw_error("'%s' is no folder of rules", dir);
	ret = load_dir(r, dir, "user", TRUE);
	names = names_of(dir);
	for (guint i = 0; !ret && i < names->len; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL);
		gboolean named = FALSE;

		/* Unless a rule's key file names it. */
		for (guint k = before; k < r->rules->len; k++)
			named |= !g_strcmp0(((struct lint_rule *)
					     r->rules->pdata[k])->cocci, path);
		if (g_str_has_suffix(path, ".cocci") && !named)
			ret = load_user_cocci(r, path);
		g_free(path);
	}
	g_ptr_array_free(names, TRUE);
	if (!ret && r->rules->len == before)
		ret = tw_error("'%s' holds no rules: *.ini or *.cocci", dir);
	g_ptr_array_sort(r->rules, by_id);
	return ret;
}
