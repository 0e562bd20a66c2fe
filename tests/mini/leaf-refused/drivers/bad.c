// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks that the rules must not touch, and the tables that stay for them. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

typedef int (*huge_fn)(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk);

/* Called with other values than its caller's parameters. */
static int called(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

static int swaps(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{
	return called(pte, hmask, end, addr, walk);
}

/* Kept in a variable, too. */
static int stored(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

huge_fn last_fn = stored;

/* Has a state of its own. */
static int stateful(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	unsigned long state = addr;

	return state == end;
}

/* Shares a macro's table with one that stays. */
static int shares(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return addr == end;
}

#define BAD_OPS(fn) { .hugetlb_entry = fn }

static const struct mm_walk_ops called_ops = { .hugetlb_entry = called };
static const struct mm_walk_ops swaps_ops = { .hugetlb_entry = swaps };
static const struct mm_walk_ops stored_ops = BAD_OPS(stored);
static const struct mm_walk_ops shares_ops = BAD_OPS(shares);
static const struct mm_walk_ops stateful_ops = { .hugetlb_entry = stateful };

/* What is put into the op is not told. */
int bad_walk(struct mm_struct *mm, huge_fn fn)
{
	struct mm_walk_ops ops = { .hugetlb_entry = fn };

	return walk_page_range(mm, 0, 1, &ops, NULL) +
	       walk_page_range(mm, 0, 1, &called_ops, NULL) +
	       walk_page_range(mm, 0, 1, &swaps_ops, NULL) +
	       walk_page_range(mm, 0, 1, &stored_ops, NULL) +
	       walk_page_range(mm, 0, 1, &shares_ops, NULL) +
	       walk_page_range(mm, 0, 1, &stateful_ops, NULL);
}
