// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the probe in every cell, and judges.
 */
#include <string.h>

#include "audit/audit.h"
#include "read/cell.h"
#include "read/cellfacts.h"
#include "audit/probe.h"

const char *const audit_sharing_name[] = { "unknown", "one", "several",
					   "run-time" };

static const char *const needed[] = { "include", "entry", "table", "page",
				      "highmem", "argument", "allocate",
				      "look-in" };

const char *audit_refuses(const struct manifest *m)
{
	if (!m->types[0] || !g_key_file_has_group(m->keys, "handle"))
		return "it is about no handle type";
	for (guint i = 0; i < G_N_ELEMENTS(needed); i++)
		if (!g_key_file_has_key(m->keys, "audit", needed[i], NULL))
			return "its manifest has no complete section [audit]";
	return NULL;
}

/* ---- reading ---- */

struct question {
	const struct tree *tree;
	const struct manifest *m;
};

static char **folders(const char *srcarch, gconstpointer data)
{
	return probe_folders(((const struct question *)data)->m, srcarch);
}

static int read_cell(struct fact_reader *r, gconstpointer data)
{
	const struct question *q = data;
	struct probe_request req = { q->tree->path, r->unit->cell, q->m };

	return probe_read(&req, r);
}

/* What the facts follow from. */
static char *asked(const struct manifest *m)
{
	char *text = probe_text(m);
	char *keys = g_key_file_to_data(m->keys, NULL, NULL);
	char *s = g_strconcat(text, keys, NULL);

	g_free(keys);
	g_free(text);
	return s;
}

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static gint64 number_of(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* ---- taking the facts ---- */

static void take_facts(struct audit_cell *c)
{
	json_t *h = json_object_get(c->facts, "handle");
	json_t *s = json_object_get(c->facts, "sharing");

	if (!h) {
		const char *e = text_of(c->facts, "first_error");

		c->reason = g_strdup_printf("the type is not declared%s%s",
					    *e ? "; first error: " : "", e);
		return;
	}
	c->is = text_of(h, "is");
	c->points_to = text_of(h, "points_to");
	c->file = text_of(h, "file");
	c->line = number_of(h, "line");
	c->condition = text_of(h, "condition");
	c->table = number_of(c->facts, "table");
	c->page = number_of(c->facts, "page");
	c->fragment = number_of(s, "fragment");
	c->tables = number_of(s, "tables");
	for (guint i = AUDIT_UNKNOWN; i <= AUDIT_RUN_TIME; i++)
		if (!strcmp(text_of(s, "verdict"), audit_sharing_name[i]))
			c->sharing = i;
}

static struct audit_cell *new_cell(const struct cell_info *info,
				   const char *why)
{
	struct audit_cell *c = g_new0(struct audit_cell, 1);

	c->name = g_strdup(info->name);
	c->arch = g_strdup(info->srcarch);
	if (why)
		c->reason = g_strdup(*why ? why : "it could not be prepared");
	return c;
}

static void cell_free(gpointer p)
{
	struct audit_cell *c = p;

	g_free(c->name);
	g_free(c->arch);
	g_free(c->reason);
	if (c->facts)
		json_decref(c->facts);
	g_free(c);
}

/* ---- verdicts ---- */

/* "FILE:LINE: what" of the origins that are no page, and of steps. */
static void append_places(GString *s, json_t *sharing, gboolean pages)
{
	json_t *o;
	size_t i;

	json_array_foreach(json_object_get(sharing, "origins"), i, o)
		if ((strcmp(text_of(o, "kind"), "page") == 0) == pages)
			g_string_append_printf(s, "; %s:%d: %s",
				text_of(o, "file"), (int)number_of(o, "line"),
				text_of(o, "what"));
}

static void append_alternatives(GString *s, json_t *sharing)
{
	json_t *o;
	size_t i;

	json_array_foreach(json_object_get(sharing, "by"), i, o)
		g_string_append_printf(s, "%s %s", i ? "," : " by",
				       json_string_value(o));
	json_array_foreach(json_object_get(sharing, "alternatives"), i, o) {
		gint64 n = number_of(o, "tables"), t = number_of(o, "table");
		gint64 f = number_of(o, "fragment");

		g_string_append_printf(s, "; %s() (%s:%d): ",
				       text_of(o, "function"),
				       text_of(o, "file"),
				       (int)number_of(o, "line"));
		if (n == 1)
			g_string_append(s, "one table a page");
		else if (n)
			g_string_append_printf(s,
				"%" G_GINT64_FORMAT " tables a page, one each %"
				G_GINT64_FORMAT " bytes", n, f);
		else
			g_string_append(s, text_of(o, "sharing"));
		if (t)
			g_string_append_printf(s, ", with PTEs in %" G_GINT64_FORMAT
					       " bytes", t);
	}
}

char *audit_sharing_text(const struct audit_cell *c)
{
	json_t *sh = json_object_get(c->facts, "sharing");
	GString *s = g_string_new(NULL);

	switch (c->sharing) {
	case AUDIT_ONE:
		g_string_append(s, "one table a page");
		append_places(s, sh, TRUE);
		break;
	case AUDIT_SEVERAL:
		g_string_append_printf(s, "several tables a page: %"
			G_GINT64_FORMAT " of %" G_GINT64_FORMAT
			" bytes in %" G_GINT64_FORMAT, c->tables, c->fragment,
			c->page);
		append_places(s, sh, FALSE);
		break;
	case AUDIT_RUN_TIME:
		g_string_append(s, "tables a page: decided at run time");
		append_alternatives(s, sh);
		break;
	case AUDIT_UNKNOWN:
		g_string_append(s, "tables a page: unknown");
		if (c->table && c->page)
			g_string_append_printf(s, ", a table has %"
				G_GINT64_FORMAT " bytes of %" G_GINT64_FORMAT,
				c->table, c->page);
		append_places(s, sh, FALSE);
		break;
	}
	return g_string_free(s, FALSE);
}

/* Why the cell has not what a policy needs; NULL when it has. */
static char *lacks(const struct audit_cell *c, const char *need)
{
	json_t *address = json_object_get(c->facts, "kernel_address");

	if (!strcmp(need, "old-pointer")) {
		if (!strcmp(c->points_to, "old"))
			return NULL;
		if (!strcmp(c->points_to, "new"))
			return g_strdup("converted already");
		return g_strdup_printf("the handle is a '%s'", c->is);
	}
	if (!strcmp(need, "one-a-page"))
		return c->sharing == AUDIT_ONE ? NULL : audit_sharing_text(c);
	if (!strcmp(need, "kernel-address")) {
		const char *v = text_of(address, "verdict");

		if (!strcmp(v, "always"))
			return NULL;
		return g_strdup_printf("%s: %s",
			!strcmp(v, "may lack") ?
			"a table may have no kernel address" :
			"whether a table has a kernel address is unknown",
			text_of(address, "why"));
	}
	return g_strdup_printf("'%s' is nothing that the audit knows", need);
}

static void verdict_free(gpointer p)
{
	struct audit_verdict *v = p;

	g_free(v->why);
	g_free(v);
}

GPtrArray *audit_verdicts(const struct manifest *m, const struct audit_cell *c)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(verdict_free);
	char **names = g_key_file_get_keys(m->keys, "audit policies", NULL,
					   NULL);

	for (char **n = names; n && *n; n++) {
		struct audit_verdict *v = g_new0(struct audit_verdict, 1);
		char **needs = g_key_file_get_string_list(m->keys,
				"audit policies", *n, NULL, NULL);
		GString *why = g_string_new(NULL);

		for (char **k = needs; k && *k; k++) {
			char *l = lacks(c, *k);

			if (l)
				g_string_append_printf(why, "%s%s",
						why->len ? "; " : "", l);
			g_free(l);
		}
		v->policy = g_intern_string(*n);
		v->planned = !g_strv_contains((const char *const *)m->policies,
					      *n);
		v->can = !why->len;
		v->why = g_string_free(why, FALSE);
		if (v->can)
			g_clear_pointer(&v->why, g_free);
		g_ptr_array_add(out, v);
		g_strfreev(needs);
	}
	g_strfreev(names);
	return out;
}

