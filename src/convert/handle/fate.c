// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives every site its fate, with the reason and the cells that saw it.  A site
 * that neither engine can see stays unresolved and is a problem of the run.
 */
#include <stdlib.h>
#include <string.h>

#include "convert/internal.h"
#include "convert/handle/engines.h"
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
			    g_hash_table_contains(c->flow->yields, e->xname))
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
	gboolean yes = convert_carries(c, name) ||
		       g_hash_table_contains(c->flow->yields, name);

	for (int n = -1; n < 8 && !yes; n++) {
		char *key = n < 0 ? g_strdup_printf("%s#r", name)
				  : g_strdup_printf("%s#%d", name, n);

		yes = g_hash_table_contains(c->flow->api, key);
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
	yes = g_hash_table_contains(c->handle_lines, key);
	g_free(key);
	return yes;
}

char *convert_cell_list(const GPtrArray *cells)
{
	GString *s = g_string_new(NULL);
	guint n = cells->len > 4 ? 3 : cells->len;

	for (guint i = 0; i < n; i++)
		g_string_append_printf(s, "%s%s", i ? ", " : "",
				       (char *)cells->pdata[i]);
	if (cells->len > n)
		g_string_append_printf(s, " and %u more cells",
				       cells->len - n);
	return g_string_free(s, FALSE);
}

static void kept(struct site *s, const char *reason, const char *evidence)
{
	s->fate = FATE_KEPT;
	s->reason = g_strdup(reason);
	s->evidence = evidence && *evidence ? g_strdup(evidence) : NULL;
}

/* The refusal that the site depends on, or NULL. */
static const struct refusal *refused(const struct convert *c,
				     const struct site *s)
{
	char *arch;
	const struct refusal *r = NULL;

	if (!c->refusals->len)
		return NULL;
	arch = source_arch(s->file);
	for (guint i = 0; i < c->refusals->len && !r; i++) {
		const struct refusal *x = c->refusals->pdata[i];

		if (!x->arch || !g_strcmp0(x->arch, arch))
			r = x;
	}
	g_free(arch);
	return r;
}

/* How the cells that read the site, or any of @arch, keep their tables. */
static char *tables_of(const struct convert *c, const GPtrArray *cells,
		       const char *arch, const char *names)
{
	const struct audit_cell *a = NULL;
	char *text, *all;

	for (guint i = 0; c->audit.cells && !a && i < cells->len; i++)
		a = audit_find(&c->audit, cells->pdata[i]);
	for (guint i = 0; c->audit.cells && !a && i < c->audit.cells->len; i++) {
		const struct audit_cell *x = c->audit.cells->pdata[i];

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

static void decide_code(struct convert *c, struct site *s,
			const struct site_view *v, const char *cells)
{
	char *arch = source_arch(s->file), *reason = NULL, *tables = NULL;

	if (!g_hash_table_size(c->page_archs)) {
		kept(s, "no cell keeps the old type behind the handle: converted already, or never so",
		     cells);
	} else if (arch && !g_hash_table_contains(c->page_archs, arch)) {
		reason = g_strdup_printf("arch/%s: the handle is no pointer to struct %s in any config that was read",
					 arch, c->h->old);
		tables = tables_of(c, v->cells, arch, cells);
		kept(s, reason, tables);
	} else if (v->ast == AST_SHARED) {
		reason = g_strdup_printf("the handle is no pointer to struct %s in the cells that read it",
					 c->h->old);
		tables = tables_of(c, v->cells, arch, cells);
		kept(s, reason, tables);
	} else if (v->ast != AST_UNSEEN && !type_line(c, s)) {
		kept(s, "no handle on this line: only the name, or another thing of that name",
		     cells);
	} else if (v->ast != AST_UNSEEN) {
		kept(s, "opaque: follows the type without a change", cells);
	} else if (s->ctx == SITE_DISABLED) {
		kept(s, "disabled for good (#if 0)", NULL);
	} else if (v->outcome != OUTCOME_BLIND) {
		kept(s, "no cell reads it; no rule matches it",
		     "semantic patches alone");
	} else {
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: neither engine can see this use of %s: no cell reads it (it takes %s), and spatch cannot parse it; convert it by hand",
			s->file, s->line, s->col, s->symbol, v->condition));
	}
	g_free(tables);
	g_free(reason);
	g_free(arch);
}

/*
 * What no cell reads nobody compiled, converted or not: it is said, so that a
 * type that changed does not land there in silence.
 */
static void note_unseen(struct convert *c, const struct site *s,
			const struct site_view *v)
{
	char *arch = source_arch(s->file);

	if (v->ast == AST_UNSEEN && convert_is_code(s) &&
	    s->ctx != SITE_DISABLED && g_hash_table_size(c->page_archs) &&
	    (!arch || g_hash_table_contains(c->page_archs, arch)))
		g_ptr_array_add(c->res->unseen, g_strdup_printf(
			"%s:%u: %s, %s%s%s", s->file, s->line, s->symbol,
			site_fate_name[s->fate], v->condition ?
			"; it takes " : "", v->condition ? v->condition : ""));
	g_free(arch);
}

