// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small unit that includes the headers is parsed in the cell.  Every function
 * and macro that it then knows is matched against the rules; nothing is looked
 * for by a name that is written here.  Bodies in source files are found as the
 * audit of typedefs finds them.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "audit/accessors.h"
#include "read/cx.h"
#include "base/diag.h"
#include "model/manifest.h"
#include "model/spelling.h"
#include "base/treewide.h"
#include "read/world.h"

#define UNIT "treewide-accessors.c"

static char **keys(GKeyFile *rules, const char *group)
{
	char **v = g_key_file_get_keys(rules, group, NULL, NULL);

	return v ? v : g_new0(char *, 1);
}

GKeyFile *accessors_rules(const struct manifest *m, char **text)
{
	char *path = g_build_filename(m->dir, "accessors.ini", NULL);
	GKeyFile *k = g_key_file_new();
	GError *err = NULL;

	*text = spelling_read(m->spelled, path, &err);
	if (!*text || !g_key_file_load_from_data(k, *text, -1, G_KEY_FILE_NONE,
						 &err) ||
	    !g_key_file_has_group(k, "helpers") ||
	    !g_key_file_has_group(k, "levels")) {
		tw_error("%s: %s", path, err ? err->message :
			 "it has no [helpers] and [levels]");
		g_clear_error(&err);
		g_clear_pointer(text, g_free);
		g_key_file_free(k);
		k = NULL;
	}
	g_free(path);
	return k;
}

/* ---- names ---- */

/* What the star of @pattern stands for in @name, or NULL; the caller frees. */
static char *matched(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	gsize head = star ? (gsize)(star - pattern) : 0, tail;

	if (!star)
		return strcmp(pattern, name) ? NULL : g_strdup("");
	tail = strlen(star + 1);
	if (strlen(name) < head + tail || strncmp(name, pattern, head) ||
	    strcmp(name + strlen(name) - tail, star + 1))
		return NULL;
	return g_strndup(name + head, strlen(name) - head - tail);
}

static char *replace(const char *s, const char *what, const char *with)
{
	char **parts = g_strsplit(s, what, -1);
	char *r = g_strjoinv(with, parts);

	g_strfreev(parts);
	return r;
}

char **accessors_natives(GKeyFile *rules, const char *name, const char *level)
{
	char **patterns = keys(rules, "helpers"), **v;
	const char *best = NULL;

	/* The pattern that says most; without a star it is the name itself. */
	for (char **p = patterns; *p; p++) {
		char *star = matched(*p, name);

		if (star && (!best || !strchr(*p, '*') ||
			     (strchr(best, '*') && strlen(*p) > strlen(best))))
			best = *p;
		g_free(star);
	}
	if (!best) {
		g_strfreev(patterns);
		return NULL;
	}
	v = manifest_list(rules, "helpers", best);
	for (char **i = v; *i; i++) {
		char *star = matched(best, name);
		char *s = replace(*i, "{l}", level);

		g_free(*i);
		*i = replace(s, "@", star);
		g_free(s);
		g_free(star);
	}
	g_strfreev(patterns);
	return v;
}

char *accessors_skipped(GKeyFile *rules, const char *name)
{
	char **patterns = keys(rules, "skip"), *why = NULL;

	for (char **p = patterns; *p && !why; p++) {
		char *star = matched(*p, name);

		if (star)
			why = g_key_file_get_string(rules, "skip", *p, NULL);
		g_free(star);
	}
	g_strfreev(patterns);
	return why;
}

/* ---- what a cell declares ---- */

struct find {
	struct world w;
	CXTranslationUnit tu;
	GHashTable *functions;	/* name -> CXCursor *, a definition if any */
	GHashTable *macros;	/* name -> CXCursor *, the last definition */
	json_t *names;		/* what was said about names already */
};

static void remember(GHashTable *t, char *name, CXCursor c)
{
	CXCursor *p = g_new(CXCursor, 1);

	*p = c;
	g_hash_table_insert(t, name, p);
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct find *f = data;
	CXCursor *old;
	char *name;

	if (clang_getCursorKind(c) == CXCursor_MacroDefinition) {
		remember(f->macros, cx_take(clang_getCursorSpelling(c)), c);
	} else if (clang_getCursorKind(c) == CXCursor_FunctionDecl) {
		name = cx_take(clang_getCursorSpelling(c));
		old = g_hash_table_lookup(f->functions, name);
		if (!old || (clang_isCursorDefinition(c) &&
			     !clang_isCursorDefinition(*old)))
			remember(f->functions, name, c);
	}
	return CXChildVisit_Continue;
}

