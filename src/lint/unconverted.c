// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find out whether a tree still is as before a conversion: rewrites would be
 * wrong in it.  lint.ini names a text that only such a tree has.
 */
#include <string.h>

#include "lint/lint.h"

/* Does a file of the tree that fits the globs have the text? */
static gboolean tree_has(const struct tree *tree, const char *dir, guint depth,
			 const struct lint_unconverted *u)
{
	char *full = g_build_filename(tree->path, dir, NULL);
	GDir *d = g_dir_open(full, 0, NULL);
	gboolean yes = FALSE;
	const char *name;

	while (d && !yes && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);
		char *below = g_build_filename(full, name, NULL);
		char *text = NULL;
		gsize size;

		if (g_file_test(below, G_FILE_TEST_IS_SYMLINK))
			;
		else if (lint_globs_match(u->files, path))
			text = tree_read(tree, path, &size, TRUE);
		else if (depth && g_file_test(below, G_FILE_TEST_IS_DIR))
			yes = tree_has(tree, path, depth - 1, u);
		if (text)
			yes = memmem(text, size, u->text,
				     strlen(u->text)) != NULL;
		g_free(text);
		g_free(path);
		g_free(below);
	}
	if (d)
		g_dir_close(d);
	g_free(full);
	return yes;
}

const char *lint_unconverted(const struct lint_rules *r,
			     const struct tree *tree)
{
	for (guint i = 0; i < r->unconverted->len; i++) {
		const struct lint_unconverted *u = r->unconverted->pdata[i];

		if (tree_has(tree, "arch", 3, u))
			return u->conversion;
	}
	return NULL;
}
