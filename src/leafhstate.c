// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level of a huge entry follows from the hstate, and that from something in
 * reach of the function that reads the entry: a variable of one of the types
 * that [leaf hstate] names.  A variable that the call itself names wins, since
 * it is certainly the right one (of two VMAs, say), then the one that the
 * pointer to the entry was looked up with; else there must be one only.  What
 * cannot be told is not guessed.
 */
#include <string.h>

#include "leafconvert-internal.h"

static gboolean same_text(const struct source *s, gsize a, gsize b)
{
	return s->toks.v[a].kind == TOK_IDENT &&
	       s->toks.v[b].kind == TOK_IDENT &&
	       s->toks.v[a].len == s->toks.v[b].len &&
	       !memcmp(s->text + s->toks.v[a].off, s->text + s->toks.v[b].off,
		       s->toks.v[a].len);
}

static gboolean is_member(const struct source *s, gsize i)
{
	gsize p = source_prev(s, i);

	return p != SIZE_MAX && (source_is(s, p, "->") || source_is(s, p, "."));
}

const struct ast_func *leaf_function_at(const struct leafc *l,
					const struct source *s, gsize off)
{
	for (guint n = 0; n < l->c->facts->len; n++) {
		const struct ast_facts *a = l->c->facts->pdata[n];

		for (guint k = 0; k < a->funcs->len; k++) {
			const struct ast_func *f = a->funcs->pdata[k];

			if (f->defined && off >= f->start && off < f->end &&
			    !strcmp(f->file, s->file))
				return f;
		}
	}
	return NULL;
}

/* The '{' of the function's body that token @i stands in, or SIZE_MAX. */
static gsize body_around(const struct leafc *l, const struct source *s, gsize i)
{
	const struct ast_func *f = leaf_function_at(l, s, s->toks.v[i].off);
	gsize t = f ? source_token_at(s, f->start) : i;

	while (t < i && !source_is(s, t, "{"))
		t = source_next(s, t);
	return t < i ? t : SIZE_MAX;
}

/* Is the block that token @decl stands in still open at token @use? */
static gboolean in_scope(const struct source *s, gsize decl, gsize use)
{
	int depth = 0;

	for (gsize i = decl; i < use; i = source_next(s, i)) {
		if (s->toks.v[i].ctx != CTX_CODE)
			continue;
		depth += source_is(s, i, "{") - source_is(s, i, "}");
		if (depth < 0)
			return FALSE;
	}
	return TRUE;
}

/*
 * The names of the pointers of type @type ("struct hstate") that are in scope at
 * token @use and have a value there: tokens.
 */
static GArray *variables(const struct source *s, const char *type, gsize body,
			 gsize use)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(gsize));
	gsize close = source_prev(s, body), from;
	char **words = g_strsplit(type, " ", -1);

	from = source_is(s, close, ")") ? source_open(s, close) : body;
	for (gsize i = from; i < use; i = source_next(s, i)) {
		gsize k = i;
		gboolean hit = TRUE;

		for (char **w = words; *w && hit; w++) {
			hit = source_is(s, k, *w);
			k = source_next(s, k);
		}
		if (!hit || s->toks.v[i].ctx != CTX_CODE)
			continue;
		while (source_is(s, k, "*")) {
			gsize name = source_next(s, k);
			gsize next = source_next(s, name);
			gboolean set = i < body || source_is(s, next, "=");

			if (name >= s->toks.n ||
			    s->toks.v[name].kind != TOK_IDENT)
				break;
			for (gsize x = next; x < use && !set;
			     x = source_next(s, x))
				set = same_text(s, x, name) &&
				      !is_member(s, x) &&
				      source_is(s, source_next(s, x), "=");
			if (set && (i < body || in_scope(s, name, use)) &&
			    !source_is(s, next, "("))
				g_array_append_val(v, name);
			k = source_is(s, next, ",") && i > body ?
			    source_next(s, next) : s->toks.n;
		}
	}
	g_strfreev(words);
	return v;
}

