// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline, a stage after the other; struct convert is what they hand on.
 * The decisions are elsewhere: what is a site in src/tree/scan.c, what carries a
 * handle in src/convert/handle/flow.c, what is rewritten in the semantic patches and
 * src/convert/handle/handle.c.
 */
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <clang-c/Index.h>
#include <xxhash.h>

#include "convert/internal.h"
#include "base/diag.h"
#include "convert/handle/forward.h"
#include "text/layout.h"
#include "convert/newdiag.h"
#include "convert/recall.h"
#include "tree/scan.h"
#include "base/treewide.h"

/* The sites. */

gboolean convert_is_code(const struct site *s)
{
	return s->ctx == SITE_CODE || s->ctx == SITE_MACRO ||
	       s->ctx == SITE_DIRECTIVE || s->ctx == SITE_DISABLED;
}

static int keep_site(const struct site *s, void *data)
{
	struct convert *c = data;
	struct site *copy = g_new0(struct site, 1);

	*copy = *s;
	copy->file = g_strdup(s->file);
	copy->symbol = g_strdup(s->symbol);
	copy->reason = copy->evidence = NULL;
	copy->ast = copy->smpl = copy->outcome = copy->condition = NULL;
	copy->fate = FATE_UNRESOLVED;
	g_ptr_array_add(c->sites, copy);
	if (source_is_c(s->file) && convert_is_code(s))
		g_hash_table_add(c->code_files, g_strdup(s->file));
	return 0;
}

static void site_free(gpointer p)
{
	struct site *s = p;

	g_free(s->file);
	g_free(s->symbol);
	g_free(s->reason);
	g_free(s->evidence);
	g_free(s->ast);
	g_free(s->smpl);
	g_free(s->outcome);
	g_free(s->condition);
	g_free(s);
}

static void add_option(GString *s, const char *name, const char *value)
{
	char *quoted = g_shell_quote(value);

	g_string_append_printf(s, " --%s %s", name, quoted);
	g_free(quoted);
}

/* The options that decide what the result is, as a shell reads them. */
static char *options_of(const struct convert *c)
{
	char *proofs = g_key_file_get_string(c->m->keys, "leaf", "accessors",
					     NULL);
	GString *s = g_string_new(NULL);

	if (c->policy)
		add_option(s, c->m->choice, c->policy);
	for (char **d = c->t->with; d && *d; d++)
		add_option(s, "with", *d);
	if (proofs)
		add_option(s, "accessors", proofs);
	g_free(proofs);
	return g_string_free(s, FALSE);
}

int convert_scan(struct convert *c, char **symbols)
{
	char *path = g_build_filename(c->run, "ledger.sqlite", NULL);
	char *options = options_of(c);
	struct scan_request req = {
		.tree = c->t->path,
		.types = c->m->types,
		.symbols = symbols,
		.first = c->m->first,
		.with = c->t->with,
		.jobs = c->jobs,
	};
	struct scan_result res = { 0 };
	int ret = -1;

	/* Not the first time: with more symbols, all anew. */
	if (c->ledger)
		ledger_abandon(c->ledger);
	g_ptr_array_set_size(c->sites, 0);
	c->ledger = ledger_create(path);
	if (!c->ledger)
		goto out;
	ledger_set_meta(c->ledger, "conversion", c->m->name);
	ledger_set_meta(c->ledger, "tree", c->t->path);
	ledger_set_meta(c->ledger, "release", c->t->release);
	ledger_set_meta(c->ledger, "policy", c->policy ? c->policy : "none");
	ledger_set_meta(c->ledger, "options", options);
	if (scan_tree(&req, c->ledger, &res))
		goto out;
	c->manifest = res.manifest;
	if (res.unread)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%u files or folders of the tree could not be read; the ledger lists them, with the reasons",
			res.unread));
	for (guint i = 0; i < res.symbols->len; i++)
		g_hash_table_add(c->symbols, g_strdup(res.symbols->pdata[i]));
	g_ptr_array_free(res.symbols, TRUE);
	ret = ledger_each(c->ledger, keep_site, c);
out:
	g_free(options);
	g_free(path);
	return ret;
}

/* The sources that may change. */

