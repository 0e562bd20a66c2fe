// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the units that the sites ask for in every cell, in rounds: what a shape
 * decides may depend on what else the tree has of a name.  Such names are
 * looked up in the text of the whole tree, their files are read, too, and the
 * shape decides again.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/shape.h"
#include "tree/scan.h"

void convert_ask(struct convert *c, const char *name)
{
	if (g_hash_table_add(c->asked, g_strdup(name)))
		g_hash_table_add(c->look_up, g_strdup(name));
}

gboolean convert_add_file(struct convert *c, const char *file)
{
	return g_hash_table_add(c->code_files, g_strdup(file));
}

/* Which names are looked up where. */

static void mention_free(gpointer p)
{
	g_free(((struct shape_mention *)p)->file);
	g_free(p);
}

static int keep_mention(const struct site *s, void *data)
{
	GHashTable *found = data;
	GPtrArray *v = g_hash_table_lookup(found, s->symbol);
	struct shape_mention *m = g_new0(struct shape_mention, 1);

	if (!v) {
		v = g_ptr_array_new_with_free_func(mention_free);
		g_hash_table_insert(found, g_strdup(s->symbol), v);
	}
	m->file = g_strdup(s->file);
	m->off = s->off;
	m->ctx = s->ctx;
	g_ptr_array_add(v, m);
	return 0;
}

/* All mentions of @names in the tree: name -> array; NULL after a message. */
static GHashTable *find(struct convert *c, char **names)
{
	GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal,
			g_free, (GDestroyNotify)g_ptr_array_unref);
	struct ledger *l = ledger_create(":memory:");
	char *none[] = { NULL };
	struct scan_request req = {
		.tree = c->t->path, .types = none, .symbols = names,
		.with = c->t->with,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };
	gboolean good = l && !scan_tree(&req, l, &res) &&
			!ledger_each(l, keep_mention, found);

	if (res.symbols)
		g_ptr_array_free(res.symbols, TRUE);
	if (l)
		ledger_abandon(l);
	if (!good) {
		tw_error("cannot look up in '%s' what else mentions %s; nothing is converted",
			 c->t->path, names[0]);
		g_hash_table_destroy(found);
		return NULL;
	}
	return found;
}

static gboolean is_code(const struct shape_mention *m)
{
	struct site s = { .ctx = m->ctx };

	return convert_is_code(&s) && source_is_c(m->file);
}

static void add_found(struct convert *c, GHashTable *found, GHashTable *to)
{
	GHashTableIter it;
	gpointer v;

	g_hash_table_iter_init(&it, found);
	while (g_hash_table_iter_next(&it, NULL, &v))
		for (guint i = 0; i < ((GPtrArray *)v)->len; i++) {
			struct shape_mention *m = ((GPtrArray *)v)->pdata[i];

			if (is_code(m))
				g_hash_table_add(to, g_strdup(m->file));
		}
}

int convert_look_up(struct convert *c)
{
	guint before = g_hash_table_size(c->code_files);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GHashTable *found;
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, c->look_up);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_ptr_array_add(names, g_strdup(k));
	g_ptr_array_add(names, NULL);
	g_hash_table_remove_all(c->look_up);
	found = find(c, (char **)names->pdata);
	g_ptr_array_free(names, TRUE);
	if (!found)
		return -1;
	if (c->shape->found)
		c->shape->found(c, found);
	else
		add_found(c, found, c->code_files);
	g_hash_table_destroy(found);
	return g_hash_table_size(c->code_files) > before;
}

/* Files that mention the shape's context are read, and stay as they are. */
static int find_context(struct convert *c)
{
	const char *name = c->shape->context ? c->shape->context(c) : NULL;
	char *names[] = { (char *)name, NULL };
	GHashTable *found = name ? find(c, names) : NULL;

	if (found) {
		add_found(c, found, c->also_read);
		g_hash_table_destroy(found);
	}
	return name && !found ? -1 : 0;
}

/* Which units are read. */

static gboolean is_generic_unit(const char *file)
{
	return g_str_has_suffix(file, ".c") && !g_str_has_prefix(file, "arch/");
}

/* The symbols that @file mentions in code: a set, borrowed. */
static GHashTable *symbols_in(const struct convert *c, const char *file)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);
	const GPtrArray *v = g_hash_table_lookup(c->by_file, file);

	for (guint i = 0; v && i < v->len; i++) {
		const struct site *s = v->pdata[i];

		if (convert_is_code(s))
			g_hash_table_add(t, s->symbol);
	}
	return t;
}

/* How many of @symbols are in @todo?  Strike them out if @strike. */
static guint count(GHashTable *symbols, GHashTable *todo, gboolean strike)
{
	GHashTableIter it;
	gpointer k;
	guint n = 0;

	g_hash_table_iter_init(&it, symbols);
	while (g_hash_table_iter_next(&it, &k, NULL)) {
		n += g_hash_table_contains(todo, k);
		if (strike)
			g_hash_table_remove(todo, k);
	}
	return n;
}

