// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>

#ifdef CONFIG_HIGHPTE
#define PGTABLE_HIGHMEM	__GFP_HIGHMEM
#else
#define PGTABLE_HIGHMEM	0
#endif

static void clean_pte_table(pte_t *pte)
{
	clear_page(pte);
}

/* A table in high memory has no address to clean it by. */
pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	struct page *pte;

	pte = __pte_alloc_one(mm, GFP_KERNEL | __GFP_ZERO | PGTABLE_HIGHMEM);
	if (!pte)
		return NULL;
	if (!PageHighMem(pte))
		clean_pte_table(page_address(pte));
	return pte;
}

void ___pte_free_tlb(struct mmu_gather *tlb, struct page *pte)
{
	pagetable_pte_dtor(page_ptdesc(pte));
	tlb_remove_table(tlb, pte);
}
