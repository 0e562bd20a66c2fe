/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_NUMA_H
#define _ASM_NUMA_H

int page_to_nid(const struct page *page);

/* Serves tables only, under another name. */
#define table_nid(tpg)		page_to_nid(tpg)
#define table_pfn(tpg)		(page_to_pfn(tpg) & ~1UL)

#endif
