// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file defines a function is found in the text and settled by parsing.
 * kbuild is not asked whether the cell builds that file: one that does not is
 * told by its errors, as a rule, and when that leaves two, neither is taken.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <xxhash.h>

#include "text/lex.h"
#include "read/world.h"

void world_init(struct world *w, const char *tree, const char *build,
		char **args, char **look_in)
{
	memset(w, 0, sizeof(*w));
	w->names.tree = tree;
	w->names.build = build;
	w->args = args;
	w->look_in = look_in;
	w->units = g_ptr_array_new();
	w->searches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    g_free);
	w->bodies = g_hash_table_new(g_str_hash, g_str_equal);
}

static void count_errors(struct world *w, struct world_unit *u)
{
	unsigned n = clang_getNumDiagnostics(u->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(u->tu, i);
		char *cat = cx_take(clang_getDiagnosticCategoryText(d));

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error &&
		    strcmp(cat, "Inline Assembly Issue")) {
			struct cx_place p = cx_place(&w->names,
					clang_getDiagnosticLocation(d));
			char *text = cx_take(clang_getDiagnosticSpelling(d));

			if (!u->errors++)
				u->first_error = g_strdup_printf("%s:%u: %s",
					p.file ? p.file : u->file, p.line,
					text);
			g_free(text);
		}
		g_free(cat);
		clang_disposeDiagnostic(d);
	}
}

struct world_unit *world_unit(struct world *w, const char *file,
			      const char *text)
{
	char *path = g_build_filename(w->names.tree, file, NULL);
	struct CXUnsavedFile unsaved = { path, text, text ? strlen(text) : 0 };
	struct world_unit *u;

	for (guint i = 0; i < w->units->len; i++) {
		u = w->units->pdata[i];
		if (!strcmp(u->file, file)) {
			g_free(path);
			return u->tu ? u : NULL;
		}
	}
	u = g_new0(struct world_unit, 1);
	u->file = g_strdup(file);
	g_ptr_array_add(w->units, u);
	if (clang_parseTranslationUnit2(clang_createIndex(0, 0), path,
			(const char *const *)w->args, g_strv_length(w->args),
			&unsaved, text ? 1 : 0,
			CXTranslationUnit_DetailedPreprocessingRecord |
			CXTranslationUnit_KeepGoing, &u->tu) !=
	    CXError_Success) {
		u->tu = NULL;
		return NULL;
	}
	count_errors(w, u);
	return u;
}

/* ---- candidates, from the text ---- */

typedef void (*file_fn)(const char *file, const char *path, gpointer data);

/* Each C file below @dir of the tree; links are met where they point to. */
static void each_file(const char *tree, const char *dir, file_fn fn,
		      gpointer data)
{
	char *full = g_build_filename(tree, dir, NULL);
	GDir *d = g_dir_open(full, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *file = g_build_filename(dir, name, NULL);
		char *path = g_build_filename(full, name, NULL);

		if (g_str_has_suffix(name, ".c")) {
			if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
				fn(file, path, data);
		} else if (!strchr(name, '.') &&
			   !g_file_test(path, G_FILE_TEST_IS_SYMLINK) &&
			   g_file_test(path, G_FILE_TEST_IS_DIR)) {
			each_file(tree, file, fn, data);
		}
		g_free(path);
		g_free(file);
	}
	if (d)
		g_dir_close(d);
	g_free(full);
}

static void load_file(const char *file, const char *path, gpointer data)
{
	char *text;

	if (g_file_get_contents(path, &text, NULL, NULL))
		g_hash_table_insert(data, g_strdup(file), text);
}

