// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lossless lexer.  One pass over the bytes with a class table; every byte
 * goes into exactly one token, in order, so that the tokens joined are the
 * file whatever it holds.  Splices (backslash-newline) are looked through
 * wherever C looks through them, inside identifiers and operators too, and
 * stay in the token.  Directives are followed only as far as the text tells:
 * an arm is disabled when its condition is a bare number, and nothing is
 * expanded or included.  Digraphs, trigraphs and C++ raw strings are not
 * known: the kernel has none.
 */
#include "text/lex.h"

#include <glib.h>
#include <string.h>

enum {
	C_ID = 1,		/* continues an identifier */
	C_START = 2,		/* starts one */
	C_DIGIT = 4,
	C_SPACE = 8,
	C_PUNCT = 16,
};

#define UPTO(a, b) [a ... b]
static const uint8_t cls[256] = {
	UPTO('a', 'z') = C_ID | C_START,
	UPTO('A', 'Z') = C_ID | C_START,
	['_'] = C_ID | C_START, ['$'] = C_ID | C_START,
	UPTO('0', '9') = C_ID | C_DIGIT,
	UPTO(0x80, 0xff) = C_ID,
	[' '] = C_SPACE, ['\t'] = C_SPACE, ['\f'] = C_SPACE,
	['\v'] = C_SPACE, ['\r'] = C_SPACE,
	['('] = C_PUNCT, [')'] = C_PUNCT, ['['] = C_PUNCT, [']'] = C_PUNCT,
	['{'] = C_PUNCT, ['}'] = C_PUNCT, [';'] = C_PUNCT, [','] = C_PUNCT,
	['.'] = C_PUNCT, ['<'] = C_PUNCT, ['>'] = C_PUNCT, ['+'] = C_PUNCT,
	['-'] = C_PUNCT, ['*'] = C_PUNCT, ['/'] = C_PUNCT, ['%'] = C_PUNCT,
	['&'] = C_PUNCT, ['|'] = C_PUNCT, ['^'] = C_PUNCT, ['!'] = C_PUNCT,
	['~'] = C_PUNCT, ['?'] = C_PUNCT, [':'] = C_PUNCT, ['='] = C_PUNCT,
	['#'] = C_PUNCT,
};
#undef UPTO

/* Where in a preprocessor line we are. */
enum dir_state {
	D_NONE,
	D_HASH,			/* behind '#': the directive's name comes */
	D_DEF_NAME,		/* behind define: the macro's name comes */
	D_DEF_PAREN,		/* right behind the name: '(' opens parameters */
	D_DEF_PARAMS,
	D_DEF_BODY,
	D_UNDEF,		/* behind undef */
	D_INCLUDE,		/* a <header> is a string here */
	D_COND,			/* the expression of #if or #elif */
	D_REST,
};

enum truth { T_UNKNOWN, T_FALSE, T_TRUE };

struct cond {
	uint8_t parent;		/* was the text around the #if disabled? */
	uint8_t taken;		/* has an arm been met that is surely true? */
};

struct lexer {
	const unsigned char *s;
	size_t n;		/* size of the text */
	size_t line_start;
	uint32_t line;
	uint8_t bol;		/* nothing but blanks on this line so far */
	uint8_t disabled;
	enum dir_state dir;
	size_t hash;		/* index of the '#' token */
	uint8_t is_elif;
	unsigned cond_toks;	/* significant tokens of the condition so far */
	enum truth cond_val;
	struct cond *stack;
	size_t depth, stack_cap;
	struct token_list *out;
	size_t cap;
};

/* The length of the splice at @p, 0 if there is none. */
static inline size_t splice_len(const struct lexer *x, size_t p)
{
	if (p + 1 >= x->n || x->s[p] != '\\')
		return 0;
	if (x->s[p + 1] == '\n')
		return 2;
	return p + 2 < x->n && x->s[p + 1] == '\r' && x->s[p + 2] == '\n' ?
	       3 : 0;
}

static inline size_t skip_splices(const struct lexer *x, size_t p)
{
	size_t k;

	while ((k = splice_len(x, p)))
		p += k;
	return p;
}

/* The byte at @p, -1 at the end. */
static inline int at(const struct lexer *x, size_t p)
{
	return p < x->n ? x->s[p] : -1;
}

