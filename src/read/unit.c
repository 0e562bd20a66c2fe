// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parses a unit with the flags of its cell.  A unit outside the tree gets the
 * flags that the Makefile of a module usually has.
 */
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "read/unit.h"

const struct record_field ast_diag_fields[] = {
	RECORD_FIELD(ast_diag, file),
	RECORD_FIELD(ast_diag, line),
	RECORD_FIELD(ast_diag, col),
	RECORD_FIELD(ast_diag, text),
	RECORD_FIELD(ast_diag, category),
	RECORD_FIELD(ast_diag, within),
	RECORD_FIELD(ast_diag, warning),
};

const struct record_field ast_range_fields[] = {
	RECORD_FIELD(ast_range, file),
	RECORD_FIELD(ast_range, start),
	RECORD_FIELD(ast_range, end),
};

/* NULL-terminated; the array is new, most strings are borrowed. */
static char **flags(const struct facts_query *q, const struct fact_unit *u)
{
	guint n = g_strv_length(u->cell->args);
	char **v = g_new0(char *, n + 5);

	memcpy(v, u->cell->args, n * sizeof(*v));
	if (q->flag)
		v[n++] = (char *)q->flag;
	for (char **d = q->with; d && *d; d++) {
		gsize len = strlen(*d);

		if (strncmp(u->file, *d, len) || u->file[len] != '/')
			continue;
		v[n++] = (char *)"-DMODULE";
		v[n++] = g_strconcat("-I", *d, NULL);
		v[n++] = g_strconcat("-I", *d, "/include", NULL);
		break;
	}
	return v;
}

int unit_parse(struct fact_reader *r)
{
	const struct facts_query *q = r->q;
	struct CXUnsavedFile *unsaved = g_new0(struct CXUnsavedFile,
					       q->n_unsaved + 1);
	char **args = flags(q, r->unit);
	enum CXErrorCode err;

	for (guint i = 0; i < q->n_unsaved; i++) {
		unsaved[i].Filename = g_canonicalize_filename(
			q->unsaved[i].file, q->tree);
		unsaved[i].Contents = q->unsaved[i].text;
		unsaved[i].Length = q->unsaved[i].size;
	}
	err = clang_parseTranslationUnit2(clang_createIndex(0, 0),
			g_canonicalize_filename(r->unit->file, q->tree),
			(const char *const *)args, g_strv_length(args),
			unsaved, q->n_unsaved, CXTranslationUnit_KeepGoing |
			(q->messages_only ? 0 : /* for skipped ranges */
			 CXTranslationUnit_DetailedPreprocessingRecord),
			&r->tu);
	if (err != CXError_Success)
		return tw_error("%s: libclang cannot read %s (error %d)",
				r->unit->cell->name, r->unit->file, err);
	return 0;
}

/* ---- the files ---- */

guint64 ast_file_hash(CXFile file, const char *name,
		       const struct ast_unsaved *unsaved, guint n)
{
	for (guint i = 0; name && i < n; i++)
		if (!strcmp(unsaved[i].file, name))
			return XXH3_64bits(unsaved[i].text, unsaved[i].size);
	return cx_file_hash(file);
}

struct inclusions { struct fact_reader *r; const char *but; };

static void put_inclusion(CXFile file, CXSourceLocation *stack, unsigned n,
			  CXClientData data)
{
	const struct inclusions *of = data;
	struct fact_reader *r = of->r;
	const char *name = cx_file(&r->names, file);
	char *full = NULL, *raw, *seen;

	if (!name) {
		raw = cx_take(clang_getFileName(file));
		full = g_canonicalize_filename(raw, r->names.build);
		g_free(raw);
	}
	seen = g_strconcat("file ", name ? name : full, NULL);
	if (g_strcmp0(name, of->but) && g_hash_table_add(r->once, seen))
		fact_put_dep(r, name ? name : full,
			     ast_file_hash(file, name, r->q->unsaved,
					    r->q->n_unsaved));
	g_free(full);
}

void unit_put_inclusions(struct fact_reader *r, CXTranslationUnit tu,
			 const char *but)
{
	struct inclusions of = { r, but };

	clang_getInclusions(tu, put_inclusion, &of);
}

/* ---- what all kinds tell ---- */

struct place { const char *file; unsigned line, col, off; };

static struct place spelled(struct fact_reader *r, CXSourceLocation loc)
{
	struct place p = { 0 };
	CXFile f;

	clang_getSpellingLocation(loc, &f, &p.line, &p.col, &p.off);
	p.file = cx_file(&r->names, f);
	return p;
}

/*
 * Of the macro bodies that @d comes through, outermost first, all but the last:
 * those make the call that goes wrong, and the last is where it does.
 * Clang tells them as notes.
 */
static char *within(struct fact_reader *r, CXDiagnostic d)
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
			p = spelled(r, clang_getDiagnosticLocation(note));
		if (p.file && last.file)
			g_string_append_printf(s, "%s%s:%u", s->len ? " " : "",
					       last.file, last.line);
		if (p.file)
			last = p;
		g_free(text);
		clang_disposeDiagnostic(note);
	}
	clang_disposeDiagnosticSet(notes);
	return g_string_free(s, FALSE);
}

static void put_diag(struct fact_reader *r, const struct record_type *t,
		     CXDiagnostic d)
{
	char *option = cx_take(clang_getDiagnosticOption(d, NULL));
	struct ast_diag diag = {
		.text = cx_take(clang_getDiagnosticSpelling(d)),
		.category = cx_take(clang_getDiagnosticCategoryText(d)),
		.within = within(r, d),
		.warning = *option != '\0',
	};
	CXFile f;

	clang_getExpansionLocation(clang_getDiagnosticLocation(d), &f,
				   &diag.line, &diag.col, NULL);
	diag.file = (char *)cx_file(&r->names, f);
	fact_put(r, t, &diag);
	g_free(option);
	g_free(diag.text);
	g_free(diag.category);
	g_free(diag.within);
}

void unit_put_diags(struct fact_reader *r, const struct record_type *t)
{
	unsigned n = clang_getNumDiagnostics(r->tu);

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(r->tu, i);

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error)
			put_diag(r, t, d);
		clang_disposeDiagnostic(d);
	}
}

void unit_put_skipped(struct fact_reader *r, const struct record_type *t)
{
	CXSourceRangeList *l = clang_getAllSkippedRanges(r->tu);

	for (unsigned i = 0; l && i < l->count; i++) {
		struct place s = spelled(r, clang_getRangeStart(l->ranges[i]));
		struct place e = spelled(r, clang_getRangeEnd(l->ranges[i]));
		struct ast_range range = { (char *)s.file, s.off, e.off };

		if (s.file && s.file == e.file &&
		    (!r->q->files ||
		     g_hash_table_contains(r->q->files, s.file)))
			fact_put(r, t, &range);
	}
	if (l)
		clang_disposeSourceRangeList(l);
}
