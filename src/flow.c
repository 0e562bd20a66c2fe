// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fixed point is the greatest one: every declaration of the old type that
 * touches a handle is assumed to carry handles only, and is struck out when a
 * value says otherwise, until nothing changes.  What is left without a handle
 * that reaches it, or that it reaches, is struck out too.
 */
#include <string.h>

#include "flow.h"

const char *const flow_kind_name[N_FLOW_KIND] = {
	[FLOW_TO_OLD] = "handle to old type",
	[FLOW_TO_NEW] = "old type to handle",
	[FLOW_MEMBER] = "member of the old struct",
	[FLOW_GENERIC] = "_Generic selector",
	[FLOW_RETYPE] = "made by cast",
	[FLOW_OTHER] = "other use",
};

struct node {
	char cls;
	gboolean candidate;
	gboolean to_page;	/* a void pointer that becomes the old type */
	GPtrArray *in, *out;	/* struct ast_event */
	GPtrArray *places;	/* struct ast_decl */
};

struct cell {
	const char *name;
	gboolean page_backed;
	GHashTable *nodes;	/* key -> struct node */
	GPtrArray *events;
};

static void node_free(gpointer p)
{
	struct node *n = p;

	g_ptr_array_free(n->in, TRUE);
	g_ptr_array_free(n->out, TRUE);
	g_ptr_array_free(n->places, TRUE);
	g_free(n);
}

static struct node *node_get(struct cell *c, const char *key, gboolean make)
{
	struct node *n = g_hash_table_lookup(c->nodes, key);

	if (!n && make) {
		n = g_new0(struct node, 1);
		n->cls = 'O';
		n->in = g_ptr_array_new();
		n->out = g_ptr_array_new();
		n->places = g_ptr_array_new();
		g_hash_table_insert(c->nodes, (char *)key, n);
	}
	return n;
}

/* Is @key a declaration's, not one of the one-letter ends? */
static gboolean is_decl(const char *key)
{
	return key[0] && key[1] == ':' && strchr("vgprf", key[0]);
}

/* A macro of the API whose value is a handle, whatever it is made of. */
static gboolean yields(const struct flow *f, const struct ast_event *e)
{
	return *e->xname && !g_str_has_prefix(e->src, "U:") &&
	       g_hash_table_contains(f->yields, e->xname);
}

static gboolean is_handle(struct cell *c, const char *key)
{
	struct node *n;

	if (!strcmp(key, "H"))
		return TRUE;
	if (!is_decl(key))
		return FALSE;
	n = node_get(c, key, FALSE);
	return n && (n->cls == 'H' || n->candidate);
}

/* The function's name from "p:c:file.c@F@name#1" or "r:c:@F@name". */
static char *function_of(const char *key)
{
	const char *at = strstr(key, "@F@");
	const char *end;

	if (!at)
		return NULL;
	at += 3;
	end = at + strcspn(at, "#@");
	return g_strndup(at, end - at);
}

static gboolean retypable(const struct flow_request *req, const char *src)
{
	return g_str_has_prefix(src, "U:") && req->retype &&
	       g_strv_contains((const char *const *)req->retype, src + 2);
}

/* Is the function of @key called through a pointer, by whoever? */
static gboolean address_taken(struct cell *c, const char *key)
{
	const char *end = key[0] == 'p' ? strrchr(key, '#') : NULL;
	char *usr = end ? g_strndup(key + 2, end - key - 2)
			: g_strdup(key + 2);
	char *r = g_strconcat("r:", usr, NULL);
	struct node *n = node_get(c, r, FALSE);
	gboolean yes = FALSE;

	for (guint i = 0; n && i < n->out->len; i++)
		yes |= !strcmp(((struct ast_event *)n->out->pdata[i])->dst, "A");
	g_free(r);
	g_free(usr);
	return yes;
}

static gboolean open_to_others(struct cell *c, const struct flow_request *req,
			       const char *key, const struct node *n)
{
	gboolean open;
	char *fn;

	if (key[0] == 'f' || key[0] == 'g')
		return TRUE;	/* a field or a global: set anywhere */
	if (key[0] == 'v')
		return FALSE;
	fn = function_of(key);
	if (!fn || !n->places->len || address_taken(c, key)) {
		g_free(fn);
		return TRUE;
	}
	open = !req->closed(fn, ((struct ast_decl *)n->places->pdata[0])->file,
			    req->data);
	g_free(fn);
	return open;
}

