// SPDX-License-Identifier: GPL-2.0-only
/*
 * References as libclang sees them.  Only declarations that have a hot token
 * are walked (src/read/refstext.c); in these, every cursor that refers to a
 * declaration is looked at.  One thing is not in libclang's records: a macro
 * that is expanded in the body of another one.  refs_expand() finds these in
 * the text.
 */
#include <string.h>

#include "read/refs-internal.h"

struct refs_file *refs_file(const struct refs_walk *w, const char *name)
{
	return name ? g_hash_table_lookup(w->by_file, name) : NULL;
}

struct refs_token_at *refs_token(const struct refs_file *f, gsize off)
{
	return f && f->tokens ?
		g_hash_table_lookup(f->tokens, GSIZE_TO_POINTER(off)) : NULL;
}

typedef void (*locate_fn)(CXSourceLocation, CXFile *, unsigned *, unsigned *,
			  unsigned *);

static struct refs_place place(struct refs_walk *w, locate_fn locate,
			       CXSourceLocation loc)
{
	unsigned line, off;
	CXFile f;

	locate(loc, &f, &line, NULL, &off);
	return (struct refs_place){ cx_file(&w->names, f), line, off };
}

/* ---- declarations ---- */

static gboolean is_tag(enum CXCursorKind k)
{
	return k == CXCursor_StructDecl || k == CXCursor_UnionDecl ||
	       k == CXCursor_EnumDecl;
}

static gboolean kind_of(CXCursor d, enum refs_kind *kind)
{
	enum CXCursorKind parent;

	switch (clang_getCursorKind(d)) {
	case CXCursor_FunctionDecl:
		*kind = REFS_FUNCTION;
		return TRUE;
	case CXCursor_MacroDefinition:
		*kind = REFS_MACRO;
		return TRUE;
	case CXCursor_FieldDecl:
		*kind = REFS_MEMBER;
		return TRUE;
	case CXCursor_StructDecl:
		*kind = REFS_STRUCT;
		return TRUE;
	case CXCursor_UnionDecl:
		*kind = REFS_UNION;
		return TRUE;
	case CXCursor_EnumDecl:
		*kind = REFS_ENUM;
		return TRUE;
	case CXCursor_TypedefDecl:
		*kind = REFS_TYPEDEF;
		return TRUE;
	case CXCursor_EnumConstantDecl:
		*kind = REFS_ENUMERATOR;
		return TRUE;
	case CXCursor_ParmDecl:
		*kind = REFS_PARAMETER;
		return TRUE;
	case CXCursor_LabelStmt:
		*kind = REFS_LABEL;
		return TRUE;
	case CXCursor_VarDecl:
		parent = clang_getCursorKind(clang_getCursorSemanticParent(d));
		*kind = parent == CXCursor_TranslationUnit ||
			clang_getCursorLinkage(d) == CXLinkage_External ?
			REFS_GLOBAL : REFS_LOCAL;
		return TRUE;
	default:
		return FALSE;
	}
}

struct typedef_of {
	CXCursor record, typedef_decl;
};

/* "typedef struct { ... } name;" stands right behind the struct. */
static enum CXChildVisitResult find_typedef(CXCursor c, CXCursor parent,
					    CXClientData data)
{
	struct typedef_of *t = data;

	if (clang_getCursorKind(c) == CXCursor_TypedefDecl &&
	    clang_equalCursors(t->record, clang_getTypeDeclaration(
			clang_getTypedefDeclUnderlyingType(c)))) {
		t->typedef_decl = c;
		return CXChildVisit_Break;
	}
	return CXChildVisit_Continue;
}

/* The name of a struct, union or enum: its tag, or its typedef; or NULL. */
static char *tag_name(CXCursor record)
{
	struct typedef_of t = { record, clang_getNullCursor() };
	CXCursor around = clang_getCursorSemanticParent(record);

	if (!clang_Cursor_isAnonymous(record) &&
	    !clang_Cursor_isAnonymousRecordDecl(record)) {
		char *name = cx_take(clang_getCursorSpelling(record));

		if (*name && !strchr(name, '('))
			return name;
		g_free(name);
	}
	if (clang_getCursorKind(around) == CXCursor_TranslationUnit)
		clang_visitChildren(around, find_typedef, &t);
	return clang_Cursor_isNull(t.typedef_decl) ? NULL :
		cx_take(clang_getCursorSpelling(t.typedef_decl));
}

