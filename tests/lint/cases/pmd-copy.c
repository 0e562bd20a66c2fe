// path: mm/copies.c
// SPDX-License-Identifier: GPL-2.0-only
static void copies(struct mm_struct *mm, pmd_t *pmd, struct vm_fault *vmf,
		   pmd_t value)
{
	pmd_t old = pmdp_collapse_flush(vma, addr, pmd);
	pmd_t some[4], *to;

	to = &old;
	pte_free_defer(mm, pmd_ptdesc(&old)); /* WANT: ptdesc/pmd-ptdesc */
	use(pmd_ptdesc(&value)); /* WANT: ptdesc/pmd-ptdesc */
	use(pmd_ptdesc(&vmf->orig_pmd)); /* WANT: ptdesc/pmd-ptdesc */
	use(pmd_ptdesc(to)); /* WANT: ptdesc/pmd-ptdesc */
	lock(ptlock_ptr(pmd_ptdesc(to))); /* WANT: ptdesc/pmd-ptdesc */
	use(pmd_ptdesc(some)->pmd_huge_pte); /* WANT: ptdesc/pmd-ptdesc */
}

/* Near misses. */
static spinlock_t *lock_of(struct mm_struct *mm, pmd_t *pmd, pmd_t *other)
{
	pmd_t now = pmdp_get(pmd);

	use(pmd_pgtable(now), page_ptdesc(pmd_page(now)));
	deposit(pmd_ptdesc(other)->pmd_huge_pte);
	return ptlock_ptr(pmd_ptdesc(pmd));
}
