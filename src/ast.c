// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a translation unit with libclang and writes what it sees as facts, a
 * line each.  Only declarations in the files of interest are walked: a unit
 * of mm/ is 99 % headers that no value of interest passes through.
 */
#include <clang-c/Index.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "ast.h"
#include "cx.h"
#include "diag.h"

struct walk {
	const struct ast_request *req;
	CXTranslationUnit tu;
	FILE *out;
	GHashTable *names;	/* CXFile unique id -> path in the tree */
	GHashTable *texts;	/* CXFile -> struct text, owned by libclang */
	GHashTable *seen;	/* declarations already written */
	GHashTable *expanded;	/* macro definitions already looked at */
	GHashTable *owners;	/* key of a pointer to functions -> CXCursor */
	gboolean linking;	/* what is written are no values, see link_to() */
	char *fn_usr, *fn_name;	/* the function that is walked */
	CXSourceLocation use;	/* of what uses the value that is walked */
};

static void put(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '\t' || *s == '\n' || *s == '\\')
			fprintf(f, "\\%03o", (unsigned char)*s);
		else
			putc(*s, f);
	}
}

static void G_GNUC_NULL_TERMINATED record(FILE *f, char tag, ...)
{
	const char *s;
	va_list ap;

	putc(tag, f);
	va_start(ap, tag);
	while ((s = va_arg(ap, const char *))) {
		putc('\t', f);
		put(f, s);
	}
	va_end(ap);
	putc('\n', f);
}

static char *num(gsize n)
{
	return g_strdup_printf("%" G_GSIZE_FORMAT, n);
}

/* The path in the tree ("@BUILD@/..." in the build folder), or NULL. */
static const char *file_name(struct walk *w, CXFile file)
{
	const char *path;
	char *raw, *full;

	if (!file)
		return NULL;
	if (g_hash_table_lookup_extended(w->names, file, NULL,
					 (gpointer *)&path))
		return path;
	raw = cx_take(clang_getFileName(file));
	full = g_canonicalize_filename(raw, w->req->build);
	if (g_str_has_prefix(full, w->req->build))
		path = g_strconcat("@BUILD@", full + strlen(w->req->build),
				   NULL);
	else if (g_str_has_prefix(full, w->req->tree) &&
		 full[strlen(w->req->tree)] == '/')
		path = g_strdup(full + strlen(w->req->tree) + 1);
	else
		path = NULL;
	g_hash_table_insert(w->names, file, (gpointer)path);
	g_free(raw);
	g_free(full);
	return path;
}

struct place { const char *file; unsigned line, col, off; };

/* One of libclang's three ways to say where a location is. */
typedef void (*locate_fn)(CXSourceLocation, CXFile *, unsigned *, unsigned *,
			  unsigned *);

static struct place place_by(struct walk *w, locate_fn locate,
			     CXSourceLocation loc)
{
	struct place p = { 0 };
	CXFile f;

	locate(loc, &f, &p.line, &p.col, &p.off);
	p.file = file_name(w, f);
	return p;
}

static struct place spelled(struct walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getSpellingLocation, loc);
}

static struct place expanded(struct walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getExpansionLocation, loc);
}

/*
 * Where @loc stands in a file: what an argument spells, it spells there; what
 * comes from a macro's body comes from the call of that macro, also when the
 * call is an argument of another macro.
 */
static struct place in_file(struct walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getFileLocation, loc);
}

static gboolean same_place(const struct place *a, const struct place *b)
{
	return a->file == b->file && a->off == b->off;
}

/* Is @t, sugar included, spelled with a seed type? */
static gboolean is_seed(struct walk *w, CXType t)
{
	char *s = cx_take(clang_getTypeSpelling(t));
	const char *bare = g_str_has_prefix(s, "const ") ? s + 6 : s;
	gboolean yes = g_strv_contains((const char *const *)w->req->types,
				       bare);

	g_free(s);
	return yes;
}

static char class_of(struct walk *w, CXType t)
{
	CXType c, pointee;
	char *s;
	char cls = 'O';

	if (t.kind == CXType_Invalid)
		return 'O';
	c = clang_getCanonicalType(t);
	/* A seed that is no pointer, as pte_t: only its name tells. */
	if (c.kind != CXType_Pointer)
		return (t.kind == CXType_Typedef ||
			t.kind == CXType_Elaborated) && is_seed(w, t) ?
			'H' : 'O';
	if (is_seed(w, t))
		return 'H';
	pointee = clang_getPointeeType(c);
	if (pointee.kind == CXType_Void)
		return 'V';
	if (pointee.kind != CXType_Record)
		return 'O';
	s = cx_take(clang_getCursorSpelling(clang_getTypeDeclaration(pointee)));
	if (!strcmp(s, w->req->old_struct))
		cls = 'P';
	g_free(s);
	return cls;
}

/* Declared with the type of something else: it follows that one. */
static gboolean takes_any_type(CXCursor d)
{
	char *s = cx_take(clang_getTypeSpelling(clang_getCursorType(d)));
	gboolean yes = strstr(s, "typeof") || strstr(s, "__auto_type");

	g_free(s);
	return yes;
}

/* Do the name of @d and its type both stand in a macro's body? */
static gboolean in_one_body(struct walk *w, CXCursor d)
{
	CXSourceLocation name = clang_getCursorLocation(d);
	CXSourceLocation type = clang_getRangeStart(clang_getCursorExtent(d));
	struct place n = spelled(w, name), nf = in_file(w, name);
	struct place t = spelled(w, type), tf = in_file(w, type);

	return !same_place(&n, &nf) && !same_place(&t, &tf) &&
	       t.file == n.file && t.off < n.off;
}

/*
 * The key of a declaration, or NULL.  A variable of a macro's body is one
 * declaration, however often the macro is expanded; it has no key when an
 * argument of the macro is its name or type.
 */
static char *decl_key(struct walk *w, CXCursor d)
{
	char *usr = cx_take(clang_getCursorUSR(d)), *key = NULL;
	struct place p, x;

	switch (clang_getCursorKind(d)) {
	case CXCursor_FieldDecl:
		key = g_strconcat("f:", usr, NULL);
		break;
	case CXCursor_FunctionDecl:
		key = g_strconcat("r:", usr, NULL);
		break;
	case CXCursor_VarDecl:
		if (clang_getCursorLinkage(d) == CXLinkage_External) {
			key = g_strconcat("g:", usr, NULL);
			break;
		}
		p = spelled(w, clang_getCursorLocation(d));
		x = expanded(w, clang_getCursorLocation(d));
		if (!p.file)
			break;
		if (!x.file || same_place(&x, &p))
			key = g_strdup_printf("v:%s:%u", p.file, p.off);
		else if (takes_any_type(d)) /* each expansion makes its own */
			key = g_strdup_printf("v:%s:%u@%s:%u", p.file, p.off,
					      x.file, x.off);
		else if (in_one_body(w, d))
			key = g_strdup_printf("v:%s:%u", p.file, p.off);
		break;
	case CXCursor_ParmDecl: {
		CXCursor fn = clang_getCursorSemanticParent(d);
		char *fusr;
		int n;

		if (clang_getCursorKind(fn) != CXCursor_FunctionDecl)
			break;
		fusr = cx_take(clang_getCursorUSR(fn));
		n = clang_Cursor_getNumArguments(fn);
		for (int i = 0; i < n; i++)
			if (clang_equalCursors(d,
					clang_Cursor_getArgument(fn, i)))
				key = g_strdup_printf("p:%s#%d", fusr, i);
		g_free(fusr);
		break;
	}
	default:
		break;
	}
	g_free(usr);
	return key;
}

static gboolean has_place(struct walk *w, CXCursor d)
{
	return spelled(w, clang_getCursorLocation(d)).file != NULL;
}

