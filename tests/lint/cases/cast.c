// path: arch/arc/mm/cast.c
// SPDX-License-Identifier: GPL-2.0-only
static pgtable_t casts(pmd_t pmd, void *p, pgtable_t h)
{
	struct list_head *lh = (struct list_head *)h; /* WANT: ptdesc/cast */
	pte_t *pte = (pte_t *) pmd_pgtable(pmd); /* WANT: ptdesc/cast */

	take((pgtable_t)lh->next); /* WANT: ptdesc/cast */
	take((pgtable_t)&page); /* WANT: ptdesc/cast */
	return (pgtable_t)(p + 1); /* WANT: ptdesc/cast */
}

#define pmd_pgtable(pmd)	((pgtable_t) pmd_page(pmd)) /* WANT: ptdesc/cast */

/* Near misses. */
void declared(pgtable_t);
static int sizes(pgtable_t h)
{
	pte_t *pte = (pte_t *)page;

	return sizeof(pgtable_t) + sizeof(h) + f(h) * (int)x;
}
