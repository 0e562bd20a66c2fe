// SPDX-License-Identifier: GPL-2.0-only
/* An arch-private helper that takes the handle as a page. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

static void table_flush(struct page *table, unsigned long addr)
{
	clear_page(page_address(table));
	if (addr)
		get_page(table);
}

/* Reads only, and says so. */
static bool table_is_high(const struct page *table)
{
	return PageHighMem(table);
}

void arch_table_drop(struct mm_struct *mm, pmd_t *pmd, unsigned long addr)
{
	pgtable_t table = pmd_pgtable(*pmd);

	if (!table_is_high(table))
		table_flush(table, addr);
	pte_free(mm, table);
}

/* Its page may be any: it stays as it is. */
static void page_mark(struct page *page)
{
	page->private = 1;
}

void arch_mark(struct mm_struct *mm, pmd_t *pmd)
{
	struct page *other = alloc_page(GFP_KERNEL);

	if (other)
		page_mark(other);
	page_mark(pmd_pgtable(*pmd));
}

/* The page is made here, and becomes a handle when it is returned. */
pgtable_t arch_table_new(struct mm_struct *mm)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return NULL;
	if (!pagetable_pte_ctor(page_ptdesc(page))) {
		__free_page(page);
		return NULL;
	}
	return page;
}