struct source *convert_source(struct convert *c, const char *file)
{
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (s)
		return s;
	s = tree_source(c->t, file);
	if (s)
		g_hash_table_insert(c->sources, s->file, s);
	return s;
}

static int by_file(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct source *const *)a)->file,
		      (*(struct source *const *)b)->file);
}

void convert_load_sources(struct convert *c)
{
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, c->code_files);
	while (g_hash_table_iter_next(&it, &k, NULL))
		convert_source(c, k);
	g_ptr_array_set_size(c->source_list, 0);
	g_hash_table_iter_init(&it, c->sources);
	while (g_hash_table_iter_next(&it, NULL, &k))
		g_ptr_array_add(c->source_list, k);
	g_ptr_array_sort(c->source_list, by_file);
}

/*
 * An arch that is newer than the cells: nobody has read it, which is a problem
 * as soon as it has a site.
 */
static int report_new_archs(struct convert *c)
{
	GPtrArray *archs = cells_archs_without(c->cells, c->t->path);

	if (!archs)
		return -1;
	for (guint i = 0; i < archs->len; i++) {
		const char *arch = archs->pdata[i];
		char *folder = g_strdup_printf("arch/%s/", arch);
		guint n = 0;

		for (guint k = 0; k < c->sites->len; k++) {
			const struct site *s = c->sites->pdata[k];

			n += g_str_has_prefix(s->file, folder);
		}
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

static const struct cell_info *cell_of(const struct convert *c,
				       const char *name)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!strcmp(cell->name, name))
			return cell;
	}
	return NULL;
}

/* Which archs keep a page behind the handle, by what their cells say. */
static void classify_archs(struct convert *c)
{
	convert_note_cells(c);
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!cell->ready)
			continue;
		if (g_hash_table_contains(c->flow->page_cells, cell->name))
			g_hash_table_add(c->page_archs,
					 g_strdup(cell->srcarch));
		g_hash_table_add(c->read_archs, g_strdup(cell->srcarch));
	}
	/* An arch without a cell that can be read: its text must do. */
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];

		if (!s->arch || g_hash_table_contains(c->read_archs, s->arch) ||
		    !handle_has_typedef(c->h, s))
			continue;
		g_hash_table_add(c->page_archs, g_strdup(s->arch));
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s: no cell of arch '%s' could be read; it is converted by its text alone",
			s->file, s->arch));
	}
}

gboolean convert_may_change(const struct convert *c, const struct source *s)
{
	return g_hash_table_size(c->page_archs) &&
	       (!s->arch || g_hash_table_contains(c->page_archs, s->arch));
}

static gboolean has_arch(const GPtrArray *archs, const char *arch)
{
	return g_ptr_array_find_with_equal_func((GPtrArray *)archs, arch,
						g_str_equal, NULL);
}

/* Why what stays does so: how the cells with another handle keep their tables. */
static int audit_rest(struct convert *c)
{
	GPtrArray *archs = g_ptr_array_new(), *cells = g_ptr_array_new();
	int ret = 0;

	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (cell->ready && !g_hash_table_contains(c->flow->page_cells,
							  cell->name) &&
		    !has_arch(archs, cell->srcarch))
			g_ptr_array_add(archs, cell->srcarch);
	}
	for (guint i = 0; i < c->cells->len; i++)
		if (has_arch(archs, ((struct cell_info *)
				     c->cells->pdata[i])->srcarch))
			g_ptr_array_add(cells, c->cells->pdata[i]);
	g_ptr_array_add(archs, NULL);
	if (cells->len && g_hash_table_size(c->page_archs) &&
	    !audit_refuses(c->m))
		ret = audit_run(c->t, c->m, cells, (char **)archs->pdata,
				c->jobs, &c->audit);
	g_ptr_array_free(cells, TRUE);
	g_ptr_array_free(archs, TRUE);
	return ret;
}

static const char *read_source(const char *file, gsize *size, void *data)
{
	struct convert *c = data;
	struct source *s = g_hash_table_lookup(c->sources, file);

	if (!s)
		return NULL;
	*size = s->size;
	return s->text;
}

int convert_check_edits(struct convert *c)
{
	return edit_check(c->edits, read_source, c) ? -1 : 0;
}

