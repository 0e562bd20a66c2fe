// path: mm/setter.c
// SPDX-License-Identifier: GPL-2.0-only
static void set(struct vm_area_struct *vma, unsigned long addr)
{
	pte_t *p = huge_pte_offset(vma->vm_mm, addr, sz), *q; /* WANT: leaf-helpers/huge-pte */

	set_pte_at(vma->vm_mm, addr, p, entry); /* WANT: leaf-helpers/single-entry-setter */
	q = pte_offset_map(pmd, addr);
	set_pte_at(vma->vm_mm, addr, q, entry);
	p = pte_offset_map(pmd, addr);
	set_pte_at(vma->vm_mm, addr, p, entry);
}

static int callback(pte_t *ptep, unsigned long hmask, unsigned long addr,
		    unsigned long end, struct mm_walk *walk)
{
	pte_t old = ptep_get_and_clear(walk->mm, addr, ptep); /* WANT: leaf-helpers/single-entry-setter */

	set_huge_pte_at(walk->mm, addr, ptep, old, hmask);
	return 0;
}

static int pte_callback(pte_t *ptep, unsigned long addr, unsigned long end,
			struct mm_walk *walk)
{
	set_pte_at(walk->mm, addr, ptep, entry);
	return 0;
}

static void branch(struct folio *folio, pte_t *p)
{
	if (folio_test_hugetlb(folio)) {
		set_pte_at(mm, addr, p, entry); /* WANT-TYPES: leaf-helpers/single-entry-setter */
	} else {
		set_pte_at(mm, addr, p, entry);
	}
}
