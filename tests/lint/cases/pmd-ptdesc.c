// path: mm/pmd.c
// SPDX-License-Identifier: GPL-2.0-only
static void uses(struct mm_struct *mm, pmd_t *pmd, pmd_t copy)
{
	pgtable_t table;
	struct ptdesc *pt;

	table = pmd_ptdesc(pmd); /* WANT: ptdesc/pmd-ptdesc */
	pte_free(mm, pmd_ptdesc(pmd)); /* WANT-TYPES: ptdesc/handle-as-ptdesc */ /* WANT: ptdesc/pmd-ptdesc */
	pt = pmd_ptdesc(&copy); /* WANT: ptdesc/pmd-ptdesc */
	pt = pmd_ptdesc(pmd); /* WANT: ptdesc/pmd-ptdesc */
}

/* Near misses: the lock and the deposit list of the table that holds it. */
static struct ptdesc *pmd_ptdesc(pmd_t *pmd);

static spinlock_t *lock(struct mm_struct *mm, pmd_t *pmd)
{
	take(pmd_ptdesc(pmd)->pmd_huge_pte);
	tlb_unshare_pmd_ptdesc(tlb, pt, addr);
	return ptlock_ptr(pmd_ptdesc(pmd));
}
