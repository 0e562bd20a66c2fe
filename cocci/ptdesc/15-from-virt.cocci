// SPDX-License-Identifier: GPL-2.0-only
//
// A handle made of the table's address: virt_to_ptdesc(), which is page_ptdesc()
// of virt_to_page(), one inline function over the same macro.
//
// requires: include/linux/mm.h: virt_to_ptdesc(
// Limits: a tree without it gets page_ptdesc(virt_to_page()) of 20-produce.
// Confidence: high.

@returned@
typedef pgtable_t;
identifier f;
expression e;
@@
pgtable_t f(...)
{
<...
  return
- virt_to_page(e)
+ virt_to_ptdesc(e)
  ;
...>
}

@stored@
pgtable_t h;
expression e;
@@
  h =
- virt_to_page(e)
+ virt_to_ptdesc(e)
