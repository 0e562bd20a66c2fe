/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tlb_remove_table() takes the page as a void pointer, as the second function
 * shows: no compiler would tell that the first one now hands it a ptdesc.
 */
static void pte_free_tlb(struct mmu_gather *tlb, pgtable_t pte)
{
	tlb_remove_table(tlb, pte);
}

static void pmd_free_tlb(struct mmu_gather *tlb, pmd_t *pmd)
{
	tlb_remove_table(tlb, ptdesc_page(pmd_ptdesc(pmd)));
}
