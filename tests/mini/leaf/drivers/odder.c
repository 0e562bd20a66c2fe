// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks that do odd things with their parameters. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

#define once(do_it)	do { do_it; } while (0)
#define twice(x)	((x) + (x))

static unsigned long helper(pte_t *pte, unsigned long hmask,
			    unsigned long addr, unsigned long end)
{
	return (pte != NULL) + (hmask & addr) + end;
}

/* Hands all but the walk on, in another order, to what is no callback. */
static int hands_on(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	return helper(pte, hmask, end, addr) != 0;
}

/* A type and a size that are of a parameter, and another thing of its name. */
static int typed(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{
	typeof(addr) pages = sizeof(end);
	struct { unsigned long hmask; } has = { .hmask = 1 };

	{
		unsigned long addr = 2;

		pages += addr;
	}
	return pages + has.hmask + (pte != NULL);
}

/* A loop by goto, one that runs once, a macro that takes it twice. */
static int loops(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{
	unsigned long *sum = walk->private;
	int n = 0;

again:
	once(*sum += addr);
	if (++n < 2)
		goto again;
	*sum += twice(end);
	switch (hmask & 1) {
	case 0:
		return ({ pte_t *p = pte; p != NULL; });
	default:
		return 0;
	}
}

/* No names where they are declared, and attributes; unused ones have none. */
static int __attribute__((unused)) nameless(pte_t *, unsigned long,
	unsigned long, unsigned long, struct mm_walk *);
static int __attribute__((unused)) nameless(pte_t *pte,
	unsigned long hmask __attribute__((unused)), unsigned long addr,
	unsigned long end, struct mm_walk *walk)
{
	asm volatile("" : : "r" (addr));
	return end != 0;
}

/* The state's name is a member's, a label and a comment's here. */
static int labelled(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	if (!pte)
		goto out;	/* state of the pte */
	end = end > addr ? end : addr;
out:
	return end > hmask;
}

const struct mm_walk_ops odder_ops[] = {
	{ .hugetlb_entry = hands_on },
	{ .hugetlb_entry = typed },
	[2] = { .walk_lock = PGWALK_RDLOCK, .hugetlb_entry = loops },
	[3].hugetlb_entry = nameless,
	[4] = { .hugetlb_entry = &labelled },
};