static json_t *place(struct find *f, const char *kind, CXCursor c)
{
	struct cx_place at = cx_place(&f->w.names, clang_getCursorLocation(c));

	return json_pack("{s:s,s:s*,s:i,s:b}", "kind", kind, "file", at.file,
			 "line", (int)at.line, "own",
			 at.file && g_str_has_prefix(at.file, "arch/"));
}

static json_t *function(struct find *f, CXCursor c)
{
	CXCursor body = world_definition(&f->w, c);
	gboolean none = clang_Cursor_isNull(body);
	json_t *o = place(f, "function", none ? c : body), *params;
	const char *file = json_string_value(json_object_get(o, "file"));
	char *type = cx_take(clang_getTypeSpelling(
					clang_getCursorResultType(c)));

	json_object_set_new(o, "result", json_string(type));
	g_free(type);
	params = json_array();
	for (int i = 0; i < clang_Cursor_getNumArguments(c); i++) {
		CXCursor arg = clang_Cursor_getArgument(c, i);
		char *name = cx_take(clang_getCursorSpelling(arg));

		type = cx_take(clang_getTypeSpelling(clang_getCursorType(arg)));
		json_array_append_new(params, json_pack("{s:s,s:s}", "type",
							type, "name", name));
		g_free(type);
		g_free(name);
	}
	json_object_set_new(o, "params", params);
	if (none)
		json_object_set_new(o, "declared_only", json_true());
	else if (file && g_str_has_suffix(file, ".c") && strcmp(file, UNIT))
		json_object_set_new(o, "source", json_string(file));
	return o;
}

/* The tokens of a macro's definition, char *. */
static GPtrArray *words_of(struct find *f, CXCursor macro)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	CXToken *tok;
	unsigned n;

	clang_tokenize(f->tu, clang_getCursorExtent(macro), &tok, &n);
	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(v, cx_take(clang_getTokenSpelling(f->tu,
								  tok[i])));
	clang_disposeTokens(f->tu, tok, n);
	return v;
}

static json_t *macro(struct find *f, CXCursor c, const GPtrArray *words)
{
	json_t *o = place(f, "macro", c), *params;

	if (!clang_Cursor_isMacroFunctionLike(c))
		return o;
	params = json_array();
	for (guint i = 2; i < words->len && strcmp(words->pdata[i], ")"); i++)
		if (strcmp(words->pdata[i], ","))
			json_array_append_new(params, json_pack("{s:s,s:s}",
				"type", "", "name", words->pdata[i]));
	json_object_set_new(o, "params", params);
	return o;
}

/* What @name is here, remembered in f->names; FALSE: nothing. */
static gboolean look_up(struct find *f, const char *name)
{
	CXCursor *fn = g_hash_table_lookup(f->functions, name);
	CXCursor *mac = g_hash_table_lookup(f->macros, name);
	GPtrArray *words;
	json_t *o;

	if (json_object_get(f->names, name))
		return TRUE;
	if (!fn && !mac)
		return FALSE;
	words = mac ? words_of(f, *mac) : NULL;
	/* "#define f f" says that there is a function, "#define f" too. */
	if (fn && (!mac || words->len == 1 ||
		   (words->len == 2 && !strcmp(words->pdata[1], name))))
		o = function(f, *fn);
	else if (words->len == 1)
		o = NULL;
	else
		o = macro(f, *mac, words);
	if (words)
		g_ptr_array_free(words, TRUE);
	if (!o)
		return FALSE;
	json_object_set_new(f->names, name, o);
	return TRUE;
}

