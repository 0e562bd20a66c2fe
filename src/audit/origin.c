// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function is walked once a call: its reachable assignments and returns are
 * collected, then the returned values are followed back.  The order of
 * statements does not count but for returns, so a variable has the origins of
 * all its assignments.  Where the walk does not know better (an address that
 * is taken, a label, a call that nobody can look into) it answers with an
 * origin of its own, never with silence.
 */
#include <string.h>

#include "text/lex.h"
#include "audit/origin.h"

#define MAX_DEPTH 24

struct guard {
	CXCursor cond;
	const struct guard *next;
};

struct assign {
	CXCursor var;		/* the declaration */
	CXCursor rhs;
	gboolean moves;		/* "+=" and the like: of what it was */
	enum CXBinaryOperatorKind op;
	const struct guard *guards;
};

struct ret {
	CXCursor expr;
	const struct guard *guards;
};

struct frame {
	struct frame *up;
	CXCursor call;		/* in @up */
	CXCursor fn;		/* a definition */
	guint depth;
	gboolean whole;		/* take every statement as reachable */
	GPtrArray *assigns, *returns;	/* of what is reachable */
	GPtrArray *all;		/* assignments of the whole body */
	GPtrArray *aliased;	/* CXCursor *: variables whose address is taken */
	GPtrArray *visiting;	/* CXCursor *: variables that are followed */
};

struct tracer {
	struct world *w;
	const struct origin_names *n;
	GHashTable *known;
	GHashTable *needs;	/* variables that evaluation missed, or NULL */
	GPtrArray *decided;	/* char *: the stack of deciding variables */
	struct origins *out;
};

/* ---- expressions ---- */

static CXCursor bare(CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c);
		GArray *v;

		if (k != CXCursor_ParenExpr && k != CXCursor_UnexposedExpr &&
		    k != CXCursor_CStyleCastExpr)
			return c;
		v = cx_children(c);
		if (!v->len || (k == CXCursor_UnexposedExpr && v->len > 1)) {
			g_array_free(v, TRUE);
			return c;
		}
		c = CX_CHILD(v, v->len - 1);
		g_array_free(v, TRUE);
	}
}

static char *callee_name(CXCursor call)
{
	return cx_take(clang_getCursorSpelling(call));
}

static gboolean same_decl(CXCursor a, CXCursor b)
{
	return clang_equalCursors(clang_getCanonicalCursor(a),
				  clang_getCanonicalCursor(b));
}

static gboolean is_global(CXCursor d)
{
	CXCursor p = clang_getCursorSemanticParent(d);

	return clang_getCursorKind(d) == CXCursor_VarDecl &&
	       (clang_getCursorKind(p) == CXCursor_TranslationUnit ||
		clang_Cursor_getStorageClass(d) == CX_SC_Static ||
		clang_Cursor_getStorageClass(d) == CX_SC_Extern);
}

/* Which parameter of the frame's function is @d?  -1: none. */
static int param_index(const struct frame *f, CXCursor d)
{
	int n = clang_Cursor_getNumArguments(f->fn);

	for (int i = 0; i < n; i++)
		if (clang_equalCursors(clang_Cursor_getArgument(f->fn, i), d))
			return i;
	return -1;
}

/* The argument in the caller, or a null cursor. */
static CXCursor argument(const struct frame *f, int i)
{
	if (!f->up || i < 0 || clang_Cursor_isNull(f->call))
		return clang_getNullCursor();
	return clang_Cursor_getArgument(f->call, i);
}

/* ---- values ---- */

static gboolean value_of(struct tracer *t, CXCursor c, struct frame *f,
			 guint depth, gint64 *out);

static gboolean constant(CXCursor c, gint64 *out)
{
	CXEvalResult r;
	gboolean ok;

	if (!clang_isExpression(clang_getCursorKind(c)))
		return FALSE;
	r = clang_Cursor_Evaluate(c);
	ok = r && clang_EvalResult_getKind(r) == CXEval_Int;
	if (ok)
		*out = clang_EvalResult_getAsLongLong(r);
	if (r)
		clang_EvalResult_dispose(r);
	return ok;
}

static gboolean binary(enum CXBinaryOperatorKind op, gint64 a, gint64 b,
		       gint64 *out)
{
	switch (op) {
	case CXBinaryOperator_Add: *out = a + b; return TRUE;
	case CXBinaryOperator_Sub: *out = a - b; return TRUE;
	case CXBinaryOperator_Mul: *out = a * b; return TRUE;
	case CXBinaryOperator_Div:
		if (!b)
			return FALSE;
		*out = (guint64)a / (guint64)b;
		return TRUE;
	case CXBinaryOperator_Rem:
		if (!b)
			return FALSE;
		*out = (guint64)a % (guint64)b;
		return TRUE;
	case CXBinaryOperator_Shl:
	case CXBinaryOperator_Shr:
		if (b < 0 || b > 63)
			return FALSE;
		*out = op == CXBinaryOperator_Shl ? (guint64)a << b
						  : (guint64)a >> b;
		return TRUE;
	case CXBinaryOperator_And: *out = a & b; return TRUE;
	case CXBinaryOperator_Or: *out = a | b; return TRUE;
	case CXBinaryOperator_Xor: *out = a ^ b; return TRUE;
	case CXBinaryOperator_LAnd: *out = a && b; return TRUE;
	case CXBinaryOperator_LOr: *out = a || b; return TRUE;
	case CXBinaryOperator_EQ: *out = a == b; return TRUE;
	case CXBinaryOperator_NE: *out = a != b; return TRUE;
	case CXBinaryOperator_LT: *out = a < b; return TRUE;
	case CXBinaryOperator_GT: *out = a > b; return TRUE;
	case CXBinaryOperator_LE: *out = a <= b; return TRUE;
	case CXBinaryOperator_GE: *out = a >= b; return TRUE;
	default: return FALSE;
	}
}

