// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a unit once and puts what it sees of an op.  The context says what
 * becomes of the expression at hand: it is put into the op, called, tested,
 * assigned to, or something else.  Runs in a child.
 */
#include <string.h>

#include "read/cx.h"
#include "read/oprecord.h"
#include "read/opwalk.h"
#include "read/unit.h"

enum becomes { B_OTHER, B_OP, B_CALLED, B_TESTED, B_ASSIGNED };

struct walk {
	struct fact_reader *r;
	const struct op_question *q;
	CXType type;		/* of the op's functions, canonical */
	gboolean has_op;
	/* the context */
	enum becomes b;
	char how;		/* of a parameter */
	gboolean loop;
	const char *op_file;	/* B_OP: the member's name */
	unsigned op_off;
	char *fn;		/* usr of the function of the op's type around */
};

struct place { const char *file; unsigned off, line, col; };

static struct place spelled(struct walk *w, CXSourceLocation loc)
{
	struct place p = { 0 };
	CXFile f;

	clang_getSpellingLocation(loc, &f, &p.line, &p.col, &p.off);
	p.file = cx_file(&w->r->names, f);
	return p;
}

/* The same, but of a name that a macro makes: where the macro is used. */
static struct place written(struct walk *w, CXSourceLocation loc)
{
	struct place p = spelled(w, loc);
	CXFile f;

	if (!p.file) {
		clang_getExpansionLocation(loc, &f, &p.line, &p.col, &p.off);
		p.file = cx_file(&w->r->names, f);
	}
	return p;
}

static gboolean is_op(const struct walk *w, CXCursor field)
{
	char *name, *record;
	gboolean yes;

	if (clang_getCursorKind(field) != CXCursor_FieldDecl)
		return FALSE;
	name = cx_take(clang_getCursorSpelling(field));
	record = cx_take(clang_getCursorSpelling(
				clang_getCursorSemanticParent(field)));
	yes = !strcmp(name, w->q->member) && !strcmp(record, w->q->record);
	g_free(record);
	g_free(name);
	return yes;
}

static gboolean is_ours(const struct walk *w, CXType t)
{
	t = clang_getCanonicalType(t);
	if (t.kind == CXType_Pointer)
		t = clang_getCanonicalType(clang_getPointeeType(t));
	return w->has_op && clang_equalTypes(t, w->type);
}

static gboolean is_record(const struct walk *w, CXType t)
{
	CXCursor d = clang_getTypeDeclaration(clang_getCanonicalType(t));
	char *name = cx_take(clang_getCursorSpelling(d));
	gboolean yes = clang_getCursorKind(d) == CXCursor_StructDecl &&
		       !strcmp(name, w->q->record);

	g_free(name);
	return yes;
}

static void put_member(struct walk *w, CXCursor c, char how)
{
	struct place p = written(w, clang_getCursorLocation(c));
	struct op_member m = { (char *)p.file, p.off, how };

	fact_put_once(w->r, &op_member_type, &m);
}

static void put_value(struct walk *w, CXCursor c, const char *name,
		      const char *usr)
{
	struct place p = spelled(w, clang_getCursorLocation(c));
	struct op_value v = {
		.file = (char *)p.file,
		.off = p.off,
		.name = (char *)name,
		.usr = (char *)usr,
		.op_file = (char *)w->op_file,
		.op_off = w->op_off,
	};

	fact_put_once(w->r, &op_value_type, &v);
}

static void walk(struct walk *w, CXCursor c);

static void walk_children(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++)
		walk(w, CX_CHILD(v, i));
	g_array_free(v, TRUE);
}

/* Walk @c in another context, and come back to this one. */
static void walk_as(struct walk *w, CXCursor c, enum becomes b, char how)
{
	struct walk old = *w;

	w->b = b;
	w->how = how;
	walk(w, c);
	w->b = old.b;
	w->how = old.how;
	w->op_file = old.op_file;
	w->op_off = old.op_off;
}

