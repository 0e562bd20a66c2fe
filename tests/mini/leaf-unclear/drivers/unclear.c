// SPDX-License-Identifier: GPL-2.0-only
/* What nobody can know: unread code, and a macro that no one uses. */
#include <linux/pagewalk.h>

static int twice(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long next, struct mm_walk *walk)
{
	return addr != next;
}

#ifdef CONFIG_NOWHERE
int again(pte_t *p, unsigned long m, unsigned long a, unsigned long n,
	  struct mm_walk *w)
{
	return twice(p, m, a, n, w);
}
#endif

#define PASTED(name)							\
	const struct mm_walk_ops name##_ops = {				\
		.hugetlb_entry = name##_callback,			\
	}

const struct mm_walk_ops twice_ops = {
	.hugetlb_entry = twice,
};
