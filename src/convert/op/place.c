// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of declarations of callbacks: their parameters by position, whatever
 * they are called, and bodies under any #if.
 */
#include <string.h>

#include "convert/op/op.h"

/* Do the tokens from @i on spell @type?  The token behind them, or SIZE_MAX. */
static gsize type_end(const struct source *s, gsize i, const char *type)
{
	const char *p = type;

	while (*p) {
		gsize n = 0;
		char word[64];

		if (*p == ' ') {
			p++;
			continue;
		}
		while (g_ascii_isalnum(p[n]) || p[n] == '_')
			n++;
		n = n ? n : 1;
		g_strlcpy(word, p, MIN(n + 1, sizeof(word)));
		if (!source_is(s, i, word))
			return SIZE_MAX;
		p += n;
		i = source_next(s, i);
	}
	return i;
}

/* Splits the list at its commas and compares the types; FALSE: another one. */
static gboolean take_params(const struct opc *o, struct opplace *p)
{
	const struct source *s = p->s;
	gsize i = source_next(s, p->open);

	for (guint n = 0; n < o->n_params; n++) {
		/* A const that is of no pointer's target is not in the type. */
		gboolean own = !strchr(o->params[n], '*') &&
			       source_is(s, i, "const");
		gsize end = type_end(s, own ? source_next(s, i) : i,
				     o->params[n]);

		if (end == SIZE_MAX)
			return FALSE;
		p->first[n] = i;
		p->param[n] = 0;
		for (; i < p->close && !source_is(s, i, ",");
		     i = source_next(s, i)) {
			/* Of two words one is an attribute. */
			if (i >= end && s->toks.v[i].kind == TOK_IDENT) {
				p->unsure |= p->param[n] != 0;
				p->param[n] = p->param[n] ? p->param[n] : i;
			}
			if (source_is(s, i, "(") || source_is(s, i, "["))
				i = source_close(s, i);
			if (i == SIZE_MAX || s->toks.v[i].ctx != CTX_CODE)
				return FALSE;
			p->last[n] = i;
		}
		if (n + 1 < o->n_params) {
			if (i >= p->close)
				return FALSE;
			i = source_next(s, i);
		}
	}
	return i == p->close;
}

/* A declaration of @name whose name is token @i, or NULL. */
static struct opplace *place_at(const struct opc *o, struct source *s, gsize i)
{
	struct opplace p = { .s = s, .name = i, .open = source_next(s, i) };
	gsize k;

	if (!source_is(s, p.open, "("))
		return NULL;
	p.close = source_close(s, p.open);
	if (p.close == SIZE_MAX || !take_params(o, &p))
		return NULL;
	for (k = source_next(s, p.close); k < s->toks.n &&
	     s->toks.v[k].kind == TOK_IDENT; k = source_next(s, k))
		if (source_is(s, source_next(s, k), "("))
			k = source_close(s, source_next(s, k));
	if (source_is(s, k, "{")) {
		p.body = k;
		p.body_end = source_close(s, k);
		if (p.body_end == SIZE_MAX)
			return NULL;
	}
	return g_memdup2(&p, sizeof(p));
}

void op_take_places(struct opc *o, struct opfn *f)
{
	GHashTableIter it;
	gpointer k;

	g_ptr_array_set_size(f->places, 0);
	g_hash_table_iter_init(&it, f->files);
	while (g_hash_table_iter_next(&it, &k, NULL)) {
		struct source *s = convert_source(o->c, k);

		for (gsize i = 0; s && i < s->toks.n; i++) {
			struct opplace *p;

			if (s->toks.v[i].kind != TOK_IDENT ||
			    s->toks.v[i].ctx != CTX_CODE ||
			    s->toks.v[i].disabled || !source_is(s, i, f->name))
				continue;
			p = place_at(o, s, i);
			if (p)
				g_ptr_array_add(f->places, p);
		}
	}
}

