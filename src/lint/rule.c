// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of lint are data: key files in cocci/CONVERSION/lint/ (docs/lint.md
 * has the keys), and what a user gives with --rules.  An unknown key or a
 * pattern that cannot be read is an error: a rule that silently matches
 * nothing would pass for a clean change.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "lint/lint.h"
#include "base/treewide.h"

const char *const lint_severity_name[] = { "note", "warning", "error" };
const char *const lint_sure_name[] = { "possible", "likely", "certain" };

static char **get_list(GKeyFile *k, const char *group, const char *key)
{
	char **v = g_key_file_get_string_list(k, group, key, NULL, NULL);

	for (char **s = v; s && *s; s++)
		g_strstrip(*s);
	return v ? v : g_new0(char *, 1);
}

static char *get(GKeyFile *k, const char *group, const char *key)
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

/* ---- patterns ---- */

static void elem_clear(gpointer p)
{
	g_free(((struct lint_elem *)p)->text);
}

static void var_clear(gpointer p)
{
	struct lint_var *v = p;

	g_free(v->name);
	g_strfreev(v->globs);
}

void lint_pattern_free(gpointer p)
{
	struct lint_pattern *q = p;

	if (!q)
		return;
	g_free(q->name);
	g_array_free(q->elems, TRUE);
	g_array_free(q->vars, TRUE);
	g_ptr_array_free(q->unless, TRUE);
	g_ptr_array_free(q->behind, TRUE);
	g_free(q->what);
	g_free(q->instead);
	g_free(q->fix);
	g_free(q);
}

static const struct lint_kind *find_kind(const struct lint_rules *r,
					 const char *name)
{
	for (guint i = 0; i < r->kinds->len; i++) {
		const struct lint_kind *k = r->kinds->pdata[i];

		if (!strcmp(k->name, name))
			return k;
	}
	return NULL;
}

/* The variable $NAME of a pattern; its index, or -1 after a message. */
static int take_var(const struct lint_rules *r, GKeyFile *k,
		    const char *section, const char *name,
		    struct lint_pattern *p, const char *path)
{
	struct lint_var v = { 0 };
	char *key, *value;

	for (guint i = 0; i < p->vars->len; i++)
		if (!strcmp(g_array_index(p->vars, struct lint_var, i).name,
			    name))
			return i;
	key = g_strconcat("$", name, NULL);
	value = k ? get(k, section, key) : NULL;
	g_free(key);
	if (value && g_str_has_prefix(value, "kind:")) {
		v.kind = find_kind(r, value + 5);
		if (!v.kind) {
			tw_error_at(path, 0, 0, "[%s] $%s: there is no [kind %s] in lint.ini beside it",
				    section, name, value + 5);
			g_free(value);
			return -1;
		}
	} else if (value) {
		v.globs = g_strsplit(value, ";", -1);
		for (char **s = v.globs; *s; s++)
			g_strstrip(*s);
		/* "a;b;" has an empty one at its end. */
		if (v.globs[0] && !*v.globs[g_strv_length(v.globs) - 1]) {
			guint n = g_strv_length(v.globs) - 1;

			g_free(v.globs[n]);
			v.globs[n] = NULL;
		}
	}
	g_free(value);
	v.name = g_strdup(name);
	g_array_append_val(p->vars, v);
	return p->vars->len - 1;
}

struct lint_pattern *lint_pattern_new(const struct lint_rules *r, GKeyFile *k,
				      const char *section, const char *text,
				      const char *path)
{
	struct lint_pattern *p = g_new0(struct lint_pattern, 1);
	struct token_list l;

	p->name = g_strdup(section);
	p->at = p->sure = -1;
	p->elems = g_array_new(FALSE, FALSE, sizeof(struct lint_elem));
	g_array_set_clear_func(p->elems, elem_clear);
	p->vars = g_array_new(FALSE, FALSE, sizeof(struct lint_var));
	g_array_set_clear_func(p->vars, var_clear);
	p->unless = g_ptr_array_new_with_free_func(lint_pattern_free);
	p->behind = g_ptr_array_new_with_free_func(lint_pattern_free);
	lex_c(text, strlen(text), &l);
	for (gsize i = tok_skip(&l, 0); i < l.n; i = tok_skip(&l, i + 1)) {
		struct lint_elem e = { 0 };
		const struct token *t = &l.v[i];

		e.text = g_strndup(text + t->off, t->len);
		if (t->kind == TOK_IDENT && e.text[0] == '$') {
			int n = take_var(r, k, section, e.text + 1, p, path);

			if (n < 0) {
				g_free(e.text);
				lint_pattern_free(p);
				p = NULL;
				break;
			}
			e.el = EL_VAR;
			e.var = n;
		} else if (t->kind == TOK_PUNCT && !strcmp(e.text, "...")) {
			e.el = EL_ANY;
		}
		g_array_append_val(p->elems, e);
	}
	lex_free(&l);
	if (p && (!p->elems->len ||
		  g_array_index(p->elems, struct lint_elem, 0).el == EL_ANY)) {
		tw_error_at(path, 0, 0, "[%s]: a pattern starts with a token or a variable",
			    section);
		lint_pattern_free(p);
		return NULL;
	}
	return p;
}

