// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a patch to views of files.  Of a patch alone only the hunks are known.
 * With a tree the whole file is made in memory, before and after the patch,
 * whichever of the two the tree has.  If the patch fits neither, its hunks are
 * judged by their text alone, and the result says so.
 */
#include <string.h>

#include "lint/pipeline.h"

/* The lines of one side of a hunk, as text. */
static GString *side_text(const struct pr_set *s, const struct pr_hunk *h,
			  char without)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);

		if (l->kind == without)
			continue;
		g_string_append_len(out, l->p, l->len);
		if (!l->no_eol)
			g_string_append_c(out, '\n');
	}
	return out;
}

/*
 * Mark in a view of side @side ('+', '-') what the hunk changes: the lines that
 * only this side has, and the places where the other side has more.  @at: the
 * line of the view where the hunk starts.
 */
static void mark_hunk(struct lint_view *v, const struct pr_set *s,
		      const struct pr_hunk *h, guint at, char side)
{
	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);

		if (l->kind != ' ' && l->kind != side) {
			if (at && at <= v->lines->len)
				g_array_index(v->lines, struct lint_line,
					      at - 1).cut = 1;
			continue;
		}
		if (at < v->lines->len)
			g_array_index(v->lines, struct lint_line, at).added =
				l->kind == side;
		at++;
	}
}

/* The name of the function that git says the hunk is in. */
static void set_section(struct lint_view *v, const struct pr_hunk *h)
{
	if (!v->whole && h->section_len)
		v->section = g_strndup(h->section, h->section_len);
}

/* One side of a hunk as a view; NULL if that side is empty. */
static struct lint_view *hunk_view(const struct pr_set *s,
				   const struct pr_file *f,
				   const struct pr_hunk *h, char side)
{
	gboolean after = side == '+';
	const char *path = after ? f->new_path : f->old_path;
	struct lint_view *v;
	GString *t;
	gsize size;

	if (!path || !(after ? h->new_n : h->old_n))
		return NULL;
	t = side_text(s, h, after ? '-' : '+');
	size = t->len;
	v = lint_view_new(path, g_string_free(t, FALSE), size,
			  after ? h->new_start : h->old_start);
	/* A file that is created or deleted is all there. */
	v->whole = after ? !f->old_path : !f->new_path;
	set_section(v, h);
	mark_hunk(v, s, h, 0, side);
	return v;
}

/* Only the hunks are known. */
static void judge_hunks(struct lint *x, const struct pr_set *s,
			const struct pr_file *f, gboolean fits)
{
	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		struct lint_view *v = hunk_view(s, f, h, '+');
		struct lint_view *old = hunk_view(s, f, h, '-');

		if (v)
			lint_judge(x, v, old, fits);
		else if (old)
			lint_judge_deleted(x, old);
	}
}

void lint_judge_hunks(struct lint *x, const struct pr_set *s,
		      const struct pr_file *f)
{
	judge_hunks(x, s, f, TRUE);
}

static gboolean same_at(const struct lint_view *v, guint at,
			const struct pr_set *s, const struct pr_hunk *h,
			char without)
{
	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);
		const char *p;
		gsize len;

		if (l->kind == without)
			continue;
		if (at >= v->lines->len)
			return FALSE;
		p = lint_view_line_text(v, at++, &len);
		if (len != l->len || memcmp(p, l->p, len))
			return FALSE;
	}
	return TRUE;
}

#define MAX_OFFSET 2000	/* lines that a hunk may have moved */

/* The line (from 0) where the side of the hunk without @without stands. */
static int find_hunk(const struct lint_view *v, gint64 want, guint from,
		     const struct pr_set *s, const struct pr_hunk *h,
		     char without)
{
	for (gint64 d = 0; d <= MAX_OFFSET; d++) {
		if (want + d >= from && want + d <= v->lines->len &&
		    same_at(v, want + d, s, h, without))
			return want + d;
		if (d && want - d >= from && same_at(v, want - d, s, h,
						     without))
			return want - d;
	}
	return -1;
}

struct place { guint new_at, old_at; };	/* of a hunk: lines from 0 */

/*
 * The text with all hunks applied (or, @back, undone), and where the hunks stand
 * after and before the patch, one each, in @places (struct place).  NULL if a
 * hunk does not fit.
 */
