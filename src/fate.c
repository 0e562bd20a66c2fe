// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives every site its fate, with the reason and the cells that saw it.  A site
 * that neither engine can see stays unresolved and is a problem of the run.
 */
#include <string.h>

#include "convert-internal.h"

/*
 * How far the include guard of a header reaches: a second inclusion skips the
 * file from there, which hides nothing that the first one showed.
 */
static gsize include_guard(const struct source *s)
{
	for (gsize i = 0; s && i < s->toks.n; i++)
		if (s->toks.v[i].ctx == CTX_DIRECTIVE)
			return s->toks.v[i].off + 16;
	return 0;
}

/* Which cells read the line: the file was included and no arm hid it. */
static char *cells_that_saw(const struct convert *c, GHashTable *files_of,
			    const struct site *s, guint *n, guint *n_page)
{
	GPtrArray *units = g_hash_table_lookup(files_of, s->file);
	gsize guard = include_guard(g_hash_table_lookup(c->sources, s->file));
	GPtrArray *names = g_ptr_array_new();
	char *text;

	*n_page = 0;

	for (guint i = 0; units && i < units->len; i++) {
		const struct ast_facts *a = units->pdata[i];
		gboolean hidden = FALSE;

		if (g_ptr_array_find_with_equal_func(names, a->cell,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < a->skipped->len && !hidden; k++) {
			const struct ast_range *r = a->skipped->pdata[k];

			hidden = r->start <= s->off && s->off < r->end &&
				 !strcmp(r->file, s->file) &&
				 r->start > guard;
		}
		if (hidden)
			continue;
		g_ptr_array_add(names, a->cell);
		*n_page += g_hash_table_contains(c->flow->page_cells, a->cell);
	}
	*n = names->len;
	if (names->len > 4) {
		text = g_strdup_printf("%s, %s, %s and %u more cells",
				       (char *)names->pdata[0],
				       (char *)names->pdata[1],
				       (char *)names->pdata[2],
				       names->len - 3);
	} else {
		g_ptr_array_add(names, NULL);
		text = g_strjoinv(", ", (char **)names->pdata);
	}
	g_ptr_array_free(names, TRUE);
	return text;
}

static GHashTable *index_deps(const struct convert *c)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref);

	for (guint i = 0; i < c->facts->len; i++) {
		struct ast_facts *a = c->facts->pdata[i];

		for (guint k = 0; k < a->deps->len; k++) {
			const char *p = ((struct ast_dep *)
					 a->deps->pdata[k])->path;
			GPtrArray *v;

			if (!g_hash_table_contains(c->code_files, p))
				continue;
			v = g_hash_table_lookup(t, p);
			if (!v) {
				v = g_ptr_array_new();
				g_hash_table_insert(t, (char *)p, v);
			}
			g_ptr_array_add(v, a);
		}
	}
	return t;
}

/* The first edit of the line, macro or function that the site stands in. */
static const struct edit *edit_on_line(const struct convert *c,
				       const struct site *s)
{
	const GPtrArray *v = edit_of_file(c->edits, s->file);
	struct source *src = g_hash_table_lookup(c->sources, s->file);
	gsize from, to;

	if (!v || !src)
		return NULL;
	for (from = s->off; from && src->text[from - 1] != '\n'; from--)
		;
	for (to = s->off; to < src->size && src->text[to] != '\n'; to++)
		;
	/* A macro is one thing, however many lines it has. */
	for (guint i = 0; i < src->macros->len; i++) {
		const struct source_macro *m = src->macros->pdata[i];
		gsize start = m->body;

		while (start && !(src->text[start - 1] == '\n' &&
				  !(start > 1 && src->text[start - 2] == '\\')))
			start--;
		if (start <= s->off && s->off < m->body_end) {
			from = MIN(from, start);
			to = MAX(to, m->body_end);
		}
	}
	/* So is a function that carries handles. */
	for (guint i = 0; i < c->flow->funcs->len; i++) {
		const struct flow_func *f = c->flow->funcs->pdata[i];

		if (f->start <= s->off && s->off < f->end &&
		    !strcmp(f->file, s->file)) {
			from = MIN(from, f->start);
			to = MAX(to, f->end);
		}
	}
	for (guint i = 0; i < v->len; i++) {
		const struct edit *e = v->pdata[i];

		if (e->off + e->len >= from && e->off <= to)
			return e;
	}
	return NULL;
}

