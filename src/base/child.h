/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Children with limits.  Everything that may crash, hang or eat the memory on
 * a stranger's file (spatch, libclang) runs in a child of its own, so that it
 * costs that file's result and never the run.
 */
#ifndef CHILD_H
#define CHILD_H

#include <glib.h>

struct child_limits {
	guint seconds;		/* wall clock; 0: none */
	guint64 memory;		/* address space in bytes; 0: none */
};

enum child_end {
	CHILD_OK,		/* exited with 0 */
	CHILD_FAILED,		/* exited with something else */
	CHILD_CRASHED,		/* by a signal */
	CHILD_TIMED_OUT,
};

/*
 * Run work items 0..n-1, each in a forked child, at most @jobs at once.
 * @work runs in the child and returns its exit status (it may exec).  @done
 * runs in the parent, in the order in which children end; @status is the exit
 * status or signal number.  Must be called while the process has one thread.
 * Returns 0, or -1 after a message when no child could be made.
 */
typedef int (*child_work_fn)(guint i, void *data);
typedef void (*child_done_fn)(guint i, enum child_end end, int status,
			      void *data);
int child_pool(guint n, int jobs, const struct child_limits *lim,
	       child_work_fn work, child_done_fn done, void *data);

/* "timed out after 60 s", "crashed (signal 11)"; static text. */
const char *child_end_text(enum child_end end, int status,
			   const struct child_limits *lim);

#endif
