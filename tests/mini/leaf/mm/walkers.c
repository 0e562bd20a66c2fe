// SPDX-License-Identifier: GPL-2.0-only
/* Walkers of the usual shapes, and what they do with their parameters. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

/* Two tables share it; the whole body depends on the config. */
static int count_huge(pte_t *pte, unsigned long hmask, unsigned long addr,
		      unsigned long end, struct mm_walk *walk)
{
#ifdef CONFIG_HUGETLB_PAGE
	unsigned char *vec = walk->private;
	bool there = pte && !huge_pte_none(huge_ptep_get(walk->mm, addr, pte));

	for (; addr != end; vec++, addr += PAGE_SIZE)
		*vec = there;
	walk->private = vec;
#else
	__builtin_trap();
#endif
	return 0;
}

static const struct mm_walk_ops count_ops = {
	.hugetlb_entry	= count_huge,
	.walk_lock	= PGWALK_RDLOCK,
};

static const struct mm_walk_ops count_again_ops = {
	.walk_lock	= PGWALK_RDLOCK,
	.hugetlb_entry	= count_huge,
};

#ifdef CONFIG_HUGETLB_PAGE
/* The mask, once complemented and once as it is, and a lock. */
static int mask_huge(pte_t *ptep, unsigned long hmask, unsigned long start,
		     unsigned long end, struct mm_walk *walk)
{
	spinlock_t *ptl = huge_pte_lock(hstate_vma(walk->vma), walk->mm, ptep);
	unsigned long *sum = walk->private;

	*sum += pte_pfn(huge_ptep_get(walk->mm, start, ptep)) +
		((start & ~hmask) >> PAGE_SHIFT);
	spin_unlock(ptl);
	return 0;
}

/* Read once, in no loop: no variable is needed. */
static int once_huge(pte_t *pte, unsigned long mask, unsigned long addr,
		     unsigned long next, struct mm_walk *walk)
{
	return pte_present(ptep_get(pte)) ? addr & mask : 0;
}

/* Its address is taken; a macro names another parameter. */
#define PAGES_LEFT	((end - addr) >> PAGE_SHIFT)

static void clip(unsigned long *end);

static int clip_huge(pte_t *pte, unsigned long hmask, unsigned long addr,
		     unsigned long end, struct mm_walk *walk)
{
	clip(&end);
	return PAGES_LEFT;
}

static void clip(unsigned long *end)
{
	*end -= PAGE_SIZE;
}
#else
#define mask_huge NULL
static int once_huge(pte_t *pte, unsigned long mask, unsigned long addr,
		     unsigned long next, struct mm_walk *walk)
{
	return 0;
}
#define clip_huge NULL
#endif

static const struct mm_walk_ops mask_ops = { .hugetlb_entry = mask_huge, };
static const struct mm_walk_ops once_ops = { .hugetlb_entry = once_huge, };
static const struct mm_walk_ops clip_ops = { .hugetlb_entry = clip_huge, };

/* Nobody turns this on. */
#ifdef CONFIG_NO_SUCH_THING
static int dead_huge(pte_t *pte, unsigned long hmask, unsigned long addr,
		     unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}

static const struct mm_walk_ops dead_ops = {
	.hugetlb_entry = dead_huge,
};
#endif

int walk_usual(struct mm_struct *mm, unsigned long end, void *private)
{
	return walk_page_range(mm, 0, end, &count_ops, private) +
	       walk_page_range(mm, 0, end, &count_again_ops, private) +
	       walk_page_range(mm, 0, end, &mask_ops, private) +
	       walk_page_range(mm, 0, end, &once_ops, private) +
	       walk_page_range(mm, 0, end, &clip_ops, private);
}

const struct mm_walk_ops *usual_ops[] = {
	&count_ops, &count_again_ops, &mask_ops, &once_ops, &clip_ops, NULL
};
