// SPDX-License-Identifier: GPL-2.0-only
/*
 * The texts: the sources that may change, all edits but those of the semantic
 * patches, and the files of the result.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "convert/shape.h"
#include "text/layout.h"

struct source *convert_source(struct convert *c, const char *file)
{
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (s)
		return s;
	s = tree_source(c->t, file);
	if (s)
		g_hash_table_insert(c->sources, s->file, s);
	return s;
}

static int by_source(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct source *const *)a)->file,
		      (*(struct source *const *)b)->file);
}

void convert_load_sources(struct convert *c)
{
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		convert_source(c, k);
	g_ptr_array_set_size(c->source_list, 0);
	g_hash_table_iter_init(&it, c->sources);
	while (g_hash_table_iter_next(&it, NULL, &k))
		g_ptr_array_add(c->source_list, k);
	g_ptr_array_sort(c->source_list, by_source);
}

void convert_put_edit(struct convert *c, const struct source *s, gsize from,
		      gsize to, const char *text, const char *rule)
{
	char *name = g_strdup_printf("driver/%s", rule);

	edit_replace(c->edits, s->file, s->text, from, to, text, name);
	g_free(name);
}

gboolean convert_edit_of_rule(const struct edit *e)
{
	return !g_str_has_prefix(e->rule, "driver/") || strchr(e->rule, '+');
}

/* The files of the result. */

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct convert_file *const *)a)->file,
		      (*(struct convert_file *const *)b)->file);
}

static void add_changed(struct convert *c, const struct source *s)
{
	struct convert_file *f = g_new0(struct convert_file, 1);
	char *path = g_canonicalize_filename(s->file, c->t->path);
	struct stat st;

	f->file = g_strdup(s->file);
	f->old_text = g_memdup2(s->text, s->size + 1);
	f->old_size = s->size;
	/* Only C has arguments and operators to break a line at. */
	f->new_text = source_is_c(s->file) ?
		layout_apply(s->text, s->size, edit_of_file(c->edits, s->file),
			     &f->new_size) :
		edit_apply_text(c->edits, s->file, s->text, s->size,
				&f->new_size);
	f->mode = !stat(path, &st) && st.st_mode & 0111 ? 0100755 : 0100644;
	g_free(path);
	g_ptr_array_add(c->res->files, f);
}

static void add_new(struct convert *c, const struct tree_file *t)
{
	struct convert_file *f = g_new0(struct convert_file, 1);

	f->file = g_strdup(t->file);
	f->new_text = g_strdup(t->text);
	f->new_size = strlen(t->text);
	f->mode = 0100644;
	g_ptr_array_add(c->res->files, f);
}

int convert_make_texts(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	g_ptr_array_set_size(c->res->files, 0);
	for (guint i = 0; i < files->len; i++)
		add_changed(c, g_hash_table_lookup(c->sources,
						   files->pdata[i]));
	for (guint i = 0; files->len && i < c->new_files->len; i++)
		add_new(c, c->new_files->pdata[i]);
	g_ptr_array_sort(c->res->files, by_file);
	g_ptr_array_free(files, TRUE);
	return 0;
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

/* The step. */

static const char *read_source(const char *file, gsize *size, void *data)
{
	struct convert *c = data;
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (!s)
		return NULL;
	*size = s->size;
	return s->text;
}

static struct source *source_for_edits(const char *file, void *data)
{
	return convert_source(data, file);
}

/* The edits and files that the conversion's folder brings. */
static int bring(struct convert *c)
{
	GHashTable *texts = g_hash_table_new_full(g_str_hash, g_str_equal,
						  NULL, g_free);
	const char *when = c->shape->folder ? c->shape->folder(c, texts) :
			   edit_count(c->edits) ? "" : NULL;
	struct tree_edit_request q = {
		.t = c->t, .dir = c->m->dir, .name = c->m->name,
		.when = when, .texts = texts, .spelled = c->m->spelled,
		.absent = c->absent,
		.problems = c->res->problems, .left = c->res->rules_left,
		.source = source_for_edits, .data = c,
	};
	int ret = when ? tree_edits(&q, c->edits, c->new_files) : 0;

	g_hash_table_destroy(texts);
	return ret;
}

int convert_edit(struct convert *c)
{
	const struct shape *s = c->shape;

	if (s->edit && s->edit(c))
		return -1;
	if (bring(c))
		return -1;
	if (s->finish && s->finish(c))
		return -1;
	if (s->comments && s->comments(c))
		return -1;
	if (edit_check(c->edits, read_source, c))
		return -1;
	return convert_make_texts(c);
}
