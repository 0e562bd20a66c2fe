// SPDX-License-Identifier: GPL-2.0-only
/* Handles under other names of the type, and out of sight for a while. */
#include <linux/pgtable.h>
#include <asm/tlb.h>

typedef struct page *table_page_t;
#define TABLE_PAGE struct page

#define DEFINE_PUT(lvl)							\
static void put_##lvl(struct page *lvl##_page)				\
{									\
	put_page(lvl##_page);						\
}
DEFINE_PUT(pte)

struct bits {
	union {
		pgtable_t	table;
		unsigned long	val;
	};
	void		*cookie;
};

static unsigned long pfn_of(struct page *page)
{
	return page_to_pfn(page);
}

unsigned long opaque_sum(struct mm_struct *mm, pmd_t *pmd)
{
	table_page_t alias = pmd_pgtable(*pmd);
	TABLE_PAGE *other = pmd_pgtable(*pmd);
	struct page *const fixed = pmd_pgtable(*pmd);
	struct bits bits = { .table = pmd_pgtable(*pmd) };
	void *cookie = pmd_pgtable(*pmd);
	unsigned long pfn;

	put_pte(pmd_pgtable(*pmd));
	bits.cookie = pmd_pgtable(*pmd);
	pfn = pfn_of(alias) + pfn_of(other) + pfn_of((pgtable_t)cookie) +
	      pfn_of(mem_map + bits.val);
	pte_free(mm, fixed);
	pte_free(mm, (struct page *)cookie);
	pte_free(mm, bits.cookie);
	return pfn;
}
