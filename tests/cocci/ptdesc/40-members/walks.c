/* SPDX-License-Identifier: GPL-2.0-only */
static void drop_all(struct mm_struct *mm, struct list_head *tables)
{
	pgtable_t table, next;

	list_for_each_entry(table, tables, lru)
		pmd_populate(mm, NULL, table);
	list_for_each_entry_safe(table, next, tables, lru) {
		list_del(&table->lru);
		pmd_populate(mm, NULL, table);
	}
	list_for_each_entry_reverse(table, tables, lru)
		pmd_populate(mm, NULL, table);
}

static pgtable_t behind(pgtable_t table)
{
	return list_next_entry(table, lru);
}

static void any(struct mm_struct *mm, struct list_head *tables)
{
	pgtable_t table;

	table = list_entry(tables->next, struct page, lru);
	pmd_populate(mm, NULL, table);
}

static void pages(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry(page, list, lru)
		get_page(page);
	list_for_each_entry_safe(page, next, list, lru)
		get_page(page);
	page = list_next_entry(next, lru);
	page = list_entry(list->next, struct page, lru);
	get_page(page);
}

static void head(struct mm_struct *mm, pgtable_t table)
{
	pmd_populate(mm, NULL, list_first_entry(&table->lru, struct page, lru));
}