static void all_as(struct walk *w, CXCursor c, enum becomes b, char how)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++)
		walk_as(w, CX_CHILD(v, i), b, how);
	g_array_free(v, TRUE);
}

/* Where the names of the parameters are: "OFF,OFF,..."; 0 for none. */
static char *parameter_places(struct walk *w, CXCursor c, const char *file)
{
	int n = clang_Cursor_getNumArguments(c);
	GString *places = g_string_new(NULL);

	for (int i = 0; i < n; i++) {
		CXCursor a = clang_Cursor_getArgument(c, i);
		char *name = cx_take(clang_getCursorSpelling(a));
		struct place at = spelled(w, clang_getCursorLocation(a));

		g_string_append_printf(places, "%s%u", i ? "," : "",
				       *name && at.file == file ? at.off : 0);
		g_free(name);
	}
	return g_string_free(places, FALSE);
}

static void put_function(struct walk *w, CXCursor c)
{
	struct place p = written(w, clang_getCursorLocation(c));
	struct place from = { 0 }, to = { 0 };
	struct op_decl d = {
		.file = (char *)p.file,
		.off = p.off,
		.name = cx_take(clang_getCursorSpelling(c)),
		.usr = cx_take(clang_getCursorUSR(c)),
		.defined = clang_isCursorDefinition(c) != 0,
		.params = parameter_places(w, c, p.file),
	};
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++) {
		CXCursor b = CX_CHILD(v, i);
		GArray *st;

		if (clang_getCursorKind(b) != CXCursor_CompoundStmt)
			continue;
		from = spelled(w, clang_getRangeStart(clang_getCursorExtent(b)));
		to = spelled(w, clang_getRangeEnd(clang_getCursorExtent(b)));
		st = cx_children(b);
		d.decl_first = st->len &&
			       clang_getCursorKind(CX_CHILD(st, 0)) ==
			       CXCursor_DeclStmt;
		g_array_free(st, TRUE);
	}
	if (from.file == p.file) {
		d.body = from.off;
		d.body_end = to.off;
	}
	fact_put_once(w->r, &op_decl_type, &d);
	g_array_free(v, TRUE);
	g_free(d.params);
	g_free(d.name);
	g_free(d.usr);
}

/* A function of the op's type, @d, is named at @c. */
static void walk_function_ref(struct walk *w, CXCursor c, CXCursor d)
{
	struct place p = spelled(w, clang_getCursorLocation(c));
	struct op_ref ref = {
		.file = (char *)p.file,
		.off = p.off,
		.name = cx_take(clang_getCursorSpelling(d)),
		.usr = cx_take(clang_getCursorUSR(d)),
		.how = w->b == B_CALLED ? 'c' : 'x',
		.caller = w->fn,
	};

	if (w->b == B_OP)
		put_value(w, c, ref.name, ref.usr);
	else
		fact_put_once(w->r, &op_ref_type, &ref);
	g_free(ref.name);
	g_free(ref.usr);
}

/* The parameter @d of a function of the op's type is used at @c. */
static void walk_parameter_ref(struct walk *w, CXCursor c, CXCursor d)
{
	CXCursor f = clang_getCursorSemanticParent(d);
	struct place p = spelled(w, clang_getCursorLocation(c));
	int n = clang_Cursor_getNumArguments(f);
	struct op_use use = {
		.file = (char *)p.file,
		.off = p.off,
		.usr = cx_take(clang_getCursorUSR(f)),
		.how = w->how ? w->how : 'r',
		.loop = w->loop,
		.first = spelled(w, clang_getCursorLocation(d)).off,
	};

	for (int i = 0; i < n; i++)
		if (clang_equalCursors(clang_Cursor_getArgument(f, i), d)) {
			use.param = i;
			fact_put_once(w->r, &op_use_type, &use);
		}
	g_free(use.usr);
}

