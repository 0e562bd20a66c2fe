// path: mm/opaque.c
// SPDX-License-Identifier: GPL-2.0-only
static void kept(pmd_t *pmd, pgtable_t h)
{
	struct ptdesc *pt = pmd_pgtable(*pmd); /* WANT: ptdesc/handle-as-ptdesc */
	struct ptdesc *q;

	q = h; /* WANT: ptdesc/handle-as-ptdesc */
	q = pmd ? pt : NULL;
	list_del(&h->pt_list); /* WANT: ptdesc/handle-as-ptdesc */
	use(ptdesc_address(h)); /* WANT: ptdesc/handle-as-ptdesc */
	use(pfn_of(ptdesc_page(h))); /* WANT: ptdesc/handle-as-page */
	tlb_remove_ptdesc(tlb, h); /* WANT: ptdesc/handle-as-ptdesc */
}

static pgtable_t given_back(struct ptdesc *pt)
{
	return pt; /* WANT: ptdesc/handle-as-ptdesc */
}

static pgtable_t wrapped(struct page *page)
{
	return page_ptdesc(page); /* WANT: ptdesc/handle-as-ptdesc */
}

static pgtable_t bare(struct page *page)
{
	return page; /* WANT: ptdesc/handle-as-page */
}

static pgtable_t round_trip(pmd_t *pmd)
{
	return ptdesc_page(pmd_pgtable(*pmd)); /* WANT: ptdesc/handle-as-page */
}

static void put_back(struct mm_struct *mm, pmd_t *pmd, struct ptdesc *pt,
		     struct vm_fault *vmf, pgtable_t h)
{
	pmd_populate(mm, pmd, pt); /* WANT: ptdesc/handle-as-ptdesc */
	vmf->prealloc_pte = page_ptdesc(pmd_page(*pmd)); /* WANT: ptdesc/handle-as-ptdesc */
	h = pt; /* WANT: ptdesc/handle-as-ptdesc */
}

void take_ptdesc(int n, struct ptdesc *pt);
static void declared(pgtable_t h)
{
	take_ptdesc(1, h); /* WANT-TYPES: ptdesc/handle-as-ptdesc */
}

/* Near misses. */
static struct ptdesc *descriptor(pmd_t *pmd)
{
	struct ptdesc *pt = page_ptdesc(pmd_page(*pmd));

	list_del(&pt->pt_list);
	take_ptdesc(2, pt);
	use(ptdesc_address(pt), ptdesc_page(pt));
	return pt;
}

static pgtable_t handle(pmd_t *pmd, struct vm_fault *vmf)
{
	pgtable_t h = pmd_pgtable(*pmd);

	vmf->prealloc_pte = h;
	pmd_populate(vmf->vma->vm_mm, pmd, h);
	return h;
}
