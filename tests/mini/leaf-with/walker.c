// SPDX-License-Identifier: GPL-2.0-only
/* A module outside the tree. */
#include <linux/hugetlb.h>
#include <outside.h>

int outside_huge(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long next, struct mm_walk *walk)
{
	unsigned long *bytes = walk->private;

	*bytes += next - addr;
	return pte == NULL;
}

const struct mm_walk_ops outside_ops = {
	.hugetlb_entry = outside_huge,
};
