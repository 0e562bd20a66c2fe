// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folder of a made conversion: manifest.ini and one semantic patch.  Its
 * name has a hash of both, so that the same request finds the same folder, and
 * with it what was remembered of an earlier run.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "base/treewide.h"
#include "smpl/cocci.h"
#include "smpl/made.h"
#include "smpl/rename.h"

/* Names of one conversion: more is a sign of a rule that fits everything. */
#define MAX_NAMES 500

gboolean made_is_smpl(const struct manifest *m)
{
	return !g_key_file_has_group(m->keys, "handle") &&
	       !g_key_file_has_group(m->keys, "op") &&
	       !g_key_file_has_group(m->keys, "leaf");
}

gboolean made_flag(const struct manifest *m, const char *key)
{
	char *value = g_key_file_get_string(m->keys, "smpl", key, NULL);
	gboolean yes = value && !strcmp(value, "yes");

	g_free(value);
	return yes;
}

GPtrArray *made_renames(const struct manifest *m)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(rename_free);
	char **specs = manifest_list(m->keys, "smpl", "renames");

	for (char **s = specs; *s && v; s++) {
		struct rename *r = rename_parse(*s);

		if (r)
			rename_expand(r, v);
		else
			g_clear_pointer(&v, g_ptr_array_unref);
	}
	g_strfreev(specs);
	return v;
}

