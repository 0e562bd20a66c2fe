// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses prefixes by the text of the #include lines.  All conditions count as
 * true, which is near enough: a header that is taken in vain costs time, and
 * changes nothing in a unit that compiles.
 *
 * Units are divided like a decision tree.  Headers that all units of a group
 * have are its prefix; the group is divided by the header that saves the most,
 * into units with it and without, as long as that saves more text than it
 * costs to parse the headers once more.
 */
#include <string.h>

#include "read/kbuild.h"
#include "read/prefix.h"
#include "text/source.h"

/*
 * What a prefix costs, in times that its headers are parsed: one for parsing,
 * and about as much for writing it and for loading it again and again.
 */
#define COST 3

/* A file and all that it includes. */
struct node {
	char *path;
	gsize size;
	GPtrArray *includes;	/* struct node */
	GHashTable *tested;	/* macros that its conditions ask for */
	GHashTable *all;	/* closure: struct node set, itself too; or NULL */
	gsize all_size;		/* of it */
};

/* A header that units include by <...>. */
struct choice {
	char *name;
	struct node *node;
	guint count;		/* units that include it */
};

struct unit {
	const char *file;
	GHashTable *nodes;	/* all that it includes */
	GHashTable *macros;	/* that it, or its Makefile, defines before its
				 * last #include */
};

struct plan {
	const struct prefix_request *req;
	char **dirs;
	GPtrArray *flags;	/* of the unit's Makefile */
	GHashTable *nodes;	/* path -> struct node */
	GHashTable *choices;	/* name -> struct choice */
	GPtrArray *list;	/* the choices, by name */
	GPtrArray *made;	/* struct prefix */
};

static void node_free(gpointer p)
{
	struct node *n = p;

	g_free(n->path);
	g_ptr_array_free(n->includes, TRUE);
	g_hash_table_destroy(n->tested);
	if (n->all)
		g_hash_table_destroy(n->all);
	g_free(n);
}

static void choice_free(gpointer p)
{
	struct choice *c = p;

	g_free(c->name);
	g_free(c);
}

static void unit_free(gpointer p)
{
	struct unit *u = p;

	g_hash_table_destroy(u->nodes);
	g_hash_table_destroy(u->macros);
	g_free(u);
}

static char *read_text(const struct plan *p, const char *path, gsize *size)
{
	const char *in_tree = g_str_has_prefix(path, p->req->tree) ?
		path + strlen(p->req->tree) + 1 : path;
	char *text = NULL;

	for (guint i = 0; i < p->req->n_unsaved; i++) {
		const struct ast_unsaved *u = &p->req->unsaved[i];

		if (strcmp(u->file, in_tree))
			continue;
		*size = u->size;
		return g_strndup(u->text, u->size);
	}
	return g_file_get_contents(path, &text, size, NULL) ? text : NULL;
}

/* ---- lines ---- */

/* Behind "#", blanks and @word on a line; NULL if it is another line. */
static const char *directive(const char *line, const char *word)
{
	gsize len = strlen(word);

	while (*line == ' ' || *line == '\t')
		line++;
	if (*line++ != '#')
		return NULL;
	while (*line == ' ' || *line == '\t')
		line++;
	if (strncmp(line, word, len) || source_is_word(line[len]))
		return NULL;
	line += len;
	while (*line == ' ' || *line == '\t')
		line++;
	return line;
}

static char *word_at(const char *s)
{
	gsize n = 0;

	while (source_is_word(s[n]))
		n++;
	return n ? g_strndup(s, n) : NULL;
}

