// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything here works on tokens, with what the AST said about them: an edit
 * is made only where the tokens read as expected, and what reads otherwise is
 * reported.
 */
#include <string.h>

#include "base/diag.h"
#include "convert/handle/handle.h"
#include "text/layout.h"

static char *need(const struct manifest *m, const char *key)
{
	char *v = g_key_file_get_string(m->keys, "handle", key, NULL);

	if (!v)
		tw_error("%s/manifest.ini: [handle] %s is missing", m->dir,
			 key);
	return v;
}

struct handle *handle_load(const struct manifest *m)
{
	struct handle *h = g_new0(struct handle, 1);

	h->type = need(m, "type");
	h->old = need(m, "old");
	h->new = need(m, "new");
	h->to_old = need(m, "to-old");
	h->to_new = need(m, "to-new");
	h->members = g_key_file_get_string_list(m->keys, "handle", "members",
						NULL, NULL);
	h->retype = g_key_file_get_string_list(m->keys, "handle", "retype",
					       NULL, NULL);
	h->allocators = g_key_file_get_string_list(m->keys, "handle",
						   "allocators", NULL, NULL);
	h->rename = g_key_file_get_string_list(m->keys, "handle", "rename",
					       NULL, NULL);
	h->helpers = g_key_file_get_string(m->keys, "handle", "helpers", NULL);
	h->may_fail = g_key_file_get_string_list(m->keys, "handle", "may-fail",
						 NULL, NULL);
	if (h->type && h->old && h->new && h->to_old && h->to_new)
		return h;
	handle_free(h);
	return NULL;
}

void handle_free(struct handle *h)
{
	if (!h)
		return;
	g_free(h->type);
	g_free(h->old);
	g_free(h->new);
	g_free(h->to_old);
	g_free(h->to_new);
	g_strfreev(h->members);
	g_strfreev(h->retype);
	g_strfreev(h->allocators);
	g_strfreev(h->rename);
	g_strfreev(h->may_fail);
	g_free(h->helpers);
	g_free(h);
}

gboolean handle_is_helper(const struct handle *h, const char *name)
{
	char *whole = h->helpers ? g_strdup_printf("^(%s)$", h->helpers) : NULL;
	gboolean yes = whole && g_regex_match_simple(whole, name, 0, 0);

	g_free(whole);
	return yes;
}

gboolean handle_may_fail(const struct handle *h, const char *name)
{
	for (char **g = h->may_fail; g && *g; g++)
		if (g_pattern_match_simple(*g, name))
			return TRUE;
	return FALSE;
}

static void add_edit(struct edit_set *out, const struct source *s, gsize from,
		     gsize to, const char *new_text, const char *rule)
{
	edit_replace(out, s->file, s->text, from, to, new_text, rule);
}

/* "struct OLD *" at token @i: the index of the "*", or SIZE_MAX. */
static gsize old_pointer(const struct handle *h, const struct source *s,
			 gsize i)
{
	gsize name, star;

	if (!source_is(s, i, "struct"))
		return SIZE_MAX;
	name = source_next(s, i);
	if (!source_is(s, name, h->old))
		return SIZE_MAX;
	star = source_next(s, name);
	return source_is(s, star, "*") ? star : SIZE_MAX;
}

static gsize find_typedef(const struct handle *h, const struct source *s,
			  gsize i)
{
	for (; i < s->toks.n; i++) {
		gsize st, star;

		if (s->toks.v[i].kind != TOK_IDENT || !source_is(s, i, "typedef"))
			continue;
		st = source_next(s, i);
		star = old_pointer(h, s, st);
		if (star != SIZE_MAX && source_is(s, source_next(s, star), h->type))
			return i;
	}
	return SIZE_MAX;
}

gboolean handle_has_typedef(const struct handle *h, const struct source *s)
{
	return find_typedef(h, s, 0) != SIZE_MAX;
}

