// SPDX-License-Identifier: GPL-2.0-only
//
// The object that a timer is part of is found with timer_container_of(), a macro
// with the arguments of from_timer(); the conversion brings it
// (edits/10-header.edit).
//
// Limits: calls only.  A variable or parameter that is called from_timer, as
// drivers have, stays.  The name is longer: the driver breaks lines that pass 80
// columns behind an argument.
// Confidence: high.

@container_of@
@@
- from_timer
+ timer_container_of
  (...)