static char *owner_of(CXCursor d, enum refs_kind kind)
{
	CXCursor p = clang_getCursorSemanticParent(d);

	if (kind == REFS_MEMBER || kind == REFS_ENUMERATOR) {
		for (; is_tag(clang_getCursorKind(p));
		     p = clang_getCursorSemanticParent(p)) {
			char *name = tag_name(p);

			if (name)
				return name;
		}
	} else if ((kind == REFS_LOCAL || kind == REFS_PARAMETER) &&
		   clang_getCursorKind(p) == CXCursor_FunctionDecl) {
		return cx_take(clang_getCursorSpelling(p));
	}
	return g_strdup("");
}

/* What @d, in @function, is; NULL if it has none of the names. */
static const struct refs_decl *decl_of(struct refs_walk *w, CXCursor d,
				       const char *function)
{
	CXCursor at = clang_getCanonicalCursor(d);
	struct refs_decl *r;
	enum refs_kind kind;
	gpointer known;
	char *name;

	if (clang_Cursor_isNull(d) || !kind_of(d, &kind))
		return NULL;
	/* A label's cursor is a statement: data[0] is the function. */
	if (kind != REFS_LABEL &&
	    g_hash_table_lookup_extended(w->decls, at.data[0], NULL, &known))
		return known;
	name = cx_take(clang_getCursorSpelling(d));
	if (!g_hash_table_contains(w->words, name)) {
		g_free(name);
		if (kind != REFS_LABEL)
			g_hash_table_insert(w->decls, (gpointer)at.data[0],
					    NULL);
		return NULL;
	}
	r = g_new0(struct refs_decl, 1);
	r->name = name;
	r->kind = kind;
	r->usr = cx_take(clang_getCursorUSR(at));
	r->owner = kind == REFS_LABEL ? g_strdup(function) :
		   owner_of(d, kind);
	r->takes_arguments = kind == REFS_MACRO &&
			     clang_Cursor_isMacroFunctionLike(d);
	if (is_tag(clang_getCursorKind(d)) &&
	    !clang_Cursor_isNull(clang_getCursorDefinition(d)))
		at = clang_getCursorDefinition(d);
	r->at = place(w, clang_getSpellingLocation, clang_getCursorLocation(at));
	if (kind != REFS_LABEL)
		g_hash_table_insert(w->decls, (gpointer)clang_getCanonicalCursor(
					d).data[0], r);
	return r;
}

static CXCursor cursor_at(struct refs_walk *w, const struct refs_file *f,
			  gsize off)
{
	CXFile in = f->cx ? f->cx : clang_getFile(w->tu, f->path);

	return clang_getCursor(w->tu,
			       clang_getLocationForOffset(w->tu, in, off));
}

/* The first declaration of the kind that a token of the name stands for. */
static const struct refs_decl *declared_as(struct refs_walk *w,
					   const char *name,
					   enum CXCursorKind kind)
{
	for (guint i = 0; i < w->tokens->len; i++) {
		const struct refs_token_at *t = w->tokens->pdata[i];
		const struct source *s = t->file->source;
		const struct refs_decl *d;
		CXCursor c;

		if (strcmp(t->name, name) ||
		    (s->toks.v[t->token].ctx == CTX_MACRO_NAME) !=
		    (kind == CXCursor_MacroDefinition))
			continue;
		c = cursor_at(w, t->file, s->toks.v[t->token].off);
		if (clang_getCursorKind(c) != kind)
			continue;
		d = decl_of(w, c, "");
		if (d && !strcmp(d->name, name))
			return d;
	}
	return NULL;
}

const struct refs_decl *refs_macro_decl(struct refs_walk *w, const char *name)
{
	gpointer d;

	if (g_hash_table_lookup_extended(w->defined, name, NULL, &d))
		return d;
	d = (gpointer)declared_as(w, name, CXCursor_MacroDefinition);
	g_hash_table_insert(w->defined, g_strdup(name), d);
	return d;
}

const struct refs_decl *refs_find_decl(struct refs_walk *w, const char *name,
				       enum CXCursorKind kind)
{
	return declared_as(w, name, kind);
}

