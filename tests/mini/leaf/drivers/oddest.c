// SPDX-License-Identifier: GPL-2.0-only
/* Callbacks and tables that are written as few are. */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>
#include "odd.h"

#define __maybe_unused	__attribute__((unused))

/* Attributes before and behind a name, and const. */
static int attributes(pte_t *const pte, unsigned long __maybe_unused hmask,
		      unsigned long addr __maybe_unused,
		      unsigned long end, struct mm_walk *walk)
{
	return (end - addr) + (addr & hmask) + (pte != NULL);
}

/* Code on the line of the brace, and all of it on one. */
static int brace(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{	unsigned long len = end - addr;

	return len + addr == end;
}

static int line(pte_t *p, unsigned long m, unsigned long a, unsigned long e, struct mm_walk *w) { return (a ^ e) + (a > e); }

/* Used in an #if in the middle only. */
static int sometimes(pte_t *pte, unsigned long hmask, unsigned long addr,
		     unsigned long end, struct mm_walk *walk)
{
	unsigned long *sum = walk->private;

	++*sum;
#ifndef CONFIG_HUGETLB_PAGE
	*sum += addr * addr;
#endif
#ifdef CONFIG_NO_SUCH_THING
	*sum -= end - addr;
#endif
	return 0;
}

/* Assembly that writes what it gets; a complement in parentheses. */
static int assembly(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	asm volatile("" : "+r" (addr));
	return end & ~(hmask);
}

/**
 * documented - a callback with a document
 * @pte:	the entry
 * @hmask:	the mask of the addresses
 *		in its huge page
 * @addr:	from here
 * @walk:	the walk, in hugetlb_entry() as elsewhere
 *
 * Looks at @addr only.
 */
static int documented(pte_t *pte /* never NULL */, unsigned long hmask,
		      unsigned long addr, unsigned long end,
		      struct mm_walk *walk)
{
	unsigned long *sum = walk->private;

	*sum += addr;
	return 0;
}

/* Knows the level, and casts. */
static int casts(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long end, struct mm_walk *walk)
{
	pmd_t *pmd = (pmd_t *)pte;

	return pmd->pmd & 0xff;
}

/* Casts what it reads, and to a type that the state has not. */
static int casts_value(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	return ((pmd_t *)pte->pte) == NULL;
}

static int casts_bytes(pte_t *pte, unsigned long hmask, unsigned long addr,
		       unsigned long end, struct mm_walk *walk)
{
	return *(const unsigned char *)pte;
}

/* A const that is no part of the type. */
static int of_const(pte_t *pte, const unsigned long hmask,
		    unsigned long const addr, const unsigned long end,
		    struct mm_walk *walk)
{
	unsigned long *sum = walk->private;

	sum[1] += (end - addr) & hmask;
	return 0;
}

/* The name of the function around is made of pieces, as a system call's is. */
#define CALL(name)	void call_##name(struct mm_walk_ops *o)
CALL(oddest)
{
	o->hugetlb_entry = of_const;
}

const struct mm_walk_ops oddest_ops[] = {
	{ .hugetlb_entry = attributes },
	{ hugetlb_entry: brace },
	{ .hugetlb_entry = __builtin_choose_expr(1, line, NULL) },
	[3 ... 4] = { .hugetlb_entry = sometimes },
	{ .hugetlb_entry = assembly },
	{ .hugetlb_entry = documented },
	{ .hugetlb_entry = casts },
	{ .hugetlb_entry = casts_value },
	{ .hugetlb_entry = casts_bytes },
};
