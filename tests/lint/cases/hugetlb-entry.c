// path: fs/walk.c
// SPDX-License-Identifier: GPL-2.0-only
static const struct mm_walk_ops ops = {
	.pmd_entry = a_pmd,
	.hugetlb_entry = a_hugetlb, /* WANT: leaf-entry/hugetlb-entry */
};

static void set(struct mm_walk_ops *o)
{
	o->hugetlb_entry = a_hugetlb; /* WANT: leaf-entry/hugetlb-entry */
}

/* Near misses. */
static const struct mm_walk_ops none = {
	.hugetlb_entry = NULL,
	.pte_entry = hugetlb_entry,
};

static int call(const struct mm_walk_ops *o)
{
	if (o->hugetlb_entry)
		return o->hugetlb_entry(pte, mask, a, b, walk);
	return o->hugetlb_entry == NULL;
}