/* Is the variable at token @name named in the call [@first, @last]? */
static gboolean named_in(const struct source *s, gsize name, gsize first,
			 gsize last)
{
	for (gsize i = first; i <= last; i = source_next(s, i))
		if (same_text(s, i, name) && !is_member(s, i))
			return TRUE;
	return FALSE;
}

/* Does the value from token @from on name one of @vars?  It is *@hit, or another. */
static gboolean value_names(const struct source *s, const GArray *vars,
			    gsize from, gsize end, gsize *hit)
{
	gboolean any = FALSE;

	for (gsize i = from; i < end && !source_is(s, i, ";");
	     i = source_next(s, i))
		for (guint n = 0; n < vars->len; n++) {
			gsize name = g_array_index(vars, gsize, n);

			if (!same_text(s, i, name) || is_member(s, i))
				continue;
			if (*hit != SIZE_MAX && !same_text(s, name, *hit))
				return FALSE;
			*hit = name;
			any = TRUE;
		}
	return any;
}

/*
 * The one of @vars that every value of the variable at token @name is made
 * from, as in "ptep = hugetlb_walk(vma, addr, sz)"; SIZE_MAX: none, or several.
 */
static gsize made_from(const struct source *s, const GArray *vars, gsize body,
		       gsize name)
{
	gsize end = source_close(s, body), hit = SIZE_MAX;

	for (gsize i = body; end != SIZE_MAX && i < end; i = source_next(s, i)) {
		gsize next = source_next(s, i);

		if (!same_text(s, i, name) || is_member(s, i))
			continue;
		/* Who takes its address, or moves it, may put anything there. */
		if (source_is(s, source_prev(s, i), "&") ||
		    source_is(s, next, "+=") || source_is(s, next, "-=") ||
		    source_is(s, next, "++") || source_is(s, next, "--"))
			return SIZE_MAX;
		if (source_is(s, next, "=") &&
		    !value_names(s, vars, source_next(s, next), end, &hit))
			return SIZE_MAX;
	}
	return hit;
}

/*
 * The one of @vars that the pointer to the entry is made from, which the call
 * [@first, @last] names; SIZE_MAX: none, or several.
 */
static gsize named_through(const struct leafc *l, const struct source *s,
			   const GArray *vars, gsize body, gsize first,
			   gsize last)
{
	GArray *entries = variables(s, l->r.entry, body, first);
	gsize hit = SIZE_MAX;
	guint n = 0;

	for (guint i = 0; i < entries->len; i++) {
		gsize name = g_array_index(entries, gsize, i);

		if (!named_in(s, name, first, last))
			continue;
		n++;
		hit = made_from(s, vars, body, name);
	}
	g_array_free(entries, TRUE);
	return n == 1 ? hit : SIZE_MAX;
}

static char *fill(const char *pattern, const struct source *s, gsize name)
{
	char *word = source_word(s, name), **parts = g_strsplit(pattern, "@", -1);
	char *text = g_strjoinv(word, parts);

	g_strfreev(parts);
	g_free(word);
	return text;
}

/*
 * A variable that holds @text already and whose hstate is @pattern: "h" for
 * "h = hstate_vma(vma);" and "@".
 */
static char *known_as(const struct leafc *l, const struct source *s,
		      gsize body, gsize use, const char *text,
		      const char *pattern)
{
	char *known = NULL;

	for (guint n = 0; l->r.holders[n] && !known; n++) {
		GArray *v;

		if (strcmp(l->r.hstates[n], pattern))
			continue;
		v = variables(s, l->r.holders[n], body, use);
		for (guint i = 0; i < v->len && !known; i++) {
			gsize name = g_array_index(v, gsize, i);
			gsize eq = source_next(s, name), from, to;

			if (!source_is(s, eq, "="))
				continue;
			from = source_next(s, eq);
			for (to = from; to < use && !source_is(s, to, ";");
			     to = source_next(s, to))
				;
			if (strlen(text) == source_end(s, source_prev(s, to)) -
					    s->toks.v[from].off &&
			    !memcmp(text, s->text + s->toks.v[from].off,
				    strlen(text)))
				known = source_word(s, name);
		}
		g_array_free(v, TRUE);
	}
	return known;
}

