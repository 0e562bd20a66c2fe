// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folder of the cache a conversion: the converted texts (new-N), the files of
 * the run under run/, and result.json, which has their hashes.  It is made
 * beside and renamed; what is harmed later is removed and made again.
 */
#include <clang-c/Index.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>
#include <xxhash.h>

#include "base/cachefile.h"
#include "base/treewide.h"
#include "convert/recall.h"

/* Count up when a result holds other things. */
#define RECALL_VERSION "recall 2"

static void feed(XXH3_state_t *h, const char *s)
{
	s = s ? s : "";
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

static gboolean feed_file(XXH3_state_t *h, const char *path)
{
	char *text;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, NULL))
		return FALSE;
	XXH3_64bits_update(h, text, size);
	g_free(text);
	return TRUE;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in @dir, sorted: char *. */
static GPtrArray *names_in(const char *dir)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d)))
		g_ptr_array_add(v, g_strdup(name));
	if (d)
		g_dir_close(d);
	g_ptr_array_sort(v, by_text);
	return v;
}

/* Names and contents of all that is below @dir. */
static void feed_below(XXH3_state_t *h, const char *dir)
{
	GPtrArray *names = names_in(dir);

	for (guint i = 0; i < names->len; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL);

		feed(h, names->pdata[i]);
		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			feed_below(h, path);
		else
			feed_file(h, path);
		g_free(path);
	}
	g_ptr_array_free(names, TRUE);
}

/* What the tree calls otherwise than the conversion's files. */
static void feed_spelled(XXH3_state_t *h, GHashTable *spelled)
{
	GList *names = spelled ? g_list_sort(g_hash_table_get_keys(spelled),
					     (GCompareFunc)strcmp) : NULL;

	for (GList *n = names; n; n = n->next) {
		feed(h, n->data);
		feed(h, g_hash_table_lookup(spelled, n->data));
	}
	g_list_free(names);
}

/* The folder that holds, or would hold, this conversion; NULL: none can. */
static char *folder(const struct convert *c)
{
	XXH3_state_t *h = XXH3_createState();
	char *cache = tw_cache_path("convert"), *spatch = smpl_version();
	CXString clang = clang_getClangVersion();
	char *path = NULL;

	XXH3_64bits_reset(h);
	feed(h, RECALL_VERSION);
	if (!feed_file(h, "/proc/self/exe"))
		goto out;
	feed_below(h, c->m->dir);
	feed(h, c->m->name);
	feed_spelled(h, c->m->spelled);
	feed(h, c->opt.policy);
	feed(h, c->opt.scope);
	feed(h, c->opt.accessors);
	if (c->opt.accessors && !feed_file(h, c->opt.accessors))
		goto out;
	feed(h, spatch);
	feed(h, clang_getCString(clang));
	feed(h, c->t->path);
	feed(h, c->t->release);
	feed(h, c->t->git_head);
	XXH3_64bits_update(h, &c->manifest, sizeof(c->manifest));
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		feed(h, cell->name);
		feed(h, cell->ready ? cell->key : cell->reason);
		feed(h, cell->build);
	}
	path = g_strdup_printf("%s/%016" G_GINT64_MODIFIER "x", cache,
			       (guint64)XXH3_64bits_digest(h));
out:
	XXH3_freeState(h);
	clang_disposeString(clang);
	g_free(spatch);
	g_free(cache);
	return path;
}

/*
 * Store @text as @name, which may have a folder, below @dir, and put it on the
 * list of what must be there unharmed.
 */
static gboolean store(const char *dir, const char *name, const char *text,
		      gsize size, json_t *list)
{
	char *path = g_build_filename(dir, name, NULL);
	char *parent = g_path_get_dirname(path);
	char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
				     (guint64)XXH3_64bits(text, size));
	gboolean good = !g_mkdir_with_parents(parent, 0755) &&
			g_file_set_contents(path, text, size, NULL) &&
			!json_array_append_new(list, json_pack("{s:s,s:s}",
					"name", name, "hash", hash));

	g_free(hash);
	g_free(parent);
	g_free(path);
	return good;
}

/* Store what a conversion writes to its run: only that, it may be anyone's folder. */
static gboolean store_run(const struct convert *c, const char *dir,
			  json_t *list)
{
	char *rules = g_build_filename(c->run, "rules", NULL);
	GPtrArray *names = names_in(rules);
	gboolean good = TRUE;

	for (guint i = 0; i < names->len; i++) {
		char *name = g_build_filename("rules", names->pdata[i], NULL);

		g_free(names->pdata[i]);
		names->pdata[i] = name;
	}
	g_ptr_array_add(names, g_strdup("ledger.sqlite"));
	g_ptr_array_add(names, g_strdup("edits.json"));
	for (guint i = 0; good && i < names->len; i++) {
		char *path = g_build_filename(c->run, names->pdata[i], NULL);
		char *as = g_build_filename("run", names->pdata[i], NULL);
		char *text = NULL;
		gsize size;

		good = g_file_get_contents(path, &text, &size, NULL) &&
		       store(dir, as, text, size, list);
		g_free(text);
		g_free(as);
		g_free(path);
	}
	g_ptr_array_free(names, TRUE);
	g_free(rules);
	return good;
}