void handle_edit_typedefs(const struct handle *h, const struct source *s,
			  struct edit_set *out)
{
	for (gsize i = 0; (i = find_typedef(h, s, i)) != SIZE_MAX; i++) {
		gsize name = source_next(s, source_next(s, i));

		add_edit(out, s, s->toks.v[name].off, source_end(s, name), h->new,
			 "driver/typedef");
	}
}

static const struct ast_func *function_at(const GPtrArray *funcs,
					  const char *file, gsize off)
{
	for (guint i = 0; i < funcs->len; i++) {
		const struct ast_func *f = funcs->pdata[i];

		if (f->defined && f->start <= off && off < f->end &&
		    !strcmp(f->file, file))
			return f;
	}
	return NULL;
}

static gboolean is_member(const struct source *s, gsize i)
{
	gsize p = source_prev(s, i);

	return p != SIZE_MAX && (source_is(s, p, ".") || source_is(s, p, "->") ||
				 source_is(s, p, "struct"));
}

/* A local that is named after the old struct takes the new one's name. */
static gboolean rename_local(const struct handle *h, const struct source *s,
			 const struct flow_decl *d, const GPtrArray *funcs,
			 struct edit_set *out)
{
	const struct ast_func *fn = function_at(funcs, s->file, d->name_off);
	const char *to = NULL;
	guint declared = 0;

	for (char **r = h->rename; r && *r; r++) {
		gsize n = strlen(d->name);

		if (g_str_has_prefix(*r, d->name) && (*r)[n] == '=')
			to = *r + n + 1;
	}
	if (!to || !fn || d->key[0] != 'v')
		return FALSE;
	for (gsize i = source_token_at(s, fn->start);
	     i < s->toks.n && s->toks.v[i].off < fn->end; i++) {
		if (s->toks.v[i].kind != TOK_IDENT || is_member(s, i))
			continue;
		if (source_is(s, i, to))
			return FALSE;	/* the name is taken */
		declared += source_is(s, i, d->name) && source_prev(s, i) != SIZE_MAX &&
			    source_is(s, source_prev(s, i), "*") &&
			    s->toks.v[source_prev(s, source_prev(s, i))].kind == TOK_IDENT;
	}
	if (declared > 1)
		return FALSE;	/* another variable of that name: leave both */
	for (gsize i = source_token_at(s, fn->start);
	     i < s->toks.n && s->toks.v[i].off < fn->end; i++)
		if (s->toks.v[i].kind == TOK_IDENT && source_is(s, i, d->name) &&
		    !is_member(s, i))
			add_edit(out, s, s->toks.v[i].off, source_end(s, i), to,
				 "driver/rename");
	return TRUE;
}

/* Does a declaration go on behind the variable at token @i? */
static gboolean more_declarators(const struct source *s, gsize i)
{
	int depth = 0;

	for (; i < s->toks.n; i = source_next(s, i)) {
		if (source_is(s, i, "(") || source_is(s, i, "{") || source_is(s, i, "["))
			depth++;
		else if (source_is(s, i, ")") || source_is(s, i, "}") || source_is(s, i, "]"))
			depth--;
		if (depth < 0 || (!depth && source_is(s, i, ";")))
			return FALSE;
		if (!depth && source_is(s, i, ","))
			return TRUE;
	}
	return FALSE;
}

/* Is token @i the seed type, or what makes a declaration follow another? */
static gboolean takes_type(const struct handle *h, const struct source *s,
			   gsize i)
{
	return source_is(s, i, h->type) || source_is(s, i, "typeof") ||
	       source_is(s, i, "__typeof__") || source_is(s, i, "__auto_type");
}

/*
 * The "struct" of "struct OLD *" in the declaration that begins at @start, and
 * its star; FALSE when the declaration follows another type.
 */
static gboolean decl_type(const struct handle *h, const struct source *s,
			  gsize start, gsize name_off, gsize *type, gsize *star)
{
	for (gsize i = source_token_at(s, start);
	     i < s->toks.n && s->toks.v[i].off < name_off; i++) {
		*star = old_pointer(h, s, i);
		*type = i;
		if (*star != SIZE_MAX)
			return TRUE;
		if (takes_type(h, s, i))
			return FALSE;
	}
	return FALSE;
}

