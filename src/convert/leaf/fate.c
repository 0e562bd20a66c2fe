// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libclang says of a site: an entry that was read is carried or asked
 * there, or it is not.  Sites are the names of the API, wherever they stand, and
 * what the flow reaches under other names: declarations, and questions such as
 * pte_present().
 */
#include <string.h>

#include "convert/leaf/leaf.h"

/* The carrier that is declared, or the value that is read or asked, at the site. */

static gpointer at_site(GHashTable *t, const struct site *s)
{
	char *key = convert_at_key(s->file, s->off);
	gpointer p = g_hash_table_lookup(t, key);

	g_free(key);
	return p;
}

static gboolean is_flowed(const struct leafc *l, const struct site *s)
{
	return at_site(l->flowed, s) != NULL;
}

static gboolean is_in(char **list, const char *s)
{
	return g_strv_contains((const char *const *)list, s);
}

/* Does the name make, change or write an entry? */
static gboolean is_writer(const struct leafc *l, const char *name)
{
	const struct leaf_question *q = g_hash_table_lookup(l->r.questions,
							    name);

	return q ? q->helper->verb != LEAF_ASKS : !is_in(l->r.readers, name);
}

/* Why what makes or changes an entry stays as it is; @v: the entry, or NULL. */
static char *why_written(const struct leafc *l, const char *name,
			 const struct value *v, gboolean read)
{
	const char *at = g_hash_table_lookup(l->r.unsized, name);
	char *why = NULL, *evidence = NULL, *text;

	if (!l->r.writes)
		return g_strdup("makes or changes an entry; the scope is about reading them");
	if (at)
		return g_strdup_printf("changes an entry and is not told its size (%s): it stays hugetlb's",
				       at);
	if (v && leaf_stays(l, v, &why, &evidence)) {
		text = g_strdup_printf("%s an entry that is no leaf: %s",
				       g_hash_table_contains(l->r.makers, name) ?
				       "makes another of" : "writes", why);
		g_free(why);
		g_free(evidence);
		return text;
	}
	if (!read)
		return g_strdup("makes or changes an entry where no cell looks");
	if (!g_hash_table_contains(l->r.questions, name))
		return g_strdup("changes an entry in the table, and is given none that was read");
	return g_strdup(g_hash_table_contains(l->r.makers, name) ?
			"makes another of an entry that was made here, and not read" :
			"writes an entry that was made here, and not read");
}

/* Why a site outside what is converted keeps its form, by its place; or NULL. */
static char *why_outside(const struct leafc *l, const struct site *s)
{
	if (leaf_knows(l, s->file))
		return g_strdup("a helper that knows the level");
	if (leaf_left_out(l, s->file))
		return g_strdup_printf("outside of the scope '%s'",
				       l->c->opt.scope);
	if (g_hash_table_contains(l->defines, s->file))
		return g_strdup("the file declares or defines functions of the API: it makes it");
	return NULL;
}

/* Is it a call whose value is dropped, or a name whose address is taken? */
static char *why_not_used(const struct leafc *l, const struct shape_site *v,
			  gboolean *by_text)
{
	const struct site *s = v->site;
	gsize i = source_token_at(v->src, s->off);

	*by_text = leaf_is_dropped(v->src, i);
	if (*by_text)
		return why_written(l, s->symbol, NULL, TRUE);
	if (s->ctx == SITE_CODE && v->cells->len &&
	    !source_is(v->src, source_next(v->src, i), "("))
		return g_strdup("its address is taken: the function stays");
	return NULL;
}

/* What is said of the site: the opinion, and why, unless it changes. */
struct view {
	enum fate_ast ast;
	enum fate_text text;
	char *why, *evidence;
	gboolean tell;		/* among the refusals, too */
	gboolean cells;		/* the cells are the evidence */
};

static struct view stays(const char *why)
{
	return (struct view) { AST_STAYS, TEXT_STAYS, g_strdup(why), NULL, TRUE,
			       TRUE };
}

