// SPDX-License-Identifier: GPL-2.0-only
/* Sixteen tables of 256 bytes to a page, a bit of page->private for each. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#define TABLE_SIZE	(PTRS_PER_PTE * sizeof(pte_t))
#define TABLES		(PAGE_SIZE / TABLE_SIZE)

static struct page *table_page;

pte_t *table_get(void)
{
	for (unsigned int i = 0; i < TABLES; i++) {
		if (!table_page)
			table_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!table_page)
			return NULL;
		if (table_page->private & 1UL << i)
			continue;
		table_page->private |= 1UL << i;
		return page_address(table_page) + i * TABLE_SIZE;
	}
	table_page = NULL;
	return table_get();
}

void table_put(pte_t *table)
{
	struct page *page = virt_to_page(table);
	unsigned long nr = ((unsigned long)table & (PAGE_SIZE - 1)) / TABLE_SIZE;

	page->private &= ~(1UL << nr);
	if (!page->private)
		__free_page(page);
}
