/* SPDX-License-Identifier: GPL-2.0-only */
static pgtable_t pmd_table(pmd_t pmd)
{
	return pmd_page(pmd);
}

static pgtable_t table_of(void *addr, unsigned long pfn, int by_pfn)
{
	if (by_pfn)
		return pfn_to_page(pfn);
	return virt_to_page(addr);
}

static void pmd_free(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table;

	table = pmd_page(*pmd);
	pmd_clear(pmd);
	mm->pmd_huge_pte = table;
}

static void pmd_move(struct mm_struct *mm, pmd_t *from, pmd_t *to)
{
	pmd_populate(mm, to, (pgtable_t)pmd_page(*from));
}

static void pmd_copy(struct mm_struct *mm, pmd_t *from, pmd_t *to)
{
	pgtable_t table = pmd_page(*from);

	pmd_populate(mm, to, table);
}

static pgtable_t pte_table_of(pmd_t pmd)
{
	pgtable_t pte = ((pgtable_t)pmd_page(pmd));

	return pte;
}

static pgtable_t pte_table_if(pmd_t pmd, int there)
{
	return there ? (pgtable_t)pmd_page(pmd) : 0;
}
