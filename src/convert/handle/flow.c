// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fixed point is the greatest one: every declaration of the old type that
 * touches a handle is assumed to carry handles only, and is struck out when a
 * value says otherwise, until nothing changes.  What is left without a handle
 * that reaches it, or that it reaches, is struck out too.
 */
#include <string.h>

#include "convert/handle/flow.h"
#include "convert/key.h"

const char *const flow_kind_name[N_FLOW_KIND] = {
	[FLOW_TO_OLD] = "handle to old type",
	[FLOW_TO_NEW] = "old type to handle",
	[FLOW_MEMBER] = "member of the old struct",
	[FLOW_GENERIC] = "_Generic selector",
	[FLOW_RETYPE] = "made by cast",
	[FLOW_OTHER] = "other use",
	[FLOW_VOID] = "handle to a void pointer",
	[FLOW_CAST] = "cast of a handle",
	[FLOW_SIZE] = "size of what a handle points to",
};

gboolean flow_is_open(enum flow_kind kind)
{
	return kind == FLOW_VOID || kind == FLOW_CAST || kind == FLOW_SIZE;
}

struct node {
	char cls;
	gboolean candidate;
	char *why;		/* why it is struck out */
	const struct ast_event *via;	/* what strikes it out, or grounds it */
	gboolean to_page;	/* a void pointer that becomes the old type */
	GPtrArray *in, *out;	/* struct ast_event */
	GPtrArray *places;	/* struct ast_decl */
};

struct cell {
	const char *name;
	gboolean page_backed;
	GHashTable *nodes;	/* key -> struct node */
	GPtrArray *events;
	GHashTable *carry;	/* carriers(), once it is asked for */
};

static void node_free(gpointer p)
{
	struct node *n = p;

	g_ptr_array_free(n->in, TRUE);
	g_ptr_array_free(n->out, TRUE);
	g_ptr_array_free(n->places, TRUE);
	g_free(n->why);
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
	if (!ast_is_decl(key))
		return FALSE;
	n = node_get(c, key, FALSE);
	return n && (n->cls == 'H' || n->candidate);
}

static gboolean retypable(const struct flow_request *req, const char *src)
{
	return g_str_has_prefix(src, "U:") && req->retype &&
	       g_strv_contains((const char *const *)req->retype, src + 2);
}

