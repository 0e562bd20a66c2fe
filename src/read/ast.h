/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading: one translation unit in one cell, through libclang, as facts.  A
 * fact is plain text data (it is cached, and comes out of a child process);
 * what follows from the facts of all units and cells is the business of
 * src/convert/handle/flow.c.
 *
 * A value of interest is an expression whose type is the seed type (a handle,
 * class 'H') or what the seed type stands for in the cell (a pointer to the
 * old struct, class 'P').  Each such value gives an event: where it comes from,
 * and where it goes.
 *
 * Keys name what values come from and go to:
 *	v:FILE:OFF	a local variable, by the place of its name; in a macro's
 *			body, if it is declared by typeof, with the place of
 *			the expansion, "@FILE:OFF"
 *	g:USR		a variable with linkage
 *	p:USR#N		parameter N of a function
 *	r:USR		what a function returns
 *	f:USR		a field
 *	p:*KEY#N, r:*KEY	parameter N, and the result, of the functions that
 *			the declaration KEY, a pointer to them, may have; KEY is
 *			"t:FILE:OFF:NAME" for those of a typedef
 *	d:KEY		what the declaration KEY points to
 * and, where there is no declaration,
 *	H	a value of the seed type (in an array, say)
 *	P	a value of the old pointer type without a declaration
 *	U:NAME	a value of another type, cast; NAME is the macro that it comes
 *		through, or, where a pointer to values gets it, the function
 *	m:NAME	a member of it is taken
 *	G	the controlling expression of a _Generic
 *	C:TYPE	cast to another type
 *	V	goes to a void pointer
 *	A	its address is taken, or it is counted up or down
 *	K	cast to the seed type
 *	N	tested, or compared with NULL: any pointer will do
 *	c:MACRO:KEY	compared with a value of one of the types, which comes
 *		through MACRO, or "", and is that of KEY
 *	X	anything else
 */
#ifndef AST_H
#define AST_H

#include <glib.h>
#include <string.h>

#include "read/fact.h"
#include "read/unit.h"

/* Is @key a declaration's, not one of the one-letter ends? */
static inline gboolean ast_is_decl(const char *key)
{
	return key[0] && key[1] == ':' && strchr("vgprfd", key[0]);
}

struct ast_decl {
	char *key;
	char cls;		/* 'H', 'P', or 'O' */
	char *file;		/* in the tree; "@BUILD@/..." for generated files */
	gsize start;		/* where the declaration begins */
	gsize name_off;		/* of the name; the end of the declaration without one */
	char *name;		/* "" without one */
	char *func;		/* name of the enclosing function, or NULL */
};

struct ast_event {
	char *src, *dst;	/* keys */
	char *file;		/* place of the value's first token, where it is spelled */
	gsize off;
	gsize end;		/* behind its last token; 0 when that is spelled elsewhere */
	guint line;
	char *xfile;		/* place where it is expanded */
	gsize xoff;
	/*
	 * The macro that it comes through, or "": the outermost of those that
	 * make it, or, for an argument, the outermost of all.
	 */
	char *xname;
	gboolean out;		/* a macro's value, used outside of the macro */
	char *use;		/* used within a macro: which; else "" */
	gboolean link;		/* of two names of one thing, no value: see "*" */
};

struct ast_func {
	char *usr, *name, *file;
	gsize start, end;	/* its text */
	gboolean defined;
};

struct ast_typedef {
	char *name, *file;
	gsize off;
	char *underlying;	/* "struct page *" */
};

/* A macro that is expanded in the unit, by the place of its name in the
 * definition; expansions within the bodies of macros are not told. */
struct ast_macro { char *file; gsize off; };

struct ast_facts {
	FACTS_COMMON;
	GPtrArray *decls, *events, *funcs, *typedefs, *diags, *skipped, *macros;
};

struct values_question {
	char **types;			/* seed types */
	const char *old_struct;		/* "page" */
};

#endif