static void file_free(gpointer p)
{
	struct convert_file *f = p;

	g_free(f->file);
	g_free(f->old_text);
	g_free(f->new_text);
	g_free(f);
}

int convert_make_texts(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		struct source *s = g_hash_table_lookup(c->sources,
						       files->pdata[i]);
		struct convert_file *f = g_new0(struct convert_file, 1);
		char *path = g_canonicalize_filename(s->file, c->t->path);
		struct stat st;

		f->file = g_strdup(s->file);
		f->old_text = g_memdup2(s->text, s->size + 1);
		f->old_size = s->size;
		f->new_text = layout_apply(s->text, s->size,
					   edit_of_file(c->edits, s->file),
					   &f->new_size);
		f->mode = !stat(path, &st) && st.st_mode & 0111 ? 0100755
								: 0100644;
		g_free(path);
		g_ptr_array_add(c->res->files, f);
	}
	g_ptr_array_free(files, TRUE);
	return 0;
}

/* The edits as data, for whoever wants to know where a change comes from. */
static int write_edits(const struct convert *c)
{
	char *path = g_build_filename(c->run, "edits.json", NULL);
	GPtrArray *files = edit_files(c->edits);
	json_t *all = json_array();
	int ret = 0;

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);

		for (guint k = 0; k < v->len; k++) {
			const struct edit *e = v->pdata[k];

			json_array_append_new(all, json_pack(
				"{s:s%,s:I,s:s%,s:s%,s:s}", "file", e->file,
				strlen(e->file), "offset", (json_int_t)e->off,
				"old", e->old_text, (size_t)e->old_len, "new",
				e->new_text, (size_t)e->new_len, "rule",
				e->rule));
		}
	}
	if (json_dump_file(all, path, JSON_INDENT(1)))
		ret = tw_error("cannot write '%s'", path);
	json_decref(all);
	g_ptr_array_free(files, TRUE);
	g_free(path);
	return ret;
}

/* Read the result. */

/* Does line @line of the new text stand in the old one, too? */
static gboolean line_is_old(const struct convert_file *f, guint line)
{
	const char *p = convert_line(f->new_text, line), *end, *hit;
	gsize len;

	if (!p)
		return FALSE;
	end = strchr(p, '\n');
	len = end ? (gsize)(end - p) : strlen(p);
	for (hit = f->old_text; hit; ) {
		const char *stop = strchr(hit, '\n');
		gsize n = stop ? (gsize)(stop - hit) : strlen(hit);

		if (n == len && !memcmp(hit, p, n))
			return TRUE;
		hit = stop ? stop + 1 : NULL;
	}
	return FALSE;
}

struct convert_file *convert_result_of(const struct convert *c,
				       const char *file)
{
	for (guint i = 0; i < c->res->files->len; i++) {
		struct convert_file *f = c->res->files->pdata[i];

		if (!strcmp(f->file, file))
			return f;
	}
	return NULL;
}

/* Does a cell of @arch compile generic code that is to change? */
static gboolean shares_edits(const struct convert *c, const char *arch)
{
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];
		const struct cell_info *cell = cell_of(c, a->cell);

		if (!cell || strcmp(cell->srcarch, arch))
			continue;
		for (guint k = 0; k < a->deps->len; k++) {
			const char *p = ((struct ast_dep *)
					 a->deps->pdata[k])->path;

			if (!g_str_has_prefix(p, "arch/") &&
			    edit_of_file(c->edits, p))
				return TRUE;
		}
	}
	return FALSE;
}

/*
 * A use that nobody could rewrite and that no longer compiles: the code stays,
 * and with it what depends on it.  An arch that stays keeps the generic code
 * that it uses, and that keeps everyone else.
 */
static void refuse(struct convert *c, const struct new_diag *f)
{
	struct refusal *r = g_new0(struct refusal, 1);
	char *arch = source_arch(f->d->file);
	char *cells = convert_cell_list(f->cells);

	r->evidence = g_strdup_printf("%s:%u:%u in %s: %s", f->d->file,
				      f->line, f->d->col, cells, f->d->text);
	g_free(cells);
	if (arch && !shares_edits(c, arch)) {
		r->why = g_strdup_printf("arch/%s has a use that cannot be converted",
					 arch);
		r->arch = g_steal_pointer(&arch);
	} else if (arch) {
		r->why = g_strdup_printf("arch/%s has a use that cannot be converted; it shares generic code, which stays, and so does all that depends on it",
					 arch);
	} else {
		r->why = g_strdup("generic code has a use that cannot be converted; it stays, and so does all that depends on it");
	}
	g_free(arch);
	g_ptr_array_add(c->refusals, r);
	g_ptr_array_add(c->res->refusals, g_strdup(r->evidence));
}

