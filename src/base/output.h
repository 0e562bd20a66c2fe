/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a command's product where -o says: a file whole or not at all, and
 * what is no file (/dev/stdout, a pipe) as it is.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <glib.h>

/* 0, or -1 after a message. */
int output_write(const char *path, const char *text, gsize size);

/* Can it be written, before the slow work?  0, or -1 after a message. */
int output_check(const char *path);

/* Is @path in the folder @top, which is canonical? */
gboolean output_inside(const char *path, const char *top);

#endif
