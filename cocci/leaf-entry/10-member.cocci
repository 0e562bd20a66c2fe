// SPDX-License-Identifier: GPL-2.0-only
//
// The op by the type of its record: tables, assignments, and whoever calls or
// tests it.
//
// The driver finds the same places with libclang, in the configs that it reads;
// this rule sees all configs of a file, but only types that the file spells.
// Where both look they must agree.  A call keeps its arguments here: what the
// state holds is the caller's to say (edits/).
// Confidence: high.

@table@
identifier t;
expression e;
@@
  struct mm_walk_ops t = { ...,
- .hugetlb_entry
+ .leaf_entry
  = e, ..., };

@member@
struct mm_walk_ops o;
@@
- o.hugetlb_entry
+ o.leaf_entry

@pointer@
struct mm_walk_ops *o;
@@
- o->hugetlb_entry
+ o->leaf_entry
