// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what `treewide audit accessors` proved to the functions that read a
 * leaf.  hugetlb's functions read its entries at every level; the native ones of
 * a level do so on an arch only where, in each cell of the arch and at each size
 * of that level, every form that converted code needs exists, is no stub and was
 * proved to give the same answer.  One format is chosen for an arch and level
 * as a whole: a form that is missing rules out all others.  Without an audit, or
 * with a cell that it could not read, there is no proof, and hugetlb's functions
 * stay.
 */
#include <jansson.h>
#include <string.h>

#include "base/diag.h"
#include "convert/leaf/leaf.h"

#define AUDIT_VERSION 1

static const char *const forms[] = { "pmd", "pud" };

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void level_free(gpointer p)
{
	struct leaf_level *v = p;

	g_free(v->arch);
	g_ptr_array_free(v->why, TRUE);
	g_ptr_array_free(v->missing, TRUE);
	g_hash_table_destroy(v->names);
	g_free(v);
}

static struct leaf_level *level_of(struct leafc *l, const char *arch,
				   const char *form)
{
	struct leaf_level *v;

	for (guint i = 0; i < l->levels->len; i++) {
		v = l->levels->pdata[i];
		if (!strcmp(v->arch, arch) && !strcmp(v->form, form))
			return v;
	}
	v = g_new0(struct leaf_level, 1);
	v->arch = g_strdup(arch);
	v->form = form;
	v->why = g_ptr_array_new_with_free_func(g_free);
	v->missing = g_ptr_array_new_with_free_func(g_free);
	v->names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	g_ptr_array_add(l->levels, v);
	return v;
}

static void add_why(struct leaf_level *v, char *why)
{
	if (g_ptr_array_find_with_equal_func(v->why, why, g_str_equal, NULL))
		g_free(why);
	else
		g_ptr_array_add(v->why, why);
}

/* All that is missing is one reason. */
static void add_missing(struct leaf_level *v, const char *need)
{
	char *name = g_strdup_printf("%s()", need), *old;

	if (g_ptr_array_find_with_equal_func(v->missing, name, g_str_equal,
					     NULL)) {
		g_free(name);
		return;
	}
	g_ptr_array_add(v->missing, name);
	if (v->missing->len == 1) {
		g_ptr_array_insert(v->why, 0, g_strdup_printf(
			"no %s form of %s", v->form, name));
		return;
	}
	old = v->why->pdata[0];
	v->why->pdata[0] = g_strconcat(old, ", ", name, NULL);
	g_free(old);
}

/* The names that converted code needs a form of: what reads, what is asked. */
static GPtrArray *needed(const struct leafc *l)
{
	GPtrArray *v = g_ptr_array_new();

	g_ptr_array_add(v, l->r.readers[0]);
	for (guint i = 0; i < l->r.helpers->len; i++) {
		const struct leaf_helper *h = l->r.helpers->pdata[i];

		/* Questions of one helper are the same: the first stands for all. */
		if (h->verb == LEAF_ASKS && leaf_answer(h))
			g_ptr_array_add(v, h->asks[0]);
	}
	return v;
}

/*
 * What else reads an entry, such as by clearing it, or changes or writes one,
 * does so in hugetlb's format: one value is never read in two.
 */
static const char *only_huge(const struct leafc *l)
{
	for (guint i = 1; l->r.readers[i]; i++)
		if (l->r.read[i])
			return l->r.readers[i];
	for (guint i = 0; i < l->r.helpers->len; i++) {
		const struct leaf_helper *h = l->r.helpers->pdata[i];

		if (h->verb != LEAF_ASKS && leaf_answer(h))
			return leaf_answer(h);
	}
	return NULL;
}

static const json_t *row_of(const json_t *cell, const char *helper,
			    const char *level)
{
	json_t *rows = json_object_get(cell, "rows"), *r;
	size_t i;

	json_array_foreach(rows, i, r)
		if (!strcmp(str(r, "helper"), helper) &&
		    !strcmp(str(r, "level"), level))
			return r;
	return NULL;
}

