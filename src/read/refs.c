// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the references of a unit: parses it, finds the names in its text,
 * walks what may have one, and writes what it found.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "read/kbuild.h"
#include "read/refs-internal.h"

/* ---- files ---- */

static const struct ast_unsaved *unsaved_of(const struct refs_walk *w,
					    const char *name)
{
	for (guint i = 0; i < w->req->n_unsaved; i++)
		if (!strcmp(w->req->unsaved[i].file, name))
			return &w->req->unsaved[i];
	return NULL;
}

struct source *refs_source(struct refs_walk *w, struct refs_file *f)
{
	const struct ast_unsaved *u = unsaved_of(w, f->name);
	char *text = NULL;
	gsize size = 0;

	if (f->source)
		return f->source;
	if (u) {
		size = u->size;
		text = g_malloc(size + 1);
		memcpy(text, u->text, size);
		text[size] = '\0';
	} else if (!g_file_get_contents(f->path, &text, &size, NULL)) {
		text = NULL;
	}
	if (text)
		f->source = source_new(f->name, text, size);
	return f->source;
}

static struct refs_file *add_file(struct refs_walk *w, const char *name)
{
	struct refs_file *f;

	if (!name || g_hash_table_contains(w->by_file, name))
		return NULL;
	f = g_new0(struct refs_file, 1);
	f->name = name;
	f->wanted = g_hash_table_contains(w->req->files, name);
	g_ptr_array_add(w->files, f);
	g_hash_table_insert(w->by_file, (gpointer)name, f);
	return f;
}

static void take_file(CXFile file, CXSourceLocation *stack, unsigned n,
		      CXClientData data)
{
	struct refs_walk *w = data;
	struct refs_file *f = add_file(w, cx_file(&w->names, file));

	if (!f)
		return;
	f->cx = file;
	f->path = cx_take(clang_getFileName(file));
}

static void take_prefix(struct refs_walk *w)
{
	for (guint i = 0; w->prefix && i < w->prefix->deps->len; i++) {
		const struct ast_dep *d = w->prefix->deps->pdata[i];
		gboolean built = g_str_has_prefix(d->path, "@BUILD@");
		struct refs_file *f = add_file(w, d->path);

		if (f)
			f->path = built ? g_strconcat(w->req->build, d->path +
						strlen("@BUILD@"), NULL) :
				g_canonicalize_filename(d->path, w->req->tree);
	}
}

static void take_skipped(struct refs_walk *w)
{
	CXSourceRangeList *l = clang_getAllSkippedRanges(w->tu);

	for (unsigned i = 0; l && i < l->count; i++) {
		unsigned start, end;
		struct refs_file *f;
		struct refs_range r;
		CXFile in;

		clang_getExpansionLocation(clang_getRangeStart(l->ranges[i]),
					   &in, NULL, NULL, &start);
		clang_getExpansionLocation(clang_getRangeEnd(l->ranges[i]),
					   NULL, NULL, NULL, &end);
		f = in ? refs_file(w, cx_file(&w->names, in)) : NULL;
		if (!f || !f->wanted)
			continue;
		if (!f->skipped)
			f->skipped = g_array_new(FALSE, FALSE, sizeof(r));
		r.start = start;
		r.end = end;
		g_array_append_val(f->skipped, r);
	}
	if (l)
		clang_disposeSourceRangeList(l);
}

/* ---- records ---- */

/* If one token uses a thing in more than one way, the first of these counts. */
static int rank(enum refs_use use)
{
	static const enum refs_use order[] = {
		REFS_DEFINITION, REFS_CALL, REFS_DESIGNATOR, REFS_EXPANSION,
		REFS_ACCESS, REFS_ADDRESS, REFS_VALUE, REFS_GOTO, REFS_TYPE,
		REFS_OFFSETOF, REFS_SIZEOF, REFS_TYPEOF, REFS_ATTRIBUTE,
		REFS_DECLARATION, REFS_CONDITION, REFS_UNDEF,
	};
	int n = 0;

	while (order[n] != use)
		n++;
	return n;
}

