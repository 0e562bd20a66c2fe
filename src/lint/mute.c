// SPDX-License-Identifier: GPL-2.0-only
/*
 * What keeps a finding silent: a comment at its place that gives a reason, a
 * baseline of known findings, globs of paths in a config file.  A comment
 * without a reason, or for a rule that does not exist, is a finding, and so is
 * whatever silences nothing any more.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "lint/lint.h"
#include "model/manifest.h"
#include "base/nearest.h"

#define BASELINE_VERSION 1

struct ignore {
	char *name, **files, **rules, *reason, *path;
	guint used;
};

struct known { char *rule, *file; guint used; };

struct lint_mute {
	GPtrArray *ignores;	/* struct ignore */
	GHashTable *known;	/* fingerprint as text -> struct known */
	char *baseline;
	guint count;
};

static void ignore_free(gpointer p)
{
	struct ignore *i = p;

	g_free(i->name);
	g_strfreev(i->files);
	g_strfreev(i->rules);
	g_free(i->reason);
	g_free(i->path);
	g_free(i);
}

static void known_free(gpointer p)
{
	struct known *k = p;

	g_free(k->rule);
	g_free(k->file);
	g_free(k);
}

struct lint_mute *lint_mute_new(void)
{
	struct lint_mute *m = g_new0(struct lint_mute, 1);

	m->ignores = g_ptr_array_new_with_free_func(ignore_free);
	m->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 known_free);
	return m;
}

void lint_mute_free(struct lint_mute *m)
{
	g_ptr_array_free(m->ignores, TRUE);
	g_hash_table_destroy(m->known);
	g_free(m->baseline);
	g_free(m);
}

guint lint_mute_count(const struct lint_mute *m)
{
	return m->count;
}

/* ---- the config file ---- */