static void put_decl(struct walk *w, CXCursor d, const char *key, char cls)
{
	CXSourceRange ext = clang_getCursorExtent(d);
	struct place name = spelled(w, clang_getCursorLocation(d));
	struct place start = spelled(w, clang_getRangeStart(ext));
	struct place end = spelled(w, clang_getRangeEnd(ext));
	char *spell = cx_take(clang_getCursorSpelling(d)), *id, *s, *n;
	char c[2] = { cls, 0 };

	if (!name.file || name.file != start.file)
		goto out;
	if (!*spell)
		name.off = end.off;
	id = g_strdup_printf("%s@%s:%u", key, name.file, name.off);
	if (g_hash_table_add(w->seen, id)) {
		s = num(start.off);
		n = num(name.off);
		record(w->out, 'D', key, c, name.file, s, n, spell,
		       w->fn_name ? w->fn_name : "", NULL);
		g_free(s);
		g_free(n);
	}
out:
	g_free(spell);
}

struct text { const char *s; size_t size; };

/* To ask libclang is slow, see cx_file_hash(): each file once. */
static const struct text *text_of(struct walk *w, CXFile f)
{
	struct text *t = g_hash_table_lookup(w->texts, f);

	if (!t) {
		t = g_new0(struct text, 1);
		t->s = clang_getFileContents(w->tu, f, &t->size);
		if (!t->s)
			t->size = 0;
		g_hash_table_insert(w->texts, f, t);
	}
	return t;
}

/* The word, or else the token, at @off of the file that @l stands in. */
static char *word_at(struct walk *w, CXSourceLocation l, unsigned off)
{
	const struct text *t;
	char *name = NULL;
	CXToken *tok;
	gsize to = off;
	CXFile f;

	clang_getFileLocation(l, &f, NULL, NULL, NULL);
	t = f ? text_of(w, f) : NULL;
	while (t && to < t->size &&
	       (g_ascii_isalnum(t->s[to]) || t->s[to] == '_'))
		to++;
	if (to > off && !g_ascii_isdigit(t->s[off]) &&
	    (to == t->size || !strchr("\\\"'", t->s[to])))
		return g_strndup(t->s + off, to - off);
	tok = clang_getToken(w->tu, clang_getLocationForOffset(w->tu, f, off));
	if (tok) {
		name = cx_take(clang_getTokenSpelling(w->tu, *tok));
		clang_disposeTokens(w->tu, tok, 1);
	}
	return name ? name : g_strdup("");
}

/* The macro whose expansion begins at @l; "" when there is none. */
static char *macro_name(struct walk *w, CXSourceLocation l)
{
	struct place s = spelled(w, l), x = expanded(w, l);

	if (!x.file || same_place(&s, &x))
		return g_strdup("");
	return word_at(w, l, x.off);
}

/*
 * Where the value at @l is expanded, and the name of the macro that it comes
 * through, or "": the outermost of those that make it, or, for an argument, the
 * outermost of all.
 */
static char *through(struct walk *w, CXSourceLocation l, struct place *x)
{
	struct place s = spelled(w, l), f = in_file(w, l);

	/* The call of its macro may be an argument of another macro. */
	*x = !same_place(&s, &f) && f.file ? f : expanded(w, l);
	return same_place(&s, x) || !x->file ? g_strdup("")
					     : word_at(w, l, x->off);
}

/*
 * Behind the last token of @c; 0 when that is spelled elsewhere.  What begins in
 * a macro's body has its end, for libclang, where the macro is expanded: only
 * the name of a member is known to be its last token.
 */
static unsigned end_of(struct walk *w, CXCursor c)
{
	CXSourceRange ext = clang_getCursorExtent(c);
	CXSourceLocation l = clang_getRangeStart(ext);
	struct place s = spelled(w, l), f = in_file(w, l);
	struct place e = spelled(w, clang_getRangeEnd(ext));

	if (!same_place(&s, &f)) {
		char *name = cx_take(clang_getCursorSpelling(c));

		e = spelled(w, clang_getCursorLocation(c));
		e.off += clang_getCursorKind(c) == CXCursor_MemberRefExpr ?
			 strlen(name) : 0;
		g_free(name);
	}
	return s.file && s.file == e.file && e.off > s.off ? e.off : 0;
}

static void event(struct walk *w, CXCursor at, const char *src,
		  const char *dst)
{
	/* The start of the extent, not the location: "p" of "p->x". */
	CXSourceRange ext = clang_getCursorExtent(at);
	CXSourceLocation l = clang_getRangeStart(ext);
	struct place s = spelled(w, l), ox = expanded(w, l), x;
	struct place us = spelled(w, w->use), uf = in_file(w, w->use);
	struct place ux = expanded(w, w->use);
	gboolean ubody = !same_place(&us, &uf);
	/* In the same expansion: "M1() = M2()" uses neither in the other. */
	gboolean inside = !same_place(&us, &ux) && same_place(&ux, &ox), out;
	char *off, *end, *line, *xoff, *use, *xname = through(w, l, &x);

	if (!s.file && !x.file) {
		g_free(xname);
		return;
	}
	if (!same_place(&x, &ox))
		inside = ubody && same_place(&uf, &x);
	out = !same_place(&s, &x) && us.file && !inside;
	off = num(s.file ? s.off : x.off);
	end = num(end_of(w, at));
	line = num(s.file ? s.line : x.line);
	xoff = num(x.off);
	if (ubody && same_place(&ux, &ox))
		use = word_at(w, w->use, uf.off);
	else
		use = inside ? macro_name(w, w->use) : g_strdup("");
	record(w->out, 'E', src, dst, s.file ? s.file : x.file, off, line,
	       x.file ? x.file : "", xoff, xname, end, out ? "1" : "0", use,
	       w->linking ? "1" : "0", NULL);
	g_free(use);
	g_free(xname);
	g_free(off);
	g_free(end);
	g_free(line);
	g_free(xoff);
}

static CXCursor strip(CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c);
		GArray *v;

		if (k != CXCursor_ParenExpr && k != CXCursor_UnexposedExpr &&
		    k != CXCursor_CStyleCastExpr)
			return c;
		v = cx_children(c);
		if (!v->len) {
			g_array_free(v, TRUE);
			return c;
		}
		c = CX_CHILD(v, v->len - 1);
		g_array_free(v, TRUE);
	}
}

static gboolean is_null(CXCursor c)
{
	CXCursor s = strip(c);
	gboolean yes = FALSE;

	if (clang_getCursorKind(s) == CXCursor_IntegerLiteral) {
		CXEvalResult r = clang_Cursor_Evaluate(s);

		yes = r && clang_EvalResult_getKind(r) == CXEval_Int &&
		      clang_EvalResult_getAsLongLong(r) == 0;
		if (r)
			clang_EvalResult_dispose(r);
	}
	return yes;
}

/* @c without parentheses and conversions that nobody wrote. */
static CXCursor bare(CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c);
		gboolean one;
		GArray *v;

		if (k != CXCursor_ParenExpr && k != CXCursor_UnexposedExpr)
			return c;
		v = cx_children(c);
		one = v->len == 1;
		if (one)
			c = CX_CHILD(v, 0);
		g_array_free(v, TRUE);
		if (!one)
			return c;
	}
}

/* The operand of @c, of kind @k and, for CXCursor_UnaryOperator, operator @op. */
static gboolean operand(CXCursor c, enum CXCursorKind k,
			enum CXUnaryOperatorKind op, CXCursor *of)
{
	GArray *v;

	c = bare(c);
	if (clang_getCursorKind(c) != k ||
	    (k == CXCursor_UnaryOperator &&
	     clang_getCursorUnaryOperatorKind(c) != op))
		return FALSE;
	v = cx_children(c);
	if (v->len)
		*of = CX_CHILD(v, v->len - 1);
	else
		k = CXCursor_InvalidCode;
	g_array_free(v, TRUE);
	return k != CXCursor_InvalidCode;
}

