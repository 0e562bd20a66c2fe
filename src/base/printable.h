/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text of a stranger, such as a file name of a patch or a compiler's message,
 * as it may go to a terminal or into a log.
 */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <glib.h>
#include <stdio.h>

/*
 * @s (NULL: "") as valid UTF-8, with each control character and each character
 * that changes the direction of text spelled: "\x1b", "\u202e".  Newlines and
 * tabs stay.  The caller frees it.
 */
char *printable(const char *s);

/* The same, on one line: a newline becomes "\n", a tab a blank. */
char *printable_line(const char *s);

/* fprintf() of printable text; like fprintf(), negative if it cannot write. */
int printable_print(FILE *f, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#endif
