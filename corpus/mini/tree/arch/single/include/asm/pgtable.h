/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGTABLE_H
#define _ASM_PGTABLE_H

#include <linux/mm.h>

#define pmd_none(x)	(!pmd_val(x))
#define pmd_page(x)	virt_to_page(__va(pmd_val(x)))
#define pmd_clear(p)	do { *(p) = __pmd(0); } while (0)
#define pmd_pgtable(x)	((pgtable_t)pmd_page_vaddr(x))

static inline pte_t *pmd_page_vaddr(pmd_t pmd)
{
	return __va(pmd_val(pmd));
}

#ifdef CONFIG_HUGE
#define __HAVE_ARCH_PGTABLE_DEPOSIT
void pgtable_trans_huge_deposit(struct mm_struct *mm, pmd_t *pmdp,
				pgtable_t pgtable);
#define __HAVE_ARCH_PGTABLE_WITHDRAW
pgtable_t pgtable_trans_huge_withdraw(struct mm_struct *mm, pmd_t *pmdp);

#define pte_free_defer pte_free_defer
#endif

#endif
