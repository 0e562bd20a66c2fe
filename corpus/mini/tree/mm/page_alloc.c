// SPDX-License-Identifier: GPL-2.0-only
/* Pages, as far as the tables need them. */
#include <linux/pgtable.h>

struct page *mem_map;

bool PageHighMem(const struct page *page)
{
	return page->flags & 1;
}

void *page_address(const struct page *page)
{
	if (PageHighMem(page))
		return NULL;
	return __va(page_to_phys(page));
}

void get_page(struct page *page)
{
	page->private++;
}

void put_page(struct page *page)
{
	if (!--page->private)
		__free_page(page);
}

bool pagetable_pte_ctor(struct ptdesc *ptdesc)
{
	ptdesc->__page_flags |= 2;
	return true;
}

void pagetable_pte_dtor(struct ptdesc *ptdesc)
{
	ptdesc->__page_flags &= ~2UL;
}
