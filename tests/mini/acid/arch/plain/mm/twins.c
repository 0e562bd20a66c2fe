// SPDX-License-Identifier: GPL-2.0-only
/* The same function in two arms, of which no cell compiles the first. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#ifdef CONFIG_NOBODY_SETS_THIS
static void twin_drop(struct mm_struct *mm, struct page *table)
{
	pte_free(mm, table);
	get_page(table);
}
#else
static void twin_drop(struct mm_struct *mm, struct page *table)
{
	pte_free(mm, table);
}
#endif

void twin_user(struct mm_struct *mm, pmd_t *pmd)
{
	twin_drop(mm, pmd_pgtable(*pmd));
}