/* Take back the edits that a refusal covers. */
static void take_back(struct convert *c)
{
	struct edit_set *left = edit_set_new();
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);
		char *arch = source_arch(files->pdata[i]);
		gboolean stays = FALSE;

		for (guint k = 0; k < c->refusals->len; k++) {
			const struct refusal *r = c->refusals->pdata[k];

			stays |= !r->arch || !g_strcmp0(r->arch, arch);
		}
		for (guint k = 0; k < v->len && !stays; k++) {
			const struct edit *e = v->pdata[k];

			edit_add(left, e->file, e->off, e->old_text,
				 e->new_text, e->rule);
		}
		g_free(arch);
	}
	g_ptr_array_free(files, TRUE);
	edit_set_free(c->edits);
	c->edits = left;
	g_ptr_array_set_size(c->res->files, 0);
	convert_make_texts(c);
}

/*
 * Was what @d is about edited?  The line where it stands, or a macro's body that
 * makes the call that it is within.
 */
static gboolean is_edited(struct convert *c, const struct ast_diag *d)
{
	struct convert_file *f = convert_result_of(c, d->file);
	gboolean yes = f && !line_is_old(f, d->line);
	char **bodies = g_strsplit(d->within, " ", -1);

	for (char **b = bodies; *b && !yes; b++) {
		char *colon = strrchr(*b, ':');

		if (!colon)
			continue;
		*colon = '\0';
		f = convert_result_of(c, *b);
		yes = f && !line_is_old(f, strtoul(colon + 1, NULL, 10));
	}
	g_strfreev(bodies);
	return yes;
}

/*
 * Read the result.  What no longer compiles on a line that was edited is a
 * fault of the conversion; on a line that was not, a use that nobody knew how
 * to rewrite, and refused: *@again says that edits were taken back.
 */
static int verify(struct convert *c, gboolean *again)
{
	struct new_diags *n = new_diags_new();
	const GPtrArray *faults;
	GPtrArray *uses = g_ptr_array_new();
	struct ast_unsaved *u = convert_unsaved(c);
	struct reading_result r = { 0 };
	guint problems = c->res->problems->len;
	gboolean forward = FALSE;
	int ret = -1;

	*again = FALSE;
	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		new_diags_before(n, a->cell, a->diags);
	}
	if (convert_read_units(c, u, c->res->files->len, &r))
		goto out;
	for (guint i = 0; i < r.facts->len; i++) {
		struct ast_facts *a = r.facts->pdata[i];

		new_diags_after(n, c, a->cell, a->diags);
	}
	faults = new_diags_all(n);
	for (guint i = 0; i < faults->len; i++) {
		const struct new_diag *f = faults->pdata[i];

		if (forward_wanted(c, f->d) && forward_add(c, f->d))
			forward = TRUE;
		else if (forward_is_warning(f->d))
			;	/* as it was before the conversion */
		else if (!is_edited(c, f->d))
			g_ptr_array_add(uses, (gpointer)f);
		else
			new_diag_tell(f, "", c->res->problems);
	}
	/* What follows from a missing declaration is no fault: look again. */
	if (forward) {
		g_ptr_array_set_size(c->res->problems, problems);
		g_ptr_array_set_size(c->res->files, 0);
		*again = !convert_make_texts(c);
	/* A fault of the conversion may show elsewhere, too: no refusal then. */
	} else if (c->res->problems->len > problems) {
		for (guint i = 0; i < uses->len; i++)
			new_diag_tell(uses->pdata[i],
				      " (no rule knows this use)",
				      c->res->problems);
	} else if (uses->len) {
		for (guint i = 0; i < uses->len; i++)
			refuse(c, uses->pdata[i]);
		take_back(c);
		*again = c->res->files->len > 0;
	}
	g_ptr_array_free(r.facts, TRUE);
	g_ptr_array_free(r.failed, TRUE);
	ret = 0;
