/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#include <asm-generic/pgalloc.h>
#include <linux/pgtable.h>

#define __pte_free_tlb(tlb, pte, addr) table_gone((tlb), (pte))

/* The same under another name for its parameter. */
#define table_gone(gather, table)				\
	do {							\
		pagetable_pte_dtor(page_ptdesc(table));		\
		tlb_remove_ptdesc((gather), page_ptdesc(table));	\
	} while (0)

/* Nobody expands this one: only its text can be converted. */
#define pte_free_quick(mm, pte)					\
	do {							\
		pagetable_pte_dtor(page_ptdesc(pte));		\
		pte_free(mm, pte);				\
	} while (0)

#define pmd_populate(mm, pmd, pte) \
	(*(pmd) = __pmd(page_to_phys(pte)))

#endif
