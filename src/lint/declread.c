// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the declarations of a text by its tokens: prototypes, fields and
 * variables of a conversion's types.  Nothing is expanded: a macro has the types
 * that lint.ini gives it, which also says what a name is that a tree declares in
 * the old way.
 */
#include <string.h>

#include "lint/decl.h"

struct reader {
	struct lint_decls *d;
	const struct lint_view *v;
	struct table *to;
};

static gboolean is(const struct reader *r, guint i, const char *s)
{
	return i < r->v->n_sig && tok_is(&r->v->toks, r->v->sig[i], s);
}

static const struct token *tok(const struct reader *r, guint i)
{
	return &r->v->toks.v[r->v->sig[i]];
}

static gboolean is_ident(const struct reader *r, guint i)
{
	return i < r->v->n_sig && tok(r, i)->kind == TOK_IDENT;
}

static char *text_of(const struct reader *r, guint i)
{
	char scratch[256];
	gsize len;
	const char *s = tok_text(&r->v->toks, r->v->sig[i], &len, scratch,
				 sizeof(scratch));

	return g_strndup(s, len);
}

/* Says nothing of the type: "static", "const", "__always_inline". */
static gboolean is_qualifier(const struct reader *r, guint i)
{
	static const char *const words[] = {
		"static", "extern", "inline", "const", "volatile", "noinline",
		"notrace", "asmlinkage", "register",
	};
	const struct token *t = tok(r, i);

	for (guint k = 0; k < G_N_ELEMENTS(words); k++)
		if (is(r, i, words[k]))
			return TRUE;
	return t->kind == TOK_IDENT && t->len > 2 &&
	       !memcmp(r->v->text + t->off, "__", 2);
}

static gboolean is_tag(const struct reader *r, guint i)
{
	return is(r, i, "struct") || is(r, i, "union") || is(r, i, "enum");
}

/* The tokens as a type, "struct page *". */
static char *type_text(const struct reader *r, guint from, guint to)
{
	GString *s = g_string_new(NULL);

	for (guint i = from; i < to; i++) {
		char *t;

		if (is_qualifier(r, i))
			continue;
		t = text_of(r, i);
		if (s->len)
			g_string_append_c(s, ' ');
		g_string_append(s, t);
		g_free(t);
	}
	return g_string_free(s, FALSE);
}

static gboolean has(char **list, const char *s)
{
	return g_strv_contains((const char *const *)list, s);
}

/* One of ours; or, for what leads to a field of ours, a struct. */
static gboolean is_ours(const struct reader *r, const char *type)
{
	return has(r->d->what->types, type);
}

static gboolean is_struct(const char *type)
{
	guint spaces = 0;

	if (!g_str_has_prefix(type, "struct ") || strpbrk(type, "([{,"))
		return FALSE;
	for (const char *p = type; *p; p++)
		spaces += *p == ' ';
	return spaces == 1 || (spaces == 2 && g_str_has_suffix(type, " *"));
}

/*
 * "a, *b = x" behind a type's first tokens, in [from, to): each as a field of
 * @owner or, without one, as a variable.  Arrays and functions are left out.
 */
static void take_objects(struct reader *r, guint from, guint to,
			 const char *owner)
{
	guint base = from;

	/* The base type ends before the first star, or the first name. */
	while (base < to && (is_qualifier(r, base) || is_tag(r, base)))
		base++;
	base++;
	while (base < to && is_qualifier(r, base))
		base++;
	for (guint i = base; i < to; ) {
		guint at = i, stop = i;
		char *head, *stars, *type;

		while (stop < to && !is(r, stop, ",")) {
			guint close = is(r, stop, "(") || is(r, stop, "{") ||
				      is(r, stop, "[") ? r->v->close[stop] : 0;

			stop = close > stop ? close : stop + 1;
		}
		while (at < stop && (is(r, at, "*") || is_qualifier(r, at)))
			at++;
		if (is_ident(r, at) && (at + 1 >= stop || is(r, at + 1, "=") ||
					is(r, at + 1, ":") ||
					is_qualifier(r, at + 1))) {
			char *name = text_of(r, at);

			head = type_text(r, from, base);
			stars = type_text(r, i, at);
			type = g_strconcat(head, *stars ? " " : "", stars, NULL);
			if (is_ours(r, type) || (owner && is_struct(type))) {
				char *text = g_strdup_printf("%s %s;", type,
							     name);

				if (has(r->d->what->words, type))
					decl_add_word(r->d, name);
				if (owner)
					decl_put_field(r->to, owner, name, text);
				else
					decl_put(r->to->names, name, text);
			}
			g_free(type);
			g_free(stars);
			g_free(head);
			g_free(name);
		}
		i = stop + 1;
	}
}

