// SPDX-License-Identifier: GPL-2.0-only
/* Arms that no cell compiles. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

void dead_free(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = pmd_pgtable(*pmd);

#ifdef CONFIG_NOBODY_SETS_THIS
	get_page(table);
	list_del(&table->lru);
	nobody_knows(table, 1);
#endif
	pte_free(mm, table);
}

#ifdef CONFIG_NOBODY_SETS_THIS
void dead_swap(struct mm_struct *mm, pmd_t *pmd)
{
	struct page *page = pte_alloc_one(mm);

	if (!page)
		return;
	pagetable_pte_dtor(page_ptdesc(page));
	pmd_populate(mm, pmd, page);
}
#endif