/* A site whose @value, or NULL, is not one that was read from a huge page. */
static struct view view_of_name(const struct leafc *l,
				const struct shape_site *v,
				const struct value *value)
{
	const struct site *s = v->site;
	gboolean reader = is_in(l->r.readers, s->symbol), by_text = FALSE;
	char *why = reader ? why_not_used(l, v, &by_text) : NULL;

	if (why)
		return (struct view) { AST_KEEP, by_text ? TEXT_KEEP :
				       TEXT_NOTHING, why, NULL, FALSE, TRUE };
	if (s->ctx == SITE_MACRO || s->ctx == SITE_DIRECTIVE)
		return stays("it stands in a macro's body: what becomes of the entry is up to who uses the macro");
	if (!g_str_has_suffix(s->file, ".c") && !value)
		return stays("it stands in a header: its functions are for others, and no file with it in code of its own was read");
	if (reader)
		return (struct view) { .ast = AST_UNKNOWN };
	return (struct view) { AST_KEEP, TEXT_NOTHING,
		g_strdup(g_hash_table_contains(l->read_files, s->file) ?
			 "asked of an entry of which it is not known that it was read from a table" :
			 "a test of the API itself: the file makes entries and asks them, and reads none from a table"),
		NULL, FALSE, TRUE };
}

static struct view view_of_carrier(const struct carrier *k)
{
	struct view w = { .ast = k->refused ? AST_STAYS : AST_CHANGE,
			  .evidence = g_strdup(k->via) };

	if (k->refused)
		w.why = g_strdup_printf("'%s' of %s() stays an entry: %s",
					k->name, k->func, k->refused);
	return w;
}

static struct view view_of(const struct leafc *l, const struct shape_site *v)
{
	const struct site *s = v->site;
	const struct carrier *k = at_site(l->declared, s);
	const struct value *value = at_site(l->named, s);
	char *why = NULL, *evidence = NULL;
	gboolean stay;

	if (k)
		return view_of_carrier(k);
	why = why_outside(l, s);
	if (why)
		return (struct view) { AST_KEEP, TEXT_KEEP, why, NULL, FALSE,
				       FALSE };
	stay = value && leaf_stays(l, value, &why, &evidence);
	if (value && !stay && leaf_is_huge(l, value))
		return (struct view) { .ast = AST_CHANGE };
	if (is_writer(l, s->symbol) && !is_flowed(l, s)) {
		g_free(why);
		g_free(evidence);
		why = why_written(l, s->symbol, value, v->cells->len > 0);
		return (struct view) { AST_KEEP, TEXT_KEEP, why, NULL, FALSE,
				       FALSE };
	}
	if (stay)
		return (struct view) { AST_STAYS, TEXT_STAYS, why, evidence,
				       FALSE, FALSE };
	return view_of_name(l, v, value);
}

void leaf_opinion(struct convert *c, struct shape_site *v)
{
	struct view w = view_of(c->data, v);

	if (v->cells->len)
		v->in.ast = w.ast;
	v->in.text = w.text;
	g_free(w.why);
	g_free(w.evidence);
}

/*
 * A declaration's span is from its type to its name: that is where the edit of
 * the type is.
 */
void leaf_span(struct convert *c, struct shape_site *v)
{
	const struct leafc *l = c->data;
	const struct source *s = v->src;
	gsize i = source_token_at(s, v->site->off);

	if (!at_site(l->declared, v->site) || i >= s->toks.n)
		return;
	for (; i != SIZE_MAX; i = source_prev(s, i)) {
		if (source_is(s, i, l->r.entry)) {
			v->from = MIN(v->from, s->toks.v[i].off);
			break;
		}
		if (source_is(s, i, ";") || source_is(s, i, "{") ||
		    source_is(s, i, "}"))
			break;
	}
}