void refs_put(struct refs_walk *w, const struct refs_decl *d, enum refs_use use,
	      struct refs_place spelled, struct refs_place expanded,
	      const char *function)
{
	static const char *const typeof_words[] = {
		"typeof", "__typeof__", "__typeof", "typeof_unqual", NULL
	};
	struct refs_file *f = refs_file(w, spelled.file);
	struct refs_token_at *t = refs_token(f, spelled.off);
	struct refs_ref *r;
	char *key;

	if (spelled.file && !t && f && f->wanted && f->source &&
	    f->source->toks.n)	/* the place of another token: it is pasted */
		spelled = (struct refs_place){ 0 };
	else if (spelled.file && !t)
		return;
	if (t) {
		t->explained = TRUE;
		spelled.line = f->source->toks.v[t->token].line;
		if (refs_is_condition(f->source, t->token))
			use = REFS_CONDITION;
		else if ((use == REFS_VALUE || use == REFS_ADDRESS ||
			  use == REFS_CALL || use == REFS_ACCESS ||
			  use == REFS_TYPE) &&
			 refs_is_operand(f->source, t->token, typeof_words))
			use = REFS_TYPEOF;
	}
	key = spelled.file ?
		g_strdup_printf("%s %zu %d %s", spelled.file, spelled.off,
				d->kind, d->usr) :
		g_strdup_printf("%s %zu %d %s", expanded.file ? expanded.file :
				"", expanded.off, d->kind, d->usr);
	r = g_hash_table_lookup(w->known, key);
	if (r) {
		if (rank(use) < rank(r->use))
			r->use = use;
		g_free(key);
		return;
	}
	r = g_new0(struct refs_ref, 1);
	r->name = d->name;
	r->kind = d->kind;
	r->use = use;
	r->usr = d->usr;
	r->owner = d->owner;
	r->function = function;
	r->spelled = spelled;
	r->expanded = expanded;
	r->declared = d->at;
	g_hash_table_insert(w->known, key, r);
	g_ptr_array_add(w->refs, r);
}

/* The function whose text the place is in; "" for none. */
static const char *function_at(const struct refs_walk *w,
			       const struct refs_place *p)
{
	for (guint i = 0; i < w->functions->len; i++) {
		const struct refs_function *f = &g_array_index(w->functions,
						struct refs_function, i);

		if (p->off >= f->start && p->off < f->end &&
		    !g_strcmp0(p->file, f->file))
			return f->name;
	}
	return "";
}

static int by_place(const struct refs_place *a, const struct refs_place *b)
{
	int order = g_strcmp0(a->file, b->file);

	return order ? order : (a->off > b->off) - (a->off < b->off);
}

static gint by_spelled(gconstpointer x, gconstpointer y)
{
	const struct refs_ref *a = *(struct refs_ref *const *)x;
	const struct refs_ref *b = *(struct refs_ref *const *)y;
	int order = by_place(&a->spelled, &b->spelled);

	if (!order)
		order = by_place(&a->expanded, &b->expanded);
	if (!order)
		order = (int)a->kind - (int)b->kind;
	return order ? order : strcmp(a->usr, b->usr);
}

static gint by_token(gconstpointer x, gconstpointer y)
{
	return by_place(&(*(struct refs_token *const *)x)->at,
			&(*(struct refs_token *const *)y)->at);
}

/* ---- writing ---- */

static char *number(gsize n)
{
	return g_strdup_printf("%" G_GSIZE_FORMAT, n);
}

