/* SPDX-License-Identifier: GPL-2.0-only */
static void deposit(struct mm_struct *mm, pmd_t *pmdp, pgtable_t pgtable)
{
	pgtable_t head = mm->pmd_huge_pte;

	if (!head)
		list_del(&pgtable->lru);
	else
		list_add(&pgtable->lru, &head->lru);
	mm->pmd_huge_pte = pgtable;
}

static pgtable_t withdraw(struct mm_struct *mm, pmd_t *pmdp)
{
	pgtable_t pgtable = mm->pmd_huge_pte;
	pgtable_t next, last;

	next = list_first_entry_or_null(&pgtable->lru, struct page, lru);
	last = list_last_entry(&pgtable->lru, struct page, lru);
	if (next && last)
		list_del(&next->lru);
	return next;
}

static pgtable_t first(pgtable_t pgtable)
{
	pgtable_t entry = list_first_entry(&pgtable->lru, struct page, lru);

	return entry;
}

static void detach(pmd_t pmd)
{
	list_del(&pmd_pgtable(pmd)->lru);
	pmd_pgtable(pmd)->rcu_head.func = NULL;
}

static void free_now(struct rcu_head *head)
{
	pgtable_t pgtable;

	pgtable = container_of(head, struct page, rcu_head);
	pmd_populate(NULL, NULL, pgtable);
}

static void free_defer(pgtable_t pgtable)
{
	call_rcu(&pgtable->rcu_head, free_now);
}
