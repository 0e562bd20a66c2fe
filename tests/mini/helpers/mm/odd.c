// SPDX-License-Identifier: GPL-2.0-only
/* Readers of odd shapes: converted or refused, the result builds and is the same. */
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

#ifdef CONFIG_HUGETLB_PAGE
int odd_chosen(struct vm_area_struct *vma, pte_t *p, bool huge)
{
	pte_t e = huge ? huge_ptep_get(vma->vm_mm, 1, p) : ptep_get(p);

	return pte_young((e)) + (pte_dirty)(e);
}

int odd_loop(struct vm_area_struct *vma, pte_t *p)
{
	int n = 0;

	for (pte_t e = huge_ptep_get(vma->vm_mm, 2, p); pte_young(e) && n < 3;
	     e = huge_ptep_get(vma->vm_mm, n, p))
		n++;
	while (pte_dirty(huge_ptep_get(vma->vm_mm, n, p)) && n < 5)
		n++;
	return n;
}

int odd_chain(struct vm_area_struct *vma, pte_t *p)
{
	pte_t a, b;

	a = b = huge_ptep_get(vma->vm_mm, 3, p);
	return pte_young(a) + pte_dirty(b);
}

int odd_comma(struct vm_area_struct *vma, pte_t *p)
{
	pte_t e;

	return (e = huge_ptep_get(vma->vm_mm, 4, p), pte_young(e)) +
	       ({ pte_t in = huge_ptep_get(vma->vm_mm, 5, p); pte_dirty(in); });
}

int odd_array(struct vm_area_struct *vma, pte_t *p)
{
	pte_t two[2];

	two[0] = huge_ptep_get(vma->vm_mm, 6, p);
	return pte_young(two[0]);
}

int odd_typed(struct vm_area_struct *vma, pte_t *p)
{
	typeof(*p) like = huge_ptep_get(vma->vm_mm, 7, p);
	volatile pte_t loud = huge_ptep_get(vma->vm_mm, 8, p);
	pte_t marked __attribute__((unused)) = huge_ptep_get(vma->vm_mm, 9, p);
	__auto_type any = huge_ptep_get(vma->vm_mm, 10, p);

	return pte_young(like) + pte_dirty(loud) + pte_young(any);
}

int odd_shadow(struct vm_area_struct *vma, pte_t *p)
{
	pte_t e = huge_ptep_get(vma->vm_mm, 11, p);

	{
		pte_t e = ptep_get(p);

		e = pte_mkold(e);
		if (pte_young(e))
			return 1;
	}
	return pte_young(e) + sizeof(e);
}

int odd_passed(struct vm_area_struct *vma, pte_t *p)
{
	pte_t passed, kept;

	return pte_val(passed = huge_ptep_get(vma->vm_mm, 17, p)) +
	       pte_young(kept = huge_ptep_get(vma->vm_mm, 18, p));
}

/* An argument whose own arguments are odd; a name that is also a member's. */
struct odd { struct vm_area_struct *vma; pte_t e; };

int odd_member(struct odd *o, struct vm_area_struct *vma, pte_t *p)
{
	pte_t e = huge_ptep_get(vma->vm_mm, pte_pfn(o->e), p + !pte_young(o->e));

	return pte_young(o->e) + pte_young(e);
}

/* By a pointer to the function, and recursion. */
static int odd_again(struct vm_area_struct *vma, pte_t e, int n)
{
	return n ? odd_again(vma, e, n - 1) : pte_young(e);
}

int odd_recursion(struct vm_area_struct *vma, pte_t *p)
{
	return odd_again(vma, huge_ptep_get(vma->vm_mm, 12, p), 3);
}

/* Two variables of one declaration, both; a line that is not code. */
int odd_pair(struct vm_area_struct *vma, pte_t *p)
{
	pte_t x,	/* of this */
	      y;	/* and that */

	x = huge_ptep_get(vma->vm_mm, 13, p);
	y = huge_ptep_get(vma->vm_mm, 14, p);	/* pte_young(y) */
	return pte_young(x) + pte_dirty(y);
}

#define READS(v)	(v) = huge_ptep_get(vma->vm_mm, 15, p)
#define ASKS(v)		pte_young(v)

int odd_macros(struct vm_area_struct *vma, pte_t *p)
{
	pte_t by_macro, plain = huge_ptep_get(vma->vm_mm, 16, p);

	READS(by_macro);
	return pte_young(by_macro) + ASKS(plain);
}
#endif
