// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level of a huge entry follows from the hstate, and that from something in
 * reach of the function that reads the entry.  Whose mm is read, as in
 * "src->vm_mm", is certainly what the entry is of.  Else it is a variable of one
 * of the types that [leaf hstate] names: one that the call itself names wins
 * (of two VMAs, say), then the one that the pointer to the entry was looked up
 * with; else there must be one only, with one value.  A variable that may be
 * NULL or unset where the entry is read tells nothing, since the read would not
 * have looked into it.  What cannot be told is not guessed.
 */
#include <string.h>

#include "convert/leaf/leaf.h"

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

/* Values of a variable: where it gets one, and whether it may be NULL. */

/* The body of the "if" or loop whose condition ends at token @close: its last token. */
static gsize body_end(const struct source *s, gsize close)
{
	gsize i = source_next(s, close);

	if (source_is(s, i, "{"))
		return source_close(s, i);
	while (i < s->toks.n && !source_is(s, i, ";"))
		i = source_next(s, i);
	return i;
}

/* The '(' around token @i whose keyword is "if" or "while"; SIZE_MAX: none. */
static gsize condition_around(const struct source *s, gsize i)
{
	int depth = 0;

	for (i = source_prev(s, i); i != SIZE_MAX; i = source_prev(s, i)) {
		gsize before = source_prev(s, i);

		if (source_is(s, i, ";") || source_is(s, i, "{") ||
		    source_is(s, i, "}"))
			break;
		depth += source_is(s, i, ")") - source_is(s, i, "(");
		if (depth < 0 && (source_is(s, before, "if") ||
				  source_is(s, before, "while")))
			return i;
		depth = MAX(depth, 0);
	}
	return SIZE_MAX;
}

/*
 * The ')' of a loop's macro, such as for_each_vma(vmi, vma), of which token @i
 * is an argument: what follows is its body.  SIZE_MAX: none.
 */
static gsize loop_of(const struct source *s, gsize i)
{
	gsize prev = source_prev(s, i), open = prev, close, next;

	if (!source_is(s, prev, "(") && !source_is(s, prev, ","))
		return SIZE_MAX;
	while (open != SIZE_MAX && !source_is(s, open, "(")) {
		if (source_is(s, open, ";") || source_is(s, open, "{"))
			return SIZE_MAX;
		if (source_is(s, open, ")"))
			open = source_open(s, open);
		open = source_prev(s, open);
	}
	close = open == SIZE_MAX ? SIZE_MAX : source_close(s, open);
	prev = open == SIZE_MAX ? SIZE_MAX : source_prev(s, open);
	if (close == SIZE_MAX || prev == SIZE_MAX ||
	    s->toks.v[prev].kind != TOK_IDENT || source_is(s, prev, "if") ||
	    source_is(s, prev, "while") || source_is(s, prev, "switch"))
		return SIZE_MAX;
	next = source_next(s, close);
	return next < s->toks.n && (source_is(s, next, "{") ||
				    s->toks.v[next].kind == TOK_IDENT) ?
	       close : SIZE_MAX;
}

/* Does the variable at token @name get a value at token @i? */
static gboolean is_set(const struct source *s, gsize name, gsize i)
{
	return same_text(s, i, name) && !is_member(s, i) &&
	       (source_is(s, source_next(s, i), "=") ||
		loop_of(s, i) != SIZE_MAX);
}

/* Is what is assigned to token @i, or what it is declared with, NULL? */
static gboolean gets_null(const struct source *s, gsize i)
{
	return source_is(s, source_next(s, source_next(s, i)), "NULL");
}

/* Is what begins at token @i done whenever its block is? */
static gboolean always(const struct source *s, gsize i)
{
	gsize prev = source_prev(s, i);

	return !source_is(s, prev, ")") && !source_is(s, prev, "else");
}

