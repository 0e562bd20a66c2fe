// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the units that the sites ask for in every cell and follows the flow,
 * until no function is left whose mentions in the tree nobody looked at.  A
 * closed world is a claim about text: every mention was read, and so was every
 * expansion of a macro that holds one.
 */
#include <string.h>

#include "convert/internal.h"
#include "base/diag.h"
#include "tree/scan.h"

/* A name with more files than this is a common helper, not ours to change. */
#define CLOSED_WORLD_FILES 16
#define MAX_ROUNDS 4
#define MAX_DEPTH 16

/* How many of @todo does @file mention?  Strike them out if @strike. */
static guint mentions(const struct convert *c, const char *file,
		      GHashTable *todo, gboolean strike)
{
	GHashTable *hit = g_hash_table_new(g_str_hash, g_str_equal);
	guint n;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];

		if (convert_is_code(s) && !strcmp(s->file, file) &&
		    g_hash_table_contains(todo, s->symbol))
			g_hash_table_add(hit, s->symbol);
	}
	n = g_hash_table_size(hit);
	if (strike) {
		GHashTableIter it;
		gpointer k;

		g_hash_table_iter_init(&it, hit);
		while (g_hash_table_iter_next(&it, &k, NULL))
			g_hash_table_remove(todo, k);
	}
	g_hash_table_destroy(hit);
	return n;
}

/*
 * A few generic units that together mention every symbol that any generic unit
 * mentions: greedy, the first by name among equals.
 */
static GHashTable *generic_cover(const struct convert *c)
{
	GHashTable *todo = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *cover = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];

		if (convert_is_code(s) && g_str_has_suffix(s->file, ".c") &&
		    !g_str_has_prefix(s->file, "arch/"))
			g_hash_table_add(todo, s->symbol);
	}
	while (g_hash_table_size(todo)) {
		const struct source *best = NULL;
		guint most = 0;

		for (guint k = 0; k < c->source_list->len; k++) {
			const struct source *s = c->source_list->pdata[k];
			guint n;

			if (s->arch || !g_str_has_suffix(s->file, ".c"))
				continue;
			n = mentions(c, s->file, todo, FALSE);
			if (n > most) {
				most = n;
				best = s;
			}
		}
		if (!best)
			break;
		mentions(c, best->file, todo, TRUE);
		g_hash_table_add(cover, best->file);
	}
	g_hash_table_destroy(todo);
	return cover;
}

/*
 * In each cell: the units of its arch that have sites, and generic ones, which
 * pull in the headers.  Cells whose data says so read all generic units; the
 * others a few that mention every symbol, so that each meets what the arch
 * makes of it.
 */
static void choose_units(struct convert *c)
{
	GHashTable *cover = generic_cover(c);

	g_ptr_array_set_size(c->units, 0);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!cell->ready)
			continue;
		for (guint k = 0; k < c->source_list->len; k++) {
			const struct source *s = c->source_list->pdata[k];

			if (!g_str_has_suffix(s->file, ".c"))
				continue;
			if (s->arch ? !strcmp(s->arch, cell->srcarch) :
			    cell->all_units ||
			    g_hash_table_contains(cover, s->file))
				convert_add_unit(c, cell, s->file);
		}
	}
	g_hash_table_destroy(cover);
}

int convert_read_units(struct convert *c, const struct ast_unsaved *unsaved,
		       guint n_unsaved, struct reading_result *out)
{
	struct reading r = {
		.tree = c->t->path,
		.types = c->m->types,
		.old_struct = c->h->old,
		.files = unsaved ? NULL : c->code_files,
		.unsaved = unsaved,
		.n_unsaved = n_unsaved,
		.jobs = c->jobs,
	};

	if (reading_run(&r, c->units, out))
		return -1;
	convert_note_unread(c, out->failed);
	return 0;
}

static char *open_by(const char *name, const char *file, void *data);

/* What another arch does under a name is no matter of this one. */
static gboolean other_arch(const char *a, const char *b)
{
	char *x = source_arch(a), *y = source_arch(b);
	gboolean yes = x && y && strcmp(x, y);

	g_free(x);
	g_free(y);
	return yes;
}

/* Who may reach @name through the macros that call it, or NULL. */
static char *open_by_macro(struct convert *c, const char *name,
			   const char *file)
{
	char *prefix = g_strconcat(name, " ", NULL), *why = NULL;
	GHashTableIter it;
	gpointer k, m;

	if (c->depth >= MAX_DEPTH)
		return g_strdup_printf("%s is called through too many macros",
				       name);
	c->depth++;
	g_hash_table_iter_init(&it, c->through);
	while (!why && g_hash_table_iter_next(&it, &k, &m))
		if (g_str_has_prefix(k, prefix) &&
		    !g_hash_table_contains(c->symbols, m) &&
		    !other_arch(strrchr(k, ' ') + 1, file))
			why = open_by(m, file, c);
	c->depth--;
	g_free(prefix);
	return why;
}

static char *open_by(const char *name, const char *file, void *data)
{
	struct convert *c = data;
	gpointer v;

	if (!g_hash_table_lookup_extended(c->mentions, name, NULL, &v)) {
		g_hash_table_add(c->asked, g_strdup(name));
		return NULL;	/* for now; the next round knows */
	}
	if (!v)
		return g_strdup_printf("%s is used in too many files, in none, or was met after %d rounds of reading",
				       name, MAX_ROUNDS);
	for (guint i = 0; i < ((GPtrArray *)v)->len; i++) {
		const char *f = ((GPtrArray *)v)->pdata[i];

		if (!other_arch(f, file) &&
		    !g_hash_table_contains(c->code_files, f))
			return g_strdup_printf("%s is also mentioned in %s, which was not read",
					       name, f);
	}
	return open_by_macro(c, name, file);
}

