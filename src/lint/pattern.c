// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of rules: C tokens with variables, read from a section of a key file.
 * A pattern that cannot be read is an error: it would silently match nothing.
 */
#include <string.h>

#include "base/diag.h"
#include "lint/rulefile.h"

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
	g_free(q->instead_elsewhere);
	g_strfreev(q->files);
	g_strfreev(q->within);
	g_free(q->fix);
	g_free(q);
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
	value = k ? rulefile_get(k, section, key) : NULL;
	g_free(key);
	if (value && g_str_has_prefix(value, "kind:")) {
		v.kind = kind_find(r, value + 5);
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

/* "unless...", "not-behind...", and keys that nobody knows. */
static int load_excuses(const struct lint_rules *r, GKeyFile *k,
			const char *section, const char *path,
			struct lint_pattern *p)
{
	static const char *const known[] = {
		"match", "what", "instead", "instead-elsewhere", "fix", "at",
		"sure", "declarations", "macros", "files", "within", NULL
	};
	char **keys = g_key_file_get_keys(k, section, NULL, NULL);
	int ret = 0;

	for (char **key = keys; *key && !ret; key++) {
		struct lint_pattern *q;
		char *text;

		if (**key == '$' || g_strv_contains(known, *key))
			continue;
		if (!g_str_has_prefix(*key, "unless") &&
		    !g_str_has_prefix(*key, "not-behind")) {
			ret = tw_error_at(path, 0, 0, "[%s]: unknown key '%s'",
					  section, *key);
			break;
		}
		text = rulefile_get(k, section, *key);
		q = lint_pattern_new(r, k, section, text, path);
		g_free(text);
		if (q)
			g_ptr_array_add(**key == 'u' ? p->unless : p->behind,
					q);
		else
			ret = -1;
	}
	g_strfreev(keys);
	return ret;
}

/* "at" and "sure" */
static int load_place(GKeyFile *k, const char *section, const char *path,
		      struct lint_pattern *p)
{
	char *at = rulefile_get(k, section, "at");
	char *sure = rulefile_get(k, section, "sure");
	int ret = 0;

	if (sure)
		p->sure = rulefile_enum(lint_sure_name, N_LINT_SURE, sure);
	for (guint i = 0; at && i < p->vars->len; i++)
		if (!strcmp(g_array_index(p->vars, struct lint_var, i).name,
			    *at == '$' ? at + 1 : at))
			p->at = i;
	if (sure && p->sure < 0)
		ret = tw_error_at(path, 0, 0, "[%s] sure: '%s' is none of possible, likely, certain",
				  section, sure);
	else if (at && p->at < 0)
		ret = tw_error_at(path, 0, 0, "[%s] at: the pattern has no '%s'",
				  section, at);
	g_free(at);
	g_free(sure);
	return ret;
}

struct lint_pattern *pattern_load(const struct lint_rules *r, GKeyFile *k,
				  const char *section, const char *path)
{
	char *text = rulefile_get(k, section, "match");
	struct lint_pattern *p;

	if (!text) {
		tw_error_at(path, 0, 0, "[%s] has no match", section);
		return NULL;
	}
	p = lint_pattern_new(r, k, section, text, path);
	g_free(text);
	if (!p)
		return NULL;
	p->what = rulefile_get(k, section, "what");
	p->instead = rulefile_get(k, section, "instead");
	p->instead_elsewhere = rulefile_get(k, section, "instead-elsewhere");
	p->fix = rulefile_get(k, section, "fix");
	p->within = rulefile_list(k, section, "within");
	p->files = rulefile_globs(r, k, path, section, "files");
	p->declares = g_key_file_get_boolean(k, section, "declarations", NULL);
	p->macros = g_key_file_get_boolean(k, section, "macros", NULL);
	if (!p->files || load_place(k, section, path, p) ||
	    load_excuses(r, k, section, path, p)) {
		lint_pattern_free(p);
		return NULL;
	}
	return p;
}