out:
	g_ptr_array_free(uses, TRUE);
	g_free(u);
	new_diags_free(n);
	return ret;
}

/* Until nothing is refused anew; each round takes an arch or everything. */
static int verify_all(struct convert *c)
{
	gboolean again = c->res->files->len > 0;

	while (again)
		if (verify(c, &again))
			return -1;
	return 0;
}

static void provenance(struct convert *c)
{
	GString *s = g_string_new(NULL);
	XXH3_state_t *x = XXH3_createState();
	char *spatch = smpl_version();
	CXString clang = clang_getClangVersion();
	char **words = g_strsplit(clang_getCString(clang), " ", -1);
	const char *version = "";

	for (char **w = words; *w; w++)
		if (g_str_has_prefix(*w, "19.") || g_ascii_isdigit(**w)) {
			version = *w;
			break;
		}
	XXH3_64bits_reset(x);
	for (guint i = 0; i < c->rules->len; i++) {
		const struct smpl_rule *r = c->rules->pdata[i];

		XXH3_64bits_update(x, r->text, strlen(r->text));
	}
	g_string_append_printf(s, "Converted by treewide %s: %s (%s)\n",
			       TREEWIDE_VERSION, c->m->name,
			       c->m->summary ? c->m->summary : "");
	g_string_append_printf(s, "Tree: Linux %s%s%s\n", c->t->release,
			       c->t->git_head ? ", commit " : "",
			       c->t->git_head ? c->t->git_head : "");
	g_string_append_printf(s, "%c%s: %s\n",
			       g_ascii_toupper(*c->m->choice), c->m->choice + 1,
			       c->policy ? c->policy : "none");
	g_string_append_printf(s, "Rules: %016" G_GINT64_MODIFIER
			       "x; spatch %s; libclang %s\n",
			       (guint64)XXH3_64bits_digest(x),
			       spatch ? spatch : "unknown", version);
	g_string_append_printf(s, "Cells read: %u\n\n",
			       c->res->cells_read->len);
	c->res->provenance = g_string_free(s, FALSE);
	XXH3_freeState(x);
	g_strfreev(words);
	clang_disposeString(clang);
	g_free(spatch);
}

static int check_requirements(const struct convert *c)
{
	GKeyFile *k = c->m->keys;
	char *file = g_key_file_get_string(k, "requires", "file", NULL);
	char *text = g_key_file_get_string(k, "requires", "text", NULL);
	char *why = g_key_file_get_string(k, "requires", "why", NULL);
	char *have;
	gsize size;
	int ret = 0;

	if (file && text) {
		have = tree_read(c->t, file, &size, TRUE);
		if (!have || !strstr(have, text))
			ret = tw_error("Linux %s in '%s' cannot be converted: no \"%s\" in %s; %s",
				       c->t->release, c->t->path, text, file,
				       why ? why : "");
		g_free(have);
	}
	g_free(file);
	g_free(text);
	g_free(why);
	return ret;
}

static void source_free_p(gpointer p)
{
	source_free(p);
}

static void refusal_free(gpointer p)
{
	struct refusal *r = p;

	g_free(r->arch);
	g_free(r->why);
	g_free(r->evidence);
	g_free(r);
}

static void unit_free(gpointer p)
{
	g_free(((struct reading_unit *)p)->file);
	g_free(p);
}

int convert_run(struct tree *t, struct manifest *m, const char *policy,
		const char *run, int jobs, gboolean fresh,
		struct convert_result *res)
{
	struct convert c = { .t = t, .m = m, .run = run, .jobs = jobs,
			     .res = res,
			     .policy = policy ? policy : m->policies[0] };
	int (*own)(struct convert *c);	/* its pipeline behind the scan */
	int ret = -1;

