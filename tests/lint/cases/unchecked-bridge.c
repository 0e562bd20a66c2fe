// path: mm/bridge.c
// SPDX-License-Identifier: GPL-2.0-only
static struct page *unchecked(gfp_t gfp)
{
	struct ptdesc *pt = pagetable_alloc(gfp, 0);

	return ptdesc_page(pt); /* WANT: ptdesc/unchecked-bridge */
}

static struct ptdesc *at_once(gfp_t gfp)
{
	return page_ptdesc(alloc_page(gfp)); /* WANT: ptdesc/unchecked-bridge */
}

static struct ptdesc *tested_before(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (!page)
		return NULL;
	page = alloc_pages(gfp, 1);
	return page_ptdesc(page); /* WANT: ptdesc/unchecked-bridge */
}

/* Near misses. */
static struct page *checked(gfp_t gfp)
{
	struct ptdesc *pt = pagetable_alloc(gfp, 0), *pt2;
	struct page *page;

	if (!pt)
		return NULL;
	pt2 = pagetable_alloc(gfp | __GFP_NOFAIL, 0);
	use(ptdesc_page(pt2));
	if ((page = alloc_page(gfp)) == NULL)
		return NULL;
	use(page_ptdesc(page));
	return ptdesc_page(pt);
}

static struct page *given(struct ptdesc *pt)
{
	return ptdesc_page(pt);
}
