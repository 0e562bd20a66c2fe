// SPDX-License-Identifier: GPL-2.0-only
/* A module outside the tree, which knows no hugetlb by itself. */
#include <linux/hugetlb.h>
#include <outside.h>

#ifdef CONFIG_HUGETLB_PAGE
static int outside_asks(pte_t given)
{
	return pte_present(given) && huge_pte_dirty(given);
}

int outside_reads(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
	pte_t entry = huge_ptep_get(vma->vm_mm, addr, ptep);

	if (huge_pte_none(entry))
		return -1;
	return outside_asks(entry);
}

/* It leaves the module: refused. */
pte_t outside_gives(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep)
{
	return huge_ptep_get(vma->vm_mm, addr, ptep);
}
#endif
