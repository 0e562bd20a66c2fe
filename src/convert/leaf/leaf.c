// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape `leaf`: its table of functions.  What can be rewritten follows from
 * the flow of entries; the conversion's folder names functions and types only.
 */
#include <string.h>

#include "convert/leaf/leaf.h"

static int load(struct convert *c)
{
	struct leafc *l = c->data = g_new0(struct leafc, 1);

	l->c = c;
	l->carriers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					    carrier_free);
	l->values = g_ptr_array_new_with_free_func(value_free);
	l->value_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL);
	l->assigned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL);
	l->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 NULL);
	l->declared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL);
	l->flowed = convert_set_new();
	l->read_files = convert_set_new();
	l->noted = convert_set_new();
	l->defines = convert_set_new();
	return leaf_rules_load(l);
}

static void clear(struct convert *c)
{
	struct leafc *l = c->data;

	if (!l)
		return;
	g_hash_table_destroy(l->value_at);
	g_hash_table_destroy(l->assigned);
	g_hash_table_destroy(l->named);
	g_hash_table_destroy(l->declared);
	g_hash_table_destroy(l->flowed);
	g_hash_table_destroy(l->read_files);
	g_hash_table_destroy(l->noted);
	g_hash_table_destroy(l->defines);
	g_free(l->moved);
	g_ptr_array_free(l->values, TRUE);
	g_hash_table_destroy(l->carriers);
	if (l->levels)
		g_ptr_array_free(l->levels, TRUE);
	leaf_rules_free(&l->r);
	g_free(l);
}

/* Which files make the API, and which questions are one and the same. */
static int scanned(struct convert *c)
{
	leaf_rules_compare(c->data);
	return 0;
}

static gboolean reads(struct convert *c, const char *file)
{
	return leaf_in_scope(c->data, file);
}

/* Every cell reads the files of the scope that read entries. */
static GHashTable *everywhere(struct convert *c)
{
	const struct leafc *l = c->data;
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];

		if (convert_is_code(s) && source_is_c(s->file) &&
		    leaf_in_scope(l, s->file) && g_strv_contains(
				(const char *const *)l->r.readers, s->symbol))
			g_hash_table_add(files, s->file);
	}
	return files;
}

static int read_units(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		      guint *cached)
{
	const struct leafc *l = c->data;
	char *types[] = { l->r.entry, NULL };
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter it;
	gpointer k;
	int ret;

	g_hash_table_iter_init(&it, c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		if (leaf_in_scope(l, k))
			g_hash_table_add(files, k);
	ret = convert_read_values(c, types, "", files, facts, failed, cached);
	g_hash_table_destroy(files);
	return ret;
}

static int decide(struct convert *c, gboolean last)
{
	leaf_flow(c->data);
	return 0;
}

static int edit(struct convert *c)
{
	struct leafc *l = c->data;

	leaf_edit(l);
	if (leaf_native_load(l))
		return -1;
	if (edit_count(c->edits))
		leaf_native_edit(l);
	return 0;
}

/* The header with the leaf and its helpers, and what archs say about levels. */
static const char *folder(struct convert *c, GHashTable *texts)
{
	struct leafc *l = c->data;
	static const char *const forms[] = { "pmd", "pud" };
	static const char *const reads[] = { "READ_PMD", "READ_PUD" };

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
	return !edit_count(c->edits) ? NULL : l->native ? "native" : "huge";
}

static int comments(struct convert *c)
{
	leaf_note_comments(c->data);
	return 0;
}

const struct shape shape_leaf = {
	.name = "leaf",
	.takes = SHAPE_TAKES_WITH | SHAPE_TAKES_ACCESSORS,
	.skip_broken = TRUE,
	.verify_changed = TRUE,
	.load = load,
	.free = clear,
	.scanned = scanned,
	.reads = reads,
	.everywhere = everywhere,
	.read = read_units,
	.decide = decide,
	.edit = edit,
	.folder = folder,
	.comments = comments,
	.sites = leaf_sites,
	.span = leaf_span,
	.opinion = leaf_opinion,
	.reason = leaf_reason,
	.record = leaf_record,
};
