/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGTABLE_TYPES_H
#define _ASM_PGTABLE_TYPES_H

typedef struct page *pgtable_t;

#endif
