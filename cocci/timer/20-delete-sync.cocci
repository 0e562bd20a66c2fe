// SPDX-License-Identifier: GPL-2.0-only
//
// A timer is deactivated, and a running callback waited for, with
// timer_delete_sync().
//
// del_timer_sync() is an inline function that calls timer_delete_sync() and does
// nothing else.  That many of these calls should be timer_shutdown_sync(), since
// the object with the timer is freed next, is another change: it is for someone
// who knows the driver.
//
// Limits: calls only, as 10-delete.
// Confidence: high.

@delete_sync@
@@
- del_timer_sync
+ timer_delete_sync
  (...)