/* Is @src memory that nobody has stored anything in? */
static gboolean is_fresh(const struct flow_request *req, const char *src)
{
	for (char **a = req->allocators; a && *a; a++)
		if (g_str_has_prefix(src, "U:") &&
		    g_pattern_match_simple(*a, src + 2))
			return TRUE;
	return FALSE;
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

static void strike_out(struct node *n, const struct ast_event *via,
		       char *why)
{
	n->candidate = FALSE;
	n->via = via;
	g_free(n->why);
	n->why = why;
}

/*
 * The key of the pointer to functions that @key, "p:*KEY#N" or "r:*KEY", is
 * about; NULL for any other key.  The caller frees it.
 */
static char *pointer_of(const char *key)
{
	const char *hash = key[0] == 'p' ? strrchr(key, '#') : NULL;

	if (!ast_is_decl(key) || key[2] != '*')
		return NULL;
	return hash ? g_strndup(key + 3, hash - key - 3) : g_strdup(key + 3);
}

/* What @key is called in the source, where that is not what @d says. */
static char *name_of(const char *key, const struct ast_decl *d)
{
	char *pointer = pointer_of(key), *name;
	const char *at;

	if (!pointer)
		return key[0] == 'p' || key[0] == 'r' ?
		       key_function(key) : g_strdup(d->name);
	at = strrchr(pointer, pointer[0] == 't' ? ':' : '@');
	name = pointer[0] == 'p' ? key_function(pointer) :
	       g_strdup(at ? at + 1 : "");
	g_free(pointer);
	return name;
}

/*
 * Is it a .c file's own: a field of what is declared there, or static?  Only that
 * file can reach it, and it was read.
 */
static gboolean is_local(const char *key, const struct ast_decl *d)
{
	char *pointer = pointer_of(key);
	const char *k = pointer ? pointer : key;
	gboolean yes = g_str_has_suffix(d->file, ".c") &&
		       (strchr("ft", k[0]) || !g_str_has_prefix(k + 2, "c:@"));

	g_free(pointer);
	return yes;
}

/* "name#2" of parameter 2, "name#r" of the result; NULL for anything else. */
static char *api_name(const char *key)
{
	const char *hash = key[0] == 'r' ? "#r" :
			   key[0] == 'p' ? strrchr(key, '#') : NULL;
	char *fn = hash ? key_function(key) : NULL;
	char *name = fn ? g_strconcat(fn, hash, NULL) : NULL;

	g_free(fn);
	return name;
}

/*
 * A parameter that is spelled with the seed type somewhere: code that all archs
 * share gives it handles, so it takes them here, too, and who has a page must
 * make a handle of it.
 */
static gboolean is_api(const struct flow *f, const char *key)
{
	char *name = key[0] == 'p' ? api_name(key) : NULL;
	gboolean yes = name && g_hash_table_contains(f->api, name);

	g_free(name);
	return yes;
}

/* Strike it out when anything could set it unseen; TRUE if so. */
static gboolean open_to_others(struct cell *c, const struct flow_request *req,
			       const struct flow *f, const char *key,
			       struct node *n)
{
	const struct ast_decl *d;
	const char *macro = NULL;
	char *fn, *why;

	if (key[0] == 'd')	/* who can reach the pointer can set it */
		key += 2;
	if (key[0] == 'v') {
		if (n->places->len && req->macro && !strchr(key, '@'))
			macro = req->macro(n->places->pdata[0], req->data);
		if (!macro)
			return FALSE;
	} else if (!n->places->len) {
		strike_out(n, NULL, g_strdup("no declaration of it was read"));
		return TRUE;
	}
	d = n->places->pdata[0];
	if (!strncmp(key + 1, ":*v:", 4) && !address_taken(c, key))
		return FALSE;	/* a local pointer to functions */
	fn = macro ? g_strdup(macro) : name_of(key, d);
	if (!fn || !*fn)
		why = g_strdup("it has no name to look for");
	else if ((key[0] == 'p' || key[0] == 'r') && address_taken(c, key))
		/* All archs give it handles: who calls it so must be told. */
		why = is_api(f, key) ? NULL :
		      g_strdup_printf("the address of %s is taken: it may be called by anyone",
				      fn);
	else
		why = !macro && is_local(key, d) ? NULL :
		      req->open(fn, d->file, req->data);
	g_free(fn);
	if (why)
		strike_out(n, NULL, why);
	return why != NULL;
}

/* Strike it out when a value says that it is no handle; TRUE if so. */
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
		else if (!is_api(f, key) &&
			 !(key[0] == 'd' && is_fresh(req, e->src))) {
			strike_out(n, e, g_strdup("a value that is no handle goes into it"));
			return TRUE;
		}
	}
	for (guint i = 0; i < n->out->len; i++) {
		struct ast_event *e = n->out->pdata[i];

		if (!strcmp(e->dst, "A")) {
			strike_out(n, e, g_strdup("its address is taken, or it is counted up or down"));
			return TRUE;
		}
		if (g_str_has_prefix(e->dst, "m:") && req->members &&
		    !g_strv_contains((const char *const *)req->members,
				     e->dst + 2)) {
			strike_out(n, e, g_strdup_printf("its member %s has no form in the new struct",
							 e->dst + 2));
			return TRUE;
		}
		if (is_handle(c, e->dst) && strcmp(e->dst, key))
			feeds = TRUE;
	}
	if (fed || (retyped && feeds))
		return FALSE;
	strike_out(n, NULL, g_strdup("no handle reaches it"));
	return TRUE;
}

/* Is the other end @key of @e a true handle, or held up by one already? */
static gboolean firm(struct cell *c, GHashTable *ground, const char *key)
{
	struct node *n = ast_is_decl(key) ? node_get(c, key, FALSE) : NULL;

	return !strcmp(key, "H") || (n && n->cls == 'H') ||
	       g_hash_table_contains(ground, key);
}

