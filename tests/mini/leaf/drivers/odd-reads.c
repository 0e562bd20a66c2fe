// SPDX-License-Identifier: GPL-2.0-only
/* Who does not only put functions into the op. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>
#include "odd.h"

#define SET_OP(o, fn)	do { (o)->hugetlb_entry = (fn); } while (0)

/* Tests of the op, a copy, and the same for two. */
int odd_reads(struct mm_walk_ops *o, struct mm_walk_ops *copy)
{
	if (!o->hugetlb_entry)
		SET_OP(o, odd_shared);
	copy->hugetlb_entry = o->hugetlb_entry;
	if (copy->hugetlb_entry == NULL || !o->pte_hole)
		o->hugetlb_entry = copy->hugetlb_entry = odd_shared;
	return __builtin_offsetof(struct mm_walk_ops, hugetlb_entry) != 0;
}

/* What spatch cannot parse, as in fs/proc/task_mmu.c. */
int odd_unparsed(struct mm_walk_ops *o)
{
	int n = 0;

	do {
		o->hugetlb_entry = odd_shared;
		n++;
	} while_less(n, 2);
	return n;
}
