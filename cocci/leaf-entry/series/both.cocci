// SPDX-License-Identifier: GPL-2.0-only
//
// The walker in the middle of a series: it calls leaf_entry(), and
// hugetlb_entry() of those who have no leaf_entry() yet.
//
// Runs on converted text (`treewide series`); the last patch of the series takes
// all of it out again.
// Limits: the walker is expected to have hmask, addr and next at hand, as the
// old call needed them; where it does not, the first patch does not build.
// Confidence: high.

@op@
typedef pte_t;
@@
struct mm_walk_ops {
	...
+	/* private: of walkers that have no leaf_entry() yet */
+	int (*hugetlb_entry)(pte_t *pte, unsigned long hmask,
+			     unsigned long addr, unsigned long next,
+			     struct mm_walk *walk);
};

@call@
expression err, state, walk;
identifier ops;
@@
- err = ops->leaf_entry(state, walk);
+ if (ops->leaf_entry)
+	err = ops->leaf_entry(state, walk);
+ else
+	err = ops->hugetlb_entry(pte, hmask, addr, next, walk);

@test@
identifier ops;
statement S;
@@
  if (
- ops->leaf_entry
+ ops->leaf_entry || ops->hugetlb_entry
  ) S