/* "*(T *)&(x)", as READ_ONCE() has it: x itself. */
static gboolean is_same_object(struct walk *w, CXCursor c, CXCursor *x)
{
	char cls = class_of(w, clang_getCursorType(c));

	if ((cls != 'H' && cls != 'P') ||
	    !operand(c, CXCursor_UnaryOperator, CXUnaryOperator_Deref, x) ||
	    !operand(*x, CXCursor_CStyleCastExpr, 0, x) ||
	    !operand(*x, CXCursor_UnaryOperator, CXUnaryOperator_AddrOf, x))
		return FALSE;
	cls = class_of(w, clang_getCursorType(*x));
	return cls == 'H' || cls == 'P';
}

/* Is @cast one of a void pointer that has a name? */
static gboolean is_opaque(struct walk *w, CXCursor cast)
{
	CXCursor s = strip(cast);
	enum CXCursorKind k = clang_getCursorKind(s);

	return (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr) &&
	       class_of(w, clang_getCursorType(s)) == 'V';
}

/* "(typeof(*x) *)e", as list_next_entry(x, …) has it: what x is. */
static gboolean follows(struct walk *w, CXCursor cast, CXCursor *x)
{
	char cls = class_of(w, clang_getCursorType(cast));
	GArray *v = cx_children(cast);	/* what typeof names, and e */
	gboolean yes = (cls == 'H' || cls == 'P') && v->len > 1 &&
		operand(CX_CHILD(v, 0), CXCursor_UnaryOperator,
			CXUnaryOperator_Deref, x);

	g_array_free(v, TRUE);
	if (!yes)
		return FALSE;
	cls = class_of(w, clang_getCursorType(*x));
	return cls == 'H' || cls == 'P';
}

static void walk_value(struct walk *w, CXCursor c, const char *dst);
static void walk_stmt(struct walk *w, CXCursor c, const char *last_dst);

/* ---- pointers to functions ---- */

/* The function type that @t is, points to, or is an array of pointers to. */
static CXType function_type(CXType t)
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
		default:	/* another way to name one, as typeof, is enough */
			t = clang_getCanonicalType(t);
			if (t.kind != CXType_Pointer &&
			    t.kind != CXType_FunctionProto)
				return (CXType){ .kind = CXType_Invalid };
		}
	}
}

static gboolean is_ours(char cls)
{
	return cls == 'H' || cls == 'P';
}

/* Does it take or return a value of one of our types? */
static gboolean carries(struct walk *w, CXType fn)
{
	gboolean yes;

	if (fn.kind != CXType_FunctionProto)
		return FALSE;
	yes = is_ours(class_of(w, clang_getResultType(fn)));
	for (int i = 0; i < clang_getNumArgTypes(fn); i++)
		yes |= is_ours(class_of(w, clang_getArgType(fn, i)));
	return yes;
}

static CXType declared_type(CXCursor d)
{
	return clang_getCursorKind(d) == CXCursor_TypedefDecl ?
	       clang_getTypedefDeclUnderlyingType(d) : clang_getCursorType(d);
}

/*
 * Where the parameters of the functions that @d is, or points to, are spelled:
 * in @d itself, in a typedef, or in the function whose type it takes.  None
 * when they are not ours.
 */
static CXCursor owner_of(struct walk *w, CXCursor d)
{
	CXCursor none = clang_getNullCursor(), r;
	CXType fn = function_type(declared_type(d));
	enum CXCursorKind k = clang_getCursorKind(d);
	GArray *v;

	if (!carries(w, fn) ||
	    (k != CXCursor_FunctionDecl && k != CXCursor_FieldDecl &&
	     k != CXCursor_VarDecl && k != CXCursor_ParmDecl &&
	     k != CXCursor_TypedefDecl))
		return none;
	if (k == CXCursor_FunctionDecl)
		return d;
	v = cx_children(d);
	for (guint i = 0; i < v->len; i++) {
		CXCursor c = CX_CHILD(v, i);

		if (clang_getCursorKind(c) != CXCursor_TypeRef &&
		    !(clang_isExpression(clang_getCursorKind(c)) &&
		      takes_any_type(d)))
			continue;
		r = clang_getCursorReferenced(c);
		if (clang_Cursor_isNull(r) ||
		    !clang_equalTypes(clang_getCanonicalType(fn),
				      clang_getCanonicalType(
					function_type(declared_type(r)))))
			continue;
		d = owner_of(w, r);
		break;
	}
	g_array_free(v, TRUE);
	return d;
}

static CXCursor owner_param(CXCursor owner, int n)
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

/* What stands behind "r:" and "p:" in the keys, or NULL. */
static char *owner_key(struct walk *w, CXCursor owner)
{
	char *key, *all;

	if (clang_getCursorKind(owner) == CXCursor_FunctionDecl)
		return cx_take(clang_getCursorUSR(owner));
	if (clang_getCursorKind(owner) == CXCursor_TypedefDecl) {
		struct place p = spelled(w, clang_getCursorLocation(owner));
		char *name = cx_take(clang_getCursorSpelling(owner));

		all = p.file ? g_strdup_printf("*t:%s:%u:%s", p.file, p.off,
					       name) : NULL;
		g_free(name);
		return all;
	}
	key = decl_key(w, owner);
	all = key ? g_strconcat("*", key, NULL) : NULL;
	g_free(key);
	return all;
}

/* Tell of the parameters of @owner, and of what it returns. */
static void put_owner(struct walk *w, CXCursor owner)
{
	CXType fn = function_type(declared_type(owner));
	char *key = owner_key(w, owner), *of;
	char cls = class_of(w, clang_getResultType(fn));

	if (key && is_ours(cls)) {
		of = g_strconcat("r:", key, NULL);
		put_decl(w, owner, of, cls);
		g_free(of);
	}
	for (int i = 0; key && i < clang_getNumArgTypes(fn); i++) {
		CXCursor p = owner_param(owner, i);

		cls = class_of(w, clang_getCursorType(p));
		if (!is_ours(cls))
			continue;
		of = g_strdup_printf("p:%s#%d", key, i);
		put_decl(w, p, of, cls);
		g_free(of);
	}
	g_free(key);
}

/* Remember @d, of @key, when it is a pointer to functions that are ours. */
static void know_owner(struct walk *w, CXCursor d, const char *key)
{
	CXCursor owner = owner_of(w, d), *copy;

	if (!key || clang_Cursor_isNull(owner))
		return;
	put_owner(w, owner);
	copy = g_memdup2(&owner, sizeof(owner));
	g_hash_table_replace(w->owners, g_strdup(key), copy);
}

/*
 * A function, or a pointer to one, at @at goes into another pointer: parameters
 * and results of both are one thing by two names.  Whatever is true of one is
 * true of the other.
 */