static int enum_of(const char *const *names, int n, const char *s)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(names[i], s))
			return i;
	return -1;
}

static struct lint_pattern *load_pattern(const struct lint_rules *r,
					 GKeyFile *k, const char *section,
					 const char *path)
{
	char *text = get(k, section, "match"), *at, *sure, **keys;
	struct lint_pattern *p;

	if (!text) {
		tw_error_at(path, 0, 0, "[%s] has no match", section);
		return NULL;
	}
	p = lint_pattern_new(r, k, section, text, path);
	g_free(text);
	if (!p)
		return NULL;
	p->what = get(k, section, "what");
	p->instead = get(k, section, "instead");
	p->fix = get(k, section, "fix");
	p->declares = g_key_file_get_boolean(k, section, "declarations", NULL);
	p->macros = g_key_file_get_boolean(k, section, "macros", NULL);
	at = get(k, section, "at");
	sure = get(k, section, "sure");
	keys = g_key_file_get_keys(k, section, NULL, NULL);
	if (sure)
		p->sure = enum_of(lint_sure_name, N_LINT_SURE, sure);
	if (sure && p->sure < 0) {
		tw_error_at(path, 0, 0, "[%s] sure: '%s' is none of possible, likely, certain",
			    section, sure);
		goto bad;
	}
	for (guint i = 0; at && i < p->vars->len; i++)
		if (!strcmp(g_array_index(p->vars, struct lint_var, i).name,
			    *at == '$' ? at + 1 : at))
			p->at = i;
	if (at && p->at < 0) {
		tw_error_at(path, 0, 0, "[%s] at: the pattern has no '%s'",
			    section, at);
		goto bad;
	}
	for (char **key = keys; *key; key++) {
		static const char *const known[] = {
			"match", "what", "instead", "fix", "at", "sure",
			"declarations", "macros", NULL
		};

		if (g_str_has_prefix(*key, "unless") ||
		    g_str_has_prefix(*key, "not-behind")) {
			char *u = get(k, section, *key);
			struct lint_pattern *q = lint_pattern_new(r, k,
							section, u, path);

			g_free(u);
			if (!q)
				goto bad;
			g_ptr_array_add(**key == 'u' ? p->unless : p->behind,
					q);
		} else if (**key != '$' &&
			   !g_strv_contains(known, *key)) {
			tw_error_at(path, 0, 0, "[%s]: unknown key '%s'",
				    section, *key);
			goto bad;
		}
	}
	goto out;
bad:
	lint_pattern_free(p);
	p = NULL;
out:
	g_strfreev(keys);
	g_free(at);
	g_free(sure);
	return p;
}

/* ---- rules ---- */

