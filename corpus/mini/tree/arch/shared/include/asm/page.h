/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PAGE_H
#define _ASM_PAGE_H

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PTRS_PER_PTE	32
#define PTRS_PER_PMD	512

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef pte_t *pgtable_t;

#define pmd_val(x)	((x).pmd)
#define __pmd(x)	((pmd_t){ (x) })
#define __va(x)		((void *)(x))
#define __pa(x)		((unsigned long)(x))

#endif
