// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions of entries to leaves: where an entry that was read from the table
 * of a huge page is carried as if it were one of the lowest level, a leaf that
 * knows its level is carried instead, and what is asked of it becomes a helper
 * that knows the level.  What can be rewritten follows from the flow
 * (src/convert/leaf/flow.c); the conversion's folder names functions and types only.
 * The stages are in src/leaf*.c.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/leaf/leaf.h"
#include "convert/newdiag.h"

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

		for (GList *n = names; n && cell->ready; n = n->next) {
			char *arch = source_arch(n->data);

			if (g_str_has_suffix(n->data, ".c") &&
			    (arch ? !strcmp(arch, cell->srcarch) :
			     cell->all_units ||
			     g_hash_table_contains(readers, n->data)))
				convert_add_unit(c, cell, n->data);
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
		.with = c->t->with,
		.types = types,
		.old_struct = "",
		.files = files,
		.unsaved = unsaved,
		.n_unsaved = n,
		.jobs = c->jobs,
	};

	if (reading_run(&r, units, out))
		return -1;
	convert_note_unread(c, out->failed);
	return 0;
}

static char *unit_key(const char *cell, const char *file)
{
	return g_strdup_printf("%s %s", cell, file);
}

/* What no compiler takes; not only what -Werror= is asked to refuse. */
static const struct ast_diag *real_error(const struct ast_facts *a)
{
	for (guint i = 0; i < a->diags->len; i++) {
		const struct ast_diag *d = a->diags->pdata[i];

		if (!d->warning && convert_our_matter(d))
			return d;
	}
	return NULL;
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

		if (!real_error(a))
			g_hash_table_add(good, a->unit);
	}
	for (guint i = facts->len; i-- > 0; ) {
		struct ast_facts *a = facts->pdata[i];

		const struct ast_diag *error = real_error(a);

		if (error && g_hash_table_contains(good, a->unit))
			g_hash_table_insert(l->foreign, g_strdup(a->unit),
				g_strdup_printf("%s does not compile it (%s:%u: %s)",
						a->cell, error->file,
						error->line, error->text));
		else
			g_hash_table_add(l->compared,
					 unit_key(a->cell, a->unit));
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
	GHashTable *broken = g_hash_table_new(g_str_hash, g_str_equal);
	struct reading_result out = { 0 };
	int ret;

	convert_note_cells(c);
	choose_units(l, files);
	ret = read_units(l, files, NULL, 0, c->units, &out);
	c->facts = out.facts;
	for (guint i = 0; c->facts && i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		convert_see_error(broken, a->unit, real_error(a));
	}
	convert_tell_errors(c, broken);
	g_hash_table_destroy(broken);
	if (c->facts) {
		drop_foreign(l);
		l->seen = seen_new(c->facts);
	}
	c->res->units = c->units->len;
	c->res->units_cached = out.cached;
	if (out.failed)
		g_ptr_array_free(out.failed, TRUE);
	g_hash_table_destroy(files);
	return ret;
}

/* The header with the leaf and its helpers, and what archs say about levels. */
static int add_text(struct leafc *l)
{
	struct convert *c = l->c;
	GHashTable *texts = g_hash_table_new_full(g_str_hash, g_str_equal,
						  NULL, g_free);
	static const char *const forms[] = { "pmd", "pud" };
	static const char *const reads[] = { "READ_PMD", "READ_PUD" };
	int ret = 0;

	g_hash_table_insert(texts, (gpointer)"HELPERS", leaf_helpers_text(l));
	g_hash_table_insert(texts, (gpointer)"LEVELS", leaf_native_text(l));
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
		const char *name = leaf_native_name(l, l->r.readers[0],
						    forms[i]);

		g_hash_table_insert(texts, (gpointer)reads[i],
				    g_strdup(name ? name : "none"));
	}
	/* What nobody reads by is not there. */
	for (guint i = 0; l->r.readers[i]; i++)
		if (l->r.read[i])
			g_hash_table_insert(texts, l->r.reads[i],
					    g_strdup(l->r.reads[i]));
	for (guint i = 0; i < l->r.helpers->len; i++) {
		const struct leaf_helper *h = l->r.helpers->pdata[i];

		if (h->verb == LEAF_WRITES && leaf_answer(h))
			g_hash_table_insert(texts, h->name,
					    g_strdup(h->name));
	}
	if (l->r.made)
		g_hash_table_insert(texts, l->r.make_huge,
				    g_strdup(l->r.make_huge));
	if (edit_count(c->edits))
		ret = convert_tree_edits(c, l->native ? "native" : "huge",
					 texts, l->new_files);
	g_hash_table_destroy(texts);
	return ret;
}

/* Read the result: an error that was not there before is a fault of ours. */
static int verify(struct leafc *l)
{
	struct convert *c = l->c;
	guint files = c->res->files->len;
	struct ast_unsaved *u = convert_unsaved(c);
	GPtrArray *units = g_ptr_array_new();
	struct new_diags *n = new_diags_new();
	struct reading_result out = { 0 };
	int ret = 0;

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
	if (files)
		ret = read_units(l, NULL, u, files, units, &out);
	for (guint i = 0; out.facts && i < out.facts->len; i++) {
		const struct ast_facts *a = out.facts->pdata[i];

		new_diags_after(n, c, a->cell, a->diags);
	}
	new_diags_tell(n, c->res->problems);
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
	convert_add_files(c, l->new_files);
	if (verify(l))
		return -1;
	leaf_note_comments(l);
	leaf_fates(l);
	return convert_save_notes(c);
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
	l.foreign = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  g_free);
	l.new_files = g_ptr_array_new_with_free_func(tree_file_free);
	l.defines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	ret = run(&l);
	g_hash_table_destroy(l.value_at);
	g_hash_table_destroy(l.compared);
	g_hash_table_destroy(l.foreign);
	seen_free(l.seen);
	g_free(l.moved);
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
