// SPDX-License-Identifier: GPL-2.0-only
//
// Where the table is in the linear map: ptdesc_to_virt(), which is page_to_virt()
// of the bridged handle, one inline function over the same macro.
// page_address() is another thing (30-address): with CONFIG_HIGHMEM it looks the
// page up.
//
// requires: include/linux/mm.h: ptdesc_to_virt(
// Limits: a tree without it (Linux 7.2) gets the bridge of 50-bridge.
// Confidence: high.

@to_virt@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
@@
- page_to_virt(h)
+ ptdesc_to_virt(h)