/* Is the declaration made with the seed type, or the type of something else? */
static gboolean follows_another(const struct handle *h, const struct source *s,
				gsize start, gsize name_off)
{
	for (gsize i = source_token_at(s, start);
	     i < s->toks.n && s->toks.v[i].off < name_off; i++)
		if (takes_type(h, s, i))
			return TRUE;
	return FALSE;
}

const char *handle_fixed(const struct handle *h, const struct source *s,
			 const struct ast_decl *d)
{
	gsize type, star, next;

	if (!decl_type(h, s, d->start, d->name_off, &type, &star))
		return follows_another(h, s, d->start, d->name_off) ? NULL :
			"its type has another name there";
	if (source_is(s, source_prev(s, type), "const"))
		return "it points to a const struct";
	next = source_next(s, star);
	if (d->key[0] == 'd' && source_is(s, next, "*"))
		next = source_next(s, next);
	/* "struct OLD *(*name)()" is what name() returns. */
	if (*d->name && d->key[2] != '*' &&
	    next != source_token_at(s, d->name_off))
		return "it is not declared as a plain pointer";
	if (strchr("vfg", d->key[d->key[0] == 'd' ? 2 : 0]) &&
	    more_declarators(s, source_next(s, star)))
		return "it is declared together with other variables";
	return NULL;
}

/*
 * The handle's type in place of "struct OLD *" at tokens @i to @star, with what
 * is between it and the name: where tabs led to the star, they lead there.
 */
static char *type_in_column(const struct handle *h, const struct source *s,
			    gsize i, gsize star)
{
	gsize from = s->toks.v[i].off, to = s->toks.v[star].off, line = from;
	GString *text = g_string_new(h->type);
	gsize col, want;

	if (s->text[to - 1] != '\t')
		return g_string_free(g_string_append_c(text, ' '), FALSE);
	while (line && s->text[line - 1] != '\n')
		line--;
	want = layout_width(s->text + line, to - line);
	col = layout_width(s->text + line, from - line) + text->len;
	layout_pad(text, col, want, TRUE);
	return g_string_free(text, FALSE);
}

gboolean handle_follows(const struct handle *h, const struct source *s,
			const struct flow_decl *d)
{
	gsize type, star;

	return !decl_type(h, s, d->start, d->name_off, &type, &star);
}

void handle_edit_decls(const struct handle *h, const struct source *s,
		       const struct flow *flow, const GPtrArray *funcs,
		       struct edit_set *out)
{
	for (guint n = 0; n < flow->decls->len; n++) {
		const struct flow_decl *d = flow->decls->pdata[n];
		gsize star, i;
		gboolean renamed;

		if (strcmp(d->file, s->file) ||
		    !decl_type(h, s, d->start, d->name_off, &i, &star))
			continue;
		/* What is named after the new struct is spelled by it. */
		renamed = rename_local(h, s, d, funcs, out);
		if (renamed || (d->needs_struct && d->key[0] == 'v')) {
			gsize name = source_next(s, i);

			add_edit(out, s, s->toks.v[name].off, source_end(s, name),
				 h->new, "driver/declaration");
		} else {
			gboolean spaced = *d->name &&
				source_end(s, star) == s->toks.v[source_next(s, star)].off;
			char *text = spaced ? type_in_column(h, s, i, star) :
					      g_strdup(h->type);

			add_edit(out, s, s->toks.v[i].off, source_end(s, star),
				 text, "driver/declaration");
			g_free(text);
		}
	}
}

/* Arguments of the call whose name is token @i: [start, end) offsets each. */
struct arg { gsize from, to, first, last; };

