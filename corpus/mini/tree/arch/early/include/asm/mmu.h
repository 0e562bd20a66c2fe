/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/mm_types.h includes this file before it defines anything: what is
 * named in a parameter list here and nowhere before has the scope of that
 * list, and is another type than the one that comes later.
 */
#ifndef _ASM_MMU_H
#define _ASM_MMU_H

struct page;
struct mm_struct;

#include <asm/early-tables.h>

typedef struct page *pgtable_t;

typedef struct { unsigned long asid; } mm_context_t;

#endif