static gboolean value_of_variable(struct tracer *t, CXCursor d,
				  struct frame *f, guint depth, gint64 *out)
{
	const struct assign *only = NULL;

	if (is_global(d)) {
		char *name = cx_take(clang_getCursorSpelling(d));
		gint64 *v = t->known ? g_hash_table_lookup(t->known, name)
				     : NULL;

		if (v)
			*out = *v;
		else if (t->needs)
			g_hash_table_add(t->needs, g_strdup(name));
		g_free(name);
		return v != NULL;
	}
	if (!f)
		return FALSE;
	if (clang_getCursorKind(d) == CXCursor_ParmDecl) {
		CXCursor a = argument(f, param_index(f, d));

		for (guint i = 0; i < f->all->len; i++)
			if (same_decl(((struct assign *)f->all->pdata[i])->var,
				      d))
				return FALSE;
		return !clang_Cursor_isNull(a) &&
		       value_of(t, a, f->up, depth + 1, out);
	}
	for (guint i = 0; i < f->aliased->len; i++)
		if (same_decl(*(CXCursor *)f->aliased->pdata[i], d))
			return FALSE;
	for (guint i = 0; i < f->all->len; i++) {
		const struct assign *a = f->all->pdata[i];

		if (!same_decl(a->var, d))
			continue;
		if (only || a->moves)
			return FALSE;
		only = a;
	}
	return only && value_of(t, only->rhs, f, depth + 1, out);
}

/* An element of a constant array with an initialiser. */
static gboolean value_of_element(struct tracer *t, CXCursor c,
				 struct frame *f, guint depth, gint64 *out)
{
	GArray *v = cx_children(c), *init = NULL;
	gboolean ok = FALSE;
	CXCursor d;
	gint64 i;

	if (v->len != 2)
		goto out;
	d = clang_getCursorReferenced(bare(CX_CHILD(v, 0)));
	if (clang_getCursorKind(d) != CXCursor_VarDecl ||
	    !clang_isConstQualifiedType(clang_getArrayElementType(
						clang_getCursorType(d))) ||
	    !value_of(t, CX_CHILD(v, 1), f, depth + 1, &i))
		goto out;
	d = clang_Cursor_getVarDeclInitializer(d);
	if (clang_getCursorKind(d) != CXCursor_InitListExpr)
		goto out;
	init = cx_children(d);
	ok = i >= 0 && i < init->len &&
	     value_of(t, CX_CHILD(init, i), f, depth + 1, out);
out:
	if (init)
		g_array_free(init, TRUE);
	g_array_free(v, TRUE);
	return ok;
}

static gboolean value_of_children(struct tracer *t, CXCursor c,
				  struct frame *f, guint depth, gint64 *out)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	GArray *v = cx_children(c);
	gboolean ok = FALSE, left, right;
	gint64 a, b;

	if (k == CXCursor_BinaryOperator && v->len == 2) {
		enum CXBinaryOperatorKind op =
			clang_getCursorBinaryOperatorKind(c);

		left = value_of(t, CX_CHILD(v, 0), f, depth + 1, &a);
		right = value_of(t, CX_CHILD(v, 1), f, depth + 1, &b);
		if (op == CXBinaryOperator_LAnd && ((left && !a) ||
						    (right && !b))) {
			*out = 0;
			ok = TRUE;
		} else if (op == CXBinaryOperator_LOr && ((left && a) ||
							  (right && b))) {
			*out = 1;
			ok = TRUE;
		} else {
			ok = left && right && binary(op, a, b, out);
		}
	} else if (k == CXCursor_UnaryOperator && v->len == 1 &&
		   value_of(t, CX_CHILD(v, 0), f, depth + 1, &a)) {
		ok = TRUE;
		switch (clang_getCursorUnaryOperatorKind(c)) {
		case CXUnaryOperator_LNot: *out = !a; break;
		case CXUnaryOperator_Not: *out = ~a; break;
		case CXUnaryOperator_Minus: *out = -a; break;
		case CXUnaryOperator_Plus: *out = a; break;
		default: ok = FALSE;
		}
	} else if (k == CXCursor_ConditionalOperator && v->len == 3 &&
		   value_of(t, CX_CHILD(v, 0), f, depth + 1, &a)) {
		ok = value_of(t, CX_CHILD(v, a ? 1 : 2), f, depth + 1, out);
	} else if (k == CXCursor_CallExpr) {
		char *name = callee_name(c);

		ok = !strcmp(name, "__builtin_expect") &&
		     value_of(t, clang_Cursor_getArgument(c, 0), f, depth + 1,
			      out);
		g_free(name);
	}
	g_array_free(v, TRUE);
	return ok;
}