static GArray *call_args(const struct source *s, gsize i, gsize limit)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(struct arg));
	gsize open = source_next(s, i);
	struct arg a = { 0 };
	int depth = 1;

	if (!source_is(s, open, "(")) {
		g_array_free(v, TRUE);
		return NULL;
	}
	a.first = open + 1;
	for (i = source_next(s, open); i < limit; i = source_next(s, i)) {
		if (source_is(s, i, "(") || source_is(s, i, "[") || source_is(s, i, "{"))
			depth++;
		else if (source_is(s, i, ")") || source_is(s, i, "]") || source_is(s, i, "}"))
			depth--;
		if (!depth || (depth == 1 && source_is(s, i, ","))) {
			a.last = i;
			a.from = s->toks.v[a.first].off;
			a.to = s->toks.v[i].off;
			g_array_append_val(v, a);
			a.first = i + 1;
		}
		if (!depth)
			return v;
	}
	g_array_free(v, TRUE);
	return NULL;
}

static gboolean api_has(const struct flow *f, const char *name, int n)
{
	char *key = g_strdup_printf("%s#%d", name, n);
	gboolean yes = g_hash_table_contains(f->api, key);

	g_free(key);
	return yes;
}

/* Does a function of this name carry a handle in some cell? */
static gboolean in_api(const struct flow *f, const char *name)
{
	for (int i = 0; i < 8; i++)
		if (api_has(f, name, i))
			return TRUE;
	return g_hash_table_contains(f->yields, name);
}

static void add_name(GHashTable *t, struct source_macro *m)
{
	GPtrArray *v = g_hash_table_lookup(t, m->name);

	if (!v) {
		v = g_ptr_array_new();
		g_hash_table_insert(t, m->name, v);
	}
	g_ptr_array_add(v, m);
}

/* Name -> definitions: of all macros, and of those that are ours for certain. */
static void macros_by_name(const GPtrArray *sources, const struct flow *flow,
			   GHashTable *symbols, GHashTable *all,
			   GHashTable *ours)
{
	for (guint i = 0; i < sources->len; i++) {
		struct source *s = sources->pdata[i];

		for (guint k = 0; k < s->macros->len; k++) {
			struct source_macro *m = s->macros->pdata[k];

			m->handles = 0;
			m->yields = FALSE;
			add_name(all, m);
			if (g_hash_table_contains(symbols, m->name) ||
			    in_api(flow, m->name))
				add_name(ours, m);
		}
	}
}

/* All definitions of @name take a handle at @n; TRUE when that is news. */
static gboolean mark(GHashTable *by_name, const char *name, int n)
{
	GPtrArray *v = g_hash_table_lookup(by_name, name);
	gboolean news = FALSE;

	for (guint i = 0; v && i < v->len; i++) {
		struct source_macro *m = v->pdata[i];
		guint64 bit = 1ull << n;

		if (n < 64 && m->params && (int)g_strv_length(m->params) > n &&
		    !(m->handles & bit)) {
			m->handles |= bit;
			news = TRUE;
		}
	}
	return news;
}

/* Which parameter of @m is argument @a, alone or in parentheses; -1 if none. */
static int lone_param(const struct source_macro *m, const struct arg *a)
{
	const struct source *s = m->in;
	int found = -1;

	for (gsize i = tok_skip(&s->toks, a->first); i < a->last;
	     i = source_next(s, i)) {
		if (source_is(s, i, "(") || source_is(s, i, ")"))
			continue;
		if (found >= 0)
			return -1;
		for (int p = 0; m->params[p]; p++)
			if (source_is(s, i, m->params[p]))
				found = p;
		if (found < 0)
			return -1;
	}
	return found;
}

/* Handles go on from @m's parameters into the macros of its body, and back
 * from functions that take them. */
