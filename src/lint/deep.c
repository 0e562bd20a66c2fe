// SPDX-License-Identifier: GPL-2.0-only
/*
 * The deep stage: libclang reads the changed files in cells, and its types say
 * what is a handle.  Only cells that are prepared already: preparing one runs
 * the tree's Kconfig, which lint does not.  Generic files are read in the cells
 * that read all files, those of an arch in its own.  A header is read through
 * the changed .c files that include it, or through a unit of ours that does
 * nothing else.  Of a series the last state of a file is read.
 */
#include <string.h>

#include "read/ast.h"
#include "read/cell.h"
#include "lint/lint.h"
#include "read/reading.h"
#include "text/source.h"

struct deep {
	const struct lint_rules *rules;
	const struct lint_deep *conv;
	GHashTable *views;	/* file -> the last whole view of it */
	GHashTable *seen;	/* "rule file off" set */
	GHashTable *walked;	/* files that some unit showed */
	GPtrArray *out;
};

static gboolean has(char **list, const char *s)
{
	return list && g_strv_contains((const char *const *)list, s);
}

static void add(struct deep *x, const struct ast_facts *a, const char *kind,
		const char *file, gsize off, const char *what)
{
	struct lint_view *v = g_hash_table_lookup(x->views, file);

	if (!v || off >= v->size)
		return;
	for (guint i = 0; i < x->rules->rules->len; i++) {
		struct lint_rule *r = x->rules->rules->pdata[i];
		struct lint_finding *f;
		char *key;

		if (r->off || !has(r->deep, kind) ||
		    !g_str_has_prefix(r->id, x->conv->conversion) ||
		    !lint_globs_match(r->files, file))
			continue;
		key = g_strdup_printf("%s %s %" G_GSIZE_FORMAT, r->id, file,
				      off);
		if (!g_hash_table_add(x->seen, key))
			continue;
		f = lint_finding_new(r, v, off, 1);
		f->end_col = 0;
		f->message = lint_message(r, v->file, what, NULL);
		f->sure = LINT_CERTAIN;
		f->evidence = g_strdup_printf("types in %s", a->cell);
		g_ptr_array_add(x->out, f);
	}
}

static char class_of(GHashTable *classes, const char *key)
{
	const struct ast_decl *d;

	if (!key[1])
		return key[0] == 'H' || key[0] == 'P' ? key[0] : 0;
	d = g_hash_table_lookup(classes, key);
	return d ? d->cls : 0;
}

/* Where a value is spelled in a file of the change, or where it is expanded. */
static void add_event(struct deep *x, const struct ast_facts *a,
		      const struct ast_event *e, const char *kind,
		      const char *what)
{
	if (e->file && g_hash_table_contains(x->views, e->file))
		add(x, a, kind, e->file, e->off, what);
	else if (e->xfile)
		add(x, a, kind, e->xfile, e->xoff, what);
}

/* Is the seed type still a pointer to the old struct in this cell? */
static gboolean is_old(const struct deep *x, const struct ast_facts *a)
{
	char *old = g_strdup_printf("struct %s *", x->conv->old_struct);
	gboolean yes = FALSE;

	for (guint i = 0; i < a->typedefs->len; i++) {
		const struct ast_typedef *t = a->typedefs->pdata[i];

		yes |= has(x->conv->types, t->name) &&
		       !g_strcmp0(t->underlying, old);
	}
	g_free(old);
	return yes;
}

static void take_events(struct deep *x, const struct ast_facts *a)
{
	GHashTable *classes = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean old = is_old(x, a);

	for (guint i = 0; i < a->decls->len; i++) {
		struct ast_decl *d = a->decls->pdata[i];

		g_hash_table_insert(classes, d->key, d);
	}
	for (guint i = 0; i < a->events->len; i++) {
		const struct ast_event *e = a->events->pdata[i];
		char s = class_of(classes, e->src), d = class_of(classes, e->dst);
		char *what = NULL;

		if (s == 'H' && old && g_str_has_prefix(e->dst, "m:") &&
		    strcmp(e->dst, "m:*")) {
			what = g_strdup_printf("a member of struct %s, '%s', is taken of a handle",
					       x->conv->old_struct, e->dst + 2);
			add_event(x, a, e, "member", what);
		} else if (s == 'H' && d == 'P') {
			what = g_strdup_printf("a handle goes where a struct %s is wanted",
					       x->conv->old_struct);
			add_event(x, a, e, "old", what);
		} else if (s == 'P' && d == 'H') {
			what = g_strdup_printf("a struct %s is taken for a handle",
					       x->conv->old_struct);
			add_event(x, a, e, "old", what);
		}
		g_free(what);
	}
	g_hash_table_destroy(classes);
}