	memset(res, 0, sizeof(*res));
	res->files = g_ptr_array_new_with_free_func(file_free);
	res->problems = g_ptr_array_new_with_free_func(g_free);
	res->cells_read = g_ptr_array_new_with_free_func(g_free);
	res->unseen = g_ptr_array_new_with_free_func(g_free);
	res->cells_unread = g_ptr_array_new_with_free_func(g_free);
	res->notes = g_ptr_array_new_with_free_func(note_free);
	res->rules_left = g_ptr_array_new_with_free_func(g_free);
	c.sites = g_ptr_array_new_with_free_func(site_free);
	c.code_files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.symbols = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	c.sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					  source_free_p);
	c.source_list = g_ptr_array_new();
	c.units = g_ptr_array_new_with_free_func(unit_free);
	c.mentions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   NULL);
	c.asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c.through = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  g_free);
	c.page_archs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.read_archs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					     NULL);
	c.rules = g_ptr_array_new_with_free_func(smpl_rule_free);
	c.smpl_jobs = g_ptr_array_new();
	c.edits = edit_set_new();
	c.absent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	c.refusals = g_ptr_array_new_with_free_func(refusal_free);
	res->refusals = g_ptr_array_new_with_free_func(g_free);

	own = g_key_file_has_group(m->keys, "op") ? convert_op :
	      g_key_file_has_group(m->keys, "leaf") ? convert_leaf : NULL;
	if (!own)
		c.h = handle_load(m);
	if ((!own && !c.h) || check_requirements(&c) || convert_check_names(&c))
		goto out;
	if (convert_scan(&c, m->symbols))
		goto out;
	c.cells = cells_prepare(t->path, jobs, c.manifest);
	if (!c.cells || !c.cells->len)
		goto out;
	if (!fresh && !t->with && recall_take(&c)) {
		ret = 0;
		goto out;
	}
	if (report_new_archs(&c))
		goto out;
	if (own) {
		if (own(&c) || write_edits(&c))
			goto out;
	} else {
		if (convert_resolve(&c))
			goto out;
		classify_archs(&c);
		if (audit_rest(&c) || convert_rewrite(&c) ||
		    convert_check_edits(&c) || convert_make_texts(&c) ||
		    verify_all(&c) || write_edits(&c))
			goto out;
		convert_decide(&c);
	}
	for (guint i = 0; i < res->problems->len; i++)
		if (ledger_add_problem(c.ledger, res->problems->pdata[i]))
			goto out;
	res->edits = edit_count(c.edits);
	provenance(&c);
	ret = ledger_close(c.ledger);
	if (!ret && !t->with)
		recall_keep(&c);
	c.ledger = NULL;
out:
	if (c.ledger)
		ledger_abandon(c.ledger);
	if (c.audit.cells)
		audit_clear(&c.audit);
	handle_free(c.h);
	flow_free(c.flow);
	if (c.cells)
		g_ptr_array_free(c.cells, TRUE);
	if (c.facts)
		g_ptr_array_free(c.facts, TRUE);
	g_ptr_array_free(c.sites, TRUE);
	g_ptr_array_free(c.source_list, TRUE);
	g_ptr_array_free(c.units, TRUE);
	for (guint i = 0; i < c.smpl_jobs->len; i++)
		smpl_job_free(c.smpl_jobs->pdata[i], c.rules->len);
	g_ptr_array_free(c.smpl_jobs, TRUE);
	g_ptr_array_free(c.rules, TRUE);
	g_hash_table_destroy(c.symbols);
	g_hash_table_destroy(c.code_files);
	g_hash_table_destroy(c.sources);
	g_hash_table_destroy(c.mentions);
	g_hash_table_destroy(c.asked);
	g_hash_table_destroy(c.through);
	g_hash_table_destroy(c.page_archs);
	g_hash_table_destroy(c.read_archs);
	g_ptr_array_free(c.refusals, TRUE);
	edit_set_free(c.edits);
	g_hash_table_destroy(c.absent);
	return ret;
}

void convert_result_clear(struct convert_result *res)
{
	g_ptr_array_free(res->files, TRUE);
	g_ptr_array_free(res->problems, TRUE);
	g_ptr_array_free(res->refusals, TRUE);
	g_ptr_array_free(res->cells_read, TRUE);
	g_ptr_array_free(res->unseen, TRUE);
	g_ptr_array_free(res->cells_unread, TRUE);
	g_ptr_array_free(res->rules_left, TRUE);
	g_ptr_array_free(res->notes, TRUE);
	g_free(res->provenance);
}
