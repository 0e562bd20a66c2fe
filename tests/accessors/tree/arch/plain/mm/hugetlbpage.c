// SPDX-License-Identifier: GPL-2.0-only
/* The bodies that no header has: they must be found. */
#include <linux/hugetlb.h>

bool arch_hugetlb_valid_size(unsigned long size)
{
	return size == CONT_SIZE || size == PMD_SIZE || size == PUD_SIZE;
}

pte_t arch_make_huge_pte(pte_t e, unsigned int shift, vm_flags_t flags)
{
	if (1UL << shift == CONT_SIZE)
		return __pte(pte_val(e) | E_CONT);
	return __pte(pte_val(e) | E_HUGE);
}

pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	pte_t e = *p;

	if (!(pte_val(e) & E_CONT))
		return e;
	for (int i = 1; i < 16; i++)
		if (pte_val(p[i]) & E_DIRTY)
			e = huge_pte_mkdirty(e);
	return e;
}
