// SPDX-License-Identifier: GPL-2.0-only
/* Readers whose entries must stay what they are. */
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

#ifdef CONFIG_HUGETLB_PAGE
struct kept { pte_t pte; };
void takes_one(pte_t pte);
void takes_address(pte_t *pte);

#define GET(mm, addr, p)	huge_ptep_get(mm, addr, p)
#define LOOKS_AT(e)		(e.pte & 4)

/* It is written back. */
int left_written(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t written = huge_ptep_get(vma->vm_mm, addr, p);

	if (pte_young(written))
		set_huge_pte_at(vma->vm_mm, addr, p, pte_mkold(written), 1);
	return huge_pte_dirty(written);
}

/* What it goes on to is written back: the flow is told. */
static void writes(struct vm_area_struct *vma, pte_t *p, pte_t far)
{
	set_huge_pte_at(vma->vm_mm, 0, p, far, 1);
}

static int only_asks(pte_t near)
{
	return pte_young(near);
}

int left_far(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t passed = huge_ptep_get(vma->vm_mm, addr, p);

	writes(vma, p, passed);
	return only_asks(passed);
}

int left_changed(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t changed = huge_ptep_get(vma->vm_mm, addr, p);

	changed = pte_mkold(changed);
	return pte_present(changed);
}

int left_address(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t pointed = huge_ptep_get(vma->vm_mm, addr, p);

	takes_address(&pointed);
	return pte_present(pointed);
}

void left_member(struct vm_area_struct *vma, unsigned long addr, pte_t *p,
		 struct kept *kept)
{
	kept->pte = huge_ptep_get(vma->vm_mm, addr, p);
}

pte_t left_returned(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	return huge_ptep_get(vma->vm_mm, addr, p);
}

void left_argument(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	takes_one(huge_ptep_get(vma->vm_mm, addr, p));
}

/* Not asked so by hugetlb. */
int left_question(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t unlike = huge_ptep_get(vma->vm_mm, addr, p);

	return pte_write(unlike);
}

/* No helper answers it. */
int left_unknown(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t special = huge_ptep_get(vma->vm_mm, addr, p);

	return pte_special(special);
}

/* Which one of two? */
int left_two(struct vm_area_struct *a, struct vm_area_struct *b,
	     struct mm_struct *mm, pte_t *p)
{
	pte_t one = huge_ptep_get(mm, 0, p);

	return pte_present(one);
}

int left_nothing(struct mm_struct *mm, pte_t *p)
{
	return pte_present(huge_ptep_get(mm, 0, p));
}

/* Its hstate is not set yet. */
int left_unset(struct mm_struct *mm, pte_t *p)
{
	struct vm_area_struct *vma;
	pte_t early = huge_ptep_get(mm, 0, p);

	vma = NULL;
	return pte_present(early) + (vma != NULL);
}

/* A parameter whose function is called by who knows whom. */
static int by_pointer(pte_t anybody)
{
	return pte_present(anybody);
}

int (*left_pointer)(pte_t) = by_pointer;

int left_called(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	return by_pointer(huge_ptep_get(vma->vm_mm, addr, p));
}

/* One that is called where no cell looks. */
static int dead_call(pte_t unseen)
{
	return pte_present(unseen);
}

int left_dead(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
#ifdef CONFIG_NO_SUCH_THING
	return dead_call(__pte(0));
#endif
	return dead_call(huge_ptep_get(vma->vm_mm, addr, p));
}

/* In a macro's body, and a member that a macro looks at. */
int left_macro(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t looked = huge_ptep_get(vma->vm_mm, addr, p);

	return LOOKS_AT(looked) + pte_present(GET(vma->vm_mm, addr, p));
}

/* Made here, too; and with a value among others. */
int left_made(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t made = { 0 };
	pte_t *q = p, listed = huge_ptep_get(vma->vm_mm, addr, q);

	if (addr)
		made = huge_ptep_get(vma->vm_mm, addr, p);
	return pte_present(made) + pte_present(listed);
}
#endif
