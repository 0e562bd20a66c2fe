// SPDX-License-Identifier: GPL-2.0-only
/* Handles that go through pointers to functions. */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/pgalloc.h>

/* An arch's own functions, and their pages' namesakes. */
static void table_count(struct mm_struct *mm, struct page *table)
{
	mm->users -= table != NULL;
	pte_free(mm, table);
}

static void page_count(struct mm_struct *mm, struct page *page)
{
	mm->users -= page != NULL;
	put_page(page);
}

struct table_ops {
	void		(*put)(struct mm_struct *mm, struct page *table);
	struct page	*(*get)(struct mm_struct *mm);
	int		order;
};

struct page_ops {
	void		(*put)(struct mm_struct *mm, struct page *page);
};

static const struct table_ops counted = {
	.put = table_count,
	.get = pte_alloc_one,
};

static const struct table_ops plain = { pte_free, &pte_alloc_one, 0 };

static struct page_ops pages = {
	.put = page_count,
};

typedef void (*table_fn)(struct mm_struct *mm, struct page *table);

static table_fn table_fns[] = { pte_free, table_count };

static void each_way(struct mm_struct *mm, table_fn put, struct page *table)
{
	if (put)
		put(mm, table);
}

static void apply(void (*put)(struct mm_struct *, struct page *),
		  struct mm_struct *mm, pmd_t *pmd)
{
	(*put)(mm, pmd_pgtable(*pmd));
}

void callbacks_run(struct mm_struct *mm, pmd_t *pmd, int n)
{
	const struct table_ops *ops = n ? &counted : &plain;
	void (*put)(struct mm_struct *mm, struct page *table) =
		n ? table_count : pte_free;
	struct page *table = ops->get(mm);

	if (!table)
		return;
	if (n > 3)
		ops->put(mm, table);
	else if (n > 2)
		put(mm, table);
	else if (n > 1)
		table_fns[n](mm, table);
	else
		each_way(mm, pte_free, table);
	apply(ops->put, mm, pmd);
}

void callbacks_page(struct mm_struct *mm, struct page *page)
{
	pages.put(mm, page);
}

/* One pointer for both: what it takes stays a page. */
static void table_drop(struct mm_struct *mm, struct page *table)
{
	pte_free(mm, table);
}

static void (*const mixed[])(struct mm_struct *mm, struct page *page) = {
	page_count,
	table_drop,
};

void callbacks_mixed(struct mm_struct *mm, struct page *page, pmd_t *pmd)
{
	mixed[0](mm, page);
	mixed[1](mm, pmd_pgtable(*pmd));
}