/* Does a message of the compiler's speak of handles? */
static gboolean is_ours(const struct deep *x, const char *text)
{
	char *name = g_strdup_printf("struct %s", x->conv->new_struct);
	gboolean ours = strstr(text, name) != NULL;

	for (char **t = x->conv->types; *t; t++)
		ours |= strstr(text, *t) != NULL;
	g_free(name);
	return ours;
}

/* Where the tree is converted, a wrong type is an error of the compiler's. */
static void take_errors(struct deep *x, const struct ast_facts *a)
{
	for (guint i = 0; i < a->diags->len; i++) {
		const struct ast_diag *d = a->diags->pdata[i];
		struct lint_view *v = d->file ?
			g_hash_table_lookup(x->views, d->file) : NULL;

		if (!v || !is_ours(x, d->text) || !d->line ||
		    d->line > v->lines->len)
			continue;
		add(x, a, "old", d->file,
		    g_array_index(v->lines, struct lint_line,
				  d->line - 1).off + MAX(d->col, 1) - 1,
		    d->text);
	}
}

static gboolean fits(const struct cell_info *c, const char *arch,
		     char **globs)
{
	if (!c->ready || (arch && strcmp(c->srcarch, arch)))
		return FALSE;
	for (char **g = globs; g && *g; g++)
		if (g_pattern_match_simple(*g, c->name))
			return TRUE;
	return !globs && (arch || c->all_units);
}

/* Unit @unit, for @file, in each cell that fits; how many. */
static guint add_units(GPtrArray *units, const GPtrArray *cells,
		       const char *file, const char *unit, char **globs)
{
	char *arch = source_arch(file);
	guint before = units->len;

	for (guint i = 0; i < cells->len; i++) {
		struct fact_unit *u;

		if (!fits(cells->pdata[i], arch, globs))
			continue;
		u = g_new0(struct fact_unit, 1);
		u->cell = cells->pdata[i];
		u->file = g_strdup(unit);
		g_ptr_array_add(units, u);
	}
	g_free(arch);
	return units->len - before;
}

static void unit_free(gpointer p)
{
	struct fact_unit *u = p;

	g_free(u->file);
	g_free(u);
}

static GList *files_of(const struct deep *x)
{
	return g_list_sort(g_hash_table_get_keys(x->views),
			   (GCompareFunc)strcmp);
}

static int read_units(struct deep *x, const struct tree *tree,
		      const GPtrArray *units, GHashTable *files,
		      GArray *unsaved, int jobs, GPtrArray *problems)
{
	struct reading_result res = { 0 };
	struct reading r = {
		.tree = tree->path, .types = x->conv->types,
		.old_struct = x->conv->old_struct, .files = files,
		.jobs = jobs,
		.unsaved = (struct ast_unsaved *)unsaved->data,
		.n_unsaved = unsaved->len,
	};
	int ret;

	if (!units->len)
		return 0;
	ret = reading_run(&r, units, &res);
	for (guint i = 0; !ret && i < res.facts->len; i++) {
		const struct ast_facts *a = res.facts->pdata[i];

		take_events(x, a);
		take_errors(x, a);
		for (guint k = 0; k < a->deps->len; k++) {
			const struct ast_dep *d = a->deps->pdata[k];

			if (g_hash_table_contains(files, d->path))
				g_hash_table_add(x->walked, g_strdup(d->path));
		}
	}
	for (guint i = 0; !ret && i < res.failed->len; i++)
		g_ptr_array_add(problems, g_strdup(res.failed->pdata[i]));
	if (res.facts)
		g_ptr_array_free(res.facts, TRUE);
	if (res.failed)
		g_ptr_array_free(res.failed, TRUE);
	return ret;
}

/* A unit, beside the header, of what everybody includes and the header. */
static char *header_unit(const struct lint_deep *conv, const char *header)
{
	GString *s = g_string_new(NULL);
	char *base = g_path_get_basename(header);

	for (char **i = conv->include; *i; i++)
		g_string_append_printf(s, "#include <%s>\n", *i);
	g_string_append_printf(s, "#include \"%s\"\n", base);
	g_free(base);
	return g_string_free(s, FALSE);
}