/* What store() stored as @one, when it is as it was; the caller frees it. */
static char *stored(const char *dir, const json_t *one, gsize *size)
{
	const char *name = json_string_value(json_object_get(one, "name"));
	const char *hash = json_string_value(json_object_get(one, "hash"));
	char *path = g_build_filename(dir, name ? name : "", NULL), *text;

	if (!name || !hash || !g_file_get_contents(path, &text, size, NULL))
		text = NULL;
	else if (XXH3_64bits(text, *size) !=
		 g_ascii_strtoull(hash, NULL, 16))
		g_clear_pointer(&text, g_free);
	if (!text)
		cachefile_damaged(path);
	g_free(path);
	return text;
}

static void remove_below(const char *dir)
{
	GPtrArray *names = names_in(dir);

	for (guint i = 0; i < names->len; i++) {
		char *path = g_build_filename(dir, names->pdata[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			remove_below(path);
		else
			g_unlink(path);
		g_free(path);
	}
	g_rmdir(dir);
	g_ptr_array_free(names, TRUE);
}

/* The lists of strings of a result, by name. */
static const struct list { const char *name; gsize at; } lists[] = {
	{ "cells_read", G_STRUCT_OFFSET(struct convert_result, cells_read) },
	{ "cells_unread", G_STRUCT_OFFSET(struct convert_result, cells_unread) },
	{ "rules_left", G_STRUCT_OFFSET(struct convert_result, rules_left) },
	{ "not_read", G_STRUCT_OFFSET(struct convert_result, not_read) },
	{ "refusals", G_STRUCT_OFFSET(struct convert_result, refusals) },
};

/* And its numbers. */
static const struct numbers { const char *name; gsize at; guint n; } counts[] = {
	{ "units", G_STRUCT_OFFSET(struct convert_result, units), 1 },
	{ "fates", G_STRUCT_OFFSET(struct convert_result, fates), N_SITE_FATE },
	{ "outcomes", G_STRUCT_OFFSET(struct convert_result, outcomes), N_OUTCOME },
	{ "edits", G_STRUCT_OFFSET(struct convert_result, edits), 1 },
	{ "unparsed", G_STRUCT_OFFSET(struct convert_result, unparsed), 1 },
};

/* NULL when a string is no UTF-8, which JSON cannot hold. */
static json_t *to_json(const struct convert_result *res)
{
	json_t *o = json_object(), *files = json_array(), *notes = json_array();
	int bad = 0;

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		GPtrArray *v = G_STRUCT_MEMBER(GPtrArray *, res, lists[i].at);
		json_t *a = json_array();

		for (guint k = 0; k < v->len; k++)
			bad |= json_array_append_new(a,
						     json_string(v->pdata[k]));
		bad |= json_object_set_new(o, lists[i].name, a);
	}
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		const guint *n = G_STRUCT_MEMBER_P(res, counts[i].at);
		json_t *a = json_array();

		for (guint k = 0; k < counts[i].n; k++)
			bad |= json_array_append_new(a, json_integer(n[k]));
		bad |= json_object_set_new(o, counts[i].name, a);
	}
	for (guint i = 0; i < res->notes->len; i++) {
		const struct note *n = res->notes->pdata[i];

		bad |= json_array_append_new(notes, json_pack("{s:s,s:i,s:s}",
				"file", n->file, "line", n->line, "text",
				n->text));
	}
	for (guint i = 0; i < res->files->len; i++) {
		const struct convert_file *f = res->files->pdata[i];

		bad |= json_array_append_new(files, json_pack("{s:s,s:i,s:b}",
				"file", f->file, "mode", f->mode,
				"added", !f->old_text));
	}
	bad |= json_object_set_new(o, "notes", notes);
	bad |= json_object_set_new(o, "files", files);
	bad |= json_object_set_new(o, "provenance",
				   json_string(res->provenance));
	if (bad)
		g_clear_pointer(&o, json_decref);
	return o;
}