static enum tok_ctx dir_ctx(enum dir_state d)
{
	switch (d) {
	case D_NONE:
		return CTX_CODE;
	case D_DEF_PARAMS:
		return CTX_MACRO_NAME;
	case D_DEF_PAREN:
	case D_DEF_BODY:
		return CTX_MACRO_BODY;
	default:
		return CTX_DIRECTIVE;
	}
}

/* Append a token; more than 4 GiB of it become several. */
static inline void emit(struct lexer *x, enum tok_kind kind,
			enum tok_ctx ctx, size_t off, size_t end)
{
	struct token_list *l = x->out;
	struct token *t;
	size_t len;

	for (; off < end; off += len) {
		len = MIN(end - off, (size_t)UINT32_MAX);
		if (l->n == x->cap) {
			x->cap = x->cap * 2;
			l->v = g_renew(struct token, l->v, x->cap);
		}
		t = &l->v[l->n++];
		t->off = off;
		t->len = len;
		t->line = x->line;
		t->col = MIN(off - x->line_start + 1, (size_t)UINT32_MAX);
		t->kind = kind;
		t->ctx = ctx;
		t->disabled = x->disabled;
	}
}

/* Count the newlines of a token that may span lines. */
static void count_lines(struct lexer *x, size_t off, size_t end)
{
	const unsigned char *p = x->s + off, *e = x->s + end;

	/* Most tokens are too short to be worth a call. */
	for (; e - p < 16 && p < e; p++) {
		if (*p != '\n')
			continue;
		x->line++;
		x->line_start = p + 1 - x->s;
	}
	while (p < e && (p = memchr(p, '\n', e - p))) {
		x->line++;
		x->line_start = ++p - x->s;
	}
}

/* Scan bytes of any class in @mask, looking through splices between them. */
static size_t scan_class(const struct lexer *x, size_t p, uint8_t mask)
{
	size_t q;

	for (;;) {
		while (p < x->n && (cls[x->s[p]] & mask))
			p++;
		if (at(x, p) != '\\')
			return p;
		q = skip_splices(x, p);
		if (q == p || q >= x->n || !(cls[x->s[q]] & mask))
			return p;
		p = q;
	}
}

static size_t scan_number(const struct lexer *x, size_t p)
{
	int prev = 0, c;
	size_t q;

	for (;;) {
		q = skip_splices(x, p);
		c = at(x, q);
		if (c < 0 || !((cls[c] & C_ID) || c == '.' ||
			       ((c == '+' || c == '-') && prev &&
				strchr("eEpP", prev))))
			return p;
		prev = c;
		p = q + 1;
	}
}

/* @p is behind the opening quote. */
static size_t scan_literal(const struct lexer *x, size_t p, int quote)
{
	size_t k;
	int c;

	while (p < x->n) {
		c = x->s[p];
		if (c == quote)
			return p + 1;
		if (c == '\n')
			break;
		if (c != '\\') {
			p++;
			continue;
		}
		k = splice_len(x, p);
		if (k) {
			p += k;
			continue;
		}
		/* An escape; what it escapes may stand behind a splice. */
		p = skip_splices(x, p + 1);
		if (p < x->n && x->s[p] != '\n' && x->s[p] != '\r')
			p++;
	}
	/* Unterminated: the CR of a CR-LF stays outside. */
	return p < x->n && x->s[p - 1] == '\r' ? p - 1 : p;
}

static size_t scan_line_comment(const struct lexer *x, size_t p)
{
	const unsigned char *nl;
	size_t e;

	for (;; p = e + 1) {
		nl = p < x->n ? memchr(x->s + p, '\n', x->n - p) : NULL;
		if (!nl)
			return x->n;
		e = nl - x->s;
		if (e > p && x->s[e - 1] == '\\')
			continue;
		if (e > p + 1 && x->s[e - 1] == '\r' && x->s[e - 2] == '\\')
			continue;
		return e > p && x->s[e - 1] == '\r' ? e - 1 : e;
	}
}

static size_t scan_block_comment(const struct lexer *x, size_t p)
{
	const unsigned char *star;

	while (p < x->n && (star = memchr(x->s + p, '*', x->n - p))) {
		size_t q = skip_splices(x, star - x->s + 1);

		if (at(x, q) == '/')
			return q + 1;
		p = star - x->s + 1;
	}
	return x->n;
}

