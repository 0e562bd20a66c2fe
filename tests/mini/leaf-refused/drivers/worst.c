// SPDX-License-Identifier: GPL-2.0-only
/* What looks as if it could be converted. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

typedef int (*huge_fn)(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk);

/* Hands on what it got, under its old names, but not as it came. */
static int got(pte_t *pte, unsigned long hmask, unsigned long addr,
	       unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

static int changes(pte_t *pte, unsigned long hmask, unsigned long addr,
		   unsigned long end, struct mm_walk *walk)
{
	addr &= ~1ul;
	return got(pte, hmask, addr, end, walk);
}

static int got_too(pte_t *pte, unsigned long hmask, unsigned long addr,
		   unsigned long end, struct mm_walk *walk)
{
	return addr == end;
}

static int hides(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{
	for (unsigned long end = addr; end < 2; end++)
		if (got_too(pte, hmask, addr, end, walk))
			return 1;
	return 0;
}

static int in_array(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	return addr == end;
}

static int pasted(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return addr == end;
}

/* Nobody tells which of two words is the name. */
#ifdef CONFIG_NO_SUCH_THING
static int unread(pte_t *pte, unsigned long __attr hmask, unsigned long addr,
		  unsigned long end, struct mm_walk *walk)
{
	return addr == end;
}

static const struct mm_walk_ops unread_ops = { .hugetlb_entry = unread };
#endif

static const huge_fn all[] = { in_array, NULL };

#define OP(what, fn)	.what##_entry = fn
static const struct mm_walk_ops pasted_ops = { OP(hugetlb, pasted) };

int worst_walk(struct mm_struct *mm, int i)
{
	struct mm_walk_ops changes_ops = { .hugetlb_entry = changes };
	struct mm_walk_ops got_ops = { .hugetlb_entry = got };
	struct mm_walk_ops hides_ops = { .hugetlb_entry = hides };
	struct mm_walk_ops got_too_ops = { .hugetlb_entry = got_too };

	changes_ops.hugetlb_entry = all[i];
	hides_ops.hugetlb_entry = ({ i++; in_array; });
	return walk_page_range(mm, 0, 1, &changes_ops, NULL) +
	       walk_page_range(mm, 0, 1, &got_ops, NULL) +
	       walk_page_range(mm, 0, 1, &hides_ops, NULL) +
	       walk_page_range(mm, 0, 1, &got_too_ops, NULL) +
	       walk_page_range(mm, 0, 1, &pasted_ops, NULL);
}

/* A macro makes the callback's name. */
#define MADE(name)							\
static int name##_made(pte_t *pte, unsigned long hmask,			\
		       unsigned long addr, unsigned long end,		\
		       struct mm_walk *walk)				\
{									\
	return addr == end;						\
}									\
static const struct mm_walk_ops name##_ops = {				\
	.hugetlb_entry = name##_made,					\
}
MADE(well);

int made_walk(struct mm_struct *mm)
{
	return walk_page_range(mm, 0, 1, &well_ops, NULL);
}
