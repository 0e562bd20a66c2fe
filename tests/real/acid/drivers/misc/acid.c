// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <asm/pgalloc.h>

int acid_try(struct mm_struct *mm)
{
	pgtable_t table = pte_alloc_one(mm);

	if (!table)
		return -ENOMEM;
	__free_page(table);
	return 0;
}
