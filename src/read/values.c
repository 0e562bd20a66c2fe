// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind "values", and the query that the conversions use.  The walk through
 * the unit is in src/read/ast.c.
 */
#include "read/ast-internal.h"
#include "read/facts.h"
#include "read/reading.h"
#include "read/values.h"

static void key(GString *k, gconstpointer question)
{
	const struct values_question *q = question;

	fact_key_put(k, q->old_struct);
	for (char **t = q->types; *t; t++)
		fact_key_put(k, *t);
}

const struct fact_kind values_kind = {
	.name = "values",
	.size = sizeof(struct ast_facts),
	.types = ast_types,
	.n_types = G_N_ELEMENTS(ast_types),
	.limits = { 60, 4ull << 30 },	/* a unit of mm/ takes a second */
	.key = key,
	.read = ast_read,
};

void ast_facts_free(struct ast_facts *f)
{
	facts_free(&values_kind, f);
}

int reading_run(const struct reading *r, const GPtrArray *units,
		struct reading_result *res)
{
	struct values_question question = { r->types, r->old_struct };
	struct fact_ask ask = { &values_kind, &question, NULL };
	struct facts_query q = {
		.tree = r->tree,
		.with = r->with,
		.files = r->files,
		.unsaved = r->unsaved,
		.n_unsaved = r->n_unsaved,
		.messages_only = !r->files,
		/* Converted code must not name a struct first in a parameter
		 * list, where it is a type of its own. */
		.flag = r->unsaved ? "-Werror=visibility" : NULL,
		.progress = r->unsaved ? "read the result" : "read",
		.jobs = r->jobs,
		.asks = &ask,
		.n_asks = 1,
	};
	struct facts_result out;
	int ret = facts_run(&q, units, &out);

	res->facts = g_ptr_array_new_with_free_func((GDestroyNotify)
						    ast_facts_free);
	res->failed = g_ptr_array_new_with_free_func(g_free);
	res->cached = out.cached;
	for (guint i = 0; i < ask.answers->len; i++)
		if (ask.answers->pdata[i])
			g_ptr_array_add(res->facts, ask.answers->pdata[i]);
	facts_put_failed(units, &out, res->failed);
	g_ptr_array_free(ask.answers, TRUE);
	facts_result_clear(&out);
	return ret;
}
