/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages.  One format: "treewide: error: WHAT", with the place first where
 * there is one ("file:line:col: error: WHAT").  Library code reports once, at
 * the place that knows most, and returns -1; callers propagate.
 */
#ifndef DIAG_H
#define DIAG_H

#include <glib.h>

/* Report an error on stderr; returns -1 so that callers can return it. */
int tw_error(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* The same with a place; @line and @col are 1-based, 0 leaves them out. */
int tw_error_at(const char *file, unsigned line, unsigned col,
		const char *fmt, ...) G_GNUC_PRINTF(4, 5);
void tw_warn(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
void tw_note(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
/* Report and exit: only for builtin-*.c and treewide.c. */
void tw_die(int status, const char *fmt, ...) G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;

/*
 * Progress: shown on stderr in place when it is a terminal, else a line for
 * each quarter that is done.
 * @what is the stage ("scan"), @done of @total; @total 0 when unknown.
 * tw_progress_end() clears the line.  Safe to call from any thread.
 */
void tw_progress(const char *what, unsigned done, unsigned total,
		 const char *item);
void tw_progress_end(void);

#endif