/* "OFF,OFF,...": where libclang says that the names are. */
static void take_names(struct opplace *p, const char *params)
{
	char **off = g_strsplit(params, ",", -1);

	if (g_strv_length(off) <= MAX_PARAMS)
		for (guint n = 0; off[n]; n++) {
			gsize at = g_ascii_strtoull(off[n], NULL, 10);

			p->param[n] = at ? source_token_at(p->s, at) : 0;
		}
	p->unsure = FALSE;
	g_strfreev(off);
}

void op_take_names(struct opc *o)
{
	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->decls->len; k++) {
			const struct op_decl *d = a->decls->pdata[k];
			struct opfn *f = g_hash_table_lookup(o->fns, d->usr);
			struct opplace *p = f ? op_place_of(f, d->file,
							    d->off) : NULL;

			if (p)
				take_names(p, d->params);
		}
	}
}

struct opplace *op_place_of(const struct opfn *f, const char *file,
				gsize off)
{
	for (guint i = 0; i < f->places->len; i++) {
		struct opplace *p = f->places->pdata[i];

		if (!strcmp(p->s->file, file) &&
		    p->s->toks.v[p->name].off == off)
			return p;
	}
	return NULL;
}

/* Is token @i an argument of a macro that only passes a name on? */
gboolean op_is_harmless(const struct opc *o, const struct source *s,
			    gsize off)
{
	gsize i = s ? source_token_at(s, off) : 0;
	gsize p = s ? source_prev(s, i) : SIZE_MAX;
	char *name;
	gboolean yes;

	if (!s || !source_is(s, p, "("))
		return FALSE;
	p = source_prev(s, p);
	if (p == SIZE_MAX)
		return FALSE;
	name = g_strndup(s->text + s->toks.v[p].off, s->toks.v[p].len);
	yes = g_strv_contains((const char *const *)o->harmless, name);
	g_free(name);
	return yes;
}

/* The definition in which byte @off of @file stands. */
const struct opplace *op_body_around(const struct opfn *f,
					 const char *file, gsize off)
{
	for (guint i = 0; i < f->places->len; i++) {
		const struct opplace *p = f->places->pdata[i];

		if (!strcmp(p->s->file, file) && p->body &&
		    p->s->toks.v[p->body].off < off &&
		    off < p->s->toks.v[p->body_end].off)
			return p;
	}
	return NULL;
}

gboolean op_same_token(const struct source *s, gsize a, gsize b)
{
	return s->toks.v[a].len == s->toks.v[b].len &&
	       !memcmp(s->text + s->toks.v[a].off, s->text + s->toks.v[b].off,
		       s->toks.v[a].len);
}

/*
 * Is what parameter @n of @f has at byte @off what it was called with?  Not
 * when anything writes it, nor when another thing has its name there.
 */
static gboolean is_intact(const struct opc *o, const struct opfn *f, guint n,
			  const char *file, gsize off)
{
	gboolean read = FALSE;

	for (guint i = 0; i < o->c->facts->len; i++) {
		const struct op_facts *a = o->c->facts->pdata[i];

		for (guint k = 0; k < a->uses->len; k++) {
			const struct op_use *u = a->uses->pdata[k];

			if (u->param != n || strcmp(u->usr, f->usr))
				continue;
			if (u->how != 'r')
				return FALSE;
			read |= u->off == off && !strcmp(u->file, file);
		}
	}
	return read;
}

/*
 * Does the call whose function's name is at @off, in the body @in of @f, hand
 * on all parameters as they came?
 */
gboolean op_hands_on(const struct opc *o, const struct opfn *f,
		     const struct opplace *in, gsize off)
{
	const struct source *s = in->s;
	gsize i = source_next(s, source_token_at(s, off));

	if (!source_is(s, i, "("))
		return FALSE;
	for (guint n = 0; n < o->n_params; n++) {
		i = source_next(s, i);
		if (i >= s->toks.n || !in->param[n] ||
		    !op_same_token(s, i, in->param[n]))
			return FALSE;
		if (n < o->keeps &&
		    !is_intact(o, f, n, s->file, s->toks.v[i].off))
			return FALSE;
		i = source_next(s, i);
		if (!source_is(s, i, n + 1 < o->n_params ? "," : ")"))
			return FALSE;
	}
	return TRUE;
}
