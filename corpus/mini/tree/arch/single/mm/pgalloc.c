// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>

unsigned long *page_table_alloc(struct mm_struct *mm)
{
	struct ptdesc *ptdesc = pagetable_alloc(GFP_KERNEL, 0);

	if (!ptdesc)
		return NULL;
	if (!pagetable_pte_ctor(ptdesc)) {
		pagetable_free(ptdesc);
		return NULL;
	}
	return ptdesc_address(ptdesc);
}

void page_table_free(struct mm_struct *mm, unsigned long *table)
{
	struct ptdesc *ptdesc = virt_to_ptdesc(table);

	pagetable_pte_dtor(ptdesc);
	pagetable_free(ptdesc);
}

#ifdef CONFIG_HUGE
/*
 * The list of deposited tables lies in the memory of the tables.  With a
 * descriptor for a handle, this code would write into the memory map.
 */
void pgtable_trans_huge_deposit(struct mm_struct *mm, pmd_t *pmdp,
				pgtable_t pgtable)
{
	struct list_head *lh = (struct list_head *)pgtable;

	if (!pmd_huge_pte(mm, pmdp))
		INIT_LIST_HEAD(lh);
	else
		list_add(lh, (struct list_head *)pmd_huge_pte(mm, pmdp));
	pmd_huge_pte(mm, pmdp) = pgtable;
}

pgtable_t pgtable_trans_huge_withdraw(struct mm_struct *mm, pmd_t *pmdp)
{
	pgtable_t pgtable = pmd_huge_pte(mm, pmdp);
	struct list_head *lh = (struct list_head *)pgtable;
	pte_t *ptep = (pte_t *)pgtable;

	if (list_empty(lh)) {
		pmd_huge_pte(mm, pmdp) = NULL;
	} else {
		pmd_huge_pte(mm, pmdp) = (pgtable_t)lh->next;
		list_del(lh);
	}
	ptep[0].pte = 0;
	ptep[1].pte = 0;
	return pgtable;
}
#endif
