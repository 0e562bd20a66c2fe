// SPDX-License-Identifier: GPL-2.0-only
/* What libclang says of a site, and code that calls the op but has no edit. */
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

	for (guint i = 0; i < o->c->facts->len && o->converted; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->members->len; k++) {
			const struct op_member *m = a->members->pdata[k];
			char *at = convert_place(o->c, m->file, m->off);
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

/*
 * Why it is not known what the op's name is at @s, although cells read it; NULL
 * if it is another thing.  The caller frees it.
 */
static char *unclear(const struct opc *o, const struct site *s)
{
	const struct ast_diag *d = g_hash_table_lookup(o->broken, s->file);

	if (d)
		return g_strdup_printf("the file does not parse (%s:%u: %s)",
				       d->file, d->line, d->text);
	if (s->ctx == SITE_MACRO)
		return g_strdup("no use of this macro shows what it is");
	return NULL;
}

/* Is the callback's name followed by a list? */
static gboolean is_call(const struct source *src, const struct site *s)
{
	gsize i = source_token_at(src, s->off);

	return i < src->toks.n && source_is(src, source_next(src, i), "(");
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
void op_span(struct convert *c, struct shape_site *v)
{
	const struct opc *o = c->data;
	const struct source *src = v->src;
	gsize i, open, close;

	if (!strcmp(v->site->symbol, o->member))
		return;
	i = source_token_at(src, v->site->off);
	open = source_next(src, i);
	if (i >= src->toks.n || src->toks.v[i].kind == TOK_COMMENT ||
	    !source_is(src, open, "("))
		return;
	close = source_close(src, open);
	if (close != SIZE_MAX)
		v->to = source_end(src, close);
}

static const struct oprow *row_at(const struct opc *o, const struct site *s)
{
	char *key = convert_at_key(s->file, s->off);
	const struct oprow *r = g_hash_table_lookup(o->rows, key);

	g_free(key);
	return r;
}

/* What a cell sees done with the op here; NULL: it is not the op. */
static const struct op_member *member_at(const struct opc *o,
					 const struct site *s)
{
	char *key = convert_at_key(s->file, s->off);
	const struct op_member *m = g_hash_table_lookup(o->seen, key);

	g_free(key);
	return m;
}

static enum fate_ast opinion_of_member(const struct opc *o,
				       const struct site *s)
{
	const struct oprow *row = row_at(o, s);
	char *why;

	if (!member_at(o, s)) {
		why = unclear(o, s);
		g_free(why);
		return why ? AST_UNKNOWN : AST_OTHER;
	}
	if (row && row->refused)
		return AST_STAYS;
	if (row && row->valued)
		return AST_CHANGE;
	return o->refused ? AST_STAYS : o->converted ? AST_CHANGE : AST_KEEP;
}

static enum fate_ast opinion_of_function(const struct opc *o,
					 const struct opfn *f,
					 const struct site *s)
{
	char *key = convert_at_key(s->file, s->off);
	gboolean changed = g_hash_table_contains(o->changed, key);

	g_free(key);
	return f->refused ? AST_STAYS : changed ? AST_CHANGE : AST_KEEP;
}

void op_opinion(struct convert *c, struct shape_site *v)
{
	const struct opc *o = c->data;
	const struct site *s = v->site;
	gboolean member = !strcmp(s->symbol, o->member);
	const struct opfn *f = member ? NULL : fn_of(o, s);
	const struct oprow *row = row_at(o, s);

	if (v->cells->len)
		v->in.ast = member ? opinion_of_member(o, s) :
			    f ? opinion_of_function(o, f, s) : AST_OTHER;
	if ((row && row->refused) || (f && f->refused))
		v->in.text = TEXT_STAYS;
	else if (f && !is_call(v->src, s))
		v->in.text = TEXT_KEEP;
}

static void set(struct shape_site *v, const char *reason, const char *evidence)
{
	v->reason = g_strdup(reason);
	v->evidence = evidence && *evidence ? g_strdup(evidence) : NULL;
}

/* Why code has no fate, if more is known than what the engines say. */
static void why_unresolved(const struct opc *o, const struct opfn *f,
			   struct shape_site *v)
{
	if (f && v->in.ast == AST_NOT_READ)
		v->reason = g_strdup_printf("no cell reads this use of %s(), whose parameters change",
					    f->name);
	else if (v->in.ast == AST_UNKNOWN)
		v->reason = unclear(o, v->site);
}

void op_reason(struct convert *c, struct shape_site *v)
{
	const struct opc *o = c->data;
	const struct site *s = v->site;
	gboolean member = !strcmp(s->symbol, o->member);
	const struct opfn *f = member ? NULL : fn_of(o, s);
	const struct oprow *row = row_at(o, s);
	char *cells = convert_cell_list(v->cells);

	if (v->out.fate == FATE_UNRESOLVED)
		why_unresolved(o, f, v);
	else if (v->out.fate == FATE_CONVERTED)
		;
	else if (row && row->refused)
		set(v, row->refused, row->evidence);
	else if (f && f->refused && v->code)
		set(v, f->refused, f->evidence);
	else if (v->out.fate == FATE_REFUSED)
		set(v, "the op stays for callbacks that are refused", cells);
	else if (f && v->code)
		set(v, "the callback's name, which stays", cells);
	else if (member && s->ctx == SITE_COMMENT && o->converted &&
		 !o->refused)
		set(v, "a comment about the op, for the author", NULL);
	g_free(cells);
}
