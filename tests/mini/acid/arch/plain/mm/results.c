// SPDX-License-Identifier: GPL-2.0-only
/* Handles that are left where a pointer leads. */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/pgalloc.h>

static int result_new(struct mm_struct *mm, struct page **res)
{
	*res = pte_alloc_one(mm);
	return *res ? 0 : -1;
}

static void result_each(struct mm_struct *mm, struct page **tables, int n)
{
	struct page **end = tables + n;

	while (n--)
		pte_free(mm, tables[n]);
	for (; tables != end; tables++)
		*tables = NULL;
}

void *kmalloc_array(unsigned long n, unsigned long size, gfp_t gfp);
void *arena_get(unsigned long size);
void kfree(const void *p);

/* Fresh memory holds what is stored there; what an arena has, nobody knows. */
int result_store(struct mm_struct *mm, int n)
{
	struct page **tables = kmalloc_array(n, sizeof(*tables), 0);
	struct page **shared = arena_get(sizeof(*shared));
	int i;

	if (!tables || !shared)
		return -1;
	for (i = 0; i < n; i++)
		tables[i] = pte_alloc_one(mm);
	pte_free(mm, *shared);
	result_each(mm, tables, n);
	kfree(tables);
	return 0;
}

/* Pages: as above, and nothing of it changes. */
static int result_page(struct page **res)
{
	*res = alloc_page(0);
	return *res ? 0 : -1;
}

static void result_take(struct mm_struct *mm, struct page **from)
{
	struct page *table = *from;

	pte_free(mm, table);
	*from = NULL;
}

int results_run(struct mm_struct *mm, pmd_t *pmd)
{
	struct page *table;
	struct page *page;
	pgtable_t other;
	struct page **which = &other;

	if (result_new(mm, &other))
		return -1;
	result_take(mm, which);
	if (result_page(&page))
		return -1;
	put_page(page);
	if (result_new(mm, &table))
		return -1;
	result_each(mm, &table, 1);
	return 0;
}
