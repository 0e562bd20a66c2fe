/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

#include <linux/mm.h>

#define pmd_none(x)	(!pmd_val(x))
#define pmd_pfn(x)	(pmd_val(x) >> PAGE_SHIFT)
#define pmd_page(x)	pfn_to_page(pmd_pfn(x))
#define pmd_clear(p)	do { *(p) = __pmd(0); } while (0)

static inline pte_t *pmd_page_vaddr(pmd_t pmd)
{
	return __va(pmd_val(pmd) & ~(PAGE_SIZE - 1));
}

#ifdef CONFIG_TINY_TABLES
#define pmd_pgtable(pmd)	pmd_page_vaddr(pmd)
#endif

#endif
