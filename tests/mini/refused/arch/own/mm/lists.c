// SPDX-License-Identifier: GPL-2.0-only
/* Tables on a list, and in an array. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

void *arena_get(unsigned long n);

static struct page *spare[4];
static struct list_head spare_list;

void spare_fill(struct mm_struct *mm)
{
	struct page **pp = arena_get(sizeof(*pp));

	pp[0] = pte_alloc_one(mm);
	if (pp[0])
		list_add(&pp[0]->lru, &spare_list);
	spare[1] = pte_alloc_one(mm);
	if (spare[1])
		list_add(&spare[1]->lru, &spare_list);
}

void spare_drop(struct mm_struct *mm)
{
	struct page *page;

	page = list_first_entry(&spare_list, struct page, lru);
	list_del(&page->lru);
	pte_free(mm, page);
}
