// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape `op`: its table of functions.  Callbacks are found by the op's type,
 * in every cell; the text says what no cell reads.  A callback is converted as a
 * whole, everywhere that it is declared, or refused as a whole, and then the op
 * stays for it.  The edits of the callers come with the conversion's folder.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/op/op.h"

/* The manifest's [op]. */
static int load(struct convert *c)
{
	struct opc *o = c->data = g_new0(struct opc, 1);
	GKeyFile *k = c->m->keys;
	const char *space;

	o->c = c;
	o->fns = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				       op_fn_free);
	o->fn_list = g_ptr_array_new();
	o->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				       op_row_free);
	o->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	o->changed = convert_set_new();
	o->broken = g_hash_table_new(g_str_hash, g_str_equal);

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

static void clear(struct convert *c)
{
	struct opc *o = c->data;

	if (!o)
		return;
	g_ptr_array_free(o->fn_list, TRUE);
	g_hash_table_destroy(o->rows);
	g_hash_table_destroy(o->fns);
	g_hash_table_destroy(o->seen);
	g_hash_table_destroy(o->changed);
	g_hash_table_destroy(o->broken);
	g_free(o->record);
	g_free(o->member);
	g_free(o->becomes);
	g_free(o->state);
	g_free(o->state_name);
	g_free(o->unused);
	g_free(o->document);
	g_strfreev(o->params);
	g_strfreev(o->values);
	g_strfreev(o->complements);
	g_strfreev(o->casts);
	g_strfreev(o->harmless);
	g_free(o);
}

/* Files that mention the struct may put functions into the op by position. */
static const char *context(struct convert *c)
{
	return ((struct opc *)c->data)->record;
}

/* Every cell reads the files that mention the op, or a callback. */
static GHashTable *everywhere(struct convert *c)
{
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_hash_table_add(files, k);
	return files;
}

/* The op and the callbacks are the symbols of the conversion. */
static char **symbols(struct convert *c)
{
	const struct opc *o = c->data;
	char **names = g_new0(char *, o->fn_list->len + 1);

	for (guint i = 0; i < o->fn_list->len; i++)
		names[i] = ((struct opfn *)o->fn_list->pdata[i])->name;
	return names;
}

static int edit(struct convert *c)
{
	struct opc *o = c->data;

	for (guint i = 0; i < o->fn_list->len; i++)
		op_take_places(o, o->fn_list->pdata[i]);
	op_take_names(o);
	op_index(o);
	op_take_unread(o);
	op_refuse(o);
	op_edit(o);
	return 0;
}

/* The op's declaration and its callers. */
static const char *folder(struct convert *c, GHashTable *texts)
{
	const struct opc *o = c->data;

	return !o->converted ? NULL : o->refused ? "stays" : "goes";
}

static int finish(struct convert *c)
{
	op_edit_reads(c->data);
	op_check_callers(c->data);
	return 0;
}

static int comments(struct convert *c)
{
	op_note_comments(c->data);
	return 0;
}

const struct shape shape_op = {
	.name = "op",
	.takes = SHAPE_TAKES_WITH,
	.needs_rules = TRUE,
	.load = load,
	.free = clear,
	.context = context,
	.everywhere = everywhere,
	.read = op_read_units,
	.unit = op_unit,
	.decide = op_decide,
	.symbols = symbols,
	.edit = edit,
	.folder = folder,
	.finish = finish,
	.comments = comments,
	.span = op_span,
	.opinion = op_opinion,
	.reason = op_reason,
};
