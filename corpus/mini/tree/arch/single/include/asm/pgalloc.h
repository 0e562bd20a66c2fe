/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#include <linux/pgtable.h>

unsigned long *page_table_alloc(struct mm_struct *mm);
void page_table_free(struct mm_struct *mm, unsigned long *table);

#define pte_alloc_one(mm)	((pgtable_t)page_table_alloc(mm))
#define pte_free(mm, pte)	page_table_free(mm, (unsigned long *)(pte))
#define __pte_free_tlb(tlb, pte, addr) \
	page_table_free((tlb)->mm, (unsigned long *)(pte))

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t pte)
{
	*pmd = __pmd(__pa(pte));
}

#endif
