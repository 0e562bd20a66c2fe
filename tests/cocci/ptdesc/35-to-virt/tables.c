/* SPDX-License-Identifier: GPL-2.0-only */
static void table_set(pmd_t *pmd, pgtable_t pte)
{
	pmd->pmd = (unsigned long)page_to_virt(pte);
}

static pte_t *table_of(struct mm_struct *mm)
{
	pgtable_t table = mm->pmd_huge_pte;

	return (pte_t *)page_to_virt(table) + 1;
}
