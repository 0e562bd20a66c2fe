// SPDX-License-Identifier: GPL-2.0-only
/* What a kind of fact puts: keys in the parent, records in the child. */
#include "read/fact.h"

static const struct record_field dep_fields[] = {
	RECORD_FIELD(ast_dep, path),
	RECORD_FIELD(ast_dep, hash),
	RECORD_FIELD(ast_dep, walked),
};
const struct record_type ast_dep_type =
	RECORD_TYPE('I', ast_dep, dep_fields, facts, deps);

void fact_key_put(GString *key, const char *word)
{
	g_string_append(key, word ? word : "");
	g_string_append_c(key, '\0');
}

void fact_put(struct fact_reader *r, const struct record_type *t,
	      const void *record)
{
	record_put(r->out, t, record);
}

void fact_put_once(struct fact_reader *r, const struct record_type *t,
		   const void *record)
{
	gsize from = r->out->len;

	record_put(r->out, t, record);
	if (!g_hash_table_add(r->once, g_strdup(r->out->str + from)))
		g_string_truncate(r->out, from);
}

void fact_put_dep(struct fact_reader *r, const char *path, guint64 hash)
{
	struct ast_dep d = {
		.path = (char *)path,
		.hash = hash,
		.walked = r->q->files && g_hash_table_contains(r->q->files,
							       path),
	};

	fact_put_once(r, &ast_dep_type, &d);
}
