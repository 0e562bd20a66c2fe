// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows in code that no cell reads.  The semantic patches look at all configs,
 * but only at types that a file spells: what they would change there is a row
 * like any other.
 */
#include <string.h>

#include "convert/op/op.h"

/* What stands behind "=" at the member's name, token @i, if it is one name. */
static gsize value_token(const struct source *s, gsize i)
{
	gsize eq = source_next(s, i), v = source_next(s, eq);
	gsize end = source_next(s, v);

	if (!source_is(s, eq, "=") || v >= s->toks.n ||
	    s->toks.v[v].kind != TOK_IDENT ||
	    !(source_is(s, end, ",") || source_is(s, end, "}") ||
	      source_is(s, end, ";") || source_is(s, end, ")")))
		return SIZE_MAX;
	return v;
}

/* Is every use of @f in its file a declaration, or what a row puts? */
static gboolean only_put(const struct opc *o, const struct opfn *f,
			 struct source *s)
{
	for (gsize i = 0; i < s->toks.n; i++) {
		gsize p;

		if (s->toks.v[i].kind != TOK_IDENT || s->toks.v[i].disabled ||
		    !source_is(s, i, f->name) ||
		    op_place_of(f, s->file, s->toks.v[i].off))
			continue;
		p = source_prev(s, i);
		if (!source_is(s, p, "=") ||
		    !source_is(s, source_prev(s, p), o->member))
			return FALSE;
	}
	return TRUE;
}

/* The function that @name is in @s, by the text alone; NULL: none. */
static struct opfn *fn_by_text(struct opc *o, struct source *s,
			       const char *name)
{
	char *usr = g_strdup_printf("text:%s:%s", s->file, name);
	struct opfn *f = NULL;

	for (guint i = 0; i < o->fn_list->len && !f; i++) {
		struct opfn *x = o->fn_list->pdata[i];

		if (!strcmp(x->name, name) &&
		    g_hash_table_contains(x->files, s->file))
			f = x;
	}
	if (!f) {
		f = op_fn_get(o, usr, name);
		g_hash_table_add(f->files, g_strdup(s->file));
		g_ptr_array_add(o->fn_list, f);
		op_take_places(o, f);
		if (!f->places->len || !only_put(o, f, s))
			op_refuse_fn(f, g_strdup_printf("no cell reads %s(), and its text alone does not tell what it is",
						     name),
				  g_strdup(s->file));
	}
	g_free(usr);
	return f;
}

/*
 * What no cell reads and a semantic patch knows by its type is a row, too.  A
 * name that is a macro there, for NULL, needs no function.
 */
void op_take_unread(struct opc *o)
{
	struct convert *c = o->c;

	for (guint i = 0; i < c->sites->len; i++) {
		const struct site *s = c->sites->pdata[i];
		char *key = convert_at_key(s->file, s->off);
		gsize len = strlen(o->member), v;
		struct source *src;
		struct oprow *r;
		char *name;

		if (strcmp(s->symbol, o->member) || !convert_is_code(s) ||
		    g_hash_table_contains(o->seen, key) ||
		    !edit_touches(o->c->smpl, s->file, s->off, s->off + len,
				  NULL)) {
			g_free(key);
			continue;
		}
		g_free(key);
		src = convert_source(c, s->file);
		r = op_row_get(o, s->file, s->off);
		r->valued = TRUE;
		v = value_token(src, source_token_at(src, s->off));
		if (v == SIZE_MAX) {
			op_refuse_row(r, "no cell reads it, and what is put here is not one name",
				   convert_place(o->c, s->file, s->off));
			continue;
		}
		name = g_strndup(src->text + src->toks.v[v].off,
				 src->toks.v[v].len);
		if (strcmp(name, "NULL"))
			op_row_add(r, fn_by_text(o, src, name));
		g_free(name);
	}
}