/* The event that holds up candidate @n, or NULL. */
static const struct ast_event *ground_of(struct cell *c, const struct flow *f,
					 GHashTable *ground,
					 const struct node *n)
{
	for (guint i = 0; i < n->in->len; i++) {
		const struct ast_event *e = n->in->pdata[i];

		if (yields(f, e) || firm(c, ground, e->src))
			return e;
	}
	for (guint i = 0; i < n->out->len; i++) {
		const struct ast_event *e = n->out->pdata[i];

		/* Only what is retyped gets here unfed. */
		if (firm(c, ground, e->dst))
			return e;
	}
	return NULL;
}

/*
 * Candidates that hold each other up without a handle anywhere are no
 * handles: keep those that a true handle feeds, or that are retyped and feed
 * one.  In rounds, so that each is held up by the shortest chain.
 */
static void keep_grounded(struct cell *c, const struct flow *f)
{
	GHashTable *ground = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *round = g_ptr_array_new();
	GHashTableIter it;
	const char *key;
	struct node *n;

	do {
		g_ptr_array_set_size(round, 0);
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n)) {
			if (!n->candidate || g_hash_table_contains(ground, key))
				continue;
			n->via = ground_of(c, f, ground, n);
			if (n->via)
				g_ptr_array_add(round, (char *)key);
		}
		for (guint i = 0; i < round->len; i++)
			g_hash_table_add(ground, round->pdata[i]);
	} while (round->len);
	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n))
		if (n->candidate && !g_hash_table_contains(ground, key))
			strike_out(n, NULL, g_strdup("no handle reaches it"));
	g_ptr_array_free(round, TRUE);
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

/* "FILE:OFF", the place of a declaration's name. */
static char *decl_place(const struct ast_decl *d)
{
	return g_strdup_printf("%s:%" G_GSIZE_FORMAT, d->file, d->name_off);
}

/* Why the declaration stays whatever flows, or NULL. */
static const char *fixed(const struct flow_request *req, GHashTable *stay,
			 const struct node *n)
{
	const char *why = NULL;

	for (guint i = 0; i < n->places->len && !why; i++) {
		const struct ast_decl *d = n->places->pdata[i];
		char *place;

		/* By typeof, in a macro: it follows what it is made of. */
		if (d->key[0] == 'v' && strchr(d->key, '@'))
			continue;
		place = decl_place(d);
		why = g_hash_table_lookup(stay, place);
		if (!why && req->fixed)
			why = req->fixed(d, req->data);
		g_free(place);
	}
	return why;
}

static void solve(struct cell *c, const struct flow_request *req,
		  const struct flow *f, GHashTable *stay)
{
	gboolean changed;
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		const char *why;

		n->candidate = n->cls == 'P' && (n->in->len || n->out->len);
		n->via = NULL;
		why = n->candidate ? fixed(req, stay, n) : NULL;
		if (why)
			strike_out(n, NULL, g_strdup(why));
	}
	do {
		changed = FALSE;
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n))
			changed |= n->candidate && strike(c, req, f, key, n);
		if (changed)
			continue;
		keep_grounded(c, f);
		/* Looking at the whole tree is dear: last, for the few left. */
		g_hash_table_iter_init(&it, c->nodes);
		while (g_hash_table_iter_next(&it, (gpointer *)&key,
					      (gpointer *)&n))
			changed |= n->candidate &&
				   open_to_others(c, req, f, key, n);
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
	g_clear_pointer(&c->carry, g_hash_table_destroy);
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
		if (ast_is_decl(e->src))
			g_ptr_array_add(node_get(c, e->src, TRUE)->out, e);
		if (ast_is_decl(e->dst))
			g_ptr_array_add(node_get(c, e->dst, TRUE)->in, e);
	}
}

/* The parameters and results that are handles; @all: those that become one, too. */
static void note_api(struct cell *c, struct flow *f, gboolean all)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		char *name = n->cls == 'H' ||
			     (all && n->candidate && c->page_backed) ?
			     api_name(key) : NULL;

		if (name)
			g_hash_table_add(f->api, name);
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
		char *fn = key[0] == 'r' && n->cls == 'H' ? key_function(key)
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
		d = ast_is_decl(e->dst) ? node_get(c, e->dst, FALSE) : NULL;
		if ((d && d->cls == 'H') || !strcmp(e->dst, "H"))
			g_hash_table_add(f->yields, g_strdup(e->xname));
	}
}