/* <header>: its end, or 0 when the line has no '>'. */
static size_t scan_header(const struct lexer *x, size_t p)
{
	for (; p < x->n && x->s[p] != '\n'; p++)
		if (x->s[p] == '>')
			return p + 1;
	return 0;
}

static size_t scan_punct(const struct lexer *x, size_t p)
{
	int c = x->s[p];
	size_t q = skip_splices(x, p + 1), r;
	int d = at(x, q);

	if (d < 0 || !(cls[d] & C_PUNCT))
		return p + 1;
	switch (c) {
	case '.':
		r = skip_splices(x, q + 1);
		return d == '.' && at(x, r) == '.' ? r + 1 : p + 1;
	case '<':
	case '>':
		if (d == c) {
			r = skip_splices(x, q + 1);
			return at(x, r) == '=' ? r + 1 : q + 1;
		}
		return d == '=' ? q + 1 : p + 1;
	case '-':
		return d == '-' || d == '=' || d == '>' ? q + 1 : p + 1;
	case '+':
	case '&':
	case '|':
		return d == c || d == '=' ? q + 1 : p + 1;
	case '=':
	case '!':
	case '*':
	case '/':
	case '%':
	case '^':
		return d == '=' ? q + 1 : p + 1;
	case '#':
		return d == '#' ? q + 1 : p + 1;
	default:
		return p + 1;
	}
}

static void cond_push(struct lexer *x, enum truth t)
{
	if (x->depth == x->stack_cap) {
		x->stack_cap = x->stack_cap ? x->stack_cap * 2 : 16;
		x->stack = g_renew(struct cond, x->stack, x->stack_cap);
	}
	x->stack[x->depth].parent = x->disabled;
	x->stack[x->depth].taken = t == T_TRUE;
	x->depth++;
	if (t == T_FALSE)
		x->disabled = 1;
}

/* The next arm of the innermost #if starts. */
static void cond_arm(struct lexer *x, enum truth t)
{
	struct cond *c;

	if (!x->depth)
		return;
	c = &x->stack[x->depth - 1];
	x->disabled = c->parent || c->taken || t == T_FALSE;
	if (t == T_TRUE)
		c->taken = 1;
}

/* The preprocessor line ends. */
static void dir_end(struct lexer *x)
{
	if (x->dir == D_COND) {
		enum truth t = x->cond_toks == 1 ? x->cond_val : T_UNKNOWN;

		if (x->is_elif)
			cond_arm(x, t);
		else
			cond_push(x, t);
	}
	x->dir = D_NONE;
}

/* The '#' and what follows belong to the text around the whole #if. */
static void dir_outside(struct lexer *x)
{
	size_t i;

	if (!x->depth)
		return;
	x->disabled = x->stack[x->depth - 1].parent;
	for (i = x->hash; i < x->out->n; i++)
		x->out->v[i].disabled = x->disabled;
}

/* The name of a directive, token @i, has been lexed: what comes next? */
static void dir_name(struct lexer *x, size_t i)
{
	const struct token_list *l = x->out;

	x->dir = D_REST;
	if (tok_is(l, i, "define")) {
		x->dir = D_DEF_NAME;
	} else if (tok_is(l, i, "undef")) {
		x->dir = D_UNDEF;
	} else if (tok_is(l, i, "include") || tok_is(l, i, "include_next") ||
		   tok_is(l, i, "import")) {
		x->dir = D_INCLUDE;
	} else if (tok_is(l, i, "if")) {
		x->dir = D_COND;
		x->is_elif = 0;
		x->cond_toks = 0;
	} else if (tok_is(l, i, "elif")) {
		x->dir = D_COND;
		x->is_elif = 1;
		x->cond_toks = 0;
		dir_outside(x);
		/* The condition itself is not looked at behind a true arm. */
		if (x->depth && x->stack[x->depth - 1].taken)
			x->disabled = 1;
	} else if (tok_is(l, i, "ifdef") || tok_is(l, i, "ifndef")) {
		cond_push(x, T_UNKNOWN);
	} else if (tok_is(l, i, "elifdef") || tok_is(l, i, "elifndef")) {
		dir_outside(x);
		cond_arm(x, T_UNKNOWN);
	} else if (tok_is(l, i, "else")) {
		dir_outside(x);
		cond_arm(x, T_UNKNOWN);
	} else if (tok_is(l, i, "endif")) {
		dir_outside(x);
		if (x->depth)
			x->depth--;
	}
}

