// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the result again in the cells.  What no longer compiles on a line that
 * was edited is a fault of the conversion.  On another line it is a use that
 * could not be converted: it is refused, and the edits that depend on it are
 * taken back, until nothing is refused any more.
 */
#include <stdlib.h>
#include <string.h>

#include "convert/newdiag.h"
#include "convert/shape.h"

/* Does line @line of the new text stand in the old one, too? */
static gboolean line_is_old(const struct convert_file *f, guint line)
{
	const char *p = convert_line(f->new_text, line), *end, *hit;
	gsize len;

	if (!p)
		return FALSE;
	end = strchr(p, '\n');
	len = end ? (gsize)(end - p) : strlen(p);
	for (hit = f->old_text; hit; ) {
		const char *stop = strchr(hit, '\n');
		gsize n = stop ? (gsize)(stop - hit) : strlen(hit);

		if (n == len && !memcmp(hit, p, n))
			return TRUE;
		hit = stop ? stop + 1 : NULL;
	}
	return FALSE;
}

/*
 * Was what @d is about edited?  The line where it stands, or a macro's body that
 * makes the call that it is within.
 */
static gboolean is_edited(struct convert *c, const struct ast_diag *d)
{
	struct convert_file *f = result_file(c->res, d->file);
	gboolean yes = f && !line_is_old(f, d->line);
	char **bodies = g_strsplit(d->within, " ", -1);

	for (char **b = bodies; *b && !yes; b++) {
		char *colon = strrchr(*b, ':');

		if (!colon)
			continue;
		*colon = '\0';
		f = result_file(c->res, *b);
		yes = f && !line_is_old(f, strtoul(colon + 1, NULL, 10));
	}
	g_strfreev(bodies);
	return yes;
}

/* What stays because of the use that @f is about. */
static void add_refusal(struct convert *c, const struct new_diag *f)
{
	struct refusal *r = g_new0(struct refusal, 1);
	char *cells = convert_cell_list(f->cells);

	r->evidence = g_strdup_printf("%s:%u:%u in %s: %s", f->d->file,
				      f->line, f->d->col, cells, f->d->text);
	g_free(cells);
	c->shape->refuse(c, f->d, r);
	g_ptr_array_add(c->refusals, r);
	g_ptr_array_add(c->res->refusals, g_strdup(r->evidence));
}

const struct refusal *convert_refusal_of(const struct convert *c,
					 const char *file)
{
	char *arch = c->refusals->len ? source_arch(file) : NULL;
	const struct refusal *hit = NULL;

	for (guint i = 0; i < c->refusals->len && !hit; i++) {
		const struct refusal *r = c->refusals->pdata[i];

		if (r->file ? !strcmp(r->file, file) :
		    !r->arch || !g_strcmp0(r->arch, arch))
			hit = r;
	}
	g_free(arch);
	return hit;
}

/* Take back the edits that a refusal covers. */
static int take_back(struct convert *c)
{
	struct edit_set *left = edit_set_new();
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);

		if (convert_refusal_of(c, files->pdata[i]))
			continue;
		for (guint k = 0; k < v->len; k++) {
			const struct edit *e = v->pdata[k];

			edit_add(left, e->file, e->off, e->old_text,
				 e->new_text, e->rule);
		}
	}
	g_ptr_array_free(files, TRUE);
	edit_set_free(c->edits);
	c->edits = left;
	return convert_make_texts(c);
}

/* Sort the new errors: mended by new edits, told, or (into @uses) refused. */
static gboolean sort_errors(struct convert *c, struct new_diags *n,
			    GPtrArray *uses)
{
	const GPtrArray *all = new_diags_all(n);
	gboolean mended = FALSE;

	for (guint i = 0; i < all->len; i++) {
		const struct new_diag *f = all->pdata[i];
		enum shape_error e = c->shape->error ?
				     c->shape->error(c, f->d) : SHAPE_TELL;

		if (e == SHAPE_MENDED)
			mended = TRUE;
		else if (e == SHAPE_IGNORE)
			continue;
		else if (c->shape->refuse && !is_edited(c, f->d))
			g_ptr_array_add(uses, (gpointer)f);
		else
			new_diag_tell(f, "", c->res->problems);
	}
	return mended;
}

