/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the cache.  An entry is a file with a checksum behind its
 * contents, which is compared when the file is read.  An entry that was
 * truncated, emptied or changed counts as absent: it is removed, named in one
 * message, and the caller makes it anew.
 */
#ifndef CACHEFILE_H
#define CACHEFILE_H

#include <glib.h>

/*
 * Write @size bytes and their checksum to @path, at once or not at all.  The
 * folder is made if it is missing.  0, or -1 without a message and with errno:
 * a run works without its cache.
 */
int cachefile_write(const char *path, const char *text, gsize size);

/*
 * The contents of @path, with a NUL behind them; the caller frees them.  NULL
 * if there is no such file or it cannot be read; NULL after a message if it is
 * damaged.  @size may be NULL.
 */
char *cachefile_read(const char *path, gsize *size);

/*
 * Tell the user, once for each folder, that the entry @path is damaged, and
 * remove it.  For a caller who finds that contents with a good checksum do not
 * fit.
 */
void cachefile_damaged(const char *path);

#endif