/* Truth of the pp-number, token @i, as a whole condition. */
static enum truth number_truth(const struct token_list *l, size_t i)
{
	char scratch[32];
	size_t len, k;
	const char *s = tok_text(l, i, &len, scratch, sizeof(scratch));

	for (k = 0; k < len && g_ascii_isdigit(s[k]); k++)
		if (s[k] != '0')
			return T_TRUE;
	/* Only decimal digits, with a suffix: "0x1" is not decided here. */
	for (; k < len; k++)
		if (!strchr("uUlL", s[k]))
			return T_UNKNOWN;
	return T_FALSE;
}

/* Emit a significant token and move the directive's state on. */
static void emit_sig(struct lexer *x, enum tok_kind kind, size_t off,
		     size_t end)
{
	enum tok_ctx ctx = dir_ctx(x->dir);
	size_t i = x->out->n;
	uint8_t bol = x->bol;

	x->bol = 0;
	switch (x->dir) {
	case D_NONE:
		if (bol && kind == TOK_PUNCT && end == off + 1 &&
		    x->s[off] == '#') {
			x->dir = D_HASH;
			x->hash = i;
			ctx = CTX_DIRECTIVE;
		}
		emit(x, kind, ctx, off, end);
		return;
	case D_HASH:
		emit(x, kind, ctx, off, end);
		if (kind == TOK_IDENT)
			dir_name(x, i);
		else
			x->dir = D_REST;
		return;
	case D_DEF_NAME:
		emit(x, kind, kind == TOK_IDENT ? CTX_MACRO_NAME : ctx, off,
		     end);
		x->dir = kind == TOK_IDENT ? D_DEF_PAREN : D_DEF_BODY;
		return;
	case D_DEF_PAREN:
		if (kind == TOK_PUNCT && x->s[off] == '(') {
			emit(x, kind, CTX_MACRO_NAME, off, end);
			x->dir = D_DEF_PARAMS;
		} else {
			emit(x, kind, ctx, off, end);
			x->dir = D_DEF_BODY;
		}
		return;
	case D_DEF_PARAMS:
		emit(x, kind, ctx, off, end);
		if (kind == TOK_PUNCT && x->s[off] == ')')
			x->dir = D_DEF_BODY;
		return;
	case D_UNDEF:
		emit(x, kind, kind == TOK_IDENT ? CTX_MACRO_NAME : ctx, off,
		     end);
		x->dir = D_REST;
		return;
	case D_INCLUDE:
		emit(x, kind, ctx, off, end);
		x->dir = D_REST;
		return;
	case D_COND:
		emit(x, kind, ctx, off, end);
		x->cond_toks++;
		x->cond_val = kind == TOK_NUMBER ? number_truth(x->out, i) :
						   T_UNKNOWN;
		return;
	default:
		emit(x, kind, ctx, off, end);
	}
}

/* Is the identifier at [off, end) a prefix of a string or character? */
static int is_literal_prefix(const unsigned char *s, size_t off, size_t end)
{
	if (end - off == 1)
		return s[off] == 'L' || s[off] == 'u' || s[off] == 'U';
	return end - off == 2 && s[off] == 'u' && s[off + 1] == '8';
}

