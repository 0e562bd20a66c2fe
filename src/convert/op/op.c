// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversions of an op: a member of a struct that points to a function, whose
 * parameters become a state that it gets a pointer to.  Callbacks are found by
 * the op's type, in every cell; the text says what no cell reads.  A callback
 * is converted as a whole, everywhere that it is declared, or refused as a
 * whole, and then the op stays for it.  What the callers do is the conversion's
 * to say (src/convert/treeedit.c).
 * The stages are in src/op*.c.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/newdiag.h"
#include "convert/op/op.h"

char *op_place_text(struct opc *o, const char *file, gsize off)
{
	struct source *s = convert_source(o->c, file);

	return g_strdup_printf("%s:%u", file, s ? source_line(s, off) : 0);
}

/* The manifest's [op]. */

static int load(struct opc *o)
{
	GKeyFile *k = o->c->m->keys;
	const char *space;

	o->record = g_key_file_get_string(k, "op", "record", NULL);
	o->member = g_key_file_get_string(k, "op", "member", NULL);
	o->becomes = g_key_file_get_string(k, "op", "becomes", NULL);
	o->state = g_key_file_get_string(k, "op", "state", NULL);
	o->params = g_key_file_get_string_list(k, "op", "parameters", NULL,
					       NULL);
	o->values = g_key_file_get_string_list(k, "op", "values", NULL, NULL);
	o->complements = g_key_file_get_string_list(k, "op", "complements",
						    NULL, NULL);
	o->casts = manifest_list(k, "op", "casts");
	o->harmless = manifest_list(k, "op", "harmless");
	o->unused = g_key_file_get_string(k, "op", "unused", NULL);
	o->document = g_key_file_get_string(k, "op", "document", NULL);
	o->n_params = o->params ? g_strv_length(o->params) : 0;
	space = o->state ? strrchr(o->state, ' ') : NULL;
	if (!o->record || !o->member || !o->becomes || !space || !o->values ||
	    o->n_params < 2 || o->n_params > MAX_PARAMS ||
	    g_strv_length(o->values) != o->n_params - 1 ||
	    (o->complements && g_strv_length(o->complements) !=
	     o->n_params - 1) || g_strv_length(o->casts) % 2)
		return tw_error("%s: [op] needs record, member, becomes, state, parameters, and a value for each parameter but the last (docs/conversions.md)",
				o->c->m->name);
	while (*space == ' ' || *space == '*')
		space++;
	o->state_name = g_strdup(space);
	o->keeps = o->n_params - 1;
	return 0;
}

/* What the manifest's folder has for the op's declaration and its callers. */
static int add_text(struct opc *o)
{
	if (!o->converted)
		return 0;
	return convert_tree_edits(o->c, o->refused ? "stays" : "goes", NULL,
				  o->new_files);
}

/* The op and the callbacks are the symbols of the conversion. */
static int rescan(struct opc *o)
{
	GPtrArray *names = g_ptr_array_new();
	int ret;

	for (char **s = o->c->m->symbols; *s; s++)
		g_ptr_array_add(names, *s);
	for (guint i = 0; i < o->fn_list->len; i++) {
		struct opfn *f = o->fn_list->pdata[i];

		if (!g_ptr_array_find_with_equal_func(names, f->name,
						      g_str_equal, NULL))
			g_ptr_array_add(names, f->name);
	}
	g_ptr_array_add(names, NULL);
	ret = convert_scan(o->c, (char **)names->pdata);
	g_ptr_array_free(names, TRUE);
	return ret;
}

/* Read the result: an error that was not there before is a fault of ours. */
static int verify(struct opc *o)
{
	guint files = o->c->res->files->len;
	struct ast_unsaved *u = convert_unsaved(o->c);
	GPtrArray *after = g_ptr_array_new_with_free_func(op_facts_free);
	struct new_diags *n = new_diags_new();
	int ret;

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		new_diags_before(n, a->cell->name, a->diags);
	}
	ret = files ? op_read_units(o, u, files, after) : 0;
	for (guint i = 0; i < after->len; i++) {
		const struct op_facts *a = after->pdata[i];

		new_diags_after(n, o->c, a->cell->name, a->diags);
	}
	new_diags_tell(n, o->c->res->problems);
	new_diags_free(n);
	g_ptr_array_free(after, TRUE);
	g_free(u);
	return ret;
}

static int run(struct opc *o)
{
	struct convert *c = o->c;
	int ret = -1;

	if (load(o) || op_resolve(o) || rescan(o))
		return -1;
	convert_note_cells(c);
	convert_load_sources(c);
	if (op_run_rules(o))
		return -1;
	op_check_outside(o);
	o->seen = op_seen_members(o);
	for (guint i = 0; i < o->fn_list->len; i++)
		op_take_places(o, o->fn_list->pdata[i]);
	op_take_names(o);
	op_take_unseen(o);
	op_refuse(o);
	op_edit(o);
	if (add_text(o))
		return -1;
	op_edit_reads(o);
	op_note_comments(o);
	if (convert_save_notes(c))
		return -1;
	if (!convert_check_edits(c) && !convert_make_texts(c)) {
		op_check_callers(o);
		convert_add_files(c, o->new_files);
		ret = verify(o);
	}
	for (guint i = 0; i < c->sites->len && !ret; i++)
		op_decide(o, c->sites->pdata[i]);
	if (!ret)
		convert_record_edits(c);
	return ret;
}

int convert_op(struct convert *c)
{
	struct opc o = { .c = c };
	int ret;

	o.facts = g_ptr_array_new_with_free_func(op_facts_free);
	o.units = g_ptr_array_new_with_free_func(op_unit_free);
	o.in_units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	o.fns = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, op_fn_free);
	o.fn_list = g_ptr_array_new();
	o.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				       op_row_free);
	o.new_files = g_ptr_array_new_with_free_func(tree_file_free);
	o.smpl = edit_set_new();
	o.unparsed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	o.smpl_ran = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	ret = run(&o);
	g_ptr_array_free(o.facts, TRUE);
	g_ptr_array_free(o.units, TRUE);
	g_hash_table_destroy(o.in_units);
	g_ptr_array_free(o.fn_list, TRUE);
	g_hash_table_destroy(o.rows);
	g_hash_table_destroy(o.fns);
	g_ptr_array_free(o.new_files, TRUE);
	edit_set_free(o.smpl);
	g_hash_table_destroy(o.unparsed);
	g_hash_table_destroy(o.smpl_ran);
	g_clear_pointer(&o.seen, g_hash_table_destroy);
	g_free(o.record);
	g_free(o.member);
	g_free(o.becomes);
	g_free(o.state);
	g_free(o.state_name);
	g_free(o.unused);
	g_free(o.document);
	g_strfreev(o.params);
	g_strfreev(o.values);
	g_strfreev(o.complements);
	g_strfreev(o.casts);
	g_strfreev(o.harmless);
	return ret;
}
