// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which declarations carry entries that were read from a huge page's table, and
 * which of them can carry a leaf instead: all that is done with the value must
 * be a question that a helper answers, or that it goes on to such a
 * declaration; all that comes in must be such an entry, or one of a base page,
 * of which a leaf can be made.  Local variables and parameters of functions
 * that one file has for itself are followed; anything else is where a value
 * leaves.  What stays makes stay what it is connected with: no value is a leaf
 * here and a bare entry there.
 */
#include <string.h>

#include "convert/key.h"
#include "convert/leaf/leaf.h"

void carrier_free(gpointer p)
{
	struct carrier *k = p;

	g_free(k->key);
	g_free(k->name);
	g_free(k->func);
	g_free(k->file);
	g_array_free(k->places, TRUE);
	g_free(k->refused);
	g_free(k->via);
	g_free(k);
}

void value_free(gpointer p)
{
	struct value *v = p;

	g_free(v->hstate);
	g_free(v->no_hstate);
	g_ptr_array_free(v->cells, TRUE);
	g_free(v);
}

static char *place(const struct source *s, gsize tok)
{
	return g_strdup_printf("%s:%u", s->file, s->toks.v[tok].line);
}

/* Declarations. */

static void take_decl(struct leafc *l, const struct ast_decl *d)
{
	struct carrier *k;
	struct source *s;
	gsize tok, at;
	gboolean local = g_str_has_prefix(d->key, "v:");

	/* Not of functions with linkage, nor of pointers to functions. */
	if (d->cls != 'H' || !g_str_has_suffix(d->file, ".c") ||
	    (!local && (!g_str_has_prefix(d->key, "p:") ||
			g_str_has_prefix(d->key, "p:*") ||
			g_str_has_prefix(d->key, "p:c:@F@"))))
		return;
	s = convert_source(l->c, d->file);
	tok = s ? source_token_at(s, *d->name ? d->name_off : d->start) : 0;
	/* A prototype's parameter without a name: its type stands for it. */
	while (s && !*d->name && tok < s->toks.n &&
	       s->toks.v[tok].off < d->name_off &&
	       !source_is(s, tok, l->r.entry))
		tok = source_next(s, tok);
	if (!s || tok >= s->toks.n || s->toks.v[tok].ctx != CTX_CODE ||
	    !source_is(s, tok, *d->name ? d->name : l->r.entry))
		return;
	k = g_hash_table_lookup(l->carriers, d->key);
	if (!k) {
		k = g_new0(struct carrier, 1);
		k->key = g_strdup(d->key);
		k->name = g_strdup(d->name);
		k->func = local ? g_strdup(d->func) : key_function(d->key);
		k->file = g_strdup(d->file);
		k->places = g_array_new(FALSE, FALSE, sizeof(gsize));
		g_hash_table_insert(l->carriers, k->key, k);
	}
	if (!*k->name) {
		g_free(k->name);
		k->name = g_strdup(d->name);
	}
	at = s->toks.v[tok].off;
	for (guint i = 0; i < k->places->len; i++)
		if (g_array_index(k->places, gsize, i) == at)
			return;
	g_array_append_val(k->places, at);
}

/* Values. */

/* Is the event's value one run of tokens of code?  Where it is expanded, if not spelled there. */
static gboolean locate(struct leafc *l, const struct ast_event *e,
		       struct source **s, gsize *first, gsize *last)
{
	gsize open;

	*s = convert_source(l->c, e->file);
	*first = *s ? source_token_at(*s, e->off) : 0;
	if (*s && *first < (*s)->toks.n && (*s)->toks.v[*first].off == e->off &&
	    (*s)->toks.v[*first].ctx == CTX_CODE && e->end) {
		*last = source_prev(*s, source_token_at(*s, e->end));
		return *last != SIZE_MAX && *last >= *first &&
		       source_end(*s, *last) == e->end;
	}
	if (!*s || (*s)->toks.v[*first].ctx != CTX_CODE) {
		if (!*e->xfile)
			return FALSE;
		*s = convert_source(l->c, e->xfile);
		*first = *s ? source_token_at(*s, e->xoff) : 0;
	}
	if (!*s || *first >= (*s)->toks.n ||
	    (*s)->toks.v[*first].ctx != CTX_CODE ||
	    (*s)->toks.v[*first].kind != TOK_IDENT)
		return FALSE;
	open = source_next(*s, *first);
	*last = source_is(*s, open, "(") ? source_close(*s, open) : *first;
	return *last != SIZE_MAX;
}

