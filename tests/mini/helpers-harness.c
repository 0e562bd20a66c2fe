// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the readers of the miniature tree with entries of all kinds and prints
 * what is read and what they answer.  Linked with the objects before and after a
 * conversion; the two must print the same.
 */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

int printf(const char *fmt, ...);

struct mm_walk_state;
unsigned long read_plain(struct vm_area_struct *vma, unsigned long addr,
			 pte_t *ptep);
int read_nested(struct mm_walk *walk, unsigned long addr, pte_t *pte);
int read_among(struct vm_area_struct *vma, struct mm_struct *mm,
	       unsigned long addr, pte_t *at);
int read_both(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep,
	      bool huge);
int read_second(struct vm_area_struct *dst, struct vm_area_struct *src,
		unsigned long addr, pte_t *ptep);
int read_state(struct mm_walk_state *state, struct mm_walk *walk,
	       unsigned long addr, pte_t *ptep);
int read_copy(struct mm_walk *walk, unsigned long addr, pte_t *ptep);

int hugetlb_inside(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
int hugetlb_same(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
int hugetlb_through(struct vm_area_struct *a, struct vm_area_struct *b,
		    struct mm_struct *mm, unsigned long addr);
int hugetlb_zap(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
int hugetlb_flush(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
int hugetlb_age(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
void hugetlb_move(struct vm_area_struct *vma, unsigned long addr, pte_t *p);
void hugetlb_protect(struct vm_area_struct *vma, unsigned long addr, pte_t *p,
		     pgprot_t prot);

struct odd { struct vm_area_struct *vma; pte_t e; };
#define VMA struct vm_area_struct *vma
int odd_chosen(VMA, pte_t *p, bool huge);
int odd_loop(VMA, pte_t *p);
int odd_chain(VMA, pte_t *p);
int odd_comma(VMA, pte_t *p);
int odd_array(VMA, pte_t *p);
int odd_typed(VMA, pte_t *p);
int odd_shadow(VMA, pte_t *p);
int odd_member(struct odd *o, VMA, pte_t *p);
int odd_recursion(VMA, pte_t *p);
int odd_pair(VMA, pte_t *p);
int odd_macros(VMA, pte_t *p);

struct hstate the_hstate = { .order = 9 };
static struct mm_struct one, two;
static bool quiet;
static pte_t entries[] = {
	{ 0 }, { 1 }, { 0x5005 }, { 0x700f }, { 0x9023 }, { 0x4000 }, { 64 },
	{ 0x8000000000000001 }, { 0xffff }, { 2 }, { 0 }, { 0 }
};
static struct vm_area_struct a = { .vm_mm = &one }, b = { .vm_mm = &two };

/* As an arch does that gathers bits: what is read is not what is stored. */
pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	if (!quiet)
		printf("read %d of %d for %lx\n", (int)(ptep - entries),
		       mm == &two, addr);
	return (pte_t){ ptep->pte ^ 0x10000 };
}

/* The tables of the two VMAs begin with different entries. */
pte_t *hugetlb_walk(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long sz)
{
	return entries + (vma == &b);
}

void set_huge_pte_at(struct mm_struct *mm, unsigned long addr, pte_t *ptep,
		     pte_t pte, unsigned long sz)
{
	printf("set %d of %d for %lx to %lx, %lx\n", (int)(ptep - entries),
	       mm == &two, addr, pte.pte, sz);
}

int huge_ptep_set_access_flags(struct vm_area_struct *vma, unsigned long addr,
			       pte_t *ptep, pte_t pte, int dirty)
{
	printf("grant %d of %d for %lx %lx, %d\n", (int)(ptep - entries),
	       vma == &b, addr, pte.pte, dirty);
	return pte.pte & 1;
}

pte_t huge_ptep_modify_prot_start(struct vm_area_struct *vma,
				  unsigned long addr, pte_t *ptep)
{
	printf("start %d of %d for %lx\n", (int)(ptep - entries), vma == &b,
	       addr);
	return (pte_t){ ptep->pte ^ 20 };
}

void huge_ptep_modify_prot_commit(struct vm_area_struct *vma,
				  unsigned long addr, pte_t *ptep, pte_t old,
				  pte_t pte)
{
	printf("commit %d of %d for %lx, %lx to %lx\n", (int)(ptep - entries),
	       vma == &b, addr, old.pte, pte.pte);
}

/* Another bit says that the entry was cleared. */
pte_t huge_ptep_get_and_clear(struct mm_struct *mm, unsigned long addr,
			      pte_t *ptep, unsigned long sz)
{
	printf("clear %d of %d for %lx, %lx\n", (int)(ptep - entries),
	       mm == &two, addr, sz);
	return (pte_t){ ptep->pte ^ 12 };
}

pte_t huge_ptep_clear_flush(struct vm_area_struct *vma, unsigned long addr,
			    pte_t *ptep)
{
	printf("flush %d of %d for %lx\n", (int)(ptep - entries),
	       vma == &b, addr);
	return (pte_t){ ptep->pte ^ 4 };
}

void huge_ptep_set_wrprotect(struct mm_struct *mm, unsigned long addr,
			     pte_t *ptep)
{
}

/* One entry has one format: the forms of PMDs say the same. */
pmd_t pmdp_get(pmd_t *pmdp)
{
	pte_t *ptep = (pte_t *)pmdp;

	if (!quiet)
		printf("read %d natively\n", (int)(ptep - entries));
	return (pmd_t){ ptep->pte ^ 0x10000 };
}

bool pmd_is_migration_entry(pmd_t pmd)
{
	return !(pmd.pmd & 1) && pmd.pmd >> 12;
}

bool is_hugetlb_entry_migration(pte_t pte)
{
	return !(pte.pte & 1) && pte.pte >> 12;
}

#if __has_include(<linux/pt_leaf.h>)
#include <linux/pt_leaf.h>

static void check_levels(void)
{
	static const struct { unsigned int order, level; } sizes[] = {
		{ 0, FW_LEVEL_PTE }, { 4, FW_LEVEL_PTE }, { 8, FW_LEVEL_PTE },
		{ 9, FW_LEVEL_PMD }, { 13, FW_LEVEL_PMD },
		{ 18, FW_LEVEL_PUD }, { 19, FW_LEVEL_PUD },
	};

	for (int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct hstate h = { .order = sizes[i].order };
		struct pt_leaf leaf = pt_leaf_get_huge(&h, &one, 0, entries);

		if (leaf.level != sizes[i].level ||
		    leaf.shift != sizes[i].order + PAGE_SHIFT ||
		    pt_leaf_of_pte(entries[0]).level != FW_LEVEL_PTE)
			__builtin_trap();
	}
}
#endif

int main(void)
{
	struct mm_walk walk = { .mm = &two, .vma = &b };
	void *state[] = { &the_hstate };

	quiet = 1;
#if __has_include(<linux/pt_leaf.h>)
	check_levels();
#endif
	quiet = 0;
	for (int i = 0; i < 10; i++) {
		pte_t *p = entries + i;

		printf("%d plain %lx\n", i, read_plain(&a, 8, p));
		printf("%d nested %d\n", i, read_nested(&walk, 7, p));
		printf("%d among %d\n", i, read_among(&b, &two, 6, p));
		printf("%d both %d %d\n", i, read_both(&a, 5, p, 0),
		       read_both(&a, 5, p, 1));
		printf("%d second %d\n", i, read_second(&a, &b, 4, p));
		printf("%d state %d\n", i, read_state((void *)state, &walk, 3, p));
		printf("%d copy %d\n", i, read_copy(&walk, 2, p));
		printf("%d inside %d %d %d\n", i, hugetlb_inside(&a, 1, p),
		       hugetlb_same(&a, 1, p), hugetlb_through(&a, &b, &one, 1));
		printf("%d written %d %d\n", i, hugetlb_zap(&b, 1, p),
		       hugetlb_flush(&b, 1, p));
		printf("%d odd %d %d %d %d %d\n", i, odd_chosen(&a, p, 0),
		       odd_chosen(&a, p, 1), odd_loop(&a, p), odd_chain(&a, p),
		       odd_comma(&a, p));
		printf("%d aged %d\n", i, hugetlb_age(&b, 1, p));
		hugetlb_move(&b, 1, p);
		hugetlb_protect(&b, i & 1, p, (pgprot_t){ 2 });
		/* The size of a variable may change. */
		printf("%d odder %d %d %d\n", i, odd_array(&a, p),
		       odd_typed(&a, p), odd_shadow(&a, p) & 3);
		printf("%d oddest %d %d %d %d\n", i,
		       odd_member(&(struct odd){ .e = { 0x1004 } }, &a, p),
		       odd_recursion(&a, p), odd_pair(&a, p),
		       odd_macros(&a, p));
	}
	return 0;
}
