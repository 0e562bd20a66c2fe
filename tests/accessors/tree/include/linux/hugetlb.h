/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Huge entries of an arch that does not exist, for the miniature tree: each
 * helper has what the audit of accessors must tell apart.
 */
#ifndef _LINUX_HUGETLB_H
#define _LINUX_HUGETLB_H

#include <linux/mm.h>
#include <linux/pgtable.h>

typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct { unsigned long val; } swp_entry_t;
typedef unsigned long vm_flags_t;
struct hstate { unsigned int order; };

#define PMD_SHIFT	21
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PUD_SHIFT	30
#define PUD_SIZE	(1UL << PUD_SHIFT)
#define CONT_SIZE	(16 * PAGE_SIZE)
#define MAX_PHYSMEM_BITS 46

#define E_PRESENT	1UL
#define E_WRITE		2UL
#define E_YOUNG		4UL
#define E_DIRTY		8UL
#define E_HUGE		16UL
#define E_UFFD		32UL
#define E_CONT		64UL
#define E_SWAP		128UL

#define pte_val(x)	((x).pte)
#define __pte(x)	((pte_t){ (x) })
#define pud_val(x)	((x).pud)
#define __pud(x)	((pud_t){ (x) })
#define pgprot_val(x)	((x).pgprot)
#define __pgprot(x)	((pgprot_t){ (x) })
#define PAGE_READONLY	__pgprot(E_PRESENT)
#define PAGE_SHARED	__pgprot(E_PRESENT | E_WRITE)

extern struct mm_struct init_mm;
unsigned long surprise(unsigned long v, unsigned long prot);

static inline unsigned int huge_page_shift(struct hstate *h)
{
	return h->order + PAGE_SHIFT;
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte(pfn << PAGE_SHIFT | pgprot_val(prot));
}

static inline pte_t swp_entry_to_pte(swp_entry_t e)
{
	return __pte(e.val << 8 | E_SWAP);
}

static inline swp_entry_t make_readable_migration_entry(unsigned long pfn)
{
	return (swp_entry_t){ pfn };
}

static inline void pte_clear(struct mm_struct *mm, unsigned long addr, pte_t *p)
{
	*p = __pte(0);
}

#define pud_clear(p)	do { *(p) = __pud(0); } while (0)
#define pte_present(e)	((int)(pte_val(e) & E_PRESENT))

bool arch_hugetlb_valid_size(unsigned long size);
pte_t arch_make_huge_pte(pte_t e, unsigned int shift, vm_flags_t flags);
pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *p);

static inline void set_huge_pte_at(struct mm_struct *mm, unsigned long addr,
				   pte_t *p, pte_t e, unsigned long sz)
{
	*p = e;
}

/* The same code. */
static inline unsigned long huge_pte_write(pte_t e)
{
	return pte_val(e) & E_WRITE;
}
#define pmd_write(e)	(pmd_val(e) & E_WRITE)
/* A silent fallback. */
static inline int pud_write(pud_t e) { return 0; }

/* The same on what hugetlb stores, and not on other values. */
static inline int huge_pte_none(pte_t e) { return !pte_val(e); }
static inline int pud_none(pud_t e) { return !(pud_val(e) & ~E_CONT); }

static inline unsigned long huge_pte_dirty(pte_t e)
{
	return pte_val(e) & E_DIRTY;
}
static inline unsigned long pmd_dirty(pmd_t e) { return pmd_val(e) & E_DIRTY; }

static inline pte_t huge_pte_mkdirty(pte_t e)
{
	return __pte(pte_val(e) | E_DIRTY);
}

static inline pte_t huge_pte_wrprotect(pte_t e)
{
	return __pte(pte_val(e) & ~E_WRITE);
}
/* A stub that stops. */
static inline pud_t pud_wrprotect(pud_t e)
{
	__asm__ volatile("ud2");
	__builtin_unreachable();
}
/* A stub that gives its argument. */
static inline pmd_t pmd_wrprotect(pmd_t e) { return e; }

/* One as a number, one as yes or no. */
static inline int huge_pte_uffd_wp(pte_t e) { return pte_val(e) & E_UFFD; }
static inline bool pmd_uffd_wp(pmd_t e) { return pmd_val(e) & E_UFFD; }

static inline pte_t huge_pte_mkuffd_wp(pte_t e)
{
	return __pte(pte_val(e) | E_UFFD);
}

static inline pte_t pte_mkyoung(pte_t e) { return __pte(pte_val(e) | E_YOUNG); }
static inline int pte_young(pte_t e) { return !!(pte_val(e) & E_YOUNG); }
/* The wrong bit. */
static inline int pmd_young(pmd_t e) { return !!(pmd_val(e) & E_DIRTY); }

/* What cannot be seen into. */
static inline pte_t huge_pte_modify(pte_t e, pgprot_t prot)
{
	return __pte(pte_val(e) | pgprot_val(prot));
}
static inline pmd_t pmd_modify(pmd_t e, pgprot_t prot)
{
	return __pmd(surprise(pmd_val(e), pgprot_val(prot)));
}

/* Runs: the huge form gathers. */
static inline pte_t ptep_get(pte_t *p) { return *(volatile pte_t *)p; }
static inline pmd_t pmdp_get(pmd_t *p) { return *(volatile pmd_t *)p; }

#endif