static void link_to(struct walk *w, CXCursor at, CXCursor from, CXCursor to)
{
	CXType fn = function_type(declared_type(from));
	char *a = owner_key(w, from), *b = owner_key(w, to);

	w->linking = TRUE;
	for (int i = -1; a && b && strcmp(a, b) &&
	     i < clang_getNumArgTypes(fn); i++) {
		CXType t = i < 0 ? clang_getResultType(fn)
				 : clang_getArgType(fn, i);
		char *n = i < 0 ? g_strdup("") : g_strdup_printf("#%d", i);
		char *src = g_strconcat(i < 0 ? "r:" : "p:", a, n, NULL);
		char *dst = g_strconcat(i < 0 ? "r:" : "p:", b, n, NULL);

		if (is_ours(class_of(w, t))) {
			event(w, at, src, dst);
			event(w, at, dst, src);
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

/* Who knows what function @at puts into the pointer @owner? */
static void link_unknown(struct walk *w, CXCursor at, CXCursor owner)
{
	CXType fn = function_type(declared_type(owner));
	char *key = owner_key(w, owner);

	w->linking = TRUE;
	for (int i = -1; key && i < clang_getNumArgTypes(fn); i++) {
		char *dst = i < 0 ? g_strconcat("r:", key, NULL) :
				    g_strdup_printf("p:%s#%d", key, i);

		event(w, at, "U:", dst);
		g_free(dst);
	}
	w->linking = FALSE;
	g_free(key);
}

/* The address of the function, or the pointer to one, @d goes out of sight. */
static void link_away(struct walk *w, CXCursor at, CXCursor d)
{
	char *key = owner_key(w, d), *src = g_strconcat("r:", key, NULL);

	if (key)
		event(w, at, src, "A");
	g_free(src);
	g_free(key);
}

/* The pointer to functions of ours that @dst is the key of, or NULL. */
static const CXCursor *owner_at(const struct walk *w, const char *dst)
{
	return g_hash_table_lookup(w->owners, dst);
}

/* What is called through a pointer: its declaration, or none. */
static CXCursor called(CXCursor c)
{
	for (;;) {
		enum CXCursorKind k = clang_getCursorKind(c = bare(c));
		CXCursor of = clang_getNullCursor();
		GArray *v;

		if (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr)
			return clang_getCursorReferenced(c);
		if (k != CXCursor_ArraySubscriptExpr &&
		    !operand(c, CXCursor_UnaryOperator,
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

static gboolean names_function(CXCursor c)
{
	c = bare(c);
	return clang_getCursorKind(c) == CXCursor_DeclRefExpr &&
	       clang_getCursorKind(clang_getCursorReferenced(c)) ==
	       CXCursor_FunctionDecl;
}

/* The key that an lvalue stores to, and its declaration's class. */
static char *lvalue_key(struct walk *w, CXCursor c)
{
	CXCursor s = bare(c), d;
	enum CXCursorKind k = clang_getCursorKind(s);

	if (is_same_object(w, s, &d))
		return lvalue_key(w, d);
	if (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr) {
		d = clang_getCursorReferenced(s);
		if (!clang_Cursor_isNull(d)) {
			char *key = decl_key(w, d);

			if (key) {
				put_decl(w, d, key,
					 class_of(w, clang_getCursorType(d)));
				know_owner(w, d, key);
				return key;
			}
		}
	}
	switch (class_of(w, clang_getCursorType(c))) {
	case 'H':
		return g_strdup("H");
	case 'P':
		return g_strdup("P");
	case 'V':
		return g_strdup("V");
	}
	return g_strdup("X");
}

/* A value of another type that goes where a handle or page may be. */
static void unknown_source(struct walk *w, CXCursor c, const char *dst)
{
	CXSourceLocation l = clang_getRangeStart(clang_getCursorExtent(c));
	char *name, *src;

	if (is_null(c))
		return;
	name = macro_name(w, l);
	src = g_strconcat("U:", name, NULL);
	event(w, c, src, dst);
	g_free(src);
	g_free(name);
}

/* Does @dst name something whose contents matter to the flow? */
static gboolean is_decl_key(const char *dst)
{
	return (dst[1] == ':' && strchr("vgprf", dst[0])) ||
	       !strcmp(dst, "H");
}

static CXSourceLocation start_of(CXCursor c)
{
	return clang_getRangeStart(clang_getCursorExtent(c));
}

/* What @c is compared with: "N", or "c:MACRO:KEY" of one of our types. */
static char *compared_key(struct walk *w, CXCursor c)
{
	CXCursor s = strip(c);
	char cls = class_of(w, clang_getCursorType(s));
	struct place x;
	char *key, *name, *all;

	if (is_null(c) || (cls != 'P' && cls != 'H'))
		return g_strdup("N");
	key = lvalue_key(w, s);
	name = through(w, start_of(s), &x);
	all = g_strdup_printf("c:%s:%s", name, key);
	g_free(name);
	g_free(key);
	return all;
}

static void leaf(struct walk *w, CXCursor c, const char *src, const char *dst)
{
	char cls = class_of(w, clang_getCursorType(c));

	if (cls == 'H' || cls == 'P')
		event(w, c, src ? src : cls == 'H' ? "H" : "P", dst);
}

static void walk_children(struct walk *w, CXCursor c, const char *dst)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++)
		walk_value(w, CX_CHILD(v, i), dst);
	g_array_free(v, TRUE);
}

/*
 * What argument @i of a call through a pointer goes to: "H", "P", "V" or "X",
 * by the pointer's type.  Its text keeps the name of a typedef, which libclang
 * drops from the types of parameters.
 */
static const char *pointer_param(struct walk *w, CXCursor callee, int i)
{
	CXType t = clang_getCanonicalType(clang_getCursorType(callee));
	char *spell, **args = NULL, *open;
	const char *dst = "X";

	if (t.kind == CXType_Pointer)
		t = clang_getPointeeType(t);
	if (t.kind != CXType_FunctionProto || i >= clang_getNumArgTypes(t))
		return "X";
	spell = cx_take(clang_getTypeSpelling(clang_getCursorType(callee)));
	open = strrchr(spell, '(');
	if (open) {
		open[strcspn(open, ")")] = '\0';
		args = g_strsplit(open + 1, ",", -1);
	}
	switch (class_of(w, clang_getArgType(t, i))) {
	case 'P':
		dst = "P";
		if (args && i < (int)g_strv_length(args) &&
		    g_strv_contains((const char *const *)w->req->types,
				    g_strstrip(args[i])))
			dst = "H";
		break;
	case 'V':
		dst = "V";
		break;
	}
	g_strfreev(args);
	g_free(spell);
	return dst;
}

static void walk_call(struct walk *w, CXCursor c, const char *dst)
{
	CXCursor fn = clang_getCursorReferenced(c);
	int n = clang_Cursor_getNumArguments(c);
	gboolean direct = clang_getCursorKind(fn) == CXCursor_FunctionDecl;
	GArray *callee = cx_children(c);
	CXSourceLocation outer = w->use;
	char *of, *key, cls;

	if (!direct)
		fn = callee->len ? owner_of(w, called(CX_CHILD(callee, 0)))
				 : clang_getNullCursor();
	of = clang_Cursor_isNull(fn) ? NULL : owner_key(w, fn);
	w->use = start_of(c);
	for (int i = 0; i < n; i++) {
		CXCursor arg = clang_Cursor_getArgument(c, i);
		CXCursor p = of ? owner_param(fn, i) : clang_getNullCursor();

		if (!clang_Cursor_isNull(p)) {
			cls = class_of(w, clang_getCursorType(p));
			key = g_strdup_printf("p:%s#%d", of, i);
			if (cls == 'H' || cls == 'P' || cls == 'V')
				put_decl(w, p, key, cls);
			know_owner(w, p, key);
			/* A macro pasted its name: no place, just a type. */
			walk_value(w, arg, has_place(w, p) ? key :
				   cls == 'H' ? "H" : cls == 'P' ? "P" :
				   cls == 'V' ? "V" : "X");
			g_free(key);
		} else {
			walk_value(w, arg, !of && callee->len ?
				   pointer_param(w, CX_CHILD(callee, 0), i) : "X");
		}
	}
	if (!direct && callee->len)
		walk_value(w, CX_CHILD(callee, 0), "N");
	g_array_free(callee, TRUE);
	w->use = outer;
	key = of ? g_strconcat("r:", of, NULL) : NULL;
	if (of) {
		cls = class_of(w, clang_getResultType(
					function_type(declared_type(fn))));
		if (is_ours(cls))
			put_decl(w, fn, key, cls);
	}
	leaf(w, c, key, dst);
	g_free(key);
	g_free(of);
}

static void walk_ref(struct walk *w, CXCursor c, const char *dst)
{
	CXCursor d = clang_getCursorReferenced(c), owner;
	CXSourceLocation outer = w->use;
	char *key = NULL, *to;

	if (clang_getCursorKind(c) == CXCursor_MemberRefExpr) {
		char *name = cx_take(clang_getCursorSpelling(c));

		to = g_strconcat("m:", name, NULL);
		w->use = clang_getCursorLocation(c);
		walk_children(w, c, to);
		w->use = outer;
		g_free(to);
		g_free(name);
	}
	if (clang_getCursorKind(d) == CXCursor_FunctionDecl) {
		if (owner_at(w, dst))
			link_to(w, c, d, *owner_at(w, dst));
		else if (strcmp(dst, "N"))
			link_away(w, c, d);
		return;
	}
	if (!clang_Cursor_isNull(d))
		key = decl_key(w, d);
	if (key)
		put_decl(w, d, key, class_of(w, clang_getCursorType(d)));
	leaf(w, c, key, dst);
	owner = owner_of(w, d);
	if (!clang_Cursor_isNull(owner)) {
		if (owner_at(w, dst))
			link_to(w, c, owner, *owner_at(w, dst));
		/* A test, a store to it, an element of it. */
		else if (strcmp(dst, "N") && strcmp(dst, "=") &&
			 strcmp(dst, "m:*"))
			link_away(w, c, owner);
	}
	/* A void pointer that becomes one of ours: the flow goes on. */
	if (key && is_decl_key(dst) &&
	    class_of(w, clang_getCursorType(c)) == 'V')
		event(w, c, key, dst);
	g_free(key);
}

/* ".table = e" goes where the field is; FALSE when it is no such thing. */
static gboolean walk_designated(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);
	guint n = v->len;
	CXCursor field;
	gboolean yes = n > 1 && clang_getCursorKind(CX_CHILD(v, n - 2)) ==
			       CXCursor_MemberRef;

	if (yes) {
		char cls, *key;

		field = clang_getCursorReferenced(CX_CHILD(v, n - 2));
		cls = class_of(w, clang_getCursorType(field));
		key = clang_Cursor_isNull(field) ? NULL : decl_key(w, field);
		if (key && (cls == 'H' || cls == 'P'))
			put_decl(w, field, key, cls);
		know_owner(w, field, key);
		walk_value(w, CX_CHILD(v, n - 1), key ? key : "X");
		g_free(key);
	}
	g_array_free(v, TRUE);
	return yes;
}

static enum CXVisitorResult take_field(CXCursor field, CXClientData data)
{
	g_array_append_val((GArray *)data, field);
	return CXVisit_Continue;
}

/*
 * "{ e, f }" of a struct: each goes where its field is; FALSE when it is no
 * such thing.
 */
static gboolean walk_positions(struct walk *w, CXCursor c)
{
	CXType t = clang_getCanonicalType(clang_getCursorType(c));
	GArray *v = cx_children(c);
	GArray *fields = g_array_new(FALSE, FALSE, sizeof(CXCursor));
	gboolean yes;

	if (t.kind == CXType_Record)
		clang_Type_visitFields(t, take_field, fields);
	yes = v->len && v->len <= fields->len;
	for (guint i = 0; yes && i < v->len; i++) {
		GArray *of = cx_children(CX_CHILD(v, i));

		yes = !of->len || clang_getCursorKind(CX_CHILD(of, 0)) !=
				  CXCursor_MemberRef;
		g_array_free(of, TRUE);
	}
	for (guint i = 0; yes && i < v->len; i++) {
		CXCursor field = CX_CHILD(fields, i);
		char cls = class_of(w, clang_getCursorType(field));
		char *key = decl_key(w, field);

		if (key && is_ours(cls))
			put_decl(w, field, key, cls);
		know_owner(w, field, key);
		walk_value(w, CX_CHILD(v, i), key ? key : "X");
		g_free(key);
	}
	g_array_free(fields, TRUE);
	g_array_free(v, TRUE);
	return yes;
}

/* "sizeof(*h)": no value is used, but that of the operator changes. */
static void walk_sizeof(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);
	CXCursor p;
	char cls, *key;

	if (v->len == 1 && operand(CX_CHILD(v, 0), CXCursor_UnaryOperator,
				   CXUnaryOperator_Deref, &p)) {
		p = bare(p);
		cls = class_of(w, clang_getCursorType(p));
		if (cls == 'H' || cls == 'P') {
			key = lvalue_key(w, p);
			event(w, p, key, "S");
			g_free(key);
		}
	}
	g_array_free(v, TRUE);
}

static void walk_value(struct walk *w, CXCursor c, const char *dst)
{
	CXSourceLocation outer = w->use;
	enum CXCursorKind k = clang_getCursorKind(c);
	const CXCursor *owner;
	CXCursor of;
	char cls;
	GArray *v;
	char *key;

	if (clang_isStatement(k) || k == CXCursor_StmtExpr) {
		walk_stmt(w, c, k == CXCursor_StmtExpr ? dst : NULL);
		return;
	}
	if (clang_isDeclaration(k)) {
		walk_stmt(w, c, NULL);
		return;
	}
	if (clang_isReference(k) || !clang_isExpression(k))
		return;

	/* A value of another type that becomes one of ours. */
	cls = class_of(w, clang_getCursorType(c));
	if (is_decl_key(dst) && (cls == 'V' || cls == 'O') &&
	    k != CXCursor_UnexposedExpr && k != CXCursor_ParenExpr &&
	    k != CXCursor_ConditionalOperator &&
	    k != CXCursor_CStyleCastExpr &&
	    !(cls == 'V' && k == CXCursor_DeclRefExpr))
		unknown_source(w, c, dst);

	owner = is_decl_key(dst) ? owner_at(w, dst) : NULL;
	if (owner && k != CXCursor_UnexposedExpr && k != CXCursor_ParenExpr &&
	    k != CXCursor_ConditionalOperator && k != CXCursor_DeclRefExpr &&
	    k != CXCursor_MemberRefExpr && k != CXCursor_InitListExpr &&
	    !operand(c, CXCursor_UnaryOperator, CXUnaryOperator_AddrOf, &of) &&
	    !is_null(c))
		link_unknown(w, c, *owner);

	switch (k) {
	case CXCursor_UnexposedExpr:
		if (walk_designated(w, c))
			break;
		/* Fall through. */
	case CXCursor_ParenExpr:
		walk_children(w, c, dst);
		break;
	case CXCursor_CStyleCastExpr:
		v = cx_children(c);
		if (!v->len) {
			g_array_free(v, TRUE);
			break;
		}
		if (cls == 'H') {
			key = lvalue_key(w, strip(c));
			event(w, strip(c), key, "K");
			g_free(key);
		}
		if ((cls == 'H' || cls == 'P') && is_opaque(w, c)) {
			/* What it came from is out of sight, what it is is not. */
			walk_value(w, CX_CHILD(v, v->len - 1),
				   cls == 'H' ? "H" : "P");
			leaf(w, c, NULL, dst);
		} else if (follows(w, c, &of)) {
			walk_value(w, CX_CHILD(v, v->len - 1), "N");
			key = lvalue_key(w, of);
			leaf(w, c, key, dst);
			g_free(key);
		} else if (cls == 'O') {
			char *t = cx_take(clang_getTypeSpelling(
					clang_getCursorType(c)));

			key = g_strcmp0(t, "void") ?
				g_strconcat("C:", t, NULL) : g_strdup("N");
			walk_value(w, CX_CHILD(v, v->len - 1), key);
			g_free(key);
			g_free(t);
		} else {
			walk_value(w, CX_CHILD(v, v->len - 1),
				   cls == 'V' ? "V" : dst);
		}
		g_array_free(v, TRUE);
		break;
	case CXCursor_ConditionalOperator:
		v = cx_children(c);
		for (guint i = 0; i < v->len; i++)
			walk_value(w, CX_CHILD(v, i), i ? dst : "N");
		g_array_free(v, TRUE);
		break;
	case CXCursor_BinaryOperator: {
		enum CXBinaryOperatorKind op =
			clang_getCursorBinaryOperatorKind(c);

		v = cx_children(c);
		if (v->len != 2) {
			g_array_free(v, TRUE);
			break;
		}
		if (op != CXBinaryOperator_Comma)
			w->use = start_of(c);
		if (op == CXBinaryOperator_Assign) {
			key = lvalue_key(w, CX_CHILD(v, 0));
			walk_value(w, CX_CHILD(v, 1), key);
			walk_value(w, CX_CHILD(v, 0), "=");
			w->use = outer;
			g_free(key);
			if (strcmp(dst, "N"))
				leaf(w, CX_CHILD(v, 0), NULL, dst);
		} else if (op == CXBinaryOperator_Comma) {
			walk_value(w, CX_CHILD(v, 0), "N");
			walk_value(w, CX_CHILD(v, 1), dst);
		} else {
			gboolean same = op == CXBinaryOperator_EQ ||
					op == CXBinaryOperator_NE;
			gboolean test = op == CXBinaryOperator_LAnd ||
					op == CXBinaryOperator_LOr;

			for (guint i = 0; i < 2; i++) {
				key = same ? compared_key(w, CX_CHILD(v, !i)) :
				      g_strdup(test ? "N" : "X");
				/* The start of the whole is that of "M()". */
				w->use = start_of(CX_CHILD(v, !i));
				walk_value(w, CX_CHILD(v, i), key);
				g_free(key);
			}
			w->use = outer;
			leaf(w, c, NULL, dst);
		}
		g_array_free(v, TRUE);
		break;
	}
	case CXCursor_UnaryOperator: {
		enum CXUnaryOperatorKind op =
			clang_getCursorUnaryOperatorKind(c);
		CXCursor x;

		w->use = start_of(c);
		if (is_same_object(w, c, &x)) {
			walk_value(w, x, "N");
			w->use = outer;
			key = lvalue_key(w, x);
			leaf(w, c, key, dst);
			g_free(key);
			break;
		}
		/* "&f" and "f" are the same. */
		walk_children(w, c, op == CXUnaryOperator_AddrOf &&
			      operand(c, CXCursor_UnaryOperator, op, &x) &&
			      names_function(x) ? dst :
			      op == CXUnaryOperator_AddrOf ||
			      op == CXUnaryOperator_PreInc ||
			      op == CXUnaryOperator_PreDec ||
			      op == CXUnaryOperator_PostInc ||
			      op == CXUnaryOperator_PostDec ? "A" :
			      op == CXUnaryOperator_LNot ? "N" :
			      op == CXUnaryOperator_Deref ? "m:*" : "X");
		w->use = outer;
		if (op == CXUnaryOperator_Deref)
			leaf(w, c, NULL, dst);
		break;
	}
	case CXCursor_CompoundAssignOperator:
		v = cx_children(c);
		w->use = start_of(c);
		for (guint i = 0; i < v->len; i++)
			walk_value(w, CX_CHILD(v, i), i ? "X" : "A");
		w->use = outer;
		g_array_free(v, TRUE);
		break;
	case CXCursor_ArraySubscriptExpr:
		w->use = start_of(c);
		walk_children(w, c, "m:*");
		w->use = outer;
		leaf(w, c, NULL, dst);
		break;
	case CXCursor_CallExpr:
		walk_call(w, c, dst);
		break;
	case CXCursor_DeclRefExpr:
	case CXCursor_MemberRefExpr:
		walk_ref(w, c, dst);
		break;
	case CXCursor_GenericSelectionExpr:
		/* The chosen arm repeats the controlling expression. */
		v = cx_children(c);
		w->use = start_of(c);
		if (v->len)
			walk_value(w, CX_CHILD(v, 0), "G");
		w->use = outer;
		g_array_free(v, TRUE);
		leaf(w, c, NULL, dst);
		break;
	case CXCursor_InitListExpr:
		if (walk_positions(w, c))
			break;
		/* Elements of an array go where the array is. */
		cls = class_of(w, clang_getArrayElementType(
					clang_getCursorType(c)));
		w->use = start_of(c);
		walk_children(w, c, cls == 'H' ? "H" : cls == 'P' ? "P" :
			      owner ? dst : "X");
		w->use = outer;
		/* A pte_t that is a struct, with its members. */
		leaf(w, c, NULL, dst);
		break;
	case CXCursor_UnaryExpr:	/* sizeof, typeof: not evaluated */
		walk_sizeof(w, c);
		break;
	default:
		w->use = start_of(c);
		walk_children(w, c, "X");
		w->use = outer;
		leaf(w, c, NULL, dst);
		break;
	}
}

static void walk_var(struct walk *w, CXCursor c)
{
	char *key = decl_key(w, c);
	char cls = class_of(w, clang_getCursorType(c));
	CXSourceLocation outer = w->use;
	GArray *v;

	if (key && (cls == 'H' || cls == 'P'))
		put_decl(w, c, key, cls);
	know_owner(w, c, key);
	v = cx_children(c);
	w->use = clang_getCursorLocation(c);
	for (guint i = 0; i < v->len; i++)
		if (clang_isExpression(clang_getCursorKind(CX_CHILD(v, i))))
			walk_value(w, CX_CHILD(v, i), key ? key :
				   cls == 'P' ? "P" : "X");
	w->use = outer;
	g_array_free(v, TRUE);
	g_free(key);
}

/* @last_dst: where the value of a statement expression goes, or NULL. */
static void walk_stmt(struct walk *w, CXCursor c, const char *last_dst)
{
	enum CXCursorKind k = clang_getCursorKind(c);
	CXSourceLocation outer = w->use;
	GArray *v;

	if (k == CXCursor_VarDecl) {
		walk_var(w, c);
		return;
	}
	v = cx_children(c);
	if (k == CXCursor_StmtExpr && v->len == 1) {
		walk_stmt(w, CX_CHILD(v, 0), last_dst);
		g_array_free(v, TRUE);
		return;
	}
	for (guint i = 0; i < v->len; i++) {
		CXCursor ch = CX_CHILD(v, i);
		enum CXCursorKind ck = clang_getCursorKind(ch);

		if (k == CXCursor_ReturnStmt && w->fn_usr) {
			char *key = g_strconcat("r:", w->fn_usr, NULL);

			w->use = start_of(c);
			walk_value(w, ch, key);
			g_free(key);
		} else if (clang_isStatement(ck) || clang_isDeclaration(ck)) {
			walk_stmt(w, ch, NULL);
		} else if (k == CXCursor_CompoundStmt && last_dst &&
			   i == v->len - 1) {
			walk_value(w, ch, last_dst);
		} else {
			w->use = start_of(ch);
			walk_value(w, ch, "N");
		}
		if (k != CXCursor_StmtExpr)
			w->use = outer;
	}
	g_array_free(v, TRUE);
}

static void walk_function(struct walk *w, CXCursor c)
{
	CXSourceRange ext = clang_getCursorExtent(c);
	struct place s = spelled(w, clang_getRangeStart(ext));
	struct place e = spelled(w, clang_getRangeEnd(ext));
	gboolean def = clang_isCursorDefinition(c);
	int n = clang_Cursor_getNumArguments(c);
	char cls, *so, *eo;
	GArray *v;

	w->fn_usr = cx_take(clang_getCursorUSR(c));
	w->fn_name = cx_take(clang_getCursorSpelling(c));
	if (s.file && s.file == e.file) {
		so = num(s.off);
		eo = num(e.off);
		record(w->out, 'F', w->fn_usr, w->fn_name, s.file, so, eo,
		       def ? "1" : "0", NULL);
		g_free(so);
		g_free(eo);
	}
	cls = class_of(w, clang_getCursorResultType(c));
	if (cls == 'H' || cls == 'P') {
		char *key = g_strconcat("r:", w->fn_usr, NULL);

		put_decl(w, c, key, cls);
		g_free(key);
	}
	for (int i = 0; i < n; i++) {
		CXCursor p = clang_Cursor_getArgument(c, i);

		char *key = g_strdup_printf("p:%s#%d", w->fn_usr, i);

		cls = class_of(w, clang_getCursorType(p));
		if (cls == 'H' || cls == 'P' || cls == 'V')
			put_decl(w, p, key, cls);
		know_owner(w, p, key);
		g_free(key);
	}
	v = cx_children(c);
	for (guint i = 0; def && i < v->len; i++)
		if (clang_getCursorKind(CX_CHILD(v, i)) == CXCursor_CompoundStmt)
			walk_stmt(w, CX_CHILD(v, i), NULL);
	g_array_free(v, TRUE);
	g_clear_pointer(&w->fn_usr, g_free);
	g_clear_pointer(&w->fn_name, g_free);
}

static void walk_record(struct walk *w, CXCursor c)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++) {
		CXCursor f = CX_CHILD(v, i);
		enum CXCursorKind k = clang_getCursorKind(f);
		char cls, *key;

		if (k == CXCursor_StructDecl || k == CXCursor_UnionDecl)
			walk_record(w, f);
		if (k != CXCursor_FieldDecl)
			continue;
		cls = class_of(w, clang_getCursorType(f));
		key = decl_key(w, f);
		if (cls == 'H' || cls == 'P')
			put_decl(w, f, key, cls);
		know_owner(w, f, key);
		g_free(key);
	}
	g_array_free(v, TRUE);
}

static void put_typedef(struct walk *w, CXCursor c)
{
	char *name = cx_take(clang_getCursorSpelling(c)), *under, *off;
	struct place p = spelled(w, clang_getCursorLocation(c));

	if (p.file && g_strv_contains((const char *const *)w->req->types,
				      name)) {
		under = cx_take(clang_getTypeSpelling(
				clang_getTypedefDeclUnderlyingType(c)));
		off = num(p.off);
		record(w->out, 'T', name, p.file, off, under, NULL);
		g_free(under);
		g_free(off);
	}
	g_free(name);
}

static void put_macro(struct walk *w, CXCursor expansion)
{
	CXCursor d = clang_getCursorReferenced(expansion);
	struct place p;
	char *off;

	/* A definition is one object in libclang, however often it is met. */
	if (clang_Cursor_isNull(d) ||
	    !g_hash_table_add(w->expanded, (gpointer)d.data[0]))
		return;
	p = spelled(w, clang_getCursorLocation(d));
	if (!p.file || !g_hash_table_contains(w->req->files, p.file))
		return;
	off = num(p.off);
	record(w->out, 'M', p.file, off, NULL);
	g_free(off);
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct walk *w = data;
	enum CXCursorKind k = clang_getCursorKind(c);
	struct place p;

	if (k == CXCursor_MacroExpansion) {
		put_macro(w, c);
		return CXChildVisit_Continue;
	}
	if (k == CXCursor_TypedefDecl) {
		put_typedef(w, c);
		return CXChildVisit_Continue;
	}
	if (k != CXCursor_FunctionDecl && k != CXCursor_VarDecl &&
	    k != CXCursor_StructDecl && k != CXCursor_UnionDecl)
		return CXChildVisit_Continue;
	p = spelled(w, clang_getCursorLocation(c));
	if (!p.file || !g_hash_table_contains(w->req->files, p.file))
		return CXChildVisit_Continue;
	if (k == CXCursor_FunctionDecl)
		walk_function(w, c);
	else if (k == CXCursor_VarDecl)
		walk_var(w, c);
	else
		walk_record(w, c);
	return CXChildVisit_Continue;
}

/*
 * Of the macro bodies that @d comes through, outermost first, all but the last:
 * those make the call that goes wrong, and the last is where it does.
 * Clang tells them as notes.
 */
static char *within(struct walk *w, CXDiagnostic d)
{
	CXDiagnosticSet notes = clang_getChildDiagnostics(d);
	unsigned n = clang_getNumDiagnosticsInSet(notes);
	GString *s = g_string_new(NULL);
	struct place last = { 0 };

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic note = clang_getDiagnosticInSet(notes, i);
		char *text = cx_take(clang_getDiagnosticSpelling(note));
		struct place p = { 0 };

		if (g_str_has_prefix(text, "expanded from macro"))
			p = spelled(w, clang_getDiagnosticLocation(note));
		if (p.file && last.file)
			g_string_append_printf(s, "%s%s:%u", s->len ? " " : "",
					       last.file, (guint)last.line);
		if (p.file)
			last = p;
		g_free(text);
		clang_disposeDiagnostic(note);
	}
	clang_disposeDiagnosticSet(notes);
	return g_string_free(s, FALSE);
}