static void stamp_file(const char *file, const char *path, gpointer data)
{
	struct stat st;

	if (!g_stat(path, &st))
		g_ptr_array_add(data, g_strdup_printf("%s %lld %lld.%09ld\n",
				file, (long long)st.st_size,
				(long long)st.st_mtim.tv_sec,
				st.st_mtim.tv_nsec));
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *world_stamp(const char *tree, char **look_in)
{
	GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
	XXH3_state_t *h = XXH3_createState();
	char *s;

	for (char **d = look_in; *d; d++)
		each_file(tree, *d, stamp_file, v);
	g_ptr_array_sort(v, by_text);
	XXH3_64bits_reset(h);
	for (guint i = 0; i < v->len; i++)
		XXH3_64bits_update(h, v->pdata[i], strlen(v->pdata[i]));
	s = g_strdup_printf("%016" G_GINT64_MODIFIER "x",
			    (guint64)XXH3_64bits_digest(h));
	XXH3_freeState(h);
	g_ptr_array_free(v, TRUE);
	return s;
}

static size_t significant(const struct token_list *l, size_t i)
{
	return tok_skip(l, i);
}

static size_t skip_parens(const struct token_list *l, size_t i)
{
	int depth = 0;

	for (; i < l->n; i = significant(l, i + 1)) {
		if (tok_is(l, i, "("))
			depth++;
		else if (tok_is(l, i, ")") && !--depth)
			return significant(l, i + 1);
	}
	return i;
}

/* "NAME(...) {": nothing but a definition looks so. */
static gboolean defines(const struct token_list *l, size_t i)
{
	i = significant(l, i + 1);
	if (i >= l->n || !tok_is(l, i, "("))
		return FALSE;
	i = skip_parens(l, i);
	while (i < l->n && l->v[i].kind == TOK_IDENT) {	/* attributes */
		i = significant(l, i + 1);
		if (i < l->n && tok_is(l, i, "("))
			i = skip_parens(l, i);
	}
	return i < l->n && tok_is(l, i, "{");
}

/* "NAME =", "NAME += ", "++NAME", "&NAME": may change it. */
static gboolean writes(const struct token_list *l, size_t i)
{
	size_t after = significant(l, i + 1);
	size_t before = i ? tok_skip_back(l, i - 1) : SIZE_MAX;
	char scratch[8];
	const char *s;
	size_t len;

	if (before != SIZE_MAX && (tok_is(l, before, "&") ||
				   tok_is(l, before, "++") ||
				   tok_is(l, before, "--")))
		return TRUE;
	if (after >= l->n || l->v[after].kind != TOK_PUNCT)
		return FALSE;
	s = tok_text(l, after, &len, scratch, sizeof(scratch));
	return tok_is(l, after, "++") || tok_is(l, after, "--") ||
	       (s[len - 1] == '=' && !tok_is(l, after, "==") &&
		!tok_is(l, after, "!=") && !tok_is(l, after, "<=") &&
		!tok_is(l, after, ">="));
}

typedef gboolean (*shape_fn)(const struct token_list *l, size_t i);

static gboolean has_shape(const char *text, const char *name, shape_fn shape)
{
	struct token_list l;
	gboolean yes = FALSE;

	if (!strstr(text, name))
		return FALSE;
	lex_c(text, strlen(text), &l);
	for (size_t i = 0; i < l.n && !yes; i++)
		yes = l.v[i].kind == TOK_IDENT && l.v[i].ctx == CTX_CODE &&
		      !l.v[i].disabled && tok_is(&l, i, name) && shape(&l, i);
	lex_free(&l);
	return yes;
}

const char *world_search(struct world *w, const char *question)
{
	shape_fn shape = g_str_has_prefix(question, "defines ") ? defines
								 : writes;
	const char *name = strchr(question, ' ') + 1;
	char *answer = g_hash_table_lookup(w->searches, question);
	GHashTableIter it;
	gpointer file, text;
	GPtrArray *v;

	if (answer)
		return answer;
	if (!w->sources) {
		w->sources = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, g_free);
		for (char **d = w->look_in; *d; d++)
			each_file(w->names.tree, *d, load_file, w->sources);
	}
	v = g_ptr_array_new();
	g_hash_table_iter_init(&it, w->sources);
	while (g_hash_table_iter_next(&it, &file, &text))
		if (has_shape(text, name, shape))
			g_ptr_array_add(v, file);
	g_ptr_array_sort(v, by_text);
	g_ptr_array_add(v, NULL);
	answer = g_strjoinv("\n", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	g_hash_table_insert(w->searches, g_strdup(question), answer);
	return answer;
}

void world_clear_searches(struct world *w)
{
	if (w->sources)
		g_hash_table_destroy(w->sources);
	g_hash_table_destroy(w->searches);
	g_hash_table_destroy(w->bodies);
	g_ptr_array_free(w->units, TRUE);
}

/* The files to parse for it; the caller frees them. */
static char **candidates(struct world *w, const char *what, const char *name)
{
	char *question = g_strdup_printf("%s %s", what, name);
	char **v = g_strsplit(world_search(w, question), "\n", -1);

	g_free(question);
	return v;
}

/* ---- definitions ---- */

struct find {
	const char *name;
	CXCursor found;
};

static enum CXChildVisitResult find_function(CXCursor c, CXCursor parent,
					     CXClientData data)
{
	struct find *f = data;
	char *name;

	if (clang_getCursorKind(c) != CXCursor_FunctionDecl ||
	    !clang_isCursorDefinition(c))
		return CXChildVisit_Continue;
	name = cx_take(clang_getCursorSpelling(c));
	if (!strcmp(name, f->name))
		f->found = c;
	g_free(name);
	return CXChildVisit_Continue;
}

/* Smaller is better. */
static int rank(const struct world_unit *u)
{
	return (u->errors ? 2 : 0) + (g_str_has_prefix(u->file, "arch/") ? 0
									 : 1);
}

static CXCursor search(struct world *w, const char *name)
{
	char **files = candidates(w, "defines", name);
	CXCursor best = clang_getNullCursor();
	int best_rank = G_MAXINT;

	for (char **file = files; *file; file++) {
		struct world_unit *u = world_unit(w, *file, NULL);
		struct find f = { name, clang_getNullCursor() };

		if (!u)
			continue;
		clang_visitChildren(clang_getTranslationUnitCursor(u->tu),
				    find_function, &f);
		if (clang_Cursor_isNull(f.found) ||
		    clang_getCursorLinkage(f.found) != CXLinkage_External ||
		    rank(u) > best_rank)
			continue;
		/* Two that are equally good: neither. */
		best = rank(u) == best_rank ? clang_getNullCursor() : f.found;
		best_rank = rank(u);
	}
	g_strfreev(files);
	return best;
}

CXCursor world_definition(struct world *w, CXCursor function)
{
	CXCursor c = clang_getCursorDefinition(function), *known;
	char *name;

	if (!clang_Cursor_isNull(c) ||
	    clang_getCursorLinkage(function) != CXLinkage_External)
		return c;
	name = cx_take(clang_getCursorSpelling(function));
	known = g_hash_table_lookup(w->bodies, name);
	if (!known) {
		known = g_new(CXCursor, 1);
		*known = search(w, name);
		g_hash_table_insert(w->bodies, name, known);
	}
	return *known;
}

/* ---- writes ---- */

struct write_walk {
	struct world *w;
	const char *name;
	char *function;
	GPtrArray *out;
};

/* Is @c, but for parentheses, the variable? */
static gboolean is_variable(CXCursor c, const char *name)
{
	char *s;
	gboolean yes;

	while (clang_getCursorKind(c) == CXCursor_ParenExpr) {
		GArray *v = cx_children(c);

		c = v->len ? CX_CHILD(v, 0) : clang_getNullCursor();
		g_array_free(v, TRUE);
	}
	if (clang_getCursorKind(c) != CXCursor_DeclRefExpr)
		return FALSE;
	s = cx_take(clang_getCursorSpelling(c));
	yes = !strcmp(s, name);
	g_free(s);
	return yes;
}

static enum CXChildVisitResult find_writes(CXCursor c, CXCursor parent,
					   CXClientData data)
{
	struct write_walk *ww = data;
	enum CXCursorKind k = clang_getCursorKind(c);
	gboolean op = k == CXCursor_BinaryOperator ||
		      k == CXCursor_CompoundAssignOperator ||
		      k == CXCursor_UnaryOperator;
	GArray *v;

	if (!op)
		return CXChildVisit_Recurse;
	v = cx_children(c);
	if (v->len && is_variable(CX_CHILD(v, 0), ww->name)) {
		gboolean plain = k == CXCursor_BinaryOperator &&
			clang_getCursorBinaryOperatorKind(c) ==
			CXBinaryOperator_Assign;
		enum CXUnaryOperatorKind u = k == CXCursor_UnaryOperator ?
			clang_getCursorUnaryOperatorKind(c) : 0;

		if (plain || k == CXCursor_CompoundAssignOperator ||
		    u == CXUnaryOperator_PreInc ||
		    u == CXUnaryOperator_PostInc ||
		    u == CXUnaryOperator_PreDec ||
		    u == CXUnaryOperator_PostDec ||
		    u == CXUnaryOperator_AddrOf) {
			struct world_write *x = g_new0(struct world_write, 1);
			struct cx_place p = cx_place(&ww->w->names,
						clang_getCursorLocation(c));

			x->rhs = plain ? CX_CHILD(v, 1) : clang_getNullCursor();
			x->function = g_strdup(ww->function);
			x->file = p.file;
			x->line = p.line;
			g_ptr_array_add(ww->out, x);
		}
	}
	g_array_free(v, TRUE);
	return CXChildVisit_Recurse;
}

static enum CXChildVisitResult each_function(CXCursor c, CXCursor parent,
					     CXClientData data)
{
	struct write_walk *ww = data;

	if (clang_getCursorKind(c) != CXCursor_FunctionDecl ||
	    !clang_isCursorDefinition(c) ||
	    !clang_Location_isFromMainFile(clang_getCursorLocation(c)))
		return CXChildVisit_Continue;
	ww->function = cx_take(clang_getCursorSpelling(c));
	clang_visitChildren(c, find_writes, ww);
	return CXChildVisit_Continue;
}

GPtrArray *world_writes(struct world *w, const char *name)
{
	struct write_walk ww = { .w = w, .name = name,
				 .out = g_ptr_array_new() };
	char **files = candidates(w, "writes", name);

	for (char **file = files; *file; file++) {
		struct world_unit *u = world_unit(w, *file, NULL);

		if (u && !u->errors)
			clang_visitChildren(clang_getTranslationUnitCursor(u->tu),
					    each_function, &ww);
	}
	g_strfreev(files);
	return ww.out;
}
