// SPDX-License-Identifier: GPL-2.0-only
/*
 * treewide audit typedefs: for each arch and config, what the handle type of a
 * conversion is, with the evidence for which policy can convert it.
 * treewide audit accessors: which helpers of huge entries have native forms,
 * and whether they mean the same; the proofs are a program's affair.  A table
 * for people, Markdown, or JSON (schemas in docs/audit.md).
 */
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "audit/accessors.h"
#include "audit/audit.h"
#include "read/cell.h"
#include "base/diag.h"
#include "model/manifest.h"
#include "base/nearest.h"
#include "base/output.h"
#include "base/printable.h"
#include "tree/spell.h"
#include "tree/tree.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

#define JSON_VERSION 1

static char *arch_list, *cell_list, *conversion;

static const GOptionEntry entries[] = {
	{ "arch", 0, 0, G_OPTION_ARG_STRING, &arch_list,
	  "Only these archs (folders of arch/), separated by commas", "LIST" },
	{ "cells", 0, 0, G_OPTION_ARG_STRING, &cell_list,
	  "Only these cells, separated by commas", "LIST" },
	{ "conversion", 0, 0, G_OPTION_ARG_STRING, &conversion,
	  "Whose handle type or accessors (default: ptdesc, leaf-helpers)",
	  "NAME" },
	{ 0 }
};

static const char *const kinds[] = { "typedefs", "accessors", NULL };

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static gint64 number_of(json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* ---- rows: one a cell, in columns ---- */

enum { COL_CELL, COL_IS, COL_PLACE, COL_TABLE, COL_PAGE, COL_SHARING,
       COL_ADDRESS, COL_POLICIES, N_COL };

static const char *const heads[N_COL] = {
	"cell", "it is", "defined at", "table", "page", "tables a page",
	"kernel address", "policies"
};

static char *size_text(json_t *facts, const char *key)
{
	gint64 n = number_of(facts, key);

	return n ? g_strdup_printf("%" G_GINT64_FORMAT, n)
		 : g_strdup("run time");
}

/* "16", "1, 16 or 256 (run time)", "unknown". */
static char *sharing_column(const struct audit_cell *c)
{
	json_t *sh = json_object_get(c->facts, "sharing"), *o;
	GString *s = g_string_new(NULL);
	GPtrArray *seen;
	size_t i;

	if (c->sharing == AUDIT_UNKNOWN)
		return g_string_free(g_string_append(s, "unknown"), FALSE);
	if (c->sharing != AUDIT_RUN_TIME) {
		g_string_append_printf(s, "%" G_GINT64_FORMAT, c->tables);
		return g_string_free(s, FALSE);
	}
	seen = g_ptr_array_new_with_free_func(g_free);
	json_array_foreach(json_object_get(sh, "alternatives"), i, o) {
		gint64 n = number_of(o, "tables");
		char *t = n ? g_strdup_printf("%" G_GINT64_FORMAT, n)
			    : g_strdup("unknown");

		if (!g_ptr_array_find_with_equal_func(seen, t, g_str_equal,
						      NULL))
			g_string_append_printf(s, "%s%s", i ? " or " : "", t);
		g_ptr_array_add(seen, t);
	}
	g_ptr_array_free(seen, TRUE);
	g_string_append(s, s->len ? " (run time)" : "run time");
	return g_string_free(s, FALSE);
}

static char *policies_column(const GPtrArray *verdicts)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < verdicts->len; i++) {
		const struct audit_verdict *v = verdicts->pdata[i];

		if (v->can)
			g_string_append_printf(s, "%s%s%s", s->len ? ", " : "",
					v->policy,
					v->planned ? " (planned)" : "");
	}
	return g_string_free(s->len ? s : g_string_append(s, "none"), FALSE);
}

static void fill_row(const struct manifest *m, const struct audit_cell *c,
		     char **row)
{
	GPtrArray *v;

	for (int i = 0; i < N_COL; i++)
		row[i] = NULL;
	row[COL_CELL] = g_strdup(c->name);
	if (c->reason) {
		row[COL_IS] = g_strdup("not read");
		for (int i = COL_PLACE; i < N_COL; i++)
			row[i] = g_strdup("");
		return;
	}
	v = audit_verdicts(m, c);
	row[COL_IS] = g_strdup(c->is);
	row[COL_PLACE] = g_strdup_printf("%s:%u", c->file, c->line);
	row[COL_TABLE] = size_text(c->facts, "table");
	row[COL_PAGE] = size_text(c->facts, "page");
	row[COL_SHARING] = sharing_column(c);
	row[COL_ADDRESS] = g_strdup(text_of(json_object_get(c->facts,
					"kernel_address"), "verdict"));
	row[COL_POLICIES] = policies_column(v);
	g_ptr_array_free(v, TRUE);
}

