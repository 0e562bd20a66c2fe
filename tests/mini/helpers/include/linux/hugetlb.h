/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of hugetlb as readers of entries use. */
#ifndef _LINUX_HUGETLB_H
#define _LINUX_HUGETLB_H

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <asm/hugetlb.h>

typedef struct { int held; } spinlock_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long p4d; } p4d_t;
typedef struct { unsigned long val; } swp_entry_t;
typedef struct { unsigned long pgprot; } pgprot_t;

void spin_unlock(spinlock_t *lock);

struct hstate { unsigned int order; };
extern struct hstate the_hstate;

#define hstate_vma(vma)		((void)(vma), &the_hstate)
#define huge_page_shift(h)	((h)->order + PAGE_SHIFT)
#define huge_page_size(h)	(PAGE_SIZE << (h)->order)
#define huge_page_mask(h)	(~(huge_page_size(h) - 1))
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define PMD_SHIFT	21
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PUD_SHIFT	30
#define PUD_SIZE	(1UL << PUD_SHIFT)

/* Some questions are macros, some functions. */
#define pte_val(x)	((x).pte)
#define __pte(x)	((pte_t){ (x) })
#define pte_present(e)	((int)(pte_val(e) & 1))
#undef pte_none
#undef pte_pfn
static inline int pte_none(pte_t e) { return !pte_val(e); }
static inline unsigned long pte_pfn(pte_t e) { return pte_val(e) >> PAGE_SHIFT; }
static inline int pte_write(pte_t e) { return !!(pte_val(e) & 2); }
static inline int pte_young(pte_t e) { return !!(pte_val(e) & 4); }
static inline int pte_dirty(pte_t e) { return !!(pte_val(e) & 8); }
static inline pte_t pte_mkold(pte_t e) { return __pte(pte_val(e) & ~4UL); }
static inline int pte_same(pte_t a, pte_t b) { return pte_val(a) == pte_val(b); }
static inline int pte_special(pte_t e) { return !!(pte_val(e) & 16); }
static inline swp_entry_t pte_to_swp_entry(pte_t e)
{
	return (swp_entry_t){ pte_val(e) >> 8 };
}

static inline pte_t swp_entry_to_pte(swp_entry_t e)
{
	return __pte(e.val << 8);
}

static inline pte_t pte_swp_mkuffd_wp(pte_t e) { return __pte(pte_val(e) | 128); }
static inline pte_t make_pte_marker(unsigned long m) { return __pte(m << 16); }

static inline pte_t ptep_get(pte_t *ptep) { return *(volatile pte_t *)ptep; }

/*
 * The forms of a PMD: what is read is what the arch's huge_ptep_get() makes of
 * it in the harness.
 */
#undef pmd_none
#undef pmd_pfn
static inline int pmd_present(pmd_t e) { return e.pmd & 1; }
static inline int pmd_none(pmd_t e) { return !(e.pmd & ~64UL); }
static inline int pmd_raw_none(pmd_t e) { return !e.pmd; }
static inline unsigned long pmd_pfn(pmd_t e) { return e.pmd >> PAGE_SHIFT; }
static inline int pmd_write(pmd_t e) { return e.pmd & 2 && !(e.pmd & 32); }
static inline int pmd_young(pmd_t e) { return !!(e.pmd & 4); }
static inline int pmd_dirty(pmd_t e) { return !!(e.pmd & 8); }
static inline swp_entry_t pmd_to_swp_entry(pmd_t e)
{
	return (swp_entry_t){ e.pmd >> 8 };
}
bool pmd_is_migration_entry(pmd_t e);
pmd_t pmdp_get(pmd_t *pmdp);

#ifdef CONFIG_HUGETLB_PAGE
pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *ptep);
void set_huge_pte_at(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
		     pte_t pte, unsigned long sz);
pte_t huge_ptep_get_and_clear(struct mm_struct *mm, unsigned long addr,
			      pte_t *ptep, unsigned long sz);
pte_t huge_ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr,
			    pte_t *ptep);
void huge_ptep_set_wrprotect(struct mm_struct *mm, unsigned long addr,
			     pte_t *ptep);
int huge_ptep_set_access_flags(struct vm_area_struct *vma, unsigned long addr,
			       pte_t *ptep, pte_t pte, int dirty);
pte_t huge_ptep_modify_prot_start(struct vm_area_struct *vma,
				  unsigned long addr, pte_t *ptep);
void huge_ptep_modify_prot_commit(struct vm_area_struct *vma,
				  unsigned long addr, pte_t *ptep,
				  pte_t old, pte_t pte);
spinlock_t *huge_pte_lock(struct hstate *h, struct mm_struct *mm, pte_t *pte);
pte_t *hugetlb_walk(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long sz);
void hugetlb_vma_lock_read(struct vm_area_struct *vma);
void hugetlb_vma_unlock_read(struct vm_area_struct *vma);
bool is_hugetlb_entry_migration(pte_t pte);

/* hugetlb asks the same as anybody ... */
static inline unsigned long huge_pte_dirty(pte_t pte)
{
	return pte_dirty(pte);
}

/* ... or not quite. */
static inline unsigned long huge_pte_write(pte_t pte)
{
	return pte_val(pte) & 2 && !(pte_val(pte) & 32);
}

static inline int huge_pte_none(pte_t pte) { return !(pte_val(pte) & ~64UL); }
static inline pte_t huge_pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte_val(pte) & ~3UL) | prot.pgprot);
}
static inline pte_t huge_pte_mkdirty(pte_t pte) { return __pte(pte_val(pte) | 8); }
#endif

#endif
