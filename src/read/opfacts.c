// SPDX-License-Identifier: GPL-2.0-only
/*
 * One walk through the AST of a unit, in a child.  A context says what becomes
 * of the expression at hand: put into the op, called, tested, something else.
 * A cache entry is named after all that the question depends on but contents,
 * and lists the files that were read with their hashes, as in src/read/reading.c.
 */
#include <clang-c/Index.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/child.h"
#include "read/cx.h"
#include "base/diag.h"
#include "read/opfacts.h"
#include "read/reading.h"
#include "base/treewide.h"

#define OP_MAGIC "treewide-op 6"
static const struct child_limits limits = { 60, 4ull << 30 };

enum becomes { B_OTHER, B_OP, B_CALLED, B_TESTED, B_ASSIGNED };

struct walk {
	const struct op_reading *r;
	struct cx_names names;
	CXTranslationUnit tu;
	FILE *out;
	CXType type;		/* of the op's functions, canonical */
	gboolean has_op;
	GHashTable *seen;	/* lines that were written */
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
	p.file = cx_file(&w->names, f);
	return p;
}

/* The same, but of a name that a macro makes: where the macro is used. */
static struct place written(struct walk *w, CXSourceLocation loc)
{
	struct place p = spelled(w, loc);
	CXFile f;

	if (!p.file) {
		clang_getExpansionLocation(loc, &f, &p.line, &p.col, &p.off);
		p.file = cx_file(&w->names, f);
	}
	return p;
}

/* One fact, once; NULL ends the fields. */
static void put(struct walk *w, const char *kind, ...)
{
	GString *s = g_string_new(kind);
	const char *f;
	va_list ap;

	va_start(ap, kind);
	while ((f = va_arg(ap, const char *))) {
		char *e = g_strescape(f, NULL);

		g_string_append_printf(s, "\t%s", e);
		g_free(e);
	}
	va_end(ap);
	if (g_hash_table_add(w->seen, s->str))
		fprintf(w->out, "%s\n", s->str);
	g_string_free(s, FALSE);
}

#define NUM(n) g_strdup_printf("%lu", (unsigned long)(n))

static gboolean is_op(const struct walk *w, CXCursor field)
{
	char *name, *record;
	gboolean yes;

	if (clang_getCursorKind(field) != CXCursor_FieldDecl)
		return FALSE;
	name = cx_take(clang_getCursorSpelling(field));
	record = cx_take(clang_getCursorSpelling(
				clang_getCursorSemanticParent(field)));
	yes = !strcmp(name, w->r->member) && !strcmp(record, w->r->record);
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
		       !strcmp(name, w->r->record);

	g_free(name);
	return yes;
}

static void put_member(struct walk *w, CXCursor c, const char *how)
{
	struct place p = written(w, clang_getCursorLocation(c));

	put(w, "M", p.file ? p.file : "", NUM(p.off), how, NULL);
}

