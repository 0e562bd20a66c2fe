// SPDX-License-Identifier: GPL-2.0-only
/* Of which VMA is the entry, and is that known where it is read? */
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

#ifdef CONFIG_HUGETLB_PAGE
struct vm_area_struct *whose_find(struct mm_struct *mm, unsigned long addr);
struct hstate *whose_size(unsigned long size);
extern struct hstate whose_all[4];
struct whose_priv { struct vm_area_struct *vma; };

#define for_each_whose(h)	for ((h) = whose_all; (h) < whose_all + 4; (h)++)
#define whose_vmas(mm, vma)	for ((vma) = whose_find(mm, 0); (vma); \
				     (vma) = whose_find(mm, (vma)->vm_end))

#include "whose.h"

/* The mm says it, not the name in the address. */
int whose_mm(struct vm_area_struct *from, struct vm_area_struct *to, pte_t *p)
{
	struct hstate *to_h = hstate_vma(to);
	pte_t e = huge_ptep_get(from->vm_mm, huge_page_mask(to_h), p);

	return pte_young(e);
}

int whose_local_mm(struct vm_area_struct *from, struct vm_area_struct *to,
		   pte_t *p)
{
	struct mm_struct *mm = from->vm_mm;

	return pte_young(huge_ptep_get(mm, to->vm_start, p));
}

int whose_fault(struct vm_fault *vmf)
{
	return pte_dirty(huge_ptep_get(vmf->vma->vm_mm, vmf->address,
				       vmf->pte));
}

int whose_member(struct whose_priv *priv, unsigned long addr, pte_t *p)
{
	return pte_dirty(huge_ptep_get(priv->vma->vm_mm, addr, p));
}

/* The variable is another's by then. */
int whose_again(struct vm_area_struct *a, struct vm_area_struct *b, pte_t *p)
{
	struct hstate *h = hstate_vma(a);
	int young = pte_young(huge_ptep_get(a->vm_mm, 1, p));

	h = hstate_vma(b);
	return young + pte_young(huge_ptep_get(a->vm_mm, huge_page_size(h), p));
}

int whose_looked_up(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	struct vm_area_struct *vma = whose_find(mm, addr);

	if (!vma)
		return 0;
	return pte_young(huge_ptep_get(mm, addr, p));
}

int whose_loop(struct mm_struct *mm, pte_t *p)
{
	struct vm_area_struct *vma;
	int n = 0;

	whose_vmas(mm, vma) {
		n += pte_young(huge_ptep_get(mm, vma->vm_start, p));
	}
	return n;
}

/* From here on: it may be NULL, unset, or another. */
int whose_null(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	struct vm_area_struct *vma = NULL;
	pte_t null_first = huge_ptep_get(mm, addr, p);

	vma = whose_find(mm, addr);
	return pte_young(null_first) + (vma != NULL);
}

int whose_sometimes(struct mm_struct *mm, int big, pte_t *p)
{
	struct hstate *h = NULL;
	pte_t sometimes;

	if (big)
		h = whose_size(PMD_SIZE);
	sometimes = huge_ptep_get(mm, 0, p);
	return pte_young(sometimes) + (h != NULL);
}

int whose_tested(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	struct vm_area_struct *vma = whose_find(mm, addr);
	unsigned long start = 0;
	pte_t tested;

	if (vma)
		start = vma->vm_start;
	tested = huge_ptep_get(mm, start, p);
	return pte_young(tested);
}

int whose_behind(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	struct hstate *h;
	pte_t behind;
	int n = 0;

	for_each_whose(h) {
		n += huge_page_shift(h);
	}
	behind = huge_ptep_get(mm, addr, p);
	return pte_young(behind) + n;
}

int whose_moves(struct vm_area_struct *vma, pte_t *p, struct mm_struct *mm)
{
	vma = whose_find(mm, vma->vm_end);
	if (!vma)
		return 0;
	pte_t moves = huge_ptep_get(mm, 0, p);

	return pte_young(moves);
}

/* An arm that no cell reads asks it, too. */
int whose_arm(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t armed = huge_ptep_get(vma->vm_mm, addr, p);

#ifdef CONFIG_NO_SUCH_THING
	if (pte_dirty(armed))
		return 2;
#endif
	return pte_young(armed);
}

/* A comment stands where the declaration would be split. */
int whose_comment(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t *next = p, /* what is here */ said;

	said = huge_ptep_get(vma->vm_mm, addr, next);
	return pte_young(said);
}

/* What tabs put into a column stays there. */
int whose_columns(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	unsigned long	size;
	pte_t		column;

	column = huge_ptep_get(vma->vm_mm, addr, p);
	size = huge_page_size(hstate_vma(vma));
	return pte_young(column) + !size;
}
#endif
