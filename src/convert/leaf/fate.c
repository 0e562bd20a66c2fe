// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fate of every site: the names of the API, wherever they stand, and what
 * the flow reaches under other names, which are declarations and questions such
 * as pte_present().
 */
#include <string.h>

#include "convert/leaf/leaf.h"

struct fates {
	struct leafc *l;
	GHashTable *readers;	/* files that read an entry in code: borrowed */
	GHashTable *sites;	/* "FILE:OFF" set, of what the scan found */
};

static void set_fate(struct site *s, enum site_fate fate, const char *reason,
		     const char *evidence)
{
	s->fate = fate;
	s->reason = g_strdup(reason);
	s->evidence = evidence && *evidence ? g_strdup(evidence) : NULL;
}

/* What no declaration or value stands for among the refusals. */
static void refuse(struct convert *c, struct site *s, const char *why,
		   const char *cells)
{
	set_fate(s, FATE_REFUSED, why, cells);
	g_ptr_array_add(c->res->refusals, g_strdup_printf("%s:%u: %s(): %s",
							  s->file, s->line,
							  s->symbol, why));
}

/* The value that is read, or asked, by the name at byte @off. */
static const struct value *value_of(const struct leafc *l, const char *file,
				    gsize off)
{
	const struct value *hit = NULL;

	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		gsize ask = v->ask ? v->s->toks.v[v->ask_tok].off : SIZE_MAX;
		gsize at = v->s->toks.v[v->first].off;

		if (strcmp(v->s->file, file) ||
		    (ask != off && (v->src != SRC_READ || at != off)))
			continue;
		if (!hit || v->to)
			hit = v;
	}
	return hit;
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
			 const struct value *v, gboolean seen)
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
	if (!seen)
		return g_strdup("makes or changes an entry where no cell looks");
	if (!g_hash_table_contains(l->r.questions, name))
		return g_strdup("changes an entry in the table, and is given none that was read");
	return g_strdup(g_hash_table_contains(l->r.makers, name) ?
			"makes another of an entry that was made here, and not read" :
			"writes an entry that was made here, and not read");
}

/* Is the site among the comments that the author has to look at? */
static gboolean is_noted(const struct leafc *l, const struct site *s)
{
	for (guint i = 0; i < l->c->res->notes->len; i++) {
		const struct note *n = l->c->res->notes->pdata[i];

		if (n->line == s->line && !strcmp(n->file, s->file))
			return TRUE;
	}
	return FALSE;
}

/* Why a site of the API that nobody edits is as it should be, or NULL. */
static char *why_kept(const struct fates *f, const struct site *s,
		      const struct value *v, gboolean seen)
{
	const struct leafc *l = f->l;

	if (!convert_is_code(s))
		return g_strdup(is_noted(l, s) ?
				"a comment that names what the code calls no more: the author has to look" :
				s->ctx == SITE_COMMENT ?
				"a comment that stays true: the function stays" :
				"text outside C code: the function stays");
	if (s->ctx == SITE_DISABLED)
		return g_strdup("disabled for good (#if 0)");
	if (leaf_knows(l, s->file))
		return g_strdup("a helper that knows the level");
	if (leaf_left_out(l, s->file))
		return g_strdup_printf("outside of the scope '%s'",
				       l->c->policy);
	if (g_hash_table_contains(l->defines, s->file))
		return g_strdup("the file declares or defines functions of the API: it makes it");
	if (is_writer(l, s->symbol))
		return why_written(l, s->symbol, v, seen);
	return NULL;
}