static void note_comments(struct leafc *l)
{
	const GPtrArray *notes = l->c->res->notes;

	for (guint i = 0; i < notes->len; i++) {
		const struct note *n = notes->pdata[i];

		g_hash_table_add(l->noted, g_strdup_printf("%s:%u", n->file,
							   n->line));
	}
}

static const char *why_text(const struct leafc *l, const struct site *s)
{
	char *key = g_strdup_printf("%s:%u", s->file, s->line);
	gboolean noted = g_hash_table_contains(l->noted, key);

	g_free(key);
	return noted ? "a comment that names what the code calls no more: the author has to look" :
	       s->ctx == SITE_COMMENT ?
	       "a comment that stays true: the function stays" :
	       "text outside C code: the function stays";
}

/* Why the site has no fate, if more is known than that no cell reads it. */
static char *why_unresolved(const struct convert *c,
			    const struct shape_site *v)
{
	const char *foreign = g_hash_table_lookup(c->foreign, v->site->file);

	if (v->cells->len)
		return g_strdup("libclang sees no value of an entry there");
	return foreign ? g_strdup_printf("no cell reads the line, and %s",
					 foreign) : NULL;
}

void leaf_reason(struct convert *c, struct shape_site *v)
{
	struct leafc *l = c->data;
	const struct site *s = v->site;
	struct view w;

	if (!convert_is_code(s)) {
		v->reason = g_strdup(why_text(l, s));
		return;
	}
	if (!v->code)
		return;
	if (v->out.fate == FATE_UNRESOLVED) {
		v->reason = why_unresolved(c, v);
		return;
	}
	w = view_of(l, v);
	if (v->out.fate == FATE_CONVERTED) {
		/* What the flow reached shows where it came from. */
		if (is_flowed(l, s)) {
			v->reason = g_strdup(at_site(l->declared, s) ?
					     "driver/declaration" :
					     v->rules->str);
			v->evidence = g_strdup(w.evidence);
		}
		g_free(w.why);
		g_free(w.evidence);
		return;
	}
	v->reason = w.why;
	v->evidence = w.evidence;
	if (w.cells && v->cells->len)
		v->evidence = convert_cell_list(v->cells);
	if (w.tell)
		g_ptr_array_add(c->res->refusals, g_strdup_printf(
			"%s:%u: %s(): %s", s->file, s->line, s->symbol, w.why));
}

/* Sites that only the flow knows. */

static int add_site(struct leafc *l, const struct source *s, gsize tok,
		    gpointer carrier)
{
	const struct token *t = &s->toks.v[tok];
	char *key = convert_at_key(s->file, t->off), *origin;
	struct site *n;
	int ret;

	if (carrier)
		g_hash_table_insert(l->declared, g_strdup(key), carrier);
	if (!g_hash_table_add(l->flowed, key))
		return 0;
	n = g_new0(struct site, 1);
	n->file = g_strdup(s->file);
	n->line = t->line;
	n->col = t->col;
	n->off = t->off;
	n->symbol = source_word(s, tok);
	n->ctx = SITE_CODE;
	origin = g_strdup_printf("%s:%u", n->file, n->line);
	ret = convert_add_site(l->c, n, origin);
	g_free(origin);
	return ret;
}

static int by_place(gconstpointer a, gconstpointer b)
{
	const struct carrier *x = *(struct carrier *const *)a;
	const struct carrier *y = *(struct carrier *const *)b;
	int r = strcmp(x->file, y->file);
	gsize p = g_array_index(x->places, gsize, 0);
	gsize q = g_array_index(y->places, gsize, 0);

	return r ? r : p < q ? -1 : p > q;
}

/* The declarations that carry huge entries, by place: struct carrier. */
static GPtrArray *huge_carriers(const struct leafc *l)
{
	GPtrArray *all = g_ptr_array_new();
	GHashTableIter it;
	gpointer p;

	g_hash_table_iter_init(&it, l->carriers);
	while (g_hash_table_iter_next(&it, NULL, &p))
		if (((struct carrier *)p)->huge)
			g_ptr_array_add(all, p);
	g_ptr_array_sort(all, by_place);
	return all;
}