static void put_value(struct walk *w, CXCursor c, const char *name,
		      const char *usr)
{
	struct place p = spelled(w, clang_getCursorLocation(c));

	put(w, "V", p.file ? p.file : "", NUM(p.off), name, usr,
	    w->op_file ? w->op_file : "", NUM(w->op_off), NULL);
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

static void put_function(struct walk *w, CXCursor c)
{
	struct place p = written(w, clang_getCursorLocation(c));
	char *usr = cx_take(clang_getCursorUSR(c));
	char *name = cx_take(clang_getCursorSpelling(c));
	gboolean defined = clang_isCursorDefinition(c), decl_first = FALSE;
	struct place from = { 0 }, to = { 0 };
	int n = clang_Cursor_getNumArguments(c);
	GString *names = g_string_new(NULL);
	GArray *v = cx_children(c);

	for (int i = 0; i < n; i++) {
		CXCursor a = clang_Cursor_getArgument(c, i);
		char *is = cx_take(clang_getCursorSpelling(a));
		struct place at = spelled(w, clang_getCursorLocation(a));

		g_string_append_printf(names, "%s%u", i ? "," : "",
				       *is && at.file == p.file ? at.off : 0);
		g_free(is);
	}
	for (guint i = 0; i < v->len; i++) {
		CXCursor b = CX_CHILD(v, i);
		GArray *st;

		if (clang_getCursorKind(b) != CXCursor_CompoundStmt)
			continue;
		from = spelled(w, clang_getRangeStart(clang_getCursorExtent(b)));
		to = spelled(w, clang_getRangeEnd(clang_getCursorExtent(b)));
		st = cx_children(b);
		decl_first = st->len && clang_getCursorKind(CX_CHILD(st, 0)) ==
			     CXCursor_DeclStmt;
		g_array_free(st, TRUE);
	}
	put(w, "D", p.file ? p.file : "", NUM(p.off), name, usr,
	    defined ? "1" : "0", decl_first ? "1" : "0",
	    NUM(from.file == p.file ? from.off : 0),
	    NUM(from.file == p.file ? to.off : 0), names->str, NULL);
	g_array_free(v, TRUE);
	g_string_free(names, TRUE);
	g_free(name);
	g_free(usr);
}

static void walk_ref(struct walk *w, CXCursor c)
{
	CXCursor d = clang_getCursorReferenced(c);
	enum CXCursorKind k = clang_getCursorKind(d);
	struct place p = spelled(w, clang_getCursorLocation(c));

	if (k == CXCursor_FunctionDecl && is_ours(w, clang_getCursorType(d))) {
		char *usr = cx_take(clang_getCursorUSR(d));
		char *name = cx_take(clang_getCursorSpelling(d));

		if (w->b == B_OP)
			put_value(w, c, name, usr);
		else
			put(w, "R", p.file ? p.file : "", NUM(p.off), name,
			    usr, w->b == B_CALLED ? "c" : "x",
			    w->fn ? w->fn : "", NULL);
		g_free(name);
		g_free(usr);
	} else if (k == CXCursor_ParmDecl && w->fn) {
		CXCursor f = clang_getCursorSemanticParent(d);
		char *usr = cx_take(clang_getCursorUSR(f));
		int n = clang_Cursor_getNumArguments(f);
		struct place at = spelled(w, clang_getCursorLocation(d));

		for (int i = 0; i < n; i++)
			if (clang_equalCursors(clang_Cursor_getArgument(f, i),
					       d)) {
				char how[2] = { w->how ? w->how : 'r', 0 };

				put(w, "U", p.file ? p.file : "", NUM(p.off),
				    usr, NUM(i), how, w->loop ? "1" : "0",
				    NUM(at.off), NULL);
			}
		g_free(usr);
	} else if (w->b == B_OP && k != CXCursor_ParmDecl) {
		put_value(w, c, "", "");
	}
	if (w->b == B_OP && k == CXCursor_ParmDecl)
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

static void walk(struct walk *w, CXCursor c)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	gboolean loop = w->loop;
	GArray *v;

	switch (k) {
	case CXCursor_FunctionDecl: {
		char *fn = w->fn;

		if (!is_ours(w, clang_getCursorType(c))) {
			w->fn = NULL;
		} else {
			put_function(w, c);
			w->fn = cx_take(clang_getCursorUSR(c));
		}
		w->b = B_OTHER;
		w->how = 'r';
		walk_children(w, c);
		w->fn = fn;
		return;
	}
	case CXCursor_FieldDecl:
		if (is_op(w, c))
			put_member(w, c, "d");
		return;
	case CXCursor_MemberRef:
		if (is_op(w, clang_getCursorReferenced(c)))
			put_member(w, c, "i");
		return;
	case CXCursor_MemberRefExpr:
		if (is_op(w, clang_getCursorReferenced(c))) {
			put_member(w, c, w->b == B_ASSIGNED ? "=" :
				   w->b == B_CALLED ? "c" :
				   w->b == B_TESTED ? "t" :
				   w->b == B_OP ? "p" : "v");
		}
		if (w->b == B_OP)
			put_value(w, c, is_op(w, clang_getCursorReferenced(c)) ?
				  "op" : "", "");
		all_as(w, c, B_OTHER, 'r');
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
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			walk_as(w, CX_CHILD(v, i), B_OTHER, i ? 'r' : 'w');
		g_array_free(v, TRUE);
		return;
	case CXCursor_UnaryOperator: {
		enum CXUnaryOperatorKind op =
			clang_getCursorUnaryOperatorKind(c);
		gboolean step = op == CXUnaryOperator_PreInc ||
				op == CXUnaryOperator_PreDec ||
				op == CXUnaryOperator_PostInc ||
				op == CXUnaryOperator_PostDec;

		if (op == CXUnaryOperator_AddrOf)
			all_as(w, c, w->b, 'a');
		else
			all_as(w, c, op == CXUnaryOperator_LNot ? B_TESTED :
			       op == CXUnaryOperator_Deref ? w->b : B_OTHER,
			       step ? 'w' : 'r');
		return;
	}
	case CXCursor_CallExpr:
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			walk_as(w, CX_CHILD(v, i), i ? B_OTHER : B_CALLED, 'r');
		/* What a function gives is put into the op. */
		if (w->b == B_OP)
			put_value(w, c, "", "");
		g_array_free(v, TRUE);
		return;
	case CXCursor_IntegerLiteral:
		if (w->b == B_OP)
			put_value(w, c, "NULL", "");
		return;
	case CXCursor_GCCAsmStmt:
	case CXCursor_MSAsmStmt:
		/* Which operands it writes is not said. */
		all_as(w, c, B_OTHER, 'w');
		return;
	case CXCursor_ConditionalOperator:
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			walk_as(w, CX_CHILD(v, i), i ? w->b : B_TESTED, 'r');
		g_array_free(v, TRUE);
		return;
	case CXCursor_CStyleCastExpr:
		/* NULL is a cast of 0; a cast function is no longer typed. */
		v = cx_children(c);
		if (w->b == B_OP && v->len) {
			CXCursor in = CX_CHILD(v, v->len - 1);
			CXEvalResult e = clang_Cursor_Evaluate(c);
			gboolean null = clang_getCursorKind(in) ==
					CXCursor_IntegerLiteral;

			if (e)
				clang_EvalResult_dispose(e);
			if (null)
				put_value(w, c, "NULL", "");
			else
				put_value(w, c, "", "");
		}
		for (guint i = 0; i < v->len; i++)
			walk_as(w, CX_CHILD(v, i), B_OTHER, 'r');
		g_array_free(v, TRUE);
		return;
	case CXCursor_IfStmt:
	case CXCursor_WhileStmt:
	case CXCursor_DoStmt:
	case CXCursor_ForStmt:
		v = cx_children(c);
		w->loop |= k != CXCursor_IfStmt &&
			   !(k == CXCursor_DoStmt && runs_once(v));
		for (guint i = 0; i < v->len; i++)
			walk_as(w, CX_CHILD(v, i),
				clang_isExpression(clang_getCursorKind(
					CX_CHILD(v, i))) ? B_TESTED : B_OTHER,
				'r');
		g_array_free(v, TRUE);
		w->loop = loop;
		return;
	case CXCursor_UnexposedExpr:
	case CXCursor_ParenExpr:
		walk_designated(w, c);
		return;
	default:
		/* An element of an array, a statement's value. */
		if (w->b == B_OP && clang_isExpression(k) &&
		    k != CXCursor_MemberRef)
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

static void put_diags(struct walk *w)
{
	unsigned n = clang_getNumDiagnostics(w->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(w->tu, i);
		unsigned line, col;
		CXFile f;

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			const char *file;

			clang_getExpansionLocation(
				clang_getDiagnosticLocation(d), &f, &line,
				&col, NULL);
			file = cx_file(&w->names, f);
			put(w, "G", file ? file : "", NUM(line), NUM(col),
			    cx_take(clang_getDiagnosticSpelling(d)),
			    cx_take(clang_getDiagnosticCategoryText(d)), NULL);
		}
		clang_disposeDiagnostic(d);
	}
}

static void put_dep(CXFile file, CXSourceLocation *stack, unsigned n,
		    CXClientData data)
{
	struct walk *w = data;
	const char *name = cx_file(&w->names, file);
	guint64 hash = ast_file_hash(file, name, w->r->unsaved,
				     w->r->n_unsaved);

	if (!name)
		name = g_canonicalize_filename(
			cx_take(clang_getFileName(file)), w->names.build);
	put(w, "I", name, g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash),
	    NULL);
}

static void put_skipped(struct walk *w)
{
	CXSourceRangeList *l = clang_getAllSkippedRanges(w->tu);

	for (unsigned i = 0; l && i < l->count; i++) {
		struct place s = spelled(w, clang_getRangeStart(l->ranges[i]));
		struct place e = spelled(w, clang_getRangeEnd(l->ranges[i]));

		if (s.file && s.file == e.file)
			put(w, "S", s.file, NUM(s.off), NUM(e.off), NULL);
	}
}

struct job {
	const struct op_reading *r;
	const GPtrArray *units;
	GArray *todo;
	GPtrArray *paths, *failed;
	guint done;
};

/* In the child: leaks. */
static int read_one(guint i, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct op_unit *u = j->units->pdata[n];
	const struct op_reading *r = j->r;
	char *tmp = g_strdup_printf("%s.tmp-%d", (char *)j->paths->pdata[n],
				    getppid());
	struct CXUnsavedFile *unsaved = g_new0(struct CXUnsavedFile,
					       r->n_unsaved + 1);
	char **args = reading_flags(u->cell, r->unsaved ?
				    "-Werror=unused-variable" : NULL,
				    r->with, u->file);
	struct walk w = { .r = r };

	if (chdir(u->cell->build))
		return 1;
	w.names.tree = r->tree;
	w.names.build = u->cell->build;
	w.names.with = r->with;
	for (guint k = 0; k < r->n_unsaved; k++) {
		unsaved[k].Filename = g_canonicalize_filename(
			r->unsaved[k].file, r->tree);
		unsaved[k].Contents = r->unsaved[k].text;
		unsaved[k].Length = r->unsaved[k].size;
	}
	if (clang_parseTranslationUnit2(clang_createIndex(0, 0),
			g_canonicalize_filename(u->file, r->tree),
			(const char *const *)args, g_strv_length(args),
			unsaved, r->n_unsaved,
			CXTranslationUnit_DetailedPreprocessingRecord |
			CXTranslationUnit_KeepGoing, &w.tu) != CXError_Success)
		return 1;
	w.out = fopen(tmp, "w");
	if (!w.out)
		return 1;
	w.seen = g_hash_table_new(g_str_hash, g_str_equal);
	fprintf(w.out, "%s\n", OP_MAGIC);
	put_diags(&w);
	clang_getInclusions(w.tu, put_dep, &w);
	if (!r->unsaved) {
		clang_visitChildren(clang_getTranslationUnitCursor(w.tu),
				    find_op, &w);
		if (w.has_op) {
			put(&w, "T", "1", NULL);
			put_skipped(&w);
			clang_visitChildren(
				clang_getTranslationUnitCursor(w.tu), top, &w);
		}
	}
	fputs(".\n", w.out);
	return fclose(w.out) ? 1 : 0;
}

static void read_done(guint i, enum child_end end, int status, void *data)
{
	struct job *j = data;
	guint n = g_array_index(j->todo, guint, i);
	const struct op_unit *u = j->units->pdata[n];

	tw_progress("read", ++j->done, j->todo->len, u->cell->name);
	if (end != CHILD_OK)
		g_ptr_array_add(j->failed, g_strdup_printf("%s %s: %s",
				u->cell->name, u->file,
				child_end_text(end, status, &limits)));
}

#define FREES(name, type, ...)						\
static void name(gpointer p)						\
{									\
	static const gsize at[] = { __VA_ARGS__ };			\
									\
	for (gsize i = 0; i < G_N_ELEMENTS(at); i++)			\
		g_free(*(char **)((char *)p + at[i]));			\
	g_free(p);							\
}
#define AT(type, m) G_STRUCT_OFFSET(struct type, m)
FREES(free_member, op_member, AT(op_member, file))
FREES(free_value, op_value, AT(op_value, file), AT(op_value, name),
      AT(op_value, usr), AT(op_value, op_file))
FREES(free_ref, op_ref, AT(op_ref, file), AT(op_ref, name), AT(op_ref, usr),
      AT(op_ref, caller))
FREES(free_decl, op_decl, AT(op_decl, file), AT(op_decl, name),
      AT(op_decl, usr), AT(op_decl, params))
FREES(free_use, op_use, AT(op_use, file), AT(op_use, usr))
FREES(free_range, ast_range, AT(ast_range, file))
FREES(free_diag, ast_diag, AT(ast_diag, file), AT(ast_diag, text),
      AT(ast_diag, category), AT(ast_diag, within))

void op_facts_free(gpointer p)
{
	struct op_facts *a = p;

	if (!a)
		return;
	g_free(a->unit);
	g_ptr_array_free(a->members, TRUE);
	g_ptr_array_free(a->values, TRUE);
	g_ptr_array_free(a->refs, TRUE);
	g_ptr_array_free(a->decls, TRUE);
	g_ptr_array_free(a->uses, TRUE);
	g_ptr_array_free(a->skipped, TRUE);
	g_ptr_array_free(a->diags, TRUE);
	g_ptr_array_free(a->files, TRUE);
	g_hash_table_destroy(a->read);
	g_free(a);
}

#define S(i) g_strcompress(f[i])
#define N(i) g_ascii_strtoull(f[i], NULL, 10)

/* FALSE: damaged, or a file that changed since. */
static gboolean load_line(struct op_facts *a, char **f, const char *tree,
			  GHashTable *memo)
{
	guint n = g_strv_length(f);

#define WANT(k) do { if (n != (k)) return FALSE; } while (0)
#define NEW(type, list, ...) do {					\
	struct type *x_ = g_new(struct type, 1);			\
	*x_ = (struct type) { __VA_ARGS__ };				\
	g_ptr_array_add(a->list, x_);					\
} while (0)
	switch (f[0][0]) {
	case 'T':
		a->has_op = TRUE;
		break;
	case 'I': {
		char *dep;

		WANT(3);
		dep = S(1);
		if (memo && reading_hash_now(tree, a->cell->build, dep, memo) !=
		    g_ascii_strtoull(f[2], NULL, 16)) {
			g_free(dep);
			return FALSE;
		}
		g_ptr_array_add(a->files, dep);
		g_hash_table_add(a->read, dep);
		break;
	}
	case 'M':
		WANT(4);
		NEW(op_member, members, S(1), N(2), f[3][0]);
		break;
	case 'V':
		WANT(7);
		NEW(op_value, values, S(1), N(2), S(3), S(4), S(5), N(6));
		break;
	case 'R':
		WANT(7);
		NEW(op_ref, refs, S(1), N(2), S(3), S(4), f[5][0], S(6));
		break;
	case 'D':
		WANT(10);
		NEW(op_decl, decls, S(1), N(2), S(3), S(4), N(5) != 0,
		    N(6) != 0, N(7), N(8), S(9));
		break;
	case 'U':
		WANT(8);
		NEW(op_use, uses, S(1), N(2), S(3), N(4), f[5][0], N(6) != 0,
		    N(7));
		break;
	case 'S':
		WANT(4);
		NEW(ast_range, skipped, S(1), N(2), N(3));
		break;
	case 'G':
		WANT(6);
		NEW(ast_diag, diags, S(1), N(2), N(3), S(4), S(5),
		    g_strdup(""), FALSE);
		break;
	default:
		return FALSE;
	}
	return TRUE;
}

