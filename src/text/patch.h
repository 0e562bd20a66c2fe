/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unified diffs that `git apply` and `patch -p1` take: three lines of context,
 * a/ and b/ prefixes, "\ No newline at end of file", any bytes.  The smallest
 * line diff (Myers, or a histogram diff), with hunk headers that name the function as git's do for C.
 */
#ifndef PATCH_H
#define PATCH_H

#include <glib.h>

struct patch_stat { unsigned files, added, removed; };

/*
 * Append the diff of one file to @out.  @old_text or @new_text NULL: the file
 * is created or deleted.  @mode is the file's (0100644, 0100755).  Nothing is
 * appended when the texts are equal.  @stat may be NULL.
 */
void patch_append(GString *out, const char *file, unsigned mode,
		  const char *old_text, gsize old_size,
		  const char *new_text, gsize new_size,
		  struct patch_stat *stat);

#endif
