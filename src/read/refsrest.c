// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens of the names for which libclang has no reference: conditions, macro
 * definitions and their parameters, skipped arms, attributes, and arguments
 * that a macro pastes, stringifies or drops.
 */
#include <string.h>

#include "read/refs-internal.h"

static void put_other(struct refs_walk *w, struct refs_token_at *t,
		      enum refs_other why, const char *macro)
{
	struct refs_token *o = g_new0(struct refs_token, 1);

	o->name = t->name;
	o->why = why;
	o->at = refs_place_of(t->file, t->token);
	o->macro = macro ? macro : "";
	g_ptr_array_add(w->others, o);
	t->explained = TRUE;
}

/* The arm that the preprocessor skips and that the token is in, or NULL. */
static const struct refs_range *skipped(const struct refs_token_at *t)
{
	gsize off = t->file->source->toks.v[t->token].off;

	for (guint i = 0; t->file->skipped && i < t->file->skipped->len; i++) {
		const struct refs_range *r = &g_array_index(t->file->skipped,
						struct refs_range, i);

		if (off >= r->start && off < r->end)
			return r;
	}
	return NULL;
}

/*
 * A skipped range starts with the "#if" that fails, and goes on over "#elif"s
 * that fail.  Is the condition of the token one of these, rather than one in
 * what they skip?
 */
static gboolean is_own_condition(const struct refs_token_at *t,
				 const struct refs_range *r)
{
	const struct source *s = t->file->source;
	int depth = 0;

	for (gsize i = source_token_at(s, r->start); i < t->token; i++) {
		gsize word = source_next(s, i);

		if (s->toks.v[i].ctx != CTX_DIRECTIVE ||
		    !source_is(s, i, "#") || word > t->token)
			continue;
		if (source_is(s, word, "if") || source_is(s, word, "ifdef") ||
		    source_is(s, word, "ifndef"))
			depth++;
		else if (source_is(s, word, "endif"))
			depth--;
	}
	/* A range may also start with "#else" or "#elif". */
	return depth <= (source_is(s, source_next(s, source_token_at(s,
				r->start)), "if") ||
			 source_is(s, source_next(s, source_token_at(s,
				r->start)), "ifdef") ||
			 source_is(s, source_next(s, source_token_at(s,
				r->start)), "ifndef"));
}

/* The macro whose definition token @i of @f is in, or NULL. */
static const struct source_macro *macro_around(const struct refs_file *f,
					       gsize i)
{
	const struct source *s = f->source;
	gsize off = s->toks.v[i].off;

	for (guint k = 0; k < s->macros->len; k++) {
		const struct source_macro *m = s->macros->pdata[k];

		if (off >= m->name_off && off < m->body_end)
			return m;
	}
	return NULL;
}

/* The index of @word among the parameters of @m, or -1. */
static int param_index(const struct source_macro *m, const char *word)
{
	for (int i = 0; m && m->params && m->params[i]; i++)
		if (!strcmp(m->params[i], word))
			return i;
	return -1;
}

/* The token is the parameter of a macro, or one in its body. */
static void put_parameter(struct refs_walk *w, struct refs_token_at *t,
			  const struct source_macro *m)
{
	const struct source *s = t->file->source;
	struct refs_decl *d = g_new0(struct refs_decl, 1);
	struct refs_place at = refs_place_of(t->file, t->token);
	gsize i = source_token_at(s, m->name_off);

	while (i < t->token && i < m->first) {
		i = source_next(s, i);
		if (source_is(s, i, t->name))
			break;
	}
	d->name = (char *)t->name;
	d->usr = (char *)"";
	d->owner = m->name;
	d->kind = REFS_MACRO_PARAMETER;
	d->at = refs_place_of(t->file, i);
	refs_put(w, d, at.off == d->at.off ? REFS_DEFINITION : REFS_VALUE, at,
		 at, NULL);
}

/* A macro's name that is defined or undefined or asked for, defined or not. */
static void put_macro_name(struct refs_walk *w, struct refs_token_at *t,
			   enum refs_use use)
{
	static struct refs_decl none = { .kind = REFS_MACRO };
	const struct refs_decl *d = refs_macro_decl(w, t->name);
	struct refs_place at = refs_place_of(t->file, t->token);

	if (!d) {
		none.name = (char *)t->name;
		none.usr = none.owner = (char *)"";
	}
	refs_put(w, d ? d : &none, use, at, at, NULL);
}

static gboolean pastes(const struct source *s, gsize i)
{
	return source_is(s, source_prev(s, i), "##") ||
	       source_is(s, source_next(s, i), "##");
}

/* What becomes of an argument in the body of a macro. */
struct answer {
	gboolean pasted, stringified, attribute;
};

/*
 * The call of a macro that token @i is an argument of: its name's token, and in
 * *@arg which one; SIZE_MAX if it is in no call.
 */
static gsize call_around(const struct source *s, gsize i, int *arg)
{
	int depth = 0;

	*arg = 0;
	for (i = source_prev(s, i); i != SIZE_MAX; i = source_prev(s, i)) {
		if (source_is(s, i, ")") || source_is(s, i, "}")) {
			depth++;
		} else if (source_is(s, i, "(") || source_is(s, i, "{")) {
			gsize name = source_prev(s, i);

			if (depth--)
				continue;
			if (source_is(s, i, "(") && name != SIZE_MAX &&
			    s->toks.v[name].kind == TOK_IDENT)
				return name;
			depth = *arg = 0;
		} else if (!depth && source_is(s, i, ",")) {
			++*arg;
		} else if (s->toks.v[i].ctx == CTX_DIRECTIVE) {
			break;
		}
	}
	return SIZE_MAX;
}

