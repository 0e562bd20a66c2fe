/* SPDX-License-Identifier: GPL-2.0-only */
/* "Did you mean": the name that is nearest to a misspelt one. */
#ifndef NEAREST_H
#define NEAREST_H

/* One of @names (NULL-terminated), or NULL when none is near @word. */
const char *nearest(const char *word, const char *const *names);
/* How many characters must be added, removed or replaced to make @a of @b. */
unsigned nearest_distance(const char *a, const char *b);

#endif