static gssize index_of(char **list, const struct source *s, gsize tok)
{
	for (gsize i = 0; list[i]; i++)
		if (source_is(s, tok, list[i]))
			return i;
	return -1;
}

/*
 * The '(' of the call of which tokens @first to @last are a whole argument, and
 * which one of how many; SIZE_MAX: they are none.
 */
static gsize call_around(const struct source *s, gsize first, gsize last,
			 guint *nth, guint *of)
{
	gsize end = source_next(s, last), open = source_prev(s, first), close;
	int depth = 0;

	*nth = 0;
	while (open != SIZE_MAX && (depth || !source_is(s, open, "("))) {
		depth += source_is(s, open, ")") - source_is(s, open, "(");
		if (depth < 0 || source_is(s, open, ";") ||
		    source_is(s, open, "{") || source_is(s, open, "}"))
			return SIZE_MAX;
		if (!depth && source_is(s, open, ","))
			++*nth;
		else if (!depth && !*nth && !source_is(s, open, "("))
			return SIZE_MAX;	/* a part of an argument */
		open = source_prev(s, open);
	}
	close = open == SIZE_MAX ? SIZE_MAX : source_close(s, open);
	if (close == SIZE_MAX ||
	    (!source_is(s, end, ",") && !source_is(s, end, ")")))
		return SIZE_MAX;
	*of = *nth + 1;
	for (gsize i = end; i < close; i = source_next(s, i)) {
		depth += source_is(s, i, "(") - source_is(s, i, ")");
		*of += !depth && source_is(s, i, ",");
	}
	return open;
}

/*
 * The question that the value is asked, as an argument of it, or what changes or
 * writes it: *@name is then its name's token.  NULL: none.
 */
static const struct leaf_question *asked_by(const struct leafc *l,
					    const struct source *s, gsize first,
					    gsize last, gsize *name)
{
	const struct leaf_question *q;
	guint nth, of;
	gsize open = call_around(s, first, last, &nth, &of);
	char *word;

	*name = open == SIZE_MAX ? SIZE_MAX : source_prev(s, open);
	if (*name == SIZE_MAX || s->toks.v[*name].kind != TOK_IDENT)
		return NULL;
	word = source_word(s, *name);
	q = g_hash_table_lookup(l->r.questions, word);
	g_free(word);
	return q && nth >= q->helper->at &&
	       nth < q->helper->at + q->helper->takes &&
	       of >= q->helper->at + q->helper->takes &&
	       (q->helper->verb != LEAF_ASKS || of == q->helper->takes) ?
	       q : NULL;
}

/* Is the call of token @i one that makes another leaf of a leaf? */
static gboolean is_changer(const struct leafc *l, const struct source *s,
			   gsize i)
{
	char *word = source_word(s, i);
	const struct leaf_question *q = g_hash_table_lookup(l->r.questions,
							    word);

	g_free(word);
	return q && q->helper->verb == LEAF_CHANGES;
}

/* The function or macro that the value is an argument of; NULL: none. */
static char *argument_of(const struct source *s, gsize first)
{
	int depth = 0;

	for (gsize i = source_prev(s, first); i != SIZE_MAX;
	     i = source_prev(s, i)) {
		depth += source_is(s, i, ")") - source_is(s, i, "(");
		if (source_is(s, i, ";") || source_is(s, i, "{") ||
		    source_is(s, i, "}"))
			return NULL;
		if (depth < 0) {
			i = source_prev(s, i);
			return i != SIZE_MAX &&
			       s->toks.v[i].kind == TOK_IDENT &&
			       !source_is(s, i, "if") &&
			       !source_is(s, i, "return") ?
			       source_word(s, i) : NULL;
		}
	}
	return NULL;
}