static gboolean value_of(struct tracer *t, CXCursor c, struct frame *f,
			 guint depth, gint64 *out)
{
	CXCursor d;

	if (depth > 64)
		return FALSE;
	if (constant(c, out))
		return TRUE;
	c = bare(c);
	if (constant(c, out))
		return TRUE;
	switch (clang_getCursorKind(c)) {
	case CXCursor_DeclRefExpr:
		d = clang_getCursorReferenced(c);
		return value_of_variable(t, d, f, depth, out);
	case CXCursor_ArraySubscriptExpr:
		return value_of_element(t, c, f, depth, out);
	default:
		return value_of_children(t, c, f, depth, out);
	}
}

gboolean origin_value(CXCursor expr, GHashTable *known, gint64 *value,
		      GHashTable *needs)
{
	struct tracer t = { .known = known, .needs = needs };

	return value_of(&t, expr, NULL, 0, value);
}

/* ---- may a flag be set in an expression? ---- */

static enum tri or(enum tri a, enum tri b)
{
	return a == YES || b == YES ? YES : a == UNKNOWN ? a : b;
}

static enum tri and(enum tri a, enum tri b)
{
	return a == NO || b == NO ? NO : a == UNKNOWN ? a : b;
}

static enum tri has_flag(struct tracer *t, CXCursor c, struct frame *f,
			 guint depth);

static enum tri variable_has_flag(struct tracer *t, CXCursor d,
				  struct frame *f, guint depth)
{
	enum tri r = UNKNOWN;
	gboolean any = FALSE;

	if (is_global(d)) {
		/* By what it starts with: it may be changed at run time. */
		CXCursor init = clang_getCursorDefinition(d);

		init = clang_Cursor_isNull(init) ? init :
		       clang_Cursor_getVarDeclInitializer(init);
		return clang_Cursor_isNull(init) ? UNKNOWN :
		       has_flag(t, init, NULL, depth + 1);
	}
	if (!f)
		return UNKNOWN;
	if (clang_getCursorKind(d) == CXCursor_ParmDecl) {
		CXCursor a = argument(f, param_index(f, d));

		any = !clang_Cursor_isNull(a);
		if (any)
			r = has_flag(t, a, f->up, depth + 1);
	}
	for (guint i = 0; i < f->assigns->len; i++) {
		const struct assign *a = f->assigns->pdata[i];
		enum tri x;

		if (!same_decl(a->var, d) ||
		    a->op == CXBinaryOperator_AndAssign)
			continue;
		x = a->op == CXBinaryOperator_Assign ||
		    a->op == CXBinaryOperator_OrAssign ?
			has_flag(t, a->rhs, f, depth + 1) : UNKNOWN;
		r = any ? or(r, x) : x;
		any = TRUE;
	}
	return r;
}

static enum tri has_flag(struct tracer *t, CXCursor c, struct frame *f,
			 guint depth)
{
	enum tri r = UNKNOWN;
	gint64 v;
	GArray *ch;

	if (depth > 64)
		return UNKNOWN;
	if (value_of(t, c, f, 0, &v))
		return v & t->n->highmem ? YES : NO;
	c = bare(c);
	ch = cx_children(c);
	switch (clang_getCursorKind(c)) {
	case CXCursor_DeclRefExpr:
		r = variable_has_flag(t, clang_getCursorReferenced(c), f,
				      depth);
		break;
	case CXCursor_ConditionalOperator:
		if (ch->len == 3)
			r = or(has_flag(t, CX_CHILD(ch, 1), f, depth + 1),
			       has_flag(t, CX_CHILD(ch, 2), f, depth + 1));
		break;
	case CXCursor_BinaryOperator:
		if (ch->len != 2)
			break;
		r = has_flag(t, CX_CHILD(ch, 0), f, depth + 1);
		if (clang_getCursorBinaryOperatorKind(c) ==
		    CXBinaryOperator_Or)
			r = or(r, has_flag(t, CX_CHILD(ch, 1), f, depth + 1));
		else if (clang_getCursorBinaryOperatorKind(c) ==
			 CXBinaryOperator_And)
			r = and(r, has_flag(t, CX_CHILD(ch, 1), f, depth + 1));
		else
			r = UNKNOWN;
		break;
	default:
		break;
	}
	g_array_free(ch, TRUE);
	return r;
}

/* ---- a function's reachable statements ---- */

static gboolean walk(struct tracer *t, struct frame *f, CXCursor c,
		     const struct guard **guards);

static CXCursor *boxed(CXCursor c)
{
	CXCursor *p = g_new(CXCursor, 1);

	*p = c;
	return p;
}

static const struct guard *guarded(const struct guard *g, CXCursor cond)
{
	struct guard *n = g_new(struct guard, 1);

	n->cond = cond;
	n->next = g;
	return n;
}

