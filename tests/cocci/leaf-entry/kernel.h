/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the inputs of the rules need to compile, hand-written.  AFTER makes the
 * op what the conversion makes of it; before, the new name stands for the old
 * op, too, since 20-callback runs on what 10-member left.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>

typedef struct { unsigned long pte; } pte_t;
struct mm_walk { void *private; };
struct mm_walk_state;

typedef int old_op(pte_t *pte, unsigned long hmask, unsigned long addr,
		   unsigned long next, struct mm_walk *walk);
typedef int new_op(struct mm_walk_state *state, struct mm_walk *walk);

struct mm_walk_ops {
	int (*pmd_entry)(struct mm_walk *walk);
#ifdef AFTER
	new_op *leaf_entry;
#else
	old_op *leaf_entry, *hugetlb_entry;
#endif
	int walk_lock;
};

#ifdef AFTER
typedef new_op any_op;
#else
typedef old_op any_op;
#endif

#endif