/*
 * A config symbol of the arch that takes the kernel address away, and that no
 * cell of the branch has on: what then happens was not seen.
 */
static char *unseen_config(const struct audit_branch *b)
{
	json_t *o, *seen = NULL;
	size_t i;

	for (guint k = 0; k < b->cells->len; k++) {
		const struct audit_cell *c = b->cells->pdata[k];
		json_t *v = json_object_get(json_object_get(c->facts,
					"kernel_address"), "configs");

		if (!strcmp(c->points_to, "entry"))
			return NULL;
		json_array_foreach(v, i, o) {
			if (json_is_true(json_object_get(o, "set")))
				return NULL;
			seen = o;
		}
	}
	return seen ? g_strdup_printf("%s (%s:%d) may take the kernel address of a table away, and no cell was read with it",
				      text_of(seen, "symbol"),
				      text_of(seen, "file"),
				      (int)number_of(seen, "line")) : NULL;
}

static gboolean has_need(const struct manifest *m, const char *policy,
			 const char *need)
{
	char **v = g_key_file_get_string_list(m->keys, "audit policies",
					      policy, NULL, NULL);
	gboolean yes = v && g_strv_contains((const char *const *)v, need);

	g_strfreev(v);
	return yes;
}

/* A branch can when each of its cells can. */
static void judge_branch(const struct manifest *m, struct audit_branch *b)
{
	gboolean one = TRUE;	/* in all cells so far */

	for (guint i = 0; i < b->cells->len; i++) {
		const struct audit_cell *c = b->cells->pdata[i];
		GPtrArray *v = audit_verdicts(m, c);

		for (guint k = 0; k < v->len; k++) {
			struct audit_verdict *x = v->pdata[k], *all;

			if (!i) {
				all = g_new0(struct audit_verdict, 1);
				*all = *x;
				all->why = NULL;
				g_ptr_array_add(b->verdicts, all);
			}
			all = b->verdicts->pdata[k];
			all->can &= x->can;
			/* Sharing is what a reviewer asks for first. */
			if (!x->can && (!all->why || (one &&
					c->sharing != AUDIT_ONE))) {
				g_free(all->why);
				all->why = g_strdup_printf("%s: %s", c->name,
							   x->why);
			}
		}
		one &= c->sharing == AUDIT_ONE;
		g_ptr_array_free(v, TRUE);
	}
	for (guint k = 0; k < b->verdicts->len; k++) {
		struct audit_verdict *x = b->verdicts->pdata[k];

		if (!x->can || !has_need(m, x->policy, "kernel-address"))
			continue;
		x->why = unseen_config(b);
		x->can = !x->why;
	}
}

