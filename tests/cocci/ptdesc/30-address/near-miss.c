/* SPDX-License-Identifier: GPL-2.0-only */
/* page_address(pte) of a pgtable_t, said in a comment, stays. */
static void *page_start(struct page *page)
{
	return page_address(page);
}

static void *table_start(pgtable_t pte, struct ptdesc *ptdesc, pmd_t pmd)
{
	void *page_address_of = page_address(pmd_page(pmd));

	if (!pte)
		pr_err("page_address(pte): %p\n", page_address_of);
	return ptdesc_address(ptdesc);
}