/* ---- the rules, on what the cell has ---- */

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static json_t *natives(struct find *f, GKeyFile *rules, const char *name)
{
	char **levels = keys(rules, "levels");
	json_t *all = json_object();

	for (char **l = levels; *l; l++) {
		char **v = accessors_natives(rules, name, *l);
		json_t *tried = json_array(), *found = json_array();

		for (char **i = v; *i; i++) {
			json_array_append_new(tried, json_string(*i));
			if (look_up(f, *i))
				json_array_append_new(found, json_string(*i));
		}
		json_object_set_new(all, *l, json_pack("{s:o,s:o}", "tried",
						tried, "found", found));
		g_strfreev(v);
	}
	g_strfreev(levels);
	return all;
}

static json_t *helpers(struct find *f, GKeyFile *rules)
{
	GList *names = g_list_concat(g_hash_table_get_keys(f->functions),
				     g_hash_table_get_keys(f->macros));
	char **made = keys(rules, "expressions");
	json_t *all = json_object();
	char **any;

	names = g_list_sort(names, by_name);
	for (GList *i = names; i; i = i->next) {
		char *why;

		if (json_object_get(all, i->data))
			continue;
		any = accessors_natives(rules, i->data, "");
		why = any ? accessors_skipped(rules, i->data) : NULL;
		if (why)
			json_object_set_new(all, i->data, json_pack("{s:s}",
							"skipped", why));
		else if (any && look_up(f, i->data))
			json_object_set_new(all, i->data,
					    natives(f, rules, i->data));
		g_free(why);
		g_strfreev(any);
	}
	g_list_free(names);
	/* What is asked for by an expression has no name in the tree. */
	for (char **i = made; *i; i++)
		json_object_set_new(all, *i, natives(f, rules, *i));
	g_strfreev(made);
	return all;
}

/* ---- a cell ---- */

static char *unit_text(GKeyFile *rules)
{
	char **v = manifest_list(rules, "accessors", "include");
	GString *s = g_string_new(NULL);

	for (char **i = v; *i; i++)
		g_string_append_printf(s,
			"#if __has_include(<%s>)\n#include <%s>\n#endif\n",
			*i, *i);
	g_strfreev(v);
	return g_string_free(s, FALSE);
}

struct request {
	const struct tree *tree;
	GKeyFile *rules;
};

static char **folders(const char *srcarch, gconstpointer data)
{
	const struct request *r = data;
	char **v = manifest_list(r->rules, "accessors", "look-in");

	for (char **i = v; *i; i++) {
		char *s = replace(*i, "@ARCH@", srcarch);

		g_free(*i);
		*i = s;
	}
	return v;
}

static int read_cell(struct fact_reader *reader, gconstpointer data)
{
	const struct cell_info *c = reader->unit->cell;
	const struct request *r = data;
	struct find f = { .names = json_object() };
	char *text = unit_text(r->rules);
	char **needs = manifest_list(r->rules, "accessors", "needs");
	struct world_unit *u;
	json_t *o;

	world_init(&f.w, r->tree->path, c->build, c->args,
		   folders(c->srcarch, data));
	f.functions = g_hash_table_new(g_str_hash, g_str_equal);
	f.macros = g_hash_table_new(g_str_hash, g_str_equal);
	u = world_unit(&f.w, UNIT, text);
	if (!u)
		return tw_error("%s: libclang cannot read the unit of accessors",
				c->name);
	f.tu = u->tu;
	clang_visitChildren(clang_getTranslationUnitCursor(f.tu), top, &f);
	o = json_pack("{s:s,s:s,s:i}", "cell", c->name, "arch", c->srcarch,
		      "errors", (int)u->errors);
	if (u->first_error)
		json_object_set_new(o, "first_error",
				    json_string(u->first_error));
	json_object_set_new(o, "helpers", helpers(&f, r->rules));
	for (char **i = needs; *i; i++)
		look_up(&f, *i);
	json_object_set_new(o, "names", f.names);
	cellfacts_put(reader, o, &f.w, UNIT);
	return 0;
}

GPtrArray *accessors_find(const struct tree *t, GKeyFile *rules,
			  const GPtrArray *cells, int jobs, guint *cached)
{
	struct request r = { t, rules };
	struct cellfacts_kind kind = {
		.name = "accessors",
		.progress = "accessors",
		.asked = g_key_file_to_data(rules, NULL, NULL),
		.folders = folders, .read = read_cell, .data = &r,
	};
	GPtrArray *v = cellfacts_run(t, &kind, cells, jobs, cached);

	g_free(kind.asked);
	return v;
}