/*
 * A few generic units that together mention every symbol that any generic unit
 * mentions: greedy, the first by name among equals.
 */
static GHashTable *cover(const struct convert *c)
{
	GHashTable *todo = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *chosen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *files = g_ptr_array_new();
	GPtrArray *symbols = g_ptr_array_new_with_free_func(
				(GDestroyNotify)g_hash_table_destroy);

	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];
		GHashTableIter it;
		gpointer k;
		GHashTable *in;

		if (!is_generic_unit(s->file))
			continue;
		in = symbols_in(c, s->file);
		g_ptr_array_add(files, s->file);
		g_ptr_array_add(symbols, in);
		g_hash_table_iter_init(&it, in);
		while (g_hash_table_iter_next(&it, &k, NULL))
			g_hash_table_add(todo, k);
	}
	while (g_hash_table_size(todo)) {
		guint most = 0, best = 0;

		for (guint i = 0; i < files->len; i++) {
			guint n = count(symbols->pdata[i], todo, FALSE);

			if (n > most) {
				most = n;
				best = i;
			}
		}
		count(symbols->pdata[best], todo, TRUE);
		g_hash_table_add(chosen, files->pdata[best]);
	}
	g_ptr_array_free(files, TRUE);
	g_ptr_array_free(symbols, TRUE);
	g_hash_table_destroy(todo);
	return chosen;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The units that may be read, by name; the strings are borrowed. */
static GPtrArray *candidates(struct convert *c)
{
	GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *v = g_ptr_array_new();
	GHashTableIter it;
	gpointer k;

	for (guint i = 0; i < c->source_list->len; i++)
		g_hash_table_add(all, ((struct source *)
				       c->source_list->pdata[i])->file);
	g_hash_table_iter_init(&it, c->also_read);
	while (g_hash_table_iter_next(&it, &k, NULL))
		if (!g_hash_table_contains(all, k))
			g_hash_table_add(all, k);
	g_hash_table_iter_init(&it, all);
	while (g_hash_table_iter_next(&it, &k, NULL))
		if (g_str_has_suffix(k, ".c") &&
		    (!c->shape->reads || c->shape->reads(c, k)))
			g_ptr_array_add(v, k);
	g_ptr_array_sort(v, by_name);
	g_hash_table_destroy(all);
	return v;
}

static void add_unit(struct convert *c, const struct cell_info *cell,
		     const char *file)
{
	struct fact_unit *u = g_new0(struct fact_unit, 1);

	u->cell = cell;
	u->file = g_strdup(file);
	g_ptr_array_add(c->units, u);
}

/*
 * In each cell the units of its arch; of the generic ones, which pull in the
 * headers, all if the cell's data says so, or those that every cell reads.
 */
static void choose_units(struct convert *c)
{
	GHashTable *everywhere = c->shape->everywhere ?
				 c->shape->everywhere(c) : cover(c);
	GPtrArray *files = candidates(c);

	g_ptr_array_set_size(c->units, 0);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		for (guint k = 0; k < files->len && cell->ready; k++) {
			char *arch = source_arch(files->pdata[k]);

			if (arch ? !strcmp(arch, cell->srcarch) :
			    cell->all_units ||
			    g_hash_table_contains(everywhere, files->pdata[k]))
				add_unit(c, cell, files->pdata[k]);
			g_free(arch);
		}
	}
	g_ptr_array_free(files, TRUE);
	g_hash_table_destroy(everywhere);
}

/* What was read. */

int convert_read_values(struct convert *c, char **types,
			const char *old_struct, GHashTable *files,
			GPtrArray **facts, GPtrArray *failed, guint *cached)
{
	struct reading_result out = { 0 };
	struct reading r = {
		.tree = c->t->path,
		.with = c->t->with,
		.types = types,
		.old_struct = old_struct,
		.files = files,
		.jobs = c->jobs,
	};

	if (reading_run(&r, c->units, &out))
		return -1;
	*facts = out.facts;
	*cached = out.cached;
	g_ptr_array_extend_and_steal(failed, out.failed);
	return 0;
}

static void unit_of_values(gconstpointer facts, struct shape_unit *u)
{
	const struct ast_facts *a = facts;

	u->cell = a->cell;
	u->unit = a->unit;
	u->diags = a->diags;
	u->skipped = a->skipped;
	for (guint i = 0; i < a->deps->len; i++) {
		const struct ast_dep *d = a->deps->pdata[i];

		if (d->walked)
			g_ptr_array_add(u->files, d->path);
	}
}

