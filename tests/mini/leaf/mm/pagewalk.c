// SPDX-License-Identifier: GPL-2.0-only
/* The walker, as far as it is about hugetlb. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

#ifdef CONFIG_HUGETLB_PAGE
static int walk_hugetlb_range(unsigned long addr, unsigned long end,
			      struct mm_walk *walk)
{
	struct vm_area_struct *vma = walk->vma;
	struct hstate *h = hstate_vma(vma);
	unsigned long next;
	unsigned long hmask = huge_page_mask(h);
	unsigned long sz = huge_page_size(h);
	const struct mm_walk_ops *ops = walk->ops;
	pte_t *pte;
	int err = 0;

	hugetlb_vma_lock_read(vma);
	for (; addr != end && !err; addr = next) {
		next = (addr & hmask) + huge_page_size(h);
		if (next > end)
			next = end;
		pte = hugetlb_walk(vma, addr & hmask, sz);
		if (pte)
			err = ops->hugetlb_entry(pte, hmask, addr, next, walk);
		else if (ops->pte_hole)
			err = ops->pte_hole(addr, next, -1, walk);
	}
	hugetlb_vma_unlock_read(vma);
	return err;
}
#else
static int walk_hugetlb_range(unsigned long addr, unsigned long end,
			      struct mm_walk *walk)
{
	return 0;
}
#endif

/*
 * Walks with pmd_entry(),
 * pte_entry(), and/or hugetlb_entry().
 */
int walk_page_range(struct mm_struct *mm, unsigned long start,
		    unsigned long end, const struct mm_walk_ops *ops,
		    void *private)
{
	struct mm_walk walk = { .ops = ops, .mm = mm, .private = private };

	if (ops->hugetlb_entry)
		return walk_hugetlb_range(start, end, &walk);
	return 0;
}
