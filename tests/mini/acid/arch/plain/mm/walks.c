// SPDX-License-Identifier: GPL-2.0-only
/* Lists of tables: the neighbour of a handle is a handle. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_entry((head)->next, __typeof__(*pos), member);	\
	     &pos->member != (head); pos = list_next_entry(pos, member))

#define behind(t)	list_next_entry(t, lru)

unsigned long walk_sum(struct list_head *tables)
{
	unsigned long sum = 0;
	pgtable_t t;

	list_for_each_entry(t, tables, lru)
		sum += page_to_pfn(t);
	return sum;
}

void walk_join(pgtable_t t, struct list_head *tables)
{
	list_add(&behind(t)->lru, tables);
}

void walk_drop(struct mm_struct *mm, struct list_head *tables)
{
	struct page *page;

	list_for_each_entry(page, tables, lru)
		pte_free(mm, page);
}

void walk_pages(struct list_head *pages)
{
	struct page *page;

	list_for_each_entry(page, pages, lru)
		put_page(page);
}
