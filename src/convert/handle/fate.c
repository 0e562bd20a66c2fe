// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sites that only the flow knows; why a site has its fate; and what --explain
 * and the report ask for.
 */
#include <stdlib.h>
#include <string.h>

#include "convert/handle/run.h"
#include "convert/handle/unread.h"

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
			    g_hash_table_contains(handle_of(c)->flow->yields, e->xname))
				g_hash_table_add(t, g_strdup_printf("%s:%u",
							e->file, e->line));
		}
		g_hash_table_destroy(keys);
	}
	return t;
}

/* Does a function or macro of this name take or give a handle? */
static gboolean carries(const struct convert *c, const char *name)
{
	gboolean yes = handle_carries(c, name) ||
		       g_hash_table_contains(handle_of(c)->flow->yields, name);

	for (int n = -1; n < 8 && !yes; n++) {
		char *key = n < 0 ? g_strdup_printf("%s#r", name)
				  : g_strdup_printf("%s#%d", name, n);

		yes = g_hash_table_contains(handle_of(c)->flow->api, key);
		g_free(key);
	}
	return yes;
}

static gboolean type_line(const struct convert *c, const struct site *s)
{
	char *key;
	gboolean yes;

	if (g_strv_contains((const char *const *)c->m->types, s->symbol) ||
	    (s->ctx != SITE_DIRECTIVE && carries(c, s->symbol)))
		return TRUE;
	key = g_strdup_printf("%s:%u", s->file, s->line);
	yes = g_hash_table_contains(handle_of(c)->lines, key);
	g_free(key);
	return yes;
}

/* How the cells that read the site, or any of @arch, keep their tables. */
static char *tables_of(const struct convert *c, const GPtrArray *cells,
		       const char *arch, const char *names)
{
	const struct audit_cell *a = NULL;
	char *text, *all;

	for (guint i = 0; handle_of(c)->audit.cells && !a && i < cells->len; i++)
		a = audit_find(&handle_of(c)->audit, cells->pdata[i]);
	for (guint i = 0; handle_of(c)->audit.cells && !a && i < handle_of(c)->audit.cells->len; i++) {
		const struct audit_cell *x = handle_of(c)->audit.cells->pdata[i];

		if (!x->reason && !g_strcmp0(x->arch, arch))
			a = x;
	}
	if (!a)
		return g_strdup(names);
	text = audit_sharing_text(a);
	all = g_strdup_printf("%s%s%s: %s at %s:%u; %s", names,
			      *names ? "; " : "", a->name, a->is, a->file,
			      a->line, text);
	g_free(text);
	return all;
}

/* Why code that nobody edited stays as it is. */
static void why_kept(struct convert *c, struct shape_site *v,
		     const char *cells)
{
	const struct handle_run *r = c->data;
	const struct site *s = v->site;
	char *arch = source_arch(s->file);

	if (!g_hash_table_size(r->page_archs)) {
		v->reason = g_strdup("no cell keeps the old type behind the handle: converted already, or never so");
		v->evidence = g_strdup(cells);
	} else if (arch && !g_hash_table_contains(r->page_archs, arch)) {
		v->reason = g_strdup_printf("arch/%s: the handle is no pointer to struct %s in any config that was read",
					    arch, r->h->old);
		v->evidence = tables_of(c, v->cells, arch, cells);
	} else if (v->in.ast == AST_OTHER) {
		v->reason = g_strdup_printf("the handle is no pointer to struct %s in the cells that read it",
					    r->h->old);
		v->evidence = tables_of(c, v->cells, arch, cells);
	} else if (v->in.ast != AST_NOT_READ && !type_line(c, s)) {
		v->reason = g_strdup("no handle on this line: only the name, or another thing of that name");
		v->evidence = g_strdup(cells);
	} else if (v->in.ast != AST_NOT_READ) {
		v->reason = g_strdup("opaque: follows the type without a change");
		v->evidence = g_strdup(cells);
	}
	if (v->evidence && !*v->evidence)
		g_clear_pointer(&v->evidence, g_free);
	g_free(arch);
}

void handle_reason(struct convert *c, struct shape_site *v)
{
	char *cells;

	if (!v->code || v->out.fate != FATE_KEPT || !v->src)
		return;
	cells = convert_cell_list(v->cells);
	why_kept(c, v, cells);
	g_free(cells);
}

/* Sites by what the flow reaches. */

struct span { gsize from, to; };

