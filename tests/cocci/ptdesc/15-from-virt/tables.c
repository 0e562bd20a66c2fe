/* SPDX-License-Identifier: GPL-2.0-only */
static pgtable_t table_of(void *addr, pgtable_t other)
{
	if (!addr)
		return other;
	return virt_to_page(addr);
}

static void table_set(struct mm_struct *mm, void *addr)
{
	pgtable_t table = virt_to_page(addr);

	table = virt_to_page((char *)addr + 1);
	mm->pmd_huge_pte = table;
}