/* Do the tokens from @from to @to leave the function or the loop at their end? */
static gboolean leaves(const struct source *s, gsize from, gsize to)
{
	static const char *const words[] = {
		"return", "goto", "break", "continue", "BUG",
	};
	gsize at = from;

	for (gsize i = from; i < to; i = source_next(s, i))
		if (source_is(s, i, ";") || source_is(s, i, "{") ||
		    source_is(s, i, "}"))
			at = source_next(s, i) < to ? source_next(s, i) : at;
	for (guint n = 0; n < G_N_ELEMENTS(words); n++)
		if (source_is(s, at, words[n]))
			return TRUE;
	return FALSE;
}

/* How the variable at token @i is tested: 1 for "v", -1 for "!v", 0 not. */
static int test_at(const struct source *s, gsize i)
{
	gsize prev = source_prev(s, i), next = source_next(s, i), before;
	int how = 1;

	if (source_is(s, next, "==") || source_is(s, next, "!=")) {
		how = source_is(s, next, "==") ? -1 : 1;
		next = source_next(s, next);
		if (!source_is(s, next, "NULL"))
			return 0;
		next = source_next(s, next);
	} else if (source_is(s, prev, "!")) {
		how = -1;
		prev = source_prev(s, prev);
	}
	if (!source_is(s, next, ")") && !source_is(s, next, "&&") &&
	    !source_is(s, next, "||") && !source_is(s, next, "?"))
		return 0;
	if (source_is(s, next, "?") || source_is(s, prev, "&&") ||
	    source_is(s, prev, "||"))
		return how;
	before = source_is(s, prev, "(") ? source_prev(s, prev) : SIZE_MAX;
	return before != SIZE_MAX &&
	       (s->toks.v[before].kind != TOK_IDENT ||
		source_is(s, before, "if") || source_is(s, before, "while") ||
		source_is(s, before, "likely") ||
		source_is(s, before, "unlikely")) ? how : 0;
}

/*
 * Is the variable tested for NULL at token @i in a way that leaves it open
 * whether it is NULL at token @use?
 */
static gboolean test_leaves_open(const struct source *s, gsize name, gsize i,
				 gsize use)
{
	int how = test_at(s, i);
	gsize open = how ? condition_around(s, i) : SIZE_MAX, close, end;

	if (!how)
		return FALSE;
	if (open == SIZE_MAX) {		/* "v ? ... : ..." and the like */
		for (end = i; end < use && !source_is(s, end, ";");
		     end = source_next(s, end))
			;
		return end < use;
	}
	close = source_close(s, open);
	end = close == SIZE_MAX ? SIZE_MAX : body_end(s, close);
	if (end == SIZE_MAX || use < close)
		return FALSE;
	if (use < end)
		return how < 0;
	if (how > 0)
		return TRUE;
	for (gsize k = close; k < end; k = source_next(s, k))
		if (is_set(s, name, k))
			return FALSE;
	return !leaves(s, source_next(s, close), end);
}

/* Is the variable at token @i looked into there, whatever else is so? */
static gboolean looked_into(const struct leafc *l, const struct source *s,
			    gsize i)
{
	gsize open = source_prev(s, i);
	gsize fn = source_is(s, open, "(") ? source_prev(s, open) : SIZE_MAX;
	gboolean yes = source_is(s, source_next(s, i), "->");

	for (guint n = 0; l->r.hstates[n] && !yes && fn != SIZE_MAX; n++) {
		gsize len = s->toks.v[fn].len;

		yes = s->toks.v[fn].kind == TOK_IDENT &&
		      !strncmp(l->r.hstates[n], s->text + s->toks.v[fn].off,
			       len) && l->r.hstates[n][len] == '(';
	}
	for (gsize k = source_prev(s, i); yes && k != SIZE_MAX &&
	     !source_is(s, k, ";") && !source_is(s, k, "{") &&
	     !source_is(s, k, "}"); k = source_prev(s, k)) {
		/* Only after a test; or in the body of an if without braces. */
		yes = !source_is(s, k, "&&") && !source_is(s, k, "||") &&
		      !source_is(s, k, "?") && !source_is(s, k, "else");
		if ((source_is(s, k, "if") || source_is(s, k, "while") ||
		     source_is(s, k, "for")) && source_is(s, source_next(s, k), "("))
			yes = source_close(s, source_next(s, k)) > i;
	}
	return yes;
}

