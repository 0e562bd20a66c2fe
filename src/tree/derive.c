// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds declarations without parsing C: a tracker of braces and parentheses
 * over the significant tokens tells file scope, structs and function bodies
 * apart, which is all that is needed to tell a declaration from a use.  It is
 * made for source that no parser accepts as it stands (unknown macros, both
 * arms of an #if), so it starts afresh at each brace in the first column, and
 * each arm of an #if starts from the state before the #if.  It refuses to
 * guess: a shape that it does not know gives no name.
 */
#include "tree/derive.h"

#include <string.h>

enum scope { IN_STRUCT, IN_LINKAGE, IN_BODY };

#define MAX_DEPTH 64

struct state {
	guint8 scope[MAX_DEPTH];	/* of each open brace */
	guint8 base[MAX_DEPTH];		/* open parentheses at that brace */
	guint depth;
	guint deep;			/* braces beyond MAX_DEPTH */
	gsize paren[MAX_DEPTH];		/* positions in sig of open '(' */
	guint parens;
	gsize stmt;			/* where the declaration starts in sig */
};

struct tracker {
	const struct token_list *l;
	GHashTable *types;
	GHashTable *functions;
	GArray *out;
	GArray *sig;		/* gsize: the code tokens met so far */
	GArray *saved;		/* struct state: before each open #if */
	struct state s;
};

static const char *const storage[] = {
	"static", "extern", "inline", "__inline", "__inline__", "const",
	"volatile", "__always_inline", "noinline", "typedef", "__init",
	"__meminit", "asmlinkage", "__weak", NULL
};

static const char *const no_name[] = {
	"sizeof", "typeof", "__typeof__", "__typeof", "typeof_unqual",
	"_Alignof", "__alignof__", "__attribute__", "__attribute",
	"__aligned", "__printf", "_Static_assert", "static_assert", "asm",
	"__asm__", "if", "while", "for", "switch", "return", "const",
	"volatile", "struct", "union", "enum", "void", "int", "long", "char",
	"unsigned", "__rcu", "__percpu", "__user", NULL
};

static int is_one_of(const struct token_list *l, gsize i,
		     const char *const *names)
{
	for (; *names; names++)
		if (tok_is(l, i, *names))
			return 1;
	return 0;
}

static char *dup_text(const struct token_list *l, gsize i)
{
	char scratch[256];
	size_t len;
	const char *s = tok_text(l, i, &len, scratch, sizeof(scratch));

	return g_strndup(s, len);
}

static int is_ident(const struct token_list *l, gsize i)
{
	return i < l->n && l->v[i].kind == TOK_IDENT;
}

static int is_in(const struct tracker *t, gsize i, GHashTable *set)
{
	char *s;
	int ret;

	if (!is_ident(t->l, i))
		return 0;
	s = dup_text(t->l, i);
	ret = g_hash_table_contains(set, s);
	g_free(s);
	return ret;
}

static int is_type(const struct tracker *t, gsize i)
{
	return is_in(t, i, t->types);
}

static void found(struct tracker *t, gsize i, const char *kind)
{
	struct derived d = {
		.name = dup_text(t->l, i), .kind = kind,
		.line = t->l->v[i].line,
	};

	g_array_append_val(t->out, d);
}

/* The code token at position @k of those met so far; l->n if there is none. */
static gsize sig_at(const struct tracker *t, gsize k)
{
	return k < t->sig->len ? g_array_index(t->sig, gsize, k) : t->l->n;
}

/* The next code token behind @i, whatever directives stand between. */
static gsize next_code(const struct tracker *t, gsize i)
{
	const struct token_list *l = t->l;

	for (i++; i < l->n; i++)
		if (l->v[i].kind > TOK_COMMENT && l->v[i].ctx == CTX_CODE &&
		    !l->v[i].disabled)
			break;
	return i;
}

/* @i is a '(': the token behind its ')'. */
static gsize skip_group(const struct tracker *t, gsize i)
{
	guint depth = 0;

	for (; i < t->l->n; i = next_code(t, i)) {
		if (tok_is(t->l, i, "("))
			depth++;
		else if (tok_is(t->l, i, ")") && !--depth)
			return next_code(t, i);
		else if (tok_is(t->l, i, ";") || tok_is(t->l, i, "{"))
			break;
	}
	return t->l->n;
}

/* Position @k is a ')': the position of its '(', or SIZE_MAX. */
static gsize group_start(const struct tracker *t, gsize k)
{
	guint depth = 0;

	for (; k != SIZE_MAX && k >= t->s.stmt; k--) {
		gsize i = sig_at(t, k);

		if (tok_is(t->l, i, ")"))
			depth++;
		else if (tok_is(t->l, i, "(") && !--depth)
			return k;
	}
	return SIZE_MAX;
}

static int in_body(const struct state *s)
{
	if (s->deep)
		return 1;
	for (guint i = 0; i < s->depth; i++)
		if (s->scope[i] == IN_BODY)
			return 1;
	return 0;
}

static int in_struct(const struct state *s)
{
	return s->depth && s->scope[s->depth - 1] == IN_STRUCT;
}

/* What an object (not a function) declared here is. */
static const char *object_kind(const struct tracker *t)
{
	if (tok_is(t->l, sig_at(t, t->s.stmt), "typedef"))
		return "type";
	return in_struct(&t->s) ? "field" : "variable";
}

/* "TYPE *name;", "TYPE name(", "TYPE (*name)(", "TYPE a, *b;" at token @i. */
static void type_first(struct tracker *t, gsize i)
{
	const struct token_list *l = t->l;
	gsize first = l->n, last = l->n;

	for (i = next_code(t, i); i < l->n; ) {
		if (tok_is(l, i, "__attribute__")) {
			i = skip_group(t, next_code(t, i));
			continue;
		}
		if (tok_is(l, i, "*") || is_one_of(l, i, storage) ||
		    is_one_of(l, i, no_name)) {
			i = next_code(t, i);
			continue;
		}
		if (is_ident(l, i)) {
			last = i;
			if (first == l->n)
				first = i;
			i = next_code(t, i);
			continue;
		}
		if (tok_is(l, i, "(") && first == l->n) {
			/* A pointer to a function that returns the type. */
			i = next_code(t, i);
			if (!tok_is(l, i, "*"))
				return;
			while (tok_is(l, i, "*") || is_one_of(l, i, storage))
				i = next_code(t, i);
			if (is_ident(l, i))
				found(t, i, object_kind(t));
			return;
		}
		if (first == l->n)
			return;
		if (tok_is(l, i, "(")) {
			if (in_struct(&t->s))
				found(t, first, "field");
			else
				found(t, last, "function");
			return;
		}
		if (!tok_is(l, i, ";") && !tok_is(l, i, ",") &&
		    !tok_is(l, i, "=") && !tok_is(l, i, "[") &&
		    !tok_is(l, i, ":"))
			return;
		found(t, first, object_kind(t));
		if (!tok_is(l, i, ","))
			return;
		first = l->n;
		i = next_code(t, i);
	}
}

/* The type stands in parentheses: whose parameters are they? */
static void type_in_params(struct tracker *t, gsize open)
{
	const struct token_list *l = t->l;
	gsize name = sig_at(t, open - 1), before, k;

	if (!open || open - 1 < t->s.stmt)
		return;
	if (tok_is(l, name, ")")) {
		/* "(*name)(... TYPE ...)" */
		k = group_start(t, open - 1);
		if (k == SIZE_MAX || !tok_is(l, sig_at(t, k + 1), "*"))
			return;
		for (k++; k < open - 1; k++)
			if (is_ident(l, sig_at(t, k)) &&
			    !is_one_of(l, sig_at(t, k), no_name))
				break;
		if (k < open - 1)
			found(t, sig_at(t, k), object_kind(t));
		return;
	}
	if (!is_ident(l, name) || is_one_of(l, name, no_name) || open < 2 ||
	    open - 2 < t->s.stmt)
		return;
	/* A declaration has a type before the name; a macro's use has none. */
	before = sig_at(t, open - 2);
	if (tok_is(l, before, ")")) {
		/* "__attribute__((x)) name(" but not "EXPORT(x) NAME(" */
		k = group_start(t, open - 2);
		if (k == SIZE_MAX || k <= t->s.stmt)
			return;
		before = sig_at(t, k - 1);
		if (!is_ident(l, before) || l->v[before].len < 2 ||
		    memcmp(l->buf + l->v[before].off, "__", 2))
			return;
	} else if (!tok_is(l, before, "*") &&
		   (!is_ident(l, before) || is_one_of(l, before, storage))) {
		return;
	}
	found(t, name, "function");
}

/* What the '{' that comes next opens. */
static enum scope brace_scope(const struct tracker *t)
{
	const struct token_list *l = t->l;
	gsize last = t->sig->len - 1, k;
	gsize prev = sig_at(t, last);

	if (!t->sig->len || t->sig->len <= t->s.stmt)
		return IN_BODY;
	if (l->v[prev].kind == TOK_STRING &&
	    tok_is(l, sig_at(t, t->s.stmt), "extern"))
		return IN_LINKAGE;
	if (tok_is(l, prev, "struct") || tok_is(l, prev, "union"))
		return IN_STRUCT;
	if (!is_ident(l, prev))
		return IN_BODY;
	for (k = last; k-- > t->s.stmt; ) {
		gsize i = sig_at(t, k);

		if (tok_is(l, i, "struct") || tok_is(l, i, "union"))
			return IN_STRUCT;
		if (!is_ident(l, i))
			return IN_BODY;
	}
	return IN_BODY;
}

static void open_brace(struct tracker *t)
{
	struct state *s = &t->s;

	if (s->depth == MAX_DEPTH) {
		s->deep++;
		return;
	}
	s->scope[s->depth] = in_body(s) ? IN_BODY : brace_scope(t);
	s->base[s->depth] = s->parens;
	s->depth++;
}

static void close_brace(struct tracker *t)
{
	struct state *s = &t->s;

	if (s->deep) {
		s->deep--;
	} else if (s->depth) {
		s->depth--;
		s->parens = MIN(s->parens, s->base[s->depth]);
	}
}

static void code_token(struct tracker *t, gsize i)
{
	const struct token_list *l = t->l;
	struct state *s = &t->s;
	char c = l->v[i].len == 1 && l->v[i].kind == TOK_PUNCT ?
		 l->buf[l->v[i].off] : 0;
	gsize k = t->sig->len;
	guint base;

	/* The style of the kernel puts only outermost braces there. */
	if (l->v[i].col == 1 && (c == '{' || c == '}')) {
		s->deep = 0;
		s->depth = c == '}' ? MIN(s->depth, 1) : 0;
		s->parens = 0;
	}
	if (c == '{') {
		open_brace(t);
		s->stmt = k + 1;
	} else if (c == '}') {
		close_brace(t);
		s->stmt = k + 1;
	} else if (!in_body(s)) {
		base = s->depth ? s->base[s->depth - 1] : 0;
		if (c == '(' && s->parens < MAX_DEPTH) {
			s->paren[s->parens++] = k;
		} else if (c == ')' && s->parens > base) {
			s->parens--;
		} else if (c == ';') {
			s->parens = base;
			s->stmt = k + 1;
		} else if (is_type(t, i)) {
			if (s->parens == base)
				type_first(t, i);
			else
				type_in_params(t, s->paren[base]);
		}
	}
	g_array_append_val(t->sig, i);
}

/* "#define NAME ..." with the name at token @i. */
static void macro(struct tracker *t, gsize i)
{
	const struct token_list *l = t->l;
	gsize name = i, body = 0;
	int types = 0, has_params, forwards;

	has_params = i + 1 < l->n && l->v[i + 1].ctx == CTX_MACRO_NAME;
	forwards = has_params && tok_is(l, tok_skip(l, i + 2), "...");
	for (i++; i < l->n && l->v[i].kind != TOK_NEWLINE; i++) {
		if (l->v[i].ctx != CTX_MACRO_BODY ||
		    l->v[i].kind <= TOK_COMMENT)
			continue;
		body++;
		types += is_type(t, i) ||
			 (forwards && is_in(t, i, t->functions));
	}
	if (types)
		found(t, name, has_params || body > 1 ? "macro" : "type");
}

/* The directive whose '#' is token @i. */
static void directive(struct tracker *t, gsize i)
{
	const struct token_list *l = t->l;
	gsize name = tok_skip(l, i + 1), n = t->saved->len;

	if (tok_is(l, name, "define")) {
		name = tok_skip(l, name + 1);
		if (is_ident(l, name) && !l->v[name].disabled)
			macro(t, name);
	} else if (tok_is(l, name, "if") || tok_is(l, name, "ifdef") ||
		   tok_is(l, name, "ifndef")) {
		g_array_append_val(t->saved, t->s);
	} else if (tok_is(l, name, "else") || tok_is(l, name, "elif") ||
		   tok_is(l, name, "elifdef") || tok_is(l, name, "elifndef")) {
		if (n)
			t->s = g_array_index(t->saved, struct state, n - 1);
	} else if (tok_is(l, name, "endif") && n) {
		g_array_set_size(t->saved, n - 1);
	}
}

void derive_names(const struct token_list *l, GHashTable *types,
		  GHashTable *functions, GArray *out)
{
	struct tracker t = {
		.l = l, .types = types, .functions = functions, .out = out,
		.sig = g_array_new(FALSE, FALSE, sizeof(gsize)),
		.saved = g_array_new(FALSE, FALSE, sizeof(struct state)),
	};
	int in_directive = 0;

	for (gsize i = 0; i < l->n; i++) {
		const struct token *v = &l->v[i];

		if (v->kind == TOK_NEWLINE)
			in_directive = 0;
		if (v->kind <= TOK_COMMENT)
			continue;
		if (v->ctx == CTX_CODE) {
			if (!v->disabled)
				code_token(&t, i);
		} else if (!in_directive) {
			in_directive = 1;
			directive(&t, i);
		}
	}
	g_array_free(t.sig, TRUE);
	g_array_free(t.saved, TRUE);
}
