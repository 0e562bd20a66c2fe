/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One translation unit in one cell, as libclang reads it: how it is parsed, and
 * what all kinds of facts tell about it.  Runs in a child: leaks.
 */
#ifndef UNIT_H
#define UNIT_H

#include "read/fact.h"

struct ast_diag {
	char *file;
	guint line, col;
	char *text;
	char *category;		/* "Inline Assembly Issue" is not for us to judge */
	/*
	 * "FILE:LINE ..." of the macro bodies whose own expansions hold it: the
	 * error is within a call that such a body makes.
	 */
	char *within;
	gboolean warning;	/* an error only because we ask, by -Werror= */
};

/* A part of a file. */
struct ast_range { char *file; gsize start, end; };

/* Types of records that a kind whose facts have .diags, .skipped may use. */
extern const struct record_field ast_diag_fields[7];
extern const struct record_field ast_range_fields[3];

/*
 * Parse the reader's unit into @r->tu, with the converted texts.  0, or -1
 * after a message if libclang gives no translation unit at all.
 */
int unit_parse(struct fact_reader *r);

/*
 * XXH3 of what libclang read as @file: one of the @n texts if @name, its path
 * in the tree, is among them, else the file on disk.
 */
guint64 ast_file_hash(CXFile file, const char *name,
		       const struct ast_unsaved *unsaved, guint n);

/*
 * The files that @tu included; the store has put those of the reader's unit.
 * @but (or NULL) is left out.
 */
void unit_put_inclusions(struct fact_reader *r, CXTranslationUnit tu,
			 const char *but);

/* The errors of the unit, as records of type @t. */
void unit_put_diags(struct fact_reader *r, const struct record_type *t);

/* What the preprocessor skipped in the files of the query. */
void unit_put_skipped(struct fact_reader *r, const struct record_type *t);

#endif
