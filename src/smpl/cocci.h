/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a semantic patch without running it: the names that its `-` code
 * removes, and how scripts/coccicheck of the kernel would run it in patch mode.
 * This is text alone; spatch decides what a rule means.
 */
#ifndef COCCI_H
#define COCCI_H

#include <glib.h>

#include "smpl/coccirule.h"

/*
 * NULL after a message if the file cannot be read, is not a semantic patch, or
 * has options that are not passed on.
 */
struct cocci *cocci_read(const char *path);
/* The same of @text, which is said to be @path. */
struct cocci *cocci_parse(const char *path, const char *text);
void cocci_free(struct cocci *c);

/* Has the file a rule that changes code in patch mode? */
gboolean cocci_changes(const struct cocci *c);
/* Is @have ("1.1.1") as new as the file wants? */
gboolean cocci_version_ok(const struct cocci *c, const char *have);

#endif
