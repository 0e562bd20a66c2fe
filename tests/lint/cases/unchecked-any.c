// path: arch/x86/mm/any.c
// SPDX-License-Identifier: GPL-2.0-only
static struct page *take_table(struct mm_struct *mm)
{
	if (!mm)
		return NULL;
	return mm->spare;
}

static struct page *make_table(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	count(page);
	return page;
}

static struct page *first_table(struct mm_struct *mm)
{
	return mm->first;
}

static struct ptdesc *at_once(struct mm_struct *mm, gfp_t gfp)
{
	struct page *page = make_table(gfp);

	use(ptdesc_page(my_table_alloc(mm))); /* WANT: ptdesc/unchecked-bridge */
	use(page_ptdesc((struct page *)get_zeroed_page(gfp)));
	use(page_ptdesc(take_table(mm))); /* WANT: ptdesc/unchecked-bridge */
	use(page_ptdesc(page)); /* WANT: ptdesc/unchecked-bridge */
	page = vmemmap_alloc_block_buf(gfp);
	return page_ptdesc(page); /* WANT: ptdesc/unchecked-bridge */
}

/* Near misses. */
static struct ptdesc *tested(struct mm_struct *mm, struct vm_fault *vmf)
{
	struct page *page = take_table(mm);

	if (!page)
		return NULL;
	use(page_ptdesc(page), page_ptdesc(first_table(mm)));
	use(page_ptdesc(vmf->alloc_page), page_ptdesc(pmd_page(*vmf->pmd)));
	use(page_ptdesc(alloc_page(GFP_KERNEL | __GFP_NOFAIL)));
	page = my_table_alloc(mm);
	if (!page)
		return NULL;
	return page_ptdesc(page);
}
