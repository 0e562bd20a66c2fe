/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_PAGEWALK_H
#define _LINUX_PAGEWALK_H

#include <linux/mm.h>

struct mm_walk;

/* Locking requirement of a walk: as little as the miniature needs. */
enum page_walk_lock { PGWALK_RDLOCK };

/**
 * struct mm_walk_ops - what a walk calls
 * @pmd_entry:		if set, called for each PMD entry
 * @hugetlb_entry:	if set, called for each hugetlb entry. This hook
 *			must not let go of the lock that keeps off the
 *			freeing of the pte_t* or the lock in it, or then
 *			refrain from accessing the pte or that lock.
 * @pte_hole:		if set, called for each hole
 */
struct mm_walk_ops {
	int (*pmd_entry)(pmd_t *pmd, unsigned long addr,
			 unsigned long next, struct mm_walk *walk);
	int (*hugetlb_entry)(pte_t *pte, unsigned long hmask,
			     unsigned long addr, unsigned long next,
			     struct mm_walk *walk);
	int (*pte_hole)(unsigned long addr, unsigned long next,
			int depth, struct mm_walk *walk);
	enum page_walk_lock walk_lock;
};

struct mm_walk {
	const struct mm_walk_ops *ops;
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	void *private;
};

int walk_page_range(struct mm_struct *mm, unsigned long start,
		    unsigned long end, const struct mm_walk_ops *ops,
		    void *private);

enum folio_walk_level {
	FW_LEVEL_PTE,
	FW_LEVEL_PMD,
	FW_LEVEL_PUD,
};

struct folio_walk {
	enum folio_walk_level level;
};

#endif /* _LINUX_PAGEWALK_H */
