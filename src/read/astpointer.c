// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is reached through pointers: the parameters and results of functions
 * that a pointer leads to, and the values that one points to.  Both have keys
 * of their own; what goes into a pointer links them to those of what it came
 * from.
 */
#include <string.h>

#include "read/ast-internal.h"
#include "read/cx.h"

CXType ast_function_type(CXType t)
{
	for (;;) {
		switch (t.kind) {
		case CXType_Elaborated:
			t = clang_Type_getNamedType(t);
			break;
		case CXType_Typedef:
			t = clang_getTypedefDeclUnderlyingType(
						clang_getTypeDeclaration(t));
			break;
		case CXType_Pointer:
			t = clang_getPointeeType(t);
			break;
		case CXType_ConstantArray:
		case CXType_IncompleteArray:
			t = clang_getArrayElementType(t);
			break;
		case CXType_FunctionProto:
			return t;
		default:	/* named in another way, as by typeof */
			t = clang_getCanonicalType(t);
			if (t.kind != CXType_Pointer &&
			    t.kind != CXType_FunctionProto)
				return (CXType){ .kind = CXType_Invalid };
		}
	}
}

/* Does it take or return a value of one of our types? */
static gboolean carries(struct ast_walk *w, CXType fn)
{
	gboolean yes;

	if (fn.kind != CXType_FunctionProto)
		return FALSE;
	yes = ast_is_ours(ast_class(w, clang_getResultType(fn)));
	for (int i = 0; i < clang_getNumArgTypes(fn); i++)
		yes |= ast_is_ours(ast_class(w, clang_getArgType(fn, i)));
	return yes;
}

CXType ast_declared_type(CXCursor d)
{
	return clang_getCursorKind(d) == CXCursor_TypedefDecl ?
	       clang_getTypedefDeclUnderlyingType(d) : clang_getCursorType(d);
}

static gboolean same_type(CXType a, CXType b)
{
	return clang_equalTypes(clang_getCanonicalType(a),
				clang_getCanonicalType(b));
}

CXCursor ast_owner(struct ast_walk *w, CXCursor d)
{
	CXCursor none = clang_getNullCursor(), r;
	enum CXCursorKind k = clang_getCursorKind(d);
	CXType fn;
	GArray *v;

	if (k != CXCursor_FunctionDecl && k != CXCursor_FieldDecl &&
	    k != CXCursor_VarDecl && k != CXCursor_ParmDecl &&
	    k != CXCursor_TypedefDecl)
		return none;
	fn = ast_function_type(ast_declared_type(d));
	if (!carries(w, fn))
		return none;
	if (k == CXCursor_FunctionDecl)
		return d;
	v = cx_children(d);
	for (guint i = 0; i < v->len; i++) {
		CXCursor c = CX_CHILD(v, i);

		if (clang_getCursorKind(c) != CXCursor_TypeRef &&
		    !(clang_isExpression(clang_getCursorKind(c)) &&
		      ast_takes_any_type(d)))
			continue;
		r = clang_getCursorReferenced(c);
		if (clang_Cursor_isNull(r) || !same_type(fn,
				ast_function_type(ast_declared_type(r))))
			continue;
		d = ast_owner(w, r);
		break;
	}
	g_array_free(v, TRUE);
	return d;
}

CXCursor ast_owner_param(CXCursor owner, int n)
{
	CXCursor p = clang_getNullCursor();
	GArray *v;

	if (clang_getCursorKind(owner) == CXCursor_FunctionDecl)
		return clang_Cursor_getArgument(owner, n);
	v = cx_children(owner);
	for (guint i = 0; i < v->len && n >= 0; i++)
		if (clang_getCursorKind(CX_CHILD(v, i)) == CXCursor_ParmDecl &&
		    !n--)
			p = CX_CHILD(v, i);
	g_array_free(v, TRUE);
	return p;
}

char *ast_owner_key(struct ast_walk *w, CXCursor owner)
{
	char *key, *all;

	if (clang_getCursorKind(owner) == CXCursor_FunctionDecl)
		return cx_take(clang_getCursorUSR(owner));
	if (clang_getCursorKind(owner) == CXCursor_TypedefDecl) {
		CXSourceLocation l = clang_getCursorLocation(owner);
		struct ast_place p = ast_spelled(w, l);
		char *name = cx_take(clang_getCursorSpelling(owner));

		all = p.file ? g_strdup_printf("*t:%s:%u:%s", p.file, p.off,
					       name) : NULL;
		g_free(name);
		return all;
	}
	key = ast_decl_key(w, owner);
	all = key ? g_strconcat("*", key, NULL) : NULL;
	g_free(key);
	return all;
}