/*
 * Is the pointer at token @name sure to have a value other than NULL where the
 * call [@first, @last] is?  @param: it is a parameter.
 */
static gboolean has_value(const struct leafc *l, const struct source *s,
			  gsize name, gboolean param, gsize first, gsize last)
{
	gsize set = param || source_is(s, source_next(s, name), "=") ? name :
		    SIZE_MAX;
	gboolean null = FALSE;

	for (gsize i = first; i <= last; i = source_next(s, i))
		if (same_text(s, i, name) && looked_into(l, s, i))
			return TRUE;
	if (!param && set != SIZE_MAX)
		null = gets_null(s, name);
	for (gsize i = source_next(s, name); i < first; i = source_next(s, i)) {
		gsize close;

		if (!is_set(s, name, i) || !in_scope(s, i, first))
			continue;
		close = loop_of(s, i);
		if (close != SIZE_MAX) {
			/* Behind the loop it is behind the last of them. */
			null = first < close || first > body_end(s, close);
			set = i;
		} else if (always(s, i)) {
			set = i;
			null = gets_null(s, i);
		}
	}
	if (set == SIZE_MAX)
		return FALSE;
	for (gsize i = source_next(s, set); i < first; i = source_next(s, i))
		if (same_text(s, i, name) && !is_member(s, i) &&
		    in_scope(s, i, first) && looked_into(l, s, i))
			return TRUE;
	for (gsize i = source_next(s, set); i < first && !null;
	     i = source_next(s, i))
		null = same_text(s, i, name) && !is_member(s, i) &&
		       test_leaves_open(s, name, i, first);
	return !null;
}

/* How often the variable at token @name gets a value before token @use. */
static guint values_of(const struct source *s, gsize name, gboolean param,
		       gsize use)
{
	guint n = param || (source_is(s, source_next(s, name), "=") &&
			    !gets_null(s, name));

	for (gsize i = source_next(s, name); i < use; i = source_next(s, i))
		n += is_set(s, name, i) && in_scope(s, name, i) &&
		     !gets_null(s, i);
	return n;
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
				set = is_set(s, name, x);
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
 * from, as in "ptep = hugetlb_walk(vma, addr, sz)", and that has the same value
 * at token @use; SIZE_MAX: none, or several.
 */
static gsize made_from(const struct source *s, const GArray *vars, gsize body,
		       gsize name, gsize use)
{
	gsize end = source_close(s, body), hit = SIZE_MAX, at = SIZE_MAX;

	for (gsize i = body; end != SIZE_MAX && i < end; i = source_next(s, i)) {
		gsize next = source_next(s, i);

		if (!same_text(s, i, name) || is_member(s, i))
			continue;
		/* Who takes its address, or moves it, may put anything there. */
		if (source_is(s, source_prev(s, i), "&") ||
		    source_is(s, next, "+=") || source_is(s, next, "-=") ||
		    source_is(s, next, "++") || source_is(s, next, "--"))
			return SIZE_MAX;
		if (!source_is(s, next, "="))
			continue;
		if (!value_names(s, vars, source_next(s, next), end, &hit))
			return SIZE_MAX;
		if (i < use)
			at = next;
	}
	for (gsize i = at; hit != SIZE_MAX && i < use; i = source_next(s, i))
		if (is_set(s, hit, i))
			return SIZE_MAX;
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
		hit = made_from(s, vars, body, name, first);
	}
	g_array_free(entries, TRUE);
	return n == 1 ? hit : SIZE_MAX;
}