gboolean leaf_is_dropped(const struct source *s, gsize i)
{
	static const char *const before[] = { ";", "{", "}", ")", "else" };
	gsize open = source_next(s, i), prev = source_prev(s, i), close;
	gboolean first = FALSE;

	close = source_is(s, open, "(") ? source_close(s, open) : SIZE_MAX;
	for (guint n = 0; n < G_N_ELEMENTS(before); n++)
		first |= source_is(s, prev, before[n]);
	return first && close != SIZE_MAX &&
	       source_is(s, source_next(s, close), ";");
}

static void take_event(struct leafc *l, const struct ast_facts *a,
		       const struct ast_event *e)
{
	struct carrier *from = g_hash_table_lookup(l->carriers, e->src);
	struct carrier *to = g_hash_table_lookup(l->carriers, e->dst);
	struct source *s;
	const struct leaf_question *q;
	gsize first = 0, last = 0, name = 0;
	gssize reader = -1;
	struct value *v;
	gboolean whole, changer = FALSE, made = FALSE;
	char *key;

	/* "a = b = c": what goes into a is named by its place only, that of b. */
	key = convert_at_key(e->file, e->off);
	if (!strcmp(e->dst, "=") && from)
		g_hash_table_replace(l->assigned, g_strdup(key), from);
	else if (!strcmp(e->src, "H"))
		from = g_hash_table_lookup(l->assigned, key);
	g_free(key);
	/* A function whose address is taken is seen by check_function(). */
	if (!strcmp(e->dst, "=") || e->link ||
	    (!from && !to && !g_str_has_prefix(e->src, "r:")))
		return;
	whole = locate(l, e, &s, &first, &last);
	if (!s || first >= s->toks.n)
		return;
	if (whole && source_is(s, source_next(s, first), "(")) {
		reader = index_of(l->r.readers, s, first);
		changer = is_changer(l, s, first);
		made = l->r.writes && index_of(l->r.entries, s, first) >= 0;
	}
	if ((!from && !to && reader < 0 && !changer && !made) ||
	    (reader >= 0 && leaf_is_dropped(s, first)))
		return;
	q = whole ? asked_by(l, s, first, last, &name) : NULL;
	key = g_strdup_printf("%s:%" G_GSIZE_FORMAT " %s", s->file,
			      s->toks.v[first].off, q ? "?" :
			      to ? to->key : "X");
	v = g_hash_table_lookup(l->value_at, key);
	if (!v) {
		v = g_new0(struct value, 1);
		v->s = s;
		v->first = first;
		v->last = last;
		v->src = reader >= 0 ? SRC_READ : from ? SRC_CARRIER : SRC_OTHER;
		if (whole && v->src == SRC_OTHER &&
		    source_is(s, source_next(s, first), "(") &&
		    index_of(l->r.base, s, first) >= 0)
			v->src = SRC_BASE;
		if (v->src == SRC_OTHER && made)
			v->src = SRC_MADE;
		v->changer = changer;
		v->from = from;
		v->reader = reader >= 0 ? reader : 0;
		v->cells = g_ptr_array_new();
		if (q) {
			v->ask = q->helper->asks[q->n];
			v->ask_tok = name;
			v->pairs = q->helper->takes == 2;
		} else {
			v->to = to;
			v->leaves = !to;
		}
		if (!whole)
			v->leaves = TRUE;
		g_hash_table_insert(l->value_at, key, v);
		g_ptr_array_add(l->values, v);
	} else {
		g_free(key);
	}
	if (!g_ptr_array_find_with_equal_func(v->cells, a->cell, g_str_equal,
					      NULL))
		g_ptr_array_add(v->cells, a->cell);
}

static int by_place(gconstpointer a, gconstpointer b)
{
	const struct value *x = *(struct value *const *)a;
	const struct value *y = *(struct value *const *)b;
	int r = strcmp(x->s->file, y->s->file);

	if (r || x->first != y->first)
		return r ? r : x->first < y->first ? -1 : 1;
	return g_strcmp0(x->to ? x->to->key : "", y->to ? y->to->key : "");
}

/* What carries what. */

static void mark_huge(struct leafc *l)
{
	gboolean more = TRUE;

	while (more) {
		more = FALSE;
		for (guint i = 0; i < l->values->len; i++) {
			const struct value *v = l->values->pdata[i];

			if (!v->to || v->to->huge)
				continue;
			if (v->src == SRC_READ ?
			    leaf_in_scope(l, v->s->file) :
			    v->src == SRC_CARRIER && v->from->huge)
				more = v->to->huge = TRUE;
		}
	}
}

