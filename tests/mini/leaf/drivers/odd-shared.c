// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>
#include "odd.h"

int odd_shared(pte_t *pte, unsigned long hmask, unsigned long addr,
	       unsigned long end, struct mm_walk *walk)
{
	return pte != NULL;
}
EXPORT_SYMBOL_GPL(odd_shared);
