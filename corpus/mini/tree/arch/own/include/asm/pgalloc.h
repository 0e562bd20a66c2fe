/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#define __HAVE_ARCH_PTE_ALLOC_ONE
#include <asm-generic/pgalloc.h>
#include <linux/pgtable.h>

pgtable_t pte_alloc_one(struct mm_struct *mm);
void ___pte_free_tlb(struct mmu_gather *tlb, struct page *pte);

static inline void __pte_free_tlb(struct mmu_gather *tlb, struct page *pte,
				  unsigned long address)
{
	___pte_free_tlb(tlb, pte);
}

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				struct page *pte)
{
	unsigned long pfn = page_to_pfn(pte);

	*pmd = __pmd((pfn << PAGE_SHIFT) | 7);
}

#endif
