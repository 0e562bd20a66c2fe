// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the facts of all cells to functions and rows: which functions are put
 * into the op, and at which place.  A callback with linkage may be declared in
 * files that do not mention the op, so reading goes on until no file is left.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/op/op.h"
#include "tree/scan.h"

#define MAX_ROUNDS 4

static void add_unit(struct opc *o, const struct cell_info *cell,
		     const char *file)
{
	char *key = g_strdup_printf("%s %s", cell->name, file);
	struct op_unit *u;

	if (!g_hash_table_add(o->in_units, key))
		return;
	u = g_new0(struct op_unit, 1);
	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(o->units, u);
}

void op_unit_free(gpointer p)
{
	g_free(((struct op_unit *)p)->file);
	g_free(p);
}

struct found { GHashTable *files; };

static int note_file(const struct site *s, void *data)
{
	struct found *f = data;

	if (convert_is_code(s) && source_is_c(s->file))
		g_hash_table_add(f->files, g_strdup(s->file));
	return 0;
}

/* The C files that mention one of @names in code. */
static GHashTable *files_with(struct opc *o, char **names)
{
	struct found f = { g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL) };
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = o->c->t->path, .types = none, .symbols = names,
		.with = o->c->t->with,
		.jobs = o->c->jobs,
	};
	struct scan_result res = { 0 };

	if (l && !scan_tree(&req, l, &res)) {
		g_ptr_array_free(res.symbols, TRUE);
		ledger_each(l, note_file, &f);
	}
	if (l)
		ledger_close(l);
	return f.files;
}

/*
 * Every unit that mentions the op or its record: in all cells of its arch; a
 * generic one in the cells that read all generic units, and those that mention
 * the op itself in the others, too.
 */
static void choose_units(struct opc *o, GHashTable *files)
{
	GList *names = g_list_sort(g_hash_table_get_keys(files),
				   (GCompareFunc)strcmp);

	for (guint i = 0; i < o->c->cells->len; i++) {
		const struct cell_info *cell = o->c->cells->pdata[i];

		for (GList *n = names; n && cell->ready; n = n->next) {
			char *arch = source_arch(n->data);

			if (g_str_has_suffix(n->data, ".c") &&
			    (arch ? !strcmp(arch, cell->srcarch) :
			     cell->all_units ||
			     g_hash_table_contains(o->c->code_files, n->data)))
				add_unit(o, cell, n->data);
			g_free(arch);
		}
	}
	g_list_free(names);
}

int op_read_units(struct opc *o, const struct ast_unsaved *u, guint n,
		      GPtrArray *out)
{
	struct op_reading r = {
		.tree = o->c->t->path, .with = o->c->t->with,
		.record = o->record,
		.member = o->member, .unsaved = u, .n_unsaved = n,
		.jobs = o->c->jobs,
	};
	GPtrArray *failed = g_ptr_array_new_with_free_func(g_free);
	guint cached;

	if (op_read(&r, o->units, out, failed, &cached))
		return -1;
	convert_note_unread(o->c, failed);
	o->c->res->units = o->units->len;
	o->c->res->units_cached = cached;
	g_ptr_array_free(failed, TRUE);
	return 0;
}

void op_fn_free(gpointer p)
{
	struct opfn *f = p;

	g_free(f->usr);
	g_free(f->name);
	g_free(f->refused);
	g_free(f->evidence);
	g_hash_table_destroy(f->files);
	g_ptr_array_free(f->places, TRUE);
	g_free(f);
}

struct opfn *op_fn_get(struct opc *o, const char *usr, const char *name)
{
	struct opfn *f = g_hash_table_lookup(o->fns, usr);

	if (!f) {
		f = g_new0(struct opfn, 1);
		f->usr = g_strdup(usr);
		f->name = g_strdup(name);
		f->files = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
		f->places = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(o->fns, f->usr, f);
	}
	return f;
}

void op_row_free(gpointer p)
{
	struct oprow *r = p;

	g_free(r->file);
	g_free(r->refused);
	g_free(r->evidence);
	g_ptr_array_free(r->fns, TRUE);
	g_free(r);
}

struct oprow *op_row_get(struct opc *o, const char *file, gsize off)
{
	char *key = convert_at_key(file, off);
	struct oprow *r = g_hash_table_lookup(o->rows, key);