static void mark_base(struct leafc *l)
{
	gboolean more = TRUE;

	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];

		if (v->to && !v->to->huge)
			v->to->base = TRUE;
	}
	while (more) {
		more = FALSE;
		for (guint i = 0; i < l->values->len; i++) {
			const struct value *v = l->values->pdata[i];

			if (v->to && v->to->base && v->src != SRC_BASE &&
			    !(v->src == SRC_CARRIER && v->from->base)) {
				v->to->base = FALSE;
				more = TRUE;
			}
		}
	}
}

/* @why is the carrier's. */
static gboolean refuse(struct carrier *k, char *why, char *via,
		       struct carrier *next)
{
	if (k->refused) {
		g_free(why);
		g_free(via);
		return FALSE;
	}
	k->refused = why;
	k->via = via;
	k->next = next;
	return TRUE;
}

/* The value that is no longer made of another one. */
static const struct value *root_of(const struct value *v)
{
	while (v->root)
		v = v->root;
	return v;
}

/* Is the value a leaf, as far as can be said before anything is refused? */
static gboolean is_huge(const struct leafc *l, const struct value *v)
{
	return v->src == SRC_READ ? leaf_in_scope(l, v->s->file) &&
				    !root_of(v)->no_hstate :
	       v->from && v->from->huge;
}

/* The member that the value is put into, a token; SIZE_MAX: none. */
static gsize member_set(const struct source *s, gsize first)
{
	gsize eq = source_prev(s, first), name, op;

	if (!source_is(s, eq, "="))
		return SIZE_MAX;
	name = source_prev(s, eq);
	op = name == SIZE_MAX ? SIZE_MAX : source_prev(s, name);
	return source_is(s, op, "->") || source_is(s, op, ".") ? name :
								 SIZE_MAX;
}

/* Is it put into a table? */
static gboolean is_written(const struct leafc *l, const struct value *v)
{
	const struct leaf_question *q = v->ask ?
		g_hash_table_lookup(l->r.questions, v->ask) : NULL;

	return q && q->helper->verb == LEAF_WRITES;
}

static char *what_leaves(const struct leafc *l, const struct value *v)
{
	char *fn = argument_of(v->s, v->first), *text;
	const char *unlike = v->ask ? g_hash_table_lookup(l->r.unequal, v->ask)
				    : NULL;
	gsize member = member_set(v->s, v->first);
	const char *unsized = NULL;

	if (unlike)
		text = g_strdup_printf("%s() is asked of it, which is no question of one answer: %s",
				       v->ask, unlike);
	else if (v->s->toks.v[v->first].ctx != CTX_CODE)
		text = g_strdup("it is used in a macro's body");
	else if (v->ask && (unsized = g_hash_table_lookup(l->r.unsized,
							  v->ask)))
		text = g_strdup_printf("%s() writes it, and is not told its size (%s)",
				       v->ask, unsized);
	else if (v->pairs && is_written(l, v))
		text = g_strdup_printf("%s() writes it with what is not known to be an entry that was read",
				       v->ask);
	else if (v->pairs)
		text = g_strdup_printf("%s() compares it with what is not known to be an entry that was read",
				       v->ask);
	else if (member != SIZE_MAX)
		text = g_strdup_printf("it is put into the member '%.*s', and members are not followed",
				       (int)v->s->toks.v[member].len,
				       v->s->text + v->s->toks.v[member].off);
	else if (source_is(v->s, source_prev(v->s, v->first), "return"))
		text = g_strdup("it is what the function gives, and that is not followed");
	else if (source_is(v->s, source_prev(v->s, v->first), "&"))
		text = fn ? g_strdup_printf("its address goes to %s()", fn) :
			    g_strdup("its address is taken");
	else
		text = fn && leaf_question(l, fn) ?
		       g_strdup_printf("it is a part of what goes to %s(), and only what goes there by itself is followed",
				       fn) :
		       fn ? g_strdup_printf("it goes to %s(), which takes an entry",
					    fn) :
			    g_strdup("it is used as a bare entry");
	g_free(fn);
	return text;
}