static void add_assign(struct frame *f, CXCursor var, CXCursor rhs,
		       enum CXBinaryOperatorKind op, const struct guard *g)
{
	struct assign *a = g_new(struct assign, 1);

	*a = (struct assign) { var, rhs, op != CXBinaryOperator_Assign, op,
			       g };
	g_ptr_array_add(f->assigns, a);
}

static CXCursor lvalue(CXCursor c)
{
	c = bare(c);
	return clang_getCursorKind(c) == CXCursor_DeclRefExpr ?
	       clang_getCursorReferenced(c) : clang_getNullCursor();
}

static gboolean is_bytes(CXType type)
{
	CXType p;

	type = clang_getCanonicalType(type);
	if (type.kind != CXType_Pointer)
		return FALSE;
	p = clang_getPointeeType(type);
	return p.kind == CXType_Void || clang_Type_getSizeOf(p) == 1;
}

static void add_step(struct tracer *t, struct frame *f, CXCursor by)
{
	struct cx_place p = cx_place(&t->w->names,
			clang_getRangeStart(clang_getCursorExtent(by)));
	struct origin_step *s;
	GHashTable *needs = t->needs;
	gboolean ok;
	gint64 v;

	t->needs = t->out->variables;
	ok = value_of(t, by, f, 0, &v);
	t->needs = needs;
	if (!ok || !v || !p.file)
		return;
	for (guint i = 0; i < t->out->steps->len; i++) {
		s = t->out->steps->pdata[i];
		if (s->bytes == v && s->line == p.line && s->file == p.file)
			return;
	}
	s = g_new(struct origin_step, 1);
	*s = (struct origin_step) { v, p.file, p.line };
	g_ptr_array_add(t->out->steps, s);
}

/* "p + n" of a pointer to bytes; n may be a variable that grows by steps. */
static void look_for_step(struct tracer *t, struct frame *f, CXCursor ptr,
			  CXCursor by)
{
	CXCursor var = lvalue(by);
	gint64 v;

	if (!is_bytes(clang_getCursorType(ptr)))
		return;
	add_step(t, f, by);
	if (clang_Cursor_isNull(var) || is_global(var) ||
	    value_of(t, by, f, 0, &v))
		return;
	for (guint i = 0; i < f->all->len; i++) {
		const struct assign *a = f->all->pdata[i];

		if (a->moves && same_decl(a->var, var))
			add_step(t, f, a->rhs);
	}
}

static void walk_expr(struct tracer *t, struct frame *f, CXCursor c,
		      const struct guard *g)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	CXCursor var;
	GArray *v;

	if (k == CXCursor_UnaryExpr)	/* sizeof and the like */
		return;
	v = cx_children(c);
	if ((k == CXCursor_BinaryOperator && v->len == 2 &&
	     clang_getCursorBinaryOperatorKind(c) == CXBinaryOperator_Assign) ||
	    (k == CXCursor_CompoundAssignOperator && v->len == 2)) {
		var = lvalue(CX_CHILD(v, 0));
		if (!clang_Cursor_isNull(var))
			add_assign(f, var, CX_CHILD(v, 1),
				   clang_getCursorBinaryOperatorKind(c), g);
		if (f->all && k == CXCursor_CompoundAssignOperator)
			look_for_step(t, f, CX_CHILD(v, 0), CX_CHILD(v, 1));
	} else if (k == CXCursor_BinaryOperator && v->len == 2 && f->all &&
		   clang_getCursorBinaryOperatorKind(c) ==
		   CXBinaryOperator_Add) {
		look_for_step(t, f, CX_CHILD(v, 0), CX_CHILD(v, 1));
		look_for_step(t, f, CX_CHILD(v, 1), CX_CHILD(v, 0));
	} else if (k == CXCursor_UnaryOperator && v->len == 1) {
		var = lvalue(CX_CHILD(v, 0));
		switch (clang_getCursorUnaryOperatorKind(c)) {
		case CXUnaryOperator_AddrOf:
		case CXUnaryOperator_PreInc:
		case CXUnaryOperator_PostInc:
		case CXUnaryOperator_PreDec:
		case CXUnaryOperator_PostDec:
			if (!clang_Cursor_isNull(var))
				g_ptr_array_add(f->aliased, boxed(var));
			break;
		default:
			break;
		}
	}
	for (guint i = 0; i < v->len; i++) {
		const struct guard *inner = g;

		walk(t, f, CX_CHILD(v, i), &inner);
	}
	g_array_free(v, TRUE);
}

static gboolean walk_if(struct tracer *t, struct frame *f, CXCursor c,
			const struct guard **guards)
{
	GArray *v = cx_children(c);
	const struct guard *g = *guards, *then_g, *else_g;
	gboolean then_on = TRUE, else_on = TRUE;
	gint64 value;

	if (v->len < 2) {
		g_array_free(v, TRUE);
		return TRUE;
	}
	walk_expr(t, f, CX_CHILD(v, 0), g);
	if (!f->whole && value_of(t, CX_CHILD(v, 0), f, 0, &value)) {
		if (value)
			then_on = walk(t, f, CX_CHILD(v, 1), guards);
		else if (v->len > 2)
			then_on = walk(t, f, CX_CHILD(v, 2), guards);
		g_array_free(v, TRUE);
		return then_on;
	}
	g = guarded(g, CX_CHILD(v, 0));
	then_g = else_g = g;
	then_on = walk(t, f, CX_CHILD(v, 1), &then_g);
	if (v->len > 2)
		else_on = walk(t, f, CX_CHILD(v, 2), &else_g);
	/* What follows is reached by way of the condition. */
	if (then_on != else_on)
		*guards = then_on ? then_g : else_g;
	g_array_free(v, TRUE);
	return then_on || else_on;
}

