// SPDX-License-Identifier: GPL-2.0-only
/* Readers of every shape that can be converted. */
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

struct mm_walk_state { struct hstate *hstate; };

#ifdef CONFIG_HUGETLB_PAGE
/* A local variable, in a loop; macros around the questions. */
unsigned long read_plain(struct vm_area_struct *vma, unsigned long addr,
			 pte_t *ptep)
{
	struct hstate *h = hstate_vma(vma);
	pte_t entry;

	for (int i = 0; i < 2; i++) {
		entry = huge_ptep_get(vma->vm_mm, addr, ptep);
		if (unlikely(!pte_present(entry)) || huge_pte_none(entry))
			return huge_page_size(h);
		addr += pte_pfn(entry);
	}
	return addr + pte_dirty(entry) + huge_pte_dirty(entry);
}

/* No variable at all; a walk knows its VMA. */
int read_nested(struct mm_walk *walk, unsigned long addr, pte_t *pte)
{
	return pte && !huge_pte_none(huge_ptep_get(walk->mm, addr, pte));
}

/* One of several declarators, the first, and a constant. */
int read_among(struct vm_area_struct *vma, struct mm_struct *mm,
	       unsigned long addr, pte_t *at)
{
	pte_t *ptep = at, entry;
	pte_t first, *second = at;
	const pte_t fixed = huge_ptep_get(mm, addr, at + 1);

	entry = huge_ptep_get(mm, addr, ptep);
	first = huge_ptep_get(mm, addr, second);
	return pte_young(entry) + huge_pte_write(first) + pte_young(fixed);
}

/* Huge entries and those of base pages, with the same code; a prototype. */
static int asks(unsigned long addr, pte_t);

static int asks(unsigned long addr, pte_t pte)
{
	return pte_present(pte) && !pte_none(pte) ? pte_pfn(pte) + addr : -1;
}

int read_both(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
	      bool huge)
{
	pte_t base = ptep_get(ptep), either;

	if (huge)
		either = huge_ptep_get(vma->vm_mm, addr, ptep);
	else
		either = ptep_get(ptep);
	return asks(addr, base) + asks(addr, either) +
	       asks(addr, huge_ptep_get(vma->vm_mm, addr, ptep)) +
	       asks(addr, ptep_get(ptep));
}

/* Two VMAs: the call says which. */
int read_second(struct vm_area_struct *dst, struct vm_area_struct *src,
		unsigned long addr, pte_t *ptep)
{
	pte_t e = huge_ptep_get(src->vm_mm, addr, ptep);
	pte_t d = huge_ptep_get(dst->vm_mm, addr, ptep);

	return is_hugetlb_entry_migration(e) ? pte_to_swp_entry(e).val : pte_young(d);
}

/* The state of a walk comes first; a copy goes to another variable. */
int read_state(struct mm_walk_state *state, struct mm_walk *walk,
	       unsigned long addr, pte_t *ptep)
{
	pte_t e = huge_ptep_get(walk->mm, addr, ptep);

	return pte_young(e);
}

int read_copy(struct mm_walk *walk, unsigned long addr, pte_t *ptep)
{
	struct vm_area_struct *vma = walk->vma;
	pte_t e = huge_ptep_get(walk->mm, addr, ptep);
	pte_t copy = e;

	/* pte_young() is enough; whoever writes asks pte_dirty(), too. */
	return pte_young(copy) + (vma != NULL);
}

/* The entry above is asked by pte_young(), and so is that of the base page. */
int read_other(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
	       pte_t other)
{
	pte_t e = huge_ptep_get(vma->vm_mm, addr, ptep);

	return pte_young(e) + pte_young(other);
}
#endif
