/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the inputs of the rules need to compile, hand-written: just enough of
 * struct page, struct ptdesc and their helpers that the C compiler tells one
 * from the other.  AFTER makes pgtable_t what the conversion makes of it.  The
 * helpers are only declared: nothing is linked.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>

struct list_head { struct list_head *next, *prev; };
struct rcu_head { struct rcu_head *next; void (*func)(struct rcu_head *); };

struct page {
	unsigned long flags;
	union {
		struct list_head lru;
		struct rcu_head rcu_head;
	};
	unsigned long private;
};

struct ptdesc {
	unsigned long __page_flags;
	union {
		struct list_head pt_list;
		struct rcu_head pt_rcu_head;
	};
	unsigned long __page_mapping;
};

#ifdef AFTER
typedef struct ptdesc *pgtable_t;
#else
typedef struct page *pgtable_t;
#endif

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pud; } pud_t;
typedef unsigned int gfp_t;
struct mm_struct { pgtable_t pmd_huge_pte; struct list_head lru; };
struct mmu_gather { struct mm_struct *mm; };
struct address_space;
struct zone;

#define page_ptdesc(p) (_Generic((p),					\
	const struct page *:	(const struct ptdesc *)(p),		\
	struct page *:		(struct ptdesc *)(p)))
#define ptdesc_page(pt) (_Generic((pt),					\
	const struct ptdesc *:	(const struct page *)(pt),		\
	struct ptdesc *:	(struct page *)(pt)))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define list_entry(ptr, type, member) container_of(ptr, type, member)
/* Type-checked as in the kernel: the member must be a list_head. */
#define list_first_entry(ptr, type, member) \
	((void)sizeof((ptr)->next == &((type *)0)->member), \
	 list_entry((ptr)->next, type, member))
#define list_last_entry(ptr, type, member) \
	list_entry((ptr)->prev, type, member)
#define list_first_entry_or_null(ptr, type, member) \
	((ptr)->next != (ptr) ? list_first_entry(ptr, type, member) : NULL)

#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_entry((head)->next, __typeof__(*pos), member);	\
	     &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)			\
	for (pos = list_entry((head)->prev, __typeof__(*pos), member);	\
	     &pos->member != (head);					\
	     pos = list_entry((pos)->member.prev, __typeof__(*(pos)), member))
#define list_for_each_entry_safe(pos, n, head, member)			\
	for (pos = list_entry((head)->next, __typeof__(*pos), member),	\
	     n = list_next_entry(pos, member); &pos->member != (head);	\
	     pos = n, n = list_next_entry(n, member))

void list_add(struct list_head *entry, struct list_head *head);
void list_del(struct list_head *entry);
int list_empty(const struct list_head *head);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *));

struct page *pmd_page(pmd_t pmd);
struct page *pud_page(pud_t pud);
struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(unsigned long pfn);
struct page *phys_to_page(unsigned long phys);
struct page *alloc_page(gfp_t gfp);
void *page_address(const struct page *page);
void *page_to_virt(const struct page *page);
struct ptdesc *virt_to_ptdesc(const void *addr);
void *ptdesc_to_virt(const struct ptdesc *pt);
struct ptdesc *pmd_ptdesc(pmd_t *pmd);
void *ptdesc_address(const struct ptdesc *pt);
struct ptdesc *pagetable_alloc(gfp_t gfp, unsigned int order);
void pagetable_free(struct ptdesc *pt);
void pagetable_dtor(struct ptdesc *pt);
int pagetable_pte_ctor(struct ptdesc *pt);

pgtable_t pmd_pgtable(pmd_t pmd);
pgtable_t *pmd_huge_pte_of(struct mm_struct *mm, pmd_t *pmd);
void pmd_populate(struct mm_struct *mm, pmd_t *pmd, pgtable_t pte);
void pmd_install_at(struct mm_struct *mm, pmd_t *pmd, int n, pgtable_t pte);
pgtable_t table_alloc(struct mm_struct *mm);
void table_put(struct mm_struct *mm, pgtable_t pte);
void table_free(pgtable_t pte);
void pmd_clear(pmd_t *pmd);

unsigned long page_to_pfn(const struct page *page);
unsigned long page_to_phys(const struct page *page);
int page_to_nid(const struct page *page);
struct zone *page_zone(const struct page *page);
int page_count(const struct page *page);
int PageReserved(const struct page *page);
void SetPageReserved(struct page *page);
void __ClearPageTable(struct page *page);
void __free_page(struct page *page);
void __free_pages(struct page *page, unsigned int order);
void get_page(struct page *page);
void put_page(struct page *page);
void *kmap_local_page(struct page *page);
void clear_highpage(struct page *page);
void inc_lruvec_page_state(struct page *page, int item);
void free_page_and_swap_cache(struct page *page);
void tlb_remove_table(struct mmu_gather *tlb, void *table);
void tlb_remove_page(struct mmu_gather *tlb, struct page *page);
void pr_err(const char *fmt, ...);
unsigned long virt_to_pfn(const void *addr);

#endif
