// SPDX-License-Identifier: GPL-2.0-only
//
// A callback by the op that it is put into: its parameters but the last become
// the state.
//
// Runs on what 10-member left.  The body is the driver's: what a parameter's
// use becomes depends on how often and where it is used.  A function of the
// same type that is put into no op in its file stays.
// Confidence: high.

@put@
identifier t, f;
@@
  struct mm_walk_ops t = { ..., .leaf_entry = f, ..., };

@assigned@
expression o;
identifier f;
@@
(
  o->leaf_entry = f
|
  o.leaf_entry = f
)

@definition depends on put@
typedef pte_t;
identifier put.f, pte, hmask, addr, next, walk;
@@
  int f(
- pte_t *pte, unsigned long hmask, unsigned long addr, unsigned long next,
+ struct mm_walk_state *state,
  struct mm_walk *walk)
  { ... }

@definition2 depends on assigned@
identifier assigned.f, pte, hmask, addr, next, walk;
@@
  int f(
- pte_t *pte, unsigned long hmask, unsigned long addr, unsigned long next,
+ struct mm_walk_state *state,
  struct mm_walk *walk)
  { ... }
