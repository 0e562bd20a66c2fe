// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks that are not declared as the rules know it. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

typedef int huge_type(pte_t *, unsigned long, unsigned long, unsigned long,
		      struct mm_walk *);

static int old_style(pte, hmask, addr, end, walk)
	pte_t *pte;
	unsigned long hmask, addr, end;
	struct mm_walk *walk;
{
	return pte != NULL;
}

static huge_type by_typedef;
static int by_typedef(pte_t *pte, unsigned long hmask, unsigned long addr,
		      unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

static int spelled(pte_t *pte, long unsigned hmask, unsigned long int addr,
		   unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

static int (bracketed)(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

#define HUGE_FN(name)	static int name(pte_t *pte, unsigned long hmask, \
	unsigned long addr, unsigned long end, struct mm_walk *walk)
HUGE_FN(by_token)
{
	return pte != NULL;
}

static const struct mm_walk_ops old_ops = { .hugetlb_entry = old_style };
static const struct mm_walk_ops typedef_ops = { .hugetlb_entry = by_typedef };
static const struct mm_walk_ops spelled_ops = { .hugetlb_entry = spelled };
static const struct mm_walk_ops bracket_ops = { .hugetlb_entry = bracketed };
static const struct mm_walk_ops token_ops = { .hugetlb_entry = by_token };
static const struct mm_walk_ops cast_ops = { .hugetlb_entry = (void *)spelled };

int worse_walk(struct mm_struct *mm)
{
	return walk_page_range(mm, 0, 1, &old_ops, NULL) +
	       walk_page_range(mm, 0, 1, &typedef_ops, NULL) +
	       walk_page_range(mm, 0, 1, &spelled_ops, NULL) +
	       walk_page_range(mm, 0, 1, &bracket_ops, NULL) +
	       walk_page_range(mm, 0, 1, &token_ops, NULL) +
	       walk_page_range(mm, 0, 1, &cast_ops, NULL);
}
