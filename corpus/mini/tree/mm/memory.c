// SPDX-License-Identifier: GPL-2.0-only
/* Where tables are put into place: the handle is opaque here. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

static void pmd_install(struct mm_struct *mm, pmd_t *pmd, pgtable_t *pte)
{
	if (pmd_none(*pmd)) {
		mm_inc_nr_ptes(mm);
		pmd_populate(mm, pmd, *pte);
		*pte = NULL;
	}
}

int __pte_alloc(struct mm_struct *mm, pmd_t *pmd)
{
	pgtable_t new = pte_alloc_one(mm);

	if (!new)
		return -1;
	pmd_install(mm, pmd, &new);
	if (new)
		pte_free(mm, new);
	return 0;
}

void free_pte_range(struct mmu_gather *tlb, pmd_t *pmd, unsigned long addr)
{
	pgtable_t token = pmd_pgtable(*pmd);

	pmd_clear(pmd);
	pte_free_tlb(tlb, token, addr);
}

int do_fault_around(struct vm_fault *vmf)
{
	if (pmd_none(*vmf->pmd)) {
		vmf->prealloc_pte = pte_alloc_one(vmf->vma->vm_mm);
		if (!vmf->prealloc_pte)
			return -1;
		pmd_install(vmf->vma->vm_mm, vmf->pmd, &vmf->prealloc_pte);
	}
	vmf->pte = pte_offset(vmf->pmd, vmf->address);
	return 0;
}

void do_fault_done(struct vm_fault *vmf)
{
	if (vmf->prealloc_pte) {
		pte_free(vmf->vma->vm_mm, vmf->prealloc_pte);
		vmf->prealloc_pte = NULL;
	}
}
