// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks a translation unit with libclang and puts what it sees as records.  Only declarations in the files of interest are walked: a unit
 * of mm/ is 99 % headers that no value of interest passes through.
 */
#include <clang-c/Index.h>
#include <string.h>

#include "read/ast-internal.h"
#include "read/cx.h"

/* One of libclang's three ways to say where a location is. */
typedef void (*locate_fn)(CXSourceLocation, CXFile *, unsigned *, unsigned *,
			  unsigned *);

static struct ast_place place_by(struct ast_walk *w, locate_fn locate,
			     CXSourceLocation loc)
{
	struct ast_place p = { 0 };
	CXFile f;

	locate(loc, &f, &p.line, &p.col, &p.off);
	p.file = cx_file(&w->r->names, f);
	return p;
}

struct ast_place ast_spelled(struct ast_walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getSpellingLocation, loc);
}

static struct ast_place expanded(struct ast_walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getExpansionLocation, loc);
}

/*
 * Where @loc stands in a file: what an argument spells, it spells there; what
 * comes from a macro's body comes from the call of that macro, also when the
 * call is an argument of another macro.
 */
static struct ast_place in_file(struct ast_walk *w, CXSourceLocation loc)
{
	return place_by(w, clang_getFileLocation, loc);
}

static gboolean same_place(const struct ast_place *a, const struct ast_place *b)
{
	return a->file == b->file && a->off == b->off;
}

/* Is @t, sugar included, spelled with a seed type? */
static gboolean is_seed(struct ast_walk *w, CXType t)
{
	char *s = cx_take(clang_getTypeSpelling(t));
	const char *bare = g_str_has_prefix(s, "const ") ? s + 6 : s;
	gboolean yes = g_strv_contains((const char *const *)w->q->types,
				       bare);

	g_free(s);
	return yes;
}

char ast_class(struct ast_walk *w, CXType t)
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
	if (!strcmp(s, w->q->old_struct))
		cls = 'P';
	g_free(s);
	return cls;
}

/* Declared with the type of something else: it follows that one. */
gboolean ast_takes_any_type(CXCursor d)
{
	char *s = cx_take(clang_getTypeSpelling(clang_getCursorType(d)));
	gboolean yes = strstr(s, "typeof") || strstr(s, "__auto_type");

	g_free(s);
	return yes;
}

/* Do the name of @d and its type both stand in a macro's body? */
static gboolean in_one_body(struct ast_walk *w, CXCursor d)
{
	CXSourceLocation name = clang_getCursorLocation(d);
	CXSourceLocation type = clang_getRangeStart(clang_getCursorExtent(d));
	struct ast_place n = ast_spelled(w, name), nf = in_file(w, name);
	struct ast_place t = ast_spelled(w, type), tf = in_file(w, type);

	return !same_place(&n, &nf) && !same_place(&t, &tf) &&
	       t.file == n.file && t.off < n.off;
}

/*
 * The key of a declaration, or NULL.  A variable of a macro's body is one
 * declaration, however often the macro is expanded; it has no key when an
 * argument of the macro is its name or type.
 */
