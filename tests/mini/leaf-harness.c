// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the walkers of the miniature tree on the machine at hand and prints what
 * they see and do: each lock, each entry that is read, each hole, what is left
 * behind and returned.  Linked with the objects before and after a conversion;
 * the two must print the same.
 */
#include <linux/hugetlb.h>
#include <linux/pagewalk.h>

int printf(const char *fmt, ...);
void *memset(void *p, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

int walk_usual(struct mm_struct *mm, unsigned long end, void *private);
struct odd_counters { int hugetlb_entry; };
int odd_walk(struct mm_struct *mm, struct odd_counters *c, bool quick);

struct hstate the_hstate = { .order = 2 };
struct page *mem_map;
static spinlock_t the_lock;
/* Every third huge page is a hole. */
static pte_t entries[16];
static unsigned long out[64];

spinlock_t *huge_pte_lock(struct hstate *h, struct mm_struct *mm, pte_t *pte)
{
	printf("lock %d\n", (int)(pte - entries));
	return &the_lock;
}

void spin_unlock(spinlock_t *lock)
{
	printf("unlock\n");
}

pte_t huge_ptep_get(struct mm_struct *mm, unsigned long addr, pte_t *ptep)
{
	printf("read %d for %lx\n", (int)(ptep - entries), addr);
	return *ptep;
}

pte_t ptep_get(pte_t *ptep)
{
	printf("raw %d\n", (int)(ptep - entries));
	return *ptep;
}

pte_t *hugetlb_walk(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long sz)
{
	unsigned long i = addr / sz;

	printf("walk %lx %lx\n", addr, sz);
	return i % 3 == 2 ? NULL : &entries[i];
}

void hugetlb_vma_lock_read(struct vm_area_struct *vma)
{
	printf("vma lock\n");
}

void hugetlb_vma_unlock_read(struct vm_area_struct *vma)
{
	printf("vma unlock\n");
}

bool huge_pte_none(pte_t pte)
{
	return !pte.pte;
}

bool pte_present(pte_t pte)
{
	return pte.pte & 1;
}

unsigned long pte_pfn(pte_t pte)
{
	return pte.pte >> 1;
}

bool WARN_ON_ONCE(bool cond)
{
	return cond;
}

static int hole(unsigned long addr, unsigned long next, int depth,
		struct mm_walk *walk)
{
	printf("hole %lx-%lx %d\n", addr, next, depth);
	return 0;
}

extern const struct mm_walk_ops *usual_ops[], *odd_ops[], odder_ops[5],
	oddest_ops[10];
int odd_reads(struct mm_walk_ops *o, struct mm_walk_ops *copy);
int odd_unparsed(struct mm_walk_ops *o);
void call_oddest(struct mm_walk_ops *o);

static void walk_all(struct mm_struct *mm, const struct mm_walk_ops **v)
{
	/* Whole pages, and ranges that begin and end within one. */
	static const unsigned long from[] = { 0, 0x1000, 0x6000, 0x3000 };
	static const unsigned long to[] = { 0x14000, 0x3000, 0x9000, 0x4000 };

	for (; *v; v++)
		for (int i = 0; i < 4; i++) {
			struct mm_walk_ops ops = **v;
			int ret;

			ops.pte_hole = i & 1 ? NULL : hole;
			memset(out, 0, sizeof(out));
			ret = walk_page_range(mm, from[i], to[i], &ops, out);
			printf("%lx-%lx: %d;", from[i], to[i], ret);
			for (unsigned k = 0; k < 64; k++)
				if (out[k])
					printf(" %u=%lx", k, out[k]);
			printf("\n");
		}
}

int main(void)
{
	static const struct mm_walk_ops none;
	static const struct mm_walk_ops *skipped[] = { &none, NULL };
	struct mm_struct mm = { 0 };

	for (int i = 0; i < 16; i++)
		entries[i].pte = i % 4 ? 0x100 * i + (i & 1) : 0;
	walk_all(&mm, usual_ops);
	walk_all(&mm, odd_ops);
	for (int i = 0; i < 5; i++) {
		const struct mm_walk_ops *one[] = { &odder_ops[i], NULL };

		walk_all(&mm, one);
	}
	for (int i = 0; i < 10; i++) {
		const struct mm_walk_ops *one[] = { &oddest_ops[i], NULL };

		walk_all(&mm, one);
	}
	for (int i = 0; i < 2; i++) {
		struct mm_walk_ops o = { .pte_hole = i ? hole : NULL }, copy;
		const struct mm_walk_ops *both[] = { &o, &copy, NULL };

		copy = o;
		printf("reads %d\n", odd_reads(&o, &copy));
		walk_all(&mm, both);
		o = (struct mm_walk_ops) { .pte_hole = o.pte_hole };
		printf("unparsed %d\n", odd_unparsed(&o));
		call_oddest(&copy);
		walk_all(&mm, both);
	}
	/* A table without the op is skipped, whatever else it has. */
	walk_all(&mm, skipped);
	return 0;
}
