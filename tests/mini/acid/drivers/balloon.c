// SPDX-License-Identifier: GPL-2.0-only
/* A driver that frees a table as the page that it is. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#ifdef CONFIG_HIGHPTE
void balloon_free(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = pmd_pgtable(*pmd);

	pmd_clear(pmd);
	__free_page(table);
}

void balloon_swap(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t new = pte_alloc_one(mm);
	struct page *old;

	if (!new)
		return;
	old = pmd_pgtable(*pmd);
	pmd_populate(mm, pmd, new);
	__free_pages(old, 0);
}
#endif