static gboolean follow_body(struct source_macro *m, const struct flow *flow,
			    GHashTable *by_name)
{
	const struct source *s = m->in;
	gboolean news = FALSE;

	for (gsize i = m->first; i < m->last; i++) {
		char *name;
		GArray *args;

		if (s->toks.v[i].kind != TOK_IDENT)
			continue;
		args = call_args(s, i, m->last);
		if (!args)
			continue;
		name = source_word(s, i);
		for (guint a = 0; a < args->len; a++) {
			int p = lone_param(m, &g_array_index(args, struct arg, a));

			if (p < 0 || p > 63)
				continue;
			/* What takes a handle is given one: it is ours. */
			if (api_has(flow, name, a) &&
			    !(m->handles & (1ull << p))) {
				m->handles |= 1ull << p;
				if (!g_hash_table_contains(by_name, m->name))
					add_name(by_name, m);
				news = TRUE;
			}
			if (m->handles & (1ull << p))
				news |= mark(by_name, name, a);
		}
		g_free(name);
		g_array_free(args, TRUE);
	}
	return news;
}

/* The last token of the body that is no parenthesis: a field that is a handle? */
static gboolean ends_in_field(const struct source_macro *m, GHashTable *fields)
{
	const struct source *s = m->in;

	for (gsize i = m->last; i-- > m->first; ) {
		char *name;
		gboolean yes;

		if (source_is(s, i, ")") || s->toks.v[i].kind == TOK_SPACE ||
		    s->toks.v[i].kind == TOK_COMMENT)
			continue;
		name = source_word(s, i);
		yes = g_hash_table_contains(fields, name) && is_member(s, i);
		g_free(name);
		return yes;
	}
	return FALSE;
}

static void mark_expansion(const GPtrArray *sources, GHashTable *files,
			   GHashTable *by_name, const struct ast_event *e,
			   gboolean src_handle, gboolean dst_handle)
{
	struct source *x = g_hash_table_lookup(files, e->xfile);
	GPtrArray *defs;
	GArray *args;
	char *name;
	gsize i;

	if (!x || (e->off == e->xoff && !strcmp(e->file, e->xfile)))
		return;
	i = source_token_at(x, e->xoff);
	if (i >= x->toks.n || x->toks.v[i].off != e->xoff)
		return;
	name = source_word(x, i);
	defs = g_hash_table_lookup(by_name, name);
	if (defs && src_handle && !strcmp(e->file, e->xfile)) {
		args = call_args(x, i, x->toks.n);
		for (guint a = 0; args && a < args->len; a++) {
			struct arg *g = &g_array_index(args, struct arg, a);

			/* The whole argument, not something inside it. */
			if (x->toks.v[tok_skip(&x->toks, g->first)].off ==
			    e->off)
				mark(by_name, name, a);
		}
		if (args)
			g_array_free(args, TRUE);
	} else if (defs && !src_handle && dst_handle) {
		/* The macro makes a page, and it becomes a handle. */
		for (guint d = 0; d < defs->len; d++)
			((struct source_macro *)defs->pdata[d])->yields = TRUE;
	}
	g_free(name);
}

/*
 * A macro that is no site may be handed a handle all the same, under whatever
 * name its parameter has.  It becomes ours when nobody hands it anything else:
 * every mention in the tree was read (@closed), and each is a call with a
 * handle in that place.  page_to_pfn() serves others too, and gets a bridge.
 */
struct reach {
	const GPtrArray *sources;
	const struct flow *flow;
	GHashTable *all, *ours;	/* name -> definitions */
	GHashTable *at;		/* "FILE:OFF" where a cell sees a handle as a value */
	handle_closed_fn closed;
	void *data;
};

static gboolean other_arch(const struct source *a, const struct source *b)
{
	return a->arch && b->arch && strcmp(a->arch, b->arch);
}

static struct source_macro *macro_around(const struct source *s, gsize i)
{
	for (guint k = 0; k < s->macros->len; k++) {
		struct source_macro *m = s->macros->pdata[k];

		if (m->first <= i && i < m->last)
			return m;
	}
	return NULL;
}

/*
 * Are the tokens from @i to @last a call of one of @names, or one of them, and
 * nothing else but parentheses?
 */