/* The row of @need or, where the tree calls it otherwise, of the same question. */
static const json_t *row_for(const struct leafc *l, const json_t *cell,
			     const char *need, const char *level)
{
	const struct leaf_question *q = leaf_question(l, need);
	const json_t *row = row_of(cell, need, level);

	for (char **n = q ? q->helper->asks : NULL; n && *n && !row; n++)
		row = row_of(cell, *n, level);
	return row;
}

static gboolean is_same(const json_t *row)
{
	const char *s = str(row, "same");
	const json_t *t = json_object_get(row, "in_table");

	return (!strcmp(s, "yes") || !strcmp(s, "truth")) &&
	       (!json_is_object(t) || !strcmp(str(t, "same"), "yes"));
}

/* Is the native form no proof: a stub, where hugetlb's is none? */
static gboolean is_stub(const json_t *row)
{
	return !strcmp(str(row, "state"), "fallback") &&
	       !json_is_object(json_object_get(row, "huge_is"));
}

/*
 * The place where the row's native form should stand in this tree, when the file
 * has the name, but not there; or NULL.
 */
static const char *moved(struct leafc *l, const json_t *row)
{
	const char *at = str(row, "at"), *name = str(row, "native");
	char **where = g_strsplit(at, ":", 2);
	struct source *s = where[0] && where[1] && *name ?
		convert_source(l->c, where[0]) : NULL;
	gboolean here = FALSE, elsewhere = FALSE;

	for (gsize i = 0; s && i < s->toks.n && !here; i++)
		if (source_is(s, i, name)) {
			here = s->toks.v[i].line ==
			       (guint)g_ascii_strtoull(where[1], NULL, 10);
			elsewhere = TRUE;
		}
	g_strfreev(where);
	return elsewhere && !here ? at : NULL;
}

static void judge(struct leafc *l, struct leaf_level *v,
		  const json_t *cell, const json_t *level,
		  const GPtrArray *names)
{
	const char *at = str(level, "level"), *name = str(cell, "cell");

	if (!strcmp(str(level, "format"), "unknown"))
		add_why(v, g_strdup_printf("it is not known how its entries are stored (%s, %s)",
					   name, at));
	for (guint i = 0; i < names->len; i++) {
		const char *need = names->pdata[i], *native, *known;
		const json_t *row = row_for(l, cell, need, at);

		native = row ? str(row, "native") : "";
		if (row && !l->moved && (known = moved(l, row)))
			l->moved = g_strdup_printf("%s() is not at %s",
						   native, known);
		known = g_hash_table_lookup(v->names, need);
		if (!row)
			add_why(v, g_strdup_printf("%s() is not audited", need));
		else if (!*native)
			add_missing(v, str(row, "helper"));
		else if (is_stub(row))
			add_why(v, g_strdup_printf("%s() is a stub (%s)",
						   native, name));
		else if (!strcmp(str(row, "same"), "no"))
			add_why(v, g_strdup_printf("%s() differs (%s, %s)",
						   native, name, at));
		else if (strstr(str(row, "domain"), ", without "))
			add_why(v, g_strdup_printf("%s() is proved for some kinds of entries only (%s, %s)",
						   native, name, at));
		else if (!strcmp(str(row, "method"), "run"))
			add_why(v, g_strdup_printf("%s() was only run, which is no proof (%s, %s)",
						   native, name, at));
		else if (!is_same(row))
			add_why(v, g_strdup_printf("%s() is not proved (%s, %s)",
						   native, name, at));
		else if (known && strcmp(known, native))
			add_why(v, g_strdup_printf("%s() is another one in %s",
						   need, name));
		else if (!known)
			g_hash_table_insert(v->names, (gpointer)need,
					    g_strdup(native));
	}
}

/* asm/hugetlb.h of the arch, where it says what its levels are; NULL: none. */
static struct source *place_for(struct leafc *l, const char *arch, gsize *at)
{
	char *file = g_strdup_printf("arch/%s/include/asm/hugetlb.h", arch);
	struct source *s = convert_source(l->c, file);
	const char *p = s ? strstr(s->text, "#include <asm-generic/hugetlb.h>")
			  : NULL;