static const char *const attribute_words[] = {
	"__attribute__", "__attribute", NULL
};

/* The macro of that name in @s, for a call in a body there; or NULL. */
static const struct source_macro *macro_named(const struct source *s,
					      const char *name)
{
	for (guint i = 0; i < s->macros->len; i++) {
		const struct source_macro *m = s->macros->pdata[i];

		if (!strcmp(m->name, name))
			return m;
	}
	return NULL;
}

/* Parameter @n, or the "..." that it is part of, as its body calls it. */
static const char *param_name(const struct source_macro *m, int n)
{
	for (int i = 0; m->params && m->params[i]; i++) {
		gboolean rest = !strcmp(m->params[i], "...");

		if (i == n || rest)
			return rest ? "__VA_ARGS__" : m->params[i];
	}
	return NULL;
}

static void ask_body(const struct source_macro *m, int n, int depth,
		     struct answer *a)
{
	const struct source *s = m->in;
	const char *param = param_name(m, n);

	for (guint i = m->first; param && i < m->last; i++) {
		const struct source_macro *inner;
		char *name;
		gsize call;
		int arg;

		if (s->toks.v[i].kind != TOK_IDENT ||
		    !source_is(s, i, param))
			continue;
		a->pasted |= pastes(s, i);
		a->stringified |= source_is(s, source_prev(s, i), "#");
		a->attribute |= refs_is_operand(s, i, attribute_words);
		call = call_around(s, i, &arg);
		if (call == SIZE_MAX || call < m->first || depth > 8)
			continue;
		name = source_word(s, call);
		inner = macro_named(s, name);
		g_free(name);
		if (inner && inner != m)
			ask_body(inner, arg, depth + 1, a);
	}
}

/* libclang does not tell the types that _Generic chooses from. */
static const struct refs_decl *generic_type(struct refs_walk *w,
					    const struct refs_token_at *t)
{
	static const char *const words[] = { "_Generic", NULL };
	const struct source *s = t->file->source;
	gsize before = source_prev(s, t->token);
	enum CXCursorKind kind = source_is(s, before, "struct") ?
			CXCursor_StructDecl :
		source_is(s, before, "union") ? CXCursor_UnionDecl :
		source_is(s, before, "enum") ? CXCursor_EnumDecl :
		CXCursor_TypedefDecl;

	return refs_is_operand(s, t->token, words) ?
		refs_find_decl(w, t->name, kind) : NULL;
}

/* Put what becomes of the token, which is in code that is not skipped. */
static void put_code(struct refs_walk *w, struct refs_token_at *t)
{
	const struct source *s = t->file->source;
	const struct source_macro *m = NULL, *called = NULL;
	struct answer a = {
		.attribute = refs_is_operand(s, t->token, attribute_words)
	};
	const struct refs_decl *d;
	gsize call = t->token;
	int arg;

	while ((call = call_around(s, call, &arg)) != SIZE_MAX) {
		struct refs_place at = refs_expanded_macro(w, t->file,
						s->toks.v[call].off);
		struct refs_file *f = refs_file(w, at.file);
		const struct source *in = f ? refs_source(w, f) : NULL;

		for (guint i = 0; in && i < in->macros->len; i++) {
			m = in->macros->pdata[i];
			if (m->name_off != at.off)
				continue;
			if (!called)
				called = m;
			ask_body(m, arg, 0, &a);
		}
	}
	d = a.attribute ? refs_find_decl(w, t->name, CXCursor_FunctionDecl) :
		generic_type(w, t);
	if (d) {
		struct refs_place at = refs_place_of(t->file, t->token);

		refs_put(w, d, a.attribute ? REFS_ATTRIBUTE : REFS_TYPE, at,
			 at, NULL);
		return;
	}
	put_other(w, t, a.pasted ? REFS_PASTED :
		  a.stringified ? REFS_STRINGIFIED :
		  called ? REFS_DROPPED : REFS_UNKNOWN,
		  called ? called->name : NULL);
}

static void explain(struct refs_walk *w, struct refs_token_at *t)
{
	const struct source *s = t->file->source;
	const struct refs_range *skip = skipped(t);
	const struct source_macro *m = macro_around(t->file, t->token);
	gsize before = source_prev(s, t->token);

	if (skip && !(refs_is_condition(s, t->token) &&
		      is_own_condition(t, skip))) {
		put_other(w, t, REFS_SKIPPED, NULL);
		return;
	}
	switch (s->toks.v[t->token].ctx) {
	case CTX_MACRO_NAME:
		if (m && s->toks.v[t->token].off == m->name_off)
			put_macro_name(w, t, REFS_DEFINITION);
		else if (param_index(m, t->name) >= 0)
			put_parameter(w, t, m);
		else if (source_is(s, before, "undef"))
			put_macro_name(w, t, REFS_UNDEF);
		break;
	case CTX_MACRO_BODY:
		if (param_index(m, t->name) >= 0)
			put_parameter(w, t, m);
		else if (pastes(s, t->token))
			put_other(w, t, REFS_PASTED, m ? m->name : NULL);
		break;
	case CTX_DIRECTIVE:
		if (refs_is_condition(s, t->token))
			put_macro_name(w, t, REFS_CONDITION);
		else
			put_other(w, t, REFS_UNKNOWN, NULL);
		break;
	default:
		put_code(w, t);
	}
}

void refs_explain(struct refs_walk *w)
{
	for (guint i = 0; i < w->tokens->len; i++) {
		struct refs_token_at *t = w->tokens->pdata[i];

		if (!t->explained && t->file->cx)
			explain(w, t);
	}
}