/* A parameter: every mention of its function must be one that was seen. */
static void check_function(struct leafc *l, struct carrier *k)
{
	const struct source *s = convert_source(l->c, k->file);

	for (gsize i = 0; i < s->toks.n && k->func && !k->refused; i++) {
		gsize open, close;
		gboolean known = FALSE;

		if (s->toks.v[i].kind != TOK_IDENT || s->toks.v[i].disabled ||
		    !source_is(s, i, k->func) ||
		    source_is(s, source_prev(s, i), "->") ||
		    source_is(s, source_prev(s, i), "."))
			continue;
		open = source_next(s, i);
		close = source_is(s, open, "(") ? source_close(s, open) : SIZE_MAX;
		for (guint p = 0; close != SIZE_MAX && p < k->places->len; p++) {
			gsize off = g_array_index(k->places, gsize, p);

			known |= off > s->toks.v[open].off &&
				 off < s->toks.v[close].off;
		}
		for (guint n = 0; close != SIZE_MAX && n < l->values->len; n++) {
			const struct value *v = l->values->pdata[n];

			known |= v->to == k && v->s == s && v->first > open &&
				 v->first < close;
		}
		if (!known)
			refuse(k, g_strdup_printf("%s() is named where no cell sees a call",
						  k->func), place(s, i), NULL);
	}
}

/* What no cell reads is not rewritten: it must not name what changes its type. */
static void check_unread(struct leafc *l, struct carrier *k)
{
	const struct source *s = convert_source(l->c, k->file);

	for (guint n = 0; n < k->places->len; n++) {
		gsize off = g_array_index(k->places, gsize, n);
		const struct ast_func *f = leaf_function_at(l, s, off);
		gsize name = source_token_at(s, off);

		for (gsize i = f ? source_next(s, name) : s->toks.n;
		     i < s->toks.n && s->toks.v[i].off < f->end && !k->refused;
		     i = source_next(s, i)) {
			gsize prev = source_prev(s, i);
			GPtrArray *cells;

			if (s->toks.v[i].disabled || !source_is(s, i, k->name) ||
			    source_is(s, prev, "->") || source_is(s, prev, "."))
				continue;
			cells = seen_cells(l->c->seen, s, s->toks.v[i].off);
			if (!cells->len)
				refuse(k, g_strdup("it is named in an arm that no cell reads"),
				       place(s, i), NULL);
			g_ptr_array_free(cells, TRUE);
		}
	}
}

/* Does an entry of a base page get into @k, from wherever? */
static gboolean gets_base(const struct leafc *l, const struct carrier *k)
{
	GHashTable *seen = g_hash_table_new(NULL, NULL);
	gboolean base = FALSE, more = TRUE;

	g_hash_table_add(seen, (gpointer)k);
	while (more && !base) {
		more = FALSE;
		for (guint i = 0; i < l->values->len; i++) {
			const struct value *v = l->values->pdata[i];

			if (!v->to || !g_hash_table_contains(seen, v->to))
				continue;
			base |= v->src == SRC_BASE ||
				(v->src == SRC_CARRIER && v->from->base &&
				 !v->from->huge);
			if (v->src == SRC_CARRIER)
				more |= g_hash_table_add(seen, v->from);
		}
	}
	g_hash_table_destroy(seen);
	return base;
}

/*
 * What is made for hugetlb has the hstate of what else is put there, by reads of
 * the same function, or one in reach.
 */
static void find_made(struct leafc *l, struct value *v)
{
	const char *same = NULL;
	gboolean several = FALSE;

	if (v->src != SRC_MADE || !v->to || !v->to->huge)
		return;
	for (guint i = 0; i < l->values->len; i++) {
		const struct value *o = l->values->pdata[i];
		const char *hstate = root_of(o)->hstate;

		if (o->src != SRC_READ || !hstate || !o->to || o->s != v->s ||
		    strcmp(o->to->func, v->to->func))
			continue;
		several |= same && strcmp(same, hstate);
		same = hstate;
	}
	if (same && !several)
		v->hstate = g_strdup(same);
	else
		leaf_find_hstate(l, v);
}

/* Why its level cannot be told, or NULL. */
static const char *no_hstate(const struct value *v)
{
	return v->src == SRC_READ ? root_of(v)->no_hstate : v->no_hstate;
}

