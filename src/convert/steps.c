// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps that the pipelines of all kinds of conversions take.  What is decided
 * in between is theirs.
 */
#include <string.h>

#include "text/condition.h"
#include "convert/internal.h"

char *convert_at_key(const char *file, gsize off)
{
	return g_strdup_printf("%s:%" G_GSIZE_FORMAT, file, off);
}

const char *convert_line(const char *text, guint line)
{
	for (guint i = 1; i < line && text; i++) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text;
}

void convert_note_cells(struct convert *c)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready)
			g_ptr_array_add(c->res->cells_read,
					g_strdup(cell->name));
		else
			g_ptr_array_add(c->res->cells_unread, g_strdup_printf(
				"%s (%s)", cell->name, cell->reason));
	}
}

void convert_add_unit(struct convert *c, const struct cell_info *cell,
		      const char *file)
{
	struct reading_unit *u = g_new0(struct reading_unit, 1);

	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(c->units, u);
}

void convert_note_unread(struct convert *c, const GPtrArray *failed)
{
	for (guint i = 0; i < failed->len; i++)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"not read: %s", (char *)failed->pdata[i]));
}

void convert_see_error(GHashTable *seen, const char *unit,
		       const struct ast_diag *error)
{
	if (!error || !g_hash_table_contains(seen, unit))
		g_hash_table_insert(seen, (gpointer)unit, (gpointer)error);
}

void convert_tell_errors(struct convert *c, GHashTable *seen)
{
	GList *units = g_list_sort(g_hash_table_get_keys(seen),
				   (GCompareFunc)strcmp);

	for (GList *u = units; u; u = u->next) {
		const struct ast_diag *d = g_hash_table_lookup(seen, u->data);

		if (d)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: no cell compiles it, so it is not known what it does (%s:%u: %s); convert it by hand",
				(char *)u->data, d->file, d->line, d->text));
	}
	g_list_free(units);
}

int convert_save_notes(struct convert *c)
{
	int ret = 0;

	for (guint i = 0; i < c->res->notes->len && !ret; i++) {
		const struct note *n = c->res->notes->pdata[i];

		ret = ledger_add_note(c->ledger, n->file, n->line, n->text);
	}
	return ret;
}

void convert_put_edit(struct convert *c, const struct source *s, gsize from,
		      gsize to, const char *text, const char *rule)
{
	char *name = g_strdup_printf("driver/%s", rule);

	edit_replace(c->edits, s->file, s->text, from, to, text, name);
	g_free(name);
}

static struct source *source_for_edits(const char *file, void *data)
{
	return convert_source(data, file);
}

int convert_tree_edits(struct convert *c, const char *when, GHashTable *texts,
		       GPtrArray *files)
{
	struct tree_edit_request q = {
		.t = c->t, .dir = c->m->dir, .name = c->m->name,
		.when = when, .texts = texts, .spelled = c->m->spelled,
		.absent = c->absent,
		.problems = c->res->problems, .left = c->res->rules_left,
		.source = source_for_edits, .data = c,
	};

	return tree_edits(&q, c->edits, files);
}

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct convert_file *const *)a)->file,
		      (*(struct convert_file *const *)b)->file);
}

void convert_add_files(struct convert *c, const GPtrArray *files)
{
	for (guint i = 0; i < files->len; i++) {
		const struct tree_file *t = files->pdata[i];
		struct convert_file *f = g_new0(struct convert_file, 1);

		f->file = g_strdup(t->file);
		f->new_text = g_strdup(t->text);
		f->new_size = strlen(t->text);
		f->mode = 0100644;
		g_ptr_array_add(c->res->files, f);
	}
	g_ptr_array_sort(c->res->files, by_file);
}

struct ast_unsaved *convert_unsaved(const struct convert *c)
{
	const GPtrArray *files = c->res->files;
	struct ast_unsaved *u = g_new0(struct ast_unsaved, files->len + 1);

	for (guint i = 0; i < files->len; i++) {
		const struct convert_file *f = files->pdata[i];

		u[i] = (struct ast_unsaved) { f->file, f->new_text,
					      f->new_size };
	}
	return u;
}

void convert_note_unseen(struct convert *c, struct site *s)
{
	const struct source *src = convert_source(c, s->file);

	s->condition = src ? condition_at(&src->toks, s->off) : NULL;
	ledger_add_blind(c->ledger, "libclang", s->file, s->line,
			 s->condition ? s->condition : "no cell reads it");
	g_ptr_array_add(c->res->unseen, g_strdup_printf("%s:%u: %s, %s",
							s->file, s->line,
							s->symbol,
							site_fate_name[s->fate]));
}

void convert_record_edits(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);
		const struct source *s = g_hash_table_lookup(c->sources,
							     files->pdata[i]);

		for (guint k = 0; s && k < v->len; k++) {
			const struct edit *d = v->pdata[k];

			ledger_add_edit(c->ledger, &(struct ledger_edit) {
				d->file, source_line(s, d->off), d->old_text,
				d->new_text, d->rule });
		}
	}
	g_ptr_array_free(files, TRUE);
}
