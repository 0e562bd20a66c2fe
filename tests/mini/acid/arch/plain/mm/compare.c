// SPDX-License-Identifier: GPL-2.0-only
/* Handles that are compared, and kept in arrays. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

bool table_at(pmd_t *pmd, void *addr)
{
	return pmd_pgtable(*pmd) == virt_to_page(addr);
}

bool table_is(pmd_t *pmd, pgtable_t table, struct page *page)
{
	if (table == pmd_pgtable(*pmd))
		return true;
	return !page || page != table;
}

void table_pair(struct mm_struct *mm, pmd_t *a, pmd_t *b)
{
	pgtable_t tables[2] = { pmd_pgtable(*a), pmd_pgtable(*b) };
	struct page *pages[] = { pmd_pgtable(*a), virt_to_page(mm) };

	get_page(pages[0]);
	put_page(pages[1]);
	pte_free(mm, tables[0]);
	pte_free(mm, tables[1]);
}

unsigned long table_either(pgtable_t a, pgtable_t b, pmd_t *pmd, int which)
{
	unsigned long pfn = page_to_pfn(which ? a : b);

	pfn += page_to_pfn(which > 1 ? pmd_pgtable(*pmd) : virt_to_page(pmd));
	return pfn;
}
