/* SPDX-License-Identifier: GPL-2.0-only */
/* "Did you mean": the name that is nearest to a misspelt one. */
#ifndef NEAREST_H
#define NEAREST_H

/* One of @names (NULL-terminated), or NULL when none is near @word. */
const char *nearest(const char *word, const char *const *names);

#endif
