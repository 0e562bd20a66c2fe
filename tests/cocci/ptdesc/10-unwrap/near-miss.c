/* SPDX-License-Identifier: GPL-2.0-only */
/* A pgtable_t in a comment: page_ptdesc(pte) stays, as all code below does. */
static struct page *first_page(struct ptdesc *ptdesc)
{
	return ptdesc_page(ptdesc);
}

static void drop(struct page *page, void *addr, pmd_t *pmd)
{
	struct ptdesc *ptdesc = page_ptdesc(page);
	struct page *other = ptdesc_page(ptdesc);

	pagetable_dtor(page_ptdesc(other));
	pagetable_free(virt_to_ptdesc(addr));
	pagetable_free(pmd_ptdesc(pmd));
	other = ptdesc_page(ptdesc);
	put_page(other);
	pr_err("pgtable_t pte: page_ptdesc(pte)\n");
}

static pgtable_t keep(pgtable_t pte)
{
	/* A void pointer may become a handle: no page is named. */
	void *raw = pte;

	return (pgtable_t)raw;
}
