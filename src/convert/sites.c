// SPDX-License-Identifier: GPL-2.0-only
/* The sites: from the scan of the tree, and those that only the facts know. */
#include <string.h>

#include "convert/shape.h"
#include "tree/scan.h"

gboolean convert_is_code(const struct site *s)
{
	return s->ctx == SITE_CODE || s->ctx == SITE_MACRO ||
	       s->ctx == SITE_DIRECTIVE || s->ctx == SITE_DISABLED;
}

/* Take over @s, and put it on the list of its file. */
static void keep(struct convert *c, struct site *s)
{
	GPtrArray *v = g_hash_table_lookup(c->by_file, s->file);

	if (!v) {
		v = g_ptr_array_new();
		g_hash_table_insert(c->by_file, s->file, v);
	}
	g_ptr_array_add(v, s);
	g_ptr_array_add(c->sites, s);
}

static int keep_copy(const struct site *s, void *data)
{
	struct convert *c = data;
	struct site *copy = g_new0(struct site, 1);

	*copy = *s;
	copy->file = g_strdup(s->file);
	copy->symbol = g_strdup(s->symbol);
	copy->reason = copy->evidence = NULL;
	copy->ast = copy->smpl = copy->outcome = copy->condition = NULL;
	copy->fate = FATE_UNRESOLVED;
	keep(c, copy);
	if (source_is_c(s->file) && convert_is_code(s))
		g_hash_table_add(c->code_files, g_strdup(s->file));
	return 0;
}

int convert_add_site(struct convert *c, struct site *s, const char *origin)
{
	s->fate = FATE_UNRESOLVED;
	keep(c, s);
	if (ledger_add(c->ledger, s))
		return -1;
	return ledger_add_symbol(c->ledger, s->symbol, "flow", origin);
}

static void add_option(GString *s, const char *name, const char *value)
{
	char *quoted = value ? g_shell_quote(value) : NULL;

	if (quoted)
		g_string_append_printf(s, " --%s %s", name, quoted);
	g_free(quoted);
}

/* The options that decide what the result is, as a shell reads them. */
static char *options_of(const struct convert *c)
{
	GString *s = g_string_new(NULL);

	add_option(s, "policy", c->opt.policy);
	add_option(s, "scope", c->opt.scope);
	for (char **d = c->t->with; d && *d; d++)
		add_option(s, "with", *d);
	add_option(s, "accessors", c->opt.accessors);
	return g_string_free(s, FALSE);
}

/* An empty ledger, with what the run is about. */
static int begin_ledger(struct convert *c)
{
	char *path = g_build_filename(c->run, "ledger.sqlite", NULL);
	char *options = options_of(c);
	const char *choice = convert_choice(&c->opt);

	if (c->ledger)
		ledger_abandon(c->ledger);
	c->ledger = ledger_create(path);
	if (c->ledger) {
		ledger_set_meta(c->ledger, "conversion", c->m->name);
		ledger_set_meta(c->ledger, "tree", c->t->path);
		ledger_set_meta(c->ledger, "release", c->t->release);
		ledger_set_meta(c->ledger, "policy", choice ? choice : "none");
		ledger_set_meta(c->ledger, "options", options);
	}
	g_free(options);
	g_free(path);
	return c->ledger ? 0 : -1;
}

int convert_scan(struct convert *c, char **symbols)
{
	struct scan_request req = {
		.tree = c->t->path,
		.types = c->m->types,
		.symbols = symbols,
		.first = c->m->first,
		.with = c->t->with,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };

	g_hash_table_remove_all(c->by_file);
	g_ptr_array_set_size(c->sites, 0);
	if (begin_ledger(c) || scan_tree(&req, c->ledger, &res))
		return -1;
	c->manifest = res.manifest;
	/* The tree may be scanned twice: tell it once. */
	if (res.unread && !c->unread)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%u files or folders of the tree could not be read; the ledger lists them, with the reasons",
			res.unread));
	c->unread = res.unread;
	for (guint i = 0; i < res.symbols->len; i++)
		g_hash_table_add(c->symbols, g_strdup(res.symbols->pdata[i]));
	g_ptr_array_free(res.symbols, TRUE);
	return ledger_each(c->ledger, keep_copy, c);
}

int convert_rescan(struct convert *c)
{
	char **names = c->shape->symbols ? c->shape->symbols(c) : NULL;
	GPtrArray *all;
	int ret;

	if (!names)
		return 0;
	all = g_ptr_array_new();
	for (char **s = c->m->symbols; *s; s++)
		g_ptr_array_add(all, *s);
	for (char **s = names; *s; s++)
		if (!g_ptr_array_find_with_equal_func(all, *s, g_str_equal,
						      NULL))
			g_ptr_array_add(all, *s);
	g_ptr_array_add(all, NULL);
	ret = convert_scan(c, (char **)all->pdata);
	g_ptr_array_free(all, TRUE);
	g_free(names);
	return ret;
}

/* How many sites are below @folder? */
static guint count_below(const struct convert *c, const char *folder)
{
	GHashTableIter it;
	gpointer file, v;
	guint n = 0;

	g_hash_table_iter_init(&it, c->by_file);
	while (g_hash_table_iter_next(&it, &file, &v))
		if (g_str_has_prefix(file, folder))
			n += ((GPtrArray *)v)->len;
	return n;
}

/* An arch that has no cell is not read: a problem if it has a site. */
int convert_report_new_archs(struct convert *c)
{
	GPtrArray *archs = cells_archs_without(c->cells, c->t->path);

	if (!archs)
		return -1;
	for (guint i = 0; i < archs->len; i++) {
		const char *arch = archs->pdata[i];
		char *folder = g_strdup_printf("arch/%s/", arch);
		guint n = count_below(c, folder);

		g_ptr_array_add(c->res->cells_unread, g_strdup_printf(
			"arch/%s (no cell)", arch));
		if (n)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"arch/%s: no cell, so nobody read its %u sites; add one (docs/cells.md)",
				arch, n));
		g_free(folder);
	}
	g_ptr_array_free(archs, TRUE);
	return 0;
}
