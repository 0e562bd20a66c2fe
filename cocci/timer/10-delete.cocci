// SPDX-License-Identifier: GPL-2.0-only
//
// A timer is deactivated with timer_delete().
//
// del_timer() is an inline function that calls timer_delete() and does nothing
// else, so the code stays what it is.  Only the name changes: the arguments may
// be anything, and blanks before the parenthesis stay.
//
// Limits: calls only.  A member of that name (struct otg_fsm_ops has one) is
// another thing.  No tree is known to take the function's address; if one does,
// the driver renames it or names the place.
// Confidence: high.

@delete@
@@
- del_timer
+ timer_delete
  (...)