static void put_diags(struct walk *w)
{
	unsigned n = clang_getNumDiagnostics(w->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(w->tu, i);

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			struct place p = expanded(w,
						clang_getDiagnosticLocation(d));
			char *text = cx_take(clang_getDiagnosticSpelling(d));
			char *cat = cx_take(clang_getDiagnosticCategoryText(d));
			char *line = num(p.line), *col = num(p.col);
			char *bodies = within(w, d);

			record(w->out, 'G', p.file ? p.file : "", line, col,
			       text, cat, bodies, NULL);
			g_free(bodies);
			g_free(text);
			g_free(cat);
			g_free(line);
			g_free(col);
		}
		clang_disposeDiagnostic(d);
	}
}

guint64 ast_file_hash(CXFile file, const char *name,
		      const struct ast_unsaved *unsaved, guint n)
{
	for (guint i = 0; name && i < n; i++)
		if (!strcmp(unsaved[i].file, name))
			return XXH3_64bits(unsaved[i].text, unsaved[i].size);
	return cx_file_hash(file);
}

static void put_dep(CXFile file, CXSourceLocation *stack, unsigned n,
		    CXClientData data)
{
	struct walk *w = data;
	char *raw = cx_take(clang_getFileName(file));
	char *full = g_canonicalize_filename(raw, w->req->build);
	const char *name = file_name(w, file);
	gboolean walked = name && w->req->files &&
			  g_hash_table_contains(w->req->files, name);
	char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
			ast_file_hash(file, name, w->req->unsaved,
				      w->req->n_unsaved));

	record(w->out, 'I', name ? name : full, hash, walked ? "1" : "0",
	       NULL);
	g_free(hash);
	g_free(full);
	g_free(raw);
}