static gboolean is_call_of(const struct source *s, gsize i, gsize last,
			   GHashTable *names)
{
	gboolean yes;
	gsize close;
	char *name;

	i = tok_skip(&s->toks, i);
	while (i < last && source_is(s, i, "("))
		i = source_next(s, i);
	if (i >= last || s->toks.v[i].kind != TOK_IDENT)
		return FALSE;
	name = source_word(s, i);
	yes = g_hash_table_contains(names, name);
	g_free(name);
	close = source_is(s, source_next(s, i), "(") ?
		source_close(s, source_next(s, i)) : i;
	do {
		close = source_next(s, close);
	} while (close < last && source_is(s, close, ")"));
	return yes && close >= last;
}

/* Is argument @a, in the call at token @i of @s, a handle and nothing else? */
static gboolean arg_is_handle(const struct reach *r, const struct source *s,
			      gsize i, const struct arg *a)
{
	const struct source_macro *m = macro_around(s, i);
	gboolean yes;
	char *place;
	int p;

	if (m) {
		p = m->params ? lone_param(m, a) : -1;
		return p >= 0 ? p < 64 && m->handles & (1ull << p) :
			is_call_of(s, a->first, a->last, r->flow->yields);
	}
	place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, s->file,
			s->toks.v[tok_skip(&s->toks, a->first)].off);
	yes = g_hash_table_contains(r->at, place);
	g_free(place);
	return yes;
}

/* Does every call of @name that @def's arch can meet give a handle at @n? */
static gboolean only_handles(const struct reach *r, const char *name,
			     const struct source *def, guint n)
{
	gboolean met = FALSE;

	for (guint k = 0; k < r->sources->len; k++) {
		const struct source *s = r->sources->pdata[k];

		if (other_arch(s, def))
			continue;
		for (gsize i = 0; i < s->toks.n; i++) {
			const struct token *t = &s->toks.v[i];
			gboolean ok;
			GArray *args;

			if (t->kind != TOK_IDENT || t->disabled ||
			    (t->ctx != CTX_CODE && t->ctx != CTX_MACRO_BODY) ||
			    !tok_is(&s->toks, i, name))
				continue;
			args = call_args(s, i, s->toks.n);
			ok = args && n < args->len && arg_is_handle(r, s, i,
				&g_array_index(args, struct arg, n));
			if (args)
				g_array_free(args, TRUE);
			if (!ok)
				return FALSE;
			met = TRUE;
		}
	}
	return met;
}

/* Take the macro @name as ours, if it can be; TRUE when that is news. */
static gboolean take(struct reach *r, const char *name, guint n)
{
	GPtrArray *defs = g_hash_table_lookup(r->all, name);

	if (!defs || !r->closed || g_hash_table_contains(r->ours, name))
		return FALSE;
	for (guint d = 0; d < defs->len; d++) {
		const struct source_macro *m = defs->pdata[d];

		if (!m->params || n >= g_strv_length(m->params) ||
		    !r->closed(name, m->in->file, r->data) ||
		    !only_handles(r, name, m->in, n))
			return FALSE;
	}
	for (guint d = 0; d < defs->len; d++)
		add_name(r->ours, defs->pdata[d]);
	mark(r->ours, name, n);
	return TRUE;
}

/* The macros that are handed a handle, in code and in the bodies of ours. */
static gboolean take_reached(struct reach *r)
{
	gboolean news = FALSE;

	for (guint k = 0; k < r->sources->len; k++) {
		const struct source *s = r->sources->pdata[k];

		for (gsize i = 0; i < s->toks.n; i++) {
			const struct token *t = &s->toks.v[i];
			GArray *args;
			char *name;

			if (t->kind != TOK_IDENT || t->disabled ||
			    (t->ctx != CTX_CODE && t->ctx != CTX_MACRO_BODY))
				continue;
			name = source_word(s, i);
			args = g_hash_table_contains(r->all, name) &&
			       !g_hash_table_contains(r->ours, name) ?
			       call_args(s, i, s->toks.n) : NULL;
			for (guint a = 0; args && a < args->len && a < 64; a++)
				if (arg_is_handle(r, s, i,
					&g_array_index(args, struct arg, a)))
					news |= take(r, name, a);
			if (args)
				g_array_free(args, TRUE);
			g_free(name);
		}
	}
	return news;
}

