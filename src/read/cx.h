/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every user of libclang needs: its strings as ours, a cursor's children,
 * and places as paths in the tree.
 */
#ifndef CX_H
#define CX_H

#include <clang-c/Index.h>
#include <glib.h>

/* Our copy of @s, which is disposed of; "" for none. */
char *cx_take(CXString s);

/* The children of @c, CXCursor. */
GArray *cx_children(CXCursor c);
#define CX_CHILD(v, i) g_array_index(v, CXCursor, i)

/* How files are named: in the tree, and in the cell's build folder. */
struct cx_names {
	const char *tree, *build;	/* absolute */
	char **with;			/* further folders, absolute; or NULL */
	GHashTable *known;		/* CXFile -> char * */
};

struct cx_place {
	const char *file;	/* as cx_file() gives it */
	unsigned line, off;
};

/*
 * The path in the tree ("@BUILD@/..." in the build folder; absolute in one of
 * the further folders), or NULL.
 */
const char *cx_file(struct cx_names *n, CXFile file);
/*
 * XXH3 of the bytes of @file on disk.  CX_NO_HASH, which no file has but by
 * chance, when libclang read another state of it (by its time), or none.
 */
guint64 cx_file_hash(CXFile file);
#define CX_NO_HASH 1
/* Where the cursor's first token is spelled, in the outermost file. */
struct cx_place cx_place(struct cx_names *n, CXSourceLocation loc);

#endif