/* The facts in @path; @memo: only if all files are as they were. */
static struct op_facts *load(const struct op_unit *u, const char *path,
			     const char *tree, GHashTable *memo)
{
	struct op_facts *a;
	gboolean whole = FALSE, good = TRUE;
	char *text, **lines;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	a = g_new0(struct op_facts, 1);
	a->cell = u->cell;
	a->unit = g_strdup(u->file);
	a->members = g_ptr_array_new_with_free_func(free_member);
	a->values = g_ptr_array_new_with_free_func(free_value);
	a->refs = g_ptr_array_new_with_free_func(free_ref);
	a->decls = g_ptr_array_new_with_free_func(free_decl);
	a->uses = g_ptr_array_new_with_free_func(free_use);
	a->skipped = g_ptr_array_new_with_free_func(free_range);
	a->diags = g_ptr_array_new_with_free_func(free_diag);
	a->files = g_ptr_array_new_with_free_func(g_free);
	a->read = g_hash_table_new(g_str_hash, g_str_equal);
	lines = g_strsplit(text, "\n", -1);
	g_free(text);
	good = lines[0] && !strcmp(lines[0], OP_MAGIC);
	for (char **l = lines + 1; good && *l && !whole; l++) {
		char **f = g_strsplit(*l, "\t", -1);

		whole = f[0] && !strcmp(f[0], ".");
		if (!whole)
			good = f[0] && f[0][0] && load_line(a, f, tree, memo);
		g_strfreev(f);
	}
	g_strfreev(lines);
	if (!whole)
		g_clear_pointer(&a, op_facts_free);
	return a;
}

