/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which words stand in which file of a tree, remembered between scans: a file
 * that is as it was (size, inode and both times to the nanosecond) and holds
 * none of the words that are asked for need not be read again.  An index is
 * about the words that were ever asked for in that tree, and knows each of
 * them for every file it lists.  A damaged one counts as none.
 */
#ifndef WORDINDEX_H
#define WORDINDEX_H

#include <glib.h>
#include <sys/stat.h>

/* What tells whether a file is as it was. */
struct word_stat { gint64 size, mtime, ctime; guint64 ino; };

struct word_file {
	const char *path;	/* in the tree; files are sorted by it */
	struct word_stat st;
	guint n;
	const guint16 *words;	/* indices into the names */
};

struct word_index {
	GPtrArray *names;	/* char *; owned */
	GArray *files;		/* struct word_file; what it points to is owned */
	char *blob;
};

/* The index of the tree at @root; NULL when there is none to trust. */
struct word_index *word_index_load(const char *root);
void word_index_free(struct word_index *x);

/* @path as it was when it was indexed, or NULL. */
const struct word_file *word_index_find(const struct word_index *x,
					const char *path,
					const struct word_stat *st);

/* Keep @names and @files (struct word_file, sorted).  A failure is silent: the
 * next scan reads everything. */
void word_index_save(const char *root, const GPtrArray *names,
		     const GArray *files);

void word_stat_take(struct word_stat *to, const struct stat *st);

#endif
