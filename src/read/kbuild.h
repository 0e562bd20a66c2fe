/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flags that a folder's Makefile adds for a source: "ccflags-y",
 * "CFLAGS_x.o", and "subdir-ccflags-y" of the folders above.  kbuild only tells
 * them for sources that a config builds; this reads them off the text, so that
 * a driver that no cell enables can be read, too.
 */
#ifndef KBUILD_H
#define KBUILD_H

#include <glib.h>

/*
 * The "-I", "-D" and "-include" of @file (a path in the tree, else there are
 * none) as words for the compiler, paths absolute: char *, owned.  A word with
 * a variable that the Makefile does not set is left out, and so is a "-D" that
 * depends on the config.
 */
GPtrArray *kbuild_flags(const char *tree, const char *file);
/* The Makefiles that these come from, as paths in the tree: char *, owned. */
GPtrArray *kbuild_makefiles(const char *tree, const char *file);

#endif
