/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PAGE_PGALLOC_H
#define _ASM_PAGE_PGALLOC_H

#include <asm-generic/pgalloc.h>
#include <linux/pgtable.h>

#define __pte_free_tlb(tlb, pte, addr)				\
do {								\
	pagetable_pte_dtor(page_ptdesc(pte));			\
	tlb_remove_page_ptdesc((tlb), page_ptdesc(pte));	\
} while (0)

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t page)
{
	pmd_val(*pmd) = __pa((unsigned long)page_address(page));
}

#endif
