/* SPDX-License-Identifier: GPL-2.0-only */
static struct page *page_of(void *addr)
{
	return virt_to_page(addr);
}

static int table_node(void *addr, struct ptdesc *ptdesc)
{
	struct page *page = virt_to_page(addr);

	ptdesc = virt_to_ptdesc(addr);
	return page_to_nid(page) + page_to_nid(virt_to_page(ptdesc));
}
