// SPDX-License-Identifier: GPL-2.0-only
//
// The kernel address of the table that a handle stands for: page_address() of
// the bridged handle.
//
// ptdesc_address() does the same through one more inline function, and gcc 12
// then compiles some callers to other, equal code (riscv, and m68k of 7.2).  A
// conversion of types leaves objects as they are, byte for byte; to use the
// ptdesc helper is a change of its own that can follow.  A guard for tables in
// high memory stays where it is.
// Confidence: high.

@address@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
@@
  page_address(
- h
+ ptdesc_page(h)
  )

// The handle that a call gives, which may be a macro: its type is not seen.
@address_of_call@
identifier gives =~ "^(%GIVES%)$";
expression list es;
@@
  page_address(
- gives(es)
+ ptdesc_page(gives(es))
  )