struct refs_place refs_expanded_macro(struct refs_walk *w,
				      const struct refs_file *f, gsize off)
{
	CXCursor *def = f->expansions ?
		g_hash_table_lookup(f->expansions, GSIZE_TO_POINTER(off)) :
		NULL;

	return def ? place(w, clang_getSpellingLocation,
			   clang_getCursorLocation(*def)) :
		     (struct refs_place){ 0 };
}

/* ---- the walk ---- */

struct step {
	struct refs_walk *w;
	const char *function;	/* "" outside */
	gboolean called;	/* the first child is what is called */
	gboolean address;	/* the operand of "&" */
	gboolean size;		/* in the operand of sizeof */
	guint n;		/* children so far */
};

static void put(struct step *s, CXCursor c, CXCursor to, enum refs_use use)
{
	const struct refs_decl *d = decl_of(s->w, to, s->function);
	CXSourceLocation loc;

	if (!d)
		return;
	loc = clang_getCursorLocation(c);
	refs_put(s->w, d, use,
		 place(s->w, clang_getSpellingLocation, loc),
		 place(s->w, clang_getExpansionLocation, loc), s->function);
}

/* What the expression @c, which refers to @to, does with it. */
static enum refs_use use_of(const struct step *s, CXCursor to, gboolean member)
{
	if (s->called && !s->n)
		return REFS_CALL;
	if (s->size)
		return REFS_SIZEOF;
	if (member)
		return REFS_ACCESS;
	if (s->address || clang_getCursorKind(to) == CXCursor_FunctionDecl)
		return REFS_ADDRESS;
	return REFS_VALUE;
}

/* ".m =" and offsetof(s, m) are both but a name to libclang. */
static enum refs_use use_of_member(struct refs_walk *w, CXCursor c)
{
	static const char *const words[] = {
		"offsetof", "__builtin_offsetof", "offsetofend", NULL
	};
	struct refs_place p = place(w, clang_getSpellingLocation,
				    clang_getCursorLocation(c));
	const struct refs_file *f = refs_file(w, p.file);
	const struct source *s = f ? f->source : NULL;
	gsize i, behind;

	if (!refs_token(f, p.off))
		return REFS_DESIGNATOR;
	i = refs_token(f, p.off)->token;
	behind = source_next(s, i);
	if (source_is(s, behind, ":"))
		return REFS_DESIGNATOR;
	if (source_is(s, source_prev(s, i), ".") &&
	    (source_is(s, behind, "=") || source_is(s, behind, ".") ||
	     source_is(s, behind, "[")) && !refs_is_operand(s, i, words))
		return REFS_DESIGNATOR;
	return REFS_OFFSETOF;
}

static void put_declaration(struct step *s, CXCursor c)
{
	struct refs_place p = place(s->w, clang_getSpellingLocation,
				    clang_getCursorLocation(c));

	/* "typedef struct { ... } t;": libclang calls the struct "t", too. */
	if (is_tag(clang_getCursorKind(c)) && p.file &&
	    !refs_token(refs_file(s->w, p.file), p.off))
		return;
	put(s, c, c, clang_isCursorDefinition(c) ? REFS_DEFINITION :
						   REFS_DECLARATION);
}

/* Does a call, or "&", reach through an expression of this kind? */
static gboolean passes(enum CXCursorKind k)
{
	return k == CXCursor_UnexposedExpr || k == CXCursor_ParenExpr ||
	       k == CXCursor_GenericSelectionExpr;
}

