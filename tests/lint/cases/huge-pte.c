// path: fs/proc/thing.c
// SPDX-License-Identifier: GPL-2.0-only
static int look(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	pte_t pte = huge_ptep_get(mm, addr, p); /* WANT: leaf-helpers/huge-pte */

	if (huge_pte_none(pte) || huge_pte_write(pte)) /* WANT: leaf-helpers/huge-pte, leaf-helpers/huge-pte */
		return 1;
	/* Near misses. */
	set_huge_pte_at(mm, addr, p, pte, sz);
	return x->huge_pte_count(1) + huge_pages + not_huge_pte_none(pte);
}

static int huge_pte_local(pte_t pte)
{
	return 0;
}