/* The words of a condition go to @tested. */
static void take_condition(GHashTable *tested, const char *s)
{
	while (*s && *s != '\n') {
		char *word = word_at(s);

		s += word ? strlen(word) : 1;
		if (word)
			g_hash_table_add(tested, word);
	}
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/*
 * "#ifndef X" right before "#define X" gives a default, which a definition
 * that comes later replaces all the same.
 */
static gboolean is_default(const char *line, const char *word)
{
	const char *def = directive(next_line(line), "define");
	char *defined = def ? word_at(def) : NULL;
	gboolean same = defined && !strcmp(defined, word);

	g_free(defined);
	return same;
}

/* ---- the graph of includes ---- */

static struct node *node_get(struct plan *p, const char *path);

static struct node *find_in(struct plan *p, const char *dir, const char *name)
{
	char *joined = g_build_filename(dir, name, NULL);
	char *path = g_canonicalize_filename(joined, "/");
	struct node *n = node_get(p, path);

	g_free(joined);
	g_free(path);
	return n;
}

/* "<name>" or "\"name\"" at @s, in the file @from; NULL if it is not found. */
static struct node *resolve(struct plan *p, const char *from, const char *s,
			    char **name)
{
	char close = *s == '<' ? '>' : '"';
	const char *end = *s == '<' || *s == '"' ? strchr(s + 1, close) : NULL;
	struct node *n = NULL;

	*name = NULL;
	if (!end || memchr(s, '\n', end - s))
		return NULL;
	*name = g_strndup(s + 1, end - s - 1);
	if (*s == '"') {
		char *dir = g_path_get_dirname(from);

		n = find_in(p, dir, *name);
		g_free(dir);
	}
	for (char **d = p->dirs; *d && !n; d++)
		n = find_in(p, *d, *name);
	for (guint i = 0; p->flags && i < p->flags->len && !n; i++) {
		const char *flag = p->flags->pdata[i];

		if (g_str_has_prefix(flag, "-I"))
			n = find_in(p, flag[2] ? flag + 2 :
				    p->flags->pdata[i + 1], *name);
	}
	return n;
}

static void read_lines(struct plan *p, struct node *n, const char *text)
{
	static const char *const conditions[] = { "if", "elif", "ifdef" };

	for (const char *line = text; *line; line = next_line(line)) {
		const char *s = directive(line, "include");
		char *name;

		if (!s && !strchr(" \t#", *line))
			continue;
		if (s) {
			struct node *to = resolve(p, n->path, s, &name);

			if (to)
				g_ptr_array_add(n->includes, to);
			g_free(name);
			continue;
		}
		for (guint i = 0; i < G_N_ELEMENTS(conditions); i++) {
			s = directive(line, conditions[i]);
			if (s)
				take_condition(n->tested, s);
		}
		s = directive(line, "ifndef");
		name = s ? word_at(s) : NULL;
		if (name && !is_default(line, name))
			g_hash_table_add(n->tested, name);
		else
			g_free(name);
	}
}

static struct node *node_get(struct plan *p, const char *path)
{
	struct node *n;
	gpointer known;
	char *text;
	gsize size;

	if (g_hash_table_lookup_extended(p->nodes, path, NULL, &known))
		return known;
	text = read_text(p, path, &size);
	if (!text) {
		g_hash_table_insert(p->nodes, g_strdup(path), NULL);
		return NULL;
	}
	n = g_new0(struct node, 1);
	n->path = g_strdup(path);
	n->size = size;
	n->includes = g_ptr_array_new();
	n->tested = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	g_hash_table_insert(p->nodes, g_strdup(path), n);
	read_lines(p, n, text);
	g_free(text);
	return n;
}

static void add_all(struct node *n, GHashTable *to)
{
	if (!g_hash_table_add(to, n))
		return;
	for (guint i = 0; i < n->includes->len; i++)
		add_all(n->includes->pdata[i], to);
}

static GHashTable *closure(struct node *n)
{
	GHashTableIter it;
	gpointer in;

	if (n->all)
		return n->all;
	n->all = g_hash_table_new(NULL, NULL);
	add_all(n, n->all);
	g_hash_table_iter_init(&it, n->all);
	while (g_hash_table_iter_next(&it, &in, NULL))
		n->all_size += ((struct node *)in)->size;
	return n->all;
}

/* ---- units ---- */

static struct choice *choice_get(struct plan *p, const char *name,
				 struct node *n)
{
	struct choice *c = g_hash_table_lookup(p->choices, name);

	if (c)
		return c;
	c = g_new0(struct choice, 1);
	c->name = g_strdup(name);
	c->node = n;
	g_hash_table_insert(p->choices, c->name, c);
	return c;
}

static struct unit *unit_new(struct plan *p, const char *file)
{
	char *path = g_canonicalize_filename(file, p->req->tree), *text;
	struct unit *u = g_new0(struct unit, 1);
	GPtrArray *macros = g_ptr_array_new();
	guint before = 0;
	gsize size;

	u->file = file;
	u->nodes = g_hash_table_new(NULL, NULL);
	u->macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	p->flags = kbuild_flags(p->req->tree, file);
	for (guint i = 0; i < p->flags->len; i++) {
		const char *flag = p->flags->pdata[i];
		char *macro = g_str_has_prefix(flag, "-D") ?
			word_at(flag + 2) : NULL;

		if (macro)
			g_hash_table_add(u->macros, macro);
	}
	text = read_text(p, path, &size);
	for (const char *line = text; line && *line; line = next_line(line)) {
		const char *s = directive(line, "include");
		const char *def = directive(line, "define");
		struct node *n;
		char *name;

		if (def)
			g_ptr_array_add(macros, word_at(def));
		if (!s)
			continue;
		before = macros->len;
		n = resolve(p, path, s, &name);
		if (n)
			add_all(n, u->nodes);
		if (n && *s == '<')
			choice_get(p, name, n);
		g_free(name);
	}
	for (guint i = 0; i < macros->len; i++) {
		if (i < before && macros->pdata[i])
			g_hash_table_add(u->macros, macros->pdata[i]);
		else
			g_free(macros->pdata[i]);
	}
	g_ptr_array_free(macros, TRUE);
	g_clear_pointer(&p->flags, g_ptr_array_unref);
	g_free(text);
	g_free(path);
	return u;
}

static gboolean unit_has(const struct unit *u, const struct choice *c)
{
	return g_hash_table_contains(u->nodes, c->node);
}

/* Does the unit define a macro that the header, or what it includes, asks for? */
static gboolean is_touched(const struct unit *u, struct choice *c)
{
	GHashTableIter macros, nodes;
	gpointer word, n;

	g_hash_table_iter_init(&macros, u->macros);
	while (g_hash_table_iter_next(&macros, &word, NULL)) {
		g_hash_table_iter_init(&nodes, closure(c->node));
		while (g_hash_table_iter_next(&nodes, &n, NULL))
			if (g_hash_table_contains(((struct node *)n)->tested,
						  word))
				return TRUE;
	}
	return FALSE;
}

/* ---- the tree of groups ---- */

/* Bytes of the header and what it includes that are not among @have. */
static gsize new_bytes(struct choice *c, GHashTable *have)
{
	GHashTableIter it;
	gsize bytes = 0;
	gpointer n;

	g_hash_table_iter_init(&it, closure(c->node));
	while (g_hash_table_iter_next(&it, &n, NULL))
		if (!g_hash_table_contains(have, n))
			bytes += ((struct node *)n)->size;
	return bytes;
}

static gint by_closure(gconstpointer a, gconstpointer b)
{
	struct choice *x = *(struct choice *const *)a;
	struct choice *y = *(struct choice *const *)b;
	guint m = g_hash_table_size(closure(x->node));
	guint n = g_hash_table_size(closure(y->node));

	return m == n ? strcmp(x->name, y->name) : m < n ? 1 : -1;
}

/*
 * The prefix of @group, which has the headers @taken.  Those that include the
 * most come first: some headers only work behind the one that includes them.
 */
static void put_prefix(struct plan *p, const GPtrArray *group,
		       const GPtrArray *taken)
{
	GPtrArray *order = g_ptr_array_copy((GPtrArray *)taken, NULL, NULL);
	GHashTable *have = g_hash_table_new(NULL, NULL);
	struct prefix *x = g_new0(struct prefix, 1);
	GPtrArray *v = g_ptr_array_new(), *top = g_ptr_array_new();

	g_ptr_array_sort(order, by_closure);
	for (guint i = 0; i < order->len; i++) {
		struct choice *c = order->pdata[i];

		g_ptr_array_add(v, g_strdup(c->name));
		if (!g_hash_table_contains(have, c->node))
			g_ptr_array_add(top, g_strdup(c->name));
		add_all(c->node, have);
	}
	g_ptr_array_add(v, NULL);
	g_ptr_array_add(top, NULL);
	g_ptr_array_free(order, TRUE);
	g_hash_table_destroy(have);
	x->top = (char **)g_ptr_array_free(top, FALSE);
	x->headers = (char **)g_ptr_array_free(v, FALSE);
	x->units = g_ptr_array_new();
	for (guint i = 0; i < group->len; i++)
		g_ptr_array_add(x->units, (gpointer)((struct unit *)
					group->pdata[i])->file);
	g_ptr_array_add(p->made, x);
}

/*
 * The header to divide @group by, or NULL if none saves enough.  What all
 * units have goes to @taken, and to @have with what it includes.
 */
static struct choice *choose(struct plan *p, const GPtrArray *group,
			     GPtrArray *taken, GHashTable *have, gsize *bytes)
{
	struct choice *best = NULL;
	gsize most = 0;

	for (guint i = 0; i < p->list->len; i++) {
		struct choice *c = p->list->pdata[i];

		c->count = 0;
		for (guint k = 0; k < group->len; k++)
			c->count += unit_has(group->pdata[k], c);
		if (c->count < group->len || g_ptr_array_find(taken, c, NULL))
			continue;
		*bytes += new_bytes(c, have);
		g_ptr_array_add(taken, c);
		add_all(c->node, have);
	}
	for (guint i = 0; i < p->list->len; i++) {
		struct choice *c = p->list->pdata[i];
		gsize more, saved;

		if (!c->count || c->count == group->len)
			continue;
		closure(c->node);
		if (c->count * c->node->all_size <= MAX(most, COST * *bytes))
			continue;
		more = new_bytes(c, have);
		saved = more * c->count;
		if (saved > COST * (*bytes + more) && saved > most) {
			most = saved;
			best = c;
		}
	}
	return best;
}

static void divide(struct plan *p, const GPtrArray *group,
		   const GPtrArray *above)
{
	GPtrArray *taken = g_ptr_array_new();
	GPtrArray *with = g_ptr_array_new(), *without = g_ptr_array_new();
	GHashTable *have = g_hash_table_new(NULL, NULL);
	struct choice *best;
	gsize bytes = 0;

	for (guint i = 0; i < above->len; i++) {
		struct choice *c = above->pdata[i];

		bytes += new_bytes(c, have);
		g_ptr_array_add(taken, c);
		add_all(c->node, have);
	}
	best = choose(p, group, taken, have, &bytes);
	for (guint i = 0; best && i < group->len; i++)
		g_ptr_array_add(unit_has(group->pdata[i], best) ? with :
				without, group->pdata[i]);
	if (best) {
		divide(p, with, taken);
		divide(p, without, taken);
	} else if (bytes && group->len > COST) {
		put_prefix(p, group, taken);
	}
	g_ptr_array_free(with, TRUE);
	g_ptr_array_free(without, TRUE);
	g_ptr_array_free(taken, TRUE);
	g_hash_table_destroy(have);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct choice *const *)a)->name,
		      (*(struct choice *const *)b)->name);
}