static int add_carriers(struct leafc *l)
{
	GPtrArray *all = huge_carriers(l);
	int ret = 0;

	for (guint i = 0; i < all->len && !ret; i++) {
		struct carrier *k = all->pdata[i];
		const struct source *s = convert_source(l->c, k->file);

		for (guint n = 0; n < k->places->len && !ret; n++)
			ret = add_site(l, s, source_token_at(s,
				       g_array_index(k->places, gsize, n)), k);
	}
	g_ptr_array_free(all, TRUE);
	return ret;
}

/* Note @v as what is read, or asked, by the name at byte @off of its file. */
static void name_value(struct leafc *l, const struct value *v, gsize off)
{
	char *key = convert_at_key(v->s->file, off);

	if (!g_hash_table_contains(l->named, key) || v->to)
		g_hash_table_insert(l->named, key, (gpointer)v);
	else
		g_free(key);
}

static int add_values(struct leafc *l)
{
	int ret = 0;

	for (guint i = 0; i < l->values->len && !ret; i++) {
		const struct value *v = l->values->pdata[i];

		if (v->ask)
			name_value(l, v, v->s->toks.v[v->ask_tok].off);
		if (v->src == SRC_READ)
			name_value(l, v, v->s->toks.v[v->first].off);
		if (v->ask && ((v->from && v->from->huge) ||
			       (v->src == SRC_READ &&
				leaf_in_scope(l, v->s->file))))
			ret = add_site(l, v->s, v->ask_tok, NULL);
	}
	return ret;
}

int leaf_sites(struct convert *c)
{
	struct leafc *l = c->data;
	GHashTable *scanned = convert_set_new();
	GHashTableIter it;
	gpointer key;
	int ret;

	note_comments(l);
	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *at = convert_at_key(s->file, s->off);

		g_hash_table_add(l->flowed, g_strdup(at));
		g_hash_table_add(scanned, at);
		if (convert_is_code(s) && is_in(l->r.readers, s->symbol))
			g_hash_table_add(l->read_files, g_strdup(s->file));
	}
	ret = add_carriers(l) || add_values(l) ? -1 : 0;
	/* What the scan found is not only the flow's. */
	g_hash_table_iter_init(&it, scanned);
	while (g_hash_table_iter_next(&it, &key, NULL))
		g_hash_table_remove(l->flowed, key);
	g_hash_table_destroy(scanned);
	return ret;
}

/* The refusals that no site of the API tells. */

static void tell_carriers(struct leafc *l)
{
	GPtrArray *all = huge_carriers(l);

	for (guint i = 0; i < all->len; i++) {
		const struct carrier *k = all->pdata[i];
		const struct source *s = convert_source(l->c, k->file);
		gsize off = g_array_index(k->places, gsize, 0);

		if (k->refused)
			g_ptr_array_add(l->c->res->refusals, g_strdup_printf(
				"%s:%u: '%s' of %s() stays an entry: %s (%s)",
				k->file, source_line(s, off), k->name, k->func,
				k->refused, k->via));
	}
	g_ptr_array_free(all, TRUE);
}

/* Reads that go straight where no leaf can go have no declaration to name. */
static void tell_reads(struct leafc *l)
{
	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		char *why = NULL, *evidence = NULL;

		if (v->src == SRC_READ && !v->to && !v->root &&
		    leaf_in_scope(l, v->s->file) &&
		    leaf_stays(l, v, &why, &evidence))
			g_ptr_array_add(l->c->res->refusals, g_strdup_printf(
				"%s: what %s() gives stays an entry: %s",
				evidence, l->r.readers[v->reader], why));
		g_free(why);
		g_free(evidence);
	}
}

int leaf_record(struct convert *c)
{
	tell_carriers(c->data);
	tell_reads(c->data);
	return 0;
}