static void put_rows(GString *s, const struct manifest *m,
		     const struct audit *a, gboolean markdown)
{
	guint n = a->cells->len + 1;
	char *(*rows)[N_COL] = g_malloc0_n(n, sizeof(*rows));
	gsize width[N_COL] = { 0 };

	for (int k = 0; k < N_COL; k++)
		rows[0][k] = g_strdup(heads[k]);
	for (guint i = 1; i < n; i++)
		fill_row(m, a->cells->pdata[i - 1], rows[i]);
	for (guint i = 0; i < n; i++)
		for (int k = 0; k < N_COL; k++)
			width[k] = MAX(width[k], strlen(rows[i][k]));
	for (guint i = 0; i < n; i++) {
		for (int k = 0; k < N_COL; k++) {
			if (markdown)
				g_string_append_printf(s, "| %s ", rows[i][k]);
			else
				g_string_append_printf(s, "%-*s%s",
					k == N_COL - 1 ? 0 : (int)width[k],
					rows[i][k], k == N_COL - 1 ? "" : "  ");
			g_free(rows[i][k]);
		}
		while (s->len && s->str[s->len - 1] == ' ')
			g_string_truncate(s, s->len - 1);
		g_string_append(s, markdown ? " |\n" : "\n");
		if (markdown && !i)
			g_string_append(s, "|---|---|---|---|---|---|---|---|\n");
	}
	g_free(rows);
}

/* ---- what stands behind the rows ---- */

static void put_line(GString *s, gboolean markdown, const char *what,
		     const char *text)
{
	g_string_append_printf(s, markdown ? "- %s: %s\n" : "  %-10s %s\n",
			       what, text);
}

static char *role_text(json_t *names)
{
	GString *s = g_string_new(NULL);
	json_t *o;
	size_t i;

	json_array_foreach(names, i, o)
		g_string_append_printf(s, "%s%s%s %s:%d (%s%s)",
			i ? ", " : "", text_of(o, "name"),
			strcmp(text_of(o, "kind"), "macro") ? "()" : "",
			text_of(o, "file"), (int)number_of(o, "line"),
			json_is_true(json_object_get(o, "own")) ? "own"
								: "generic",
			json_is_true(json_object_get(o, "declared_only")) ?
			", declaration" : "");
	return g_string_free(s->len ? s : g_string_append(s, "none"), FALSE);
}

static void put_roles(GString *s, const struct manifest *m,
		      const struct audit_cell *c, gboolean markdown)
{
	json_t *roles = json_object_get(c->facts, "roles");
	char **names = g_key_file_get_keys(m->keys, "audit roles", NULL, NULL);

	for (char **r = names; r && *r; r++) {
		char *t = role_text(json_object_get(roles, *r));

		put_line(s, markdown, *r, t);
		g_free(t);
	}
	g_strfreev(names);
}

/* All of a cell but its name. */
static char *block(const struct manifest *m, const struct audit_cell *c,
		   gboolean markdown)
{
	json_t *address = json_object_get(c->facts, "kernel_address"), *o;
	GPtrArray *v = audit_verdicts(m, c);
	GString *s = g_string_new(NULL);
	char *t;
	size_t i;

	t = g_strdup_printf("%s, %s:%u%s%s", c->is, c->file, c->line,
			    *c->condition ? " under " : "", c->condition);
	put_line(s, markdown, m->types[0], t);
	g_free(t);
	put_roles(s, m, c, markdown);
	t = audit_sharing_text(c);
	put_line(s, markdown, "sharing", t);
	g_free(t);
	json_array_foreach(json_object_get(json_object_get(c->facts,
				"sharing"), "path"), i, o)
		put_line(s, markdown, i ? "" : "by way of",
			 json_string_value(o));
	t = g_strdup_printf("%s: %s", text_of(address, "verdict"),
			    text_of(address, "why"));
	put_line(s, markdown, "address", t);
	g_free(t);
	for (guint k = 0; k < v->len; k++) {
		const struct audit_verdict *x = v->pdata[k];

		t = g_strdup_printf("%s%s%s%s", x->can ? "yes" : "no",
				    x->planned ? " (planned)" : "",
				    x->can ? "" : ": ", x->can ? "" : x->why);
		put_line(s, markdown, x->policy, t);
		g_free(t);
	}
	g_ptr_array_free(v, TRUE);
	return g_string_free(s, FALSE);
}

