// SPDX-License-Identifier: GPL-2.0-only
/* struct convert: made empty, and freed. */
#include "convert/shape.h"

static void site_free(gpointer p)
{
	struct site *s = p;

	g_free(s->file);
	g_free(s->symbol);
	g_free(s->reason);
	g_free(s->evidence);
	g_free(s->ast);
	g_free(s->smpl);
	g_free(s->outcome);
	g_free(s->condition);
	g_free(s);
}

static void source_free_p(gpointer p)
{
	source_free(p);
}

static void unit_free(gpointer p)
{
	g_free(((struct fact_unit *)p)->file);
	g_free(p);
}

static void refusal_free(gpointer p)
{
	struct refusal *r = p;

	g_free(r->arch);
	g_free(r->file);
	g_free(r->why);
	g_free(r->evidence);
	g_free(r);
}

static void read_clear(gpointer p)
{
	g_ptr_array_free(((struct shape_unit *)p)->files, TRUE);
}

void convert_begin(struct convert *c)
{
	result_begin(c->res);
	c->sites = g_ptr_array_new_with_free_func(site_free);
	c->by_file = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref);
	c->symbols = convert_set_new();
	c->code_files = convert_set_new();
	c->also_read = convert_set_new();
	c->sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					   source_free_p);
	c->source_list = g_ptr_array_new();
	c->units = g_ptr_array_new_with_free_func(unit_free);
	c->facts = g_ptr_array_new();
	c->read = g_array_new(FALSE, TRUE, sizeof(struct shape_unit));
	g_array_set_clear_func(c->read, read_clear);
	c->foreign = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   g_free);
	c->asked = convert_set_new();
	c->look_up = convert_set_new();
	c->rules = g_ptr_array_new_with_free_func(smpl_rule_free);
	c->smpl_jobs = g_ptr_array_new();
	c->ran = g_hash_table_new(g_str_hash, g_str_equal);
	c->unparsed = convert_set_new();
	c->smpl = edit_set_new();
	c->absent = convert_set_new();
	c->edits = edit_set_new();
	c->new_files = g_ptr_array_new_with_free_func(tree_file_free);
	c->refusals = g_ptr_array_new_with_free_func(refusal_free);
}

void convert_end(struct convert *c)
{
	if (c->ledger)
		ledger_abandon(c->ledger);
	if (c->shape->free)
		c->shape->free(c);
	if (c->cells)
		g_ptr_array_free(c->cells, TRUE);
	seen_free(c->seen);
	g_hash_table_destroy(c->by_file);
	g_ptr_array_free(c->sites, TRUE);
	g_hash_table_destroy(c->symbols);
	g_hash_table_destroy(c->code_files);
	g_hash_table_destroy(c->also_read);
	g_ptr_array_free(c->source_list, TRUE);
	g_hash_table_destroy(c->sources);
	g_ptr_array_free(c->units, TRUE);
	g_array_free(c->read, TRUE);
	g_ptr_array_free(c->facts, TRUE);
	g_hash_table_destroy(c->foreign);
	g_hash_table_destroy(c->asked);
	g_hash_table_destroy(c->look_up);
	g_hash_table_destroy(c->ran);
	for (guint i = 0; i < c->smpl_jobs->len; i++)
		smpl_job_free(c->smpl_jobs->pdata[i], c->rules->len);
	g_ptr_array_free(c->smpl_jobs, TRUE);
	g_ptr_array_free(c->rules, TRUE);
	g_hash_table_destroy(c->unparsed);
	edit_set_free(c->smpl);
	g_hash_table_destroy(c->absent);
	edit_set_free(c->edits);
	g_ptr_array_free(c->new_files, TRUE);
	g_ptr_array_free(c->refusals, TRUE);
}
