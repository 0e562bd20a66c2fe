/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/mm_types.h>

#define GFP_KERNEL	1u
#define __GFP_ZERO	2u
#define __GFP_HIGHMEM	4u

extern struct page *mem_map;

struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
void *page_address(const struct page *page);
bool PageHighMem(const struct page *page);
void get_page(struct page *page);
void put_page(struct page *page);
void free_pages(unsigned long addr, unsigned int order);
void clear_page(void *addr);

#define alloc_page(gfp)		alloc_pages(gfp, 0)
#define __free_page(page)	__free_pages((page), 0)
#define page_to_pfn(page)	((unsigned long)((page) - mem_map))
#define pfn_to_page(pfn)	(mem_map + (pfn))
#define page_to_phys(page)	(page_to_pfn(page) << PAGE_SHIFT)
#define virt_to_page(addr) \
	pfn_to_page((unsigned long)(addr) >> PAGE_SHIFT)

static inline struct ptdesc *virt_to_ptdesc(const void *x)
{
	return page_ptdesc(virt_to_page(x));
}

static inline struct ptdesc *pagetable_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page_ptdesc(page);
}

static inline void pagetable_free(struct ptdesc *pt)
{
	struct page *page = ptdesc_page(pt);

	__free_pages(page, 0);
}

static inline void *ptdesc_address(const struct ptdesc *pt)
{
	return page_address(ptdesc_page(pt));
}

bool pagetable_pte_ctor(struct ptdesc *ptdesc);
void pagetable_pte_dtor(struct ptdesc *ptdesc);

/* The descriptor of the page that the entry itself lies in. */
#ifdef CONFIG_SPLIT_PMD_LOCKS
static inline struct ptdesc *pmd_ptdesc(pmd_t *pmd)
{
	unsigned long mask = ~(PTRS_PER_PMD * sizeof(pmd_t) - 1);

	return virt_to_ptdesc((void *)((unsigned long)pmd & mask));
}

#define pmd_huge_pte(mm, pmd) (pmd_ptdesc(pmd)->pmd_huge_pte)
#else
#define pmd_huge_pte(mm, pmd) ((mm)->pmd_huge_pte)
#endif

static inline void mm_inc_nr_ptes(struct mm_struct *mm)
{
	mm->pgtables_bytes += PTRS_PER_PTE * sizeof(pte_t);
}

int __pte_alloc(struct mm_struct *mm, pmd_t *pmd);

#define pte_alloc(mm, pmd) (pmd_none(*(pmd)) && __pte_alloc(mm, pmd))

#endif