static gboolean spatch_gave_up(const struct convert *c, const char *file,
			       guint line)
{
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		const struct smpl_job *j = c->smpl_jobs->pdata[i];

		if (strcmp(j->name, file))
			continue;
		for (guint k = 0; k < j->unparsed->len; k++)
			if (g_array_index(j->unparsed, guint, k) == line)
				return TRUE;
	}
	return FALSE;
}

/* "FILE:LINE" of every handle that a cell sees, and of what declares one. */
static GHashTable *handle_lines(const struct convert *c)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);

	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];
		GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);

		g_hash_table_add(keys, "H");
		for (guint k = 0; k < a->decls->len; k++) {
			const struct ast_decl *d = a->decls->pdata[k];
			struct source *s = g_hash_table_lookup(c->sources,
							       d->file);

			if (d->cls != 'H')
				continue;
			g_hash_table_add(keys, d->key);
			if (s)
				g_hash_table_add(t, g_strdup_printf("%s:%u",
					d->file, s->toks.v[MIN(s->toks.n - 1,
						source_token_at(s, d->name_off))].line));
		}
		for (guint k = 0; k < a->events->len; k++) {
			const struct ast_event *e = a->events->pdata[k];

			if (g_hash_table_contains(keys, e->src) ||
			    g_hash_table_contains(keys, e->dst) ||
			    g_hash_table_contains(c->flow->yields, e->xname))
				g_hash_table_add(t, g_strdup_printf("%s:%u",
							e->file, e->line));
		}
		g_hash_table_destroy(keys);
	}
	return t;
}

static gboolean type_line(const struct convert *c, const struct site *s)
{
	char *key;
	gboolean yes;

	if (g_strv_contains((const char *const *)c->m->types, s->symbol))
		return TRUE;
	key = g_strdup_printf("%s:%u", s->file, s->line);
	yes = g_hash_table_contains(c->handle_lines, key);
	g_free(key);
	return yes;
}

static void decide(struct convert *c, struct site *s, GHashTable *files_of)
{
	struct source *src = g_hash_table_lookup(c->sources, s->file);
	const struct edit *e = edit_on_line(c, s);
	char *arch = source_arch(s->file), *cells;
	gboolean code = convert_is_code(s);
	guint n = 0, n_page = 0;

	cells = cells_that_saw(c, files_of, s, &n, &n_page);
	if (e) {
		s->fate = FATE_CONVERTED;
		s->reason = g_strdup(e->rule);
		s->evidence = g_strdup(n ? cells : "seen by the semantic patch alone");
		if (code && n)
			c->res->agree++;
		else if (code)
			c->res->smpl_only++;
	} else if (!code || !src) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup(s->ctx == SITE_COMMENT ?
			"a comment that stays true: the name stays" :
			"text outside C code: the name stays");
	} else if (!g_hash_table_size(c->page_archs)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("no cell keeps the old type behind the handle: converted already, or never so");
		s->evidence = g_strdup(cells);
	} else if (arch && !g_hash_table_contains(c->page_archs, arch)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup_printf("arch/%s: the handle is no pointer to struct %s in any config that was read",
					    arch, c->h->old);
		s->evidence = g_strdup(cells);
	} else if (n && !n_page) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup_printf("the handle is no pointer to struct %s in the cells that read it",
					    c->h->old);
		s->evidence = g_strdup(cells);
	} else if (n && !type_line(c, s)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("no handle on this line: only the name, or another thing of that name");
		s->evidence = g_strdup(cells);
		c->res->ast_only++;
	} else if (n) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("opaque: follows the type without a change");
		s->evidence = g_strdup(cells);
		c->res->ast_only++;
	} else if (s->ctx == SITE_DISABLED) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("disabled for good (#if 0)");
	} else if (!spatch_gave_up(c, s->file, s->line)) {
		s->fate = FATE_KEPT;
		s->reason = g_strdup("no cell reads this line; no rule matches it");
		s->evidence = g_strdup("semantic patches alone");
		c->res->smpl_only++;
	} else {
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: neither engine can see this use of %s: no cell reads the line and spatch cannot parse it",
			s->file, s->line, s->col, s->symbol));
	}
	c->res->fates[s->fate]++;
	ledger_set_fate(c->ledger, s->id, s->fate, s->reason, s->evidence);
	g_free(cells);
	g_free(arch);
}

void convert_decide(struct convert *c)
{
	GHashTable *files_of = index_deps(c);

	c->handle_lines = handle_lines(c);

	for (guint i = 0; i < c->sites->len; i++)
		decide(c, c->sites->pdata[i], files_of);
	g_hash_table_destroy(files_of);
	g_hash_table_destroy(c->handle_lines);
}