/* Lex one token at @p; returns its end. */
static size_t lex_one(struct lexer *x, size_t p)
{
	const unsigned char *s = x->s;
	uint8_t c = s[p], k = cls[c];
	enum tok_kind kind;
	size_t e, q;

	if (k & C_START) {
		e = scan_class(x, p, C_ID);
		q = skip_splices(x, e);
		if ((at(x, q) == '"' || at(x, q) == '\'') &&
		    is_literal_prefix(s, p, e)) {
			kind = s[q] == '"' ? TOK_STRING : TOK_CHAR;
			e = scan_literal(x, q + 1, s[q]);
		} else {
			kind = TOK_IDENT;
		}
	} else if (k & C_SPACE) {
		for (e = p + 1; e < x->n && (cls[s[e]] & C_SPACE); e++)
			;
		if (x->dir == D_DEF_PAREN)
			x->dir = D_DEF_BODY;
		emit(x, TOK_SPACE, dir_ctx(x->dir), p, e);
		return e;
	} else if (c == '\n') {
		dir_end(x);
		emit(x, TOK_NEWLINE, CTX_CODE, p, p + 1);
		x->line++;
		x->line_start = p + 1;
		x->bol = 1;
		return p + 1;
	} else if (c == '"' || c == '\'') {
		kind = c == '"' ? TOK_STRING : TOK_CHAR;
		e = scan_literal(x, p + 1, c);
	} else if (c == '/' && (q = skip_splices(x, p + 1),
				at(x, q) == '*' || at(x, q) == '/')) {
		e = s[q] == '*' ? scan_block_comment(x, q + 1) :
				  scan_line_comment(x, q + 1);
		if (x->dir == D_DEF_PAREN)
			x->dir = D_DEF_BODY;
		emit(x, TOK_COMMENT, dir_ctx(x->dir), p, e);
		count_lines(x, p, e);
		return e;
	} else if (k & C_DIGIT) {
		kind = TOK_NUMBER;
		e = scan_number(x, p + 1);
	} else if (c == '.' && (q = skip_splices(x, p + 1), at(x, q) >= 0) &&
		   (cls[s[q]] & C_DIGIT)) {
		kind = TOK_NUMBER;
		e = scan_number(x, q + 1);
	} else if (c == '<' && x->dir == D_INCLUDE &&
		   (e = scan_header(x, p + 1))) {
		kind = TOK_STRING;
	} else if (k & C_PUNCT) {
		kind = TOK_PUNCT;
		e = scan_punct(x, p);
	} else if ((q = splice_len(x, p))) {
		emit(x, TOK_SPLICE, dir_ctx(x->dir), p, p + q);
		count_lines(x, p, p + q);
		return p + q;
	} else {
		kind = TOK_OTHER;
		e = p + 1;
	}
	emit_sig(x, kind, p, e);
	if (e - p > 1)
		count_lines(x, p, e);
	return e;
}

enum cond_kind { COND_NONE, COND_IF, COND_ARM, COND_END };

static enum cond_kind cond_kind(const struct token_list *l, size_t name)
{
	static const struct { const char *name; enum cond_kind kind; } all[] = {
		{ "if", COND_IF }, { "ifdef", COND_IF }, { "ifndef", COND_IF },
		{ "elif", COND_ARM }, { "elifdef", COND_ARM },
		{ "elifndef", COND_ARM }, { "else", COND_ARM },
		{ "endif", COND_END },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (tok_is(l, name, all[i].name))
			return all[i].kind;
	return COND_NONE;
}

/* Is token @i the first of its line but for blanks and comments? */
static int begins_line(const struct token_list *l, size_t i)
{
	while (i-- > 0) {
		if (l->v[i].kind == TOK_NEWLINE)
			return 1;
		if (l->v[i].kind != TOK_SPACE && l->v[i].kind != TOK_SPLICE &&
		    l->v[i].kind != TOK_COMMENT)
			return 0;
	}
	return 1;
}

/* Find the conditional directives; arms and ends without an #if are left out. */
static void link_conditions(struct token_list *l)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct token_cond));
	GArray *before = g_array_new(FALSE, FALSE, sizeof(size_t));
	size_t now = TOKEN_NO_COND;	/* what a place here stands under */

	for (size_t i = 0; i < l->n; i++) {
		struct token_cond c = { .hash = i, .up = now };
		enum cond_kind kind;

		if (l->v[i].ctx != CTX_DIRECTIVE || l->v[i].kind != TOK_PUNCT ||
		    !tok_is(l, i, "#") || !begins_line(l, i))
			continue;
		for (c.name = i + 1; c.name < l->n; c.name++)
			if (l->v[c.name].kind != TOK_SPACE &&
			    l->v[c.name].kind != TOK_SPLICE &&
			    l->v[c.name].kind != TOK_COMMENT)
				break;
		kind = c.name < l->n ? cond_kind(l, c.name) : COND_NONE;
		if (kind == COND_NONE || (kind != COND_IF && !before->len))
			continue;
		if (kind == COND_IF) {
			g_array_append_val(before, now);
		} else if (kind == COND_END) {
			c.up = g_array_index(before, size_t, before->len - 1);
			g_array_set_size(before, before->len - 1);
		}
		now = kind == COND_END ? c.up : all->len;
		g_array_append_val(all, c);
	}
	g_array_free(before, TRUE);
	l->n_cond = all->len;
	l->cond = (struct token_cond *)g_array_free(all, FALSE);
}