static void write_ref(FILE *out, const struct refs_ref *r)
{
	gboolean apart = by_place(&r->spelled, &r->expanded) != 0;
	char *line = number(r->spelled.line), *off = number(r->spelled.off);
	char *xline = number(r->expanded.line);
	char *xoff = number(r->expanded.off);
	char *dline = number(r->declared.line);
	char *doff = number(r->declared.off);

	refs_write(out, "ref", "name", r->name, "kind",
		   refs_kind_names[r->kind], "use", refs_use_names[r->use],
		   "usr", r->usr, "owner", r->owner, "function", r->function,
		   "file", r->spelled.file, "line", r->spelled.file ? line : "",
		   "off", r->spelled.file ? off : "",
		   "at-file", apart ? r->expanded.file : "",
		   "at-line", apart ? xline : "", "at-off", apart ? xoff : "",
		   "decl-file", r->declared.file,
		   "decl-line", r->declared.file ? dline : "",
		   "decl-off", r->declared.file ? doff : "", NULL);
	g_free(line);
	g_free(off);
	g_free(xline);
	g_free(xoff);
	g_free(dline);
	g_free(doff);
}

static void write_token(FILE *out, const struct refs_token *t)
{
	char *line = number(t->at.line), *off = number(t->at.off);

	refs_write(out, "token", "name", t->name, "why",
		   refs_other_names[t->why], "file", t->at.file, "line", line,
		   "off", off, "macro", t->macro, NULL);
	g_free(line);
	g_free(off);
}

/*
 * "FILE:LINE ..." of the macro bodies that the message comes through, outermost
 * first, without the last: that is where it is.  Clang tells them as notes.
 */
static char *within(struct refs_walk *w, CXDiagnostic d)
{
	CXDiagnosticSet notes = clang_getChildDiagnostics(d);
	unsigned n = clang_getNumDiagnosticsInSet(notes);
	GPtrArray *v = g_ptr_array_new();
	char *joined;

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic note = clang_getDiagnosticInSet(notes, i);
		char *text = cx_take(clang_getDiagnosticSpelling(note));
		unsigned line;
		CXFile f;

		clang_getSpellingLocation(clang_getDiagnosticLocation(note),
					  &f, &line, NULL, NULL);
		if (g_str_has_prefix(text, "expanded from macro") &&
		    cx_file(&w->names, f))
			g_ptr_array_add(v, g_strdup_printf("%s:%u",
						cx_file(&w->names, f), line));
		g_free(text);
		clang_disposeDiagnostic(note);
	}
	clang_disposeDiagnosticSet(notes);
	if (v->len)
		g_ptr_array_remove_index(v, v->len - 1);
	g_ptr_array_add(v, NULL);
	joined = g_strjoinv(" ", (char **)v->pdata);
	g_ptr_array_free(v, TRUE);
	return joined;
}

static void write_messages(struct refs_walk *w, FILE *out)
{
	unsigned n = clang_getNumDiagnostics(w->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(w->tu, i);
		unsigned line, col;
		CXFile f;

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			char *text = cx_take(clang_getDiagnosticSpelling(d));
			char *kind = cx_take(
					clang_getDiagnosticCategoryText(d));
			char *option = cx_take(clang_getDiagnosticOption(d,
									 NULL));
			char *bodies = within(w, d), *l, *c;

			clang_getExpansionLocation(
				clang_getDiagnosticLocation(d), &f, &line,
				&col, NULL);
			l = number(line);
			c = number(col);
			refs_write(out, "message", "file",
				   cx_file(&w->names, f), "line", l, "col", c,
				   "text", text, "category", kind, "within",
				   bodies, "warning", *option ? "1" : "", NULL);
			g_free(l);
			g_free(c);
			g_free(bodies);
			g_free(option);
			g_free(kind);
			g_free(text);
		}
		clang_disposeDiagnostic(d);
	}
}

struct dep_writer {
	struct refs_walk *w;
	FILE *out;
};

static void put_dep(const struct dep_writer *d, const char *name, guint64 hash)
{
	GHashTable *files = d->w->req->files;
	gboolean wanted = files && g_hash_table_contains(files, name);
	char *text = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);

	refs_write(d->out, "dep", "file", name, "hash", text, "wanted",
		   wanted ? "1" : "", NULL);
	g_free(text);
}