static void rule_free(gpointer p)
{
	struct lint_rule *r = p;

	g_free(r->id);
	g_free(r->path);
	g_free(r->what);
	g_free(r->why);
	g_free(r->instead);
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

static void unconverted_free(gpointer p)
{
	struct lint_unconverted *u = p;

	g_free(u->conversion);
	g_strfreev(u->files);
	g_free(u->text);
	g_free(u);
}

static void kind_free(gpointer p)
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

static void declared_free(gpointer p)
{
	struct lint_declared *d = p;

	g_free(d->conversion);
	g_strfreev(d->types);
	g_strfreev(d->words);
	g_strfreev(d->look_in);
	g_free(d->known);
	g_free(d);
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

	r->rules = g_ptr_array_new_with_free_func(rule_free);
	r->kinds = g_ptr_array_new_with_free_func(kind_free);
	r->deep = g_ptr_array_new_with_free_func(deep_free);
	r->declared = g_ptr_array_new_with_free_func(declared_free);
	r->unconverted = g_ptr_array_new_with_free_func(unconverted_free);
	return r;
}

void lint_rules_free(struct lint_rules *r)
{
	if (!r)
		return;
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

static void add_hash(struct lint_rules *r, const char *path)
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

static GKeyFile *load_keys(struct lint_rules *r, const char *path)
{
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;

	if (g_key_file_load_from_file(k, path, G_KEY_FILE_NONE, &err)) {
		add_hash(r, path);
		return k;
	}
	tw_error_at(path, 0, 0, "%s", err->message);
	g_error_free(err);
	g_key_file_free(k);
	return NULL;
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
	d->types = get_list(k, group, "types");
	d->words = get_list(k, group, "words");
	d->look_in = get_list(k, group, "look-in");
	for (char **key = keys; *key && !ret; key++) {
		if (g_str_has_prefix(*key, "known")) {
			char *text = get(k, group, *key);

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

/* [kind NAME], [declarations] and [unconverted]: lint.ini of the folder. */
static int load_kinds(struct lint_rules *r, const char *path,
		      const char *conversion)
{
	GKeyFile *k = load_keys(r, path);
	char **groups;
	int ret = 0;

	if (!k)
		return -1;
	groups = g_key_file_get_groups(k, NULL);
	for (char **g = groups; *g && !ret; g++) {
		struct lint_kind *kind;
		char **keys;

		if (!strcmp(*g, "unconverted")) {
			struct lint_unconverted *u = g_new0(
						struct lint_unconverted, 1);

			u->conversion = g_strdup(conversion);
			u->files = get_list(k, *g, "files");
			u->text = get(k, *g, "text");
			g_ptr_array_add(r->unconverted, u);
			if (!u->files[0] || !u->text)
				ret = tw_error_at(path, 0, 0, "[unconverted] needs files and text");
			continue;
		}
		/* A user's rules see whole files, and are told nothing. */
		if (!strcmp(*g, "declarations") && strcmp(conversion, "user")) {
			ret = load_declared(r, k, path, conversion);
			continue;
		}
		if (!g_str_has_prefix(*g, "kind ")) {
			ret = tw_error_at(path, 0, 0, "[%s]: a section here is [kind NAME], [declarations] or [unconverted]",
					  *g);
			break;
		}
		if (r->kinds->len == 16) {
			ret = tw_error_at(path, 0, 0, "more than 16 kinds");
			break;
		}
		if (find_kind(r, *g + 5)) {
			ret = tw_error_at(path, 0, 0, "[%s]: there is such a kind already",
					  *g);
			break;
		}
		kind = g_new0(struct lint_kind, 1);
		kind->name = g_strdup(*g + 5);
		kind->types = get_list(k, *g, "types");
		kind->calls = get_list(k, *g, "calls");
		kind->members = get_list(k, *g, "members");
		kind->assigned = get_list(k, *g, "assigned");
		kind->params = get_list(k, *g, "params");
		kind->unless_arg = get_list(k, *g, "unless-argument");
		kind->until_tested = g_key_file_get_boolean(k, *g,
							    "until-tested",
							    NULL);
		kind->binds = g_ptr_array_new_with_free_func(lint_pattern_free);
		g_ptr_array_add(r->kinds, kind);
		keys = g_key_file_get_keys(k, *g, NULL, NULL);
		for (char **key = keys; *key && !ret; key++) {
			static const char *const known[] = {
				"types", "calls", "members", "assigned",
				"params", "unless-argument", "until-tested",
				NULL
			};
			struct lint_pattern *p;
			char *text;

			if (g_strv_contains(known, *key) || **key == '$')
				continue;
			if (!g_str_has_prefix(*key, "binds")) {
				ret = tw_error_at(path, 0, 0, "[%s]: unknown key '%s'",
						  *g, *key);
				break;
			}
			text = get(k, *g, *key);
			p = lint_pattern_new(r, k, *g, text, path);
			g_free(text);
			if (p)
				g_ptr_array_add(kind->binds, p);
			else
				ret = -1;
		}
		g_strfreev(keys);
	}
	g_strfreev(groups);
	g_key_file_free(k);
	return ret;
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
	add_hash(r, path);
	for (guint i = 0; i < G_N_ELEMENTS(modes) && !rule->cocci_mode; i++)
		if (has_virtual(text, modes[i]))
			rule->cocci_mode = g_strdup(modes[i]);
	g_free(text);
	return 0;
}

static int load_rule(struct lint_rules *r, const char *path,
		     const char *prefix, gboolean user)
{
	GKeyFile *k = load_keys(r, path);
	struct lint_rule *rule;
	char *base, *s, **groups, **keys = NULL;
	int ret = -1;

	if (!k)
		return -1;
	rule = rule_new(path);
	rule->user = user;
	base = g_path_get_basename(path);
	*strrchr(base, '.') = '\0';
	rule->id = g_strconcat(prefix, "/", base, NULL);
	rule->what = get(k, "rule", "what");
	rule->why = get(k, "rule", "why");
	rule->instead = get(k, "rule", "instead");
	rule->bad = g_key_file_get_string(k, "rule", "bad", NULL);
	rule->good = g_key_file_get_string(k, "rule", "good", NULL);
	rule->files = get_list(k, "rule", "files");
	rule->needs = get_list(k, "rule", "needs");
	rule->check = get(k, "rule", "check");
	rule->check_args = get_list(k, "rule", "check-arguments");
	rule->deep = get_list(k, "rule", "types");
	rule->fix_files = get_list(k, "rule", "fix-files");
	rule->cocci_needs = get_list(k, "rule", "cocci-needs");
	rule->told = !user && g_key_file_get_boolean(k, "rule", "told", NULL);
	groups = g_key_file_get_groups(k, NULL);
	if (!rule->what) {
		tw_error_at(path, 0, 0, "[rule] has no what: it says what is wrong");
		goto out;
	}
	keys = g_key_file_get_keys(k, "rule", NULL, NULL);
	for (char **key = keys; *key; key++) {
		static const char *const known[] = {
			"what", "why", "instead", "bad", "good", "files",
			"needs", "check", "check-arguments", "types",
			"severity", "cocci", "fix-files", "told",
			"cocci-needs", NULL
		};

		if (!g_strv_contains(known, *key)) {
			tw_error_at(path, 0, 0, "[rule]: unknown key '%s'",
				    *key);
			goto out;
		}
	}
	if (rule->check && strcmp(rule->check, "undeclared-struct")) {
		tw_error_at(path, 0, 0, "[rule] check: there is only undeclared-struct");
		goto out;
	}
	s = get(k, "rule", "severity");
	if (s) {
		int n = enum_of(lint_severity_name, N_LINT_SEVERITY, s);

		if (n < 0)
			tw_error_at(path, 0, 0, "[rule] severity: '%s' is none of note, warning, error",
				    s);
		g_free(s);
		if (n < 0)
			goto out;
		rule->severity = n;
	}
	s = get(k, "rule", "cocci");
	if (s) {
		char *dir = g_path_get_dirname(path);
		char *file = g_build_filename(dir, s, NULL);

		g_free(dir);
		g_free(s);
		if (set_cocci(r, rule, file))
			goto out;
	}
	for (char **g = groups; *g; g++) {
		struct lint_pattern *p;

		if (!strcmp(*g, "rule"))
			continue;
		if (!g_str_has_prefix(*g, "pattern ")) {
			tw_error_at(path, 0, 0, "[%s]: a section is [rule] or [pattern NAME]",
				    *g);
			goto out;
		}
		p = load_pattern(r, k, *g, path);
		if (!p)
			goto out;
		g_ptr_array_add(rule->patterns, p);
	}
	if (!rule->patterns->len && !rule->check && !rule->cocci &&
	    !rule->deep[0]) {
		tw_error_at(path, 0, 0, "the rule has no pattern, no check and no semantic patch: it would never match");
		goto out;
	}
	if (lint_rule_find(r, rule->id)) {
		tw_error_at(path, 0, 0, "there is a rule %s already", rule->id);
		goto out;
	}
	g_ptr_array_add(r->rules, rule);
	rule = NULL;
	ret = 0;
out:
	if (rule)
		rule_free(rule);
	g_strfreev(groups);
	g_strfreev(keys);
	g_free(base);
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
		ret = load_kinds(r, kinds, prefix);
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
		d->types = get_list(k, "seeds", "types");
		d->old_struct = get(k, "handle", "old");
		d->new_struct = get(k, "handle", "new");
		d->include = get_list(k, "audit", "include");
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
