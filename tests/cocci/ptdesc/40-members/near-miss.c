/* SPDX-License-Identifier: GPL-2.0-only */
struct buffer {
	struct list_head lru;
	struct rcu_head rcu_head;
	struct page *page;
};

struct buffer *buffer_of(pmd_t pmd);

/* pgtable->lru in a comment stays: so does all code below. */
static void buffers(struct mm_struct *mm, struct page *page, pmd_t pmd)
{
	struct list_head lru = { &lru, &lru };
	struct buffer *b = list_first_entry(&lru, struct buffer, lru);

	list_add(&b->lru, &lru);
	list_add(&page->lru, &mm->lru);
	list_del(&buffer_of(pmd)->lru);
	list_del(&pmd_page(pmd)->lru);
	page = list_first_entry(&page->lru, struct page, lru);
	pr_err("pgtable->lru %p\n", (void *)page);
}

static void buffer_free(struct rcu_head *head)
{
	struct buffer *b = container_of(head, struct buffer, rcu_head);
	struct page *page = container_of(head, struct page, rcu_head);

	b = container_of(head, struct buffer, rcu_head);
	call_rcu(&b->rcu_head, buffer_free);
	call_rcu(&page->rcu_head, buffer_free);
}

static void opaque(struct mm_struct *mm, pgtable_t pgtable)
{
	mm->pmd_huge_pte = pgtable;
}
