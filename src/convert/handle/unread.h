/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uses of handles in code that no cell reads.  No AST tells there what is a
 * handle, but the text declares it: a local variable or a parameter of the
 * handle type, or one that the flow made a handle in the same function.  And
 * declarations of functions that changed elsewhere in the file: the other arm
 * of an #ifdef has to follow by hand.
 */
#ifndef UNREAD_H
#define UNREAD_H

#include <glib.h>

#include "convert/handle/flow.h"
#include "read/seen.h"
#include "text/source.h"

/* @off: of a use of a handle in @s that no cell reads. */
typedef void (*unread_fn)(const struct source *s, gsize off, void *data);

/* Calls @found for each such use in @s.  @type: the handle type. */
void unread_uses(const struct source *s, const struct seen *seen,
		 const struct flow *flow, const char *type, unread_fn found,
		 void *data);

#endif