/* Forget the macros of @u that no header asks for: nearly all. */
static void drop_macros(struct plan *p, struct unit *u)
{
	GHashTableIter it, nodes;
	gpointer word, n;

	g_hash_table_iter_init(&it, u->macros);
	while (g_hash_table_iter_next(&it, &word, NULL)) {
		gboolean asked = FALSE;

		g_hash_table_iter_init(&nodes, u->nodes);
		while (!asked && g_hash_table_iter_next(&nodes, &n, NULL))
			asked = g_hash_table_contains(((struct node *)n)->
						      tested, word);
		if (!asked)
			g_hash_table_iter_remove(&it);
	}
}

/* Units that define what a header asks for do not have it in a prefix. */
static void drop_touched(struct plan *p, struct unit *u)
{
	drop_macros(p, u);
	for (guint i = 0; g_hash_table_size(u->macros) && i < p->list->len;
	     i++) {
		struct choice *c = p->list->pdata[i];

		if (unit_has(u, c) && is_touched(u, c))
			g_hash_table_remove(u->nodes, c->node);
	}
}

GPtrArray *prefix_plan(const struct prefix_request *req, char **dirs)
{
	GPtrArray *units = g_ptr_array_new_with_free_func(unit_free);
	GPtrArray *none = g_ptr_array_new();
	struct plan p = {
		.req = req,
		.dirs = dirs,
		.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       NULL),
		.choices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						 choice_free),
		.list = g_ptr_array_new(),
		.made = g_ptr_array_new(),
	};
	GHashTableIter it;
	gpointer n;

	for (guint i = 0; i < req->n_units; i++)
		g_ptr_array_add(units, unit_new(&p, req->units[i]));
	g_hash_table_iter_init(&it, p.choices);
	while (g_hash_table_iter_next(&it, NULL, &n)) {
		struct choice *c = n;

		for (guint i = 0; i < units->len && c->count <= COST; i++)
			c->count += unit_has(units->pdata[i], c);
		if (c->count > COST)
			g_ptr_array_add(p.list, c);
	}
	g_ptr_array_sort(p.list, by_name);
	for (guint i = 0; i < units->len; i++)
		drop_touched(&p, units->pdata[i]);
	divide(&p, units, none);
	g_hash_table_iter_init(&it, p.nodes);
	while (g_hash_table_iter_next(&it, NULL, &n))
		if (n)
			node_free(n);
	g_hash_table_destroy(p.nodes);
	g_hash_table_destroy(p.choices);
	g_ptr_array_free(p.list, TRUE);
	g_ptr_array_free(none, TRUE);
	g_ptr_array_free(units, TRUE);
	return p.made;
}