static void write_dep(CXFile file, CXSourceLocation *stack, unsigned n,
		      CXClientData data)
{
	const struct dep_writer *d = data;
	const struct refs_request *req = d->w->req;
	const char *name = cx_file(&d->w->names, file);
	char *raw = cx_take(clang_getFileName(file));
	char *full = g_canonicalize_filename(raw, req->build);

	put_dep(d, name ? name : full,
		ast_file_hash(file, name, req->unsaved, req->n_unsaved));
	g_free(full);
	g_free(raw);
}

static void write_deps(struct refs_walk *w, FILE *out)
{
	const struct dep_writer d = { w, out };
	GPtrArray *makefiles = kbuild_makefiles(w->req->tree, w->req->unit);

	for (guint i = 0; w->prefix && i < w->prefix->deps->len; i++) {
		const struct ast_dep *dep = w->prefix->deps->pdata[i];

		put_dep(&d, dep->path, dep->hash);
	}
	clang_getInclusions(w->tu, write_dep, (CXClientData)&d);
	for (guint i = 0; i < makefiles->len; i++) {
		char *path = g_build_filename(w->req->tree,
					      makefiles->pdata[i], NULL);
		char *text;
		gsize size;

		if (g_file_get_contents(path, &text, &size, NULL))
			put_dep(&d, makefiles->pdata[i],
				XXH3_64bits(text, size));
		g_free(path);
	}
}

static int write_all(struct refs_walk *w, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return tw_error("cannot write '%s': %s", path,
				g_strerror(errno));
	fprintf(out, "%s\n", REFS_MAGIC);
	refs_write(out, "unit", "cell", w->req->cell, "file", w->req->unit,
		   NULL);
	for (guint i = 0; i < w->refs->len; i++)
		write_ref(out, w->refs->pdata[i]);
	for (guint i = 0; i < w->others->len; i++)
		write_token(out, w->others->pdata[i]);
	write_messages(w, out);
	write_deps(w, out);
	fputs("end\n", out);
	if (ferror(out) | fclose(out))
		return tw_error("cannot write '%s': %s", path,
				g_strerror(errno));
	return 0;
}

/* ---- reading ---- */

static gboolean in_prefix(const struct prefix *p, const char *file)
{
	for (guint i = 0; p && i < p->deps->len; i++)
		if (!strcmp(((struct ast_dep *)p->deps->pdata[i])->path, file))
			return TRUE;
	return FALSE;
}

static enum CXErrorCode parse_with(struct refs_walk *w,
				   const struct prefix *prefix)
{
	const struct refs_request *req = w->req;
	char *path = g_canonicalize_filename(req->unit, req->tree);
	struct CXUnsavedFile *unsaved = g_new0(struct CXUnsavedFile,
					       req->n_unsaved + 1);
	GPtrArray *more = kbuild_flags(req->tree, req->unit);
	guint n = g_strv_length(req->args), n_unsaved = 0;
	const char **args = g_new0(const char *, n + more->len + 3);

	memcpy(args, req->args, n * sizeof(*args));
	for (guint i = 0; i < more->len; i++)
		args[n++] = more->pdata[i];
	if (prefix) {
		args[n++] = "-include-pch";
		args[n++] = prefix->pch;
	}
	for (guint i = 0; i < req->n_unsaved; i++)
		if (!in_prefix(prefix, req->unsaved[i].file))
			unsaved[n_unsaved++] = (struct CXUnsavedFile) {
				g_canonicalize_filename(req->unsaved[i].file,
							req->tree),
				req->unsaved[i].text, req->unsaved[i].size
			};
	w->prefix = prefix;
	return clang_parseTranslationUnit2(clang_createIndex(1, 0), path, args,
			n, unsaved, n_unsaved,
			(req->files ?
			 CXTranslationUnit_DetailedPreprocessingRecord : 0) |
			CXTranslationUnit_KeepGoing, &w->tu);
}