static void check_value(struct leafc *l, struct value *v)
{
	struct carrier *k = v->from;

	if (k && k->huge && (v->leaves || (v->ask && !leaf_question(l, v->ask)) ||
			     (v->pairs && (!v->with || !is_huge(l, v->with)))))
		refuse(k, what_leaves(l, v), place(v->s, v->first), NULL);
	/* An entry of a base page is written in other ways. */
	if (k && k->huge && is_written(l, v) && gets_base(l, k))
		refuse(k, g_strdup_printf("%s() writes it, and it may be an entry of a base page",
					  v->ask), place(v->s, v->first), NULL);
	k = v->to;
	if (!k || !k->huge)
		return;
	if (v->leaves)
		refuse(k, g_strdup("it gets what a macro's body makes"),
		       place(v->s, v->first), NULL);
	else if (v->src == SRC_READ && !leaf_in_scope(l, v->s->file))
		;	/* nothing in scope gets a value from outside */
	else if (no_hstate(v))
		refuse(k, g_strdup(no_hstate(v)), place(v->s, v->first), NULL);
	else if (v->src == SRC_MADE && gets_base(l, k))
		refuse(k, g_strdup("it gets what is made for hugetlb, and entries of base pages, too"),
		       place(v->s, v->first), NULL);
	else if (v->src == SRC_OTHER ||
		 (v->src == SRC_CARRIER && !v->from->huge && !v->from->base)) {
		char *word = source_word(v->s, v->first);

		refuse(k, source_is(v->s, source_next(v->s, v->first), "(") ?
		       g_strdup_printf("it gets what %s() gives, too, which is no entry that was only read",
				       word) :
		       g_strdup_printf("it gets '%s', too, which is not known to be an entry that was read",
				       word),
		       place(v->s, v->first), NULL);
		g_free(word);
	}
}

static gboolean spread(struct leafc *l)
{
	gboolean more = FALSE;

	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		struct carrier *a = v->from, *b = v->to;

		if (v->with && v->with->from && v->with->from->refused &&
		    a && a->huge && !a->refused)
			more |= refuse(a, g_strdup_printf("it is compared with '%s' of %s(), which stays",
							  v->with->from->name,
							  v->with->from->func),
				       place(v->s, v->first), v->with->from);
		if (!a || !b || !a->huge || !b->huge)
			continue;
		if (b->refused && !a->refused)
			more |= refuse(a, g_strdup_printf("it goes on to '%s' of %s(), which stays",
							  b->name, b->func),
				       place(v->s, v->first), b);
		else if (a->refused && !b->refused)
			more |= refuse(b, g_strdup_printf("it gets '%s' of %s(), which stays",
							  a->name, a->func),
				       place(v->s, v->first), a);
	}
	return more;
}

/* What is declared together changes together. */
static gboolean spread_decls(struct leafc *l, const GPtrArray *all)
{
	gboolean more = FALSE;

	for (guint i = 0; i < all->len; i++) {
		struct carrier *k = all->pdata[i];
		GPtrArray *with = leaf_declared_with(l, k);

		for (guint n = 0; k->refused && n < with->len; n++) {
			struct carrier *o = with->pdata[n];

			if (!o->refused)
				more |= refuse(o, g_strdup_printf("it is declared together with '%s', which stays",
								  k->name),
					       g_strdup(k->via), k);
		}
		g_ptr_array_free(with, TRUE);
	}
	return more;
}

static int by_key(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct carrier *const *)a)->key,
		      (*(struct carrier *const *)b)->key);
}

/*
 * "f(a)", where f makes another leaf of a leaf, is what a is: it comes from where
 * a comes from, and what becomes of it becomes of a.
 */
static void find_roots(struct leafc *l)
{
	gboolean more = TRUE;

	for (guint i = 0; i < l->values->len; i++) {
		struct value *v = l->values->pdata[i];

		for (guint n = 0; v->changer && n < l->values->len; n++) {
			struct value *o = l->values->pdata[n];

			if (o != v && o->ask && o->s == v->s &&
			    o->ask_tok == v->first) {
				v->root = o;
				o->becomes = v;
			}
		}
	}
	while (more) {
		more = FALSE;
		for (guint i = 0; i < l->values->len; i++) {
			struct value *v = l->values->pdata[i];

			if (!v->root || (v->src == v->root->src &&
					 v->from == v->root->from))
				continue;
			v->src = v->root->src;
			v->from = v->root->from;
			v->reader = v->root->reader;
			more = TRUE;
		}
	}
}