/* Cells of which the same is to be said are said together. */
static void put_blocks(GString *s, const struct manifest *m,
		       const struct audit *a, gboolean markdown)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < a->cells->len; i++) {
		const struct audit_cell *c = a->cells->pdata[i];

		g_ptr_array_add(texts, c->reason ? NULL :
				block(m, c, markdown));
	}
	for (guint i = 0; i < texts->len; i++) {
		const char *text = texts->pdata[i];

		if (!text)
			continue;
		g_string_append_printf(s, markdown ? "\n### %s" : "\n%s",
			((struct audit_cell *)a->cells->pdata[i])->name);
		for (guint k = i + 1; k < texts->len; k++) {
			if (g_strcmp0(texts->pdata[k], text))
				continue;
			g_string_append_printf(s, ", %s",
				((struct audit_cell *)a->cells->pdata[k])->name);
			g_free(texts->pdata[k]);
			texts->pdata[k] = NULL;
		}
		g_string_append_printf(s, markdown ? "\n\n%s" : "\n%s", text);
	}
	g_ptr_array_free(texts, TRUE);
}

static void put_branches(GString *s, const struct audit *a, gboolean markdown)
{
	for (guint i = 0; i < a->branches->len; i++) {
		const struct audit_branch *b = a->branches->pdata[i];

		g_string_append_printf(s, "%s%s (%s:%u): ",
				       markdown ? "- " : "  ", b->arch, b->file,
				       b->line);
		for (guint k = 0; k < b->verdicts->len; k++) {
			const struct audit_verdict *v = b->verdicts->pdata[k];

			g_string_append_printf(s, "%s%s %s%s", k ? ", " : "",
					v->policy, v->can ? "yes" : "no",
					v->planned ? " (planned)" : "");
		}
		g_string_append_c(s, '\n');
		for (guint k = 0; k < b->verdicts->len; k++) {
			const struct audit_verdict *v = b->verdicts->pdata[k];

			if (!v->can)
				g_string_append_printf(s, "%s%s: %s\n",
					markdown ? "  - " : "    ", v->policy,
					v->why);
		}
	}
}

static GString *make_text(const struct tree *t, const struct manifest *m,
			  const struct audit *a, gboolean markdown)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%s%s in Linux %s: %u cells\n\n",
			       markdown ? "# " : "", m->types[0], t->release,
			       a->cells->len);
	put_rows(s, m, a, markdown);
	for (guint i = 0; i < a->cells->len; i++) {
		const struct audit_cell *c = a->cells->pdata[i];

		if (c->reason)
			g_string_append_printf(s, "\n%snot read: %s: %s\n",
					       markdown ? "- " : "", c->name,
					       c->reason);
	}
	for (guint i = 0; i < a->archs_without->len; i++)
		g_string_append_printf(s, "\n%snot answered: arch/%s has no cell (docs/cells.md says how to add one)\n",
				       markdown ? "- " : "",
				       (char *)a->archs_without->pdata[i]);
	for (guint i = 0; i < a->absent->len; i++)
		g_string_append_printf(s, "\n%snot in this tree: %s\n",
				       markdown ? "- " : "",
				       (char *)a->absent->pdata[i]);
	g_string_append(s, markdown ? "\n## Which policy converts which typedef\n\n"
				    : "\nWhich policy converts which typedef, in all its cells:\n");
	put_branches(s, a, markdown);
	g_string_append(s, markdown ? "\n## Evidence\n" : "");
	put_blocks(s, m, a, markdown);
	return s;
}

/* ---- json ---- */

static json_t *json_verdicts(const GPtrArray *v)
{
	json_t *a = json_array();

	for (guint i = 0; i < v->len; i++) {
		const struct audit_verdict *x = v->pdata[i];

		json_array_append_new(a, json_pack("{s:s,s:b,s:b,s:s?}",
				"policy", x->policy, "planned", x->planned,
				"can", x->can, "why", x->why));
	}
	return a;
}

