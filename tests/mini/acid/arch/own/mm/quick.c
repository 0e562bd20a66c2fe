// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>
#include <asm/quick.h>

/* A struct that stores the handle, as a page. */
struct quick_list {
	struct page *first;
	unsigned int count;
};

static struct quick_list quick;

void quick_put(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = pmd_pgtable(*pmd);

	if (quick.count++) {
		quick_release(mm, table);
		return;
	}
	quick.first = table;
}

void quick_get(struct mm_struct *mm, pmd_t *pmd)
{
	if (quick.first)
		pmd_populate(mm, pmd, quick.first);
	quick.first = NULL;
}

unsigned long quick_sum(pmd_t *pmd, struct page *page)
{
	pgtable_t table = pmd_pgtable(*pmd);

	return quick_pfn(table) + quick_pfn(page);
}