static void walk_ref(struct walk *w, CXCursor c)
{
	CXCursor d = clang_getCursorReferenced(c);
	enum CXCursorKind k = clang_getCursorKind(d);

	if (k == CXCursor_FunctionDecl && is_ours(w, clang_getCursorType(d))) {
		walk_function_ref(w, c, d);
		return;
	}
	if (k == CXCursor_ParmDecl && w->fn)
		walk_parameter_ref(w, c, d);
	if (w->b == B_OP)
		put_value(w, c, "", "");
}

/* "op = value" behind the member's name at @m. */
static void walk_value(struct walk *w, CXCursor m, CXCursor value)
{
	struct place p = written(w, clang_getCursorLocation(m));
	const char *file = w->op_file;
	unsigned off = w->op_off;

	w->op_file = p.file;
	w->op_off = p.off;
	walk_as(w, value, B_OP, 'r');
	w->op_file = file;
	w->op_off = off;
}

static void walk_binary(struct walk *w, CXCursor c)
{
	enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(c);
	GArray *v = cx_children(c);
	CXCursor l, r;

	if (v->len != 2) {
		all_as(w, c, B_OTHER, 'r');
		g_array_free(v, TRUE);
		return;
	}
	l = CX_CHILD(v, 0);
	r = CX_CHILD(v, 1);
	g_array_free(v, TRUE);
	if (op == CXBinaryOperator_Assign) {
		CXCursor f = clang_getCursorReferenced(l);

		walk_as(w, l, B_ASSIGNED, 'w');
		if (clang_getCursorKind(l) == CXCursor_MemberRefExpr &&
		    is_op(w, f))
			walk_value(w, l, r);
		else
			walk_as(w, r, B_OTHER, 'r');
		/* "a.op = b.op = value": the value goes to both. */
		if (w->b == B_OP)
			walk_as(w, r, B_OP, 'r');
	} else if (op == CXBinaryOperator_Comma) {
		walk_as(w, l, B_OTHER, 'r');
		walk_as(w, r, w->b, 'r');
	} else {
		gboolean test = op == CXBinaryOperator_EQ ||
				op == CXBinaryOperator_NE ||
				op == CXBinaryOperator_LAnd ||
				op == CXBinaryOperator_LOr;

		walk_as(w, l, test ? B_TESTED : B_OTHER, 'r');
		walk_as(w, r, test ? B_TESTED : B_OTHER, 'r');
	}
}

/* A function that an initialiser puts into the record without naming members. */
static void walk_init(struct walk *w, CXCursor c)
{
	gboolean record = is_record(w, clang_getCursorType(c));
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++) {
		CXCursor e = CX_CHILD(v, i);
		enum CXCursorKind k = clang_getCursorKind(e);

		if (record && is_ours(w, clang_getCursorType(e)) &&
		    k != CXCursor_InitListExpr) {
			const char *file = w->op_file;
			GArray *in = cx_children(e);
			gboolean named = FALSE;

			for (guint m = 0; m < in->len; m++)
				named |= clang_getCursorKind(CX_CHILD(in, m)) ==
					 CXCursor_MemberRef;
			g_array_free(in, TRUE);
			if (named) {
				walk(w, e);
				continue;
			}
			w->op_file = NULL;
			walk_as(w, e, B_OP, 'r');
			w->op_file = file;
		} else {
			walk(w, e);
		}
	}
	g_array_free(v, TRUE);
}

/*
 * ".op = value", ".ops.op = value", "[i].op = value": the members' names and
 * indices, then the value; or an expression that libclang has no name for.
 */
static void walk_designated(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);
	gssize op = -1;
	gboolean named = FALSE;

	for (guint i = 0; i < v->len; i++) {
		CXCursor m = CX_CHILD(v, i);

		if (clang_getCursorKind(m) != CXCursor_MemberRef)
			continue;
		named = TRUE;
		if (is_op(w, clang_getCursorReferenced(m)))
			op = i;
	}
	for (guint i = 0; i < v->len; i++) {
		CXCursor e = CX_CHILD(v, i);

		if (op >= 0 && i == v->len - 1)
			walk_value(w, CX_CHILD(v, op), e);
		else if (named && clang_getCursorKind(e) != CXCursor_MemberRef)
			walk_as(w, e, B_OTHER, 'r');
		else
			walk(w, e);
	}
	g_array_free(v, TRUE);
}

