// path: arch/sparc/include/asm/tables.h
/* SPDX-License-Identifier: GPL-2.0 */
#define pmd_populate(mm, pmd, pte)	pmd_set(pmd, (pte_t *)pte) /* WANT: ptdesc/cast */
#define pte_free(mm, pte)		srmmu_free((void *)(pte)) /* WANT: ptdesc/cast */
#define __pte_free_tlb(tlb, table, addr) \
	tlb_remove_table(tlb, \
			 (struct page *)table) /* WANT: ptdesc/cast */
#define table_page(pmd)	((struct page *)pmd_pgtable(pmd)) /* WANT: ptdesc/cast */

/* Near misses. */
#define pmd_set_kernel(mm, pmd, pte)	pmd_set(pmd, (pte_t *)pte)
#define pte_free_kernel(mm, pte)	free_page((unsigned long)pte)
#define pte_free_tlb(tlb, pte, addr)	remove(tlb, pte, (void *)addr)
