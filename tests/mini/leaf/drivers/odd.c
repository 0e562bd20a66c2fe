// SPDX-License-Identifier: GPL-2.0-only
/* A driver that sets the op in every way but the usual one. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>
#include "odd.h"

/* The names of the parameters are swapped: their positions count. */
static int by_position(pte_t *addr, unsigned long pte, unsigned long hmask,
		       unsigned long walk, struct mm_walk *end)
{
	unsigned long *last = end->private;

	*last = hmask;
	last[1] = walk;
	return addr != NULL && hmask < walk;
}

static int assigned(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	return odd_shared(pte, hmask, addr, end, walk);
}

static int by_macro(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk) { return addr; }

static int nested(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return hmask & addr ? hmask : 0;
}

/* No callback, though it looks like one. */
static int no_callback(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

#define ODD_WALKER(fn)	{ .walk_lock = PGWALK_RDLOCK, .hugetlb_entry = (fn), }

static const struct mm_walk_ops macro_ops = ODD_WALKER(by_macro);

static struct odd_driver {
	int users;
	struct mm_walk_ops ops, more;
} odd_driver = {
	.users = 1,
	.ops = { .hugetlb_entry = nested, },
	.more.hugetlb_entry = by_position,
};

static const struct mm_walk_ops positional = { NULL, by_macro, NULL };

int odd_walk(struct mm_struct *mm, struct odd_counters *c, bool quick)
{
	struct mm_walk_ops ops = { .walk_lock = PGWALK_RDLOCK };
	int hugetlb_entry = c->hugetlb_entry;

	ops.hugetlb_entry = quick ? NULL : assigned;
	odd_driver.ops.hugetlb_entry = nested;
	return walk_page_range(mm, 0, 1, &ops, NULL) + hugetlb_entry +
	       walk_page_range(mm, 0, 1, &macro_ops, NULL) +
	       walk_page_range(mm, 0, 1, &positional, NULL) +
	       walk_page_range(mm, 0, 1, &odd_driver.more, NULL) +
	       walk_page_range(mm, 0, 1,
			&(struct mm_walk_ops){ .hugetlb_entry = odd_shared },
			NULL) + no_callback(NULL, 0, 0, 0, NULL);
}

const struct mm_walk_ops *odd_ops[] = {
	&macro_ops, &positional, &odd_driver.ops, &odd_driver.more,
	&(const struct mm_walk_ops){ .hugetlb_entry = assigned }, NULL
};
