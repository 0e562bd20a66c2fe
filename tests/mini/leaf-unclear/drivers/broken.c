// SPDX-License-Identifier: GPL-2.0-only
/* A file that does not parse. */
#include <linux/pagewalk.h>

static int here(pte_t *pte, unsigned long hmask,
{ this is not C
static const struct mm_walk_ops gone_ops = { .hugetlb_entry = gone };
