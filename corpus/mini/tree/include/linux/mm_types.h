/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/types.h>
#include <asm/mmu.h>
#include <asm/page.h>

struct address_space;

struct page {
	unsigned long flags;
	union {
		struct list_head lru;
		struct rcu_head rcu_head;
	};
	struct address_space *mapping;
	unsigned long private;
};

/* The descriptor of a page that is a page table; it lies over struct page. */
struct ptdesc {
	unsigned long __page_flags;
	union {
		struct list_head pt_list;
		struct rcu_head pt_rcu_head;
	};
	unsigned long __page_mapping;
	pgtable_t pmd_huge_pte;
};

#define ptdesc_page(pt)		(_Generic((pt),				\
	const struct ptdesc *:	(const struct page *)(pt),		\
	struct ptdesc *:	(struct page *)(pt)))

#define page_ptdesc(p)		(_Generic((p),				\
	const struct page *:	(const struct ptdesc *)(p),		\
	struct page *:		(struct ptdesc *)(p)))

struct mm_struct {
	pgd_t *pgd;
#ifndef CONFIG_SPLIT_PMD_LOCKS
	pgtable_t pmd_huge_pte;	/* protected by the lock of the mm */
#endif
	unsigned long pgtables_bytes;
	int users;
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
	unsigned long vm_start, vm_end;
};

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	pmd_t *pmd;
	pte_t *pte;
	pgtable_t prealloc_pte;	/* a table that was allocated ahead */
};

#endif
