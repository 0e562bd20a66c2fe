// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hugetlb.h>

#ifdef CONFIG_HUGETLB_PAGE
int hugetlb_inside(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t pte = huge_ptep_get(vma->vm_mm, addr, p);

	return huge_pte_none(pte);
}
#endif