/* Does @c have something to say about the declaration: is it used there? */
static gboolean decides(const char *key, const struct node *n)
{
	return n->cls == 'P' && (n->candidate || n->in->len) &&
	       !(key[0] == 'v' && strchr(key, '@'));
}

/*
 * Declarations that are a handle in this cell and were a page in one before,
 * or the other way round, stay in all.  TRUE when there is a new one.
 */
static gboolean find_conflicts(struct cell *c, GHashTable *seen,
			       GHashTable *stay)
{
	gboolean news = FALSE;
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		for (guint i = 0; decides(key, n) && i < n->places->len; i++) {
			char *place = decl_place(n->places->pdata[i]);
			gpointer v = n->candidate ? "handle" : "page";
			gpointer old = g_hash_table_lookup(seen, place);

			if (!old)
				g_hash_table_insert(seen, g_strdup(place), v);
			else if (old != v && !g_hash_table_contains(stay, place))
				news |= g_hash_table_insert(stay,
					g_strdup(place),
					"it carries a handle in some cells and a page in others");
			g_free(place);
		}
	}
	return news;
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

		if (!n->candidate || !decides(key, n))
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
			char *place = decl_place(d);
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
			if (!g_ptr_array_find(fd->cells, c->name, NULL))
				g_ptr_array_add(fd->cells, (char *)c->name);
			fd->needs_struct |= needs;
		}
	}
}

/* Is the event one of a handle, from or to @n, or a reason against it? */
static const char *grounds(const struct ast_event *e, const char *key)
{
	return strcmp(e->dst, key) ? "it becomes a handle"
				   : "a handle goes into it";
}

/* Does a handle go into @n? */
static gboolean reached(struct cell *c, const struct flow *f,
			const struct node *n)
{
	for (guint i = 0; i < n->in->len; i++) {
		const struct ast_event *e = n->in->pdata[i];

		if (is_handle(c, e->src) || yields(f, e))
			return TRUE;
	}
	return FALSE;
}

static void note_steps(struct cell *c, struct flow *f)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n)) {
		if (n->cls != 'P' || !n->places->len ||
		    !(n->candidate || (n->why && reached(c, f, n))))
			continue;
		for (guint i = 0; i < n->places->len; i++) {
			const struct ast_decl *d = n->places->pdata[i];
			struct flow_step *s = g_new0(struct flow_step, 1);

			s->cell = g_strdup(c->name);
			s->key = g_strdup(key);
			s->name = g_strdup(d->name);
			s->func = g_strdup(d->func);
			s->file = g_strdup(d->file);
			s->off = d->name_off;
			s->handle = n->candidate;
			s->why = g_strdup(n->candidate ? grounds(n->via, key)
						       : n->why);
			if (n->via) {
				gboolean in = !strcmp(n->via->dst, key);

				s->via_file = g_strdup(n->via->file);
				s->via_line = n->via->line;
				s->parent = g_strdup(in ? n->via->src
							: n->via->dst);
			}
			g_ptr_array_add(f->steps, s);
		}
	}
}

static void step_free(gpointer p)
{
	struct flow_step *s = p;

	g_free(s->cell);
	g_free(s->key);
	g_free(s->name);
	g_free(s->func);
	g_free(s->file);
	g_free(s->why);
	g_free(s->via_file);
	g_free(s->parent);
	g_free(s);
}

/* What stands at @key, where a value of the old type may come from? */
static gboolean is_old(struct cell *c, const char *key)
{
	struct node *n = ast_is_decl(key) ? node_get(c, key, FALSE) : NULL;

	return !strcmp(key, "P") || (n && n->cls == 'P' && !n->candidate);
}

