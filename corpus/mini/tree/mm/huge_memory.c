// SPDX-License-Identifier: GPL-2.0-only
/* Tables that wait behind a huge entry. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#ifdef CONFIG_HUGE
int set_huge(struct vm_fault *vmf, pmd_t entry)
{
	pgtable_t pgtable = pte_alloc_one(vmf->vma->vm_mm);

	if (!pgtable)
		return -1;
	pgtable_trans_huge_deposit(vmf->vma->vm_mm, vmf->pmd, pgtable);
	*vmf->pmd = entry;
	return 0;
}

void zap_huge(struct mmu_gather *tlb, pmd_t *pmd)
{
	pgtable_t pgtable = pgtable_trans_huge_withdraw(tlb->mm, pmd);

	if (pgtable)
		pte_free(tlb->mm, pgtable);
	pmd_clear(pmd);
}

void split_huge(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t pgtable;
	pmd_t _pmd;

	pgtable = pgtable_trans_huge_withdraw(mm, pmd);
	pmd_populate(mm, &_pmd, pgtable);
	*pmd = _pmd;
}
#endif
