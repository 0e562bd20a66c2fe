// SPDX-License-Identifier: GPL-2.0-only
/* Tests the API itself: huge_pte_none() in a comment. */
#include <linux/hugetlb.h>

#ifdef CONFIG_HUGETLB_PAGE
void test_api(void)
{
	pte_t pte = __pte(1);

	BUG_ON(!huge_pte_dirty(huge_pte_mkdirty(pte)));
	BUG_ON(huge_pte_none(pte));
}
#endif
