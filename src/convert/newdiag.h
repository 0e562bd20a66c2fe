/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of the converted code that were not there before. */
#ifndef NEWDIAG_H
#define NEWDIAG_H

#include <glib.h>

#include "convert/result.h"
#include "read/ast.h"
#include "text/edit.h"

struct new_diags;

/* @res and @edits, which made it, are borrowed. */
struct new_diags *new_diags_new(const struct convert_result *res,
				const struct edit_set *edits);
void new_diags_free(struct new_diags *n);
/* What @cell said of the tree: struct ast_diag. */
void new_diags_before(struct new_diags *n, const char *cell,
		      const GPtrArray *diags);
/* What @cell says of the converted text; @diags and @cell must outlive @n. */
void new_diags_after(struct new_diags *n, const char *cell,
		     const GPtrArray *diags);

/* Forget what was said of the converted text; @edits make another one now. */
void new_diags_again(struct new_diags *n, const struct edit_set *edits);

struct new_diag {
	const struct ast_diag *d;
	guint line;		/* of the tree's text */
	GPtrArray *cells;	/* char *: who says so */
};

/* The new and relevant ones, each once, by place: struct new_diag, borrowed. */
const GPtrArray *new_diags_all(struct new_diags *n);
/* Add one to the @problems, with @more behind the message ("": nothing). */
void new_diag_tell(const struct new_diag *f, const char *more,
		   GPtrArray *problems);

#endif
