// SPDX-License-Identifier: GPL-2.0-only
/* Small things that the steps of the pipeline and the shapes share. */
#include <string.h>

#include "convert/internal.h"

char *convert_at_key(const char *file, gsize off)
{
	return g_strdup_printf("%s:%" G_GSIZE_FORMAT, file, off);
}

char *convert_place(struct convert *c, const char *file, gsize off)
{
	const struct source *s = convert_source(c, file);

	return g_strdup_printf("%s:%u", file, s ? source_line(s, off) : 0);
}

void convert_note_failed(struct convert *c, GPtrArray *failed)
{
	for (guint i = 0; i < failed->len; i++)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"not read: %s", (char *)failed->pdata[i]));
	g_ptr_array_free(failed, TRUE);
}

const struct ast_diag *convert_first_error(const GPtrArray *diags,
					   const char *file)
{
	for (guint i = 0; i < diags->len; i++) {
		const struct ast_diag *d = diags->pdata[i];

		if ((!file || !strcmp(d->file, file)) && !d->warning &&
		    convert_is_relevant(d))
			return d;
	}
	return NULL;
}

GHashTable *convert_set_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}
