// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cannot be converted, by place and with the reason, and what stays with
 * it: all that shares a table's member with it, calls it or is called by it.
 */
#include <string.h>

#include "convert/op/op.h"

/* Of several reasons the first by text: facts come in any order of cells. */
void op_refuse_fn(struct opfn *f, char *why, char *evidence)
{
	if (!f->refused || strcmp(evidence, f->evidence) < 0) {
		g_free(f->refused);
		g_free(f->evidence);
		f->refused = why;
		f->evidence = evidence;
	} else {
		g_free(why);
		g_free(evidence);
	}
}

void op_refuse_row(struct oprow *r, const char *why, char *evidence)
{
	if (!r->refused) {
		r->refused = g_strdup(why);
		r->evidence = evidence;
	} else {
		g_free(evidence);
	}
}

static void check_fn_refs(struct opc *o, const struct op_facts *a)
{
	for (guint k = 0; k < a->refs->len; k++) {
		const struct op_ref *r = a->refs->pdata[k];
		struct opfn *f = g_hash_table_lookup(o->fns, r->usr);
		struct source *s = f ? convert_source(o->c, r->file) : NULL;
		struct opfn *caller = g_hash_table_lookup(o->fns, r->caller);
		const struct opplace *in;

		if (!f)
			continue;
		in = caller ? op_body_around(caller, r->file, r->off) : NULL;
		if (r->how == 'c' && in && op_hands_on(o, caller, in, r->off))
			continue;
		if (r->how != 'c' && s && op_is_harmless(o, s, r->off))
			continue;
		op_refuse_fn(f, g_strdup_printf("%s() is %s", f->name,
			r->how == 'c' ? "called with its old parameters" :
			"used other than in the op"),
			convert_place(o->c, r->file, r->off));
	}
}

static gboolean has_word(const struct source *s, gsize from, gsize to,
			 const char *word)
{
	for (gsize i = from; i < to; i++)
		if (s->toks.v[i].kind == TOK_IDENT && source_is(s, i, word) &&
		    !source_is(s, source_prev(s, i), "->") &&
		    !source_is(s, source_prev(s, i), "."))
			return TRUE;
	return FALSE;
}

static void check_fn(struct opc *o, struct opfn *f)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		if (p->unsure)
			op_refuse_fn(f, g_strdup_printf("which words are the parameters' names of %s() is not known: no cell reads it",
							f->name),
				     convert_place(o->c, p->s->file,
						   p->s->toks.v[p->name].off));
		if (p->body && has_word(p->s, p->open, p->body_end,
					o->state_name))
			op_refuse_fn(f, g_strdup_printf("%s() has a '%s' of its own",
						     f->name, o->state_name),
				  convert_place(o->c, p->s->file,
					     p->s->toks.v[p->name].off));
	}
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opplace *p;

			if (strcmp(d->usr, f->usr))
				continue;
			p = op_place_of(f, d->file, d->off);
			/* EXPORT_SYMBOL() declares it once more. */
			if (!p && op_is_harmless(o, convert_source(o->c, d->file),
					      d->off))
				continue;
			if (!p)
				op_refuse_fn(f, g_strdup_printf("%s() is declared in another form than '%s(...)' with the op's types",
							     f->name, f->name),
					  convert_place(o->c, d->file, d->off));
			else if (d->defined)
				p->decl_first |= d->decl_first;
		}
	}
}

/* What is refused keeps its row, and a row keeps all that is put there. */
static void spread_refusals(struct opc *o)
{
	GHashTableIter it;
	gboolean more = TRUE;
	gpointer v;

	while (more) {
		more = FALSE;
		g_hash_table_iter_init(&it, o->rows);
		while (g_hash_table_iter_next(&it, NULL, &v)) {
			struct oprow *r = v;
			struct opfn *bad = NULL;

			for (guint i = 0; i < r->fns->len; i++) {
				struct opfn *f = r->fns->pdata[i];

				if (f->refused && (!bad ||
				    strcmp(f->name, bad->name) < 0))
					bad = f;
			}
			if (bad && !r->refused) {
				op_refuse_row(r, bad->refused,
					   g_strdup(bad->evidence));
				more = TRUE;
			}
			for (guint i = 0; i < r->fns->len && r->refused; i++) {
				struct opfn *f = r->fns->pdata[i];

				if (!f->refused) {
					op_refuse_fn(f, g_strdup_printf("it shares a table's member with what stays: %s",
								     r->refused),
						  g_strdup(r->evidence));
					more = TRUE;
				}
			}
		}
		/* Who calls a function that stays, or is called by one. */
		for (guint i = 0; i < o->c->facts->len; i++) {
			const struct op_facts *a = o->c->facts->pdata[i];

			for (guint k = 0; k < a->refs->len; k++) {
				const struct op_ref *r = a->refs->pdata[k];
				struct opfn *f = g_hash_table_lookup(o->fns,
								     r->usr);
				struct opfn *in = g_hash_table_lookup(o->fns,
								r->caller);

				if (!f || !in || r->how != 'c' ||
				    !f->refused == !in->refused)
					continue;
				more = TRUE;
				if (f->refused)
					op_refuse_fn(in, g_strdup_printf("%s() calls %s(), which stays",
						in->name, f->name),
						g_strdup(f->evidence));
				else
					op_refuse_fn(f, g_strdup_printf("%s() is called by %s(), which stays",
						f->name, in->name),
						g_strdup(in->evidence));
			}
		}
	}
}

/*
 * While the old op stays, the new one stands behind all others: an initialiser
 * without names would put its function into the old one.  And who copies the op
 * copies one of two.
 */
static void refuse_old(struct opc *o)
{
	const struct oprow *why = NULL;
	GHashTableIter it;
	gpointer v;

	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		const struct oprow *r = v;

		if (r->refused && (!why || strcmp(r->evidence,
						  why->evidence) < 0))
			why = r;
	}
	if (!why)
		return;
	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		struct oprow *r = v;

		if ((r->positional || r->copies) && !r->refused)
			op_refuse_row(r, r->copies ?
				"it copies the op, which stays beside the new one" :
				"an initialiser without names means the old op, which stays",
				g_strdup(why->evidence));
	}
	spread_refusals(o);
}

/* A macro that makes the op's name of pieces has no place for an edit. */
static void check_row_names(struct opc *o)
{
	GHashTableIter it;
	gpointer v;

	g_hash_table_iter_init(&it, o->rows);
	while (g_hash_table_iter_next(&it, NULL, &v)) {
		struct oprow *r = v;
		const struct source *s = convert_source(o->c, r->file);
		gsize i = s ? source_token_at(s, r->off) : 0;

		if (!r->positional && (!s || i >= s->toks.n ||
		    s->toks.v[i].off != r->off || !source_is(s, i, o->member)))
			op_refuse_row(r, "a macro makes the op's name",
				      convert_place(o->c, r->file, r->off));
	}
}

void op_refuse(struct opc *o)
{
	check_row_names(o);
	for (guint i = 0; i < o->c->facts->len; i++)
		check_fn_refs(o, o->c->facts->pdata[i]);
	for (guint i = 0; i < o->fn_list->len; i++)
		check_fn(o, o->fn_list->pdata[i]);
	spread_refusals(o);
	refuse_old(o);
}