static GString *apply(const char *text, gsize size, const struct pr_set *s,
		      const struct pr_file *f, gboolean back, GArray *places)
{
	struct lint_view *v = lint_view_new("", g_memdup2(text, size), size, 1);
	char without = back ? '-' : '+';
	GString *out = g_string_sized_new(size + 64);
	gint64 delta = 0;
	guint from = 0, at_new = 0;
	gsize len;

	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		guint n = back ? h->new_n : h->old_n;
		guint start = back ? h->new_start : h->old_start;
		gint64 want = (gint64)start - (n ? 1 : 0) + delta;
		int at = find_hunk(v, MAX(want, 0), from, s, h, without);
		GString *t;
		struct place place;

		if (at < 0) {
			g_string_free(out, TRUE);
			out = NULL;
			break;
		}
		delta += at - want;
		for (; from < (guint)at; from++, at_new++) {
			const char *p = lint_view_line_text(v, from, &len);

			g_string_append_len(out, p, len);
			if (p + len < v->text + v->size)
				g_string_append_c(out, '\n');
		}
		place.new_at = back ? (guint)at : at_new;
		place.old_at = back ? at_new : (guint)at;
		g_array_append_val(places, place);
		t = side_text(s, h, back ? '+' : '-');
		g_string_append_len(out, t->str, t->len);
		g_string_free(t, TRUE);
		from += n;
		at_new += back ? h->old_n : h->new_n;
	}
	for (; out && size && from < v->lines->len; from++) {
		const char *p = lint_view_line_text(v, from, &len);

		g_string_append_len(out, p, len);
		if (p + len < v->text + v->size)
			g_string_append_c(out, '\n');
	}
	lint_view_free(v);
	return out;
}

void lint_state_free(gpointer p)
{
	struct lint_state *t = p;

	if (!t)
		return;
	g_free(t->text);
	g_free(t);
}

static void set_state(struct lint *x, const char *path, const char *text,
		      gsize size)
{
	struct lint_state *t = NULL;

	if (text) {
		t = g_new0(struct lint_state, 1);
		t->text = g_malloc(size + 1);
		memcpy(t->text, text, size);
		t->text[size] = '\0';
		t->size = size;
	}
	g_hash_table_insert(x->state, g_strdup(path), t);
}

/* The text of a file as the patches so far leave it, or NULL. */
static const struct lint_state *state_of(struct lint *x, const char *path)
{
	gsize size;
	char *text;

	if (!g_hash_table_contains(x->state, path)) {
		text = tree_read(x->req->root, path, &size, TRUE);
		set_state(x, path, text, size);
		g_free(text);
	}
	return g_hash_table_lookup(x->state, path);
}

static struct lint_view *view_of_text(const char *path, const char *text,
				      gsize size)
{
	char *copy = g_malloc(size + 1);
	struct lint_view *v;

	memcpy(copy, text, size);
	copy[size] = '\0';
	v = lint_view_new(path, copy, size, 1);
	v->whole = TRUE;
	return v;
}

struct lint_view *lint_whole_view(const struct pr_set *s,
				  const struct pr_file *f, char side,
				  const char *text, gsize size)
{
	struct lint_view *v = view_of_text(side == '+' ? f->new_path :
					   f->old_path, text, size);

	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		guint start = side == '+' ? h->new_start : h->old_start;
		guint n = side == '+' ? h->new_n : h->old_n;

		mark_hunk(v, s, h, start - (n ? 1 : 0), side);
	}
	return v;
}

/* Judge a whole file, from its text after and before the patch. */
static void judge_texts(struct lint *x, const struct pr_set *s,
			const struct pr_file *f, const char *after,
			gsize after_size, const char *before,
			gsize before_size, const GArray *places)
{
	struct lint_view *v = view_of_text(f->new_path, after, after_size);
	struct lint_view *old = NULL;

	if (f->old_path)
		old = view_of_text(f->old_path, before, before_size);
	for (guint i = 0; i < places->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		const struct place *p = &g_array_index(places, struct place, i);

		mark_hunk(v, s, h, p->new_at, '+');
		if (old)
			mark_hunk(old, s, h, p->old_at, '-');
	}
	lint_judge(x, v, old, TRUE);
}

/* The tree is as before the patch: apply it in memory.  FALSE: it is not. */
static gboolean judge_forward(struct lint *x, const struct pr_set *s,
			      const struct pr_file *f)
{
	GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));
	const struct lint_state *old = f->old_path ?
				       state_of(x, f->old_path) : NULL;
	GString *text = NULL;

	if (old)
		text = apply(old->text, old->size, s, f, FALSE, places);
	if (text) {
		judge_texts(x, s, f, text->str, text->len, old->text,
			    old->size, places);
		if (strcmp(f->old_path, f->new_path))
			set_state(x, f->old_path, NULL, 0);
		set_state(x, f->new_path, text->str, text->len);
		g_string_free(text, TRUE);
	}
	g_array_free(places, TRUE);
	return text != NULL;
}

/* The tree is as after the patch: undo it in memory. */
static gboolean judge_backward(struct lint *x, const struct pr_set *s,
			       const struct pr_file *f)
{
	GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));
	const struct lint_state *now = state_of(x, f->new_path);
	GString *text = NULL;

	if (now)
		text = apply(now->text, now->size, s, f, TRUE, places);
	if (text) {
		judge_texts(x, s, f, now->text, now->size, text->str,
			    text->len, places);
		set_state(x, f->new_path, NULL, 0);
		if (f->old_path)
			set_state(x, f->old_path, text->str, text->len);
		g_string_free(text, TRUE);
	}
	g_array_free(places, TRUE);
	return text != NULL;
}