/* A struct's body, and those in it: fields of what has no name are its own. */
static void take_struct(struct reader *r, guint from, guint to,
			const char *owner, guint depth)
{
	for (guint i = from; i < to && depth < 8; ) {
		guint stop = i, body = 0;

		for (; stop < to && !is(r, stop, ";"); ) {
			guint close = is(r, stop, "(") || is(r, stop, "{") ||
				      is(r, stop, "[") ? r->v->close[stop] : 0;

			if (is(r, stop, "{") && close && !body)
				body = stop;
			stop = close > stop ? close : stop + 1;
		}
		if (body && is_ident(r, body - 1) && !is_tag(r, body - 1)) {
			char *name = text_of(r, body - 1);

			take_struct(r, body + 1, r->v->close[body] - 1, name,
				    depth + 1);
			g_free(name);
		} else if (body) {
			take_struct(r, body + 1, r->v->close[body] - 1, owner,
				    depth + 1);
		} else {
			take_objects(r, i, stop, owner);
		}
		i = stop + 1;
	}
}

/* One parameter, in [from, to): its type, or what stands for any other. */
static char *param_type(const struct reader *r, guint from, guint to)
{
	guint end = to;
	char *type;

	/* Its name is the last, unless it has none. */
	if (to - from > 1 && is_ident(r, to - 1) && !is_tag(r, to - 2))
		end--;
	type = type_text(r, from, end);
	if (!is_ours(r, type)) {
		g_free(type);
		type = g_strdup(DECL_OTHER);
	}
	return type;
}

/* "TYPE name(params)", the name at @at. */
static void take_function(struct reader *r, guint from, guint at)
{
	guint close = r->v->close[at + 1], n = 0;
	char *type = type_text(r, from, at), *name = text_of(r, at);
	gboolean any = is_ours(r, type), carries = has(r->d->what->words, type);
	GString *s = g_string_new(NULL);

	g_string_printf(s, "%s %s(", any || is_struct(type) ? type : DECL_OTHER,
			name);
	for (guint i = at + 2; i < close; n++) {
		guint stop = i;
		char *p;

		while (stop < close - 1 && !is(r, stop, ",")) {
			guint end = is(r, stop, "(") || is(r, stop, "[") ?
				    r->v->close[stop] : 0;

			stop = end > stop ? end : stop + 1;
		}
		if (stop == i || is(r, i, "...") ||
		    (is(r, i, "void") && stop == i + 1))
			break;
		p = param_type(r, i, stop);
		g_string_append_printf(s, "%s%s a%u", n ? ", " : "", p, n);
		any |= is_ours(r, p);
		carries |= has(r->d->what->words, p);
		g_free(p);
		i = stop + 1;
	}
	g_string_append(s, ");");
	if (carries)
		decl_add_word(r->d, name);
	if (any)
		decl_put(r->to->names, name, g_string_free(s, FALSE));
	else
		g_string_free(s, TRUE);
	g_free(name);
	g_free(type);
}

/* A declaration at file scope, in [from, to), without its body. */
static void take_declaration(struct reader *r, guint from, guint to)
{
	guint i = from;

	if (is(r, from, "typedef") || from == to)
		return;
	/* A hunk may begin in a body: what stands there declares nothing. */
	if (!r->v->whole && tok(r, from)->col != 1)
		return;
	while (i < to && !is(r, i, "=")) {
		guint close;

		if (!is(r, i, "(")) {
			i++;
			continue;
		}
		close = r->v->close[i];
		/* A pointer to a function is left out, too. */
		if (!close || close > to || is(r, i + 1, "*"))
			return;
		/* A macro before the type, not a function. */
		if (i <= from + 1 || !is_ident(r, i - 1) ||
		    is(r, i - 1, "__attribute__")) {
			if (i <= from + 1 || is(r, i - 1, "__attribute__")) {
				if (i <= from + 1)
					from = close;
				i = close;
				continue;
			}
			return;
		}
		take_function(r, from, i - 1);
		return;
	}
	if (r->v->whole)
		take_objects(r, from, i, NULL);
}

/* All that stands at file scope. */
void decl_read_view(struct lint_decls *d, struct lint_view *v,
		      struct table *to)
{
	struct reader r = { d, v, to };
	guint from = 0;

	lint_view_lex(v);
	for (guint i = 0; i < v->n_sig; ) {
		guint close = v->close[i];

		if (tok(&r, i)->ctx != CTX_CODE) {
			from = ++i;
		} else if (is(&r, i, ";")) {
			take_declaration(&r, from, i);
			from = ++i;
		} else if (is(&r, i, "{")) {
			if (i > from + 1 && is_ident(&r, i - 1) &&
			    (is(&r, i - 2, "struct") || is(&r, i - 2, "union"))) {
				char *name = text_of(&r, i - 1);

				if (close)
					take_struct(&r, i + 1, close - 1, name,
						    0);
				g_free(name);
			} else if (i > from && !is(&r, i - 1, "=")) {
				take_declaration(&r, from, i);
			}
			i = close > i ? close : i + 1;
			/* "struct s { ... } x;": x is left out. */
			from = i;
		} else if (is(&r, i, "}")) {
			from = ++i;
		} else {
			i = close > i ? close : i + 1;
		}
	}
}
