// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the facts of all cells to functions and rows: which functions are put
 * into the op, and where.  A callback with linkage may be declared in files that
 * do not mention the op, so its name is looked up in the tree.
 */
#include <string.h>

#include "convert/op/op.h"

int op_read_units(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		  guint *cached)
{
	const struct opc *o = c->data;
	GPtrArray *units = g_ptr_array_new_with_free_func(g_free);
	struct op_reading r = {
		.tree = c->t->path, .with = c->t->with,
		.record = o->record, .member = o->member,
		.jobs = c->jobs,
	};
	int ret;

	for (guint i = 0; i < c->units->len; i++) {
		const struct fact_unit *u = c->units->pdata[i];
		struct fact_unit *own = g_new0(struct fact_unit, 1);

		own->cell = u->cell;
		own->file = u->file;
		g_ptr_array_add(units, own);
	}
	*facts = g_ptr_array_new_with_free_func(op_facts_free);
	ret = op_read(&r, units, *facts, failed, cached);
	g_ptr_array_free(units, TRUE);
	return ret;
}

void op_unit(gconstpointer facts, struct shape_unit *u)
{
	const struct op_facts *a = facts;

	u->cell = a->cell;
	u->unit = a->unit;
	u->diags = a->diags;
	u->skipped = a->skipped;
	for (guint i = 0; i < a->deps->len; i++) {
		const struct ast_dep *d = a->deps->pdata[i];

		g_ptr_array_add(u->files, d->path);
	}
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
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

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
					   convert_place(o->c, v->file, v->off));
			}
		}
	}
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opfn *f = g_hash_table_lookup(o->fns, d->usr);

			if (f)
				g_hash_table_add(f->files, g_strdup(d->file));
		}
	}
}

/*
 * Declarations and calls of callbacks; those that are called with what their
 * caller got change with it.
 */
static void index_functions(struct opc *o, const struct op_facts *a)
{
	for (guint k = 0; k < a->decls->len; k++) {
		const struct op_decl *d = a->decls->pdata[k];

		if (g_hash_table_contains(o->fns, d->usr) &&
		    op_place_of(g_hash_table_lookup(o->fns, d->usr), d->file,
				d->off))
			g_hash_table_add(o->changed,
					 convert_at_key(d->file, d->off));
	}
	for (guint k = 0; k < a->refs->len; k++) {
		const struct op_ref *r = a->refs->pdata[k];

		if (r->how == 'c' && g_hash_table_contains(o->fns, r->usr))
			g_hash_table_add(o->changed,
					 convert_at_key(r->file, r->off));
	}
}

static void index_errors(struct opc *o, const struct op_facts *a)
{
	for (guint k = 0; k < a->deps->len; k++) {
		char *file = ((struct ast_dep *)a->deps->pdata[k])->path;
		const struct ast_diag *d = convert_first_error(a->diags, file);

		/* A cell without an error in the file knows what it says. */
		if (!d || !g_hash_table_contains(o->broken, file))
			g_hash_table_insert(o->broken, file, (gpointer)d);
	}
}

void op_index(struct opc *o)
{
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];

			g_hash_table_insert(o->seen,
				convert_at_key(m->file, m->off),
				(gpointer)m);
		}
		index_functions(o, a);
		index_errors(o, a);
	}
}

static int by_fn(gconstpointer a, gconstpointer b)
{
	const struct opfn *x = *(struct opfn *const *)a;
	const struct opfn *y = *(struct opfn *const *)b;
	int c = strcmp(x->name, y->name);

	return c ? c : strcmp(x->usr, y->usr);
}

int op_decide(struct convert *c, gboolean last)
{
	struct opc *o = c->data;
	GHashTableIter it;
	gpointer f;

	g_ptr_array_set_size(o->fn_list, 0);
	g_hash_table_remove_all(o->rows);
	g_hash_table_remove_all(o->fns);
	take_values(o);
	g_hash_table_iter_init(&it, o->fns);
	while (g_hash_table_iter_next(&it, NULL, &f)) {
		g_ptr_array_add(o->fn_list, f);
		convert_ask(c, ((struct opfn *)f)->name);
	}
	g_ptr_array_sort(o->fn_list, by_fn);
	return 0;
}
