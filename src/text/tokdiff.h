/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changed between two versions of a C file, in tokens: white space that
 * a tool laid out anew is no change.  This is how the output of spatch becomes
 * edits.
 */
#ifndef TOKDIFF_H
#define TOKDIFF_H

#include <glib.h>

struct tokdiff {
	gsize off, len;		/* byte range in the old text */
	gsize new_off, new_len;	/* in the new one */
	char *text;		/* what replaces it, white space on one line */
};

/* struct tokdiff by offset; never NULL. */
GPtrArray *tokdiff(const char *old, gsize old_size,
		   const char *text, gsize size);

#endif