/* The changed .c files, then the headers that none of them showed. */
static int read_conversion(struct deep *x, const struct tree *tree,
			   const GPtrArray *cells, char **globs, int jobs,
			   GPtrArray *problems)
{
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	GArray *unsaved = g_array_new(FALSE, FALSE, sizeof(struct ast_unsaved));
	GPtrArray *units = g_ptr_array_new_with_free_func(unit_free);
	GPtrArray *mine = g_ptr_array_new_with_free_func(g_free);
	GList *names = files_of(x);
	GHashTableIter it;
	struct lint_view *v;
	int ret;

	g_hash_table_iter_init(&it, x->views);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&v))
		g_hash_table_add(files, v->file);
	/* In one order: the cache goes by it. */
	for (GList *f = names; f; f = f->next) {
		v = g_hash_table_lookup(x->views, f->data);
		struct ast_unsaved u = { v->file, v->text, v->size };

		g_array_append_val(unsaved, u);
		if (g_str_has_suffix(v->file, ".c"))
			add_units(units, cells, v->file, v->file, globs);
	}
	ret = read_units(x, tree, units, files, unsaved, jobs, problems);
	g_ptr_array_set_size(units, 0);
	for (GList *f = names; f && !ret; f = f->next) {
		char *unit = g_strconcat(f->data, ".c", NULL);
		struct ast_unsaved u = { .file = unit };

		g_ptr_array_add(mine, unit);
		if (!g_str_has_suffix(f->data, ".h") ||
		    g_hash_table_contains(x->walked, f->data) ||
		    !add_units(units, cells, f->data, unit, globs))
			continue;
		u.text = header_unit(x->conv, f->data);
		u.size = strlen(u.text);
		g_ptr_array_add(mine, (char *)u.text);
		g_array_append_val(unsaved, u);
	}
	if (!ret)
		ret = read_units(x, tree, units, files, unsaved, jobs,
				 problems);
	g_list_free(names);
	g_ptr_array_free(mine, TRUE);
	g_ptr_array_free(units, TRUE);
	g_array_free(unsaved, TRUE);
	g_hash_table_destroy(files);
	return ret;
}

/* C, and a rule that asks for types may speak of it. */
static gboolean is_asked(const struct lint_rules *r, struct lint_view *v,
			 const GPtrArray *decls)
{
	if (!source_is_c(v->file))
		return FALSE;
	for (guint i = 0; i < r->rules->len; i++) {
		const struct lint_rule *rule = r->rules->pdata[i];

		if (!rule->off && rule->deep[0] &&
		    lint_rule_wants(rule, v, decls))
			return TRUE;
	}
	return FALSE;
}

int lint_deep(const struct lint_rules *r, const struct tree *tree,
	      char **globs, const GPtrArray *views, const GPtrArray *decls,
	      int jobs, GPtrArray *out, GPtrArray *problems)
{
	GPtrArray *cells = cells_prepared(tree->path, jobs);
	struct deep x = { .rules = r, .out = out };
	GList *names;
	int ret = 0;

	if (!cells)
		return -1;
	x.views = g_hash_table_new(g_str_hash, g_str_equal);
	x.walked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 NULL);
	for (guint i = 0; i < views->len; i++) {
		struct lint_view *v = views->pdata[i];

		if (is_asked(r, v, decls))
			g_hash_table_replace(x.views, v->file, v);
	}
	for (guint i = 0; i < r->deep->len && !ret; i++) {
		x.conv = r->deep->pdata[i];
		x.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       NULL);
		ret = read_conversion(&x, tree, cells, globs, jobs, problems);
		g_hash_table_destroy(x.seen);
	}
	names = files_of(&x);
	for (GList *f = names; f && !ret; f = f->next)
		if (!g_hash_table_contains(x.walked, f->data))
			g_ptr_array_add(problems, g_strdup_printf(
				"%s: no prepared cell reads it; 'treewide cell prepare --mode read' prepares them",
				(char *)f->data));
	g_list_free(names);
	for (guint i = 0; i < views->len; i++) {
		struct lint_view *v = views->pdata[i];

		v->deep = g_hash_table_contains(x.walked, v->file);
	}
	g_hash_table_destroy(x.views);
	g_hash_table_destroy(x.walked);
	g_ptr_array_free(cells, TRUE);
	return ret;
}
