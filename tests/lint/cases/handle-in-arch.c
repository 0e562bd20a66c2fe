// path: arch/x86/mm/opaque.c
// SPDX-License-Identifier: GPL-2.0-only
/* Near misses: here the handle is a struct ptdesc *. */
static pgtable_t here(pmd_t *pmd, pgtable_t h, struct page *page)
{
	struct ptdesc *pt = pmd_pgtable(*pmd);

	list_del(&h->pt_list);
	use(ptdesc_address(h), ptdesc_page(h));
	h = pt;
	if (pt)
		return pt;
	return page_ptdesc(page);
}

static pgtable_t bare(struct page *page)
{
	return page; /* WANT: ptdesc/handle-as-page */
}

static pgtable_t
bare_too(int a,
	 struct page *page)
{
	if (a)
		return pmd_page(x); /* WANT: ptdesc/handle-as-page */
	return page; /* WANT: ptdesc/handle-as-page */
}

static struct page *page_of(struct page *page, pgtable_t h)
{
	return page;
}
