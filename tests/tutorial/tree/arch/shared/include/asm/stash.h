/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_STASH_H
#define _ASM_STASH_H

typedef struct page *stash_t;

#endif
