// SPDX-License-Identifier: GPL-2.0-only
/* The fate of every site of a conversion of an op, and who calls the op. */
#include <string.h>

#include "convert/op/op.h"

/* What is done with the op that an edit must know; NULL: none must. */
static const char *does_what(const struct opc *o, const struct op_member *m)
{
	char *key;
	const struct oprow *r;

	if (m->how == 'c' || m->how == 'v')
		return m->how == 'c' ? "calls" : "takes the value of";
	if (!o->refused)
		return NULL;
	if (m->how == 't' || m->how == 'p')
		return m->how == 't' ? "tests" : "copies";
	key = convert_at_key(m->file, m->off);
	r = g_hash_table_lookup(o->rows, key);
	g_free(key);
	return r && !r->valued && !r->refused ? "names" : NULL;
}

/*
 * Whoever calls the op, or takes its value, must be known to an edit.  As long
 * as it stays for some, that holds for all who test or copy it, too: they would
 * look at one of two.
 */
void op_check_callers(struct opc *o)
{
	GHashTable *said = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);

	for (guint i = 0; i < o->facts->len && o->converted; i++) {
		const struct op_facts *a = o->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];
			char *at = op_place_text(o, m->file, m->off);
			const char *what = does_what(o, m);

			if (what &&
			    !edit_touches(o->c->edits, m->file, m->off,
					  m->off + strlen(o->member), NULL) &&
			    g_hash_table_add(said, g_strdup(at)))
				g_ptr_array_add(o->c->res->problems,
					g_strdup_printf("%s: %s %s%s, and no edit of the conversion knows how; convert it by hand or add one",
						at, what, o->member,
						o->refused ? ", which stays beside the new op" : ""));
			g_free(at);
		}
	}
	g_hash_table_destroy(said);
}

/* The cells that read byte @off of @file: char *, borrowed. */
static GPtrArray *cells_at(const struct opc *o, const char *file, gsize off)
{
	GPtrArray *v = g_ptr_array_new();

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];
		gboolean hidden = FALSE;

		if (!g_hash_table_contains(a->read, file) ||
		    g_ptr_array_find_with_equal_func(v, a->cell->name,
						     g_str_equal, NULL))
			continue;
		for (guint k = 0; k < a->skipped->len; k++) {
			const struct ast_range *r = a->skipped->pdata[k];

			hidden |= !strcmp(r->file, file) && r->start <= off &&
				  off < r->end;
		}
		if (!hidden)
			g_ptr_array_add(v, a->cell->name);
	}
	return v;
}

/*
 * An error in @file of the units that read it; NULL when one has none there: it
 * knows what stands there.
 */
static const struct ast_diag *broken_at(const struct opc *o, const char *file)
{
	const struct ast_diag *first = NULL;

	for (guint i = 0; i < o->facts->len; i++) {
		const struct op_facts *a = o->facts->pdata[i];
		const struct ast_diag *here;

		if (!g_hash_table_contains(a->read, file))
			continue;
		here = convert_first_error(a->diags, file);
		if (!here)
			return NULL;
		first = first ? first : here;
	}
	return first;
}

/*
 * Why nobody knows what the op's name is at @s, where cells read it; NULL when it
 * is another thing.  The caller frees it.
 */
static char *unclear(const struct opc *o, const struct site *s)
{
	const struct ast_diag *d = broken_at(o, s->file);

	if (d)
		return g_strdup_printf("the file does not parse (%s:%u: %s)",
				       d->file, d->line, d->text);
	if (s->ctx == SITE_MACRO)
		return g_strdup("no use of this macro shows what it is");
	return NULL;
}

/* Is the callback's name that of a call that nobody read, and nobody changed? */
static gboolean blind_call(struct opc *o, const struct site *s)
{
	const struct source *src = g_hash_table_lookup(o->c->sources, s->file);
	gsize i = src ? source_token_at(src, s->off) : 0;

	return src && i < src->toks.n && source_is(src, source_next(src, i), "(");
}

static void set_fate(struct site *s, enum site_fate fate, const char *reason,
		     const char *evidence)
{
	s->fate = fate;
	s->reason = g_strdup(reason);
	s->evidence = evidence && *evidence ? g_strdup(evidence) : NULL;
}

/* The function that the site names, or NULL. */
static const struct opfn *fn_of(const struct opc *o, const struct site *s)
{
	const struct opfn *hit = NULL;

	for (guint i = 0; i < o->fn_list->len; i++) {
		const struct opfn *f = o->fn_list->pdata[i];

		if (strcmp(f->name, s->symbol))
			continue;
		if (g_hash_table_contains(f->files, s->file))
			return f;
		hit = f;
	}
	return hit;
}

