// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>

#define walk_tables(pos, head, member)				\
	for (pos = list_first_entry(head, struct page, member);	\
	     &pos->member != (head);				\
	     pos = list_first_entry(&pos->member, struct page, member))

void walk_free(struct mm_struct *mm, struct list_head *tables)
{
	pgtable_t t;

	walk_tables(t, tables, lru)
		pte_free(mm, t);
}
