// path: arch/new/mm/pool.c
// SPDX-License-Identifier: GPL-2.0-only
struct pool {
	struct page *page;
	pgtable_t table, *more;
	union {
		pgtable_t spare;
		struct page *other;
	};
	struct vm_area *vma;
};

static pgtable_t kept;
static struct page *zero;
void dump(const struct page *page, const char *why, ...);
static pgtable_t get_one(struct pool *p);
static struct page *one(struct pool *p) { return get_one(p); } /* WANT-TYPES: ptdesc/handle-as-page */
static int put(struct pool *p __maybe_unused, pgtable_t table);

static void
calls(struct pool *pool,
      struct mm_struct *mm)
{
	struct page *page = get_one(pool); /* WANT-TYPES: ptdesc/handle-as-page */

	dump(get_one(pool), "x"); /* WANT-TYPES: ptdesc/handle-as-page */
	dump(mm ? get_one(pool) : NULL, "x"); /* WANT-TYPES: ptdesc/handle-as-page */
	put(pool, page); /* WANT-TYPES: ptdesc/handle-as-page */
	put(pool, one(pool)); /* WANT-TYPES: ptdesc/handle-as-page */
	page = mm ? NULL : get_one(pool); /* WANT-TYPES: ptdesc/handle-as-page */
	page = mm ? get_one(pool) : NULL; /* WANT-TYPES: ptdesc/handle-as-page */
	page = (put(pool, NULL), get_one(pool)); /* WANT-TYPES: ptdesc/handle-as-page */
	page = pool->more[0]; /* WANT-TYPES: ptdesc/handle-as-page */
	pool->page = pool->spare; /* WANT-TYPES: ptdesc/handle-as-page */
	pool->table = pool->other; /* WANT-TYPES: ptdesc/handle-as-page */
	zero = kept; /* WANT-TYPES: ptdesc/handle-as-page */
	kept = zero; /* WANT-TYPES: ptdesc/handle-as-page */
	if (page == get_one(pool)) /* WANT-TYPES: ptdesc/handle-as-page */
		return;
}

static struct page *given_back(struct pool *pool, bool x)
{
	return x ? get_one(pool) : NULL; /* WANT-TYPES: ptdesc/handle-as-page */
}

static pgtable_t also(struct pool *pool)
{
	return one(pool) ?: NULL; /* WANT-TYPES: ptdesc/handle-as-page */
}

/* By the text. */
static void in_text(struct mm_struct *mm, pmd_t *pmd, struct page *page, struct ptdesc *pt)
{
	struct page *a = mm ? NULL : pmd_pgtable(*pmd); /* WANT: ptdesc/handle-as-page */
	struct page *b = mm ? pmd_pgtable(*pmd) : NULL, *c; /* WANT: ptdesc/handle-as-page */
	pgtable_t table;

	dump_page(pmd_pgtable(*pmd), "x"); /* WANT: ptdesc/handle-as-page */
	pte_free(mm, page); /* WANT: ptdesc/handle-as-page */
	c = mm ? NULL : pmd_pgtable(*pmd); /* WANT: ptdesc/handle-as-page */
	table = virt_to_page(pmd); /* WANT: ptdesc/handle-as-page */
	table = container_of(head, struct page, rcu_head); /* WANT: ptdesc/handle-as-page */
	list_for_each_entry(table, &mm->list, lru) /* WANT: ptdesc/handle-as-page */
		use(page_ptdesc(pt)); /* WANT: ptdesc/handle-as-page */
}

/* Near misses. */
static void declared_in_two_ways(pgtable_t table);
#ifdef CONFIG_OTHER
static void either(struct page *page);
#else
static void either(pgtable_t table);
#endif

static struct page *near_miss(struct pool *pool, pmd_t *pmd, struct page *page, struct page **pages)
{
	pgtable_t table = page_ptdesc(page);
	struct page *behind = pool->more ? page : ptdesc_page(get_one(pool));

	dump(ptdesc_page(get_one(pool)), "x");
	dump(page, "x");
	put(pool, get_one(pool));
	put(pool, page_ptdesc(one(pool)));
	pages[0] = page;
	pool->table = table ? table : kept;
	pool->page = zero;
	page = table->pt_owner;
	either(table);
	either(page);
	pool->ops->dump(table);
	if (kept == get_one(pool) || page == zero)
		pte_free(pool->mm, kept);
	page = pmd_page(*pmd);
	list_for_each_entry(table, &pool->list, pt_list)
		table = container_of(pool->head, struct ptdesc, pt_rcu_head);
	return kept ? page : ptdesc_page(kept);
}
