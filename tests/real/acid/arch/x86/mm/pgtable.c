/* SPDX-License-Identifier: GPL-2.0-only */

struct x86_table_stash {
	struct page *spare;
	unsigned int n;
};

static struct x86_table_stash stash;

int x86_fill_stash(struct mm_struct *mm)
{
	stash.spare = pte_alloc_one(mm);
	if (!stash.spare)
		return -ENOMEM;
	stash.n++;
	return 0;
}

void x86_use_stash(struct mm_struct *mm, pmd_t *pmd)
{
	pmd_populate(mm, pmd, stash.spare);
	stash.spare = NULL;
	stash.n--;
}
