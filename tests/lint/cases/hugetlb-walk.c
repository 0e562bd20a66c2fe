// path: mm/walker.c
// SPDX-License-Identifier: GPL-2.0-only
static pte_t *find(struct vm_area_struct *vma, unsigned long addr)
{
	/* hugetlb_walk(vma, addr, sz) */
	my_hugetlb_walk(vma);
	return hugetlb_walk(vma, addr, huge_page_size(h)); /* WANT: leaf-entry/hugetlb-walk */
}