/* "do ... while (0)", as macros have it: its condition is the last child. */
static gboolean runs_once(const GArray *children)
{
	CXCursor cond;
	CXEvalResult e;
	gboolean zero;

	if (!children->len)
		return FALSE;
	cond = CX_CHILD(children, children->len - 1);
	if (clang_getCursorKind(cond) != CXCursor_IntegerLiteral)
		return FALSE;
	e = clang_Cursor_Evaluate(cond);
	zero = e && clang_EvalResult_getKind(e) == CXEval_Int &&
	       !clang_EvalResult_getAsInt(e);
	if (e)
		clang_EvalResult_dispose(e);
	return zero;
}

static void walk_function(struct walk *w, CXCursor c)
{
	char *fn = w->fn;

	w->fn = NULL;
	if (is_ours(w, clang_getCursorType(c))) {
		put_function(w, c);
		w->fn = cx_take(clang_getCursorUSR(c));
	}
	w->b = B_OTHER;
	w->how = 'r';
	walk_children(w, c);
	w->fn = fn;
}

static void walk_member(struct walk *w, CXCursor c)
{
	static const char how[] = {
		[B_OTHER] = 'v',
		[B_OP] = 'p',
		[B_CALLED] = 'c',
		[B_TESTED] = 't',
		[B_ASSIGNED] = '=',
	};
	gboolean op = is_op(w, clang_getCursorReferenced(c));

	if (op)
		put_member(w, c, how[w->b]);
	if (w->b == B_OP)
		put_value(w, c, op ? "op" : "", "");
	all_as(w, c, B_OTHER, 'r');
}

/* Walk the first child of @c as @first says, and the others as @rest says. */
static void first_as(struct walk *w, CXCursor c, enum becomes first, char how,
		     enum becomes rest)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++)
		walk_as(w, CX_CHILD(v, i), i ? rest : first, i ? 'r' : how);
	g_array_free(v, TRUE);
}

static void walk_unary(struct walk *w, CXCursor c)
{
	switch (clang_getCursorUnaryOperatorKind(c)) {
	case CXUnaryOperator_AddrOf:
		all_as(w, c, w->b, 'a');
		break;
	case CXUnaryOperator_Deref:
		all_as(w, c, w->b, 'r');
		break;
	case CXUnaryOperator_LNot:
		all_as(w, c, B_TESTED, 'r');
		break;
	case CXUnaryOperator_PreInc:
	case CXUnaryOperator_PreDec:
	case CXUnaryOperator_PostInc:
	case CXUnaryOperator_PostDec:
		all_as(w, c, B_OTHER, 'w');
		break;
	default:
		all_as(w, c, B_OTHER, 'r');
	}
}

/* NULL is a cast of 0; a function that is cast has no longer its type. */
static void walk_cast(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);

	if (w->b == B_OP && v->len) {
		CXCursor in = CX_CHILD(v, v->len - 1);

		put_value(w, c, clang_getCursorKind(in) ==
			  CXCursor_IntegerLiteral ? "NULL" : "", "");
	}
	g_array_free(v, TRUE);
	all_as(w, c, B_OTHER, 'r');
}

/* if, while, do, for: the expressions are tested. */
static void walk_control(struct walk *w, CXCursor c)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	gboolean loop = w->loop;
	GArray *v = cx_children(c);

	w->loop |= k != CXCursor_IfStmt &&
		   !(k == CXCursor_DoStmt && runs_once(v));
	for (guint i = 0; i < v->len; i++) {
		CXCursor e = CX_CHILD(v, i);

		walk_as(w, e, clang_isExpression(clang_getCursorKind(e)) ?
			B_TESTED : B_OTHER, 'r');
	}
	g_array_free(v, TRUE);
	w->loop = loop;
}