static void feed(XXH3_state_t *h, const char *s)
{
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

/* Write the folder; its path, or NULL after a message. */
static char *put_folder(const char *name, const char *ini, const char *rule)
{
	XXH3_state_t *h = XXH3_createState();
	char *base = tw_cache_path("conversions"), *dir, *sub, *path;
	gboolean ok;

	XXH3_64bits_reset(h);
	feed(h, ini);
	feed(h, rule);
	sub = g_strdup_printf("%s-%016" G_GINT64_MODIFIER "x", name,
			      (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	dir = g_build_filename(base, sub, NULL);
	ok = !g_mkdir_with_parents(dir, 0755);
	path = g_strdup_printf("%s/10-%s.cocci", dir, name);
	ok = ok && g_file_set_contents(path, rule, -1, NULL);
	g_free(path);
	path = g_build_filename(dir, "manifest.ini", NULL);
	ok = ok && g_file_set_contents(path, ini, -1, NULL);
	if (!ok) {
		tw_error("cannot write the conversion to '%s': %s", dir,
			 g_strerror(errno));
		g_clear_pointer(&dir, g_free);
	}
	g_free(path);
	g_free(sub);
	g_free(base);
	return dir;
}

static void put_flags(GKeyFile *k, const struct made_request *q)
{
	/* All text but strings, which programs may read. */
	static const char *const also[] = {
		"comment", "assembly", "doc", "rust", "script",
		"other",
	};

	if (q->comments)
		g_key_file_set_string_list(k, "smpl", "also", also,
					   G_N_ELEMENTS(also));
	if (q->scripts)
		g_key_file_set_string(k, "smpl", "scripts", "yes");
}

/* A name that is a folder's and a file's: letters, digits, '-'. */
static char *plain_name(const char *s)
{
	char *name = g_strdup(s);

	g_strcanon(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-", '-');
	return name;
}

/* The first "/// text" of a semantic patch. */
static char *summary_of(const struct cocci *c)
{
	char **lines = g_strsplit(c->text, "\n", -1), *s = NULL;

	for (char **l = lines; *l && !s; l++)
		if (g_str_has_prefix(*l, "///") && (*l)[3] && (*l)[4])
			s = g_strstrip(g_strdup(*l + 3));
	g_strfreev(lines);
	return s;
}

static char *folder_of_file(const struct made_request *q)
{
	struct cocci *c = cocci_read(q->conversion);
	char *base, *name, *summary, *ini, *dir = NULL;
	GKeyFile *k;

	if (!c)
		return NULL;
	base = g_path_get_basename(q->conversion);
	base[strlen(base) - strlen(".cocci")] = '\0';
	name = plain_name(base);
	summary = summary_of(c);
	k = g_key_file_new();
	g_key_file_set_string(k, "conversion", "name", name);
	g_key_file_set_string(k, "conversion", "summary", summary ? summary :
			      name);
	g_key_file_set_string(k, "smpl", "file", base);
	put_flags(k, q);
	ini = g_key_file_to_data(k, NULL, NULL);
	dir = put_folder(name, ini, c->text);
	g_key_file_free(k);
	g_free(ini);
	g_free(summary);
	g_free(name);
	g_free(base);
	cocci_free(c);
	return dir;
}

static int check_renames(const GPtrArray *v)
{
	for (guint i = 0; i < v->len; i++)
		for (guint k = 0; k < v->len; k++) {
			const struct rename *a = v->pdata[i], *b = v->pdata[k];

			if (i != k && a->kind == b->kind &&
			    !g_strcmp0(a->owner, b->owner) &&
			    !strcmp(a->from, b->to))
				return tw_error("--rename '%s' and '%s': a name that goes cannot come back in one conversion; do one after the other",
						a->spec, b->spec);
			if (i < k && !strcmp(a->from, b->from) &&
			    a->kind == b->kind &&
			    !g_strcmp0(a->owner, b->owner))
				return tw_error("--rename '%s' and '%s': one name becomes two",
						a->spec, b->spec);
		}
	return 0;
}

static char *folder_of_renames(const struct made_request *q)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(rename_free);
	GPtrArray *froms = g_ptr_array_new();
	GString *summary = g_string_new("rename ");
	char *ini, *rule, *name, *dir = NULL, *plain;
	GKeyFile *k = g_key_file_new();

	for (char **r = q->renames; *r; r++) {
		struct rename *x = rename_parse(*r);

		if (!x)
			goto out;
		g_string_append_printf(summary, "%s%s to %s",
				       v->len ? ", " : "", x->from, x->to);
		rename_expand(x, v);
	}
	if (check_renames(v))
		goto out;
	for (guint i = 0; i < v->len; i++)
		g_ptr_array_add(froms, ((struct rename *)v->pdata[i])->from);
	plain = plain_name(froms->pdata[0]);
	name = g_strconcat("rename-", plain, NULL);
	g_key_file_set_string(k, "conversion", "name", name);
	g_key_file_set_string(k, "conversion", "summary", summary->str);
	g_key_file_set_string_list(k, "seeds", "symbols",
				   (const char *const *)froms->pdata,
				   froms->len);
	g_key_file_set_string(k, "smpl", "made", "yes");
	g_key_file_set_string_list(k, "smpl", "renames",
				   (const char *const *)q->renames,
				   g_strv_length(q->renames));
	put_flags(k, q);
	ini = g_key_file_to_data(k, NULL, NULL);
	rule = rename_patch(v);
	dir = put_folder(name, ini, rule);
	g_free(ini);
	g_free(rule);
	g_free(name);
	g_free(plain);
out:
	g_key_file_free(k);
	g_string_free(summary, TRUE);
	g_ptr_array_free(froms, TRUE);
	g_ptr_array_free(v, TRUE);
	return dir;
}

/* What the rules say: which names they are about, and if they may run. */
static int take_rules(struct manifest *m)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTable *have = g_hash_table_new(g_str_hash, g_str_equal);
	GString *told = g_string_new(NULL);
	gboolean scripts = made_flag(m, "scripts");
	gboolean given = m->symbols[0] || m->types[0];
	int ret = 0;

	for (guint i = 0; i < m->rules->len && !ret; i++) {
		struct cocci *c = cocci_read(m->rules->pdata[i]);

		if (!c) {
			ret = -1;
			break;
		}
		if (c->script_line && !scripts)
			ret = tw_error_at(c->path, c->script_line, 0, "this part is a script that spatch would run here, as you; read it, and give --allow-scripts if it may run");
		else if (!cocci_changes(c))
			ret = tw_error_at(c->path, 0, 0, "no rule of it changes code in patch mode; 'treewide convert' needs '-' or '+' lines");
		for (guint n = 0; n < c->names->len && !given; n++) {
			const struct cocci_name *x = c->names->pdata[n];
			char *name;

			if (g_hash_table_contains(have, x->name))
				continue;
			name = g_strdup(x->name);
			g_hash_table_add(have, name);
			g_ptr_array_add(names, name);
			g_string_append_printf(told, "%s%s (%s%s)",
				told->len ? ", " : "", x->name,
				x->context ? "beside the change, " : "",
				cocci_kind_name[x->kind]);
		}
		cocci_free(c);
	}
	g_hash_table_destroy(have);
	if (!ret && !given && (!names->len || names->len > MAX_NAMES))
		ret = tw_error("%s: the rules remove %s; make it a folder with a manifest that has [seeds] symbols (docs/conversions.md)",
			       m->name, names->len ? "too many names" :
			       "no names, so that it is not known what to look for");
	if (!ret && !given) {
		tw_note("%s is about: %s", m->name, told->str);
		g_strfreev(m->symbols);
		g_ptr_array_add(names, NULL);
		m->symbols = (char **)g_ptr_array_free(names, FALSE);
	} else {
		g_ptr_array_set_free_func(names, g_free);
		g_ptr_array_free(names, TRUE);
	}
	g_string_free(told, TRUE);
	return ret;
}

struct manifest *made_load(const struct made_request *q)
{
	struct manifest *m;
	char *dir = NULL;

	if (q->renames && q->conversion) {
		tw_error("a conversion and --rename are two conversions; give one of them");
		return NULL;
	}
	if (q->comments && !q->renames) {
		tw_error("--comments belongs to --rename: what a semantic patch changes has no new name for a comment");
		return NULL;
	}
	if (q->renames)
		dir = folder_of_renames(q);
	else if (g_str_has_suffix(q->conversion, ".cocci"))
		dir = folder_of_file(q);
	else
		dir = g_strdup(q->conversion);
	if (!dir)
		return NULL;
	m = manifest_load(dir);
	g_free(dir);
	if (m && q->scripts)
		g_key_file_set_string(m->keys, "smpl", "scripts", "yes");
	if (m && made_is_smpl(m) && m->rules->len && take_rules(m)) {
		manifest_free(m);
		return NULL;
	}
	return m;
}

int made_keep(const struct manifest *m, const char *run)
{
	char *to = g_build_filename(run, "conversion", NULL);
	GDir *d = g_dir_open(m->dir, 0, NULL);
	const char *name;
	int ret = 0;

	if (g_mkdir_with_parents(to, 0755))
		ret = tw_error("cannot make '%s': %s", to, g_strerror(errno));
	while (d && !ret && (name = g_dir_read_name(d))) {
		char *from = g_build_filename(m->dir, name, NULL);
		char *dest = g_build_filename(to, name, NULL), *text;
		gsize size;

		if (g_file_get_contents(from, &text, &size, NULL)) {
			if (!g_file_set_contents(dest, text, size, NULL))
				ret = tw_error("cannot write '%s'", dest);
			g_free(text);
		}
		g_free(from);
		g_free(dest);
	}
	if (d)
		g_dir_close(d);
	g_free(to);
	return ret;
}