/* May the macro become ours?  A helper of the old type stays, whoever uses it. */
static gboolean closed(const char *name, const char *file, void *data)
{
	struct convert *c = data;
	char *why;

	if (handle_is_helper(c->h, name))
		return FALSE;
	why = open_by(name, file, data);
	g_free(why);
	return !why;
}

static const char *fixed(const struct ast_decl *d, void *data)
{
	struct convert *c = data;
	const struct source *s = g_hash_table_lookup(c->sources, d->file);

	/* A file that was not read yet: open_by() asks for it. */
	return s ? handle_fixed(c->h, s, d) : NULL;
}

static void add_aliases(GHashTable *yields, void *data)
{
	handle_add_aliases(((struct convert *)data)->source_list, yields);
}

struct look_up {
	struct convert *c;
	GHashTable *found;	/* function -> files */
};

/* The macro in whose body byte @off of @file stands, or NULL. */
static const char *macro_around(struct convert *c, const char *file, gsize off)
{
	struct source *s = convert_source(c, file);

	for (guint i = 0; s && i < s->macros->len; i++) {
		const struct source_macro *m = s->macros->pdata[i];

		if (m->body <= off && off < m->body_end)
			return m->name;
	}
	return NULL;
}

static const char *macro_of(const struct ast_decl *d, void *data)
{
	return macro_around(data, d->file, d->name_off);
}

static int note_mention(const struct site *s, void *data)
{
	struct look_up *l = data;
	GPtrArray *v = g_hash_table_lookup(l->found, s->symbol);

	if (!convert_is_code(s) && s->ctx != SITE_ASSEMBLY)
		return 0;
	if (!v) {
		v = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(l->found, g_strdup(s->symbol), v);
	}
	if (!v->len || strcmp(v->pdata[v->len - 1], s->file))
		g_ptr_array_add(v, g_strdup(s->file));
	/* Whoever expands the macro calls the function. */
	if (s->ctx == SITE_MACRO) {
		const char *m = macro_around(l->c, s->file, s->off);

		if (m && strcmp(m, s->symbol))
			g_hash_table_insert(l->c->through,
				g_strdup_printf("%s %s %s", s->symbol, m,
						s->file),
				g_strdup(m));
	}
	return 0;
}

/* Look up the functions that the flow asked for; TRUE when files were added. */
static gboolean look_up(struct convert *c)
{
	char **names = (char **)g_hash_table_get_keys_as_array(c->asked, NULL);
	GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal,
			g_free, (GDestroyNotify)g_ptr_array_unref);
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = c->t->path, .types = none, .symbols = names,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };
	gboolean more = FALSE;

	if (!l || scan_tree(&req, l, &res))
		goto out;
	g_ptr_array_free(res.symbols, TRUE);
	ledger_each(l, note_mention, &(struct look_up){ c, found });
	for (char **n = names; *n; n++) {
		GPtrArray *v = g_hash_table_lookup(found, *n);
		guint other = 0;

		for (guint i = 0; v && i < v->len; i++)
			other += !g_hash_table_contains(c->code_files,
							v->pdata[i]);
		if (!v || other > CLOSED_WORLD_FILES) {
			g_hash_table_insert(c->mentions, g_strdup(*n), NULL);
			continue;
		}
		g_hash_table_insert(c->mentions, g_strdup(*n),
				    g_ptr_array_ref(v));
		for (guint i = 0; i < v->len; i++)
			if (source_is_c(v->pdata[i]) &&
			    g_hash_table_add(c->code_files,
					     g_strdup(v->pdata[i])))
				more = TRUE;
	}
out:
	ledger_close(l);
	g_hash_table_destroy(found);
	g_hash_table_remove_all(c->asked);
	g_free(names);
	return more;
}

/* Who asks too late for a function gets no answer: anyone may call it. */
static void leave_open(struct convert *c)
{
	GHashTableIter it;
	gpointer name;

	g_hash_table_iter_init(&it, c->asked);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_hash_table_insert(c->mentions, g_strdup(name), NULL);
	g_hash_table_remove_all(c->asked);
}

static void note_follows(struct convert *c)
{
	for (guint i = 0; i < c->flow->decls->len; i++) {
		struct flow_decl *d = c->flow->decls->pdata[i];
		const struct source *s = g_hash_table_lookup(c->sources,
							     d->file);

		d->follows = s && handle_follows(c->h, s, d);
	}
}

int convert_resolve(struct convert *c)
{
	for (guint round = 1; ; round++) {
		struct reading_result r = { 0 };
		struct flow_request req;
		gboolean more = FALSE;

		convert_load_sources(c);
		choose_units(c);
		if (convert_read_units(c, NULL, 0, &r))
			return -1;
		if (c->facts)
			g_ptr_array_free(c->facts, TRUE);
		c->facts = r.facts;
		c->res->units = c->units->len;
		c->res->units_cached = r.cached;
		g_ptr_array_free(r.failed, TRUE);
		req = (struct flow_request) {
			.facts = c->facts,
			.old_struct = c->h->old,
			.members = c->h->members,
			.retype = c->h->retype,
			.allocators = c->h->allocators,
			.symbols = c->symbols,
			.open = open_by,
			.macro = macro_of,
			.aliases = add_aliases,
			.fixed = fixed,
			.data = c,
		};
		do {
			flow_free(c->flow);
			c->flow = flow_new(&req);
			handle_mark_macros(c->source_list, c->flow, c->facts,
					   c->symbols, closed, c);
			if (!g_hash_table_size(c->asked)) {
				note_follows(c);
				return 0;
			}
			if (round < MAX_ROUNDS)
				more = look_up(c);
			else
				leave_open(c);
		} while (!more);
	}
}