char *lex_limit_hit(const struct token_list *l)
{
	size_t depth = 0;

	for (size_t i = 0; i < l->n_cond; i++) {
		enum cond_kind kind = cond_kind(l, l->cond[i].name);

		depth += kind == COND_IF;
		depth -= kind == COND_END;
		if (depth > LEX_NESTING_MAX)
			return g_strdup_printf("%zu #ifs inside each other in "
				"line %u (limit %u)", depth,
				l->v[l->cond[i].hash].line, LEX_NESTING_MAX);
	}
	depth = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct token *t = &l->v[i];
		char b = l->buf[t->off];

		if (t->kind != TOK_PUNCT || t->len != 1)
			continue;
		if (b == '(' || b == '[' || b == '{')
			depth++;
		else if (b == '}' && t->col == 1)
			depth = 0;	/* a function's end, whatever was open */
		else if ((b == ')' || b == ']' || b == '}') && depth)
			depth--;
		if (depth > LEX_NESTING_MAX)
			return g_strdup_printf("%zu brackets inside each other "
				"in line %u (limit %u)", depth, t->line,
				LEX_NESTING_MAX);
	}
	return NULL;
}

void lex_c(const char *buf, size_t size, struct token_list *out)
{
	struct lexer x = {
		.s = (const unsigned char *)buf, .n = size,
		.line = 1, .bol = 1, .out = out, .cap = size / 6 + 64,
	};
	size_t p = 0;

	out->buf = buf;
	out->size = size;
	out->n = 0;
	out->v = g_new(struct token, x.cap);
	while (p < size)
		p = lex_one(&x, p);
	g_free(x.stack);
	link_conditions(out);
}

void lex_free(struct token_list *l)
{
	g_free(l->v);
	g_free(l->cond);
	memset(l, 0, sizeof(*l));
}

const char *tok_text(const struct token_list *l, size_t i, size_t *len,
		     char *scratch, size_t scratch_size)
{
	const struct token *t = &l->v[i];
	const struct lexer x = {
		.s = (const unsigned char *)l->buf + t->off, .n = t->len,
	};
	const char *s = l->buf + t->off, *bs = s;
	size_t p, k, n = 0;

	*len = t->len;
	/* Most tokens have no backslash at all, and few that have a splice. */
	while ((bs = memchr(bs, '\\', s + t->len - bs)) &&
	       !splice_len(&x, bs - s))
		bs++;
	if (!bs)
		return s;
	for (p = 0; p < t->len && n < scratch_size; ) {
		k = splice_len(&x, p);
		if (k)
			p += k;
		else
			scratch[n++] = s[p++];
	}
	*len = n;
	return scratch;
}

int tok_is(const struct token_list *l, size_t i, const char *s)
{
	const struct token *t;
	size_t n = strlen(s), len;
	char scratch[128];
	const char *text;

	if (i >= l->n)
		return 0;
	t = &l->v[i];
	if ((t->kind != TOK_IDENT && t->kind != TOK_PUNCT) || t->len < n)
		return 0;
	if (t->len == n)
		return !memcmp(l->buf + t->off, s, n);
	text = tok_text(l, i, &len, scratch, sizeof(scratch));
	return len == n && !memcmp(text, s, n);
}

static int is_blank_token(const struct token *t)
{
	return t->kind <= TOK_COMMENT;
}

size_t tok_skip(const struct token_list *l, size_t i)
{
	while (i < l->n && is_blank_token(&l->v[i]))
		i++;
	return MIN(i, l->n);
}

size_t tok_skip_back(const struct token_list *l, size_t i)
{
	if (i >= l->n)
		return SIZE_MAX;
	while (is_blank_token(&l->v[i]))
		if (!i--)
			return SIZE_MAX;
	return i;
}
