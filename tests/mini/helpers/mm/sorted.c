// SPDX-License-Identifier: GPL-2.0-only
/* Includes in order, and functions that have a word for the hstate. */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagewalk.h>
#include <linux/swapops.h>

struct mm_walk_state { struct hstate *hstate; pte_t *ptep; unsigned long addr; };

#ifdef CONFIG_HUGETLB_PAGE
/* The pointer is the state's, although the call does not name it. */
int sorted_state(struct mm_walk_state *state, struct mm_walk *walk)
{
	pte_t *ptep = state->ptep;
	pte_t e = huge_ptep_get(walk->mm, 0, ptep);

	return pte_young(e);
}

/* The state again, and the words that the function has used before. */
int sorted_words(struct mm_walk_state *state, struct mm_walk *walk)
{
	spinlock_t *ptl = huge_pte_lock(hstate_vma(walk->vma), walk->mm,
					state->ptep);
	pte_t e = huge_ptep_get(walk->mm, state->addr, state->ptep);

	return pte_young(e) + (ptl != NULL);
}

/* A variable that holds it. */
int sorted_variable(struct mm_walk_state *state, struct mm_walk *walk)
{
	struct hstate *h = hstate_vma(walk->vma);
	pte_t *ptep = state->ptep;
	pte_t e = huge_ptep_get(walk->mm, 0, ptep);

	return pte_young(e) + (h != NULL);
}
#endif