static void put_skipped(struct walk *w)
{
	CXSourceRangeList *l = clang_getAllSkippedRanges(w->tu);

	for (unsigned i = 0; l && i < l->count; i++) {
		struct place s = spelled(w, clang_getRangeStart(l->ranges[i]));
		struct place e = spelled(w, clang_getRangeEnd(l->ranges[i]));
		char *so, *eo;

		if (!s.file || s.file != e.file ||
		    !g_hash_table_contains(w->req->files, s.file))
			continue;
		so = num(s.off);
		eo = num(e.off);
		record(w->out, 'S', s.file, so, eo, NULL);
		g_free(so);
		g_free(eo);
	}
	if (l)
		clang_disposeSourceRangeList(l);
}

int ast_read(const struct ast_request *req, const char *out)
{
	struct walk w = { .req = req };
	char *path = g_build_filename(req->tree, req->unit, NULL);
	struct CXUnsavedFile *unsaved = g_new0(struct CXUnsavedFile,
					       req->n_unsaved + 1);
	CXIndex index = clang_createIndex(0, 0);
	enum CXErrorCode err;

	for (guint i = 0; i < req->n_unsaved; i++) {
		unsaved[i].Filename = g_build_filename(req->tree,
						req->unsaved[i].file, NULL);
		unsaved[i].Contents = req->unsaved[i].text;
		unsaved[i].Length = req->unsaved[i].size;
	}
	err = clang_parseTranslationUnit2(index, path,
			(const char *const *)req->args,
			g_strv_length(req->args), unsaved, req->n_unsaved,
			(req->files ? /* for skipped ranges */
			 CXTranslationUnit_DetailedPreprocessingRecord : 0) |
			CXTranslationUnit_KeepGoing, &w.tu);
	if (err != CXError_Success)
		return tw_error("%s: libclang cannot read %s (error %d)",
				req->cell, req->unit, err);
	w.out = fopen(out, "w");
	if (!w.out)
		return tw_error("cannot write '%s': %s", out,
				g_strerror(errno));
	w.names = g_hash_table_new(NULL, NULL);
	w.texts = g_hash_table_new(NULL, NULL);
	w.owners = g_hash_table_new(g_str_hash, g_str_equal);
	w.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	w.expanded = g_hash_table_new(NULL, NULL);
	fprintf(w.out, "%s\n", AST_FACTS_MAGIC);
	record(w.out, 'C', req->cell, req->unit, NULL);
	put_diags(&w);
	clang_getInclusions(w.tu, put_dep, &w);
	if (req->files) {
		put_skipped(&w);
		clang_visitChildren(clang_getTranslationUnitCursor(w.tu), top,
				    &w);
	}
	record(w.out, '.', NULL);
	if (ferror(w.out) | fclose(w.out))
		return tw_error("cannot write '%s': %s", out,
				g_strerror(errno));
	return 0;
}

