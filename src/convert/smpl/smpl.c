// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions that are only semantic patches, or renames.  The rules say what
 * is edited; what libclang reads says which of the sites are the declaration
 * that is meant, and covers what spatch cannot parse where the change is a
 * rename.  The rules do not depend on what is read, so that a unit is read in
 * one go before and after them.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/newdiag.h"
#include "convert/shape.h"
#include "convert/smpl/shape.h"
#include "smpl/made.h"

static void file_free(gpointer p)
{
	struct sfile *f = p;

	g_free(f->name);
	if (f->diffs)
		g_ptr_array_free(f->diffs, TRUE);
	g_free(f->rules);
	g_free(f->guess);
	g_free(f->error);
	g_free(f->refused);
	g_free(f);
}

static void unit_free(gpointer p)
{
	struct sunit *u = p;

	g_free(u->file);
	g_free(u->entry);
	g_ptr_array_free(u->cells, TRUE);
	g_ptr_array_free(u->deps, TRUE);
	g_free(u);
}

static void name_free(gpointer p)
{
	struct sname *n = p;

	g_free(n->name);
	g_free(n);
}

static void clear_site(gpointer p)
{
	struct ssite *s = p;

	g_free(s->other);
	g_free(s->function);
	g_free(s->macro);
	g_free(s->declared);
}

static int by_place(gconstpointer a, gconstpointer b)
{
	const struct site *x = *(struct site *const *)a;
	const struct site *y = *(struct site *const *)b;
	int r = strcmp(x->file, y->file);

	return r ? r : x->off < y->off ? -1 : x->off > y->off;
}

/* The sites by file, so that no stage looks at all of them for each file. */
static void index_sites(struct smplc *x)
{
	GPtrArray *all = x->c->sites;
	struct sfile *f = NULL;

	g_ptr_array_sort(all, by_place);
	for (guint i = 0; i < all->len; i++) {
		struct ssite s = { .site = all->pdata[i] };

		s.name = g_hash_table_lookup(x->names, s.site->symbol);
		if (!f || strcmp(f->name, s.site->file)) {
			f = g_new0(struct sfile, 1);
			f->name = g_strdup(s.site->file);
			f->first = i;
			g_ptr_array_add(x->files, f);
			g_hash_table_insert(x->by_file, f->name, f);
		}
		f->n++;
		f->code |= source_is_c(f->name) &&
			   (convert_is_code(s.site) ||
			    (s.name && s.name->words &&
			     s.site->ctx == SITE_STRING));
		g_array_append_val(x->sites, s);
	}
	for (guint i = 0; i < x->files->len; i++) {
		f = x->files->pdata[i];
		if (f->code)
			g_hash_table_add(x->code_files, f->name);
	}
}

struct ssite *smplc_site_at(const struct smplc *x, const char *file, gsize off)
{
	const struct sfile *f = g_hash_table_lookup(x->by_file, file);
	guint lo, hi;

	if (!f)
		return NULL;
	lo = f->first;
	hi = f->first + f->n;
	while (lo < hi) {
		guint mid = lo + (hi - lo) / 2;

		if (smplc_site(x, mid)->site->off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->first + f->n && smplc_site(x, lo)->site->off == off ?
	       smplc_site(x, lo) : NULL;
}

static const char *read_source(const char *file, gsize *size, void *data)
{
	struct source *s = convert_source(data, file);

	if (!s)
		return NULL;
	*size = s->size;
	return s->text;
}

static int run(struct smplc *x)
{
	struct convert *c = x->c;
	GPtrArray *also = g_ptr_array_new_with_free_func(g_free);
	gboolean again = TRUE;
	int ret = -1;

	if (smplc_load_names(x))
		goto out;
	index_sites(x);
	convert_note_cells(c);
	if (smplc_check_new_names(x, also) || smplc_run_rules(x) ||
	    smplc_choose_units(x, also) || smplc_read(x))
		goto out;
	smplc_settle(x);
	if (smplc_edit(x))
		goto out;
	while (again) {
		g_ptr_array_set_size(c->res->files, 0);
		if (edit_check(c->edits, read_source, c) || convert_make_texts(c) ||
		    smplc_read_result(x) || smplc_take_back(x, &again))
			goto out;
	}
	smplc_decide(x);
	ret = 0;
out:
	g_ptr_array_free(also, TRUE);
	return ret;
}

static int whole(struct convert *c)
{
	struct smplc x = { .c = c };
	int ret;

	x.names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					name_free);
	x.sites = g_array_new(FALSE, FALSE, sizeof(struct ssite));
	g_array_set_clear_func(x.sites, clear_site);
	x.files = g_ptr_array_new_with_free_func(file_free);
	x.by_file = g_hash_table_new(g_str_hash, g_str_equal);
	x.code_files = g_hash_table_new(g_str_hash, g_str_equal);
	x.hidden = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 NULL);
	x.units = g_ptr_array_new_with_free_func(unit_free);
	x.hashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 g_free);
	x.diags = new_diags_new(c->res, c->edits);
	x.kept_facts = g_ptr_array_new_with_free_func((GDestroyNotify)
						      refs_facts_free);
	ret = run(&x);
	new_diags_free(x.diags);
	g_ptr_array_free(x.kept_facts, TRUE);
	g_hash_table_destroy(x.hashes);
	g_ptr_array_free(x.units, TRUE);
	g_hash_table_destroy(x.code_files);
	g_hash_table_destroy(x.hidden);
	g_hash_table_destroy(x.by_file);
	g_ptr_array_free(x.files, TRUE);
	g_array_free(x.sites, TRUE);
	g_hash_table_destroy(x.names);
	if (x.renames)
		g_ptr_array_free(x.renames, TRUE);
	g_strfreev(x.ask);
	return ret;
}

/* The names are loaded when they are scanned: they may come from the rules. */
static int load(struct convert *c)
{
	return 0;
}

const struct shape shape_smpl = {
	.name = "smpl",
	.no_with = "its sources are read as the tree's are",
	.needs_rules = TRUE,
	.load = load,
	.whole = whole,
};