static json_t *json_cell(const struct manifest *m, const struct audit_cell *c)
{
	json_t *o;
	GPtrArray *v;
	char *t;

	if (c->reason)
		return json_pack("{s:s,s:s,s:b,s:s}", "cell", c->name, "arch",
				 c->arch, "read", 0, "reason", c->reason);
	o = json_copy(c->facts);
	json_object_set_new(o, "read", json_true());
	t = audit_sharing_text(c);
	json_object_set_new(o, "evidence", json_string(t));
	g_free(t);
	v = audit_verdicts(m, c);
	json_object_set_new(o, "policies", json_verdicts(v));
	g_ptr_array_free(v, TRUE);
	return o;
}

static GString *make_json(const struct tree *t, const struct manifest *m,
			  const struct audit *a)
{
	json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:s}", "version", JSON_VERSION,
			      "audit", "typedefs", "type", m->types[0], "tree",
			      t->path, "release", t->release);
	json_t *cells = json_array(), *branches = json_array();
	json_t *without = json_array(), *absent = json_array();
	GString *s;
	char *text;

	for (guint i = 0; i < a->cells->len; i++)
		json_array_append_new(cells, json_cell(m, a->cells->pdata[i]));
	for (guint i = 0; i < a->branches->len; i++) {
		const struct audit_branch *b = a->branches->pdata[i];
		json_t *names = json_array(), *x;

		for (guint k = 0; k < b->cells->len; k++)
			json_array_append_new(names, json_string(
				((struct audit_cell *)b->cells->pdata[k])->name));
		x = json_pack("{s:s,s:s,s:i,s:o,s:o}", "arch", b->arch, "file",
			      b->file, "line", (int)b->line, "cells", names,
			      "policies", json_verdicts(b->verdicts));
		json_array_append_new(branches, x);
	}
	for (guint i = 0; i < a->archs_without->len; i++)
		json_array_append_new(without, json_string(
					a->archs_without->pdata[i]));
	for (guint i = 0; i < a->absent->len; i++)
		json_array_append_new(absent,
				      json_string(a->absent->pdata[i]));
	json_object_set_new(o, "cells", cells);
	json_object_set_new(o, "typedefs", branches);
	json_object_set_new(o, "archs_without_cell", without);
	json_object_set_new(o, "absent", absent);
	text = json_dumps(o, JSON_INDENT(1));
	s = g_string_new(text);
	g_string_append_c(s, '\n');
	free(text);
	json_decref(o);
	return s;
}

/* ---- what is asked ---- */

/* The archs that were asked for; each must be one of the tree. */
static char **wanted_archs(const struct tree *t)
{
	char **v;

	if (!arch_list)
		return NULL;
	v = g_strsplit(*arch_list ? arch_list : ",", ",", -1);
	for (char **a = v; *a; a++) {
		char *dir = g_build_filename(t->path, "arch", g_strstrip(*a),
					     NULL);

		if (!**a || strchr(*a, '/') || !strcmp(*a, ".") ||
		    !strcmp(*a, "..") || !g_file_test(dir, G_FILE_TEST_IS_DIR))
			tw_die(TW_USAGE, "audit: the tree has no arch '%s'; --arch takes folders of arch/, separated by commas",
			       *a);
		g_free(dir);
	}
	return v;
}

