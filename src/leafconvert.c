// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions of entries to leaves: where an entry that was read from the table
 * of a huge page is carried as if it were one of the lowest level, a leaf that
 * knows its level is carried instead, and what is asked of it becomes a helper
 * that knows the level.  What can be rewritten follows from the flow
 * (src/leafflow.c); the conversion's folder names functions and types only.
 * The stages are in src/leaf*.c.
 */
#include <string.h>

#include "diag.h"
#include "leafconvert-internal.h"
#include "newdiag.h"

static void add_unit(struct convert *c, const struct cell_info *cell,
		     const char *file)
{
	struct reading_unit *u = g_new0(struct reading_unit, 1);

	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(c->units, u);
}

/*
 * The files of the scope that mention the API in code; and of those, when
 * @readers, only the ones that read entries: char * set, keys borrowed.
 */
static GHashTable *files_of(const struct leafc *l, gboolean readers)
{
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < l->c->sites->len; i++) {
		const struct site *s = l->c->sites->pdata[i];

		if (convert_is_code(s) && source_is_c(s->file) &&
		    leaf_in_scope(l, s->file) &&
		    (!readers || g_strv_contains(
				(const char *const *)l->r.readers, s->symbol)))
			g_hash_table_add(files, s->file);
	}
	return files;
}

/*
 * In each cell: its arch's units; generic ones that read entries, and in cells
 * that read all generic units the others, too.
 */
static void choose_units(struct leafc *l, GHashTable *files)
{
	struct convert *c = l->c;
	GHashTable *readers = files_of(l, TRUE);
	GList *names = g_list_sort(g_hash_table_get_keys(files),
				   (GCompareFunc)strcmp);

	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!cell->ready) {
			g_ptr_array_add(c->res->cells_unread, g_strdup_printf(
				"%s (%s)", cell->name, cell->reason));
			continue;
		}
		g_ptr_array_add(c->res->cells_read, g_strdup(cell->name));
		for (GList *n = names; n; n = n->next) {
			char *arch = source_arch(n->data);

			if (g_str_has_suffix(n->data, ".c") &&
			    (arch ? !strcmp(arch, cell->srcarch) :
			     cell->all_units ||
			     g_hash_table_contains(readers, n->data)))
				add_unit(c, cell, n->data);
			g_free(arch);
		}
	}
	g_list_free(names);
	g_hash_table_destroy(readers);
}

/* Read all units; with @unsaved those that changed, for messages only. */
static int read_units(struct leafc *l, GHashTable *files,
		      const struct ast_unsaved *unsaved, guint n,
		      const GPtrArray *units, struct reading_result *out)
{
	struct convert *c = l->c;
	char *types[] = { l->r.entry, NULL };
	struct reading r = {
		.tree = c->t->path,
		.types = types,
		.old_struct = "",
		.files = files,
		.unsaved = unsaved,
		.n_unsaved = n,
		.jobs = c->jobs,
	};

	if (reading_run(&r, units, out))
		return -1;
	for (guint i = 0; i < out->failed->len; i++)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"not read: %s", (char *)out->failed->pdata[i]));
	return 0;
}

static gboolean has_errors(const struct ast_facts *a)
{
	for (guint i = 0; i < a->diags->len; i++)
		if (convert_our_matter(a->diags->pdata[i]))
			return TRUE;
	return FALSE;
}

static char *unit_key(const char *cell, const char *file)
{
	return g_strdup_printf("%s %s", cell, file);
}

/*
 * A unit that does not compile in a cell is none of its kernel, as a rule, and
 * what libclang makes of it is no fact: where another cell compiles it, leave it
 * out.  What is left is what the result is compared with.
 */
static void drop_foreign(struct leafc *l)
{
	GPtrArray *facts = l->c->facts;
	GHashTable *good = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < facts->len; i++) {
		const struct ast_facts *a = facts->pdata[i];

		if (!has_errors(a))
			g_hash_table_add(good, a->unit);
	}
	for (guint i = facts->len; i-- > 0; ) {
		struct ast_facts *a = facts->pdata[i];

		if (has_errors(a) && g_hash_table_contains(good, a->unit))
			continue;
		g_hash_table_add(l->compared, unit_key(a->cell, a->unit));
	}
	g_hash_table_destroy(good);
	for (guint i = facts->len; i-- > 0; ) {
		const struct ast_facts *a = facts->pdata[i];
		char *key = unit_key(a->cell, a->unit);

		if (!g_hash_table_contains(l->compared, key))
			g_ptr_array_remove_index(facts, i);
		g_free(key);
	}
}

static int read_tree(struct leafc *l)
{
	struct convert *c = l->c;
	GHashTable *files = files_of(l, FALSE);
	struct reading_result out = { 0 };
	int ret;

	choose_units(l, files);
	ret = read_units(l, files, NULL, 0, c->units, &out);
	c->facts = out.facts;
	if (c->facts)
		drop_foreign(l);
	c->res->units = c->units->len;
	c->res->units_cached = out.cached;
	if (out.failed)
		g_ptr_array_free(out.failed, TRUE);
	g_hash_table_destroy(files);
	return ret;
}

