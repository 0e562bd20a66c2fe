// SPDX-License-Identifier: GPL-2.0-only
/* A macro that serves pages, too, is given the value of another macro. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#define nested_pfn(p)	(page_to_pfn(p) & ~1UL)

unsigned long nested_sum(pmd_t *pmd, struct page *page)
{
	return nested_pfn(pmd_pgtable(*pmd)) + nested_pfn(page);
}
