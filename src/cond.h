/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The condition that a place of a file stands under: what the preprocessor
 * must find true to compile it, as the file itself writes it.
 */
#ifndef COND_H
#define COND_H

#include <glib.h>

#include "lex.h"

/*
 * The conditions of all #if arms around byte @off, outermost first, joined
 * with "&&": "CONFIG_MMU && !(defined(A) || B)".  The guard of a header is no
 * condition.  "" where there is none.  The caller frees it.
 */
char *cond_at(const struct token_list *toks, gsize off);

#endif
