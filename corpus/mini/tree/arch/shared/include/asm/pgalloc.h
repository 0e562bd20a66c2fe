/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#include <linux/pgtable.h>

/* A page holds sixteen tables; its descriptor cannot say which. */
pte_t *table_get(void);
void table_put(pte_t *table);

static inline pgtable_t pte_alloc_one(struct mm_struct *mm)
{
	return table_get();
}

static inline void pte_free(struct mm_struct *mm, pgtable_t pte)
{
	table_put(pte);
}

#define __pte_free_tlb(tlb, pte, addr)	table_put(pte)

static inline void pmd_populate(struct mm_struct *mm, pmd_t *pmd,
				pgtable_t pte)
{
	*pmd = __pmd(__pa(pte));
}

#endif