/* Look at the facts through the shape, and note who reads what. */
static void list_read(struct convert *c)
{
	g_array_set_size(c->read, 0);
	seen_free(c->seen);
	c->seen = seen_new();
	for (guint i = 0; i < c->facts->len; i++) {
		struct shape_unit u = { .files = g_ptr_array_new() };

		if (c->shape->unit)
			c->shape->unit(c->facts->pdata[i], &u);
		else
			unit_of_values(c->facts->pdata[i], &u);
		seen_add(c->seen, u.cell, u.skipped, u.files);
		g_array_append_val(c->read, u);
	}
}

static int read_units(struct convert *c)
{
	GPtrArray *facts = NULL;
	GPtrArray *failed = g_ptr_array_new_with_free_func(g_free);
	int ret;

	c->res->units_cached = 0;
	ret = c->shape->read(c, &facts, failed, &c->res->units_cached);
	if (!ret) {
		g_array_set_size(c->read, 0);
		g_ptr_array_free(c->facts, TRUE);
		c->facts = facts;
		c->res->units = c->units->len;
		convert_note_failed(c, failed);
		list_read(c);
	} else {
		g_ptr_array_free(failed, TRUE);
	}
	return ret;
}

/*
 * The first error of each unit that compiles in none of its cells: the code has
 * a mistake, or its flags are not known here.  Outside the tree, and everywhere
 * if @all.
 */
static void tell_broken(struct convert *c, gboolean all)
{
	GHashTable *error = g_hash_table_new(g_str_hash, g_str_equal);
	GList *units;

	for (guint i = 0; i < c->read->len; i++) {
		const struct shape_unit *u =
			&g_array_index(c->read, struct shape_unit, i);
		const struct ast_diag *d = convert_first_error(u->diags, NULL);

		if (!all && !tree_with(c->t, u->unit))
			continue;
		if (!d || !g_hash_table_contains(error, u->unit))
			g_hash_table_insert(error, (gpointer)u->unit,
					    (gpointer)d);
	}
	units = g_list_sort(g_hash_table_get_keys(error),
			    (GCompareFunc)strcmp);
	for (GList *u = units; u; u = u->next) {
		const struct ast_diag *d = g_hash_table_lookup(error, u->data);

		if (d)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s: no cell compiles it, so it is not known what it does (%s:%u: %s); convert it by hand",
				(char *)u->data, d->file, d->line, d->text));
	}
	g_list_free(units);
	g_hash_table_destroy(error);
}

/*
 * Skip units that do not compile in a cell, if another one compiles them:
 * usually that kernel does not build them, and facts about broken code are not
 * reliable.
 */
static void skip_broken(struct convert *c)
{
	GHashTable *good = convert_set_new();
	guint n = c->read->len;

	for (guint i = 0; i < n; i++) {
		const struct shape_unit *u =
			&g_array_index(c->read, struct shape_unit, i);

		if (!convert_first_error(u->diags, NULL))
			g_hash_table_add(good, g_strdup(u->unit));
	}
	while (n--) {
		const struct shape_unit *u =
			&g_array_index(c->read, struct shape_unit, n);
		const struct ast_diag *d = convert_first_error(u->diags, NULL);

		if (!d || !g_hash_table_contains(good, u->unit))
			continue;
		g_hash_table_insert(c->foreign, g_strdup(u->unit),
			g_strdup_printf("%s does not compile it (%s:%u: %s)",
					u->cell, d->file, d->line, d->text));
		g_ptr_array_remove_index(c->facts, n);
	}
	list_read(c);
	g_hash_table_destroy(good);
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

/* The shape asks for names although no round is left. */
static int too_many_rounds(const struct convert *c)
{
	return tw_error("%s: after %d rounds of reading, files of '%s' are found that were not read; leave out what leads there, or convert it by hand",
			c->m->name, SHAPE_ROUNDS, c->t->path);
}

/* One round: 1: another is needed; 0: all is decided; -1 after a message. */
static int one_round(struct convert *c, gboolean last, guint problems)
{
	int more;

	/* The problems of the round before were about fewer files. */
	g_ptr_array_set_size(c->res->problems, problems);
	convert_load_sources(c);
	choose_units(c);
	if (read_units(c))
		return -1;
	tell_broken(c, c->shape->skip_broken);
	if (c->shape->skip_broken)
		skip_broken(c);
	do {
		if (c->shape->decide(c, last))
			return -1;
		if (!g_hash_table_size(c->look_up))
			return 0;
		more = convert_look_up(c);
	} while (!more);
	return more;
}

int convert_read(struct convert *c)
{
	guint problems = c->res->problems->len;
	int more = 1;

	convert_note_cells(c);
	if ((c->shape->scanned && c->shape->scanned(c)) || find_context(c))
		return -1;
	for (int round = 1; more > 0 && round <= SHAPE_ROUNDS; round++)
		more = one_round(c, round == SHAPE_ROUNDS, problems);
	if (more > 0)
		return too_many_rounds(c);
	return more;
}
