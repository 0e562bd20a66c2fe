// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the flow in what was read.  A declaration may become a handle only if
 * all uses are known.  That is a question to the text of the tree: is every
 * mention of the name in a file that was read, and every expansion of a macro
 * that holds one?  The pipeline looks names up and reads their files, until no
 * name is left.
 */
#include <string.h>

#include "convert/handle/run.h"

/* A name in more files than this is a common helper, which stays as it is. */
#define CLOSED_WORLD_FILES 16
#define MAX_DEPTH 16

int handle_read(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		guint *cached)
{
	return convert_read_values(c, c->m->types, handle_of(c)->h->old,
				   c->code_files, facts, failed, cached);
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

	if (handle_of(c)->depth >= MAX_DEPTH)
		return g_strdup_printf("%s is called through too many macros",
				       name);
	handle_of(c)->depth++;
	g_hash_table_iter_init(&it, handle_of(c)->through);
	while (!why && g_hash_table_iter_next(&it, &k, &m))
		if (g_str_has_prefix(k, prefix) &&
		    !g_hash_table_contains(c->symbols, m) &&
		    !other_arch(strrchr(k, ' ') + 1, file))
			why = open_by(m, file, c);
	handle_of(c)->depth--;
	g_free(prefix);
	return why;
}

static char *open_by(const char *name, const char *file, void *data)
{
	struct convert *c = data;
	gpointer v;

	if (!g_hash_table_lookup_extended(handle_of(c)->mentions, name, NULL, &v)) {
		convert_ask(c, name);
		return NULL;	/* for now: it is looked up and asked again */
	}
	if (!v)
		return g_strdup_printf("%s is used in too many files, in none, or was met after %d rounds of reading",
				       name, SHAPE_ROUNDS);
	for (guint i = 0; i < ((GPtrArray *)v)->len; i++) {
		const char *f = ((GPtrArray *)v)->pdata[i];

		if (!other_arch(f, file) &&
		    !g_hash_table_contains(c->code_files, f))
			return g_strdup_printf("%s is also mentioned in %s, which was not read",
					       name, f);
	}
	return open_by_macro(c, name, file);
}

/* May the macro carry handles?  A helper of the old type stays in any case. */
static gboolean closed(const char *name, const char *file, void *data)
{
	struct convert *c = data;
	char *why;

	if (handle_is_helper(handle_of(c)->h, name))
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
	return s ? handle_fixed(handle_of(c)->h, s, d) : NULL;
}

static void add_aliases(GHashTable *yields, void *data)
{
	handle_add_aliases(((struct convert *)data)->source_list, yields);
}

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

/* A macro that mentions the function calls it, and so does what expands that. */
static void note_through(struct convert *c, const char *name,
			 const struct shape_mention *m)
{
	const char *macro = m->ctx == SITE_MACRO ?
			    macro_around(c, m->file, m->off) : NULL;

	if (macro && strcmp(macro, name))
		g_hash_table_insert(handle_of(c)->through,
			g_strdup_printf("%s %s %s", name, macro, m->file),
			g_strdup(macro));
}

static gboolean is_mention(const struct shape_mention *m)
{
	struct site s = { .ctx = m->ctx };

	return convert_is_code(&s) || m->ctx == SITE_ASSEMBLY;
}

/* The files of @mentions, each once: char *. */
static GPtrArray *files_of(struct convert *c, const char *name,
			   const GPtrArray *mentions)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < mentions->len; i++) {
		const struct shape_mention *m = mentions->pdata[i];

		if (!is_mention(m))
			continue;
		if (!v->len || strcmp(v->pdata[v->len - 1], m->file))
			g_ptr_array_add(v, g_strdup(m->file));
		note_through(c, name, m);
	}
	return v;
}

/* Read the files that mention @name, unless they are too many. */
static void take_mentions(struct convert *c, const char *name, GPtrArray *v)
{
	guint other = 0;

	for (guint i = 0; i < v->len; i++)
		other += !g_hash_table_contains(c->code_files, v->pdata[i]);
	if (!v->len || other > CLOSED_WORLD_FILES)
		return;
	g_hash_table_insert(handle_of(c)->mentions, g_strdup(name),
			    g_ptr_array_ref(v));
	for (guint i = 0; i < v->len; i++)
		if (source_is_c(v->pdata[i]))
			convert_add_file(c, v->pdata[i]);
}

void handle_found(struct convert *c, GHashTable *found)
{
	GHashTableIter it;
	gpointer name;

	/* All that were asked for have an answer now, if only "too many". */
	g_hash_table_iter_init(&it, c->asked);
	while (g_hash_table_iter_next(&it, &name, NULL)) {
		GPtrArray *mentions = g_hash_table_lookup(found, name), *v;

		if (g_hash_table_contains(handle_of(c)->mentions, name))
			continue;
		g_hash_table_insert(handle_of(c)->mentions, g_strdup(name),
				    NULL);
		if (!mentions)
			continue;
		v = files_of(c, name, mentions);
		take_mentions(c, name, v);
		g_ptr_array_unref(v);
	}
}

/*
 * After the last round, treat functions that were not looked up as open: not
 * all their callers are known.
 */
static void leave_open(struct convert *c)
{
	GHashTableIter it;
	gpointer name;

	g_hash_table_iter_init(&it, c->look_up);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_hash_table_insert(handle_of(c)->mentions, g_strdup(name),
				    NULL);
	g_hash_table_remove_all(c->look_up);
}

static void note_follows(struct convert *c)
{
	for (guint i = 0; i < handle_of(c)->flow->decls->len; i++) {
		struct flow_decl *d = handle_of(c)->flow->decls->pdata[i];
		const struct source *s = g_hash_table_lookup(c->sources,
							     d->file);

		d->follows = s && handle_follows(handle_of(c)->h, s, d);
	}
}

static void follow(struct convert *c)
{
	struct handle_run *r = c->data;
	struct flow_request req = {
		.facts = c->facts,
		.old_struct = r->h->old,
		.members = r->h->members,
		.retype = r->h->retype,
		.allocators = r->h->allocators,
		.symbols = c->symbols,
		.open = open_by,
		.macro = macro_of,
		.aliases = add_aliases,
		.fixed = fixed,
		.data = c,
	};

	flow_free(r->flow);
	r->flow = flow_new(&req);
	handle_mark_macros(c->source_list, r->flow, c->facts, c->symbols,
			   closed, c);
}

int handle_decide(struct convert *c, gboolean last)
{
	follow(c);
	while (last && g_hash_table_size(c->look_up)) {
		leave_open(c);
		follow(c);
	}
	if (!g_hash_table_size(c->look_up))
		note_follows(c);
	return 0;
}