/* A file of the conversion, with its new text; FALSE when it does not fit. */
static gboolean take_file(struct convert *c, const json_t *one, char *text,
			  gsize size)
{
	const char *name = json_string_value(json_object_get(one, "file"));
	struct convert_file *f = g_new0(struct convert_file, 1);

	g_ptr_array_add(c->res->files, f);
	f->file = g_strdup(name ? name : "");
	f->mode = json_integer_value(json_object_get(one, "mode"));
	f->new_text = text;
	f->new_size = size;
	if (json_is_true(json_object_get(one, "added")))
		return TRUE;
	f->old_text = tree_read(c->t, f->file, &f->old_size, TRUE);
	return f->old_text != NULL;
}

/* All that @o lists: the new texts to c->res, the files of the run to the run. */
static gboolean take_stored(struct convert *c, const char *dir, const json_t *o)
{
	json_t *files = json_object_get(o, "files"), *one;
	gboolean good = TRUE;
	gsize i, n_new = 0;

	json_array_foreach(json_object_get(o, "stored"), i, one) {
		const char *name = json_string_value(json_object_get(one,
								     "name"));
		gsize size = 0;
		char *text = stored(dir, one, &size), *to, *parent;

		if (!text)
			return FALSE;
		if (!g_str_has_prefix(name, "run/")) {
			good = take_file(c, json_array_get(files, n_new++),
					 text, size);
		} else {
			to = g_build_filename(c->run, name + strlen("run/"),
					      NULL);
			parent = g_path_get_dirname(to);
			good = !g_mkdir_with_parents(parent, 0755) &&
			       g_file_set_contents(to, text, size, NULL);
			g_free(parent);
			g_free(to);
			g_free(text);
		}
		if (!good)
			return FALSE;
	}
	return n_new == json_array_size(files) && i > n_new;
}

static void from_json(struct convert_result *res, json_t *o)
{
	json_t *one;
	gsize k;

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		GPtrArray *v = G_STRUCT_MEMBER(GPtrArray *, res, lists[i].at);

		g_ptr_array_set_size(v, 0);
		json_array_foreach(json_object_get(o, lists[i].name), k, one)
			g_ptr_array_add(v, g_strdup(json_string_value(one)));
	}
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		guint *n = G_STRUCT_MEMBER_P(res, counts[i].at);
		json_t *a = json_object_get(o, counts[i].name);

		for (k = 0; k < counts[i].n; k++)
			n[k] = json_integer_value(json_array_get(a, k));
	}
	json_array_foreach(json_object_get(o, "notes"), k, one) {
		struct note *n = g_new0(struct note, 1);

		n->file = g_strdup(json_string_value(json_object_get(one,
								     "file")));
		n->line = json_integer_value(json_object_get(one, "line"));
		n->text = g_strdup(json_string_value(json_object_get(one,
								     "text")));
		g_ptr_array_add(res->notes, n);
	}
	res->provenance = g_strdup(json_string_value(
				json_object_get(o, "provenance")));
	res->units_cached = res->units;
}

gboolean recall_take(struct convert *c)
{
	char *dir = folder(c), *path, *text;
	gboolean taken = FALSE;
	json_t *o;

	if (!dir)
		return FALSE;
	path = g_build_filename(dir, "result.json", NULL);
	text = cachefile_read(path, NULL);
	o = text ? json_loads(text, 0, NULL) : NULL;
	if (o && take_stored(c, dir, o)) {
		/* Its file in the run is the ledger of then. */
		ledger_abandon(c->ledger);
		c->ledger = NULL;
		from_json(c->res, o);
		c->res->recalled = taken = TRUE;
		utime(dir, NULL);	/* used: pruned last */
	} else {
		g_ptr_array_set_size(c->res->files, 0);
		remove_below(dir);	/* not whole */
	}
	json_decref(o);
	g_free(text);
	g_free(path);
	g_free(dir);
	return taken;
}

void recall_keep(const struct convert *c)
{
	char *dir = folder(c), *tmp = NULL, *path, *text;
	json_t *o = to_json(c->res), *list;
	gboolean good;

	if (!dir || !o || c->res->problems->len)
		goto out;
	list = json_array();
	tmp = g_strdup_printf("%s.new-%d", dir, getpid());
	path = g_build_filename(tmp, "result.json", NULL);
	good = store_run(c, tmp, list);
	for (guint i = 0; good && i < c->res->files->len; i++) {
		const struct convert_file *f = c->res->files->pdata[i];
		char *name = g_strdup_printf("new-%u", i);

		good = store(tmp, name, f->new_text, f->new_size, list);
		g_free(name);
	}
	json_object_set_new(o, "stored", list);
	text = json_dumps(o, JSON_INDENT(1));
	good = good && text && !cachefile_write(path, text, strlen(text));
	free(text);
	/* Another run may have kept the same: either will do. */
	if (!good || g_rename(tmp, dir))
		remove_below(tmp);
	g_free(path);
out:
	json_decref(o);
	g_free(tmp);
	g_free(dir);
}
