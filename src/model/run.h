/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run directory: all artefacts of one conversion or check, so that what it
 * did can be looked at, explained and replayed.
 */
#ifndef RUN_H
#define RUN_H

/*
 * @wanted, or a new folder below $XDG_STATE_HOME/treewide/runs named after
 * @name; the link "last" beside it then points to it.  The caller frees the
 * path; NULL after a message.
 */
char *run_dir(const char *wanted, const char *name);

#endif