/* Does a note say where the same thing is declared before? */
static gboolean is_second_declaration(CXDiagnostic d)
{
	CXDiagnosticSet notes = clang_getChildDiagnostics(d);
	gboolean second = FALSE;

	for (unsigned i = 0; i < clang_getNumDiagnosticsInSet(notes); i++) {
		CXDiagnostic note = clang_getDiagnosticInSet(notes, i);
		char *text = cx_take(clang_getDiagnosticSpelling(note));

		second |= g_str_has_prefix(text, "previous ");
		g_free(text);
		clang_disposeDiagnostic(note);
	}
	clang_disposeDiagnosticSet(notes);
	return second;
}

/*
 * Can the prefix be what is wrong?  It may declare what the unit declares for
 * itself, or be out of date.  Any other error of the unit's own files is there
 * without the prefix, too, and need not be looked for again.
 */
static gboolean blames_prefix(struct refs_walk *w)
{
	gboolean blames = FALSE;

	for (unsigned i = 0; i < clang_getNumDiagnostics(w->tu); i++) {
		CXDiagnostic d = clang_getDiagnostic(w->tu, i);
		const char *name;
		CXFile f;

		clang_getExpansionLocation(clang_getDiagnosticLocation(d), &f,
					   NULL, NULL, NULL);
		name = cx_file(&w->names, f);
		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error &&
		    (!name || in_prefix(w->prefix, name) ||
		     is_second_declaration(d)))
			blames = TRUE;
		clang_disposeDiagnostic(d);
	}
	return blames;
}

static int parse(struct refs_walk *w, const struct prefix *prefix)
{
	enum CXErrorCode err;

	if (prefix && parse_with(w, prefix) == CXError_Success) {
		if (!blames_prefix(w))
			return 0;
		clang_disposeTranslationUnit(w->tu);
		g_clear_pointer(&w->names.known, g_hash_table_destroy);
	}
	err = parse_with(w, NULL);
	return err == CXError_Success ? 0 :
		tw_error("%s: libclang cannot read %s (error %d)",
			 w->req->cell, w->req->unit, err);
}

static void find(struct refs_walk *w)
{
	for (char **n = w->req->names; *n; n++)
		g_hash_table_add(w->words, *n);
	clang_getInclusions(w->tu, take_file, w);
	take_prefix(w);
	take_skipped(w);
	refs_find_tokens(w);
	refs_walk_unit(w);
	refs_explain(w);
	for (guint i = 0; i < w->refs->len; i++) {
		struct refs_ref *r = w->refs->pdata[i];

		if (!r->function)
			r->function = function_at(w, &r->expanded);
	}
	g_ptr_array_sort(w->refs, by_spelled);
	g_ptr_array_sort(w->others, by_token);
}

static int read_once(const struct refs_request *req,
		     const struct prefix *prefix, const char *out)
{
	struct refs_walk w = {
		.req = req,
		.names = { req->tree, req->build, req->with },
		.words = g_hash_table_new(g_str_hash, g_str_equal),
		.files = g_ptr_array_new(),
		.by_file = g_hash_table_new(g_str_hash, g_str_equal),
		.tokens = g_ptr_array_new(),
		.hot = g_hash_table_new(g_str_hash, g_str_equal),
		.macros = g_hash_table_new(g_str_hash, g_str_equal),
		.decls = g_hash_table_new(NULL, NULL),
		.defined = g_hash_table_new(g_str_hash, g_str_equal),
		.functions = g_array_new(FALSE, FALSE,
					 sizeof(struct refs_function)),
		.refs = g_ptr_array_new(),
		.known = g_hash_table_new(g_str_hash, g_str_equal),
		.others = g_ptr_array_new(),
	};

	if (parse(&w, prefix))
		return -1;
	if (req->files)
		find(&w);
	if (write_all(&w, out))
		return -1;
	clang_disposeTranslationUnit(w.tu);
	return 0;
}

int refs_read(const struct refs_request *req, const char *out,
	      const char *after)
{
	struct refs_request before = *req;

	before.unsaved = NULL;
	before.n_unsaved = 0;
	if (out && read_once(&before, req->prefix, out))
		return -1;
	return after ? read_once(req, req->after_prefix, after) : 0;
}
