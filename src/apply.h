/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Change files of a tree, all or none.  The new text of every file is written
 * and synced beside its target first, then a journal that names them all, then
 * each is renamed over its target, then the journal goes.  After a kill at any
 * moment, apply_recover() brings the tree to the state before (journal not yet
 * complete) or after (complete), whole.
 */
#ifndef APPLY_H
#define APPLY_H

#include <glib.h>

struct apply_file {
	const char *file;	/* path in the tree */
	const char *old_text;	/* what must stand there now; NULL: no file */
	gsize old_size;
	const char *new_text;	/* NULL: delete */
	gsize new_size;
};

/*
 * Returns 0, or -1 after a message with the tree as it was: a file differs
 * from old_text, a directory cannot be written, the disk is full, a path
 * leaves the tree or runs through a symbolic link, or another apply is under
 * way (the journal is locked).  Modes and owners are kept.
 */
int apply_files(const char *tree, const struct apply_file *v, unsigned n);

/* 1: an interrupted apply was finished or undone (and a note says which); 0: there was none; -1: error, reported. */
int apply_recover(const char *tree);

#endif
