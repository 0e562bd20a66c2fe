/* SPDX-License-Identifier: GPL-2.0-only */
int page_to_nid_of(struct mmu_gather *tlb, pgtable_t pte);
void pgtable_put(pgtable_t pte);

/* put_page(pte) of a pgtable_t, said in a comment, stays. */
static unsigned long pages(struct page *page, struct mmu_gather *tlb)
{
	put_page(page);
	__free_pages(page, 1);
	tlb_remove_page(tlb, page);
	return page_to_pfn(page);
}

static void tables(struct mmu_gather *tlb, struct mm_struct *mm, pgtable_t pte)
{
	pgtable_put(pte);
	pmd_populate(mm, NULL, pte);
	/* Nothing in this file says that it wants a page. */
	tlb_remove_table(tlb, pte);
	pr_err("put_page(pte) %d\n", page_to_nid_of(tlb, pte));
}
