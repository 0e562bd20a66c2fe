/* SPDX-License-Identifier: GPL-2.0-only */
static inline void pte_free(struct mm_struct *mm, pgtable_t pte)
{
	struct ptdesc *ptdesc = page_ptdesc(pte);

	pagetable_dtor(ptdesc);
	pagetable_free(page_ptdesc(pte));
}

static inline pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	struct ptdesc *ptdesc = pagetable_alloc(0, 0);

	if (!ptdesc)
		return NULL;
	if (!pagetable_pte_ctor(ptdesc)) {
		pagetable_free(ptdesc);
		return NULL;
	}

	return ptdesc_page(ptdesc);
}

static void pte_deposit(struct mm_struct *mm, void *addr)
{
	pgtable_t table = ptdesc_page(virt_to_ptdesc(addr));
	pgtable_t other;

	other = ptdesc_page(pagetable_alloc(0, 1));
	mm->pmd_huge_pte = other ? other : table;
}

static pgtable_t pte_same(pgtable_t pte)
{
	pgtable_t copy = (pgtable_t)pte;

	return copy;
}

#define pte_dtor(pte) pagetable_dtor(page_ptdesc(pte))

/* In parentheses: gone when it is the only argument. */
#define pte_dtor_alone(pte) pagetable_dtor((page_ptdesc(pte)))

static void pte_drop(struct mm_struct *mm, pgtable_t pte)
{
	pagetable_dtor((page_ptdesc(pte)));
}