/* The bytes that belong to the site: a declaration's list with its name. */
static void span_of(struct opc *o, const struct site *s, gsize *from,
		    gsize *to)
{
	const struct source *src = g_hash_table_lookup(o->c->sources, s->file);
	gsize i, open, close;

	*from = s->off;
	*to = s->off + strlen(s->symbol);
	if (!src || !strcmp(s->symbol, o->member))
		return;
	i = source_token_at(src, s->off);
	open = source_next(src, i);
	if (i >= src->toks.n || src->toks.v[i].kind == TOK_COMMENT ||
	    !source_is(src, open, "("))
		return;
	close = source_close(src, open);
	if (close != SIZE_MAX)
		*to = source_end(src, close);
}

void op_decide(struct opc *o, struct site *s)
{
	struct convert *c = o->c;
	GString *rules = g_string_new(NULL);
	GPtrArray *cells = cells_at(o, s->file, s->off);
	char *names = convert_cell_list(cells);
	char *key = convert_at_key(s->file, s->off);
	const struct oprow *row = g_hash_table_lookup(o->rows, key);
	gboolean member = !strcmp(s->symbol, o->member);
	const struct opfn *f = member ? NULL : fn_of(o, s);
	gboolean code = convert_is_code(s), edited, smpl;
	char *line = g_strdup_printf("%s:%u", s->file, s->line);
	enum outcome outcome = OUTCOME_NONE;
	char *why = NULL;
	gsize from, to;

	span_of(o, s, &from, &to);
	edited = edit_touches(c->edits, s->file, from, to, rules);
	smpl = edit_touches(o->smpl, s->file, from, to, NULL);
	if (edited) {
		set_fate(s, FATE_CONVERTED, rules->str, cells->len ? names :
			 code ? "seen by the semantic patch alone" : "text");
	} else if (row && row->refused) {
		set_fate(s, FATE_REFUSED, row->refused, row->evidence);
	} else if (f && f->refused && code) {
		set_fate(s, FATE_REFUSED, f->refused, f->evidence);
	} else if (!code) {
		set_fate(s, FATE_KEPT, s->ctx != SITE_COMMENT ?
			 "text outside C code: the name stays" :
			 member && o->converted && !o->refused ?
			 "a comment about the op, for the author" :
			 "a comment that stays true: the name stays", NULL);
	} else if (s->ctx == SITE_DISABLED) {
		set_fate(s, FATE_KEPT, "disabled for good (#if 0)", NULL);
	} else if (f && !cells->len && blind_call(o, s)) {
		why = g_strdup_printf("no cell reads this use of %s(), whose parameters change",
				      f->name);
	} else if (f) {
		set_fate(s, FATE_KEPT, "the callback's name, which stays",
			 names);
	} else if (member && o->refused &&
		   g_hash_table_contains(o->seen, key)) {
		set_fate(s, FATE_REFUSED, "the op stays for callbacks that are refused",
			 names);
	} else if (cells->len && !smpl && !(why = unclear(o, s))) {
		set_fate(s, FATE_KEPT, "another thing of that name", names);
	}
	if (s->fate == FATE_UNRESOLVED && why)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: %s: %s; convert it by hand",
			s->file, s->line, s->col, s->symbol, why));
	else if (s->fate == FATE_UNRESOLVED)
		g_ptr_array_add(c->res->problems, g_strdup_printf(
			"%s:%u:%u: no engine knows what this %s is%s%s; convert it by hand",
			s->file, s->line, s->col, s->symbol, cells->len ?
			"" : ": no cell reads it",
			g_hash_table_contains(o->unparsed, line) ?
			", and spatch cannot parse it" : ""));
	if (code && s->ctx != SITE_DISABLED) {
		gboolean look = g_hash_table_contains(o->smpl_ran, s->file) &&
			s->ctx == SITE_CODE &&
			!g_hash_table_contains(o->unparsed, line);

		s->ast = g_strdup(!cells->len ? "unseen" :
				  edited ? "change" : "keep");
		s->smpl = g_strdup(!look ? "not parsed" :
				   smpl ? "change" : "keep");
		outcome = cells->len && look ?
			(edited == smpl ? OUTCOME_AGREE :
			 smpl && s->fate != FATE_REFUSED && !f &&
			 !g_hash_table_contains(o->seen, key) ?
			 OUTCOME_DISAGREE : OUTCOME_ONE_SIDED) :
			cells->len || look ? OUTCOME_ONE_SIDED : OUTCOME_BLIND;
		s->outcome = g_strdup(outcome_name[outcome]);
		if (!cells->len)
			convert_note_unseen(c, s);
		if (outcome == OUTCOME_DISAGREE)
			g_ptr_array_add(c->res->problems, g_strdup_printf(
				"%s:%u:%u: the engines disagree about %s: libclang says '%s' in %s, the semantic patches '%s'",
				s->file, s->line, s->col, s->symbol, s->ast,
				names, s->smpl));
	}
	c->res->outcomes[outcome]++;
	c->res->fates[s->fate]++;
	ledger_set_fate(c->ledger, s->id, s->fate, s->reason, s->evidence);
	ledger_set_views(c->ledger, s);
	g_free(line);
	g_free(why);
	g_free(key);
	g_free(names);
	g_ptr_array_free(cells, TRUE);
	g_string_free(rules, TRUE);
}
