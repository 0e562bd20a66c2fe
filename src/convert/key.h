/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys of declarations, as src/read/ast.h describes them. */
#ifndef KEY_H
#define KEY_H

/*
 * The function's name from a key, "p:c:file.c@F@name#1" or "r:c:@F@name"; NULL
 * if it has none, as those that a pointer leads to.  The caller frees it.
 */
char *key_function(const char *key);

#endif
