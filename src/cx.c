// SPDX-License-Identifier: GPL-2.0-only
/* Small helpers around libclang. */
#include <string.h>

#include "cx.h"

char *cx_take(CXString s)
{
	const char *c = clang_getCString(s);
	char *copy = g_strdup(c ? c : "");

	clang_disposeString(s);
	return copy;
}

static enum CXChildVisitResult collect(CXCursor c, CXCursor parent,
				       CXClientData data)
{
	g_array_append_val((GArray *)data, c);
	return CXChildVisit_Continue;
}

GArray *cx_children(CXCursor c)
{
	GArray *v = g_array_new(FALSE, FALSE, sizeof(CXCursor));

	clang_visitChildren(c, collect, v);
	return v;
}

const char *cx_file(struct cx_names *n, CXFile file)
{
	char *raw, *full, *path = NULL;
	gpointer known;
	gsize len;

	if (!file)
		return NULL;
	if (!n->known)
		n->known = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	if (g_hash_table_lookup_extended(n->known, file, NULL, &known))
		return known;
	raw = cx_take(clang_getFileName(file));
	full = g_canonicalize_filename(raw, n->build);
	len = strlen(n->tree);
	if (g_str_has_prefix(full, n->build) &&
	    full[strlen(n->build)] == '/')
		path = g_strconcat("@BUILD@", full + strlen(n->build), NULL);
	else if (!strncmp(full, n->tree, len) && full[len] == '/')
		path = g_strdup(full + len + 1);
	for (char **w = n->with; w && *w && !path; w++)
		if (g_str_has_prefix(full, *w) && full[strlen(*w)] == '/')
			path = g_strdup(full);
	g_hash_table_insert(n->known, file, path);
	g_free(raw);
	g_free(full);
	return path;
}

struct cx_place cx_place(struct cx_names *n, CXSourceLocation loc)
{
	struct cx_place p = { 0 };
	CXFile f;

	clang_getExpansionLocation(loc, &f, &p.line, NULL, &p.off);
	p.file = cx_file(n, f);
	return p;
}
