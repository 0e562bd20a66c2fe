// SPDX-License-Identifier: GPL-2.0-only
/* Handles behind macros that read, write or take them as they are. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) do { *(volatile __typeof__(x) *)&(x) = (v); } while (0)

#define take(cache) ({							\
	struct page *__p = (cache)->spare;				\
	(cache)->spare = NULL;						\
	__p;								\
})
#define exchange(a, b) do {						\
	pgtable_t __t = (a);						\
									\
	(a) = (b);							\
	(b) = __t;							\
} while (0)
#define table_of(pmdp)		pmd_pgtable(*(pmdp))

struct cache {
	struct mm_struct	*mm;
	struct page		*spare;
	pgtable_t		hot;
	struct list_head	tables;
	pgtable_t		ring[4];
};

struct ops {
	pgtable_t	(*get)(struct mm_struct *mm);
	unsigned long	(*pfn)(struct page *table);
};

void link(struct list_head *a, struct list_head *b);
void drop(struct page *table);
void drop(struct page *table)
{
	pagetable_pte_dtor(page_ptdesc(table));
	__free_page(table);
}

static unsigned long any_pfn(struct page *p)
{
	return page_to_pfn(p);
}

void strange(struct cache *c, pmd_t *pmd, unsigned long addr)
{
	pgtable_t tables[2] = { pmd_pgtable(*pmd), c->hot };
	pgtable_t hot = addr ? c->hot : c->ring[0];
	__typeof__(pmd_pgtable(*pmd)) t = pmd_pgtable(*pmd);

	exchange(tables[0], tables[1]);
	c->spare = tables[0];
	pte_free(c->mm, take(c));
	link(&table_of(pmd)->lru, &c->tables);
	link(&c->ring[2]->lru, &c->tables);
	exchange(c->hot, hot);
	drop(READ_ONCE(c->ring[0]));
	WRITE_ONCE(c->ring[1], t);
	link(&READ_ONCE(c->ring[2])->lru, &c->tables);
	addr += any_pfn(t) + any_pfn(virt_to_page(pmd)) + sizeof(*hot);
	c->mm->users = addr;
	c->hot = t;
}

void ops_use(struct ops *o, struct mm_struct *mm)
{
	mm->users = o->pfn(o->get(mm));
}
