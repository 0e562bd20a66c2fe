// SPDX-License-Identifier: GPL-2.0-only
/* Readers in hugetlb itself: for a scope of their own. */
#include <linux/hugetlb.h>

#ifdef CONFIG_HUGETLB_PAGE
int hugetlb_inside(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t pte = huge_ptep_get(vma->vm_mm, addr, p);

	return huge_pte_none(pte);
}

/* Two that are compared, both read here. */
int hugetlb_same(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t old = huge_ptep_get(vma->vm_mm, addr, p), now;

	if (pte_same(huge_ptep_get(vma->vm_mm, addr, p + 1), old))
		return 1;
	now = huge_ptep_get(vma->vm_mm, addr, p + 2);
	return 2 * pte_same(old, now);
}

/* The call names no VMA, but where its pointer comes from does. */
int hugetlb_through(struct vm_area_struct *a, struct vm_area_struct *b,
		    struct mm_struct *mm, unsigned long addr)
{
	pte_t *from, *to;

	from = hugetlb_walk(a, addr, 1);
	to = hugetlb_walk(b, addr, 1);
	return huge_pte_none(huge_ptep_get(mm, addr, from)) +
	       pte_young(huge_ptep_get(mm, addr + 1, to));
}

/* Compared with what is no entry that was read, or with what stays. */
int hugetlb_given(struct vm_area_struct *vma, unsigned long addr, pte_t *p,
		  pte_t given)
{
	pte_t mine = huge_ptep_get(vma->vm_mm, addr, p);

	return pte_same(mine, given) +
	       pte_same(given, huge_ptep_get(vma->vm_mm, addr, p));
}

int hugetlb_kept(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t kept = huge_ptep_get(vma->vm_mm, addr, p);
	pte_t beside = huge_ptep_get(vma->vm_mm, addr, p + 1);

	set_huge_pte_at(vma->vm_mm, addr, p, kept, 1);
	return pte_same(beside, kept) +
	       pte_same(kept, huge_ptep_get(vma->vm_mm, addr, p));
}

/* A pointer that comes from here or there, moves, or that anybody may set. */
int hugetlb_several(struct vm_area_struct *a, struct vm_area_struct *b,
		    struct mm_struct *mm, unsigned long addr, pte_t **out)
{
	pte_t *either = hugetlb_walk(a, addr, 1);
	pte_t *moved = hugetlb_walk(a, addr, 1);
	pte_t *lent = hugetlb_walk(a, addr, 1);

	if (addr)
		either = hugetlb_walk(b, addr, 1);
	moved++;
	*out = (pte_t *)&lent;
	return pte_young(huge_ptep_get(mm, addr, either)) +
	       pte_young(huge_ptep_get(mm, addr, moved)) +
	       pte_young(huge_ptep_get(mm, addr, lent));
}

/* What clears an entry gives it, too, and tells or does not tell its size. */
int hugetlb_zap(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t pte = huge_ptep_get(vma->vm_mm, addr, p);

	if (huge_pte_none(pte))
		return -1;
	pte = huge_ptep_get_and_clear(vma->vm_mm, addr, p, 1);
	return huge_pte_dirty(pte) + 2 * pte_young(pte);
}

int hugetlb_flush(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	huge_ptep_clear_flush(vma, addr, p);
	huge_ptep_set_wrprotect(vma->vm_mm, addr, p);
	return pte_young(huge_ptep_clear_flush(vma, addr, p));
}

void hugetlb_move(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t moves = huge_ptep_get_and_clear(vma->vm_mm, addr, p, 1);

	set_huge_pte_at(vma->vm_mm, addr, p + 1, huge_pte_mkdirty(moves), 1);
}

/* Changed and written back, and to its VMA. */
int hugetlb_age(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	unsigned long size = huge_page_size(hstate_vma(vma));
	pte_t entry = huge_ptep_get(vma->vm_mm, addr, p);

	if (!pte_young(entry))
		return 0;
	entry = pte_mkold(entry);
	set_huge_pte_at(vma->vm_mm, addr, p, entry, size);
	return huge_ptep_set_access_flags(vma, addr, p, huge_pte_mkdirty(
			pte_mkold(huge_ptep_get(vma->vm_mm, addr, p))), 1);
}

/* Two are written together, and one is made anew. */
void hugetlb_protect(struct vm_area_struct *vma, unsigned long addr, pte_t *p,
		     pgprot_t prot)
{
	pte_t entry = huge_ptep_get(vma->vm_mm, addr, p), old;

	if (is_hugetlb_entry_migration(entry)) {
		pte_t newer = entry;

		if (addr)
			newer = swp_entry_to_pte(pte_to_swp_entry(entry));
		newer = pte_swp_mkuffd_wp(newer);
		if (!pte_same(entry, newer))
			set_huge_pte_at(vma->vm_mm, addr, p, newer, PMD_SIZE);
		return;
	}
	old = huge_ptep_modify_prot_start(vma, addr, p);
	entry = huge_pte_mkdirty(huge_pte_modify(old, prot));
	huge_ptep_modify_prot_commit(vma, addr, p, old, entry);
	set_huge_pte_at(vma->vm_mm, addr, p, make_pte_marker(3), PMD_SIZE);
}

/* What is written may be an entry of a base page, or is made for it. */
void hugetlb_mixed(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t mixed = addr ? ptep_get(p) : huge_ptep_get(vma->vm_mm, addr, p);

	set_huge_pte_at(vma->vm_mm, addr, p, mixed, PMD_SIZE);
}

int hugetlb_made(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t both = huge_ptep_get(vma->vm_mm, addr, p);

	if (addr == 1)
		both = ptep_get(p);
	if (addr == 2)
		both = pte_swp_mkuffd_wp(make_pte_marker(1));
	return pte_present(both);
}

/* Written with one that is made at the place; changed by what is no leaf's. */
void hugetlb_beside(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t beside = huge_ptep_modify_prot_start(vma, addr, p);

	huge_ptep_modify_prot_commit(vma, addr, p, beside, make_pte_marker(2));
}

void hugetlb_bare(struct vm_area_struct *vma, unsigned long addr, pte_t *p)
{
	pte_t bare = huge_ptep_get(vma->vm_mm, addr, p);

	bare = __pte(pte_val(pte_mkold(bare)) | 1);
	set_huge_pte_at(vma->vm_mm, addr, p, pte_mkold(bare), PMD_SIZE);
}
#endif
