// path: mm/paths.c
// SPDX-License-Identifier: GPL-2.0-only
static struct ptdesc *one_path(gfp_t gfp, int x)
{
	struct page *page = alloc_page(gfp);

	if (x && !page)
		return NULL;
	if (x)
		page = alloc_page(gfp);
	return page_ptdesc(page); /* WANT: ptdesc/unchecked-bridge */
}

static void typed(struct mm_struct *mm, pgtable_t table)
{
	struct page *page;

	page = table; /* WANT: ptdesc/handle-as-page */
	put_page(page);
	page_ref_count(table); /* WANT: ptdesc/handle-as-page */
}
