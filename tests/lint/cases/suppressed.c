// path: mm/quiet.c
// SPDX-License-Identifier: GPL-2.0-only
static void quiet(struct mm_struct *mm, pgtable_t table)
{
	page_to_pfn(table); /* treewide-lint: allow ptdesc/handle-as-page: the test wants a page */
	/* treewide-lint: allow ptdesc/handle-as-page: the next line */
	page_to_pfn(table);
	page_to_pfn(table); /* WANT: ptdesc/handle-as-page */
	/* treewide-lint: allow ptdesc/handle-as-page */ /* WANT: lint/bad-suppression */
	page_to_pfn(table); /* WANT: ptdesc/handle-as-page */
	/* treewide-lint: allow ptdesc/pmd-ptdesc: nothing */ /* WANT: lint/unused-suppression */
	f();
	/* treewide-lint: allow no/such-rule: a reason */ /* WANT: lint/bad-suppression */
	f();
}