static int no_rule(const struct lint_rules *r, const char *path,
		   const char *id)
{
	GPtrArray *names = g_ptr_array_new();
	const char *near;

	for (guint i = 0; i < r->rules->len; i++)
		g_ptr_array_add(names, ((struct lint_rule *)
					r->rules->pdata[i])->id);
	g_ptr_array_add(names, NULL);
	near = nearest(id, (const char *const *)names->pdata);
	tw_error_at(path, 0, 0, "there is no rule '%s'%s%s%s", id,
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
	g_ptr_array_free(names, TRUE);
	return -1;
}

static int load_rule_section(struct lint_rules *r, GKeyFile *k,
			     const char *group, const char *path)
{
	struct lint_rule *rule = lint_rule_find(r, group + 5);
	char *s;
	int ret = 0;

	if (!rule)
		return no_rule(r, path, group + 5);
	rule->off = g_key_file_get_boolean(k, group, "off", NULL);
	s = g_key_file_get_string(k, group, "severity", NULL);
	if (s) {
		ret = -1;
		for (int i = 0; i < N_LINT_SEVERITY; i++)
			if (!strcmp(s, lint_severity_name[i])) {
				rule->severity = i;
				ret = 0;
			}
		if (ret)
			tw_error_at(path, 0, 0, "[%s] severity: '%s' is none of note, warning, error",
				    group, s);
	}
	g_free(s);
	return ret;
}

int lint_mute_load_config(struct lint_mute *m, struct lint_rules *r,
			  const char *path)
{
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;
	char **groups;
	int ret = 0;

	if (!g_key_file_load_from_file(k, path, G_KEY_FILE_NONE, &err)) {
		tw_error_at(path, 0, 0, "%s", err->message);
		g_error_free(err);
		g_key_file_free(k);
		return -1;
	}
	groups = g_key_file_get_groups(k, NULL);
	for (char **g = groups; *g && !ret; g++) {
		if (g_str_has_prefix(*g, "rule ")) {
			ret = load_rule_section(r, k, *g, path);
		} else if (g_str_has_prefix(*g, "ignore ")) {
			struct ignore *i = g_new0(struct ignore, 1);

			i->name = g_strdup(*g + 7);
			i->path = g_strdup(path);
			i->files = manifest_list(k, *g, "files");
			i->rules = manifest_list(k, *g, "rules");
			i->reason = g_key_file_get_string(k, *g, "reason",
							  NULL);
			g_ptr_array_add(m->ignores, i);
			if (!i->files[0] || !i->reason || !*i->reason)
				ret = tw_error_at(path, 0, 0, "[%s] needs files and a reason",
						  *g);
		} else {
			ret = tw_error_at(path, 0, 0, "[%s]: a section is [rule ID] or [ignore NAME]",
					  *g);
		}
	}
	g_strfreev(groups);
	g_key_file_free(k);
	return ret;
}

/* ---- the baseline ---- */

static char *print_of(const struct lint_finding *f)
{
	return g_strdup_printf("%016" G_GINT64_MODIFIER "x", f->fingerprint);
}

int lint_mute_load_baseline(struct lint_mute *m, const char *path)
{
	json_error_t err;
	json_t *top = json_load_file(path, 0, &err), *list, *o;
	size_t i;
	int ret = 0;

	if (!top)
		return tw_error_at(path, MAX(err.line, 0), 0, "no baseline: %s",
				   err.text);
	list = json_object_get(top, "findings");
	if (json_integer_value(json_object_get(top, "version")) !=
	    BASELINE_VERSION || !json_is_array(list))
		ret = tw_error_at(path, 0, 0, "no baseline of version %d; write one with --write-baseline",
				  BASELINE_VERSION);
	m->baseline = g_strdup(path);
	if (!ret) json_array_foreach(list, i, o) {
		const char *print = json_string_value(json_object_get(o,
							"fingerprint"));
		const char *rule = json_string_value(json_object_get(o,
								"rule"));
		const char *file = json_string_value(json_object_get(o,
								"file"));
		struct known *k;

		if (!print || !rule || !file) {
			ret = tw_error_at(path, 0, 0, "entry %zu has no fingerprint, rule or file",
					  i);
			break;
		}
		k = g_new0(struct known, 1);
		k->rule = g_strdup(rule);
		k->file = g_strdup(file);
		g_hash_table_insert(m->known, g_strdup(print), k);
	}
	json_decref(top);
	return ret;
}

char *lint_mute_baseline(const GPtrArray *findings)
{
	json_t *top = json_object(), *list = json_array();
	char *text, *out;

	json_object_set_new(top, "version", json_integer(BASELINE_VERSION));
	json_object_set_new(top, "findings", list);
	for (guint i = 0; i < findings->len; i++) {
		const struct lint_finding *f = findings->pdata[i];
		json_t *o = json_object();
		char *print = print_of(f);
		char *file = g_utf8_make_valid(f->file, -1);
		char *source = g_utf8_make_valid(f->source, -1);

		json_object_set_new(o, "fingerprint", json_string(print));
		json_object_set_new(o, "rule", json_string(f->id));
		json_object_set_new(o, "file", json_string(file));
		json_object_set_new(o, "source",
				    json_string(g_strstrip(source)));
		json_array_append_new(list, o);
		g_free(print);
		g_free(file);
		g_free(source);
	}
	text = json_dumps(top, JSON_INDENT(1));
	out = g_strconcat(text, "\n", NULL);
	free(text);
	json_decref(top);
	return out;
}

gboolean lint_mute_finding(struct lint_mute *m, const struct lint_finding *f)
{
	struct known *k;
	char *print;

	for (guint n = 0; n < m->ignores->len; n++) {
		struct ignore *i = m->ignores->pdata[n];

		if (lint_globs_match(i->files, f->file) &&
		    lint_globs_match(i->rules, f->id)) {
			i->used++;
			m->count++;
			return TRUE;
		}
	}
	print = print_of(f);
	k = g_hash_table_lookup(m->known, print);
	g_free(print);
	if (!k || strcmp(k->rule, f->id))
		return FALSE;
	k->used++;
	m->count++;
	return TRUE;
}

static struct lint_finding *own(const char *id, const char *file,
				char *message)
{
	struct lint_finding *f = g_new0(struct lint_finding, 1);

	f->id = id;
	f->severity = LINT_WARNING;
	f->sure = LINT_CERTAIN;
	f->evidence = g_strdup("text");
	f->file = g_strdup(file);
	f->line = f->col = 1;
	f->source = g_strdup("");
	f->message = message;
	f->added = 1;
	return f;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

void lint_mute_unused(const struct lint_mute *m, GPtrArray *findings)
{
	GList *prints = g_list_sort(g_hash_table_get_keys(m->known), by_text);

	for (guint n = 0; n < m->ignores->len; n++) {
		const struct ignore *i = m->ignores->pdata[n];

		if (!i->used)
			g_ptr_array_add(findings, own("lint/unused-ignore",
				i->path, g_strdup_printf("[ignore %s] silences nothing; remove it",
							 i->name)));
	}
	for (GList *p = prints; p; p = p->next) {
		const struct known *k = g_hash_table_lookup(m->known, p->data);

		if (!k->used)
			g_ptr_array_add(findings, own("lint/unused-baseline",
				m->baseline, g_strdup_printf("the entry %s (%s in %s) silences nothing; write the baseline anew",
					(char *)p->data, k->rule, k->file)));
	}
	g_list_free(prints);
}

/* ---- comments ---- */

gboolean lint_mute_has_comments(const struct lint_view *v)
{
	static const char word[] = "treewide-lint:";

	return memmem(v->text, v->size, word, sizeof(word) - 1) != NULL;
}

/* The lines that a comment is for: its own, or the next with code. */
static guint target_line(const struct lint_view *v, gsize tok)
{
	const struct token *t = &v->toks.v[tok];
	gsize i;

	for (i = tok; i-- > 0 && v->toks.v[i].line == t->line; )
		if (v->toks.v[i].kind > TOK_COMMENT)
			return t->line;
	i = tok_skip(&v->toks, tok + 1);
	return i < v->toks.n ? v->toks.v[i].line : 0;
}

static void bad_comment(struct lint_view *v, const struct token *t,
			GPtrArray *findings, const char *id, char *message)
{
	struct lint_finding *f = lint_finding_new(NULL, v, t->off, t->len);

	f->id = id;
	f->sure = LINT_CERTAIN;
	f->evidence = g_strdup("text");
	f->message = message;
	if (f->added)
		g_ptr_array_add(findings, f);
	else
		lint_finding_free(f);
}

/* Remove the findings of @id in the line; were there any? */
static gboolean allow(struct lint_mute *m, const struct lint_view *v,
		      guint line, const char *id, GPtrArray *findings)
{
	guint no = g_array_index(v->lines, struct lint_line, line - 1).no;
	gboolean any = FALSE;

	for (guint i = 0; i < findings->len; ) {
		const struct lint_finding *f = findings->pdata[i];

		if (f->view == v && f->line == no && !strcmp(f->id, id)) {
			/* Old ones are silent as it is. */
			m->count += f->added;
			any = TRUE;
			g_ptr_array_remove_index(findings, i);
		} else {
			i++;
		}
	}
	return any;
}

static void take_comment(struct lint_mute *m, const struct lint_rules *r,
			 struct lint_view *v, gsize tok, GPtrArray *findings)
{
	const struct token *t = &v->toks.v[tok];
	char *text = g_strndup(v->text + t->off, t->len), *s, *colon, **ids;
	guint line = target_line(v, tok);

	s = strstr(text, "treewide-lint:");
	if (!s)
		goto out;
	s += strlen("treewide-lint:");
	if (g_str_has_suffix(s, "*/"))
		s[strlen(s) - 2] = '\0';
	g_strstrip(s);
	if (!g_str_has_prefix(s, "allow ")) {
		bad_comment(v, t, findings, "lint/bad-suppression", g_strdup(
			"this is no suppression: write 'treewide-lint: allow RULE: reason'"));
		goto out;
	}
	s += strlen("allow ");
	colon = strchr(s, ':');
	if (!colon || !*g_strstrip(colon + 1)) {
		bad_comment(v, t, findings, "lint/bad-suppression", g_strdup(
			"the suppression gives no reason: write 'treewide-lint: allow RULE: reason'"));
		goto out;
	}
	*colon = '\0';
	ids = g_strsplit_set(s, ", ", -1);
	for (char **id = ids; *id; id++) {
		const struct lint_rule *rule;

		if (!**id)
			continue;
		rule = lint_rule_find(r, *id);
		if (!rule) {
			char *valid = g_utf8_make_valid(*id, -1);

			bad_comment(v, t, findings, "lint/bad-suppression",
				    g_strdup_printf("there is no rule '%s' to allow",
						    valid));
			g_free(valid);
		} else if (!(line && allow(m, v, line, *id, findings)) &&
			   line && (v->whole ||
				    line < v->lines->len) &&
			   (v->typed || !rule->cocci) &&
			   (v->deep || !rule->deep[0])) {
			bad_comment(v, t, findings, "lint/unused-suppression",
				    g_strdup_printf("nothing here is against %s: remove the comment",
						    *id));
		}
	}
	g_strfreev(ids);
out:
	g_free(text);
}

void lint_mute_inline(struct lint_mute *m, const struct lint_rules *r,
		      struct lint_view *v, GPtrArray *findings)
{
	lint_view_lex(v);
	for (gsize i = 0; i < v->toks.n; i++)
		if (v->toks.v[i].kind == TOK_COMMENT)
			take_comment(m, r, v, i, findings);
}