/* Tell of the parameters of @owner, and of what it returns. */
static void put_owner(struct ast_walk *w, CXCursor owner)
{
	CXType fn = ast_function_type(ast_declared_type(owner));
	char *key = ast_owner_key(w, owner), *of;
	char cls = ast_class(w, clang_getResultType(fn));

	if (key && ast_is_ours(cls)) {
		of = g_strconcat("r:", key, NULL);
		ast_put_decl(w, owner, of, cls);
		g_free(of);
	}
	for (int i = 0; key && i < clang_getNumArgTypes(fn); i++) {
		CXCursor p = ast_owner_param(owner, i);

		cls = ast_class(w, clang_getCursorType(p));
		if (!ast_is_ours(cls))
			continue;
		of = g_strdup_printf("p:%s#%d", key, i);
		ast_put_decl(w, p, of, cls);
		g_free(of);
	}
	g_free(key);
}

char ast_pointee_class(struct ast_walk *w, CXType t)
{
	CXType c = clang_getCanonicalType(t), e = clang_getArrayElementType(t);

	if (e.kind != CXType_Invalid)
		return ast_class(w, e);
	if (c.kind != CXType_Pointer)
		return 'O';
	return ast_class(w, clang_getPointeeType(t.kind == CXType_Pointer ?
						 t : c));
}

void ast_know_pointer(struct ast_walk *w, CXCursor d, const char *key)
{
	char cls = ast_pointee_class(w, ast_declared_type(d));
	CXCursor owner, *copy;
	char *of;

	if (key && ast_class(w, ast_declared_type(d)) == 'V')
		g_hash_table_add(w->voids, g_strdup(key));
	if (key && ast_is_ours(cls)) {
		of = g_strconcat("d:", key, NULL);
		ast_put_decl(w, d, of, cls);
		g_free(of);
		if (!g_hash_table_contains(w->refs, key))
			g_hash_table_add(w->refs, g_strdup(key));
		return;
	}
	owner = ast_owner(w, d);
	if (!key || clang_Cursor_isNull(owner))
		return;
	put_owner(w, owner);
	copy = g_memdup2(&owner, sizeof(owner));
	g_hash_table_replace(w->owners, g_strdup(key), copy);
}

void ast_link(struct ast_walk *w, CXCursor at, CXCursor from, CXCursor to)
{
	CXType fn = ast_function_type(ast_declared_type(from));
	char *a = ast_owner_key(w, from), *b = ast_owner_key(w, to);

	w->linking = TRUE;
	for (int i = -1; a && b && strcmp(a, b) &&
	     i < clang_getNumArgTypes(fn); i++) {
		CXType t = i < 0 ? clang_getResultType(fn)
				 : clang_getArgType(fn, i);
		char *n = i < 0 ? g_strdup("") : g_strdup_printf("#%d", i);
		char *src = g_strconcat(i < 0 ? "r:" : "p:", a, n, NULL);
		char *dst = g_strconcat(i < 0 ? "r:" : "p:", b, n, NULL);

		if (ast_is_ours(ast_class(w, t))) {
			ast_put_event(w, at, src, dst);
			ast_put_event(w, at, dst, src);
		}
		g_free(src);
		g_free(dst);
		g_free(n);
	}
	w->linking = FALSE;
	put_owner(w, from);
	g_free(a);
	g_free(b);
}

void ast_link_unknown(struct ast_walk *w, CXCursor at, CXCursor owner)
{
	CXType fn = ast_function_type(ast_declared_type(owner));
	char *key = ast_owner_key(w, owner);

	w->linking = TRUE;
	for (int i = -1; key && i < clang_getNumArgTypes(fn); i++) {
		char *dst = i < 0 ? g_strconcat("r:", key, NULL) :
				    g_strdup_printf("p:%s#%d", key, i);

		ast_put_event(w, at, "U:", dst);
		g_free(dst);
	}
	w->linking = FALSE;
	g_free(key);
}

void ast_link_away(struct ast_walk *w, CXCursor at, CXCursor d)
{
	char *key = ast_owner_key(w, d), *src = g_strconcat("r:", key, NULL);

	if (key)
		ast_put_event(w, at, src, "A");
	g_free(src);
	g_free(key);
}