static gboolean covered(GHashTable *spans, const char *file, gsize off)
{
	const GArray *v = g_hash_table_lookup(spans, file);

	for (guint i = 0; v && i < v->len; i++) {
		const struct span *s = &g_array_index(v, struct span, i);

		if (s->from <= off && off <= s->to)
			return TRUE;
	}
	return FALSE;
}

static void add_span(GHashTable *spans, const struct convert *c,
		     const struct site *s)
{
	GArray *v = g_hash_table_lookup(spans, s->file);
	struct span sp;

	if (!v) {
		v = g_array_new(FALSE, FALSE, sizeof(struct span));
		g_hash_table_insert(spans, g_strdup(s->file), v);
	}
	handle_site_span(c, s, &sp.from, &sp.to);
	g_array_append_val(v, sp);
}

/*
 * A place that the flow reaches under a name of its own is a site like the
 * ones that the text shows, unless it belongs to one of those.
 */
static void add_site(struct convert *c, GHashTable *spans, const char *file,
		     gsize off)
{
	const struct source *src = g_hash_table_lookup(c->sources, file);
	const struct token *t;
	struct site *s;
	gsize i;

	if (!src || covered(spans, file, off))
		return;
	i = source_token_at(src, off);
	if (i >= src->toks.n || src->toks.v[i].off != off)
		return;
	t = &src->toks.v[i];
	s = g_new0(struct site, 1);
	s->file = g_strdup(file);
	s->line = t->line;
	s->col = t->col;
	s->off = off;
	s->symbol = g_strndup(src->text + off, t->len);
	s->ctx = t->disabled ? SITE_DISABLED :
		 t->kind == TOK_COMMENT ? SITE_COMMENT :
		 t->ctx == CTX_CODE ? SITE_CODE :
		 t->ctx == CTX_DIRECTIVE ? SITE_DIRECTIVE : SITE_MACRO;
	if (t->kind == TOK_COMMENT) {
		g_free(s->symbol);
		s->symbol = g_strdup(handle_of(c)->h->old);
	}
	if (!convert_add_site(c, s, "declaration flow"))
		add_span(spans, c, s);
}

struct sites_to_add {
	struct convert *c;
	GHashTable *spans;
};

static void add_unread(const struct source *s, gsize off, void *data)
{
	struct sites_to_add *a = data;

	add_site(a->c, a->spans, s->file, off);
}

static void span_array_free(gpointer p)
{
	g_array_free(p, TRUE);
}

/*
 * Where a value of the frontier is a site: the macro call whose arguments are
 * the value and the name of a member, or the value itself.
 */
static gsize site_of(const struct convert *c, const struct flow_frontier *f)
{
	const struct source *s = g_hash_table_lookup(c->sources, f->file);
	gsize i = s && f->kind == FLOW_MEMBER && f->macro && f->end ?
		source_call_around(s, source_token_at(s, f->off), f->macro) :
		SIZE_MAX;

	return i == SIZE_MAX ? f->off : s->toks.v[i].off;
}

static void add_flow_sites(struct convert *c)
{
	GHashTable *spans = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, span_array_free);
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < c->sites->len; i++)
		add_span(spans, c, c->sites->pdata[i]);
	for (guint i = 0; i < handle_of(c)->flow->decls->len; i++) {
		const struct flow_decl *d = handle_of(c)->flow->decls->pdata[i];

		if (d->follows)
			continue;
		add_site(c, spans, d->file,
			 *d->name ? d->name_off : d->start);
	}
	for (guint i = 0; i < handle_of(c)->flow->frontier->len; i++) {
		const struct flow_frontier *f = handle_of(c)->flow->frontier->pdata[i];

		add_site(c, spans, f->file, site_of(c, f));
	}
	/* What a rule edited where the flow sees nothing: a disagreement. */
	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);
		struct source *s = g_hash_table_lookup(c->sources,
						       files->pdata[i]);

		for (guint k = 0; s && k < v->len; k++) {
			const struct edit *d = v->pdata[k];
			gsize tok = source_token_at(s, d->off);

			if (tok < s->toks.n && s->toks.v[tok].off > d->off &&
			    tok)
				tok--;
			if (convert_edit_of_rule(d) && tok < s->toks.n)
				add_site(c, spans, d->file,
					 s->toks.v[tok].off);
		}
	}
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];
		struct sites_to_add a = { c, spans };

		if (handle_may_change(c, s))
			unread_uses(s, c->seen, handle_of(c)->flow, handle_of(c)->h->type, add_unread,
				    &a);
	}
	g_ptr_array_free(files, TRUE);
	g_hash_table_destroy(spans);
}

