/* SPDX-License-Identifier: GPL-2.0-only */
struct holder { struct page *page; };

static void take_from_call(struct holder *h, pmd_t pmd)
{
	struct page *page = pmd_pgtable(pmd);

	put_page(page);
	page = alloc_page(0);
	put_page(page);
	page = pmd_pgtable(pmd);
	h->page = pmd_pgtable(pmd);
}

static void take_from_handle(struct holder *h, pgtable_t table)
{
	struct page *page;

	page = table;
	h->page = table;
	put_page(page);
}

static void give_to_handle(struct mm_struct *mm, struct page *page)
{
	pgtable_t table;

	table = page;
	pmd_populate(mm, NULL, table);
}

static void give_to_calls(struct mm_struct *mm, struct page *page, pmd_t *pmd)
{
	table_free(page);
	table_put(mm, page);
	pmd_populate(mm, pmd, page);
	pmd_install_at(mm, pmd, 0, page);
}

static pgtable_t as_table(struct page *page)
{
	return page;
}

static struct page *as_page(pgtable_t table)
{
	return table;
}