/*
 * Say "f(vma)" for "f(walk->vma)" where "vma = walk->vma;" stands before, and
 * "h" where "h = f(vma);" does.  Takes @text over; the caller frees the result.
 */
static char *use_known(const struct leafc *l, const struct value *v, gsize body,
		       const char *pattern, char *text)
{
	char **ends = g_strsplit(pattern, "@", 2), *inner, *known;
	gsize n = strlen(ends[0]), m = strlen(ends[1]), len = strlen(text);

	if (len > n + m && g_str_has_prefix(text, ends[0]) &&
	    g_str_has_suffix(text, ends[1])) {
		inner = g_strndup(text + n, len - n - m);
		known = known_as(l, v->s, body, v->first, inner, pattern);
		if (known) {
			g_free(text);
			text = g_strconcat(ends[0], known, ends[1], NULL);
			g_free(known);
		}
		g_free(inner);
	}
	g_strfreev(ends);
	return text;
}

/* Does the function say @text somewhere, by itself? */
static gboolean says(const struct source *s, gsize body, const char *text)
{
	gsize end = source_close(s, body);
	const char *from = s->text + s->toks.v[body].off, *at = from, *to;

	if (end >= s->toks.n)
		return FALSE;
	to = s->text + s->toks.v[end].off;
	while ((at = strstr(at, text)) && at < to) {
		char before = at[-1], after = at[strlen(text)];

		if (!source_is_word(before) && before != '>' && before != '.' &&
		    !source_is_word(after))
			return TRUE;
		at++;
	}
	return FALSE;
}

/* How a variable is known to be the right one; the surest first. */
enum { NAMED, THROUGH, ONLY };

/*
 * The hstate of @v by a variable of holder @n that is known by @how, as text;
 * NULL: there is none, or *@several.
 */
static char *hstate_by(const struct leafc *l, const struct value *v, gsize body,
		       guint n, int how, gboolean *several)
{
	const struct source *s = v->s;
	GArray *vars = variables(s, l->r.holders[n], body, v->first);
	gsize hit = SIZE_MAX, through = how == THROUGH ?
		named_through(l, s, vars, body, v->first, v->last) : SIZE_MAX;
	char *text = NULL;

	*several = FALSE;
	for (guint i = 0; i < vars->len; i++) {
		gsize name = g_array_index(vars, gsize, i);

		if ((how == NAMED && !named_in(s, name, v->first, v->last)) ||
		    (how == THROUGH && name != through))
			continue;
		*several |= hit != SIZE_MAX && !same_text(s, name, hit);
		hit = name;
	}
	g_array_free(vars, TRUE);
	if (hit != SIZE_MAX && !*several) {
		text = fill(l->r.hstates[n], s, hit);
		for (guint k = 0; l->r.holders[k]; k++)
			text = use_known(l, v, body, l->r.hstates[k], text);
	}
	return text;
}

/*
 * Of what the call names, and of what the pointer to the entry is made from,
 * take what the function has a word for already; else the first of the
 * manifest's holders.
 */
void leaf_find_hstate(struct leafc *l, struct value *v)
{
	gsize body = body_around(l, v->s, v->first);
	gboolean several = FALSE, many;
	gboolean said = FALSE;

	for (guint n = 0; body != SIZE_MAX && l->r.holders[n] && !several &&
			  !said; n++) {
		char *text = hstate_by(l, v, body, n, NAMED, &many);

		if (!text && !many)
			text = hstate_by(l, v, body, n, THROUGH, &many);
		/* What comes first is the surest: it must be one. */
		several = many && !v->hstate;
		if (!text)
			continue;
		said = says(v->s, body, text);
		if (said || !v->hstate) {
			g_free(v->hstate);
			v->hstate = g_steal_pointer(&text);
		}
		g_free(text);
	}
	for (guint n = 0; body != SIZE_MAX && l->r.holders[n] && !several &&
			  !v->hstate; n++)
		v->hstate = hstate_by(l, v, body, n, ONLY, &several);
	if (!v->hstate)
		v->no_hstate = g_strdup(several ?
			"the function has several VMAs or hstates, and the call does not tell which one the entry is of" :
			"nothing in reach tells the hstate, and so the level");
}
