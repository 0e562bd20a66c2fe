// SPDX-License-Identifier: GPL-2.0-only
extern any_op walk_huge;

static const struct mm_walk_ops first_ops = {
	.hugetlb_entry	= walk_huge,
	.walk_lock	= 1,
};

struct mm_walk_ops last_ops = {
	.walk_lock	= 1,
	.hugetlb_entry	= walk_huge
};

int set(struct mm_walk_ops *ops, const struct mm_walk_ops *old)
{
	struct mm_walk_ops mine = first_ops;

	mine.hugetlb_entry = walk_huge;
	ops->hugetlb_entry = NULL;
	if (old->hugetlb_entry)
		return mine.walk_lock;
	return ops->hugetlb_entry == walk_huge;
}
