/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel tree: is it one, which version, is it a git checkout and clean.
 */
#ifndef TREE_H
#define TREE_H

#include <glib.h>

#include "text/source.h"

struct tree {
	char *path;		/* absolute, links resolved */
	int version, patchlevel, sublevel;
	char *release;		/* "6.12.95" plus EXTRAVERSION */
	char *git_head;		/* commit, or NULL */
	char **with;		/* folders outside it that belong to the work
				 * (--with), absolute, links resolved; or NULL */
};

/* NULL after a message: no directory, no kernel (no Makefile with VERSION, no Kconfig, no arch/). */
struct tree *tree_open(const char *path);
void tree_free(struct tree *t);
/*
 * Let the folders @dirs belong to the work on @t: their files have absolute
 * names from now on.  -1 after a message: no folder, in the tree or around it,
 * or one in another.
 */
int tree_add(struct tree *t, char **dirs);
/* The folder of t->with that the file of this absolute name is in, or NULL. */
const char *tree_with(const struct tree *t, const char *file);
/* A source that is larger is none: a stranger's tree costs no more memory. */
#define TREE_FILE_MAX	(64 << 20)

/* Read a file of the tree, or of its t->with; NULL with a message unless @quiet; errno is EFBIG
 * where it is larger than TREE_FILE_MAX. Refuses paths with ".." and symbolic links out of the tree. */
char *tree_read(const struct tree *t, const char *file, gsize *size, int quiet);
/* The file with its tokens and macros; NULL when it cannot be read (no message). */
struct source *tree_source(const struct tree *t, const char *file);
/* 1 when git says that tracked files differ from HEAD, 0 when clean or no checkout, -1 on error (reported). */
int tree_git_dirty(const struct tree *t);

#endif
