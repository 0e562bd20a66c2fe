// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind "op", and the query.  The walk through the unit is in
 * src/read/opwalk.c.
 */
#include "read/facts.h"
#include "read/opfacts.h"
#include "read/opwalk.h"

static void key(GString *k, gconstpointer question)
{
	const struct op_question *q = question;

	fact_key_put(k, q->record);
	fact_key_put(k, q->member);
}

static void loaded(const struct fact_unit *u, gpointer facts)
{
	struct op_facts *a = facts;

	a->has_op = a->sees->len > 0;
	a->read = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < a->deps->len; i++)
		g_hash_table_add(a->read,
				 ((struct ast_dep *)a->deps->pdata[i])->path);
}

static void unload(gpointer facts)
{
	struct op_facts *a = facts;

	if (a->read)
		g_hash_table_destroy(a->read);
}

const struct fact_kind op_kind = {
	.name = "op",
	.size = sizeof(struct op_facts),
	.types = op_types,
	.n_types = G_N_ELEMENTS(op_types),
	.limits = { 60, 4ull << 30 },
	.key = key,
	.read = op_walk,
	.loaded = loaded,
	.unload = unload,
};

void op_facts_free(gpointer p)
{
	facts_free(&op_kind, p);
}

int op_read(const struct op_reading *r, const GPtrArray *units, GPtrArray *out,
	    GPtrArray *failed, guint *cached)
{
	struct op_question question = { r->record, r->member };
	struct fact_ask ask = { &op_kind, &question, NULL };
	struct facts_query q = {
		.tree = r->tree,
		.with = r->with,
		.unsaved = r->unsaved,
		.n_unsaved = r->n_unsaved,
		.messages_only = r->unsaved != NULL,
		.flag = r->unsaved ? "-Werror=unused-variable" : NULL,
		.progress = "read",
		.jobs = r->jobs,
		.asks = &ask,
		.n_asks = 1,
	};
	struct facts_result res;
	int ret = facts_run(&q, units, &res);

	for (guint i = 0; i < ask.answers->len; i++)
		if (ask.answers->pdata[i])
			g_ptr_array_add(out, ask.answers->pdata[i]);
	facts_put_failed(units, &res, failed);
	*cached = res.cached;
	g_ptr_array_free(ask.answers, TRUE);
	facts_result_clear(&res);
	return ret;
}
