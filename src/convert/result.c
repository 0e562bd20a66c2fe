// SPDX-License-Identifier: GPL-2.0-only
/* The result of a conversion: made empty, freed, and what is asked of it. */
#include <string.h>

#include "convert/result.h"
#include "model/note.h"

static void file_free(gpointer p)
{
	struct convert_file *f = p;

	g_free(f->file);
	g_free(f->old_text);
	g_free(f->new_text);
	g_free(f);
}

void result_begin(struct convert_result *res)
{
	memset(res, 0, sizeof(*res));
	res->files = g_ptr_array_new_with_free_func(file_free);
	res->problems = g_ptr_array_new_with_free_func(g_free);
	res->cells_read = g_ptr_array_new_with_free_func(g_free);
	res->not_read = g_ptr_array_new_with_free_func(g_free);
	res->cells_unread = g_ptr_array_new_with_free_func(g_free);
	res->notes = g_ptr_array_new_with_free_func(note_free);
	res->rules_left = g_ptr_array_new_with_free_func(g_free);
	res->refusals = g_ptr_array_new_with_free_func(g_free);
}

void convert_result_clear(struct convert_result *res)
{
	g_ptr_array_free(res->files, TRUE);
	g_ptr_array_free(res->problems, TRUE);
	g_ptr_array_free(res->refusals, TRUE);
	g_ptr_array_free(res->cells_read, TRUE);
	g_ptr_array_free(res->not_read, TRUE);
	g_ptr_array_free(res->cells_unread, TRUE);
	g_ptr_array_free(res->rules_left, TRUE);
	g_ptr_array_free(res->notes, TRUE);
	g_free(res->provenance);
}

struct convert_file *result_file(const struct convert_result *res,
				 const char *name)
{
	guint from = 0, to = res->files->len;

	while (from < to) {
		guint mid = (from + to) / 2;
		struct convert_file *f = res->files->pdata[mid];
		int r = strcmp(name, f->file);

		if (!r)
			return f;
		if (r < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}

const char *convert_line(const char *text, guint line)
{
	for (guint i = 1; i < line && text; i++) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text;
}

char *convert_cell_list(const GPtrArray *cells)
{
	GString *s = g_string_new(NULL);
	guint n = cells->len > 4 ? 3 : cells->len;

	for (guint i = 0; i < n; i++)
		g_string_append_printf(s, "%s%s", i ? ", " : "",
				       (char *)cells->pdata[i]);
	if (cells->len > n)
		g_string_append_printf(s, " and %u more cells",
				       cells->len - n);
	return g_string_free(s, FALSE);
}

gboolean convert_is_relevant(const struct ast_diag *d)
{
	return strcmp(d->category, "Inline Assembly Issue") != 0;
}
