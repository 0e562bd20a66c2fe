// SPDX-License-Identifier: GPL-2.0-only
/* The value of a macro goes into a macro, and a table's node is asked for. */
#include <linux/pgtable.h>
#include <asm/numa.h>
#include <asm/tlb.h>

int numa_of(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = pmd_pgtable(*pmd);

	return table_nid(table);
}

int numa_direct(pmd_t *pmd)
{
	return table_nid(pmd_pgtable(*pmd)) + page_to_nid(pmd_pgtable(*pmd));
}

unsigned long numa_pfn(pmd_t *pmd)
{
	return page_to_pfn(pmd_pgtable(*pmd)) + table_pfn(pmd_pgtable(*pmd));
}

#ifdef CONFIG_NOBODY_SETS_THIS
void numa_dead(struct mmu_gather *tlb, struct page *t, pmd_t *pmd)
{
	pgtable_t x = pmd_pgtable(*pmd);

	tlb_remove_nobody(tlb, x);
	tlb_remove_nobody(tlb, pmd_pgtable(*pmd));
	t = x;
}
#endif
