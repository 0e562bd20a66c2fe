@form UFFD_WP pte_uffd_wp pmd_uffd_wp
@if include/linux/pgtable.h: enum pgtable_level {
@let PTE PGTABLE_LEVEL_PTE
@let PMD PGTABLE_LEVEL_PMD
@let PUD PGTABLE_LEVEL_PUD
@else
@let PTE FW_LEVEL_PTE
@let PMD FW_LEVEL_PMD
@let PUD FW_LEVEL_PUD
@end
/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a leaf_entry() callback can ask about the leaf that it was called for:
 * see struct mm_walk_state.
 *
 * A leaf of hugetlb is read with hugetlb's functions at every level: on some
 * architectures they translate the entry or gather bits of several entries, so
 * that the value has a format of its own, which the functions of the level
 * cannot read. Other leaves have the format of their level. One value is never
 * read in both ways.
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
#include <linux/userfaultfd_k.h>

/* So far only the walk of hugetlb VMAs calls leaf_entry(). */
#ifdef CONFIG_HUGETLB_PAGE

/**
 * mm_walk_is_hugetlb - is the leaf one of hugetlb?
 * @state:	the walk's state
 *
 * Return: true for a leaf of hugetlb.
 */
static inline bool mm_walk_is_hugetlb(const struct mm_walk_state *state)
{
	return state->hstate;
}

static inline bool mm_walk_at_pmd(const struct mm_walk_state *state)
{
	return state->level == @PMD@;
}

static inline bool mm_walk_at_pud(const struct mm_walk_state *state)
{
	return state->level == @PUD@;
}

/**
 * mm_walk_nr_entries - how many entries map the leaf together
 * @state:	the walk's state
 *
 * The entries follow each other in one table, but for a huge page of PTEs that
 * is larger than a table of them: a page of 8M on powerpc 8xx fills two, and
 * @state->ptep is the PMD entry that points to the first.
 *
 * An architecture that makes a huge page of one entry, whatever its size, says
 * so with HUGETLB_LEAVES_ARE_SINGLE in its asm/hugetlb.h.
 *
 * Return: the number of entries, which are of @state->level.
 */
static inline unsigned int mm_walk_nr_entries(const struct mm_walk_state *state)
{
#ifdef HUGETLB_LEAVES_ARE_SINGLE
	if (mm_walk_is_hugetlb(state))
		return 1;
#endif
	if (mm_walk_at_pud(state))
		return state->size >> PUD_SHIFT;
	if (mm_walk_at_pmd(state))
		return state->size >> PMD_SHIFT;
	return state->size >> PAGE_SHIFT;
}

/**
 * mm_walk_lock_leaf - take the page table lock of a leaf
 * @state:	the walk's state
 * @walk:	the walk
 *
 * The lock is in @state->ptl until mm_walk_unlock_leaf(). For a PTE that is
 * none of hugetlb, the walk must have set @state->above.pmdp.
 */
static inline void mm_walk_lock_leaf(struct mm_walk_state *state,
				     struct mm_walk *walk)
{
	if (mm_walk_is_hugetlb(state)) {
		state->ptl = huge_pte_lock(state->hstate, walk->mm,
					   state->ptep);
	} else if (mm_walk_at_pud(state)) {
		state->ptl = pud_lock(walk->mm, state->pudp);
	} else if (mm_walk_at_pmd(state)) {
		state->ptl = pmd_lock(walk->mm, state->pmdp);
	} else {
		state->ptl = pte_lockptr(walk->mm, state->above.pmdp);
		spin_lock(state->ptl);
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
 * What is below tells about the entry as it was read here, which stays true
 * only while the page table lock is held.
 *
 * huge_ptep_get() gets the address at which the leaf begins, not @state->addr,
 * which may lie inside the leaf.
 */
static inline void mm_walk_read_leaf(struct mm_walk_state *state,
				     struct mm_walk *walk)
{
	if (mm_walk_is_hugetlb(state))
		state->pte = huge_ptep_get(walk->mm,
					   state->addr & ~(state->size - 1),
					   state->ptep);
	else if (mm_walk_at_pud(state))
		state->pud = pudp_get(state->pudp);
	else if (mm_walk_at_pmd(state))
		state->pmd = pmdp_get(state->pmdp);
	else
		state->pte = ptep_get(state->ptep);
}

/*
 * Ask the form of the level: pte_@form() and so on. A level without leaves in
 * this kernel has no form to ask, and a state of that level is a broken walk.
 */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define mm_walk_ask_pmd(state, form)					\
({									\
	const struct mm_walk_state *_leaf = (state);			\
									\
	mm_walk_at_pmd(_leaf) ? pmd_##form(_leaf->pmd) :		\
				pte_##form(_leaf->pte);			\
})
#else
#define mm_walk_ask_pmd(state, form)					\
({									\
	const struct mm_walk_state *_leaf = (state);			\
									\
	WARN_ON_ONCE(mm_walk_at_pmd(_leaf)) ? 0 :			\
					      pte_##form(_leaf->pte);	\
})
#endif

#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD)
#define mm_walk_ask(state, form)					\
({									\
	const struct mm_walk_state *_state = (state);			\
									\
	mm_walk_at_pud(_state) ? pud_##form(_state->pud) :		\
				 mm_walk_ask_pmd(_state, form);		\
})
#else
#define mm_walk_ask(state, form)	mm_walk_ask_no_pud(state, form)
#endif

/* The same for forms that not all architectures have at the level of PUDs. */
#define mm_walk_ask_no_pud(state, form)					\
({									\
	const struct mm_walk_state *_state = (state);			\
									\
	WARN_ON_ONCE(mm_walk_at_pud(_state)) ? 0 :			\
					mm_walk_ask_pmd(_state, form);	\
})

/**
 * mm_walk_is_present - does the entry map something?
 * @state:	the walk's state
 *
 * Return: true if it does.
 */
static inline bool mm_walk_is_present(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_present(state->pte);
	return mm_walk_ask(state, present);
}

/**
 * mm_walk_is_none - is the entry empty?
 * @state:	the walk's state
 *
 * Return: true if it is.
 */
static inline bool mm_walk_is_none(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return huge_pte_none(state->pte);
	return mm_walk_ask(state, none);
}

@optional
/**
 * mm_walk_is_write - may the leaf be written to?
 * @state:	the walk's state, with a present entry
 *
 * Return: true if it may.
 */
static inline bool mm_walk_is_write(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return huge_pte_write(state->pte);
	return mm_walk_ask(state, write);
}

@end
@optional
/**
 * mm_walk_is_dirty - was the leaf written to?
 * @state:	the walk's state, with a present entry
 *
 * Return: true if it was.
 */
static inline bool mm_walk_is_dirty(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return huge_pte_dirty(state->pte);
	return mm_walk_ask(state, dirty);
}

@end
@optional
/**
 * mm_walk_is_young - was the leaf accessed?
 * @state:	the walk's state, with a present entry
 *
 * Return: true if it was.
 */
static inline bool mm_walk_is_young(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_young(state->pte);
	return mm_walk_ask(state, young);
}

@end
@optional
/**
 * mm_walk_is_soft_dirty - was the leaf written to since clear_refs?
 * @state:	the walk's state, with an entry that is not empty
 *
 * Return: true if it was.
 */
static inline bool mm_walk_is_soft_dirty(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_present(state->pte) ?
			pte_soft_dirty(state->pte) :
			pte_swp_soft_dirty(state->pte);
	if (mm_walk_is_present(state))
		return mm_walk_ask_no_pud(state, soft_dirty);
	return mm_walk_ask_no_pud(state, swp_soft_dirty);
}

@end
@optional
/**
 * mm_walk_is_uffd_wp - is the leaf write-protected for userfaultfd?
 * @state:	the walk's state, with an entry that is not empty
 *
 * Also when a marker is all that is left of the leaf.
 *
 * Return: true if it is.
 */
static inline bool mm_walk_is_uffd_wp(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_present(state->pte) ?
			huge_pte_uffd_wp(state->pte) :
			pte_swp_uffd_wp_any(state->pte);
	if (mm_walk_is_present(state))
		return mm_walk_ask_no_pud(state, @UFFD_WP@);
	if (WARN_ON_ONCE(mm_walk_at_pud(state)))
		return false;
	return mm_walk_at_pmd(state) ? pmd_swp_uffd_wp(state->pmd) :
				       pte_swp_uffd_wp_any(state->pte);
}

@end
/**
 * mm_walk_leaf_pfn - the frame that the leaf begins with
 * @state:	the walk's state, with a present entry
 *
 * Return: the number of the frame.
 */
static inline unsigned long mm_walk_leaf_pfn(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_pfn(state->pte);
	return mm_walk_ask(state, pfn);
}

/**
 * mm_walk_pfn - the frame that is mapped at @state->addr
 * @state:	the walk's state, with a present entry
 *
 * Return: the number of the frame.
 */
static inline unsigned long mm_walk_pfn(const struct mm_walk_state *state)
{
	return mm_walk_leaf_pfn(state) +
		((state->addr & (state->size - 1)) >> PAGE_SHIFT);
}

/**
 * mm_walk_page - the first page of a leaf
 * @state:	the walk's state, with a present entry that maps a struct page
 *
 * Return: the page.
 */
static inline struct page *mm_walk_page(const struct mm_walk_state *state)
{
	return pfn_to_page(mm_walk_leaf_pfn(state));
}

/**
 * mm_walk_folio - the folio of a leaf
 * @state:	the walk's state, with a present entry that maps a struct page
 *
 * Return: the folio.
 */
static inline struct folio *mm_walk_folio(const struct mm_walk_state *state)
{
	return page_folio(mm_walk_page(state));
}

/**
 * mm_walk_is_swap - is the entry neither present nor empty?
 * @state:	the walk's state
 *
 * Such as an entry for swapping or migration, or a marker.
 *
 * Return: true if it is.
 */
static inline bool mm_walk_is_swap(const struct mm_walk_state *state)
{
	return !mm_walk_is_none(state) && !mm_walk_is_present(state);
}

/* Has the level of the leaf, which is not one of hugetlb, no swap entries? */
static inline bool mm_walk_no_swap(const struct mm_walk_state *state)
{
	return mm_walk_at_pud(state) || (mm_walk_at_pmd(state) &&
		!IS_ENABLED(CONFIG_ARCH_ENABLE_THP_MIGRATION));
}

@if include/linux/leafops.h: softleaf_from_pte(
/**
 * mm_walk_softleaf - the entry as a software leaf entry
 * @state:	the walk's state, with an entry that is not present
 *
 * But for hugetlb, no architecture has such entries at the level of PUDs, and
 * only some at that of PMDs.
 *
 * Return: the software leaf entry.
 */
static inline softleaf_t mm_walk_softleaf(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return softleaf_from_pte(state->pte);
	if (WARN_ON_ONCE(mm_walk_no_swap(state)))
		return softleaf_mk_none();
	if (mm_walk_at_pmd(state))
		return softleaf_from_pmd(state->pmd);
	return softleaf_from_pte(state->pte);
}

/**
 * mm_walk_is_migration - is the page of the leaf being migrated?
 * @state:	the walk's state
 *
 * Return: true if it is.
 */
static inline bool mm_walk_is_migration(const struct mm_walk_state *state)
{
	return mm_walk_is_swap(state) &&
		softleaf_is_migration(mm_walk_softleaf(state));
}
@else
/**
 * mm_walk_swp_entry - the entry as a swap entry
 * @state:	the walk's state, with an entry that mm_walk_is_swap()
 *
 * But for hugetlb, no architecture has such entries at the level of PUDs, and
 * only some at that of PMDs.
 *
 * Return: the swap entry.
 */
static inline swp_entry_t mm_walk_swp_entry(const struct mm_walk_state *state)
{
	if (mm_walk_is_hugetlb(state))
		return pte_to_swp_entry(state->pte);
	if (WARN_ON_ONCE(mm_walk_no_swap(state)))
		return swp_entry(0, 0);
	if (mm_walk_at_pmd(state))
		return pmd_to_swp_entry(state->pmd);
	return pte_to_swp_entry(state->pte);
}

/**
 * mm_walk_is_migration - is the page of the leaf being migrated?
 * @state:	the walk's state
 *
 * Return: true if it is.
 */
static inline bool mm_walk_is_migration(const struct mm_walk_state *state)
{
	return mm_walk_is_swap(state) &&
		is_migration_entry(mm_walk_swp_entry(state));
}
@end

#undef mm_walk_ask
#undef mm_walk_ask_no_pud
#undef mm_walk_ask_pmd

#endif /* CONFIG_HUGETLB_PAGE */

#endif /* _LINUX_PAGEWALK_LEAF_H */