/* What to do about the new errors; *@again: edits changed. */
static int answer_errors(struct convert *c, struct new_diags *n,
			 gboolean *again)
{
	GPtrArray *uses = g_ptr_array_new();
	guint problems = c->res->problems->len;
	int ret = 0;

	if (sort_errors(c, n, uses)) {
		/* Other errors may follow from what was mended: look again. */
		g_ptr_array_set_size(c->res->problems, problems);
		ret = convert_make_texts(c);
		*again = TRUE;
	} else if (c->res->problems->len > problems) {
		/* A fault may show elsewhere, too: refuse nothing. */
		for (guint i = 0; i < uses->len; i++)
			new_diag_tell(uses->pdata[i],
				      " (no rule knows this use)",
				      c->res->problems);
	} else if (uses->len) {
		for (guint i = 0; i < uses->len; i++)
			add_refusal(c, uses->pdata[i]);
		ret = take_back(c);
		*again = c->res->files->len > 0;
	}
	g_ptr_array_free(uses, TRUE);
	return ret;
}

/* "CELL UNIT" of what was read before: only that can be compared. */
static GHashTable *compared(const struct convert *c)
{
	GHashTable *t = convert_set_new();

	for (guint i = 0; i < c->read->len; i++) {
		const struct shape_unit *u =
			&g_array_index(c->read, struct shape_unit, i);

		g_hash_table_add(t, g_strdup_printf("%s %s", u->cell,
						    u->unit));
	}
	return t;
}

/* The units to be read again: struct fact_unit, borrowed. */
static GPtrArray *units_again(const struct convert *c)
{
	GHashTable *known = compared(c);
	GPtrArray *v = g_ptr_array_new();

	for (guint i = 0; i < c->units->len; i++) {
		const struct fact_unit *u = c->units->pdata[i];
		char *key = g_strdup_printf("%s %s", u->cell->name, u->file);

		if (!c->shape->verify_changed ||
		    (result_file(c->res, u->file) &&
		     g_hash_table_contains(known, key)))
			g_ptr_array_add(v, (gpointer)u);
		g_free(key);
	}
	g_hash_table_destroy(known);
	return v;
}

/* Read once; *@again: edits changed, and the texts with them. */
static int read_again(struct convert *c, gboolean *again)
{
	char *none[] = { NULL };
	struct new_diags *n = new_diags_new(c->res, c->edits);
	struct ast_unsaved *u = convert_unsaved(c);
	GPtrArray *units = units_again(c);
	struct reading_result out = { 0 };
	struct reading r = {
		.tree = c->t->path, .with = c->t->with,
		.types = none, .old_struct = "",
		.unsaved = u, .n_unsaved = c->res->files->len,
		.jobs = c->jobs,
	};
	int ret = reading_run(&r, units, &out);

	for (guint i = 0; i < c->read->len; i++) {
		const struct shape_unit *s =
			&g_array_index(c->read, struct shape_unit, i);

		new_diags_before(n, s->cell, s->diags);
	}
	for (guint i = 0; !ret && i < out.facts->len; i++) {
		struct ast_facts *a = out.facts->pdata[i];

		new_diags_after(n, a->cell, a->diags);
	}
	*again = FALSE;
	if (!ret) {
		convert_note_failed(c, g_steal_pointer(&out.failed));
		ret = answer_errors(c, n, again);
	}
	new_diags_free(n);
	if (out.facts)
		g_ptr_array_free(out.facts, TRUE);
	if (out.failed)
		g_ptr_array_free(out.failed, TRUE);
	g_ptr_array_free(units, TRUE);
	g_free(u);
	return ret;
}

int convert_verify(struct convert *c)
{
	gboolean again = c->res->files->len > 0;

	while (again)
		if (read_again(c, &again))
			return -1;
	return 0;
}