	g_free(file);
	*at = p ? (gsize)(p - s->text) : 0;
	return p ? s : NULL;
}

static void judge_cell(struct leafc *l, const json_t *cell,
		       const GPtrArray *names)
{
	const char *arch = str(cell, "arch");
	json_t *levels = json_object_get(cell, "levels"), *level;
	size_t n;

	if (!json_is_true(json_object_get(cell, "read"))) {
		for (guint f = 0; f < G_N_ELEMENTS(forms); f++)
			add_why(level_of(l, arch, forms[f]), g_strdup_printf(
				"%s was not read", str(cell, "cell")));
		return;
	}
	json_array_foreach(levels, n, level) {
		const char *form = str(level, "form");
		struct leaf_level *v = NULL;

		for (guint f = 0; f < G_N_ELEMENTS(forms); f++)
			if (!strcmp(form, forms[f]))
				v = level_of(l, arch, forms[f]);
		if (!v)
			continue;
		v->found = TRUE;
		judge(l, v, cell, level, names);
	}
}

/* Native archs must agree about a name: the helpers are for all of them. */
static void agree(struct leafc *l)
{
	for (guint i = 0; i < l->levels->len; i++) {
		struct leaf_level *v = l->levels->pdata[i];
		GHashTableIter it;
		gpointer k, name;

		for (guint o = 0; o < i && !v->why->len; o++) {
			const struct leaf_level *w = l->levels->pdata[o];

			if (w->why->len || w->form != v->form)
				continue;
			g_hash_table_iter_init(&it, v->names);
			while (g_hash_table_iter_next(&it, &k, &name))
				if (g_strcmp0(name, g_hash_table_lookup(
							w->names, k)))
					add_why(v, g_strdup_printf(
						"%s() has another name than on %s",
						(char *)name, w->arch));
		}
	}
}

static int by_arch(gconstpointer a, gconstpointer b)
{
	const struct leaf_level *x = *(struct leaf_level *const *)a;
	const struct leaf_level *y = *(struct leaf_level *const *)b;
	int r = strcmp(x->arch, y->arch);

	return r ? r : strcmp(x->form, y->form);
}

int leaf_native_load(struct leafc *l)
{
	struct convert *c = l->c;
	const char *path = c->opt.accessors;
	json_error_t err;
	json_t *top, *cells, *cell;
	GPtrArray *names;
	size_t n;

	l->levels = g_ptr_array_new_with_free_func(level_free);
	if (!path)
		return 0;
	top = json_load_file(path, 0, &err);
	if (!top)
		return tw_error("%s:%d: %s", path, err.line, err.text);
	if (json_integer_value(json_object_get(top, "version")) !=
	    AUDIT_VERSION || strcmp(str(top, "audit"), "accessors"))
		return tw_error("'%s' is no JSON of 'treewide audit accessors' of this version; make it anew",
				path);
	if (strcmp(str(top, "release"), c->t->release))
		return tw_error("'%s' is about Linux %s, the tree is %s; audit this tree",
				path, str(top, "release"), c->t->release);
	l->audited = TRUE;
	names = needed(l);
	cells = json_object_get(top, "cells");
	if (!json_array_size(cells))
		return tw_error("'%s' is about no cell; make it anew", path);
	json_array_foreach(cells, n, cell)
		judge_cell(l, cell, names);
	if (l->moved)
		return tw_error("'%s' is about '%s' as it was then, not about this tree, where %s; audit this tree",
				path, str(top, "tree"), l->moved);
	g_ptr_array_sort(l->levels, by_arch);
	for (guint i = l->levels->len; i-- > 0; ) {
		struct leaf_level *v = l->levels->pdata[i];
		gsize at;

		if (only_huge(l))
			add_why(v, g_strdup_printf("%s() is hugetlb's",
						   only_huge(l)));
		if (!v->found)
			g_ptr_array_remove_index(l->levels, i);
		else if (!v->why->len && !place_for(l, v->arch, &at))
			add_why(v, g_strdup("its asm/hugetlb.h has no place to say so"));
	}
	agree(l);
	for (guint i = 0; i < l->levels->len; i++)
		l->native |= !((struct leaf_level *)
			       l->levels->pdata[i])->why->len;
	g_ptr_array_free(names, TRUE);
	json_decref(top);
	return 0;
}

