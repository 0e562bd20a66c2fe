/* SPDX-License-Identifier: GPL-2.0-only */

/* Notes that the page of @table holds entries. */
static void riscv_note_table(struct mm_struct *mm, struct page *table)
{
	if (PageReserved(table))
		return;
	mm_inc_nr_ptes(mm);
	set_page_private(table, (unsigned long)mm);
}

void riscv_adopt_table(struct mm_struct *mm, pmd_t *pmd)
{
	struct page *tbl = pmd_pgtable(*pmd);

	riscv_note_table(mm, tbl);
	riscv_note_table(mm, pmd_pgtable(*pmd));
}

static inline phys_addr_t riscv_table_pa(struct page *table)
{
	return page_to_phys(table);
}

phys_addr_t riscv_pmd_table_pa(pmd_t *pmd)
{
	return riscv_table_pa(pmd_pgtable(*pmd));
}
