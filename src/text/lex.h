/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lossless lexer for C (and for what looks like it: assembly that goes
 * through cpp, Rust, device trees).  The tokens joined are the file, byte for
 * byte, whatever the bytes are.  It knows lines and preprocessor lines, tells
 * what a token stands in as far as text tells, and expands nothing.
 */
#ifndef LEX_H
#define LEX_H

#include <stddef.h>
#include <stdint.h>

enum tok_kind {
	TOK_SPACE,	/* blanks and tabs, form feeds, CR */
	TOK_NEWLINE,	/* "\n" (a CR before it is TOK_SPACE) */
	TOK_SPLICE,	/* backslash, optional CR, newline, between tokens */
	TOK_COMMENT,	/* whole, with its delimiters (a line comment: without newline) */
	TOK_IDENT,	/* may hold splices: use tok_text() to compare */
	TOK_NUMBER,	/* a pp-number */
	TOK_STRING,	/* with prefix and quotes; also <header> in #include */
	TOK_CHAR,
	TOK_PUNCT,	/* longest match: "->", "<<=", "##", "..." */
	TOK_OTHER,	/* any byte that starts no token: NUL, 0x80-0xff outside idents */
};

/* What a token stands in. */
enum tok_ctx {
	CTX_CODE,	/* ordinary code */
	CTX_DIRECTIVE,	/* a preprocessor line other than a macro's body */
	CTX_MACRO_NAME,	/* the name behind #define or #undef, and the parameters */
	CTX_MACRO_BODY,
};

struct token {
	size_t off;		/* byte offset in the file */
	uint32_t len;		/* bytes, splices included */
	uint32_t line;		/* 1-based */
	uint32_t col;		/* 1-based, in bytes */
	uint8_t kind;		/* enum tok_kind */
	uint8_t ctx;		/* enum tok_ctx */
	uint8_t disabled;	/* in an arm that text shows dead: #if 0, #else of #if 1, nested in one */
};

/* A conditional directive: #if, #ifdef, #elif, #else, #endif and the like. */
struct token_cond {
	size_t hash;		/* the token of its '#' */
	size_t name;		/* and the one behind it */
	/*
	 * The directives that a place behind this one stands under are a chain:
	 * this one unless it is an #endif, then @up of each, up to TOKEN_NO_COND.
	 */
	size_t up;
};

#define TOKEN_NO_COND	SIZE_MAX

struct token_list {
	const char *buf;	/* the text; borrowed, must outlive the list */
	size_t size;
	struct token *v;	/* owned */
	size_t n;
	struct token_cond *cond;	/* in order; owned */
	size_t n_cond;
};

/*
 * Lex @size bytes at @buf.  Never fails (allocation failure aborts, as GLib
 * does); an unterminated comment or literal ends with the file or the line.
 */
void lex_c(const char *buf, size_t size, struct token_list *out);
void lex_free(struct token_list *l);

/*
 * NULL, or why @l is not fit for analysis, to be freed: "1001 brackets inside
 * each other in line 7 (limit 1000)".  #ifs nested deeper than the limit and
 * brackets that stay open are no code that anyone compiles, and walks from
 * bracket to bracket would take a time that is quadratic in the file.
 */
#define LEX_NESTING_MAX	1000
char *lex_limit_hit(const struct token_list *l);

/*
 * The text of token @i without splices.  *@len gets its length.  Points into
 * the file when there is no splice, else into @scratch (a GString-free small
 * buffer of the caller, @scratch_size bytes; longer text is cut).
 */
const char *tok_text(const struct token_list *l, size_t i, size_t *len,
		     char *scratch, size_t scratch_size);
/* Is token @i the identifier or punctuator @s? */
int tok_is(const struct token_list *l, size_t i, const char *s);
/* The next (previous) token from @i on, @i included, that is no space, newline, splice or comment; l->n (SIZE_MAX) if none. */
size_t tok_skip(const struct token_list *l, size_t i);
size_t tok_skip_back(const struct token_list *l, size_t i);

#endif