/* Those of @only that some cell is for: treewide-cell knows no others. */
static char **with_cells(char **only)
{
	char *dir = g_build_filename(tw_data_dir(), "corpus", "cells", NULL);
	GPtrArray *v = g_ptr_array_new();

	for (char **a = only; *a; a++) {
		char *p = g_build_filename(dir, *a, NULL);

		if (g_file_test(p, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(v, g_strdup(*a));
		g_free(p);
	}
	g_ptr_array_add(v, NULL);
	g_free(dir);
	return (char **)g_ptr_array_free(v, FALSE);
}

static void check_kind(int argc, char **argv)
{
	const char *near;
	char *all;

	if (argc < 2)
		tw_die(TW_USAGE, "audit: say what to audit; there is: typedefs, accessors");
	if (argc > 2)
		tw_die(TW_USAGE, "audit: '%s' is too much; give one audit",
		       argv[2]);
	if (g_strv_contains(kinds, argv[1]))
		return;
	all = g_strjoinv(", ", (char **)kinds);
	near = nearest(argv[1], kinds);
	tw_die(TW_USAGE, "audit: no audit '%s'%s%s%s; there is: %s", argv[1],
	       near ? "; did you mean '" : "", near ? near : "",
	       near ? "'?" : "", all);
}

/* What --cells names, as treewide-cell takes it. */
static char **wanted_cells(void)
{
	char **v;

	if (!cell_list)
		return NULL;
	if (arch_list)
		tw_die(TW_USAGE, "audit: --arch and --cells exclude each other");
	v = g_strsplit(*cell_list ? cell_list : ",", ",", -1);
	for (char **c = v; *c; c++) {
		char *file = g_strconcat(g_strstrip(*c), ".ini", NULL);
		char *path = g_build_filename(tw_data_dir(), "corpus", "cells",
					      file, NULL);

		if (!strchr(*c, '/') || strstr(*c, "..") ||
		    !g_file_test(path, G_FILE_TEST_IS_REGULAR))
			tw_die(TW_USAGE, "audit: no cell '%s'; 'treewide cell list' names them",
			       *c);
		g_free(path);
		g_free(file);
	}
	return v;
}

/* What is audited. */
struct scope {
	char **archs;		/* asked about; empty with --cells; NULL: all */
	char **named;		/* what is prepared; NULL: all */
	GPtrArray *cells;	/* struct cell_info */
};

static void scope_take(struct scope *s, const struct tree *t, int jobs)
{
	s->archs = wanted_archs(t);
	s->named = s->archs && !cell_list ? with_cells(s->archs) :
		   wanted_cells();
	if (s->named && !s->archs)
		s->archs = g_new0(char *, 1);
	s->cells = s->named && !*s->named ? g_ptr_array_new() :
		   cells_prepare_some(t->path, jobs, s->named);
	if (!s->cells || (!s->named && !s->cells->len))
		exit(TW_FATAL);
}

static void scope_clear(struct scope *s)
{
	g_ptr_array_free(s->cells, TRUE);
	g_strfreev(s->named);
	g_strfreev(s->archs);
}

/* ---- typedefs ---- */

static int typedefs(const struct tree *t, const struct manifest *m,
		    const struct tw_options *opt)
{
	struct audit a = { 0 };
	struct scope s;
	GString *out;
	int status = TW_OK;

	scope_take(&s, t, opt->jobs);
	if (audit_run(t, m, s.cells, s.archs, opt->jobs, &a))
		return TW_FATAL;
	out = !g_strcmp0(opt->format, "json") ? make_json(t, m, &a) :
	      make_text(t, m, &a, !g_strcmp0(opt->format, "markdown"));
	if (opt->output) {
		if (output_write(opt->output, out->str, out->len))
			return TW_FATAL;
	} else {
		printable_print(stdout, "%s", out->str);
		if (fflush(stdout))
			tw_die(TW_FATAL, "cannot write the report");
	}
	/* An arch or a config of which nothing could be said: not the answer. */
	for (guint i = 0; i < a.cells->len; i++)
		if (((struct audit_cell *)a.cells->pdata[i])->reason)
			status = TW_INCOMPLETE;
	if (a.archs_without->len)
		status = TW_INCOMPLETE;
	g_string_free(out, TRUE);
	audit_clear(&a);
	scope_clear(&s);
	return status;
}

/* ---- accessors ---- */

static json_t *strings(char **v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, json_string(*v));
	return a;
}

/* What the program that proves is given: see tools/twlib/accessors/. */
static char *accessor_facts(const struct tree *t, const struct scope *s,
			    const char *name, const char *rules,
			    const GPtrArray *found, const GPtrArray *without)
{
	json_t *cells = json_array(), *absent = json_array();
	json_t *archs = json_array(), *o;
	char *text;

	for (guint i = 0; i < s->cells->len; i++) {
		const struct cell_info *c = s->cells->pdata[i];

		if (c->absent)
			json_array_append_new(absent, json_pack("{s:s,s:s}",
					"cell", c->name, "reason", c->reason));
	}
	for (guint i = 0; i < found->len; i++) {
		const struct cellfacts *f = found->pdata[i];

		/* What they rest on is part of the key of the proofs. */
		if (f->facts)
			json_object_update(f->facts, f->rests_on);
		json_array_append_new(cells, json_pack(
			"{s:s,s:s,s:s*,s:o,s:O*,s:s*}", "cell", f->cell->name,
			"arch", f->cell->srcarch, "build", f->cell->build,
			"args", strings(f->cell->args), "facts", f->facts,
			"reason", f->reason));
	}
	for (guint i = 0; i < without->len; i++)
		json_array_append_new(archs, json_string(without->pdata[i]));
	o = json_pack("{s:i,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "version",
		      JSON_VERSION, "conversion", name, "rules", rules,
		      "tree", t->path,
		      "release", t->release, "cells", cells, "absent", absent,
		      "archs_without_cell", archs);
	text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	return text;
}

/* Who ends us ends the proofs: they would go on for minutes. */
static void die_with_parent(gpointer data)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static int prove(const char *facts, const struct tw_options *opt)
{
	char *prog = g_build_filename(tw_libexec_dir(),
				      "treewide-audit-accessors", NULL);
	char *jobs = g_strdup_printf("%d", opt->jobs);
	const char *argv[] = { prog, "-j", jobs, "--format",
			       opt->format ? opt->format : "table",
			       opt->output ? "-o" : NULL, opt->output, NULL };
	GBytes *in = g_bytes_new(facts, strlen(facts));
	GSubprocessLauncher *l;
	GSubprocess *p;
	GError *err = NULL;

	g_setenv("TREEWIDE_DATA", tw_data_dir(), TRUE);
	l = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE);
	g_subprocess_launcher_set_child_setup(l, die_with_parent, NULL, NULL);
	p = g_subprocess_launcher_spawnv(l, argv, &err);
	if (!p || !g_subprocess_communicate(p, in, NULL, NULL, NULL, &err))
		tw_die(TW_FATAL, "cannot run '%s': %s", prog, err->message);
	g_object_unref(l);
	g_bytes_unref(in);
	g_free(jobs);
	g_free(prog);
	return g_subprocess_get_if_exited(p) ?
	       g_subprocess_get_exit_status(p) : TW_FATAL;
}