static void decide(struct convert *c, struct engines *e, struct site *s)
{
	const struct refusal *no = refused(c, s);
	struct site_view v;
	char *cells;

	engines_look(e, s, &v);
	cells = convert_cell_list(v.cells);
	if (no && (convert_is_code(s) || v.rules->len)) {
		s->fate = FATE_REFUSED;
		s->reason = g_strdup(no->why);
		s->evidence = g_strdup(no->evidence);
	} else if (v.rules->len) {
		s->fate = FATE_CONVERTED;
		s->reason = g_strdup(v.rules->str);
		s->evidence = g_strdup(v.cells->len ? cells :
			convert_is_code(s) ? "seen by the semantic patch alone" : "text");
	} else if (!convert_is_code(s) ||
		   !g_hash_table_contains(c->sources, s->file)) {
		kept(s, s->ctx == SITE_COMMENT ?
		     "a comment that stays true: the name stays" :
		     "text outside C code: the name stays", NULL);
	} else {
		decide_code(c, s, &v, cells);
	}
	if (v.outcome == OUTCOME_DISAGREE && s->fate != FATE_REFUSED)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: the engines disagree about %s: the AST says '%s' in %s, the semantic patches '%s'%s%s",
			s->file, s->line, s->col, s->symbol,
			ast_view_name[v.ast], cells, smpl_view_name[v.smpl],
			v.rules->len ? " by " : "", v.rules->str));
	c->res->outcomes[v.outcome]++;
	note_unseen(c, s, &v);
	c->res->fates[s->fate]++;
	if (v.outcome != OUTCOME_NONE) {
		s->ast = g_strdup(ast_view_name[v.ast]);
		s->smpl = g_strdup(smpl_view_name[v.smpl]);
		s->outcome = g_strdup(outcome_name[v.outcome]);
		s->condition = g_strdup(v.condition);
		if (v.ast == AST_UNSEEN)
			ledger_add_blind(c->ledger, "libclang", s->file,
					 s->line, v.condition);
	}
	ledger_set_fate(c->ledger, s->id, s->fate, s->reason, s->evidence);
	ledger_set_views(c->ledger, s);
	engines_view_clear(&v);
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

static void add_span(GHashTable *spans, const struct engines *e,
		     const struct site *s)
{
	GArray *v = g_hash_table_lookup(spans, s->file);
	struct span sp;

	if (!v) {
		v = g_array_new(FALSE, FALSE, sizeof(struct span));
		g_hash_table_insert(spans, g_strdup(s->file), v);
	}
	engines_span(e, s, &sp.from, &sp.to);
	g_array_append_val(v, sp);
}

/*
 * A place that the flow reaches under a name of its own is a site like the
 * ones that the text shows, unless it belongs to one of those.
 */
static void add_site(struct convert *c, const struct engines *e,
		     GHashTable *spans, const char *file, gsize off)
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
		s->symbol = g_strdup(c->h->old);
	}
	s->fate = FATE_UNRESOLVED;
	if (ledger_add(c->ledger, s))
		return;
	ledger_add_symbol(c->ledger, s->symbol, "flow", "declaration flow");
	g_ptr_array_add(c->sites, s);
	add_span(spans, e, s);
}

struct sites_to_add {
	struct convert *c;
	const struct engines *e;
	GHashTable *spans;
};

static void add_unread(const struct source *s, gsize off, void *data)
{
	struct sites_to_add *a = data;

	add_site(a->c, a->e, a->spans, s->file, off);
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

static void add_flow_sites(struct convert *c, const struct engines *e)
{
	GHashTable *spans = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, span_array_free);
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < c->sites->len; i++)
		add_span(spans, e, c->sites->pdata[i]);
	for (guint i = 0; i < c->flow->decls->len; i++) {
		const struct flow_decl *d = c->flow->decls->pdata[i];

		if (d->follows)
			continue;
		add_site(c, e, spans, d->file,
			 *d->name ? d->name_off : d->start);
	}
	for (guint i = 0; i < c->flow->frontier->len; i++) {
		const struct flow_frontier *f = c->flow->frontier->pdata[i];

		add_site(c, e, spans, f->file, site_of(c, f));
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
				add_site(c, e, spans, d->file,
					 s->toks.v[tok].off);
		}
	}
	for (guint i = 0; i < c->source_list->len; i++) {
		const struct source *s = c->source_list->pdata[i];
		struct sites_to_add a = { c, e, spans };

		if (convert_may_change(c, s))
			unread_uses(s, e->seen, c->flow, c->h->type, add_unread,
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

static void record(struct convert *c)
{
	convert_record_edits(c);
	for (guint i = 0; i < c->flow->steps->len; i++)
		record_step(c, c->flow->steps->pdata[i]);
	for (guint i = 0; i < c->flow->frontier->len; i++) {
		const struct flow_frontier *f = c->flow->frontier->pdata[i];
		char *cells = convert_cell_list(f->cells);

		ledger_add_front(c->ledger, &(struct ledger_front) {
			f->file, line_of(c, f->file, f->off),
			(char *)flow_kind_name[f->kind], f->src, f->dst,
			cells });
		g_free(cells);
	}
	for (guint i = 0; i < c->smpl_jobs->len; i++) {
		const struct smpl_job *j = c->smpl_jobs->pdata[i];
		struct source *s = g_hash_table_lookup(c->sources, j->name);
		guint last = s && s->toks.n ?
			s->toks.v[s->toks.n - 1].line : G_MAXUINT;

		for (guint k = 0; k < j->unparsed->len; k++) {
			guint line = g_array_index(j->unparsed, guint, k);

			/* Lines behind the file are macro bodies, appended. */
			if (line > last)
				continue;
			ledger_add_blind(c->ledger, "spatch", j->name, line,
					 "spatch cannot parse it");
			c->res->unparsed++;
		}
	}
}

void convert_decide(struct convert *c)
{
	struct engines *e = engines_new(c);

	c->handle_lines = handle_lines(c);
	add_flow_sites(c, e);
	for (guint i = 0; i < c->sites->len; i++)
		decide(c, e, c->sites->pdata[i]);
	record(c);
	g_hash_table_destroy(c->handle_lines);
	engines_free(e);
}