static gboolean is_label(CXCursor c)
{
	enum CXCursorKind k = clang_getCursorKind(c);

	return k == CXCursor_LabelStmt || k == CXCursor_CaseStmt ||
	       k == CXCursor_DefaultStmt;
}

/* Does control come out at the end of @c? */
static gboolean walk(struct tracer *t, struct frame *f, CXCursor c,
		     const struct guard **guards)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	const struct guard *inner;
	gboolean on = TRUE;
	struct ret *r;
	CXCursor init;
	GArray *v;

	switch (k) {
	case CXCursor_VarDecl:
		init = clang_Cursor_getVarDeclInitializer(c);
		if (!clang_Cursor_isNull(init)) {
			if (!is_global(c))
				add_assign(f, c, init, CXBinaryOperator_Assign,
					   *guards);
			walk_expr(t, f, init, *guards);
		}
		return TRUE;
	case CXCursor_IfStmt:
		return walk_if(t, f, c, guards);
	case CXCursor_ReturnStmt:
		v = cx_children(c);
		if (v->len) {
			walk_expr(t, f, CX_CHILD(v, 0), *guards);
			r = g_new(struct ret, 1);
			*r = (struct ret) { CX_CHILD(v, 0), *guards };
			g_ptr_array_add(f->returns, r);
		}
		g_array_free(v, TRUE);
		return FALSE;
	case CXCursor_GotoStmt:
	case CXCursor_BreakStmt:
	case CXCursor_ContinueStmt:
		return f->whole ? TRUE : FALSE;
	case CXCursor_CompoundStmt:
		inner = *guards;
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			if (on || f->whole || is_label(CX_CHILD(v, i)))
				on = walk(t, f, CX_CHILD(v, i), &inner);
		if (on)
			*guards = inner;
		g_array_free(v, TRUE);
		return on;
	case CXCursor_ForStmt:
	case CXCursor_WhileStmt:
	case CXCursor_DoStmt:
	case CXCursor_SwitchStmt:
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++) {
			inner = *guards;
			walk(t, f, CX_CHILD(v, i), &inner);
		}
		g_array_free(v, TRUE);
		return TRUE;
	default:
		break;
	}
	if (clang_isExpression(k)) {
		walk_expr(t, f, c, *guards);
		return TRUE;
	}
	if (clang_isStatement(k)) {
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			on = walk(t, f, CX_CHILD(v, i), guards);
		g_array_free(v, TRUE);
		return on;
	}
	return TRUE;
}

static enum CXChildVisitResult find_label(CXCursor c, CXCursor parent,
					  CXClientData data)
{
	if (clang_getCursorKind(c) == CXCursor_LabelStmt)
		*(gboolean *)data = TRUE;
	return CXChildVisit_Recurse;
}

/* ---- origins ---- */

static void follow(struct tracer *t, CXCursor c, struct frame *f);

static void add_keys(GHashTable *to, GHashTable *from)
{
	static gint64 any = 1;
	GHashTableIter it;
	gpointer name;

	if (!from)
		return;
	g_hash_table_iter_init(&it, from);
	while (g_hash_table_iter_next(&it, &name, NULL))
		g_hash_table_insert(to, name, &any);
}

/*
 * The variables that alone decide a condition: with a value for each it has
 * one.  None when it depends on something else.
 */
static void push_guard(struct tracer *t, CXCursor cond)
{
	GHashTable *needs = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter it;
	gpointer name;
	gint64 v;

	if (!origin_value(cond, t->known, &v, needs)) {
		add_keys(all, needs);
		add_keys(all, t->known);
		g_hash_table_iter_init(&it, needs);
		if (origin_value(cond, all, &v, NULL))
			while (g_hash_table_iter_next(&it, &name, NULL))
				g_ptr_array_add(t->decided, g_strdup(name));
	}
	g_hash_table_destroy(all);
	g_hash_table_destroy(needs);
}

static guint push_guards(struct tracer *t, const struct guard *g)
{
	guint before = t->decided->len;

	for (; g; g = g->next)
		push_guard(t, g->cond);
	return before;
}

static void pop_guards(struct tracer *t, guint before)
{
	g_ptr_array_set_size(t->decided, before);
}

static char **decided_now(const struct tracer *t)
{
	GPtrArray *v = g_ptr_array_new();

	for (guint i = 0; i < t->decided->len; i++)
		if (!g_ptr_array_find_with_equal_func(v, t->decided->pdata[i],
						      g_str_equal, NULL))
			g_ptr_array_add(v, g_strdup(t->decided->pdata[i]));
	g_ptr_array_add(v, NULL);
	return (char **)g_ptr_array_free(v, FALSE);
}