	if (!r) {
		r = g_new0(struct oprow, 1);
		r->file = g_strdup(file);
		r->off = off;
		r->fns = g_ptr_array_new();
		g_hash_table_insert(o->rows, key, r);
	} else {
		g_free(key);
	}
	return r;
}

void op_row_add(struct oprow *r, struct opfn *f)
{
	if (!g_ptr_array_find(r->fns, f, NULL))
		g_ptr_array_add(r->fns, f);
}

static void take_values(struct opc *o)
{
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];

			if (m->how == 'i' || m->how == '=')
				op_row_get(o, m->file, m->off);
		}
		for (guint k = 0; k < a->values->len; k++) {
			const struct op_value *v = a->values->pdata[k];
			struct oprow *r = *v->op_file ?
				op_row_get(o, v->op_file, v->op_off) : NULL;

			if (r) {
				r->valued = TRUE;
				r->copies |= !strcmp(v->name, "op");
			}
			if (*v->usr) {
				if (!r) {
					r = op_row_get(o, v->file, v->off);
					r->positional = TRUE;
				}
				op_row_add(r, op_fn_get(o, v->usr, v->name));
			} else if (strcmp(v->name, "NULL") &&
				   strcmp(v->name, "op") && r) {
				op_refuse_row(r, "what is put here is no function that can be told",
					   op_place_text(o, v->file, v->off));
			}
		}
	}
	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opfn *f = g_hash_table_lookup(o->fns, d->usr);

			if (f)
				g_hash_table_add(f->files, g_strdup(d->file));
		}
	}
}

/* "FILE:OFF" of every place where a cell sees the member's name. */
GHashTable *op_seen_members(const struct opc *o)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];

			g_hash_table_add(t, convert_at_key(m->file, m->off));
		}
	}
	return t;
}

void op_check_outside(struct opc *o)
{
	GHashTable *outside = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		if (tree_with(o->c->t, a->unit))
			convert_see_error(outside, a->unit,
					  convert_first_error(a->diags, NULL));
	}
	convert_tell_errors(o->c, outside);
	g_hash_table_destroy(outside);
}

static int by_fn(gconstpointer a, gconstpointer b)
{
	const struct opfn *x = *(struct opfn *const *)a;
	const struct opfn *y = *(struct opfn *const *)b;
	int c = strcmp(x->name, y->name);

	return c ? c : strcmp(x->usr, y->usr);
}

/*
 * Read until no file is left that mentions a callback with linkage and was not
 * read.
 */
int op_resolve(struct opc *o)
{
	char *record[] = { o->record, NULL };
	GHashTable *files = files_with(o, record);
	GHashTableIter it;
	gpointer k;
	int ret = -1;

	g_hash_table_iter_init(&it, o->c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_hash_table_add(files, g_strdup(k));
	for (guint round = 0; round < MAX_ROUNDS; round++) {
		GPtrArray *names = g_ptr_array_new();
		GHashTable *more;
		guint before = o->units->len;
		gboolean new_file = FALSE;

		choose_units(o, files);
		if (round && o->units->len == before) {
			g_ptr_array_free(names, TRUE);
			ret = 0;
			break;
		}
		g_ptr_array_set_size(o->facts, 0);
		g_hash_table_remove_all(o->rows);
		g_hash_table_remove_all(o->fns);
		if (op_read_units(o, NULL, 0, o->facts))
			break;
		take_values(o);
		g_hash_table_iter_init(&it, o->fns);
		while (g_hash_table_iter_next(&it, NULL, &k))
			g_ptr_array_add(names, ((struct opfn *)k)->name);
		g_ptr_array_add(names, NULL);
		if (names->len == 1) {
			g_ptr_array_free(names, TRUE);
			ret = 0;
			break;
		}
		more = files_with(o, (char **)names->pdata);
		g_hash_table_iter_init(&it, more);
		while (g_hash_table_iter_next(&it, &k, NULL)) {
			new_file |= g_hash_table_add(files, g_strdup(k));
			g_hash_table_add(o->c->code_files, g_strdup(k));
		}
		g_hash_table_destroy(more);
		g_ptr_array_free(names, TRUE);
		if (!new_file) {
			ret = 0;
			break;
		}
	}
	g_hash_table_destroy(files);
	g_hash_table_iter_init(&it, o->fns);
	while (g_hash_table_iter_next(&it, NULL, &k))
		g_ptr_array_add(o->fn_list, k);
	g_ptr_array_sort(o->fn_list, by_fn);
	return ret;
}
