/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk through a translation unit, for src/read/ast.c and src/read/astpointer.c.  It
 * runs in a child: what is allocated is not freed.
 */
#ifndef AST_INTERNAL_H
#define AST_INTERNAL_H

#include "read/ast.h"
#include "read/cx.h"

struct ast_walk {
	struct fact_reader *r;
	const struct values_question *q;
	CXTranslationUnit tu;
	GHashTable *texts;	/* CXFile -> struct text, owned by libclang */
	GHashTable *seen;	/* declarations already written */
	GHashTable *expanded;	/* macro definitions already looked at */
	GHashTable *owners;	/* key of a pointer to functions -> CXCursor */
	GHashTable *refs;	/* keys of pointers to values: char * set */
	GHashTable *voids;	/* keys of void pointers: char * set */
	gboolean linking;	/* no values are written, see ast_link() */
	char *fn_usr, *fn_name;	/* the function that is walked */
	CXSourceLocation use;	/* of what uses the value that is walked */
};

/* ---- src/read/astrecords.c ---- */

#define AST_N_TYPES 7
extern const struct record_type *const ast_types[AST_N_TYPES];
extern const struct record_type ast_decl_type, ast_event_type, ast_func_type,
	ast_typedef_type, ast_macro_type, ast_diag_type, ast_range_type;

struct ast_place { const char *file; unsigned line, col, off; };

/* ---- src/read/ast.c ---- */

/* Put the facts of the unit, for fact_kind.read. */
int ast_read(struct fact_reader *r);

static inline gboolean ast_is_ours(char cls)
{
	return cls == 'H' || cls == 'P';
}

/* 'H', 'P', 'V', or 'O': see ast.h. */
char ast_class(struct ast_walk *w, CXType t);
/* Is it declared with the type of something else, and follows that one? */
gboolean ast_takes_any_type(CXCursor d);
/* The key of a declaration, which the caller frees, or NULL. */
char *ast_decl_key(struct ast_walk *w, CXCursor d);
void ast_put_decl(struct ast_walk *w, CXCursor d, const char *key, char cls);
/* The value at @at comes from @src and goes to @dst. */
void ast_put_event(struct ast_walk *w, CXCursor at, const char *src,
		   const char *dst);
struct ast_place ast_spelled(struct ast_walk *w, CXSourceLocation loc);
/* @c without parentheses and conversions that nobody wrote. */
CXCursor ast_bare(CXCursor c);
/* The operand of @c, of kind @k and, for a unary operator, operator @op. */
gboolean ast_operand(CXCursor c, enum CXCursorKind k,
		     enum CXUnaryOperatorKind op, CXCursor *of);

/* ---- src/read/astpointer.c ---- */

/* The function type that @t is, points to, or is an array of pointers to. */
CXType ast_function_type(CXType t);
/* The type of a declaration; what a typedef stands for. */
CXType ast_declared_type(CXCursor d);
/*
 * Where the parameters of the functions that @d is, or points to, are spelled:
 * in @d itself, in a typedef, or in the function whose type it takes.  None
 * when they are not ours.
 */
CXCursor ast_owner(struct ast_walk *w, CXCursor d);
CXCursor ast_owner_param(CXCursor owner, int n);
/* What is behind "r:" and "p:" in the keys, or NULL.  The caller frees it. */
char *ast_owner_key(struct ast_walk *w, CXCursor owner);
/* The class of what a value of type @t points to, or is an array of. */
char ast_pointee_class(struct ast_walk *w, CXType t);
/*
 * Remember @d, of @key, when it points to values of ours, or to functions with
 * such.
 */
void ast_know_pointer(struct ast_walk *w, CXCursor d, const char *key);
/* The pointer to functions of ours that @dst is the key of, or NULL. */
const CXCursor *ast_owner_at(const struct ast_walk *w, const char *dst);
/* Is @dst the key of a pointer to values of ours? */
gboolean ast_is_ref(const struct ast_walk *w, const char *dst);
/*
 * A function, or a pointer to one, at @at goes into another pointer: parameters
 * and results of both are one thing by two names.  Whatever is true of one is
 * true of the other.
 */
void ast_link(struct ast_walk *w, CXCursor at, CXCursor from, CXCursor to);
/* Who knows what function @at puts into the pointer @owner? */
void ast_link_unknown(struct ast_walk *w, CXCursor at, CXCursor owner);
/* The address of the function, or the pointer to one, @d goes out of sight. */
void ast_link_away(struct ast_walk *w, CXCursor at, CXCursor d);
/* What @at gives has two names, @a and @b. */
void ast_link_keys(struct ast_walk *w, CXCursor at, const char *a,
		   const char *b);
/* What is called through a pointer: its declaration, or none. */
CXCursor ast_called(CXCursor c);
/* The pointer @d, of @key, at @at goes to @dst, and what it points to with it. */
void ast_pointer_goes(struct ast_walk *w, CXCursor at, CXCursor d,
		      const char *key, const char *dst);
gboolean ast_points_to_ours(struct ast_walk *w, CXCursor c);
gboolean ast_is_deref(CXCursor c);
/* "d:KEY" of what is at @c, "*p" or "p[i]", or NULL.  The caller frees it. */
char *ast_element_key(struct ast_walk *w, CXCursor c);
gboolean ast_names_function(CXCursor c);

#endif
