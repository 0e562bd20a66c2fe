// path: arch/new/include/asm/page.h
// SPDX-License-Identifier: GPL-2.0-only
typedef unsigned long pgtable_t; /* WANT: ptdesc/typedef */
typedef struct page *pgtable_t; /* WANT: ptdesc/typedef */
typedef struct { pte_t *p; } pgtable_t; /* WANT: ptdesc/typedef */
/* Near misses. */
typedef pte_t *pgtable_t;
typedef struct ptdesc *pgtable_t;
typedef struct page *other_t;
typedef int (*fn_t)(pgtable_t);
