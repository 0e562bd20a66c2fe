// SPDX-License-Identifier: GPL-2.0-only
/* No config turns it on, and spatch drops it for a line that it cannot parse. */
#include <linux/mm.h>

#ifdef CONFIG_NOBODY_SETS_THIS
DEFINE_NOBODY(dead_walk, struct mm_struct *mm, pmd_t *pmd) WITH
	pte_free(mm, pmd_pgtable(*pmd));
	for_each_nobody(p, pmd) ELSE pte_alloc_one(mm) END
}
#endif