static gboolean strike(struct cell *c, const struct flow_request *req,
		       const struct flow *f, const char *key, struct node *n)
{
	gboolean fed = FALSE, feeds = FALSE, retyped = FALSE;

	for (guint i = 0; i < n->in->len; i++) {
		struct ast_event *e = n->in->pdata[i];

		if (is_handle(c, e->src) || yields(f, e))
			fed |= strcmp(e->src, key) != 0;
		else if (retypable(req, e->src))
			retyped = TRUE;
		else
			return TRUE;
	}
	for (guint i = 0; i < n->out->len; i++) {
		struct ast_event *e = n->out->pdata[i];

		if (!strcmp(e->dst, "A"))
			return TRUE;
		if (is_handle(c, e->dst) && strcmp(e->dst, key))
			feeds = TRUE;
	}
	return !(fed || (retyped && feeds));
}

/*
 * Candidates that hold each other up without a handle anywhere are no
 * handles: keep those that a true handle feeds, or that are retyped and feed
 * one.
 */
static void keep_grounded(struct cell *c, const struct flow *f)
{
	GHashTable *ground = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean changed = TRUE;
	GHashTableIter it;
	const char *key;
	struct node *n;

	while (changed) {
		changed = FALSE;
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n)) {
			gboolean ok = FALSE;

			if (!n->candidate || g_hash_table_contains(ground, key))
				continue;
			for (guint i = 0; i < n->in->len && !ok; i++) {
				struct ast_event *e = n->in->pdata[i];
				struct node *s = is_decl(e->src) ?
					node_get(c, e->src, FALSE) : NULL;

				ok = !strcmp(e->src, "H") || yields(f, e) ||
				     (s && s->cls == 'H') ||
				     g_hash_table_contains(ground, e->src);
			}
			for (guint i = 0; i < n->out->len && !ok; i++) {
				struct ast_event *e = n->out->pdata[i];
				struct node *d = is_decl(e->dst) ?
					node_get(c, e->dst, FALSE) : NULL;

				/* Only what is retyped gets here unfed. */
				ok = !strcmp(e->dst, "H") ||
				     (d && d->cls == 'H') ||
				     g_hash_table_contains(ground, e->dst);
			}
			if (ok) {
				g_hash_table_add(ground, (char *)key);
				changed = TRUE;
			}
		}
	}
	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n))
		if (n->candidate && !g_hash_table_contains(ground, key))
			n->candidate = FALSE;
	g_hash_table_destroy(ground);
}

static void mark_to_page(struct cell *c)
{
	gboolean changed = TRUE;
	GHashTableIter it;
	const char *key;
	struct node *n;

	while (changed) {
		changed = FALSE;
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n)) {
			if (n->to_page || n->cls == 'H' || n->cls == 'P')
				continue;
			for (guint i = 0; i < n->out->len; i++) {
				struct ast_event *e = n->out->pdata[i];
				struct node *d = node_get(c, e->dst, FALSE);

				if (!d || is_handle(c, e->dst))
					continue;
				if (d->cls == 'P' || d->to_page) {
					n->to_page = changed = TRUE;
					break;
				}
			}
		}
	}
}

static void solve(struct cell *c, const struct flow_request *req,
		  const struct flow *f)
{
	gboolean changed;
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n))
		n->candidate = n->cls == 'P' && (n->in->len || n->out->len);
	do {
		changed = FALSE;
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n))
			if (n->candidate && strike(c, req, f, key, n)) {
				n->candidate = FALSE;
				changed = TRUE;
			}
		if (changed)
			continue;
		keep_grounded(c, f);
		/* Looking at the whole tree is dear: last, for the few left. */
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n))
			if (n->candidate && open_to_others(c, req, key, n)) {
				n->candidate = FALSE;
				changed = TRUE;
			}
	} while (changed);
	mark_to_page(c);
}

static struct cell *cell_new(const char *name)
{
	struct cell *c = g_new0(struct cell, 1);

	c->name = name;
	c->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					 node_free);
	c->events = g_ptr_array_new();
	return c;
}

static void cell_free(gpointer p)
{
	struct cell *c = p;

	g_hash_table_destroy(c->nodes);
	g_ptr_array_free(c->events, TRUE);
	g_free(c);
}

