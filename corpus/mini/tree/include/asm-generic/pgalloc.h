/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_GENERIC_PGALLOC_H
#define _ASM_GENERIC_PGALLOC_H

#include <linux/mm.h>

static inline pte_t *pte_alloc_one_kernel(struct mm_struct *mm)
{
	struct ptdesc *ptdesc = pagetable_alloc(GFP_KERNEL | __GFP_ZERO, 0);

	if (!ptdesc)
		return NULL;
	return ptdesc_address(ptdesc);
}

/**
 * __pte_alloc_one - allocate a page for a table of PTEs
 * @mm: the mm it is for
 * @gfp: flags
 *
 * Return: the `struct page` referencing the ptdesc, or %NULL
 */
static inline pgtable_t __pte_alloc_one(struct mm_struct *mm, gfp_t gfp)
{
	struct ptdesc *ptdesc;

	ptdesc = pagetable_alloc(gfp, 0);
	if (!ptdesc)
		return NULL;
	if (!pagetable_pte_ctor(ptdesc)) {
		pagetable_free(ptdesc);
		return NULL;
	}

	return ptdesc_page(ptdesc);
}

#ifndef __HAVE_ARCH_PTE_ALLOC_ONE
static inline pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	return __pte_alloc_one(mm, GFP_KERNEL | __GFP_ZERO);
}
#endif

/**
 * pte_free - free a table of PTEs
 * @mm: the mm it was for
 * @pte_page: the `struct page` referencing the ptdesc
 */
static inline void pte_free(struct mm_struct *mm, struct page *pte_page)
{
	struct ptdesc *ptdesc = page_ptdesc(pte_page);

	pagetable_pte_dtor(ptdesc);
	pagetable_free(ptdesc);
}

#endif
