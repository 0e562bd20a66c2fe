/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/pagewalk.h>

int outside_huge(pte_t *pte, unsigned long hmask, unsigned long addr,
		 unsigned long next, struct mm_walk *walk);
