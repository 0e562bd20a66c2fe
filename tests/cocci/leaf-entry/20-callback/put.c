// SPDX-License-Identifier: GPL-2.0-only
static int in_table(pte_t *pte, unsigned long hmask, unsigned long addr,
		    unsigned long next, struct mm_walk *walk)
{
	return walk->private != NULL;
}

/* The names do not count. */
static int assigned(pte_t *addr, unsigned long pte, unsigned long hmask,
		    unsigned long walk, struct mm_walk *end)
{
	return end->private != NULL;
}

static int copied(pte_t *pte, unsigned long hmask, unsigned long addr,
		  unsigned long next, struct mm_walk *walk)
{
	return 1;
}

static const struct mm_walk_ops table = {
	.walk_lock = 1,
	.leaf_entry = in_table,
};

void set(struct mm_walk_ops *ops)
{
	struct mm_walk_ops mine = table;

	mine.leaf_entry = copied;
	*ops = mine;
	ops->leaf_entry = assigned;
}