/*
 * The kinds of record that an array is made of.  A run loads hundreds of
 * megabytes of facts: the records of a kind lie side by side, and their strings
 * stay where they were read.
 */
struct kind {
	char tag;
	gsize size, array;	/* of a record; where its array is in ast_facts */
};

#define KIND(tag, type, m) { tag, sizeof(struct type), G_STRUCT_OFFSET(struct ast_facts, m) }
static const struct kind kinds[] = {
	KIND('D', ast_decl, decls),
	KIND('E', ast_event, events),
	KIND('F', ast_func, funcs),
	KIND('T', ast_typedef, typedefs),
	KIND('G', ast_diag, diags),
	KIND('S', ast_range, skipped),
	KIND('M', ast_macro, macros),
	KIND('I', ast_dep, deps),
};
#undef KIND

static GPtrArray **array_of(struct ast_facts *a, guint kind)
{
	return G_STRUCT_MEMBER_P(a, kinds[kind].array);
}

/* The kind of a line that begins with @tag; G_N_ELEMENTS(kinds) for none. */
static guint kind_of(char tag)
{
	guint k = 0;

	while (k < G_N_ELEMENTS(kinds) && kinds[k].tag != tag)
		k++;
	return k;
}

#define MAX_FIELDS 13

/* Cut @line at its tabs, in place; what is missing is "". */
static void cut(char *line, char *f[MAX_FIELDS])
{
	guint n = 0;

	for (char *p = line; p && n < MAX_FIELDS; n++) {
		char *tab = strchr(p, '\t'), *plain;

		if (tab)
			*tab++ = '\0';
		if (strchr(p, '\\')) {
			plain = g_strcompress(p);	/* never longer */
			strcpy(p, plain);
			g_free(plain);
		}
		f[n] = p;
		p = tab;
	}
	for (; n < MAX_FIELDS; n++)
		f[n] = (char *)"";
}

