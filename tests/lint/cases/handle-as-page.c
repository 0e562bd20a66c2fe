// path: arch/new/mm/handle.c
// SPDX-License-Identifier: GPL-2.0-only
static unsigned long uses(struct mm_struct *mm, pmd_t *pmd, pgtable_t table)
{
	unsigned long pfn = page_to_pfn(table); /* WANT: ptdesc/handle-as-page */
	struct page *page = pmd_pgtable(*pmd); /* WANT: ptdesc/handle-as-page */
	pgtable_t a, other = pmd_pgtable(*pmd);

	list_add(&table->lru, &lru_list); /* WANT: ptdesc/handle-as-page */
	call_rcu(&other->rcu_head, fn); /* WANT: ptdesc/handle-as-page */
	a = list_first_entry(&pmd_huge_pte(mm, pmd)->lru, struct page, lru); /* WANT: ptdesc/handle-as-page */
	free_it(page_ptdesc(table)); /* WANT: ptdesc/handle-as-page */
	pfn += page_to_pfn(vmf->prealloc_pte); /* WANT: ptdesc/handle-as-page */
	__free_page((table)); /* WANT: ptdesc/handle-as-page */
	if (PageHighMem(a)) /* WANT: ptdesc/handle-as-page */
		pfn++;
	return pfn + table->flags; /* WANT: ptdesc/handle-as-page */
}

#define __pte_free_tlb(tlb, pte, addr) \
	tlb_remove_ptdesc((tlb), page_ptdesc(pte)) /* WANT: ptdesc/handle-as-page */

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				struct page *pte) /* WANT: ptdesc/handle-as-page */
{
}

#define pmd_pgtable(pmd) pmd_page(pmd) /* WANT: ptdesc/handle-as-page */

void pte_free(struct mm_struct *mm, struct page *pte) /* WANT: ptdesc/handle-as-page */
{
	use(page_to_pfn(pte)); /* WANT: ptdesc/handle-as-page */
}

pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	struct ptdesc *ptdesc = allocate(mm);

	if (!ptdesc)
		return NULL;
	return ptdesc_page(ptdesc); /* WANT: ptdesc/handle-as-page */
}

static pgtable_t own_alloc(struct mm_struct *mm)
{
	struct page *page = alloc_page(GFP_KERNEL);

	return page; /* WANT: ptdesc/handle-as-page */
}

/* Near misses. */
#define pmd_pgtable(pmd) page_ptdesc(pmd_page(pmd))

static pgtable_t wrapped(struct page *page)
{
	return page_ptdesc(page);
}

static void other_macro(struct page *pte)
{
	use(page_to_pfn(pte));
}

static unsigned long others(struct page *table, pgtable_t handle, pgtable_t *slot)
{
	/* page_to_pfn(handle), handle->lru */
	const char *s = "page_to_pfn(handle)";

	list_add(&table->lru, &handle->pt_list);
	pte_free(mm, handle);
	x->handle->lru = 1;
	return page_to_pfn(table) + page_to_pfn(ptdesc_page(handle)) +
	       folio->lru + pmd_page(handle);
}

static unsigned long next_function(struct page *handle)
{
	return page_to_pfn(handle) + page_ptdesc(handle)->pt_mm;
}

#if 0
static unsigned long dead(pgtable_t handle)
{
	return page_to_pfn(handle);
}
#endif
