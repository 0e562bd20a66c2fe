/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of hugetlb as walkers use. */
#ifndef _LINUX_HUGETLB_H
#define _LINUX_HUGETLB_H

#include <linux/mm.h>
#include <linux/pgtable.h>

typedef struct { int held; } spinlock_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long p4d; } p4d_t;

void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

#define EXPORT_SYMBOL_GPL(name)	\
	extern typeof(name) name; \
	void *__exported_##name = (void *)name

struct hstate { unsigned int order; };
extern struct hstate the_hstate;

#define hstate_vma(vma)		((void)(vma), &the_hstate)
#define huge_page_shift(h)	((h)->order + PAGE_SHIFT)
#define huge_page_size(h)	(PAGE_SIZE << (h)->order)
#define huge_page_mask(h)	(~(huge_page_size(h) - 1))

#ifdef CONFIG_HUGETLB_PAGE
#define PMD_SHIFT	21
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PUD_SHIFT	30
#define PUD_SIZE	(1UL << PUD_SHIFT)

struct folio;
typedef struct { unsigned long val; } swp_entry_t;

bool WARN_ON_ONCE(bool cond);
spinlock_t *huge_pte_lock(struct hstate *h, struct mm_struct *mm, pte_t *pte);
spinlock_t *pmd_lock(struct mm_struct *mm, pmd_t *pmd);
spinlock_t *pud_lock(struct mm_struct *mm, pud_t *pud);
spinlock_t *pte_lockptr(struct mm_struct *mm, pmd_t *pmd);
pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *ptep);
pte_t *hugetlb_walk(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long sz);
void hugetlb_vma_lock_read(struct vm_area_struct *vma);
void hugetlb_vma_unlock_read(struct vm_area_struct *vma);
struct folio *page_folio(struct page *page);
pte_t ptep_get(pte_t *ptep);
pmd_t pmdp_get(pmd_t *pmdp);
pud_t pudp_get(pud_t *pudp);

#define ASK(name) bool name(pte_t pte)
ASK(pte_present); ASK(pte_write); ASK(pte_dirty); ASK(pte_young);
ASK(pte_soft_dirty); ASK(pte_uffd_wp); ASK(huge_pte_write);
ASK(huge_pte_dirty); ASK(huge_pte_none); ASK(huge_pte_uffd_wp);
ASK(pte_swp_soft_dirty); ASK(pte_swp_uffd_wp_any);
bool pmd_swp_uffd_wp(pmd_t pmd);
#define IS_ENABLED(option)	0
#undef pte_none
ASK(pte_none);
#undef pte_pfn
unsigned long pte_pfn(pte_t pte);
swp_entry_t pte_to_swp_entry(pte_t pte);
swp_entry_t pmd_to_swp_entry(pmd_t pmd);
swp_entry_t swp_entry(unsigned long type, unsigned long offset);
bool is_migration_entry(swp_entry_t entry);
#endif

#endif
