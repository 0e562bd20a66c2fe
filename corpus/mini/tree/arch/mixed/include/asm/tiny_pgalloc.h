/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_TINY_PGALLOC_H
#define _ASM_TINY_PGALLOC_H

#include <linux/pgtable.h>

pte_t *get_pointer_table(void);
void free_pointer_table(void *table);

static inline pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	return get_pointer_table();
}

static inline void pte_free(struct mm_struct *mm, pgtable_t pgtable)
{
	free_pointer_table(pgtable);
}

static inline void __pte_free_tlb(struct mmu_gather *tlb, pgtable_t pgtable,
				  unsigned long address)
{
	free_pointer_table(pgtable);
}

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t page)
{
	*pmd = __pmd(__pa(page));
}

#endif