static void branch_free(gpointer p)
{
	struct audit_branch *b = p;

	g_free(b->arch);
	g_ptr_array_free(b->cells, TRUE);
	g_ptr_array_free(b->verdicts, TRUE);
	g_free(b);
}

static gint by_branch(gconstpointer a, gconstpointer b)
{
	const struct audit_branch *x = *(struct audit_branch *const *)a;
	const struct audit_branch *y = *(struct audit_branch *const *)b;
	int d = strcmp(x->arch, y->arch);

	if (!d)
		d = strcmp(x->file, y->file);
	return d ? d : (int)x->line - (int)y->line;
}

static void make_branches(const struct manifest *m, struct audit *a)
{
	for (guint i = 0; i < a->cells->len; i++) {
		struct audit_cell *c = a->cells->pdata[i];
		struct audit_branch *b = NULL;

		if (c->reason)
			continue;
		for (guint k = 0; k < a->branches->len && !b; k++) {
			b = a->branches->pdata[k];
			if (strcmp(b->arch, c->arch) ||
			    strcmp(b->file, c->file) || b->line != c->line)
				b = NULL;
		}
		if (!b) {
			b = g_new0(struct audit_branch, 1);
			b->arch = g_strdup(c->arch);
			b->file = c->file;
			b->line = c->line;
			b->cells = g_ptr_array_new();
			b->verdicts = g_ptr_array_new_with_free_func(
							verdict_free);
			g_ptr_array_add(a->branches, b);
		}
		g_ptr_array_add(b->cells, c);
	}
	g_ptr_array_sort(a->branches, by_branch);
	for (guint i = 0; i < a->branches->len; i++)
		judge_branch(m, a->branches->pdata[i]);
}

/* ---- all of it ---- */

static gint by_cell(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct audit_cell *const *)a)->name,
		      (*(struct audit_cell *const *)b)->name);
}

GPtrArray *audit_archs_without(const struct tree *t, const GPtrArray *cells,
			       char **only)
{
	GPtrArray *all = cells_archs_without(cells, t->path);

	for (guint i = 0; all && i < all->len; )
		if (only && !g_strv_contains((const char *const *)only,
					     all->pdata[i]))
			g_ptr_array_remove_index(all, i);
		else
			i++;
	return all;
}

int audit_run(const struct tree *t, const struct manifest *m,
	      const GPtrArray *cells, char **only, int jobs, struct audit *a)
{
	struct question q = { t, m };
	struct cellfacts_kind kind = {
		.name = "audit",
		.progress = "audit", .asked = asked(m), .folders = folders,
		.read = read_cell, .data = &q,
	};
	GPtrArray *found;

	a->cells = g_ptr_array_new_with_free_func(cell_free);
	a->branches = g_ptr_array_new_with_free_func(branch_free);
	a->absent = g_ptr_array_new_with_free_func(g_free);
	a->cached = 0;
	for (guint i = 0; i < cells->len; i++) {
		const struct cell_info *info = cells->pdata[i];

		if (info->absent)
			g_ptr_array_add(a->absent, g_strdup_printf("%s: %s",
					info->name, info->reason));
	}
	found = cellfacts_run(t, &kind, cells, jobs, &a->cached);
	g_free(kind.asked);
	if (!found)
		return -1;
	for (guint i = 0; i < found->len; i++) {
		struct cellfacts *f = found->pdata[i];
		struct audit_cell *c = new_cell(f->cell, f->reason);

		c->facts = json_incref(f->facts);
		if (c->facts)
			take_facts(c);
		g_ptr_array_add(a->cells, c);
	}
	g_ptr_array_free(found, TRUE);
	g_ptr_array_sort(a->cells, by_cell);
	make_branches(m, a);
	a->archs_without = audit_archs_without(t, cells, only);
	return a->archs_without ? 0 : -1;
}

void audit_clear(struct audit *a)
{
	g_ptr_array_free(a->branches, TRUE);
	g_ptr_array_free(a->cells, TRUE);
	g_ptr_array_free(a->archs_without, TRUE);
	g_ptr_array_free(a->absent, TRUE);
}

const struct audit_cell *audit_find(const struct audit *a, const char *cell)
{
	for (guint i = 0; i < a->cells->len; i++) {
		const struct audit_cell *c = a->cells->pdata[i];

		if (!strcmp(c->name, cell))
			return c->reason ? NULL : c;
	}
	return NULL;
}