static void cell_add(struct cell *c, struct ast_facts *a, struct flow *f,
		     const char *old_struct)
{
	for (guint i = 0; i < a->typedefs->len; i++) {
		struct ast_typedef *t = a->typedefs->pdata[i];
		char *want = g_strdup_printf("struct %s *", old_struct);
		char *place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, t->file,
					      t->off);

		if (!strcmp(t->underlying, want))
			c->page_backed = TRUE;
		g_hash_table_insert(f->typedefs, place,
				    g_strdup(t->underlying));
		g_free(want);
	}
	for (guint i = 0; i < a->decls->len; i++) {
		struct ast_decl *d = a->decls->pdata[i];
		struct node *n = node_get(c, d->key, TRUE);

		if (d->cls != 'O')
			n->cls = n->cls == 'H' ? 'H' : d->cls;
		g_ptr_array_add(n->places, d);
	}
	for (guint i = 0; i < a->events->len; i++) {
		struct ast_event *e = a->events->pdata[i];

		g_ptr_array_add(c->events, e);
		if (is_decl(e->src))
			g_ptr_array_add(node_get(c, e->src, TRUE)->out, e);
		if (is_decl(e->dst))
			g_ptr_array_add(node_get(c, e->dst, TRUE)->in, e);
	}
}

static void note_api(struct cell *c, struct flow *f)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		const char *hash;
		char *fn;

		if ((key[0] != 'p' && key[0] != 'r') ||
		    (n->cls != 'H' && !(n->candidate && c->page_backed)))
			continue;
		fn = function_of(key);
		hash = key[0] == 'r' ? "#r" : strrchr(key, '#');
		if (fn && hash)
			g_hash_table_add(f->api, g_strconcat(fn, hash, NULL));
		g_free(fn);
	}
}

/*
 * What gives a handle, by name: a function that returns the type in any cell,
 * and a macro of the API whose value is stored as one.
 */
static void note_yields(struct cell *c, const struct flow_request *req,
			struct flow *f)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		char *fn = key[0] == 'r' && n->cls == 'H' ? function_of(key)
							  : NULL;

		if (fn)
			g_hash_table_add(f->yields, fn);
	}
	for (guint i = 0; i < c->events->len; i++) {
		const struct ast_event *e = c->events->pdata[i];
		struct node *d;

		if (!*e->xname || g_str_has_prefix(e->src, "U:") ||
		    !g_hash_table_contains(req->symbols, e->xname))
			continue;
		d = is_decl(e->dst) ? node_get(c, e->dst, FALSE) : NULL;
		if ((d && d->cls == 'H') || !strcmp(e->dst, "H"))
			g_hash_table_add(f->yields, g_strdup(e->xname));
	}
}

static void note_decls(struct cell *c, GHashTable *by_place,
		       const struct flow_request *req)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		gboolean needs = FALSE;

		if (n->cls != 'P' || (!n->candidate && !n->in->len) ||
		    (key[0] == 'v' && strchr(key, '@')))
			continue;
		for (guint i = 0; i < n->out->len; i++) {
			const char *dst =
				((struct ast_event *)n->out->pdata[i])->dst;

			needs |= g_str_has_prefix(dst, "m:");
		}
		for (guint i = 0; i < n->in->len; i++)
			needs |= retypable(req, ((struct ast_event *)
						 n->in->pdata[i])->src);
		for (guint i = 0; i < n->places->len; i++) {
			struct ast_decl *d = n->places->pdata[i];
			char *place = g_strdup_printf("%s:%" G_GSIZE_FORMAT,
						      d->file, d->name_off);
			struct flow_decl *fd = g_hash_table_lookup(by_place,
								   place);

			if (!fd) {
				fd = g_new0(struct flow_decl, 1);
				fd->key = g_strdup(key);
				fd->file = g_strdup(d->file);
				fd->name = g_strdup(d->name);
				fd->func = g_strdup(d->func);
				fd->start = d->start;
				fd->name_off = d->name_off;
				fd->cells = g_ptr_array_new();
				g_hash_table_insert(by_place, place, fd);
			} else {
				g_free(place);
			}
			if (n->candidate) {
				if (!g_ptr_array_find(fd->cells, c->name, NULL))
					g_ptr_array_add(fd->cells,
							(char *)c->name);
				fd->needs_struct |= needs;
			} else {
				fd->conflict = TRUE;
			}
		}
	}
}

