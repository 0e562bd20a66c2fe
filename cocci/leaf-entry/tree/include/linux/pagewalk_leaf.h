/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a leaf_entry() callback can ask about the leaf that it was called for:
 * see struct mm_walk_state.
 *
 * A leaf of hugetlb is read with hugetlb's functions at every level: on some
 * architectures they translate the entry or gather bits of several entries, so
 * that the value has a format of its own, which the functions of the level
 * cannot read.  Other leaves have the format of their level.  One value is
 * never read in both ways.
 */
#ifndef _LINUX_PAGEWALK_LEAF_H
#define _LINUX_PAGEWALK_LEAF_H

#include <linux/hugetlb.h>
@if include/linux/leafops.h: softleaf_from_pte(
#include <linux/leafops.h>
@else
#include <linux/swapops.h>
@end
#include <linux/pagewalk.h>

/**
 * mm_walk_is_hugetlb - is the leaf one of hugetlb?
 * @state:	the walk's state
 */
static inline bool mm_walk_is_hugetlb(const struct mm_walk_state *state)
{
	return IS_ENABLED(CONFIG_HUGETLB_PAGE) && state->hstate;
}

#ifdef CONFIG_HUGETLB_PAGE
/*
 * The level of the entries that make up a page of @h.  Most architectures put
 * a page into the highest level whose entries are no larger than the page; one
 * that uses runs of PTEs for pages of any size says so with
 * HUGETLB_LEAVES_ARE_PTES in its asm/hugetlb.h.
 */
@if include/linux/pgtable.h: enum pgtable_level {
static inline enum pgtable_level mm_walk_hugetlb_level(struct hstate *h)
@else
static inline enum folio_walk_level mm_walk_hugetlb_level(struct hstate *h)
@end
{
#ifndef HUGETLB_LEAVES_ARE_PTES
	unsigned long size = huge_page_size(h);

	/* A folded level has the size of the one below. */
	if (PUD_SIZE > PMD_SIZE && size >= PUD_SIZE)
@if include/linux/pgtable.h: enum pgtable_level {
		return PGTABLE_LEVEL_PUD;
	if (size >= PMD_SIZE)
		return PGTABLE_LEVEL_PMD;
#endif
	return PGTABLE_LEVEL_PTE;
@else
		return FW_LEVEL_PUD;
	if (size >= PMD_SIZE)
		return FW_LEVEL_PMD;
#endif
	return FW_LEVEL_PTE;
@end
}

/**
 * mm_walk_init_hugetlb - begin to walk the leaves of a hugetlb VMA
 * @state:	the state to fill
 * @h:		the VMA's hstate
 *
 * What differs from leaf to leaf (@addr, @end and @ptep) is left to the walker.
 */
static inline void mm_walk_init_hugetlb(struct mm_walk_state *state,
					struct hstate *h)
{
	unsigned int shift = huge_page_shift(h);

	*state = (struct mm_walk_state) {
		.size = huge_page_size(h),
		.level = mm_walk_hugetlb_level(h),
		.hstate = h,
	};
	switch (state->level) {
@if include/linux/pgtable.h: enum pgtable_level {
	case PGTABLE_LEVEL_PUD:
		state->nr = 1U << (shift - PUD_SHIFT);
		break;
	case PGTABLE_LEVEL_PMD:
		state->nr = 1U << (shift - PMD_SHIFT);
		break;
@else
	case FW_LEVEL_PUD:
		state->nr = 1U << (shift - PUD_SHIFT);
		break;
	case FW_LEVEL_PMD:
		state->nr = 1U << (shift - PMD_SHIFT);
		break;
@end
	default:
		state->nr = 1U << (shift - PAGE_SHIFT);
		break;
	}
}
#endif /* CONFIG_HUGETLB_PAGE */

/* A state of a level that no leaf of this kernel can have: a broken walker. */
static inline unsigned long mm_walk_no_such_leaf(void)
{
	WARN_ON_ONCE(1);
	return 0;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define MM_WALK_PMD(form, ...)	form(__VA_ARGS__)
#else
#define MM_WALK_PMD(form, ...)	mm_walk_no_such_leaf()
#endif

#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
#define MM_WALK_PUD(form, ...)	form(__VA_ARGS__)
#else
#define MM_WALK_PUD(form, ...)	mm_walk_no_such_leaf()
#endif

/* What no architecture has at the level of PUDs. */
#define mm_walk_no_pud_form(pud)	mm_walk_no_such_leaf()

/**
 * mm_walk_lock_leaf - take the page table lock of a leaf
 * @state:	the walk's state
 * @walk:	the walk
 *
 * The lock is in @state->ptl until mm_walk_unlock_leaf().
 */
static inline void mm_walk_lock_leaf(struct mm_walk_state *state,
				     struct mm_walk *walk)
{
#ifdef CONFIG_HUGETLB_PAGE
	if (mm_walk_is_hugetlb(state)) {
		state->ptl = huge_pte_lock(state->hstate, walk->mm,
					   state->ptep);
		return;
	}
#endif
	switch (state->level) {
@if include/linux/pgtable.h: enum pgtable_level {
	case PGTABLE_LEVEL_PUD:
		state->ptl = pud_lock(walk->mm, state->pudp);
		break;
	case PGTABLE_LEVEL_PMD:
		state->ptl = pmd_lock(walk->mm, state->pmdp);
		break;
@else
	case FW_LEVEL_PUD:
		state->ptl = pud_lock(walk->mm, state->pudp);
		break;
	case FW_LEVEL_PMD:
		state->ptl = pmd_lock(walk->mm, state->pmdp);
		break;
@end
	default:
		state->ptl = pte_lockptr(walk->mm, state->above.pmdp);
		spin_lock(state->ptl);
		break;
	}
}

/**
 * mm_walk_unlock_leaf - release the lock that mm_walk_lock_leaf() took
 * @state:	the walk's state
 */
static inline void mm_walk_unlock_leaf(struct mm_walk_state *state)
{
	spin_unlock(state->ptl);
	state->ptl = NULL;
}

/**
 * mm_walk_read_leaf - read the entry of a leaf into the state
 * @state:	the walk's state
 * @walk:	the walk
 *
 * The functions below tell about the entry as it was read here.  It stays true
 * only while the page table lock is held.
 */
static inline void mm_walk_read_leaf(struct mm_walk_state *state,
				     struct mm_walk *walk)
{
#ifdef CONFIG_HUGETLB_PAGE
	if (mm_walk_is_hugetlb(state)) {
		state->pte = huge_ptep_get(walk->mm, state->addr, state->ptep);
		return;
	}
#endif
	switch (state->level) {
@if include/linux/pgtable.h: enum pgtable_level {
	case PGTABLE_LEVEL_PUD:
		state->pud = pudp_get(state->pudp);
		break;
	case PGTABLE_LEVEL_PMD:
		state->pmd = pmdp_get(state->pmdp);
		break;
@else
	case FW_LEVEL_PUD:
		state->pud = pudp_get(state->pudp);
		break;
	case FW_LEVEL_PMD:
		state->pmd = pmdp_get(state->pmdp);
		break;
@end
	default:
		state->pte = ptep_get(state->ptep);
		break;
	}
}

/*
 * Define mm_walk_@name(): what @huge says of an entry of hugetlb, and the form
 * of the level of any other.
 */
#ifdef CONFIG_HUGETLB_PAGE
#define MM_WALK_HUGE(form, ...)	form(__VA_ARGS__)
#else
#define MM_WALK_HUGE(form, ...)	mm_walk_no_such_leaf()
#endif

#define DEFINE_MM_WALK_READER(type, name, huge, pte_form, pmd_form, pud_form) \
static inline type mm_walk_##name(const struct mm_walk_state *state)	\
{									\
	if (mm_walk_is_hugetlb(state))					\
		return MM_WALK_HUGE(huge, state->pte);			\
	switch (state->level) {						\
@if include/linux/pgtable.h: enum pgtable_level {
	case PGTABLE_LEVEL_PUD:						\
		return MM_WALK_PUD(pud_form, state->pud);		\
	case PGTABLE_LEVEL_PMD:						\
		return MM_WALK_PMD(pmd_form, state->pmd);		\
@else
	case FW_LEVEL_PUD:						\
		return MM_WALK_PUD(pud_form, state->pud);		\
	case FW_LEVEL_PMD:						\
		return MM_WALK_PMD(pmd_form, state->pmd);		\
@end
	default:							\
		return pte_form(state->pte);				\
	}								\
}

/* Does the entry map a page? */
DEFINE_MM_WALK_READER(bool, is_present, pte_present,
		      pte_present, pmd_present, pud_present)
/* Is the entry empty? */
DEFINE_MM_WALK_READER(bool, is_none, huge_pte_none,
		      pte_none, pmd_none, pud_none)
/* Of an entry that is present: is it writable, dirty, young? */
DEFINE_MM_WALK_READER(bool, is_write, huge_pte_write,
		      pte_write, pmd_write, pud_write)
DEFINE_MM_WALK_READER(bool, is_dirty, huge_pte_dirty,
		      pte_dirty, pmd_dirty, pud_dirty)
DEFINE_MM_WALK_READER(bool, is_young, pte_young,
		      pte_young, pmd_young, pud_young)
/* Of an entry that is present: soft-dirty, write-protected for userfaultfd? */
DEFINE_MM_WALK_READER(bool, is_soft_dirty, pte_soft_dirty,
		      pte_soft_dirty, pmd_soft_dirty, mm_walk_no_pud_form)
DEFINE_MM_WALK_READER(bool, is_uffd_wp, huge_pte_uffd_wp,
		      pte_uffd_wp, pmd_uffd_wp, mm_walk_no_pud_form)
/* Of an entry that is present: the frame that the leaf begins with. */
DEFINE_MM_WALK_READER(unsigned long, leaf_pfn, pte_pfn,
		      pte_pfn, pmd_pfn, pud_pfn)

/**
 * mm_walk_pfn - the frame that is mapped at @state->addr
 * @state:	the walk's state, with a present entry
 */
static inline unsigned long mm_walk_pfn(const struct mm_walk_state *state)
{
	return mm_walk_leaf_pfn(state) +
		((state->addr & (state->size - 1)) >> PAGE_SHIFT);
}

/**
 * mm_walk_page - the first page of a leaf
 * @state:	the walk's state, with a present entry that maps a struct page
 */
static inline struct page *mm_walk_page(const struct mm_walk_state *state)
{
	return pfn_to_page(mm_walk_leaf_pfn(state));
}

/**
 * mm_walk_folio - the folio of a leaf
 * @state:	the walk's state, with a present entry that maps a struct page
 */
static inline struct folio *mm_walk_folio(const struct mm_walk_state *state)
{
	return page_folio(mm_walk_page(state));
}

@if include/linux/leafops.h: softleaf_from_pte(
#define mm_walk_pud_softleaf(pud) \
	((softleaf_t) { .val = mm_walk_no_such_leaf() })

/**
 * mm_walk_softleaf - the software leaf entry of a leaf that is not present
 * @state:	the walk's state
 *
 * No architecture has such entries at the level of PUDs, other than those of
 * hugetlb.
 */
static inline softleaf_t mm_walk_softleaf(const struct mm_walk_state *state)
{
	if (!mm_walk_is_hugetlb(state)) {
		if (state->level == PGTABLE_LEVEL_PUD)
			return mm_walk_pud_softleaf(state->pud);
		if (state->level == PGTABLE_LEVEL_PMD)
			return softleaf_from_pmd(state->pmd);
	}
	return softleaf_from_pte(state->pte);
}

/**
 * mm_walk_is_swap - is the leaf neither present nor empty?
 * @state:	the walk's state
 *
 * That is an entry for swapping or migration, a marker, and the like.
 */
static inline bool mm_walk_is_swap(const struct mm_walk_state *state)
{
	return !mm_walk_is_none(state) && !mm_walk_is_present(state);
}

/**
 * mm_walk_is_migration - is the page of the leaf being migrated?
 * @state:	the walk's state
 */
static inline bool mm_walk_is_migration(const struct mm_walk_state *state)
{
	return mm_walk_is_swap(state) &&
		softleaf_is_migration(mm_walk_softleaf(state));
}
@else
#define mm_walk_pud_to_swp_entry(pud) \
	((swp_entry_t) { .val = mm_walk_no_such_leaf() })

/**
 * mm_walk_swp_entry - the swap entry of a leaf that mm_walk_is_swap()
 * @state:	the walk's state
 *
 * No architecture has such entries at the level of PUDs, other than those of
 * hugetlb.
 */
static inline swp_entry_t mm_walk_swp_entry(const struct mm_walk_state *state)
{
	if (!mm_walk_is_hugetlb(state)) {
		if (state->level == FW_LEVEL_PUD)
			return mm_walk_pud_to_swp_entry(state->pud);
		if (state->level == FW_LEVEL_PMD)
			return pmd_to_swp_entry(state->pmd);
	}
	return pte_to_swp_entry(state->pte);
}

/**
 * mm_walk_is_swap - is the leaf neither present nor empty?
 * @state:	the walk's state
 *
 * That is an entry for swapping or migration, a marker, and the like.
 */
static inline bool mm_walk_is_swap(const struct mm_walk_state *state)
{
	return !mm_walk_is_none(state) && !mm_walk_is_present(state);
}

/**
 * mm_walk_is_migration - is the page of the leaf being migrated?
 * @state:	the walk's state
 */
static inline bool mm_walk_is_migration(const struct mm_walk_state *state)
{
	return mm_walk_is_swap(state) &&
		is_migration_entry(mm_walk_swp_entry(state));
}
@end

#endif /* _LINUX_PAGEWALK_LEAF_H */
