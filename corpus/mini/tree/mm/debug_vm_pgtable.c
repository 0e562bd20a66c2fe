// SPDX-License-Identifier: GPL-2.0-only
/* A handle that outlives the function that got it: start_ptep. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

struct pgtable_debug_args {
	struct mm_struct *mm;
	pmd_t *pmdp;
	pgtable_t start_ptep;
};

void debug_populate(struct pgtable_debug_args *args)
{
	args->start_ptep = pmd_pgtable(*args->pmdp);
	pmd_clear(args->pmdp);
	pmd_populate(args->mm, args->pmdp, args->start_ptep);
}

void debug_free(struct pgtable_debug_args *args)
{
	if (args->start_ptep) {
		pte_free(args->mm, args->start_ptep);
		mm_inc_nr_ptes(args->mm);
	}
}
