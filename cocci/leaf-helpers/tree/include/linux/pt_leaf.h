@if include/linux/pgtable.h: enum pgtable_level {
@let TYPE enum pgtable_level
@let PTE PGTABLE_LEVEL_PTE
@let PMD PGTABLE_LEVEL_PMD
@let PUD PGTABLE_LEVEL_PUD
@else
@let TYPE enum folio_walk_level
@let PTE FW_LEVEL_PTE
@let PMD FW_LEVEL_PMD
@let PUD FW_LEVEL_PUD
@end
/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An entry of a page table that maps a page, or stands for one, with the level
 * that it is at: hugetlb's entries are of any level, and what asks them must
 * not take them for PTEs.
 */
#ifndef _LINUX_PT_LEAF_H
#define _LINUX_PT_LEAF_H

#include <linux/hugetlb.h>
@if include/linux/leafops.h: softleaf_from_pte(
#include <linux/leafops.h>
@else
#include <linux/swapops.h>
@end
@if include/linux/pgtable.h: enum pgtable_level {
#include <linux/pgtable.h>
@else
#include <linux/pagewalk.h>
@end
#include <linux/userfaultfd_k.h>

/*
 * Which functions read an entry of hugetlb is chosen for an architecture and a
 * level as a whole: those of the level, where all forms that are needed exist
 * there and were proved to give the same answers as hugetlb's; else hugetlb's,
 * or those of a PTE where hugetlb's are the same.
@LEVELS@ */

/**
 * struct pt_leaf - an entry as it was read, and its level
 * @pte:	the entry (level PTE, and hugetlb at any other)
@when native
 * @pmd:	the entry (level PMD, if that is native)
 * @pud:	the entry (level PUD, if that is native)
@end
 * @level:	level of the entry, a value of @TYPE@. A size
 *		is no level: one level may hold leaves of several sizes
 * @shift:	how many bytes the leaf maps, as a power of two
 *
 * On some architectures hugetlb's functions translate an entry or gather bits
 * of several, so that the value has a format of its own, which the functions of
 * the level cannot read. One value is never read in both ways.
 */
struct pt_leaf {
@when native
	union {
		pte_t pte;
		pmd_t pmd;
		pud_t pud;
	};
@else
	pte_t pte;
@end
	unsigned char level;
	unsigned char shift;
};

/**
 * pt_leaf_of_pte - make a leaf of an entry of the lowest level
 * @pte:	the entry, which is none of hugetlb
 *
 * Return: the leaf.
 */
static inline struct pt_leaf pt_leaf_of_pte(pte_t pte)
{
	return (struct pt_leaf) {
		.pte = pte,
		.level = @PTE@,
		.shift = PAGE_SHIFT,
	};
}

#ifdef CONFIG_HUGETLB_PAGE

/*
 * Most architectures put a huge page into the highest level whose entries are
 * no larger than the page. One that uses PTEs for pages of any size, one or a
 * run of them, says so with HUGETLB_LEAVES_ARE_PTES in its asm/hugetlb.h.
 */
static inline @TYPE@ pt_leaf_huge_level(unsigned int shift)
{
#ifndef HUGETLB_LEAVES_ARE_PTES
#ifndef __PAGETABLE_PMD_FOLDED
	if (shift >= PUD_SHIFT)
		return @PUD@;
#endif
	if (shift >= PMD_SHIFT)
		return @PMD@;
#endif
	return @PTE@;
}

/**
 * pt_leaf_get_huge - read an entry of hugetlb
 * @h:		the hstate of the entry's VMA
 * @mm:		the mm that the entry is of
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 *
 * Return: the leaf.
 */
static inline struct pt_leaf pt_leaf_get_huge(struct hstate *h,
					      struct mm_struct *mm,
					      unsigned long addr, pte_t *ptep)
{
@when native
	struct pt_leaf leaf = {
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};

#ifdef PT_LEAF_NATIVE_PUD
	if (leaf.level == @PUD@) {
		leaf.pud = @READ_PUD@((pud_t *)ptep);
		return leaf;
	}
#endif
#ifdef PT_LEAF_NATIVE_PMD
	if (leaf.level == @PMD@) {
		leaf.pmd = @READ_PMD@((pmd_t *)ptep);
		return leaf;
	}
#endif
	leaf.pte = huge_ptep_get(mm, addr, ptep);
	return leaf;
@else
	return (struct pt_leaf) {
		.pte = huge_ptep_get(mm, addr, ptep),
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};
@end
}

@with pt_leaf_get_and_clear_huge
/**
 * pt_leaf_get_and_clear_huge - clear an entry of hugetlb
 * @h:		the hstate of the entry's VMA
 * @mm:		the mm that the entry is of
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 * @sz:		how many bytes the leaf maps
 *
 * Return: the leaf, as it was.
 */
static inline struct pt_leaf pt_leaf_get_and_clear_huge(struct hstate *h,
							struct mm_struct *mm,
							unsigned long addr,
							pte_t *ptep,
							unsigned long sz)
{
	return (struct pt_leaf) {
		.pte = huge_ptep_get_and_clear(mm, addr, ptep, sz),
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};
}

@end
@with pt_leaf_clear_flush_huge
/**
 * pt_leaf_clear_flush_huge - clear an entry of hugetlb, and flush the TLB
 * @h:		the hstate of @vma
 * @vma:	the VMA that the entry is of
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 *
 * Return: the leaf, as it was.
 */
static inline struct pt_leaf
pt_leaf_clear_flush_huge(struct hstate *h, struct vm_area_struct *vma,
			 unsigned long addr, pte_t *ptep)
{
	return (struct pt_leaf) {
		.pte = huge_ptep_clear_flush(vma, addr, ptep),
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};
}

@end
@with pt_leaf_modify_prot_start_huge
/**
 * pt_leaf_modify_prot_start_huge - begin to change an entry of hugetlb
 * @h:		the hstate of @vma
 * @vma:	the VMA that the entry is of
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 *
 * Return: the leaf, as it was; pt_leaf_modify_prot_commit_huge() wants it.
 */
static inline struct pt_leaf
pt_leaf_modify_prot_start_huge(struct hstate *h, struct vm_area_struct *vma,
			       unsigned long addr, pte_t *ptep)
{
	return (struct pt_leaf) {
		.pte = huge_ptep_modify_prot_start(vma, addr, ptep),
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};
}

@end
@with pt_leaf_of_huge
/**
 * pt_leaf_of_huge - make a leaf of an entry that was made for hugetlb
 * @h:		the hstate of the VMA that the entry is for
 * @pte:	the entry, in the format of hugetlb
 *
 * Return: the leaf.
 */
static inline struct pt_leaf pt_leaf_of_huge(struct hstate *h, pte_t pte)
{
	return (struct pt_leaf) {
		.pte = pte,
		.level = pt_leaf_huge_level(huge_page_shift(h)),
		.shift = huge_page_shift(h),
	};
}

@end
@with pt_leaf_set_huge
/**
 * pt_leaf_set_huge - put a leaf of hugetlb into the table
 * @mm:		the mm that the table is of
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 * @leaf:	the leaf
 * @sz:		how many bytes it maps there
 *
 * The size is told, as a leaf may be a run of entries.
 */
static inline void pt_leaf_set_huge(struct mm_struct *mm, unsigned long addr,
				    pte_t *ptep, struct pt_leaf leaf,
				    unsigned long sz)
{
	set_huge_pte_at(mm, addr, ptep, leaf.pte, sz);
}

@end
@with pt_leaf_set_access_flags_huge
/**
 * pt_leaf_set_access_flags_huge - grant more accesses to a leaf of hugetlb
 * @vma:	the VMA that the entry is of, which tells its size
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 * @leaf:	the leaf, as it shall be
 * @dirty:	whether it is written to
 *
 * Return: true if the entry changed.
 */
static inline bool
pt_leaf_set_access_flags_huge(struct vm_area_struct *vma, unsigned long addr,
			      pte_t *ptep, struct pt_leaf leaf, int dirty)
{
	return huge_ptep_set_access_flags(vma, addr, ptep, leaf.pte, dirty);
}

@end
@with pt_leaf_modify_prot_commit_huge
/**
 * pt_leaf_modify_prot_commit_huge - end to change an entry of hugetlb
 * @vma:	the VMA that the entry is of, which tells its size
 * @addr:	the address that the entry is for
 * @ptep:	pointer to the entry, whatever its level
 * @old:	the leaf, as it was
 * @leaf:	the leaf, as it shall be
 */
static inline void
pt_leaf_modify_prot_commit_huge(struct vm_area_struct *vma, unsigned long addr,
				pte_t *ptep, struct pt_leaf old,
				struct pt_leaf leaf)
{
	huge_ptep_modify_prot_commit(vma, addr, ptep, old.pte, leaf.pte);
}

@end
#else

/* Never called: nothing is of hugetlb then. */
struct pt_leaf pt_leaf_get_huge(struct hstate *h, struct mm_struct *mm,
				unsigned long addr, pte_t *ptep);
@with pt_leaf_get_and_clear_huge
struct pt_leaf pt_leaf_get_and_clear_huge(struct hstate *h,
					  struct mm_struct *mm,
					  unsigned long addr, pte_t *ptep,
					  unsigned long sz);
@end
@with pt_leaf_clear_flush_huge
struct pt_leaf pt_leaf_clear_flush_huge(struct hstate *h,
					struct vm_area_struct *vma,
					unsigned long addr, pte_t *ptep);
@end
@with pt_leaf_modify_prot_start_huge
struct pt_leaf pt_leaf_modify_prot_start_huge(struct hstate *h,
					      struct vm_area_struct *vma,
					      unsigned long addr, pte_t *ptep);
@end
@with pt_leaf_of_huge
struct pt_leaf pt_leaf_of_huge(struct hstate *h, pte_t pte);
@end
@with pt_leaf_set_huge
void pt_leaf_set_huge(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
		      struct pt_leaf leaf, unsigned long sz);
@end
@with pt_leaf_set_access_flags_huge
bool pt_leaf_set_access_flags_huge(struct vm_area_struct *vma,
				   unsigned long addr, pte_t *ptep,
				   struct pt_leaf leaf, int dirty);
@end
@with pt_leaf_modify_prot_commit_huge
void pt_leaf_modify_prot_commit_huge(struct vm_area_struct *vma,
				     unsigned long addr, pte_t *ptep,
				     struct pt_leaf old, struct pt_leaf leaf);
@end

#endif /* CONFIG_HUGETLB_PAGE */

@when native
/*
 * Ask the entry in the format that it was read in. What a level is not read by
 * need not be there.
 */
#ifdef PT_LEAF_NATIVE_PUD
#define pt_leaf_ask_pud(leaf, ask, rest) \
	((leaf).level == @PUD@ ? ask((leaf).pud) : (rest))
#else
#define pt_leaf_ask_pud(leaf, ask, rest) (rest)
#endif
#ifdef PT_LEAF_NATIVE_PMD
#define pt_leaf_ask_pmd(leaf, ask, rest) \
	((leaf).level == @PMD@ ? ask((leaf).pmd) : (rest))
#else
#define pt_leaf_ask_pmd(leaf, ask, rest) (rest)
#endif
#define pt_leaf_ask(leaf, ask_pte, ask_pmd, ask_pud)			\
	pt_leaf_ask_pud(leaf, ask_pud,					\
			pt_leaf_ask_pmd(leaf, ask_pmd,			\
					ask_pte((leaf).pte)))

@end
@HELPERS@

#endif /* _LINUX_PT_LEAF_H */
