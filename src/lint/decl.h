/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind lint_decls share: tables of declarations (decl.c) and
 * the reader of a text (declread.c).
 */
#ifndef LINT_DECL_H
#define LINT_DECL_H

#include "lint/lint.h"

#define DECL_OTHER "int"	/* a type that is none of the conversion's */
#define DECL_WORD_BITS (1u << 20)

struct decl {
	char *text;		/* "struct page *f(int a0, pgtable_t a1);" */
	gboolean unsure;	/* declared in two ways */
};

/* What one folder declares, or one file. */
struct table {
	GHashTable *names;	/* function or variable -> struct decl */
	GHashTable *fields;	/* "struct field" -> struct decl */
	GHashTable *by_field;	/* field -> GPtrArray of char *, the structs */
};

struct lint_decls {
	const struct lint_declared *what;
	const struct tree *tree;
	GHashTable *dirs;	/* folder -> struct table */
	GHashTable *changed;	/* folder -> struct table: headers of the patch */
	struct table *known;	/* from lint.ini */
	guint8 words[DECL_WORD_BITS / 8];	/* hashes of names that carry the type */
};

/* Note a declaration; takes @text over. */
void decl_put(GHashTable *to, const char *key, char *text);
void decl_put_field(struct table *t, const char *owner, const char *field,
		    char *text);
/* A name that makes code worth a look. */
void decl_add_word(struct lint_decls *d, const char *name);

/* Read what @v declares into @to. */
void decl_read_view(struct lint_decls *d, struct lint_view *v,
		    struct table *to);

#endif
