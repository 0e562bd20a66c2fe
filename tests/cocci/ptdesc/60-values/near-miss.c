/* SPDX-License-Identifier: GPL-2.0-only */
/* A value that may be NULL, handles among themselves, pages among themselves. */
static void alloc(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = table_alloc(mm);
	pgtable_t other = table;
	struct page *page = pmd_page(*pmd), *more = page;

	if (!table)
		return;
	pmd_populate(mm, pmd, other);
	table_put(mm, table);
	put_page(more);
	pr_err("page = pmd_pgtable(pmd)\n");
}

static struct page *first_page(pmd_t pmd)
{
	struct page *page = pmd_page(pmd);

	return page;
}