static int frontier_kind(struct cell *c, const struct flow_request *req,
			 const struct ast_event *e)
{
	gboolean s = is_handle(c, e->src), d = is_handle(c, e->dst);
	struct node *n;

	if (s && d)
		return -1;
	if (!s && d) {
		if (retypable(req, e->src))
			return FLOW_RETYPE;
		n = is_decl(e->src) ? node_get(c, e->src, FALSE) : NULL;
		if (!strcmp(e->src, "P") || (n && n->cls == 'P'))
			return FLOW_TO_NEW;
		return -1;	/* void pointers convert by themselves */
	}
	if (!s)
		return -1;
	if (g_str_has_prefix(e->dst, "m:"))
		return strcmp(e->dst, "m:*") ? FLOW_MEMBER : FLOW_OTHER;
	if (!strcmp(e->dst, "G"))
		return FLOW_GENERIC;
	if (!strcmp(e->dst, "X"))
		return FLOW_OTHER;
	if (!strcmp(e->dst, "P"))
		return FLOW_TO_OLD;
	if (is_decl(e->dst)) {
		n = node_get(c, e->dst, FALSE);
		if (n && (n->cls == 'P' || n->to_page))
			return FLOW_TO_OLD;
	}
	return -1;
}

static void frontier_free(gpointer p)
{
	struct flow_frontier *f = p;

	g_free(f->file);
	g_free(f->src);
	g_free(f->dst);
	g_ptr_array_free(f->cells, TRUE);
	g_free(f);
}

static void note_frontier(struct cell *c, const struct flow_request *req,
			  GHashTable *by_place)
{
	for (guint i = 0; i < c->events->len; i++) {
		struct ast_event *e = c->events->pdata[i];
		int kind = frontier_kind(c, req, e);
		struct flow_frontier *f;
		char *place;

		if (kind < 0)
			continue;
		place = g_strdup_printf("%s:%" G_GSIZE_FORMAT ":%d", e->file,
					e->off, kind);
		f = g_hash_table_lookup(by_place, place);
		if (!f) {
			f = g_new0(struct flow_frontier, 1);
			f->file = g_strdup(e->file);
			f->off = e->off;
			f->line = e->line;
			f->kind = kind;
			f->src = g_strdup(e->src);
			f->dst = g_strdup(e->dst);
			f->cells = g_ptr_array_new();
			g_hash_table_insert(by_place, place, f);
		} else {
			g_free(place);
		}
		if (!g_ptr_array_find(f->cells, c->name, NULL))
			g_ptr_array_add(f->cells, (char *)c->name);
	}
}

static void decl_free(gpointer p)
{
	struct flow_decl *d = p;

	g_free(d->key);
	g_free(d->file);
	g_free(d->name);
	g_free(d->func);
	g_ptr_array_free(d->cells, TRUE);
	g_free(d);
}

static void func_free(gpointer p)
{
	struct flow_func *f = p;

	g_free(f->name);
	g_free(f->file);
	g_free(f);
}

static int by_place(const char *fa, gsize a, const char *fb, gsize b)
{
	int r = strcmp(fa, fb);

	return r ? r : a < b ? -1 : a > b;
}

static int cmp_decl(gconstpointer a, gconstpointer b)
{
	const struct flow_decl *x = *(struct flow_decl *const *)a;
	const struct flow_decl *y = *(struct flow_decl *const *)b;

	return by_place(x->file, x->name_off, y->file, y->name_off);
}

static int cmp_frontier(gconstpointer a, gconstpointer b)
{
	const struct flow_frontier *x = *(struct flow_frontier *const *)a;
	const struct flow_frontier *y = *(struct flow_frontier *const *)b;
	int r = by_place(x->file, x->off, y->file, y->off);

	return r ? r : (int)x->kind - (int)y->kind;
}

static int cmp_func(gconstpointer a, gconstpointer b)
{
	const struct flow_func *x = *(struct flow_func *const *)a;
	const struct flow_func *y = *(struct flow_func *const *)b;

	return by_place(x->file, x->start, y->file, y->start);
}

static int cmp_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Functions with a handle among their parameters or as their result. */
static void note_funcs(struct cell *c, struct ast_facts *a, GHashTable *seen,
		       struct flow *f)
{
	GHashTable *carry = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		const char *hash = strrchr(key, '#');

