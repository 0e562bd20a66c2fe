/* SPDX-License-Identifier: GPL-2.0-only */
static void *page_start(struct page *page, pmd_t pmd)
{
	return page ? page_to_virt(page) : page_to_virt(pmd_page(pmd));
}

static void *table_start(pgtable_t pte, struct ptdesc *ptdesc)
{
	/* With CONFIG_HIGHMEM this is no place in the linear map. */
	return pte ? ptdesc_address(ptdesc) : ptdesc_to_virt(ptdesc);
}
