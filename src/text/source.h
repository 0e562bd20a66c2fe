/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A C file of the tree while it is converted: its text, its tokens, and the
 * macros that it defines.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <glib.h>

#include "text/lex.h"

struct source_macro {
	struct source *in;
	char *name;
	char **params;		/* NULL-terminated; NULL: like an object */
	gsize name_off;
	gsize body, body_end;	/* byte range of the body, splices included */
	guint first, last;	/* tokens of the body: [first, last) */
	guint64 handles;	/* bit N: parameter N carries a handle */
	gboolean yields;	/* its value becomes a handle */
};

struct source {
	char *file;		/* path in the tree */
	char *arch;		/* the folder under arch/, or NULL */
	char *text;
	gsize size;
	struct token_list toks;
	GPtrArray *macros;	/* struct source_macro */
};

/* A character of an identifier, as C has it. */
static inline gboolean source_is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

/* Takes over @text, @size bytes and a NUL, as the text of @file. */
struct source *source_new(const char *file, char *text, gsize size);
void source_free(struct source *s);

gboolean source_is_c(const char *file);
/* "arm64" of "arch/arm64/mm/mmu.c", or NULL; the caller frees it. */
char *source_arch(const char *file);

/* Index of the token at or behind byte @off; toks.n when there is none. */
gsize source_token_at(const struct source *s, gsize off);
guint source_line(const struct source *s, gsize off);

/* The comment that ends right before token @i, or SIZE_MAX. */
gsize source_comment_before(const struct source *s, gsize i);
/* The next (previous) token that is no space or comment; toks.n (SIZE_MAX). */
gsize source_next(const struct source *s, gsize i);
gsize source_prev(const struct source *s, gsize i);
/* Is token @i, which may be out of range, the word or punctuator @text? */
gboolean source_is(const struct source *s, gsize i, const char *text);
/* The text of token @i; the caller frees it. */
char *source_word(const struct source *s, gsize i);
/* The byte behind token @i. */
gsize source_end(const struct source *s, gsize i);
/* The token that closes the bracket at token @i, or opens it; SIZE_MAX: none. */
gsize source_close(const struct source *s, gsize i);
gsize source_open(const struct source *s, gsize i);
/*
 * The name of the innermost call of @name among whose arguments token @i is;
 * SIZE_MAX: none.
 */
gsize source_call_around(const struct source *s, gsize i, const char *name);

#endif
