/* SPDX-License-Identifier: GPL-2.0-only */
static inline void pte_free(struct mm_struct *mm, pgtable_t pte)
{
	pte_t *table = page_address(pte);

	if (!table)
		table = (pte_t *)page_address(pte) + 1;
	table->pte = 0;
}

static unsigned long pte_base(struct mm_struct *mm)
{
	pgtable_t pte;

	pte = mm->pmd_huge_pte;
	return (unsigned long)page_address(pte);
}

static unsigned long pte_pfn_of(pgtable_t pte)
{
	return virt_to_pfn(page_address(pte));
}

static void *of_call(pmd_t pmd)
{
	return page_address(pmd_pgtable(pmd));
}