static void add(struct tracer *t, enum origin_kind kind, CXCursor at,
		enum tri highmem, char *what)
{
	struct cx_place p = cx_place(&t->w->names,
			clang_getRangeStart(clang_getCursorExtent(at)));
	struct origin *o;

	for (guint i = 0; i < t->out->v->len; i++) {
		o = t->out->v->pdata[i];
		if (o->kind == kind && o->line == p.line &&
		    !g_strcmp0(o->file, p.file) && !strcmp(o->what, what)) {
			/* Reached in another way, too, that nothing decides. */
			if (!t->decided->len && o->decided[0]) {
				g_strfreev(o->decided);
				o->decided = decided_now(t);
			}
			o->highmem = or(o->highmem, highmem);
			g_free(what);
			return;
		}
	}
	o = g_new0(struct origin, 1);
	o->kind = kind;
	o->what = what;
	o->file = p.file;
	o->line = p.line;
	o->highmem = highmem;
	o->decided = decided_now(t);
	g_ptr_array_add(t->out->v, o);
}

static void other(struct tracer *t, CXCursor at, char *what)
{
	add(t, ORIGIN_OTHER, at, UNKNOWN, what);
}

static char *with_args(struct tracer *t, CXCursor call, CXCursor fn,
		       struct frame *f)
{
	GString *s = g_string_new(NULL);
	char *name = callee_name(call);
	int n = clang_Cursor_getNumArguments(call);
	gint64 v;

	g_string_append_printf(s, "%s(", name);
	for (int i = 0; i < n; i++) {
		CXCursor p = clang_Cursor_getArgument(fn, i);
		CXCursor a = clang_Cursor_getArgument(call, i);
		char *pn = cx_take(clang_getCursorSpelling(p));

		if (clang_getCanonicalType(clang_getCursorType(a)).kind !=
		    CXType_Pointer && value_of(t, a, f, 0, &v))
			g_string_append_printf(s, "%s%s = %" G_GINT64_FORMAT,
					s->str[s->len - 1] == '(' ? "" : ", ",
					pn, v);
		g_free(pn);
	}
	g_string_append_c(s, ')');
	g_free(name);
	return g_string_free(s, FALSE);
}

static void walk_body(struct tracer *t, struct frame *f)
{
	const struct guard *g = NULL;
	GArray *v = cx_children(f->fn);

	f->assigns = g_ptr_array_new();
	f->returns = g_ptr_array_new();
	f->aliased = g_ptr_array_new();
	for (guint i = 0; i < v->len; i++)
		if (clang_getCursorKind(CX_CHILD(v, i)) ==
		    CXCursor_CompoundStmt)
			walk(t, f, CX_CHILD(v, i), &g);
	g_array_free(v, TRUE);
}

/*
 * Twice: what a variable is in a loop's condition may be assigned behind it,
 * so all assignments are known before any condition is judged.
 */
static void enter(struct tracer *t, CXCursor fn, CXCursor call,
		  struct frame *up)
{
	struct frame f = { .up = up, .call = call, .fn = fn, .whole = TRUE,
			   .depth = up ? up->depth + 1 : 0,
			   .visiting = g_ptr_array_new() };

	walk_body(t, &f);
	f.all = f.assigns;
	f.whole = FALSE;
	clang_visitChildren(fn, find_label, &f.whole);	/* goto: whole */
	walk_body(t, &f);
	for (guint i = 0; i < f.returns->len; i++) {
		const struct ret *r = f.returns->pdata[i];
		guint before = push_guards(t, r->guards);

		follow(t, r->expr, &f);
		pop_guards(t, before);
	}
}

static void follow_allocation(struct tracer *t, CXCursor c, struct frame *f,
			      const char *name, int what)
{
	int gfp = (what >> 8) - 1, order = (what & 0xff) - 1;
	enum tri highmem = UNKNOWN;
	gint64 n = 0;

	if (gfp >= 0)
		highmem = has_flag(t, clang_Cursor_getArgument(c, gfp), f, 0);
	if (order >= 0 && !value_of(t, clang_Cursor_getArgument(c, order), f,
				    0, &n)) {
		add(t, ORIGIN_PAGE, c, highmem,
		    g_strdup_printf("%s(), order unknown", name));
		return;
	}
	add(t, ORIGIN_PAGE, c, highmem,
	    g_strdup_printf("%s(), order %" G_GINT64_FORMAT, name, n));
}

