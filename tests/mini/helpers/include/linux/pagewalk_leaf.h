/* SPDX-License-Identifier: GPL-2.0-only */
/* As leaf-entry leaves it: what reads and asks here knows the level. */
#ifndef _LINUX_PAGEWALK_LEAF_H
#define _LINUX_PAGEWALK_LEAF_H

#include <linux/hugetlb.h>

static inline int mm_walk_is_none(struct mm_struct *mm, pte_t *ptep)
{
	return huge_pte_none(huge_ptep_get(mm, 0, ptep));
}

#endif
