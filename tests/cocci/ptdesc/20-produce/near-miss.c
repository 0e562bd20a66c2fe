/* SPDX-License-Identifier: GPL-2.0-only */
/* return pmd_page(pmd); in a comment about pgtable_t stays. */
static struct page *pmd_first_page(pmd_t pmd)
{
	return pmd_page(pmd);
}

static void pmd_look(struct mm_struct *mm, pmd_t *pmd, pud_t pud)
{
	struct page *page = pmd_page(*pmd);
	struct ptdesc *ptdesc = pmd_ptdesc(pmd);
	pgtable_t table = pmd_pgtable(*pmd);

	page = pud_page(pud);
	put_page(page);
	pagetable_free(ptdesc);
	table = pmd_pgtable(*pmd);
	mm->pmd_huge_pte = table;
	pr_err("pgtable_t table = pmd_page(pmd)\n");
}