static void follow_call(struct tracer *t, CXCursor c, struct frame *f)
{
	CXCursor fn = clang_getCursorReferenced(c), body;
	char *name = callee_name(c);
	gpointer what;

	if (clang_getCursorKind(fn) != CXCursor_FunctionDecl) {
		other(t, c, g_strdup("a call through a pointer"));
	} else if (g_hash_table_lookup_extended(t->n->allocators, name, NULL,
						&what)) {
		follow_allocation(t, c, f, name, GPOINTER_TO_INT(what));
	} else if (g_hash_table_contains(t->n->same, name)) {
		follow(t, clang_Cursor_getArgument(c, 0), f);
	} else if (f->depth >= MAX_DEPTH) {
		other(t, c, g_strdup_printf("%s(), called too deeply", name));
	} else if (body = world_definition(t->w, fn),
		   clang_Cursor_isNull(body)) {
		other(t, c, g_strdup_printf("%s(), whose definition was not found",
					    name));
	} else {
		struct cx_place p = cx_place(&t->w->names,
					     clang_getCursorLocation(body));
		char *args = with_args(t, c, body, f);
		char *step = g_strdup_printf("%s, %s:%u", args,
					     p.file ? p.file : "?", p.line);

		if (g_ptr_array_find_with_equal_func(t->out->path, step,
						     g_str_equal, NULL))
			g_free(step);
		else
			g_ptr_array_add(t->out->path, step);
		g_free(args);
		enter(t, body, c, f);
	}
	g_free(name);
}

static void follow_variable(struct tracer *t, CXCursor c, struct frame *f)
{
	CXCursor d = clang_getCursorReferenced(c);
	char *name = cx_take(clang_getCursorSpelling(c));
	gboolean any = FALSE;

	if (is_global(d)) {
		other(t, c, g_strdup_printf("the variable %s", name));
		goto out;
	}
	for (guint i = 0; i < f->visiting->len; i++)
		if (same_decl(*(CXCursor *)f->visiting->pdata[i], d))
			goto out;
	for (guint i = 0; i < f->aliased->len; i++)
		if (same_decl(*(CXCursor *)f->aliased->pdata[i], d)) {
			other(t, c, g_strdup_printf("%s, which is changed through its address or counted on",
						    name));
			goto out;
		}
	g_ptr_array_add(f->visiting, boxed(d));
	if (clang_getCursorKind(d) == CXCursor_ParmDecl) {
		CXCursor a = argument(f, param_index(f, d));

		any = TRUE;
		if (clang_Cursor_isNull(a))
			other(t, c, g_strdup_printf("the parameter %s", name));
		else
			follow(t, a, f->up);
	}
	for (guint i = 0; i < f->assigns->len; i++) {
		const struct assign *a = f->assigns->pdata[i];
		guint before;

		if (!same_decl(a->var, d))
			continue;
		any = TRUE;
		before = push_guards(t, a->guards);
		if (a->moves)
			add(t, ORIGIN_INSIDE, a->rhs, UNKNOWN,
			    g_strdup_printf("%s, moved on", name));
		else
			follow(t, a->rhs, f);
		pop_guards(t, before);
	}
	if (!any)
		other(t, c, g_strdup_printf("%s, of which no assignment can be seen",
					    name));
	g_ptr_array_remove_index(f->visiting, f->visiting->len - 1);
out:
	g_free(name);
}

/*
 * A macro of the list of forms of the same page, at the place of @c: the
 * expression in it that is spelled in its argument.  Null when it is none.
 */
struct in_args {
	CXFile file;
	unsigned from, to;
	CXCursor found;
};

static enum CXChildVisitResult find_argument(CXCursor c, CXCursor parent,
					     CXClientData data)
{
	struct in_args *a = data;
	CXSourceRange ext = clang_getCursorExtent(c);
	unsigned s, e;
	CXFile f;

	if (clang_isExpression(clang_getCursorKind(c))) {
		clang_getSpellingLocation(clang_getRangeStart(ext), &f, NULL,
					  NULL, &s);
		clang_getSpellingLocation(clang_getRangeEnd(ext), NULL, NULL,
					  NULL, &e);
		if (f && clang_File_isEqual(f, a->file) && s >= a->from &&
		    e <= a->to && s < e) {
			a->found = c;
			return CXChildVisit_Break;
		}
	}
	return CXChildVisit_Recurse;
}

static CXCursor macro_argument(struct tracer *t, CXCursor c)
{
	CXSourceLocation loc = clang_getRangeStart(clang_getCursorExtent(c));
	struct in_args a = { .found = clang_getNullCursor() };
	unsigned x, s, line, col;
	struct token_list l;
	const char *text;
	char *name;
	size_t size, i;
	int depth = 0;
	CXFile f;

	clang_getExpansionLocation(loc, &a.file, &line, &col, &x);
	clang_getSpellingLocation(loc, &f, NULL, NULL, &s);
	if (!a.file || (f && s == x && clang_File_isEqual(f, a.file)))
		return a.found;		/* no macro */
	text = clang_getFileContents(clang_Cursor_getTranslationUnit(c),
				     a.file, &size);
	if (!text || x >= size)
		return a.found;
	name = g_strndup(text + x, strspn(text + x, G_CSET_A_2_Z
					  G_CSET_a_2_z G_CSET_DIGITS "_"));
	if (g_hash_table_contains(t->n->same, name)) {
		lex_c(text + x, MIN(size - x, 4096), &l);
		for (i = tok_skip(&l, 1); i < l.n; i = tok_skip(&l, i + 1)) {
			if (tok_is(&l, i, "(") && !depth++)
				a.from = x + l.v[i].off + 1;
			else if (tok_is(&l, i, ")") && !--depth)
				break;
			else if (!depth)
				break;
		}
		if (i < l.n && a.from) {
			a.to = x + l.v[i].off;
			clang_visitChildren(c, find_argument, &a);
		}
		lex_free(&l);
	}
	g_free(name);
	return a.found;
}