static enum CXChildVisitResult visit(CXCursor c, CXCursor parent,
				     CXClientData data)
{
	struct step *s = data;
	struct step below = { .w = s->w, .function = s->function,
			      .size = s->size };
	enum CXCursorKind k = clang_getCursorKind(c);
	enum CXUnaryOperatorKind op;
	CXCursor to;

	switch (k) {
	case CXCursor_DeclRefExpr:
	case CXCursor_MemberRefExpr:
		to = clang_getCursorReferenced(c);
		put(s, c, to, use_of(s, to, k == CXCursor_MemberRefExpr));
		break;
	case CXCursor_MemberRef:
		put(s, c, clang_getCursorReferenced(c),
		    use_of_member(s->w, c));
		break;
	case CXCursor_TypeRef:
		put(s, c, clang_getCursorReferenced(c),
		    s->size ? REFS_SIZEOF : REFS_TYPE);
		break;
	case CXCursor_LabelRef:
		put(s, c, clang_getCursorReferenced(c), REFS_GOTO);
		break;
	case CXCursor_LabelStmt:
		put(s, c, c, REFS_DEFINITION);
		break;
	case CXCursor_CallExpr:
		below.called = TRUE;
		break;
	case CXCursor_UnaryExpr:	/* sizeof, _Alignof */
		below.size = TRUE;
		break;
	case CXCursor_UnaryOperator:
		op = clang_getCursorUnaryOperatorKind(c);
		below.address = op == CXUnaryOperator_AddrOf;
		below.called = op == CXUnaryOperator_Deref && s->called &&
			       !s->n;
		break;
	default:
		if (clang_isDeclaration(k))
			put_declaration(s, c);
		if (passes(k)) {
			below.called = s->called && !s->n;
			below.address = s->address;
		}
	}
	s->n++;
	clang_visitChildren(c, visit, &below);
	return CXChildVisit_Continue;
}

/* ---- the unit ---- */

static void take_expansion(struct refs_walk *w, CXCursor c)
{
	CXCursor def = clang_getCursorReferenced(c);
	const struct refs_decl *d;
	struct refs_place at, from;
	struct refs_macro *m;
	struct refs_file *f;
	char *name;

	if (clang_getCursorKind(def) != CXCursor_MacroDefinition)
		return;
	at = place(w, clang_getSpellingLocation, clang_getCursorLocation(c));
	f = refs_file(w, at.file);
	if (f && f->wanted) {
		if (!f->expansions)
			f->expansions = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(f->expansions, GSIZE_TO_POINTER(at.off),
				    g_memdup2(&def, sizeof(def)));
	}
	name = cx_take(clang_getCursorSpelling(c));
	if (g_hash_table_contains(w->hot, name)) {
		d = decl_of(w, def, "");
		if (d)
			refs_put(w, d, REFS_EXPANSION, at, at, NULL);
		from = place(w, clang_getSpellingLocation,
			     clang_getCursorLocation(def));
		m = refs_macro_at(w, name, &from);
		if (m)
			refs_expand(w, m, at);
	}
	g_free(name);
}

/*
 * The bytes of @c in its file.  An end in a macro's argument is taken where
 * the argument is spelled, which is behind where the macro is expanded.
 */
static gboolean extent(struct refs_walk *w, CXCursor c, struct refs_file **f,
		       gsize *start, gsize *end)
{
	CXSourceRange r = clang_getCursorExtent(c);
	unsigned a, b, e;
	CXFile in, other;

	clang_getExpansionLocation(clang_getRangeStart(r), &in, NULL, NULL, &a);
	*f = in ? refs_file(w, cx_file(&w->names, in)) : NULL;
	if (!*f || !(*f)->hot || !(*f)->hot->len)
		return FALSE;
	clang_getExpansionLocation(clang_getRangeEnd(r), &other, NULL, NULL,
				   &b);
	clang_getFileLocation(clang_getRangeEnd(r), &other, NULL, NULL, &e);
	*start = a;
	*end = MAX(b, e);
	return TRUE;
}

static enum CXChildVisitResult top(CXCursor c, CXCursor parent,
				   CXClientData data)
{
	struct refs_walk *w = data;
	struct step s = { .w = w, .function = "" };
	struct refs_file *f;
	gsize start, end;

	if (clang_getCursorKind(c) == CXCursor_MacroExpansion) {
		take_expansion(w, c);
		return CXChildVisit_Continue;
	}
	if (clang_isPreprocessing(clang_getCursorKind(c)) ||
	    !extent(w, c, &f, &start, &end) || !refs_is_hot(f, start, end))
		return CXChildVisit_Continue;
	if (clang_getCursorKind(c) == CXCursor_FunctionDecl &&
	    clang_isCursorDefinition(c)) {
		struct refs_function fn = { f->name, NULL, start, end };

		fn.name = cx_take(clang_getCursorSpelling(c));
		g_array_append_val(w->functions, fn);
		s.function = fn.name;
	}
	visit(c, parent, &s);
	return CXChildVisit_Continue;
}

void refs_walk_unit(struct refs_walk *w)
{
	clang_visitChildren(clang_getTranslationUnitCursor(w->tu), top, w);
}