static void feed(XXH3_state_t *h, const char *s)
{
	XXH3_64bits_update(h, s, strlen(s) + 1);
}

static char *cache_file(const struct op_reading *r, const struct op_unit *u,
			const char *dir)
{
	XXH3_state_t *h = XXH3_createState();
	char *name, *path;

	XXH3_64bits_reset(h);
	feed(h, OP_MAGIC);
	feed(h, u->cell->name);
	feed(h, u->cell->key);
	feed(h, u->file);
	feed(h, r->record);
	feed(h, r->member);
	feed(h, r->unsaved ? "after" : "before");
	for (char **d = r->with; d && *d && g_path_is_absolute(u->file); d++)
		feed(h, *d);
	for (guint i = 0; i < r->n_unsaved; i++) {
		guint64 text = XXH3_64bits(r->unsaved[i].text,
					   r->unsaved[i].size);

		feed(h, r->unsaved[i].file);
		XXH3_64bits_update(h, &text, sizeof(text));
	}
	name = g_strdup_printf("op-%016" G_GINT64_MODIFIER "x",
			       (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	path = g_build_filename(dir, name, NULL);
	g_free(name);
	return path;
}

/* What stands in for files has the hash of its text. */
static GHashTable *new_memo(const struct op_reading *r)
{
	GHashTable *memo = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free);

	for (guint i = 0; i < r->n_unsaved; i++) {
		guint64 *h = g_new(guint64, 1);

		*h = XXH3_64bits(r->unsaved[i].text, r->unsaved[i].size);
		g_hash_table_insert(memo, g_canonicalize_filename(
			r->unsaved[i].file, r->tree), h);
	}
	return memo;
}

int op_read(const struct op_reading *r, const GPtrArray *units, GPtrArray *out,
	    GPtrArray *failed, guint *cached)
{
	struct job j = { .r = r, .units = units, .failed = failed };
	char *dir = tw_cache_path("facts");
	GHashTable *memo = new_memo(r);
	int ret;

	*cached = 0;
	if (g_mkdir_with_parents(dir, 0755)) {
		ret = tw_error("cannot make '%s': %s", dir, g_strerror(errno));
		goto out;
	}
	j.todo = g_array_new(FALSE, FALSE, sizeof(guint));
	j.paths = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < units->len; i++) {
		char *path = cache_file(r, units->pdata[i], dir);
		struct op_facts *a = load(units->pdata[i], path, r->tree,
					  memo);

		g_ptr_array_add(j.paths, path);
		g_ptr_array_add(out, a);
		if (a)
			++*cached;
		else
			g_array_append_val(j.todo, i);
	}
	ret = child_pool(j.todo->len, r->jobs, &limits, read_one, read_done,
			 &j);
	tw_progress_end();
	for (guint i = 0; i < j.todo->len; i++) {
		guint n = g_array_index(j.todo, guint, i);
		char *tmp = g_strdup_printf("%s.tmp-%d",
					    (char *)j.paths->pdata[n],
					    getpid());

		out->pdata[n] = load(units->pdata[n], tmp, r->tree, NULL);
		if (!out->pdata[n] || g_rename(tmp, j.paths->pdata[n]))
			g_unlink(tmp);
		g_free(tmp);
	}
	while (g_ptr_array_remove(out, NULL))
		;
	g_array_free(j.todo, TRUE);
	g_ptr_array_free(j.paths, TRUE);
out:
	g_hash_table_destroy(memo);
	g_free(dir);
	return ret;
}