char *ast_decl_key(struct ast_walk *w, CXCursor d)
{
	char *usr = cx_take(clang_getCursorUSR(d)), *key = NULL;
	struct ast_place p, x;

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
		p = ast_spelled(w, clang_getCursorLocation(d));
		x = expanded(w, clang_getCursorLocation(d));
		if (!p.file)
			break;
		if (!x.file || same_place(&x, &p))
			key = g_strdup_printf("v:%s:%u", p.file, p.off);
		else if (ast_takes_any_type(d))	/* one an expansion */
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

static gboolean has_place(struct ast_walk *w, CXCursor d)
{
	return ast_spelled(w, clang_getCursorLocation(d)).file != NULL;
}

void ast_put_decl(struct ast_walk *w, CXCursor d, const char *key, char cls)
{
	CXSourceRange ext = clang_getCursorExtent(d);
	struct ast_place name = ast_spelled(w, clang_getCursorLocation(d));
	struct ast_place start = ast_spelled(w, clang_getRangeStart(ext));
	struct ast_place end = ast_spelled(w, clang_getRangeEnd(ext));
	char *spell = cx_take(clang_getCursorSpelling(d)), *id;

	if (!name.file || name.file != start.file)
		goto out;
	if (!*spell)
		name.off = end.off;
	id = g_strdup_printf("%s@%s:%u", key, name.file, name.off);
	if (g_hash_table_add(w->seen, id)) {
		struct ast_decl decl = {
			.key = (char *)key,
			.cls = cls,
			.file = (char *)name.file,
			.start = start.off,
			.name_off = name.off,
			.name = spell,
			.func = w->fn_name,
		};

		fact_put(w->r, &ast_decl_type, &decl);
	}
out:
	g_free(spell);
}

struct text { const char *s; size_t size; };

/* To ask libclang is slow, see cx_file_hash(): each file once. */
static const struct text *text_of(struct ast_walk *w, CXFile f)
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
static char *word_at(struct ast_walk *w, CXSourceLocation l, unsigned off)
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
static char *macro_name(struct ast_walk *w, CXSourceLocation l)
{
	struct ast_place s = ast_spelled(w, l), x = expanded(w, l);

	if (!x.file || same_place(&s, &x))
		return g_strdup("");
	return word_at(w, l, x.off);
}

/*
 * Where the value at @l is expanded, and the name of the macro that it comes
 * through, or "": the outermost of those that make it, or, for an argument, the
 * outermost of all.
 */
static char *through(struct ast_walk *w, CXSourceLocation l,
		     struct ast_place *x)
{
	struct ast_place s = ast_spelled(w, l), f = in_file(w, l);

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
static unsigned end_of(struct ast_walk *w, CXCursor c)
{
	CXSourceRange ext = clang_getCursorExtent(c);
	CXSourceLocation l = clang_getRangeStart(ext);
	struct ast_place s = ast_spelled(w, l), f = in_file(w, l);
	struct ast_place e = ast_spelled(w, clang_getRangeEnd(ext));

	if (!same_place(&s, &f)) {
		char *name = cx_take(clang_getCursorSpelling(c));

		e = ast_spelled(w, clang_getCursorLocation(c));
		e.off += clang_getCursorKind(c) == CXCursor_MemberRefExpr ?
			 strlen(name) : 0;
		g_free(name);
	}
	return s.file && s.file == e.file && e.off > s.off ? e.off : 0;
}

void ast_put_event(struct ast_walk *w, CXCursor at, const char *src,
		   const char *dst)
{
	/* The start of the extent, not the location: "p" of "p->x". */
	CXSourceRange ext = clang_getCursorExtent(at);
	CXSourceLocation l = clang_getRangeStart(ext);
	struct ast_place s = ast_spelled(w, l), ox = expanded(w, l), x;
	struct ast_place us = ast_spelled(w, w->use), uf = in_file(w, w->use);
	struct ast_place ux = expanded(w, w->use);
	gboolean ubody = !same_place(&us, &uf);
	/* In the same expansion: "M1() = M2()" uses neither in the other. */
	gboolean inside = !same_place(&us, &ux) && same_place(&ux, &ox), out;
	char *use, *xname = through(w, l, &x);
	struct ast_event e;

	if (!s.file && !x.file) {
		g_free(xname);
		return;
	}
	if (!same_place(&x, &ox))
		inside = ubody && same_place(&uf, &x);
	out = !same_place(&s, &x) && us.file && !inside;
	if (ubody && same_place(&ux, &ox))
		use = word_at(w, w->use, uf.off);
	else
		use = inside ? macro_name(w, w->use) : g_strdup("");
	e = (struct ast_event) {
		.src = (char *)src,
		.dst = (char *)dst,
		.file = (char *)(s.file ? s.file : x.file),
		.off = s.file ? s.off : x.off,
		.end = end_of(w, at),
		.line = s.file ? s.line : x.line,
		.xfile = (char *)x.file,
		.xoff = x.off,
		.xname = xname,
		.out = out,
		.use = use,
		.link = w->linking,
	};
	fact_put(w->r, &ast_event_type, &e);
	g_free(use);
	g_free(xname);
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

CXCursor ast_bare(CXCursor c)
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

gboolean ast_operand(CXCursor c, enum CXCursorKind k,
		     enum CXUnaryOperatorKind op, CXCursor *of)
{
	GArray *v;

	c = ast_bare(c);
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
static gboolean is_same_object(struct ast_walk *w, CXCursor c, CXCursor *x)
{
	char cls = ast_class(w, clang_getCursorType(c));

	if (!ast_is_ours(cls) ||
	    !ast_operand(c, CXCursor_UnaryOperator, CXUnaryOperator_Deref, x) ||
	    !ast_operand(*x, CXCursor_CStyleCastExpr, 0, x) ||
	    !ast_operand(*x, CXCursor_UnaryOperator, CXUnaryOperator_AddrOf, x))
		return FALSE;
	cls = ast_class(w, clang_getCursorType(*x));
	return ast_is_ours(cls);
}

/* Is @cast one of a void pointer that has a name? */
static gboolean is_opaque(struct ast_walk *w, CXCursor cast)
{
	CXCursor s = strip(cast);
	enum CXCursorKind k = clang_getCursorKind(s);

	return (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr) &&
	       ast_class(w, clang_getCursorType(s)) == 'V';
}

/* "(typeof(*x) *)e", as list_next_entry(x, …) has it: what x is. */
static gboolean follows(struct ast_walk *w, CXCursor cast, CXCursor *x)
{
	char cls = ast_class(w, clang_getCursorType(cast));
	GArray *v = cx_children(cast);	/* what typeof names, and e */
	gboolean yes = ast_is_ours(cls) && v->len > 1 &&
		ast_operand(CX_CHILD(v, 0), CXCursor_UnaryOperator,
			    CXUnaryOperator_Deref, x);

	g_array_free(v, TRUE);
	if (!yes)
		return FALSE;
	cls = ast_class(w, clang_getCursorType(*x));
	return ast_is_ours(cls);
}

static void walk_value(struct ast_walk *w, CXCursor c, const char *dst);
static void walk_stmt(struct ast_walk *w, CXCursor c, const char *last_dst);

/* The key that an lvalue stores to, and its declaration's class. */
static char *lvalue_key(struct ast_walk *w, CXCursor c)
{
	CXCursor s = ast_bare(c), d;
	enum CXCursorKind k = clang_getCursorKind(s);

	if (is_same_object(w, s, &d))
		return lvalue_key(w, d);
	if (k == CXCursor_DeclRefExpr || k == CXCursor_MemberRefExpr) {
		d = clang_getCursorReferenced(s);
		if (!clang_Cursor_isNull(d)) {
			char *key = ast_decl_key(w, d);

			if (key) {
				ast_put_decl(w, d, key, ast_class(w,
						clang_getCursorType(d)));
				ast_know_pointer(w, d, key);
				return key;
			}
		}
	}
	if (ast_is_deref(s)) {
		char *key = ast_element_key(w, s);

		if (key)
			return key;
	}
	switch (ast_class(w, clang_getCursorType(c))) {
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
static void unknown_source(struct ast_walk *w, CXCursor c, const char *dst)
{
	CXSourceLocation l = clang_getRangeStart(clang_getCursorExtent(c));
	char *name, *src;

	if (is_null(c))
		return;
	name = macro_name(w, l);
	src = g_strconcat("U:", name, NULL);
	ast_put_event(w, c, src, dst);
	g_free(src);
	g_free(name);
}

/* Does @dst name something whose contents matter to the flow? */
static gboolean is_decl_key(const char *dst)
{
	return ast_is_decl(dst) || !strcmp(dst, "H");
}

static CXSourceLocation start_of(CXCursor c)
{
	return clang_getRangeStart(clang_getCursorExtent(c));
}

/* The macro, or else the function, that gives the value @c; or "". */
static char *maker_of(struct ast_walk *w, CXCursor c)
{
	char *name = macro_name(w, start_of(c));

	if (*name || clang_getCursorKind(c) != CXCursor_CallExpr)
		return name;
	g_free(name);
	return cx_take(clang_getCursorSpelling(c));
}

/* What @c is compared with: "N", or "c:MACRO:KEY" of one of our types. */
static char *compared_key(struct ast_walk *w, CXCursor c)
{
	CXCursor s = strip(c);
	char cls = ast_class(w, clang_getCursorType(s));
	struct ast_place x;
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

static void leaf(struct ast_walk *w, CXCursor c, const char *src,
		 const char *dst)
{
	char cls = ast_class(w, clang_getCursorType(c));

	if (ast_is_ours(cls))
		ast_put_event(w, c, src ? src : cls == 'H' ? "H" : "P", dst);
}

static void walk_children(struct ast_walk *w, CXCursor c, const char *dst)
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
static const char *pointer_param(struct ast_walk *w, CXCursor callee, int i)
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
	switch (ast_class(w, clang_getArgType(t, i))) {
	case 'P':
		dst = "P";
		if (args && i < (int)g_strv_length(args) &&
		    g_strv_contains((const char *const *)w->q->types,
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

/*
 * Tell of @d, of @key (or NULL) and class @cls, when values of ours go there or
 * are led to; of a void pointer when it is a parameter.
 */
static void meet(struct ast_walk *w, CXCursor d, const char *key, char cls)
{
	if (key && (ast_is_ours(cls) ||
		    (cls == 'V' && clang_getCursorKind(d) == CXCursor_ParmDecl)))
		ast_put_decl(w, d, key, cls);
	ast_know_pointer(w, d, key);
}

static void walk_call(struct ast_walk *w, CXCursor c, const char *dst)
{
	CXCursor fn = clang_getCursorReferenced(c);
	int n = clang_Cursor_getNumArguments(c);
	gboolean direct = clang_getCursorKind(fn) == CXCursor_FunctionDecl;
	GArray *callee = cx_children(c);
	CXSourceLocation outer = w->use;
	char *of, *key, cls;

	if (!direct)
		fn = callee->len ? ast_owner(w, ast_called(CX_CHILD(callee, 0)))
				 : clang_getNullCursor();
	of = clang_Cursor_isNull(fn) ? NULL : ast_owner_key(w, fn);
	w->use = start_of(c);
	for (int i = 0; i < n; i++) {
		CXCursor arg = clang_Cursor_getArgument(c, i);
		CXCursor p = of ? ast_owner_param(fn, i)
				: clang_getNullCursor();

		if (!clang_Cursor_isNull(p)) {
			cls = ast_class(w, clang_getCursorType(p));
			key = g_strdup_printf("p:%s#%d", of, i);
			meet(w, p, key, cls);
			/* A macro pasted its name: no place, just a type. */
			walk_value(w, arg, has_place(w, p) ? key :
				   cls == 'H' ? "H" : cls == 'P' ? "P" :
				   cls == 'V' ? "V" : "X");
			g_free(key);
		} else {
			walk_value(w, arg, of || !callee->len ? "X" :
				   pointer_param(w, CX_CHILD(callee, 0), i));
		}
	}
	if (!direct && callee->len)
		walk_value(w, CX_CHILD(callee, 0), "N");
	g_array_free(callee, TRUE);
	w->use = outer;
	key = of ? g_strconcat("r:", of, NULL) : NULL;
	if (of) {
		CXType t = ast_function_type(ast_declared_type(fn));

		cls = ast_class(w, clang_getResultType(t));
		if (ast_is_ours(cls))
			ast_put_decl(w, fn, key, cls);
	}
	leaf(w, c, key, dst);
	g_free(key);
	g_free(of);
}

static void walk_ref(struct ast_walk *w, CXCursor c, const char *dst)
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
		if (ast_owner_at(w, dst))
			ast_link(w, c, d, *ast_owner_at(w, dst));
		else if (strcmp(dst, "N"))
			ast_link_away(w, c, d);
		return;
	}
	if (!clang_Cursor_isNull(d))
		key = ast_decl_key(w, d);
	if (key)
		ast_put_decl(w, d, key, ast_class(w, clang_getCursorType(d)));
	leaf(w, c, key, dst);
	owner = ast_owner(w, d);
	if (!clang_Cursor_isNull(owner)) {
		if (ast_owner_at(w, dst))
			ast_link(w, c, owner, *ast_owner_at(w, dst));
		/* A test, a store to it, an element of it. */
		else if (strcmp(dst, "N") && strcmp(dst, "=") &&
			 strcmp(dst, "m:*"))
			ast_link_away(w, c, owner);
	}
	if (key)
		ast_pointer_goes(w, c, d, key, dst);
	/* A void pointer that becomes one of ours: the flow goes on. */
	if (key && is_decl_key(dst) &&
	    ast_class(w, clang_getCursorType(c)) == 'V')
		ast_put_event(w, c, key, dst);
	g_free(key);
}

/* @value goes into the field @field, which may be none. */
static void walk_into_field(struct ast_walk *w, CXCursor field, CXCursor value)
{
	char *key = clang_Cursor_isNull(field) ? NULL : ast_decl_key(w, field);

	meet(w, field, key, ast_class(w, clang_getCursorType(field)));
	walk_value(w, value, key ? key : "X");
	g_free(key);
}

/* ".table = e" goes where the field is; FALSE when it is no such thing. */
static gboolean walk_designated(struct ast_walk *w, CXCursor c)
{
	GArray *v = cx_children(c);
	guint n = v->len;
	gboolean yes = n > 1 && clang_getCursorKind(CX_CHILD(v, n - 2)) ==
			       CXCursor_MemberRef;

	if (yes)
		walk_into_field(w, clang_getCursorReferenced(CX_CHILD(v, n - 2)),
				CX_CHILD(v, n - 1));
	g_array_free(v, TRUE);
	return yes;
}

/* The elements of an initialiser, with "[i] =" or without. */
static void walk_elements(struct ast_walk *w, CXCursor c, const char *dst)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++) {
		CXCursor e = CX_CHILD(v, i);
		GArray *of = cx_children(e);

		if (clang_getCursorKind(e) == CXCursor_UnexposedExpr &&
		    of->len == 2 &&
		    clang_getCursorKind(CX_CHILD(of, 0)) != CXCursor_MemberRef)
			e = CX_CHILD(of, 1);
		g_array_free(of, TRUE);
		walk_value(w, e, dst);
	}
	g_array_free(v, TRUE);
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
static gboolean walk_positions(struct ast_walk *w, CXCursor c)
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
	for (guint i = 0; yes && i < v->len; i++)
		walk_into_field(w, CX_CHILD(fields, i), CX_CHILD(v, i));
	g_array_free(fields, TRUE);
	g_array_free(v, TRUE);
	return yes;
}

/* "*p" or "p[i]": "X" when it is ours, but does not have p's name. */
static void walk_element(struct ast_walk *w, CXCursor c, const char *dst)
{
	CXSourceLocation outer = w->use;
	char *key = ast_element_key(w, c);
	gboolean lost = !key &&
			ast_is_ours(ast_class(w, clang_getCursorType(c)));

	w->use = start_of(c);
	walk_children(w, c, lost ? "X" : "m:*");
	w->use = outer;
	leaf(w, c, key, dst);
	g_free(key);
}

/* "sizeof(*h)": no value is used, but that of the operator changes. */
static void walk_sizeof(struct ast_walk *w, CXCursor c)
{
	GArray *v = cx_children(c);
	CXCursor p;
	char cls, *key;

	if (v->len == 1 && ast_operand(CX_CHILD(v, 0), CXCursor_UnaryOperator,
				       CXUnaryOperator_Deref, &p)) {
		p = ast_bare(p);
		cls = ast_class(w, clang_getCursorType(p));
		if (ast_is_ours(cls)) {
			key = lvalue_key(w, p);
			ast_put_event(w, p, key, "S");
			g_free(key);
		}
	}
	g_array_free(v, TRUE);
}

static void walk_value(struct ast_walk *w, CXCursor c, const char *dst)
{
	CXSourceLocation outer = w->use;
	enum CXCursorKind k = clang_getCursorKind(c);
	const CXCursor *owner;
	CXCursor of;
	char cls;
	GArray *v;
	char *key, *element;

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
	cls = ast_class(w, clang_getCursorType(c));
	if (is_decl_key(dst) && (cls == 'V' || cls == 'O') &&
	    k != CXCursor_UnexposedExpr && k != CXCursor_ParenExpr &&
	    k != CXCursor_ConditionalOperator &&
	    k != CXCursor_CStyleCastExpr &&
	    !(cls == 'V' && k == CXCursor_DeclRefExpr))
		unknown_source(w, c, dst);

	owner = is_decl_key(dst) ? ast_owner_at(w, dst) : NULL;
	if (owner && k != CXCursor_UnexposedExpr && k != CXCursor_ParenExpr &&
	    k != CXCursor_ConditionalOperator && k != CXCursor_DeclRefExpr &&
	    k != CXCursor_MemberRefExpr && k != CXCursor_InitListExpr &&
	    !ast_operand(c, CXCursor_UnaryOperator, CXUnaryOperator_AddrOf,
			 &of) &&
	    !is_null(c))
		ast_link_unknown(w, c, *owner);
	if (ast_is_ref(w, dst) &&
	    k != CXCursor_UnexposedExpr && k != CXCursor_ParenExpr &&
	    k != CXCursor_BinaryOperator && k != CXCursor_InitListExpr &&
	    k != CXCursor_ConditionalOperator &&
	    (cls == 'V' || (k != CXCursor_DeclRefExpr &&
			    k != CXCursor_MemberRefExpr)) &&
	    !ast_operand(c, CXCursor_UnaryOperator, CXUnaryOperator_AddrOf,
			 &of) &&
	    !is_null(c)) {
		char *name = maker_of(w, c);

		key = g_strconcat("d:", dst, NULL);
		element = g_strconcat("U:", name, NULL);
		ast_put_event(w, c, element, key);
		g_free(element);
		g_free(name);
		g_free(key);
	}

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
			ast_put_event(w, strip(c), key, "K");
			g_free(key);
		}
		if (ast_is_ours(cls) && is_opaque(w, c)) {
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

			gboolean moved = ast_points_to_ours(w, c) &&
				(ast_is_ref(w, dst) || !strcmp(dst, "m:*") ||
				 !strcmp(dst, "N"));

			for (guint i = 0; i < 2; i++) {
				if (moved &&
				    ast_points_to_ours(w, CX_CHILD(v, i))) {
					walk_value(w, CX_CHILD(v, i), dst);
					continue;
				}
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
		if (op == CXUnaryOperator_AddrOf &&
		    ast_is_ref(w, dst) &&
		    ast_operand(c, CXCursor_UnaryOperator, op, &x) &&
		    ast_is_ours(ast_class(w, clang_getCursorType(x)))) {
			char *to = g_strconcat("d:", dst, NULL);

			key = lvalue_key(w, x);
			ast_link_keys(w, x, key, to);
			walk_value(w, x, "N");
			w->use = outer;
			g_free(key);
			g_free(to);
			break;
		}
		if (op == CXUnaryOperator_Deref) {
			w->use = outer;
			walk_element(w, c, dst);
			break;
		}
		/* "&f" and "f" are the same. */
		if (op == CXUnaryOperator_AddrOf)
			walk_children(w, c,
				ast_operand(c, CXCursor_UnaryOperator, op, &x) &&
				ast_names_function(x) ? dst : "A");
		else if (ast_points_to_ours(w, c) || op == CXUnaryOperator_LNot)
			walk_children(w, c, "N");
		else
			walk_children(w, c, op == CXUnaryOperator_PreInc ||
				      op == CXUnaryOperator_PreDec ||
				      op == CXUnaryOperator_PostInc ||
				      op == CXUnaryOperator_PostDec ? "A" : "X");
		w->use = outer;
		break;
	}
	case CXCursor_CompoundAssignOperator:
		v = cx_children(c);
		w->use = start_of(c);
		for (guint i = 0; i < v->len; i++)
			walk_value(w, CX_CHILD(v, i), i ? "X" :
				   ast_points_to_ours(w, c) ? "N" : "A");
		w->use = outer;
		g_array_free(v, TRUE);
		break;
	case CXCursor_ArraySubscriptExpr:
		walk_element(w, c, dst);
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
		if (!walk_positions(w, c)) {
			/* Elements of an array go where the array is. */
			cls = ast_class(w, clang_getArrayElementType(
						clang_getCursorType(c)));
			element = g_strconcat("d:", dst, NULL);
			w->use = start_of(c);
			walk_elements(w, c, ast_is_ref(w, dst) ? element :
				      cls == 'H' ? "H" : cls == 'P' ? "P" :
				      owner ? dst : "X");
			g_free(element);
			w->use = outer;
		}
		/* A pte_t that is a struct is a value beside its members. */
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

static void walk_var(struct ast_walk *w, CXCursor c)
{
	char *key = ast_decl_key(w, c);
	char cls = ast_class(w, clang_getCursorType(c));
	CXSourceLocation outer = w->use;
	GArray *v;

	meet(w, c, key, cls);
	v = cx_children(c);
	w->use = clang_getCursorLocation(c);
	for (guint i = 0; i < v->len; i++) {
		if (!clang_isExpression(clang_getCursorKind(CX_CHILD(v, i))))
			continue;
		/* The size of an array is no value of it. */
		if (key && ast_is_ref(w, key) &&
		    !clang_equalCursors(CX_CHILD(v, i),
					clang_Cursor_getVarDeclInitializer(c)))
			continue;
		walk_value(w, CX_CHILD(v, i), key ? key :
			   cls == 'P' ? "P" : "X");
	}
	w->use = outer;
	g_array_free(v, TRUE);
	g_free(key);
}

/* @last_dst: where the value of a statement expression goes, or NULL. */
static void walk_stmt(struct ast_walk *w, CXCursor c, const char *last_dst)
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

static void walk_function(struct ast_walk *w, CXCursor c)
{
	CXSourceRange ext = clang_getCursorExtent(c);
	struct ast_place s = ast_spelled(w, clang_getRangeStart(ext));
	struct ast_place e = ast_spelled(w, clang_getRangeEnd(ext));
	gboolean def = clang_isCursorDefinition(c);
	int n = clang_Cursor_getNumArguments(c);
	char cls;
	GArray *v;

	w->fn_usr = cx_take(clang_getCursorUSR(c));
	w->fn_name = cx_take(clang_getCursorSpelling(c));
	if (s.file && s.file == e.file) {
		struct ast_func f = {
			.usr = w->fn_usr,
			.name = w->fn_name,
			.file = (char *)s.file,
			.start = s.off,
			.end = e.off,
			.defined = def,
		};

		fact_put(w->r, &ast_func_type, &f);
	}
	cls = ast_class(w, clang_getCursorResultType(c));
	if (ast_is_ours(cls)) {
		char *key = g_strconcat("r:", w->fn_usr, NULL);

		ast_put_decl(w, c, key, cls);
		g_free(key);
	}
	for (int i = 0; i < n; i++) {
		CXCursor p = clang_Cursor_getArgument(c, i);
		char *key = g_strdup_printf("p:%s#%d", w->fn_usr, i);

		meet(w, p, key, ast_class(w, clang_getCursorType(p)));
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

static void walk_record(struct ast_walk *w, CXCursor c)
{
	GArray *v = cx_children(c);

	for (guint i = 0; i < v->len; i++) {
		CXCursor f = CX_CHILD(v, i);
		enum CXCursorKind k = clang_getCursorKind(f);
		char *key;

		if (k == CXCursor_StructDecl || k == CXCursor_UnionDecl)
			walk_record(w, f);
		if (k != CXCursor_FieldDecl)
			continue;
		key = ast_decl_key(w, f);
		meet(w, f, key, ast_class(w, clang_getCursorType(f)));
		g_free(key);
	}
	g_array_free(v, TRUE);
}

static void put_typedef(struct ast_walk *w, CXCursor c)
{
	struct ast_place p = ast_spelled(w, clang_getCursorLocation(c));
	struct ast_typedef t = {
		.name = cx_take(clang_getCursorSpelling(c)),
		.file = (char *)p.file,
		.off = p.off,
	};

	if (p.file && g_strv_contains((const char *const *)w->q->types,
				      t.name)) {
		t.underlying = cx_take(clang_getTypeSpelling(
				clang_getTypedefDeclUnderlyingType(c)));
		fact_put(w->r, &ast_typedef_type, &t);
		g_free(t.underlying);
	}
	g_free(t.name);
}

static void put_macro(struct ast_walk *w, CXCursor expansion)
{
	CXCursor d = clang_getCursorReferenced(expansion);
	struct ast_macro m;
	struct ast_place p;

	/* A definition is one object in libclang, however often it is met. */
	if (clang_Cursor_isNull(d) ||
	    !g_hash_table_add(w->expanded, (gpointer)d.data[0]))
		return;
	p = ast_spelled(w, clang_getCursorLocation(d));
	if (!p.file || !g_hash_table_contains(w->r->q->files, p.file))
		return;
	m = (struct ast_macro) { (char *)p.file, p.off };
	fact_put(w->r, &ast_macro_type, &m);
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct ast_walk *w = data;
	enum CXCursorKind k = clang_getCursorKind(c);
	struct ast_place p;

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
	p = ast_spelled(w, clang_getCursorLocation(c));
	if (!p.file || !g_hash_table_contains(w->r->q->files, p.file))
		return CXChildVisit_Continue;
	if (k == CXCursor_FunctionDecl)
		walk_function(w, c);
	else if (k == CXCursor_VarDecl)
		walk_var(w, c);
	else
		walk_record(w, c);
	return CXChildVisit_Continue;
}

int ast_read(struct fact_reader *r)
{
	struct ast_walk w = {
		.r = r,
		.q = r->question,
		.tu = r->tu,
		.texts = g_hash_table_new(NULL, NULL),
		.owners = g_hash_table_new(g_str_hash, g_str_equal),
		.refs = g_hash_table_new(g_str_hash, g_str_equal),
		.voids = g_hash_table_new(g_str_hash, g_str_equal),
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL),
		.expanded = g_hash_table_new(NULL, NULL),
	};

	unit_put_diags(r, &ast_diag_type);
	if (r->q->messages_only)
		return 0;
	unit_put_skipped(r, &ast_range_type);
	clang_visitChildren(clang_getTranslationUnitCursor(w.tu), top, &w);
	return 0;
}