/* What --explain and the report ask for. */

static guint line_of(const struct convert *c, const char *file, gsize off)
{
	const struct source *s = g_hash_table_lookup(c->sources, file);

	return s ? source_line(s, off) : 0;
}

/* What a key stands for, for people: "table at mm/x.c:12". */
static char *key_text(const struct convert *c, const char *key)
{
	char **f = g_strsplit(key, ":", 3), *text = NULL;
	const char *at;

	if (key[0] && key[1] == ':' && key[2] == '*') {
		const char *hash = key[0] == 'p' ? strrchr(key, '#') : NULL;
		char *of = hash ? g_strndup(key + 3, hash - key - 3)
				: g_strdup(key + 3);
		char *pointer = key_text(c, of);

		text = hash ? g_strdup_printf("parameter %d of what %s points to",
					      atoi(hash + 1) + 1, pointer) :
			g_strdup_printf("the result of what %s points to",
					pointer);
		g_free(pointer);
		g_free(of);
	} else if (!g_strcmp0(f[0], "d")) {
		char *pointer = key_text(c, key + 2);

		text = g_strdup_printf("what %s points to", pointer);
		g_free(pointer);
	} else if (!g_strcmp0(f[0], "t")) {
		text = g_strdup_printf("the type %s", strrchr(key, ':') + 1);
	} else if (f[0] && f[1] && f[2] && !strcmp(f[0], "v")) {
		const struct source *s = g_hash_table_lookup(c->sources, f[1]);
		gsize off = g_ascii_strtoull(f[2], NULL, 10);
		gsize i = s ? source_token_at(s, off) : 0;

		if (s && i < s->toks.n)
			text = g_strdup_printf("%.*s at %s:%u",
					(int)s->toks.v[i].len,
					s->text + s->toks.v[i].off, f[1],
					s->toks.v[i].line);
	} else if (key[0] && key[1] == ':' && (at = strrchr(key, '@'))) {
		const char *hash = strrchr(at, '#');
		int n = hash ? hash - at - 1 : (int)strlen(at + 1);

		text = key[0] == 'p' && hash ?
			g_strdup_printf("parameter %d of %.*s()",
					atoi(hash + 1) + 1, n, at + 1) :
		       key[0] == 'r' ?
			g_strdup_printf("the result of %.*s()", n, at + 1) :
			g_strdup_printf("%s %s", key[0] == 'f' ? "the field" :
					"the variable", at + 1);
	}
	if (!text)
		text = g_strdup_printf("%s", !strcmp(key, "H") ?
				"a value of the handle type" :
				!strcmp(key, "P") ? "a value of the old type" :
				key);
	g_strfreev(f);
	return text;
}

static void record_step(struct convert *c, const struct flow_step *s)
{
	char *via = s->via_file ? g_strdup_printf("%s:%u", s->via_file,
						  s->via_line) : NULL;
	char *other = s->parent ? key_text(c, s->parent) : NULL;
	char *why = other ? g_strdup_printf("%s: %s", s->why, other)
			  : g_strdup(s->why);

	ledger_add_step(c->ledger, &(struct ledger_step) {
		s->cell, s->key, s->name, s->func, s->file,
		line_of(c, s->file, s->off), s->handle, why, via, s->parent });
	g_free(why);
	g_free(other);
	g_free(via);
}

int handle_record(struct convert *c)
{
	for (guint i = 0; i < handle_of(c)->flow->steps->len; i++)
		record_step(c, handle_of(c)->flow->steps->pdata[i]);
	for (guint i = 0; i < handle_of(c)->flow->frontier->len; i++) {
		const struct flow_frontier *f = handle_of(c)->flow->frontier->pdata[i];
		char *cells = convert_cell_list(f->cells);

		ledger_add_front(c->ledger, &(struct ledger_front) {
			f->file, line_of(c, f->file, f->off),
			(char *)flow_kind_name[f->kind], f->src, f->dst,
			cells });
		g_free(cells);
	}
	return 0;
}

int handle_sites(struct convert *c)
{
	struct handle_run *r = c->data;

	r->opinions = opinions_new(c);
	r->lines = handle_lines(c);
	add_flow_sites(c);
	return 0;
}
