/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_GENERIC_TLB_H
#define _ASM_GENERIC_TLB_H

#include <linux/mm.h>

struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start, end;
	bool fullmm;
};

void tlb_remove_table(struct mmu_gather *tlb, void *table);
void tlb_remove_page(struct mmu_gather *tlb, struct page *page);

static inline void tlb_remove_ptdesc(struct mmu_gather *tlb, void *pt)
{
	tlb_remove_table(tlb, pt);
}

static inline void tlb_remove_page_ptdesc(struct mmu_gather *tlb,
					  struct ptdesc *pt)
{
	tlb_remove_page(tlb, ptdesc_page(pt));
}

#include <asm/pgalloc.h>

#ifndef pte_free_tlb
#define pte_free_tlb(tlb, ptep, address)		\
	do {						\
		(tlb)->start = (address);		\
		__pte_free_tlb(tlb, ptep, address);	\
	} while (0)
#endif

#endif