/*
 * Of the macros of @s, those that are more than a call of @yields into @other;
 * with @add, the rest into @yields, but for names in @other.
 */
static void aliases_of(const struct source *s, GHashTable *yields,
		       GHashTable *other, gboolean add)
{
	for (guint k = 0; k < s->macros->len; k++) {
		struct source_macro *m = s->macros->pdata[k];

		if (!is_call_of(s, m->first, m->last, yields))
			g_hash_table_add(other, m->name);
		else if (add && !g_hash_table_contains(other, m->name))
			g_hash_table_add(yields, g_strdup(m->name));
	}
}

void handle_add_aliases(const GPtrArray *sources, GHashTable *yields)
{
	GHashTable *other = g_hash_table_new(g_str_hash, g_str_equal);
	guint before;

	do {
		before = g_hash_table_size(yields);
		/* All definitions of the name, in whatever arch. */
		for (int add = 0; add < 2; add++)
			for (guint i = 0; i < sources->len; i++)
				aliases_of(sources->pdata[i], yields, other,
					   add);
		g_hash_table_remove_all(other);
	} while (g_hash_table_size(yields) > before);
	g_hash_table_destroy(other);
}

void handle_mark_macros(const GPtrArray *sources, const struct flow *flow,
			const GPtrArray *facts, GHashTable *symbols,
			handle_closed_fn closed, void *data)
{
	struct reach r = {
		.sources = sources, .flow = flow, .closed = closed,
		.data = data,
		.all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref),
		.ours = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				(GDestroyNotify)g_ptr_array_unref),
		.at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL),
	};
	GHashTable *by_name = r.ours;
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *fields = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTable *other = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTableIter it;
	gboolean news = TRUE;
	gpointer key;

	macros_by_name(sources, flow, symbols, r.all, r.ours);
	for (guint i = 0; i < sources->len; i++) {
		struct source *s = sources->pdata[i];

		g_hash_table_insert(files, s->file, s);
	}
	for (guint i = 0; i < facts->len; i++) {
		struct ast_facts *a = facts->pdata[i];
		GHashTable *handles;

		for (guint k = 0; k < a->decls->len; k++) {
			struct ast_decl *d = a->decls->pdata[k];

			if (d->cls == 'H' && d->key[0] == 'f')
				g_hash_table_add(fields, d->name);
		}
		if (!g_hash_table_contains(flow->page_cells, a->cell))
			continue;
		handles = g_hash_table_new(g_str_hash, g_str_equal);
		g_hash_table_add(handles, "H");
		for (guint k = 0; k < a->decls->len; k++) {
			struct ast_decl *d = a->decls->pdata[k];

			if (d->cls == 'H')
				g_hash_table_add(handles, d->key);
		}
		for (guint k = 0; k < flow->decls->len; k++)
			g_hash_table_add(handles, ((struct flow_decl *)
						   flow->decls->pdata[k])->key);
		for (guint k = 0; k < a->events->len; k++) {
			struct ast_event *e = a->events->pdata[k];
			gboolean handle = g_hash_table_contains(handles,
								e->src);

			if (g_str_has_prefix(e->src, "U:"))
				continue;
			g_hash_table_add(handle ? r.at : other,
				g_strdup_printf("%s:%" G_GSIZE_FORMAT, e->file,
						e->off));
			if (e->out && g_hash_table_contains(flow->yields,
							    e->xname))
				g_hash_table_add(r.at, g_strdup_printf(
					"%s:%" G_GSIZE_FORMAT, e->xfile,
					e->xoff));
			mark_expansion(sources, files, by_name, e, handle,
				       g_hash_table_contains(handles, e->dst));
		}
		g_hash_table_destroy(handles);
	}
	g_hash_table_iter_init(&it, other);
	while (g_hash_table_iter_next(&it, &key, NULL))
		g_hash_table_remove(r.at, key);
	for (guint i = 0; i < sources->len; i++) {
		struct source *s = sources->pdata[i];

		for (guint k = 0; k < s->macros->len; k++) {
			struct source_macro *m = s->macros->pdata[k];

			for (int p = 0; m->params && m->params[p] && p < 64; p++)
				if (api_has(flow, m->name, p))
					m->handles |= 1ull << p;
			if (g_hash_table_contains(flow->yields, m->name) ||
			    (g_hash_table_contains(by_name, m->name) &&
			     ends_in_field(m, fields)))
				m->yields = TRUE;
		}
	}
	while (news) {
		news = FALSE;
		for (guint i = 0; i < sources->len; i++) {
			struct source *s = sources->pdata[i];

			for (guint k = 0; k < s->macros->len; k++) {
				struct source_macro *m = s->macros->pdata[k];

				if (m->params)
					news |= follow_body(m, flow, by_name);
			}
		}
		if (!news)
			news = take_reached(&r);
	}
	g_hash_table_destroy(fields);
	g_hash_table_destroy(files);
	g_hash_table_destroy(other);
	g_hash_table_destroy(r.all);
	g_hash_table_destroy(r.ours);
	g_hash_table_destroy(r.at);
}

