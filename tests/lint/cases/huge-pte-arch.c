// path: arch/x86/mm/thing.c
// SPDX-License-Identifier: GPL-2.0-only
static int look(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	return huge_pte_none(huge_ptep_get(mm, addr, p));
}