gboolean ast_is_ref(const struct ast_walk *w, const char *dst)
{
	return g_hash_table_contains(w->refs, dst);
}

const CXCursor *ast_owner_at(const struct ast_walk *w, const char *dst)
{
	return g_hash_table_lookup(w->owners, dst);
}

CXCursor ast_called(CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c = ast_bare(c));
		CXCursor of = clang_getNullCursor();
		GArray *v;

		if (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr)
			return clang_getCursorReferenced(c);
		if (k != CXCursor_ArraySubscriptExpr &&
		    !ast_operand(c, CXCursor_UnaryOperator,
				 CXUnaryOperator_Deref, &of))
			return clang_getNullCursor();
		v = cx_children(c);
		if (v->len)
			of = CX_CHILD(v, 0);
		g_array_free(v, TRUE);
		if (clang_Cursor_isNull(of))
			return of;
		c = of;
	}
}

gboolean ast_points_to_ours(struct ast_walk *w, CXCursor c)
{
	return ast_is_ours(ast_pointee_class(w, clang_getCursorType(c)));
}

/* The pointer that "p + 1" and "p++" lead to: p. */
static CXCursor pointer_in(struct ast_walk *w, CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c = ast_bare(c));
		CXCursor of = c;
		GArray *v;

		if (k != CXCursor_BinaryOperator && k != CXCursor_UnaryOperator)
			return c;
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			if (ast_points_to_ours(w, CX_CHILD(v, i)))
				of = CX_CHILD(v, i);
		g_array_free(v, TRUE);
		if (clang_equalCursors(of, c))
			return c;
		c = of;
	}
}

/* "d:KEY" of what @c, an expression, points to, when it has a declaration. */
static char *pointee_key(struct ast_walk *w, CXCursor c)
{
	CXCursor d;
	char *key, *of;

	c = pointer_in(w, c);
	if (clang_getCursorKind(c) != CXCursor_DeclRefExpr &&
	    clang_getCursorKind(c) != CXCursor_MemberRefExpr)
		return NULL;
	d = clang_getCursorReferenced(c);
	if (clang_Cursor_isNull(d) ||
	    !ast_is_ours(ast_pointee_class(w, ast_declared_type(d))))
		return NULL;
	key = ast_decl_key(w, d);
	if (!key)
		return NULL;
	ast_know_pointer(w, d, key);
	of = g_strconcat("d:", key, NULL);
	g_free(key);
	return of;
}

char *ast_element_key(struct ast_walk *w, CXCursor c)
{
	GArray *v = cx_children(ast_bare(c));
	char *key = v->len ? pointee_key(w, CX_CHILD(v, 0)) : NULL;

	g_array_free(v, TRUE);
	return key;
}

void ast_link_keys(struct ast_walk *w, CXCursor at, const char *a,
		   const char *b)
{
	if (!strcmp(a, b))
		return;
	w->linking = TRUE;
	ast_put_event(w, at, a, b);
	ast_put_event(w, at, b, a);
	w->linking = FALSE;
}

/*
 * A void pointer, or one that is cast, reads it as something else, as it did
 * before.  Elsewhere somebody may store what is none of ours.
 */
void ast_pointer_goes(struct ast_walk *w, CXCursor at, CXCursor d,
		      const char *key, const char *dst)
{
	char *from, *to;

	if (!ast_is_ours(ast_pointee_class(w, ast_declared_type(d))))
		return;
	from = g_strconcat("d:", key, NULL);
	to = g_strconcat("d:", dst, NULL);
	if (ast_is_ref(w, dst))
		ast_link_keys(w, at, from, to);
	else if (!strcmp(dst, "A") || !strcmp(dst, "X") ||
		 (ast_is_decl(dst) && !g_hash_table_contains(w->voids, dst)))
		ast_put_event(w, at, from, "A");
	g_free(from);
	g_free(to);
}

gboolean ast_is_deref(CXCursor c)
{
	CXCursor of;

	c = ast_bare(c);
	return clang_getCursorKind(c) == CXCursor_ArraySubscriptExpr ||
	       ast_operand(c, CXCursor_UnaryOperator, CXUnaryOperator_Deref,
			   &of);
}

gboolean ast_names_function(CXCursor c)
{
	c = ast_bare(c);
	return clang_getCursorKind(c) == CXCursor_DeclRefExpr &&
	       clang_getCursorKind(clang_getCursorReferenced(c)) ==
	       CXCursor_FunctionDecl;
}