static void walk(struct walk *w, CXCursor c)
{
	enum CXCursorKind k = clang_getCursorKind(c);

	switch (k) {
	case CXCursor_FunctionDecl:
		walk_function(w, c);
		return;
	case CXCursor_FieldDecl:
		if (is_op(w, c))
			put_member(w, c, 'd');
		return;
	case CXCursor_MemberRef:
		if (is_op(w, clang_getCursorReferenced(c)))
			put_member(w, c, 'i');
		return;
	case CXCursor_MemberRefExpr:
		walk_member(w, c);
		return;
	case CXCursor_DeclRefExpr:
		walk_ref(w, c);
		return;
	case CXCursor_InitListExpr:
		walk_init(w, c);
		return;
	case CXCursor_BinaryOperator:
		walk_binary(w, c);
		return;
	case CXCursor_CompoundAssignOperator:
		first_as(w, c, B_OTHER, 'w', B_OTHER);
		return;
	case CXCursor_UnaryOperator:
		walk_unary(w, c);
		return;
	case CXCursor_CallExpr:
		first_as(w, c, B_CALLED, 'r', B_OTHER);
		/* What a function gives is put into the op. */
		if (w->b == B_OP)
			put_value(w, c, "", "");
		return;
	case CXCursor_IntegerLiteral:
		if (w->b == B_OP)
			put_value(w, c, "NULL", "");
		return;
	case CXCursor_GCCAsmStmt:
	case CXCursor_MSAsmStmt:
		/* libclang does not tell which operands it writes. */
		all_as(w, c, B_OTHER, 'w');
		return;
	case CXCursor_ConditionalOperator:
		first_as(w, c, B_TESTED, 'r', w->b);
		return;
	case CXCursor_CStyleCastExpr:
		walk_cast(w, c);
		return;
	case CXCursor_IfStmt:
	case CXCursor_WhileStmt:
	case CXCursor_DoStmt:
	case CXCursor_ForStmt:
		walk_control(w, c);
		return;
	case CXCursor_UnexposedExpr:
	case CXCursor_ParenExpr:
		walk_designated(w, c);
		return;
	default:
		/* An element of an array, a statement's value. */
		if (w->b == B_OP && clang_isExpression(k))
			put_value(w, c, "", "");
		all_as(w, c, B_OTHER, 'r');
	}
}

static enum CXChildVisitResult find_op(CXCursor c, CXCursor parent,
				       CXClientData data)
{
	struct walk *w = data;

	if (clang_getCursorKind(c) == CXCursor_StructDecl) {
		GArray *v = cx_children(c);

		for (guint i = 0; i < v->len; i++)
			if (is_op(w, CX_CHILD(v, i))) {
				w->type = clang_getCanonicalType(
					clang_getPointeeType(
					clang_getCanonicalType(
					clang_getCursorType(CX_CHILD(v, i)))));
				w->has_op = TRUE;
			}
		g_array_free(v, TRUE);
	}
	return w->has_op ? CXChildVisit_Break : CXChildVisit_Continue;
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct walk *w = data;

	if (!written(w, clang_getCursorLocation(c)).file)
		return CXChildVisit_Continue;
	w->b = B_OTHER;
	w->how = 'r';
	walk(w, c);
	return CXChildVisit_Continue;
}

int op_walk(struct fact_reader *r)
{
	struct walk w = { .r = r, .q = r->question };
	CXCursor unit = clang_getTranslationUnitCursor(r->tu);
	struct op_sees sees = { TRUE };

	unit_put_diags(r, &op_diag_type);
	if (r->q->messages_only)
		return 0;
	clang_visitChildren(unit, find_op, &w);
	if (!w.has_op)
		return 0;
	fact_put(r, &op_sees_type, &sees);
	unit_put_skipped(r, &op_range_type);
	clang_visitChildren(unit, top, &w);
	return 0;
}
