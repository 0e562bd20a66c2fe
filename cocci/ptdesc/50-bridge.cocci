// SPDX-License-Identifier: GPL-2.0-only
//
// Helpers that take a struct page and have no ptdesc form: the handle is
// bridged with ptdesc_page().
//
// %HELPERS% is the manifest's `helpers`.
//
// Limits: the helpers are known by the shape of their names; for a call that
// this rule does not know, the driver bridges the argument when the callee's
// parameter is a struct page in the AST.
// Confidence: high; ptdesc_page() must not run on a NULL pointer that nobody
// tested, which casts do not care about but readers do.

@bridge@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
identifier f =~ "^(%HELPERS%)$";
@@
  f(
- h
+ ptdesc_page(h)
  , ...)

// The handle that a call gives, which may be a macro: its type is not seen.
// %GIVES% is what gives one that is never NULL; the driver fills it in.
@bridge_call@
identifier f =~ "^(%HELPERS%)$";
identifier gives =~ "^(%GIVES%)$";
expression list es;
@@
  f(
- gives(es)
+ ptdesc_page(gives(es))
  , ...)

// A function that takes the page through a void pointer: another call gives it
// ptdesc_page() of something.
@sibling@
identifier f;
expression e, t;
@@
  f(t, ptdesc_page(e))

@bridge_void@
{pgtable_t, struct ptdesc *} h;
identifier sibling.f;
expression t;
@@
  f(t,
- h
+ ptdesc_page(h)
  )