static struct source *source_cb(const char *file, void *data)
{
	return convert_source(data, file);
}

/* The header with the leaf and its helpers, and what archs say about levels. */
static int add_text(struct leafc *l)
{
	struct convert *c = l->c;
	GHashTable *texts = g_hash_table_new_full(g_str_hash, g_str_equal,
						  NULL, g_free);
	struct tree_edit_request q = {
		.t = c->t, .dir = c->m->dir, .name = c->m->name,
		.when = l->native ? "native" : "huge", .texts = texts,
		.problems = c->res->problems, .left = c->res->rules_left,
		.source = source_cb, .data = c,
	};
	static const char *const forms[] = { "pmd", "pud" };
	static const char *const reads[] = { "READ_PMD", "READ_PUD" };
	int ret;

	g_hash_table_insert(texts, (gpointer)"HELPERS", leaf_helpers_text(l));
	g_hash_table_insert(texts, (gpointer)"LEVELS", leaf_native_text(l));
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
		const char *name = leaf_native_name(l, l->r.readers[0],
						    forms[i]);

		g_hash_table_insert(texts, (gpointer)reads[i],
				    g_strdup(name ? name : "none"));
	}
	ret = edit_count(c->edits) ? tree_edits(&q, c->edits, l->new_files) : 0;
	g_hash_table_destroy(texts);
	return ret;
}

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct convert_file *const *)a)->file,
		      (*(struct convert_file *const *)b)->file);
}

static void add_new_files(struct leafc *l)
{
	GPtrArray *files = l->c->res->files;

	for (guint i = 0; i < l->new_files->len; i++) {
		const struct tree_file *t = l->new_files->pdata[i];
		struct convert_file *f = g_new0(struct convert_file, 1);

		f->file = g_strdup(t->file);
		f->new_text = g_strdup(t->text);
		f->new_size = strlen(t->text);
		f->mode = 0100644;
		g_ptr_array_add(files, f);
	}
	g_ptr_array_sort(files, by_file);
}

/* Read the result: an error that was not there before is a fault of ours. */
static int verify(struct leafc *l)
{
	struct convert *c = l->c;
	GPtrArray *files = c->res->files;
	struct ast_unsaved *u = g_new0(struct ast_unsaved, files->len + 1);
	GPtrArray *units = g_ptr_array_new();
	struct new_diags *n = new_diags_new();
	const GPtrArray *all;
	struct reading_result out = { 0 };
	int ret = 0;

	for (guint i = 0; i < files->len; i++) {
		const struct convert_file *f = files->pdata[i];

		u[i] = (struct ast_unsaved) { f->file, f->new_text,
					      f->new_size };
	}
	for (guint i = 0; i < c->units->len; i++) {
		const struct reading_unit *r = c->units->pdata[i];
		char *key = unit_key(r->cell->name, r->file);

		if (convert_result_of(c, r->file) &&
		    g_hash_table_contains(l->compared, key))
			g_ptr_array_add(units, c->units->pdata[i]);
		g_free(key);
	}
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		new_diags_before(n, a->cell, a->diags);
	}
	if (files->len)
		ret = read_units(l, NULL, u, files->len, units, &out);
	for (guint i = 0; out.facts && i < out.facts->len; i++) {
		const struct ast_facts *a = out.facts->pdata[i];

		new_diags_after(n, c, a->cell, a->diags);
	}
	all = new_diags_all(n);
	for (guint i = 0; i < all->len; i++)
		new_diag_tell(all->pdata[i], "", c->res->problems);
	if (out.facts)
		g_ptr_array_free(out.facts, TRUE);
	if (out.failed)
		g_ptr_array_free(out.failed, TRUE);
	new_diags_free(n);
	g_ptr_array_free(units, TRUE);
	g_free(u);
	return ret;
}

static int run(struct leafc *l)
{
	struct convert *c = l->c;

	if (leaf_rules_load(l))
		return -1;
	leaf_rules_compare(l);
	if (read_tree(l))
		return -1;
	leaf_flow(l);
	leaf_edit(l);
	if (leaf_native_load(l))
		return -1;
	if (edit_count(c->edits))
		leaf_native_edit(l);
	if (add_text(l) || convert_check_edits(c) || convert_make_texts(c))
		return -1;
	add_new_files(l);
	if (verify(l))
		return -1;
	leaf_fates(l);
	return 0;
}

int convert_leaf(struct convert *c)
{
	struct leafc l = { .c = c };
	int ret;

	l.carriers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   carrier_free);
	l.values = g_ptr_array_new_with_free_func(value_free);
	l.value_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	l.assigned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	l.compared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	l.new_files = g_ptr_array_new_with_free_func(tree_file_free);
	l.defines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	ret = run(&l);
	g_hash_table_destroy(l.value_at);
	g_hash_table_destroy(l.compared);
	g_hash_table_destroy(l.assigned);
	g_ptr_array_free(l.values, TRUE);
	g_hash_table_destroy(l.carriers);
	g_ptr_array_free(l.new_files, TRUE);
	g_hash_table_destroy(l.defines);
	if (l.levels)
		g_ptr_array_free(l.levels, TRUE);
	leaf_rules_free(&l.r);
	return ret;
}
