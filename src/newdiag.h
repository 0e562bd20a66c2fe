/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of the converted code that were not there before. */
#ifndef NEWDIAG_H
#define NEWDIAG_H

#include <glib.h>

#include "ast.h"

struct convert;
struct new_diags;

struct new_diags *new_diags_new(void);
void new_diags_free(struct new_diags *n);
/* What @cell said of the tree: struct ast_diag. */
void new_diags_before(struct new_diags *n, const char *cell,
		      const GPtrArray *diags);
/*
 * Is what @cell says of the converted text our matter, and new?  Then *@line
 * is the line of the tree's text that it is about.
 */
gboolean new_diags_is_new(const struct new_diags *n, struct convert *c,
			  const char *cell, const struct ast_diag *d,
			  guint *line);

#endif