static void follow_sum(struct tracer *t, CXCursor c, struct frame *f,
		       GArray *v)
{
	gint64 n;

	for (guint i = 0; i < 2; i++)
		if (value_of(t, CX_CHILD(v, 1 - i), f, 0, &n) && !n) {
			follow(t, CX_CHILD(v, i), f);
			return;
		}
	if (clang_getCanonicalType(clang_getCursorType(c)).kind ==
	    CXType_Pointer)
		add(t, ORIGIN_INSIDE, c, UNKNOWN,
		    g_strdup("an address with an offset"));
	else
		other(t, c, g_strdup("an address that is computed"));
}

static void follow(struct tracer *t, CXCursor c, struct frame *f)
{
	enum CXCursorKind k;
	CXCursor arg;
	gint64 value;
	GArray *v;

	/* NULL, or an error in a pointer's clothes. */
	if (value_of(t, c, f, 0, &value))
		return;
	arg = macro_argument(t, c);
	if (!clang_Cursor_isNull(arg)) {
		follow(t, arg, f);
		return;
	}
	k = clang_getCursorKind(c);
	v = cx_children(c);
	switch (k) {
	case CXCursor_ParenExpr:
	case CXCursor_UnexposedExpr:
	case CXCursor_CStyleCastExpr:
		if (!v->len)
			other(t, c, g_strdup("an expression that cannot be looked into"));
		else if (k == CXCursor_UnexposedExpr)
			for (guint i = 0; i < v->len; i++)
				follow(t, CX_CHILD(v, i), f);
		else
			follow(t, CX_CHILD(v, v->len - 1), f);
		break;
	case CXCursor_ConditionalOperator:
		if (v->len != 3)
			other(t, c, g_strdup("a condition"));
		else if (value_of(t, CX_CHILD(v, 0), f, 0, &value))
			follow(t, CX_CHILD(v, value ? 1 : 2), f);
		else
			for (guint i = 1; i < 3; i++)
				follow(t, CX_CHILD(v, i), f);
		break;
	case CXCursor_GenericSelectionExpr: {
		CXType type = clang_getCanonicalType(clang_getCursorType(c));
		gboolean any = FALSE;

		for (guint i = 1; i < v->len; i++)
			if (clang_equalTypes(type, clang_getCanonicalType(
					clang_getCursorType(CX_CHILD(v, i))))) {
				follow(t, CX_CHILD(v, i), f);
				any = TRUE;
			}
		if (!any)
			other(t, c, g_strdup("a _Generic"));
		break;
	}
	case CXCursor_StmtExpr:
		/* Its assignments are the function's. */
		if (v->len == 1 && clang_getCursorKind(CX_CHILD(v, 0)) ==
		    CXCursor_CompoundStmt) {
			GArray *s = cx_children(CX_CHILD(v, 0));

			if (s->len)
				follow(t, CX_CHILD(s, s->len - 1), f);
			g_array_free(s, TRUE);
		}
		break;
	case CXCursor_BinaryOperator:
		if (v->len != 2) {
			other(t, c, g_strdup("an expression that cannot be looked into"));
			break;
		}
		switch (clang_getCursorBinaryOperatorKind(c)) {
		case CXBinaryOperator_Comma:
		case CXBinaryOperator_Assign:
			follow(t, CX_CHILD(v, 1), f);
			break;
		case CXBinaryOperator_Add:
		case CXBinaryOperator_Sub:
			follow_sum(t, c, f, v);
			break;
		default:
			other(t, c, g_strdup("an address that is computed"));
		}
		break;
	case CXCursor_CallExpr:
		follow_call(t, c, f);
		break;
	case CXCursor_DeclRefExpr:
		follow_variable(t, c, f);
		break;
	case CXCursor_MemberRefExpr: {
		char *name = cx_take(clang_getCursorSpelling(c));

		other(t, c, g_strdup_printf("read from the field %s", name));
		g_free(name);
		break;
	}
	case CXCursor_ArraySubscriptExpr:
		other(t, c, g_strdup("an element of an array"));
		break;
	case CXCursor_UnaryOperator:
		other(t, c, g_strdup(clang_getCursorUnaryOperatorKind(c) ==
				     CXUnaryOperator_Deref ?
				     "read through a pointer" :
				     "the address of something else"));
		break;
	default:
		other(t, c, g_strdup("an expression that cannot be looked into"));
	}
	g_array_free(v, TRUE);
}

struct origins *origin_of_result(struct world *w, const struct origin_names *n,
				 CXCursor fn, GHashTable *known)
{
	struct tracer t = { .w = w, .n = n, .known = known };

	t.out = g_new0(struct origins, 1);
	t.out->v = g_ptr_array_new();
	t.out->steps = g_ptr_array_new();
	t.out->path = g_ptr_array_new_with_free_func(g_free);
	t.out->variables = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
	t.decided = g_ptr_array_new_with_free_func(g_free);
	enter(&t, fn, clang_getNullCursor(), NULL);
	g_ptr_array_free(t.decided, TRUE);
	return t.out;
}