static void decide(const struct fates *f, struct site *s)
{
	const struct leafc *l = f->l;
	struct convert *c = l->c;
	struct source *src = convert_source(c, s->file);
	gboolean code = convert_is_code(s) && s->ctx != SITE_DISABLED;
	GPtrArray *cells = src ? seen_cells(l->seen, src, s->off) :
			   g_ptr_array_new();
	char *names = convert_cell_list(cells);
	GString *rules = g_string_new(NULL);
	const struct value *v = value_of(l, s->file, s->off);
	char *why = NULL, *evidence = NULL, *kept = why_kept(f, s, v, cells->len);
	enum outcome outcome = OUTCOME_NONE;

	if (edit_touches(c->edits, s->file, s->off,
			 s->off + strlen(s->symbol), rules)) {
		set_fate(s, FATE_CONVERTED, rules->str, names);
	} else if (kept) {
		set_fate(s, FATE_KEPT, kept, NULL);
	} else if (v && leaf_stays(l, v, &why, &evidence)) {
		set_fate(s, FATE_REFUSED, why, evidence);
	} else if (!v && src && is_in(l->r.readers, s->symbol) &&
		   leaf_is_dropped(src, source_token_at(src, s->off))) {
		why = why_written(l, s->symbol, NULL, TRUE);
		set_fate(s, FATE_KEPT, why, names);
	} else if (!v && src && is_in(l->r.readers, s->symbol) &&
		   s->ctx == SITE_CODE && cells->len &&
		   !source_is(src, source_next(src, source_token_at(src,
						s->off)), "(")) {
		set_fate(s, FATE_KEPT, "its address is taken: the function stays",
			 names);
	} else if (s->ctx == SITE_MACRO || s->ctx == SITE_DIRECTIVE) {
		refuse(c, s, "it stands in a macro's body: what becomes of the entry is up to who uses the macro",
		       names);
	} else if (!g_str_has_suffix(s->file, ".c") && !v) {
		refuse(c, s, "it stands in a header: its functions are for others, and no file with it in code of its own was read",
		       names);
	} else if (cells->len && !is_in(l->r.readers, s->symbol)) {
		set_fate(s, FATE_KEPT, g_hash_table_contains(f->readers,
							     s->file) ?
			 "asked of an entry of which it is not known that it was read from a table" :
			 "a test of the API itself: the file makes entries and asks them, and reads none from a table",
			 names);
	} else {
		const char *foreign = cells->len ? NULL :
			g_hash_table_lookup(l->foreign, s->file);

		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: %s: nobody knows what becomes of the entry%s%s%s; convert it by hand",
			s->file, s->line, s->col, s->symbol, cells->len ? "" :
			": no cell reads the line", foreign ? ", and " : "",
			foreign ? foreign : ""));
	}
	if (code && leaf_in_scope(l, s->file)) {
		s->ast = g_strdup(!cells->len ? "unseen" :
				  s->fate == FATE_CONVERTED ? "change" : "keep");
		s->smpl = g_strdup("not run");
		outcome = cells->len ? OUTCOME_ONE_SIDED : OUTCOME_BLIND;
		s->outcome = g_strdup(outcome_name[outcome]);
		if (!cells->len)
			convert_note_unseen(c, s);
	}
	c->res->outcomes[outcome]++;
	c->res->fates[s->fate]++;
	g_string_free(rules, TRUE);
	g_ptr_array_free(cells, TRUE);
	g_free(evidence);
	g_free(names);
	g_free(kept);
	g_free(why);
}

