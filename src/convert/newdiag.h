/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of the converted code that were not there before. */
#ifndef NEWDIAG_H
#define NEWDIAG_H

#include <glib.h>

#include "read/ast.h"

struct convert;
struct new_diags;

struct new_diags *new_diags_new(void);
void new_diags_free(struct new_diags *n);
/* What @cell said of the tree: struct ast_diag. */
void new_diags_before(struct new_diags *n, const char *cell,
		      const GPtrArray *diags);
/* What @cell says of the converted text; @diags and @cell must outlive @n. */
void new_diags_after(struct new_diags *n, struct convert *c, const char *cell,
		     const GPtrArray *diags);

struct new_diag {
	const struct ast_diag *d;
	guint line;		/* of the tree's text */
	GPtrArray *cells;	/* char *: who says so */
};

/* What is our matter and new, each once, by place: struct new_diag, borrowed. */
const GPtrArray *new_diags_all(struct new_diags *n);
/* Put all of it among the @problems. */
void new_diags_tell(struct new_diags *n, GPtrArray *problems);
/* Put one of it there; @more: what to add behind the message, or "". */
void new_diag_tell(const struct new_diag *f, const char *more,
		   GPtrArray *problems);

#endif
