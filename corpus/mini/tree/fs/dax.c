// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pgtable.h>
#include <asm/tlb.h>

int dax_load_hole(struct vm_fault *vmf, pmd_t zero)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	pgtable_t pgtable = NULL;

	pgtable = pte_alloc_one(mm);
	if (!pgtable)
		return -1;
#ifdef CONFIG_HUGE
	pgtable_trans_huge_deposit(mm, vmf->pmd, pgtable);
#else
	pte_free(mm, pgtable);
#endif
	*vmf->pmd = zero;
	return 0;
}
