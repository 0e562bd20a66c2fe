/* SPDX-License-Identifier: GPL-2.0-only */
static unsigned long numbers(pgtable_t pte)
{
	if (page_to_nid(pte) || page_count(pte) || !page_zone(pte))
		return page_to_phys(pte);
	return page_to_pfn(pte);
}

static void flags(pgtable_t pte)
{
	if (!PageReserved(pte))
		SetPageReserved(pte);
	__ClearPageTable(pte);
	inc_lruvec_page_state(pte, 1);
}

static void counts(pgtable_t pte)
{
	get_page(pte);
	put_page(pte);
	__free_page(pte);
	__free_pages(pte, 0);
	free_page_and_swap_cache(pte);
}

static void contents(pgtable_t pte)
{
	clear_highpage(pte);
	*(char *)kmap_local_page(pte) = 0;
}

static unsigned long of_calls(pmd_t pmd)
{
	put_page(pmd_pgtable(pmd));
	return page_to_pfn(pmd_pgtable(pmd));
}