static int accessors(const struct tree *t, const struct manifest *m,
		     const struct tw_options *opt)
{
	char *text;
	GKeyFile *rules = accessors_rules(m, &text);
	GPtrArray *found, *without;
	struct scope s;
	guint cached;
	char *facts;
	int status;

	if (!rules)
		return TW_USAGE;
	scope_take(&s, t, opt->jobs);
	without = audit_archs_without(t, s.cells, s.archs);
	found = without ? accessors_find(t, rules, s.cells, opt->jobs, &cached)
			: NULL;
	if (!found)
		return TW_FATAL;
	facts = accessor_facts(t, &s, m->name, text, found, without);
	status = prove(facts, opt);
	free(facts);
	g_free(text);
	g_ptr_array_free(found, TRUE);
	g_ptr_array_free(without, TRUE);
	g_key_file_free(rules);
	scope_clear(&s);
	return status;
}

/* ---- the command ---- */

int cmd_audit(int argc, char **argv)
{
	static const char *const formats[] = { "table", "json", "markdown",
					       NULL };
	struct tw_options opt;
	struct manifest *m = NULL;
	struct tree *t;
	const char *why;
	gboolean types;
	int status;

	tw_parse_options_formats(&argc, &argv, entries,
		"typedefs|accessors --tree DIR",
		"What each arch and config makes of page-table types, computed in each cell.\n"
		"typedefs: a conversion's handle type: definition, size of a table, tables a\n"
		"page, which policy can convert it, with the evidence.  accessors: helpers of\n"
		"huge entries: the native form at each level, and whether it gives the same\n"
		"answer on every entry that hugetlb can store.  The tree is not written to.",
		formats, &opt);
	check_kind(argc, argv);
	types = !strcmp(argv[1], "typedefs");
	if (!opt.tree)
		tw_die(TW_USAGE, "audit: --tree DIR is needed");
	if (!conversion)
		conversion = types ? "ptdesc" : "leaf-helpers";
	m = manifest_load(conversion);
	if (!m)
		return TW_USAGE;
	why = types ? audit_refuses(m) : NULL;
	if (why)
		tw_die(TW_USAGE, "audit: '%s' cannot be audited: %s", m->name,
		       why);
	t = tree_open(opt.tree);
	if (!t || spell_conversion(m, t))
		return TW_FATAL;
	if (opt.output && output_inside(opt.output, t->path))
		tw_die(TW_USAGE, "audit: -o '%s' is in the tree, which is not written to; name another place",
		       opt.output);
	if (opt.output && output_check(opt.output))
		return TW_FATAL;
	status = types ? typedefs(t, m, &opt) : accessors(t, m, &opt);
	manifest_free(m);
	tree_free(t);
	return status;
}
