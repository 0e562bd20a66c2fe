// SPDX-License-Identifier: GPL-2.0-only
//
// The kernel address of the table that a handle stands for.
//
// ptdesc_address() is the same code as page_address(); a guard for tables in
// high memory stays where it is.
// Confidence: high.

@address@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
@@
- page_address(h)
+ ptdesc_address(h)