void lint_note_patch(struct lint *x, const struct pr_patch *p)
{
	struct lint_patch_info *i = g_new0(struct lint_patch_info, 1);

	i->subject = p->subject ? g_utf8_make_valid(p->subject, -1) : NULL;
	i->author = g_strdup(p->author);
	i->commit = g_strdup(p->commit);
	g_ptr_array_add(x->res->patches, i);
}

/* A deleted file has no new text; what it used may be added elsewhere. */
static void judge_gone(struct lint *x, const struct pr_set *s,
		       const struct pr_file *f)
{
	for (guint i = 0; i < f->hunks->len; i++) {
		struct lint_view *old = hunk_view(s, f, pr_hunk_at(f, i), '-');

		if (old)
			lint_judge_deleted(x, old);
	}
}

gboolean lint_file_counts(struct lint *x, const struct pr_set *s,
			  const struct pr_file *f)
{
	const char *path = f->new_path ? f->new_path : f->old_path;

	if (!path || !lint_is_wanted(x, path)) {
		if (path && lint_is_source(path))
			judge_gone(x, s, f);
		return FALSE;
	}
	if (f->binary) {
		lint_not_judged(x, path, "binary");
		return FALSE;
	}
	if ((f->mode & 0170000) == 0120000 || (f->mode & 0170000) == 0160000) {
		lint_not_judged(x, path, "a symbolic link or a submodule");
		return FALSE;
	}
	x->res->files++;
	if (!f->new_path)
		judge_gone(x, s, f);
	return f->new_path && f->hunks->len;
}

void lint_note_headers(struct lint *x, const struct pr_set *s)
{
	for (guint i = 0; x->decls && i < s->patches->len; i++) {
		const struct pr_patch *p = s->patches->pdata[i];

		for (guint k = 0; k < p->files->len; k++) {
			const struct pr_file *f = p->files->pdata[k];

			if (!f->new_path || f->binary ||
			    !g_str_has_suffix(f->new_path, ".h"))
				continue;
			for (guint h = 0; h < f->hunks->len; h++) {
				GString *t = side_text(s, pr_hunk_at(f, h), '-');

				lint_decls_change(x->decls, f->new_path,
						  t->str, t->len);
				g_string_free(t, TRUE);
			}
		}
	}
}

struct late { guint patch; const struct pr_file *f; };

/* Files that the tree has as they are after the patches: from the last back. */
static void judge_late(struct lint *x, const struct pr_set *s, GArray *late)
{
	for (guint i = late->len; i-- > 0; ) {
		const struct late *l = &g_array_index(late, struct late, i);

		x->patch = l->patch;
		if (judge_backward(x, s, l->f))
			continue;
		judge_hunks(x, s, l->f, FALSE);
		g_ptr_array_add(x->res->problems,
			g_strdup_printf("%s: the patch does not fit the tree, neither before nor after it: judged by its text alone",
					l->f->new_path));
	}
}

/* A file that the patch creates, or a patch alone: nothing else is known. */
static void judge_alone(struct lint *x, const struct pr_set *s,
			const struct pr_file *f)
{
	judge_hunks(x, s, f, TRUE);
	if (x->req->tree && f->hunks->len == 1) {
		GString *t = side_text(s, pr_hunk_at(f, 0), '-');

		set_state(x, f->new_path, t->str, t->len);
		g_string_free(t, TRUE);
	}
}

void lint_collect_patch(struct lint *x, const struct pr_set *s)
{
	GArray *late = g_array_new(FALSE, FALSE, sizeof(struct late));
	GHashTable *after = g_hash_table_new(g_str_hash, g_str_equal);

	lint_note_headers(x, s);
	for (x->patch = 0; x->patch < s->patches->len; x->patch++) {
		const struct pr_patch *p = s->patches->pdata[x->patch];

		lint_note_patch(x, p);
		for (guint i = 0; i < p->files->len; i++) {
			const struct pr_file *f = p->files->pdata[i];
			struct late l = { x->patch, f };

			if (!lint_file_counts(x, s, f))
				continue;
			if (!x->req->tree || !f->old_path) {
				judge_alone(x, s, f);
				continue;
			}
			if (!g_hash_table_contains(after, f->new_path) &&
			    judge_forward(x, s, f))
				continue;
			g_hash_table_add(after, f->new_path);
			g_hash_table_remove(x->state, f->new_path);
			g_array_append_val(late, l);
		}
	}
	judge_late(x, s, late);
	g_hash_table_destroy(after);
	g_array_free(late, TRUE);
}
