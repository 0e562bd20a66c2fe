/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Change files of a tree, all or none.  A journal that names them all is
 * written first, then the new text of every file is written and synced beside
 * its target, then the journal is marked complete, then each file is renamed
 * over its target, then the journal goes.  After a kill at any moment,
 * apply_recover() brings the tree to the state before (journal not yet
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
 * from old_text, a directory does not exist or cannot be written, the disk is
 * full, a path leaves the tree or runs through a symbolic link, or another
 * apply is under way (the journal is locked) or was interrupted.  Modes and
 * owners are kept; a file with other hard links is parted from them.  Created
 * files have mode 0666 less the umask.
 */
int apply_files(const char *tree, const struct apply_file *v, unsigned n);

/*
 * 1: an interrupted apply was finished or undone (and a note says which);
 * 0: there was none; -1: error, reported.  A journal that is damaged, leaves
 * the tree, runs through a symbolic link or does not fit the files is refused
 * before anything is touched.
 */
int apply_recover(const char *tree);

/*
 * For tests only, which must see what a kill or a failing disk does at every
 * single step: the @n-th write, sync, link, rename or unlink from now on (from
 * 1; 0 for none) fails with @error, or, when @error is 0, ends the process with
 * status 137 and no clean-up, as SIGKILL would.  A write that is hit has
 * written its first half.  After a failure, the @then-th step from there ends
 * the process (0 for none).
 */
void apply_fault_at(unsigned n, int error, unsigned then);

#endif
