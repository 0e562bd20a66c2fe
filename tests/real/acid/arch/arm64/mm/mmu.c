/* SPDX-License-Identifier: GPL-2.0-only */

#define arm64_drop_table(m, gone)		\
	do {					\
		mm_dec_nr_ptes(m);		\
		pte_free(m, gone);		\
	} while (0)

#define arm64_table_va(t_)	page_address(t_)

void arm64_forget_pmd(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t table = pmd_pgtable(*pmd);
	void *va = arm64_table_va(table);

	pmd_clear(pmd);
	clear_page(va);
	arm64_drop_table(mm, table);
}

#ifdef CONFIG_ARM64_NEVER_SEEN
void arm64_unseen(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t t = pmd_pgtable(*pmd);

	pr_info("%llx\n", page_to_phys(t));
	pte_free(mm, t);
}
#endif