char *handle_blank_macros(const struct source *s)
{
	char *text = g_memdup2(s->text, s->size + 1);

	for (guint k = 0; k < s->macros->len; k++) {
		const struct source_macro *m = s->macros->pdata[k];

		if (!m->handles && !m->yields)
			continue;
		for (gsize i = m->body; i < m->body_end; i++)
			if (!strchr("\n\r\\", text[i]))
				text[i] = ' ';
	}
	return text;
}

char *handle_with_macros(const struct handle *h, const struct source *s,
			 const char *text, gsize size, GArray *map,
			 gsize *new_size)
{
	GString *out = g_string_new_len(text, size);

	for (guint k = 0; k < s->macros->len; k++) {
		const struct source_macro *m = s->macros->pdata[k];
		gboolean value = m->yields &&
			!source_is(s, tok_skip(&s->toks, m->first), "do");
		struct shape_piece piece;

		if (!m->handles && !m->yields)
			continue;
		g_string_append_printf(out, "\n%s __treewide_macro_%u(",
				       value ? h->type : "void", k);
		for (int p = 0, n = 0; m->params && m->params[p]; p++) {
			if (!strcmp(m->params[p], "..."))
				continue;
			g_string_append_printf(out, "%s%s %s", n++ ? ", " : "",
				p < 64 && m->handles & (1ull << p) ?
					h->type : "int", m->params[p]);
		}
		g_string_append(out, value ? ")\n{\nreturn " : ")\n{\n");
		piece.at = out->len;
		piece.len = m->body_end - m->body;
		piece.from = m->body;
		g_string_append_len(out, s->text + m->body, piece.len);
		for (gsize i = piece.at; i + 1 < out->len; i++)
			if (out->str[i] == '\\' && out->str[i + 1] == '\n')
				out->str[i] = ' ';
		g_string_append(out, "\n;\n}\n");
		g_array_append_val(map, piece);
	}
	*new_size = out->len;
	return g_string_free(out, FALSE);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *handle_yields(const struct flow *flow, const GPtrArray *sources)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, NULL);
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter it;
	gpointer k;

	g_hash_table_iter_init(&it, flow->yields);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_hash_table_add(set, g_strdup(k));
	for (guint i = 0; i < sources->len; i++) {
		struct source *s = sources->pdata[i];

		for (guint n = 0; n < s->macros->len; n++) {
			struct source_macro *m = s->macros->pdata[n];

			if (m->yields)
				g_hash_table_add(set, g_strdup(m->name));
		}
	}
	g_hash_table_iter_init(&it, set);
	while (g_hash_table_iter_next(&it, &k, NULL))
		g_ptr_array_add(v, g_strdup(k));
	g_ptr_array_sort(v, by_text);
	g_hash_table_destroy(set);
	return v;
}