/* Values of which one question is asked: "a" and "b" of "pte_same(a, b)". */
static void pair(struct leafc *l)
{
	for (guint i = 0; i < l->values->len; i++) {
		struct value *v = l->values->pdata[i];

		for (guint n = 0; v->pairs && n < l->values->len; n++) {
			const struct value *o = l->values->pdata[n];

			if (o != v && o->pairs && o->s == v->s &&
			    o->ask_tok == v->ask_tok)
				v->with = o;
		}
	}
}

void leaf_flow(struct leafc *l)
{
	struct convert *c = l->c;
	GPtrArray *all = g_ptr_array_new();
	GHashTableIter it;
	gpointer p;

	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		for (guint n = 0; n < a->decls->len; n++)
			take_decl(l, a->decls->pdata[n]);
	}
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];

		for (guint n = 0; n < a->events->len; n++)
			take_event(l, a, a->events->pdata[n]);
	}
	g_ptr_array_sort(l->values, by_place);
	find_roots(l);
	pair(l);
	mark_huge(l);
	mark_base(l);
	for (guint i = 0; i < l->values->len; i++) {
		struct value *v = l->values->pdata[i];

		if (v->src == SRC_READ && !v->root)
			leaf_find_hstate(l, v);
	}
	for (guint i = 0; i < l->values->len; i++)
		find_made(l, l->values->pdata[i]);
	for (guint i = 0; i < l->values->len; i++)
		check_value(l, l->values->pdata[i]);
	g_hash_table_iter_init(&it, l->carriers);
	while (g_hash_table_iter_next(&it, NULL, &p))
		if (((struct carrier *)p)->huge)
			g_ptr_array_add(all, p);
	g_ptr_array_sort(all, by_key);
	for (guint i = 0; i < all->len; i++) {
		struct carrier *k = all->pdata[i];
		const struct source *s = convert_source(c, k->file);
		const char *fixed;

		if (k->key[0] == 'p')
			check_function(l, k);
		check_unread(l, k);
		fixed = leaf_decl_fixed(l, k);
		if (fixed)
			refuse(k, g_strdup(fixed), place(s, source_token_at(s,
				g_array_index(k->places, gsize, 0))), NULL);
	}
	while (spread(l) | spread_decls(l, all))
		;
	g_ptr_array_free(all, TRUE);
}

gboolean leaf_is_huge(const struct leafc *l, const struct value *v)
{
	return (v->src == SRC_READ && leaf_in_scope(l, v->s->file)) ||
	       (v->from && v->from->huge) || (v->to && v->to->huge);
}

gboolean leaf_stays(const struct leafc *l, const struct value *v, char **why,
		    char **evidence)
{
	const struct carrier *k = v->from && v->from->huge ? v->from :
				  v->to && v->to->huge ? v->to : NULL;
	GString *e;

	if (v->becomes && v->becomes->src == SRC_READ &&
	    leaf_stays(l, v->becomes, why, evidence))
		return TRUE;
	if (v->src == SRC_READ && !v->to) {
		const struct carrier *o = v->with ? v->with->from : NULL;

		if (v->leaves || !leaf_question(l, v->ask) ||
		    (v->pairs && (!v->with || !is_huge(l, v->with))))
			*why = what_leaves(l, v);
		else if (no_hstate(v))
			*why = g_strdup(no_hstate(v));
		else if (o && o->refused)
			*why = g_strdup_printf("it is compared with '%s' of %s(), which stays: %s",
					       o->name, o->func, o->refused);
		else
			return FALSE;
		*evidence = place(v->s, v->first);
		return TRUE;
	}
	if (!k || !k->refused)
		return FALSE;
	*why = g_strdup_printf("'%s' of %s() stays an entry: %s", k->name,
			       k->func, k->refused);
	e = g_string_new(k->via);
	for (guint n = 0; k->next && n < 16; n++) {
		k = k->next;
		g_string_append_printf(e, ": %s; %s", k->refused, k->via);
	}
	*evidence = g_string_free(e, FALSE);
	return TRUE;
}
