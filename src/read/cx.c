// SPDX-License-Identifier: GPL-2.0-only
/* Small helpers around libclang. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "read/cx.h"

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

/*
 * clang_getFileContents() looks for the file among all that was included and
 * expanded, from the first: a millisecond for each of a thousand headers.
 */
guint64 cx_file_hash(CXFile file)
{
	char *path = cx_take(clang_getFileName(file));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	GMappedFile *m = NULL;
	guint64 hash = CX_NO_HASH;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) &&
	    st.st_mtime == clang_getFileTime(file))
		m = g_mapped_file_new_from_fd(fd, FALSE, NULL);
	if (m) {
		const char *text = g_mapped_file_get_contents(m);

		hash = XXH3_64bits(text ? text : "",
				   g_mapped_file_get_length(m));
		g_mapped_file_unref(m);
	}
	if (fd >= 0)
		close(fd);
	g_free(path);
	return hash;
}

struct cx_place cx_place(struct cx_names *n, CXSourceLocation loc)
{
	struct cx_place p = { 0 };
	CXFile f;

	clang_getExpansionLocation(loc, &f, &p.line, NULL, &p.off);
	p.file = cx_file(n, f);
	return p;
}
