/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the value of an expression comes from: back through variables, returns
 * and calls, to the call that allocated a page, or to something else.  Code
 * that a constant condition rules out in the cell is left out; nothing else is
 * assumed, so what is found is all that can be.
 *
 * A value that comes from fresh pages on every way belongs to whoever asked for
 * it: nobody else's lies in the same page.  Any other origin may be shared.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include <clang-c/Index.h>
#include <glib.h>

#include "read/world.h"

enum origin_kind {
	ORIGIN_PAGE,	/* its own page, fresh from the page allocator */
	ORIGIN_INSIDE,	/* at an offset from something */
	ORIGIN_OTHER,	/* whatever else: a list, a field, a computed address */
};

enum tri { NO, YES, UNKNOWN };

struct origin {
	enum origin_kind kind;
	char *what;		/* "pagetable_alloc_noprof(), order 0" */
	const char *file;	/* where it is written */
	guint line;
	enum tri highmem;	/* ORIGIN_PAGE: may it lack a kernel address? */
	char **decided;		/* variables whose value decides if it is reached */
};

/* A pointer to bytes is moved on by so much. */
struct origin_step {
	gint64 bytes;
	const char *file;
	guint line;
};

struct origins {
	GPtrArray *v;		/* struct origin, each place once */
	GPtrArray *steps;	/* struct origin_step, in the functions passed */
	GPtrArray *path;	/* char *: "f(size = 256), FILE:LINE", each once */
	GHashTable *variables;	/* whose values a step depends on */
};

/* What the names of functions mean; from the manifest. */
struct origin_names {
	/* name -> GINT_TO_POINTER((gfp + 1) << 8 | (order + 1)), arguments */
	GHashTable *allocators;
	GHashTable *same;	/* give another form of the page in argument 0 */
	gint64 highmem;		/* the flag for pages without kernel address */
};

/*
 * The origins of what the function @fn returns.  @known: values of global
 * variables, char * -> gint64 *, or NULL.
 */
struct origins *origin_of_result(struct world *w, const struct origin_names *n,
				 CXCursor fn, GHashTable *known);

/*
 * The value of an integer expression outside any function's frame; FALSE when
 * it is not constant with @known.  The global variables that it needs and that
 * @known lacks are added to @needs (a set of char *), unless NULL.
 */
gboolean origin_value(CXCursor expr, GHashTable *known, gint64 *value,
		      GHashTable *needs);

#endif