/* Is what @dst, "c:MACRO:KEY", compares with no handle? */
static gboolean compared_with_old(struct cell *c, const struct flow *f,
				  const char *dst)
{
	const char *key = strchr(dst + 2, ':');
	char *macro = g_strndup(dst + 2, key - dst - 2);
	gboolean yes = !g_hash_table_contains(f->yields, macro) &&
		       is_old(c, key + 1);

	g_free(macro);
	return yes;
}

/* The kind of frontier that @e is, or -1: @s, its source is a handle. */
static int frontier_kind(struct cell *c, const struct flow_request *req,
			 const struct flow *f, const struct ast_event *e,
			 gboolean s)
{
	gboolean d = is_handle(c, e->dst);
	struct node *n;

	if (s && d)
		return -1;
	if (!s && d) {
		if (retypable(req, e->src))
			return FLOW_RETYPE;
		/* Void pointers convert by themselves. */
		return is_old(c, e->src) ? FLOW_TO_NEW : -1;
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
	if (!strcmp(e->dst, "K"))
		return FLOW_CAST;
	if (!strcmp(e->dst, "S"))
		return FLOW_SIZE;
	if (!strcmp(e->dst, "V"))
		return FLOW_VOID;
	if (g_str_has_prefix(e->dst, "c:"))
		return compared_with_old(c, f, e->dst) ? FLOW_TO_OLD : -1;
	if (ast_is_decl(e->dst)) {
		n = node_get(c, e->dst, FALSE);
		if (n && (n->cls == 'P' || n->to_page))
			return FLOW_TO_OLD;
		if (n && n->cls == 'V')
			return FLOW_VOID;
	}
	return -1;
}

static void frontier_free(gpointer p)
{
	struct flow_frontier *f = p;

	g_free(f->file);
	g_free(f->src);
	g_free(f->dst);
	g_free(f->macro);
	g_ptr_array_free(f->cells, TRUE);
	g_free(f);
}

static void add_frontier(struct cell *c, GHashTable *by_place,
			 const struct ast_event *e, int kind, gboolean expanded,
			 const char *macro)
{
	const char *file = expanded ? e->xfile : e->file;
	gsize off = expanded ? e->xoff : e->off;
	char *place = g_strdup_printf("%s:%" G_GSIZE_FORMAT ":%d:%s", file,
				      off, kind, macro);
	struct flow_frontier *f = g_hash_table_lookup(by_place, place);

	if (!f) {
		f = g_new0(struct flow_frontier, 1);
		f->file = g_strdup(file);
		f->off = off;
		f->end = expanded ? 0 : e->end;
		f->line = expanded ? 0 : e->line;
		f->kind = kind;
		f->src = g_strdup(e->src);
		f->dst = g_strdup(e->dst);
		f->macro = *macro ? g_strdup(macro) : NULL;
		f->cells = g_ptr_array_new();
		g_hash_table_insert(by_place, place, f);
	} else {
		g_free(place);
	}
	if (!g_ptr_array_find(f->cells, c->name, NULL))
		g_ptr_array_add(f->cells, (char *)c->name);
}

static void note_frontier(struct cell *c, const struct flow_request *req,
			  const struct flow *f, GHashTable *by_place)
{
	for (guint i = 0; i < c->events->len; i++) {
		const struct ast_event *e = c->events->pdata[i];
		gboolean s = is_handle(c, e->src);
		int kind;

		if (e->link)
			continue;
		if (!s && yields(f, e)) {
			if (!e->out)
				continue;	/* within the macro */
			/* What the macro is made of, and what it gives. */
			if (is_old(c, e->src))
				add_frontier(c, by_place, e, FLOW_TO_NEW,
					     FALSE, e->xname);
			kind = frontier_kind(c, req, f, e, TRUE);
		} else {
			kind = frontier_kind(c, req, f, e, s);
		}
		if (kind >= 0)
			add_frontier(c, by_place, e, kind, e->out, e->use);
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

	r = r ? r : (int)x->kind - (int)y->kind;
	return r ? r : g_strcmp0(x->macro, y->macro);
}

static int cmp_step(gconstpointer a, gconstpointer b)
{
	const struct flow_step *x = *(struct flow_step *const *)a;
	const struct flow_step *y = *(struct flow_step *const *)b;
	int r = by_place(x->file, x->off, y->file, y->off);

	return r ? r : strcmp(x->cell, y->cell);
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

/* The functions with a handle among their parameters or as their result: USRs. */
static GHashTable *carriers(struct cell *c)
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
	return carry;
}

static void note_funcs(GHashTable *carry, struct ast_facts *a,
		       GHashTable *seen, struct flow *f)
{
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
}

/*
 * Where the handle is no pointer to the old struct, such a pointer is a page,
 * and what declares it there stays one everywhere.  Locals are left out: the
 * code around them decides.
 */
static void keep_pages(struct cell *c, GHashTable *stay)
{
	GHashTableIter it;
	const char *key;
	struct node *n;

	g_hash_table_iter_init(&it, c->nodes);
	while (g_hash_table_iter_next(&it, (gpointer *)&key, (gpointer *)&n))
		for (guint i = 0; n->cls == 'P' &&
		     strchr("prfg", key[key[0] == 'd' ? 2 : 0]) &&
		     i < n->places->len; i++)
			g_hash_table_insert(stay, decl_place(n->places->pdata[i]),
				"a cell with another type behind the handle compiles it");
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
	GHashTable *stay = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	struct flow *f = g_new0(struct flow, 1);
	GHashTableIter it;
	gboolean again;
	gpointer p;

	f->decls = g_ptr_array_new_with_free_func(decl_free);
	f->frontier = g_ptr_array_new_with_free_func(frontier_free);
	f->funcs = g_ptr_array_new_with_free_func(func_free);
	f->steps = g_ptr_array_new_with_free_func(step_free);
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
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		note_yields(p, req, f);
		note_api(p, f, FALSE);
	}
	if (req->aliases)
		req->aliases(f->yields, req->data);
	g_hash_table_iter_init(&it, cells);
	while (g_hash_table_iter_next(&it, NULL, &p))
		if (!((struct cell *)p)->page_backed)
			keep_pages(p, stay);
	do {
		GHashTable *seen = g_hash_table_new_full(g_str_hash,
						g_str_equal, g_free, NULL);

		again = FALSE;
		g_hash_table_iter_init(&it, cells);
		while (g_hash_table_iter_next(&it, NULL, &p)) {
			struct cell *c = p;

			if (!c->page_backed)
				continue;
			solve(c, req, f, stay);
			again |= find_conflicts(c, seen, stay);
		}
		g_hash_table_destroy(seen);
	} while (again);
	g_hash_table_iter_init(&it, cells);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		struct cell *c = p;

		if (c->page_backed) {
			g_hash_table_add(f->page_cells, g_strdup(c->name));
			note_decls(c, decls, req);
			note_steps(c, f);
			note_frontier(c, req, f, front);
		}
		note_api(c, f, TRUE);
	}
	for (guint i = 0; i < req->facts->len; i++) {
		struct ast_facts *a = req->facts->pdata[i];
		struct cell *c = g_hash_table_lookup(cells, a->cell);

		if (!c->page_backed)
			continue;
		if (!c->carry)
			c->carry = carriers(c);
		note_funcs(c->carry, a, funcs, f);
	}
	g_hash_table_iter_init(&it, decls);
	while (g_hash_table_iter_next(&it, NULL, &p))
		g_ptr_array_add(f->decls, p);
	g_hash_table_iter_init(&it, front);
	while (g_hash_table_iter_next(&it, NULL, &p)) {
		g_ptr_array_sort(((struct flow_frontier *)p)->cells, cmp_name);
		g_ptr_array_add(f->frontier, p);
	}
	g_ptr_array_sort(f->decls, cmp_decl);
	g_ptr_array_sort(f->frontier, cmp_frontier);
	g_ptr_array_sort(f->funcs, cmp_func);
	g_ptr_array_sort(f->steps, cmp_step);
	g_hash_table_destroy(stay);
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
	g_ptr_array_free(f->steps, TRUE);
	g_hash_table_destroy(f->api);
	g_hash_table_destroy(f->typedefs);
	g_hash_table_destroy(f->page_cells);
	g_hash_table_destroy(f->yields);
	g_free(f);
}