static gsize number(const char *s)
{
	gsize n = 0;

	for (; g_ascii_isdigit(*s); s++)
		n = n * 10 + (*s - '0');
	return n;
}

static void fill(char tag, gpointer record, char *f[MAX_FIELDS])
{
	switch (tag) {
	case 'D':
		*(struct ast_decl *)record = (struct ast_decl) {
			.key = f[1],
			.cls = *f[2] ? *f[2] : 'O',
			.file = f[3],
			.start = number(f[4]),
			.name_off = number(f[5]),
			.name = f[6],
			.func = f[7],
		};
		break;
	case 'E':
		*(struct ast_event *)record = (struct ast_event) {
			.src = f[1],
			.dst = f[2],
			.file = f[3],
			.off = number(f[4]),
			.line = number(f[5]),
			.xfile = f[6],
			.xoff = number(f[7]),
			.xname = f[8],
			.end = number(f[9]),
			.out = number(f[10]),
			.use = f[11],
			.link = number(f[12]),
		};
		break;
	case 'F':
		*(struct ast_func *)record = (struct ast_func) {
			.usr = f[1],
			.name = f[2],
			.file = f[3],
			.start = number(f[4]),
			.end = number(f[5]),
			.defined = number(f[6]),
		};
		break;
	case 'T':
		*(struct ast_typedef *)record = (struct ast_typedef) {
			.name = f[1],
			.file = f[2],
			.off = number(f[3]),
			.underlying = f[4],
		};
		break;
	case 'G':
		*(struct ast_diag *)record = (struct ast_diag) {
			.file = f[1],
			.line = number(f[2]),
			.col = number(f[3]),
			.text = f[4],
			.category = f[5],
			.within = f[6],
		};
		break;
	case 'S':
		*(struct ast_range *)record = (struct ast_range) {
			.file = f[1],
			.start = number(f[2]),
			.end = number(f[3]),
		};
		break;
	case 'M':
		*(struct ast_macro *)record = (struct ast_macro) {
			.file = f[1],
			.off = number(f[2]),
		};
		break;
	case 'I':
		*(struct ast_dep *)record = (struct ast_dep) {
			.path = f[1],
			.hash = g_ascii_strtoull(f[2], NULL, 16),
			.walked = number(f[3]),
		};
		break;
	}
}

/* How many records of each kind are in @text. */
static void count(const char *text, guint n[G_N_ELEMENTS(kinds) + 1])
{
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		n[kind_of(*p)]++;
	}
}

struct ast_facts *ast_load(const char *path)
{
	guint n[G_N_ELEMENTS(kinds) + 1] = { 0 };
	char *next[G_N_ELEMENTS(kinds)];
	char *text, *line, *f[MAX_FIELDS];
	struct ast_facts *a;
	gboolean whole = FALSE;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	if (!g_str_has_prefix(text, AST_FACTS_MAGIC "\n")) {
		g_free(text);
		return NULL;
	}
	a = g_new0(struct ast_facts, 1);
	a->text = text;
	count(text, n);
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		*array_of(a, k) = g_ptr_array_sized_new(n[k]);
		a->records[k] = next[k] = g_malloc_n(n[k], kinds[k].size);
	}
	for (line = strchr(text, '\n'); line; ) {
		char *end = strchr(++line, '\n');
		guint k = kind_of(*line);

		if (end)
			*end = '\0';
		if (k < G_N_ELEMENTS(kinds)) {
			cut(line, f);
			fill(kinds[k].tag, next[k], f);
			g_ptr_array_add(*array_of(a, k), next[k]);
			next[k] += kinds[k].size;
		} else if (*line == 'C') {
			cut(line, f);
			a->cell = f[1];
			a->unit = f[2];
		} else if (!strcmp(line, ".")) {
			whole = TRUE;
		}
		line = end;
	}
	if (!whole || !a->cell) {
		ast_facts_free(a);
		return NULL;
	}
	return a;
}

void ast_facts_free(struct ast_facts *a)
{
	if (!a)
		return;
	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		if (*array_of(a, k))
			g_ptr_array_free(*array_of(a, k), TRUE);
		g_free(a->records[k]);
	}
	g_free(a->text);
	g_free(a);
}