		if (n->cls != 'H' && !n->candidate)
			continue;
		if (key[0] == 'r')
			g_hash_table_add(carry, g_strdup(key + 2));
		else if (key[0] == 'p' && hash)
			g_hash_table_add(carry, g_strndup(key + 2,
							  hash - key - 2));
	}
	for (guint i = 0; i < a->funcs->len; i++) {
		struct ast_func *fn = a->funcs->pdata[i];
		struct flow_func *ff;
		char *place;

		if (!g_hash_table_contains(carry, fn->usr))
			continue;
		place = g_strdup_printf("%s:%" G_GSIZE_FORMAT, fn->file,
					fn->start);
		if (!g_hash_table_add(seen, place))
			continue;
		ff = g_new0(struct flow_func, 1);
		ff->name = g_strdup(fn->name);
		ff->file = g_strdup(fn->file);
		ff->start = fn->start;
		ff->end = fn->end;
		g_ptr_array_add(f->funcs, ff);
	}
	g_hash_table_destroy(carry);
}

struct flow *flow_new(const struct flow_request *req)
{
	GHashTable *cells = g_hash_table_new_full(g_str_hash, g_str_equal,
						  NULL, cell_free);
	GHashTable *decls = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTable *front = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTable *funcs = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	struct flow *f = g_new0(struct flow, 1);
	GHashTableIter it;
	gpointer p;

	f->decls = g_ptr_array_new_with_free_func(decl_free);
	f->frontier = g_ptr_array_new_with_free_func(frontier_free);
	f->funcs = g_ptr_array_new_with_free_func(func_free);
	f->refused = g_ptr_array_new_with_free_func(g_free);
	f->api = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	f->typedefs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    g_free);
	f->yields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	f->page_cells = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);
	for (guint i = 0; i < req->facts->len; i++) {
		struct ast_facts *a = req->facts->pdata[i];
		struct cell *c = g_hash_table_lookup(cells, a->cell);

		if (!c) {
			c = cell_new(a->cell);
			g_hash_table_insert(cells, a->cell, c);
		}
		cell_add(c, a, f, req->old_struct);
	}
	g_hash_table_iter_init(&it, cells);
	while (g_hash_table_iter_next(&it, NULL, &p))
		note_yields(p, req, f);
	g_hash_table_iter_init(&it, cells);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct cell *c = p;

		if (c->page_backed) {
			g_hash_table_add(f->page_cells, g_strdup(c->name));
			solve(c, req, f);
			note_decls(c, decls, req);
			note_frontier(c, req, front);
		}
		note_api(c, f);
	}
	for (guint i = 0; i < req->facts->len; i++) {
		struct ast_facts *a = req->facts->pdata[i];
		struct cell *c = g_hash_table_lookup(cells, a->cell);

		if (c->page_backed)
			note_funcs(c, a, funcs, f);
	}
	g_hash_table_iter_init(&it, decls);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct flow_decl *d = p;

		if (d->cells->len && d->conflict)
			g_ptr_array_add(f->refused, g_strdup_printf(
				"%s\t%" G_GSIZE_FORMAT
				"\tcarries a handle in some cells and a page in others",
				d->file, d->name_off));
		if (d->cells->len && !d->conflict)
			g_ptr_array_add(f->decls, d);
		else
			decl_free(d);
	}
	g_hash_table_iter_init(&it, front);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		g_ptr_array_sort(((struct flow_frontier *)p)->cells, cmp_name);
		g_ptr_array_add(f->frontier, p);
	}
	g_ptr_array_sort(f->decls, cmp_decl);
	g_ptr_array_sort(f->frontier, cmp_frontier);
	g_ptr_array_sort(f->funcs, cmp_func);
	g_hash_table_destroy(decls);
	g_hash_table_destroy(front);
	g_hash_table_destroy(funcs);
	g_hash_table_destroy(cells);
	return f;
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	g_ptr_array_free(f->decls, TRUE);
	g_ptr_array_free(f->frontier, TRUE);
	g_ptr_array_free(f->funcs, TRUE);
	g_ptr_array_free(f->refused, TRUE);
	g_hash_table_destroy(f->api);
	g_hash_table_destroy(f->typedefs);
	g_hash_table_destroy(f->page_cells);
	g_hash_table_destroy(f->yields);
	g_free(f);
}
