/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Forward declarations of the new struct, where a converted header names it in
 * a parameter list before anything declares it.
 */
#ifndef FORWARD_H
#define FORWARD_H

#include "convert/internal.h"

/* Is @d, of a converted text, about a new struct in the scope of a list? */
gboolean forward_wanted(const struct convert *c, const struct ast_diag *d);
/* Is @d only about the scope of a list, which is no error by itself? */
gboolean forward_is_warning(const struct ast_diag *d);
/* Add the declaration that @d lacks; FALSE when no edit of ours is the cause. */
gboolean forward_add(struct convert *c, const struct ast_diag *d);

#endif
