// SPDX-License-Identifier: GPL-2.0-only
//
// The kernel address of the table that a handle stands for.
//
// ptdesc_address() does what page_address() does; a guard for tables in
// high memory stays where it is.
// In virt_to_pfn() the address is bridged instead: with ptdesc_address() gcc 12
// compiles riscv's pmd_populate() to other (equal) code, and a conversion of
// types leaves objects as they are, byte for byte.
// Confidence: high.

@pfn@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
@@
  virt_to_pfn(page_address(
- h
+ ptdesc_page(h)
  ))

@address@
{pgtable_t, struct ptdesc *} h;
@@
- page_address(h)
+ ptdesc_address(h)
