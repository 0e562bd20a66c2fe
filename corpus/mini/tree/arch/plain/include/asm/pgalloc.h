/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#include <asm-generic/pgalloc.h>
#include <linux/pgtable.h>

#define __pte_free_tlb(tlb, pte, address)			\
	do {							\
		pagetable_pte_dtor(page_ptdesc(pte));		\
		tlb_remove_page_ptdesc((tlb), (page_ptdesc(pte)));	\
	} while (0)

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t pte)
{
	*pmd = __pmd(page_to_phys(pte));
}

#endif
