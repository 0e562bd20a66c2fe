/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reading of references, for src/read/refs*.c.  It runs in a child: what is
 * allocated is not freed.
 */
#ifndef REFS_INTERNAL_H
#define REFS_INTERNAL_H

#include <stdio.h>

#include "read/cx.h"
#include "read/refs.h"
#include "text/source.h"

/* A file that the unit includes, or is. */
struct refs_file {
	CXFile cx;		/* NULL if it is in the prefix */
	char *path;
	const char *name;	/* as cx_file gives it */
	gboolean wanted;	/* in the request: its names are told */
	struct source *source;	/* NULL: not lexed (yet) */
	GArray *hot;		/* gsize, sorted: tokens in code that may become
				 * one of the names when they are expanded */
	GArray *skipped;	/* struct refs_range */
	GHashTable *tokens;	/* offset -> struct refs_token_at *; NULL: none */
	GHashTable *expansions;	/* offset -> CXCursor * of the macro; if wanted */
};

struct refs_range { gsize start, end; };

/* A token of one of the names, in a wanted file. */
struct refs_token_at {
	struct refs_file *file;
	gsize token;		/* index */
	const char *name;
	gboolean explained;	/* it has a record */
};

/* A macro whose body may become one of the names. */
struct refs_macro {
	struct refs_file *file;
	const struct source_macro *text;
	gboolean expanded;	/* its body was looked through */
};

struct refs_walk {
	const struct refs_request *req;
	CXTranslationUnit tu;
	const struct prefix *prefix;	/* it was parsed with; or NULL */
	struct cx_names names;
	GHashTable *words;	/* the names: char * set */
	GPtrArray *files;	/* struct refs_file, in the order of inclusion */
	GHashTable *by_file;	/* name -> struct refs_file * */
	GPtrArray *tokens;	/* struct refs_token_at */
	GHashTable *hot;	/* words that may become a name: char * set */
	GHashTable *macros;	/* word -> GPtrArray of struct refs_macro */
	GHashTable *decls;	/* declaration (data[0]) -> struct refs_decl * or NULL */
	GHashTable *defined;	/* name -> refs_decl of its macro, or NULL */
	GArray *functions;	/* struct refs_function */
	GPtrArray *refs;	/* struct refs_ref */
	GHashTable *known;	/* char * -> struct refs_ref *: to tell each once */
	GPtrArray *others;	/* struct refs_token */
};

/* The text of a function that was walked. */
struct refs_function {
	const char *file, *name;
	gsize start, end;
};

/* What a reference refers to. */
struct refs_decl {
	char *name, *usr, *owner;
	enum refs_kind kind;
	gboolean takes_arguments;	/* a macro like a function */
	struct refs_place at;
};

/* The file of that name (as cx_file gives it), or NULL. */
struct refs_file *refs_file(const struct refs_walk *w, const char *name);
/* Its text, lexed; NULL if it cannot be read. */
struct source *refs_source(struct refs_walk *w, struct refs_file *f);
/* Its token at byte @off, if that is one of the names; or NULL. */
struct refs_token_at *refs_token(const struct refs_file *f, gsize off);
/* The place of token @i of @f. */
struct refs_place refs_place_of(const struct refs_file *f, gsize i);

/*
 * Record that the token @spelled, expanded at @expanded, refers to @d.  A token
 * has one record for each declaration, with the use that comes first in
 * refs_rank().  Does nothing if the token is in a file that is not wanted.
 */
void refs_put(struct refs_walk *w, const struct refs_decl *d, enum refs_use use,
	      struct refs_place spelled, struct refs_place expanded,
	      const char *function);

/* ---- src/read/refstext.c: what the text shows ---- */

/* Find the tokens of the names, and the code that they may come into. */
void refs_find_tokens(struct refs_walk *w);
/* Is one of the hot tokens of @f in bytes [@start, @end)? */
gboolean refs_is_hot(const struct refs_file *f, gsize start, gsize end);
/* The hot macro of that name that is defined at @at, or NULL. */
struct refs_macro *refs_macro_at(const struct refs_walk *w, const char *name,
				 const struct refs_place *at);
/* The macro @m is expanded at @at: record the macros among its body's words. */
void refs_expand(struct refs_walk *w, struct refs_macro *m,
		 struct refs_place at);
/* Is the token in the operand of one of @words, as in "typeof(...)"? */
gboolean refs_is_operand(const struct source *s, gsize token,
			 const char *const *words);
/* Is it in an #if, #ifdef or the like? */
gboolean refs_is_condition(const struct source *s, gsize token);

/* ---- src/read/refsrest.c: tokens that libclang has no reference for ---- */

void refs_explain(struct refs_walk *w);

/* ---- src/read/refswalk.c: what libclang says ---- */

void refs_walk_unit(struct refs_walk *w);
/* The macro of that name that a wanted file defines, or NULL. */
const struct refs_decl *refs_macro_decl(struct refs_walk *w, const char *name);
/* The declaration of that name and kind in a wanted file, or NULL. */
const struct refs_decl *refs_find_decl(struct refs_walk *w, const char *name,
				       enum CXCursorKind kind);
/* Where the macro is defined whose name is expanded at @at; .file NULL: none. */
struct refs_place refs_expanded_macro(struct refs_walk *w,
				      const struct refs_file *f, gsize off);

/* ---- src/read/refsfile.c: the file of references ---- */

/* Write a line: "KIND FIELD=VALUE ..."; FIELD, VALUE, ..., NULL. */
void G_GNUC_NULL_TERMINATED refs_write(FILE *f, const char *kind, ...);

#endif
