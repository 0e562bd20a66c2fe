/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The preprocessor condition that a place in a file stands under, from the
 * text: all #if, #elif and #else around it, the include guard left out.
 */
#ifndef CONDITION_H
#define CONDITION_H

#include "text/lex.h"

/*
 * "defined(CONFIG_MMU) && !(A || B)" for byte @off; "" under none.  The caller
 * frees it.
 */
char *condition_at(const struct token_list *l, size_t off);

#endif