/* A site that only the flow knows. */
static void add_site(const struct fates *f, const struct source *s, gsize tok,
		     enum site_fate fate, const char *reason,
		     const char *evidence)
{
	struct convert *c = f->l->c;
	const struct token *t = &s->toks.v[tok];
	char *key = convert_at_key(s->file, t->off);
	struct site *n;
	char *origin;

	if (!g_hash_table_add(f->sites, key))
		return;
	n = g_new0(struct site, 1);
	n->file = g_strdup(s->file);
	n->line = t->line;
	n->col = t->col;
	n->off = t->off;
	n->symbol = source_word(s, tok);
	origin = g_strdup_printf("%s:%u", n->file, n->line);
	n->ctx = SITE_CODE;
	set_fate(n, fate, reason, evidence);
	n->ast = g_strdup(fate == FATE_CONVERTED ? "change" : "keep");
	n->smpl = g_strdup("not run");
	n->outcome = g_strdup(outcome_name[OUTCOME_ONE_SIDED]);
	c->res->fates[fate]++;
	c->res->outcomes[OUTCOME_ONE_SIDED]++;
	ledger_add_symbol(c->ledger, n->symbol, "flow", origin);
	ledger_add(c->ledger, n);
	ledger_set_fate(c->ledger, n->id, fate, n->reason, n->evidence);
	ledger_set_views(c->ledger, n);
	g_ptr_array_add(c->sites, n);
	g_free(origin);
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

/* What the scan did not look for: declarations, and plain questions. */
static void add_reached(const struct fates *f)
{
	struct leafc *l = f->l;
	GPtrArray *all = g_ptr_array_new();
	GHashTableIter it;
	gpointer p;

	g_hash_table_iter_init(&it, l->carriers);
	while (g_hash_table_iter_next(&it, NULL, &p))
		if (((struct carrier *)p)->huge)
			g_ptr_array_add(all, p);
	g_ptr_array_sort(all, by_place);
	for (guint i = 0; i < all->len; i++) {
		const struct carrier *k = all->pdata[i];
		const struct source *s = convert_source(l->c, k->file);
		char *why = k->refused ?
			g_strdup_printf("'%s' of %s() stays an entry: %s",
					k->name, k->func, k->refused) : NULL;

		for (guint n = 0; n < k->places->len; n++)
			add_site(f, s, source_token_at(s,
				 g_array_index(k->places, gsize, n)),
				 why ? FATE_REFUSED : FATE_CONVERTED,
				 why ? why : "driver/declaration", k->via);
		if (why)
			g_ptr_array_add(l->c->res->refusals, g_strdup_printf(
				"%s:%u: %s (%s)", k->file,
				s->toks.v[source_token_at(s,
				g_array_index(k->places, gsize, 0))].line,
				why, k->via));
		g_free(why);
	}
	for (guint i = 0; i < l->values->len; i++) {
		const struct value *v = l->values->pdata[i];
		char *why = NULL, *evidence = NULL;
		const struct leaf_question *q;
		char *rule;
		gboolean stays;

		if (!v->ask || !((v->from && v->from->huge) ||
				 (v->src == SRC_READ &&
				  leaf_in_scope(l, v->s->file))))
			continue;
		stays = leaf_stays(l, v, &why, &evidence);
		q = g_hash_table_lookup(l->r.questions, v->ask);
		rule = stays ? NULL : g_strdup_printf("driver/%s",
						      leaf_rule(q->helper));
		add_site(f, v->s, v->ask_tok,
			 stays ? FATE_REFUSED : FATE_CONVERTED,
			 stays ? why : rule, evidence);
		g_free(rule);
		g_free(why);
		g_free(evidence);
	}
	g_ptr_array_free(all, TRUE);
}

/* Reads that go straight where no leaf can go have no declaration to name. */
static void add_refused_reads(const struct fates *f)
{
	struct leafc *l = f->l;

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

void leaf_fates(struct leafc *l)
{
	struct convert *c = l->c;
	struct fates f = {
		.l = l,
		.readers = g_hash_table_new(g_str_hash, g_str_equal),
		.sites = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       NULL),
	};
	guint n = c->sites->len;

	for (guint i = 0; i < n; i++) {
		const struct site *s = c->sites->pdata[i];

		g_hash_table_add(f.sites, convert_at_key(s->file, s->off));
		if (convert_is_code(s) && is_in(l->r.readers, s->symbol))
			g_hash_table_add(f.readers, s->file);
	}
	for (guint i = 0; i < n; i++) {
		struct site *s = c->sites->pdata[i];

		decide(&f, s);
		ledger_set_fate(c->ledger, s->id, s->fate, s->reason,
				s->evidence);
		ledger_set_views(c->ledger, s);
	}
	add_reached(&f);
	add_refused_reads(&f);
	convert_record_edits(c);
	g_hash_table_destroy(f.sites);
	g_hash_table_destroy(f.readers);
}
