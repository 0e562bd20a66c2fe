// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>

void early_table_free(struct page *table, int level)
{
	struct ptdesc *ptdesc = page_ptdesc(table);

	if (!level)
		pagetable_pte_dtor(ptdesc);
	pagetable_free(ptdesc);
}
