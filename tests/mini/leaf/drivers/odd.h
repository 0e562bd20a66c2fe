/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ODD_H
#define ODD_H

#include <linux/pagewalk.h>

/* A callback with linkage: a prototype, in its file another one. */
int odd_shared(pte_t *, unsigned long, unsigned long, unsigned long,
	       struct mm_walk *);

/* A loop's end that only this header tells. */
#define while_less(n, max)	while ((n) < (max))

/* Another record has a member of that name. */
struct odd_counters { int hugetlb_entry; };

#endif
