// path: mm/hugetlb_new.c
// SPDX-License-Identifier: GPL-2.0-only
static pte_t *find(struct vm_area_struct *vma, unsigned long addr)
{
	return hugetlb_walk(vma, addr, huge_ptep_get(mm, addr, p));
}