/* "PT_LEAF_NATIVE_PMD"; the caller frees it. */
static char *flag_of(const char *form)
{
	char *up = g_ascii_strup(form, -1);
	char *flag = g_strconcat("PT_LEAF_NATIVE_", up, NULL);

	g_free(up);
	return flag;
}

void leaf_native_edit(struct leafc *l)
{
	for (guint i = 0; i < l->levels->len; i++) {
		const struct leaf_level *v = l->levels->pdata[i];
		char *flag = flag_of(v->form), *text;
		struct source *s;
		gsize at;

		s = v->why->len ? NULL : place_for(l, v->arch, &at);
		/* Both levels of an arch go to one place: one edit. */
		if (s && !(i && !strcmp(v->form, "pud") &&
			   !strcmp(((struct leaf_level *)
				    l->levels->pdata[i - 1])->arch, v->arch) &&
			   !((struct leaf_level *)
			     l->levels->pdata[i - 1])->why->len)) {
			const struct leaf_level *next = i + 1 < l->levels->len ?
				l->levels->pdata[i + 1] : NULL;
			gboolean both = next && !next->why->len &&
					!strcmp(next->arch, v->arch);
			char *second = both ? flag_of(next->form) : NULL;

			text = g_strdup_printf("/* The functions of the level read huge entries, too. */\n#define %s\n%s%s%s\n",
					       flag, second ? "#define " : "",
					       second ? second : "",
					       second ? "\n" : "");
			edit_add(l->c->edits, s->file, at, "", text,
				 "driver/native");
			g_free(text);
			g_free(second);
		}
		g_free(flag);
	}
}

/* "@text" in lines of a comment, broken below 80 columns. */
static void put_wrapped(GString *out, const char *text)
{
	char **words = g_strsplit(text, " ", -1);
	gsize col = 0;

	for (char **w = words; *w; w++) {
		if (!col) {
			g_string_append(out, " *");
			col = 2;
		} else if (col + 1 + strlen(*w) > 80) {
			g_string_append(out, "\n *    ");
			col = 6;
		}
		g_string_append_printf(out, " %s", *w);
		col += 1 + strlen(*w);
	}
	g_string_append_c(out, '\n');
	g_strfreev(words);
}

char *leaf_native_text(const struct leafc *l)
{
	GString *s = g_string_new(NULL);

	if (!l->audited) {
		g_string_append(s,
			" * Here it is the latter everywhere, which is right at every level; the\n"
			" * functions of the levels were not compared with them.\n");
		return g_string_free(s, FALSE);
	}
	for (guint i = 0; i < l->levels->len; i++) {
		const struct leaf_level *v = l->levels->pdata[i];
		char *form = g_ascii_strup(v->form, -1), *line, *why;

		g_ptr_array_add(v->why, NULL);
		why = g_strjoinv("; ", (char **)v->why->pdata);
		g_ptr_array_remove_index(v->why, v->why->len - 1);
		line = g_strdup_printf("%s, %s: %s%s", v->arch, form,
				       v->why->len ? "hugetlb's: " :
				       "native: all forms were proved the same",
				       why);
		put_wrapped(s, line);
		g_free(line);
		g_free(why);
		g_free(form);
	}
	return g_string_free(s, FALSE);
}

const char *leaf_native_name(const struct leafc *l, const char *question,
			     const char *form)
{
	for (guint i = 0; i < l->levels->len; i++) {
		const struct leaf_level *v = l->levels->pdata[i];

		if (!v->why->len && !strcmp(v->form, form))
			return g_hash_table_lookup(v->names, question);
	}
	return NULL;
}