/* The pattern with the text of the tokens [@from, @to] for each '@'. */
static char *fill(const char *pattern, const struct source *s, gsize from,
		  gsize to)
{
	gsize off = s->toks.v[from].off;
	char *word = g_strndup(s->text + off, source_end(s, to) - off);
	char **parts = g_strsplit(pattern, "@", -1);
	char *text = g_strjoinv(word, parts);

	g_strfreev(parts);
	g_free(word);
	return text;
}

/* Does a word of the tokens [@from, @to) get another value before @use? */
static gboolean changes(const struct source *s, gsize from, gsize to, gsize use)
{
	for (gsize w = from; w < to; w = source_next(s, w))
		for (gsize i = to; i < use; i = source_next(s, i))
			if (!is_member(s, w) && is_set(s, w, i))
				return TRUE;
	return FALSE;
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

			if (!source_is(s, eq, "=") || name < body ||
			    values_of(s, name, FALSE, use) != 1)
				continue;
			from = source_next(s, eq);
			for (to = from; to < use && !source_is(s, to, ";");
			     to = source_next(s, to))
				;
			if (strlen(text) == source_end(s, source_prev(s, to)) -
					    s->toks.v[from].off &&
			    !memcmp(text, s->text + s->toks.v[from].off,
				    strlen(text)) &&
			    !changes(s, from, to, use))
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

/* Text that can be said again: names, members and elements, nothing else. */
static gboolean is_plain(const struct source *s, gsize from, gsize to)
{
	for (gsize i = from; i <= to; i = source_next(s, i))
		if (s->toks.v[i].kind != TOK_IDENT &&
		    s->toks.v[i].kind != TOK_NUMBER &&
		    !source_is(s, i, "->") && !source_is(s, i, ".") &&
		    !source_is(s, i, "[") && !source_is(s, i, "]"))
			return FALSE;
	return TRUE;
}

/*
 * The hstate of whose member the tokens [@from, @to] are, by [leaf owner]:
 * "hstate_vma(src)" for "src->vm_mm".  NULL: they are no such member.
 */
static char *owner_of(const struct leafc *l, const struct source *s, gsize from,
		      gsize to)
{
	gsize op = source_prev(s, to), end;

	if (to == SIZE_MAX || op == SIZE_MAX || op <= from ||
	    !source_is(s, op, "->"))
		return NULL;
	end = source_prev(s, op);
	for (guint n = 0; l->r.members[n]; n++)
		if (source_is(s, to, l->r.members[n]) && is_plain(s, from, end))
			return fill(l->r.owners[n], s, from, end);
	return NULL;
}

/*
 * The hstate by whose mm the call reads, its first argument: said there, or by
 * what the variable there was set to, once.  NULL: it is not known.
 */
static char *owner(const struct leafc *l, const struct value *v, gsize body)
{
	const struct source *s = v->s;
	gsize open = source_next(s, v->first), from = source_next(s, open);
	gsize to = from, name = SIZE_MAX, end;
	char *text;

	if (!source_is(s, open, "("))
		return NULL;
	while (to < v->last && !source_is(s, to, ","))
		to = source_is(s, to, "(") ?
		     source_next(s, source_close(s, to)) : source_next(s, to);
	to = source_prev(s, to);
	text = owner_of(l, s, from, to);
	if (text || from != to || s->toks.v[from].kind != TOK_IDENT)
		return text;
	for (gsize i = body; i < v->first; i = source_next(s, i))
		if (same_text(s, i, from) && !is_member(s, i) &&
		    source_is(s, source_next(s, i), "=")) {
			if (name != SIZE_MAX)
				return NULL;
			name = i;
		}
	if (name == SIZE_MAX || !in_scope(s, name, v->first))
		return NULL;
	from = source_next(s, source_next(s, name));
	for (end = from; end < v->first && !source_is(s, end, ";") &&
	     !source_is(s, end, ","); end = source_next(s, end))
		;
	return changes(s, from, end, v->first) ? NULL :
	       owner_of(l, s, from, source_prev(s, end));
}

/* How a variable is known to be the right one; the surest first. */
enum { NAMED, THROUGH, ONLY };

/* What is told of the hstate: by a variable, or why by none. */
struct telling {
	gboolean several;	/* there are, and none is surer than another */
	char *unsure;		/* what may be NULL or another by then, or NULL */
};

static void put_unsure(struct telling *t, const struct source *s, gsize name,
		       const char *what)
{
	char *word = source_word(s, name);

	if (!t->unsure)
		t->unsure = g_strdup_printf("'%s' %s", word, what);
	g_free(word);
}

/*
 * The hstate of @v by a variable of holder @n that is known by @how, as text;
 * NULL: there is none, or @t says why.
 */
static char *hstate_by(const struct leafc *l, const struct value *v, gsize body,
		       guint n, int how, struct telling *t)
{
	const struct source *s = v->s;
	GArray *vars = variables(s, l->r.holders[n], body, v->first);
	gsize hit = SIZE_MAX, through = how == THROUGH ?
		named_through(l, s, vars, body, v->first, v->last) : SIZE_MAX;
	char *text = NULL;

	t->several = FALSE;
	for (guint i = 0; i < vars->len; i++) {
		gsize name = g_array_index(vars, gsize, i);
		gboolean param = name < body;

		if ((how == NAMED && !named_in(s, name, v->first, v->last)) ||
		    (how == THROUGH && name != through))
			continue;
		if (!has_value(l, s, name, param, v->first, v->last)) {
			put_unsure(t, s, name, "may be NULL or unset there");
			continue;
		}
		if (how == ONLY && values_of(s, name, param, v->first) > 1) {
			put_unsure(t, s, name, "has had several values by then");
			continue;
		}
		t->several |= hit != SIZE_MAX && !same_text(s, name, hit);
		hit = name;
	}
	g_array_free(vars, TRUE);
	if (hit != SIZE_MAX && !t->several)
		text = fill(l->r.hstates[n], s, hit, hit);
	return text;
}

/* As the function says it: @text, taken over, or a variable that holds it. */
static char *in_words(const struct leafc *l, const struct value *v, gsize body,
		      char *text)
{
	for (guint k = 0; text && l->r.holders[k]; k++)
		text = use_known(l, v, body, l->r.hstates[k], text);
	return text;
}

/*
 * Whose mm is read is the surest.  Of what the call names, and of what the
 * pointer to the entry is made from, take what the function has a word for
 * already; else the first of the manifest's holders.
 */
void leaf_find_hstate(struct leafc *l, struct value *v)
{
	gsize body = body_around(l, v->s, v->first);
	struct telling t = { 0 };
	gboolean several = FALSE, said;

	if (body != SIZE_MAX)
		v->hstate = in_words(l, v, body, owner(l, v, body));
	said = v->hstate != NULL;
	for (guint n = 0; body != SIZE_MAX && l->r.holders[n] && !several &&
			  !said; n++) {
		char *text = hstate_by(l, v, body, n, NAMED, &t);

		if (!text && !t.several)
			text = hstate_by(l, v, body, n, THROUGH, &t);
		/* What comes first is the surest: it must be one. */
		several = t.several && !v->hstate;
		text = in_words(l, v, body, text);
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
			  !v->hstate; n++) {
		v->hstate = in_words(l, v, body,
				     hstate_by(l, v, body, n, ONLY, &t));
		several = t.several;
	}
	if (v->hstate)
		;	/* known */
	else if (several)
		v->no_hstate = g_strdup("the function has several VMAs or hstates, and the call does not tell which one the entry is of");
	else if (t.unsure)
		v->no_hstate = g_strdup_printf("%s, and nothing else in reach tells the hstate, and so the level",
					       t.unsure);
	else
		v->no_hstate = g_strdup("nothing in reach tells the hstate, and so the level");
	g_free(t.unsure);
}
