// SPDX-License-Identifier: GPL-2.0-only
//
// A handle is a ptdesc already: page_ptdesc() around it goes, and so does
// ptdesc_page() around a ptdesc that is returned or stored as a handle.
//
// page_ptdesc() and ptdesc_page() are _Generic: an argument of the other type
// is an error, in macros only once somebody expands them.
//
// Limits: the handle must be declared in the file, as pgtable_t.  A cast to
// pgtable_t of what is a handle already goes too.
// Confidence: high.

// The only argument, in parentheses: these go too.
@unwrap_alone@
typedef pgtable_t;
identifier f;
{pgtable_t, struct ptdesc *} h;
@@
  f(
- (page_ptdesc(h))
+ h
  )

@unwrap@
{pgtable_t, struct ptdesc *} h;
@@
- page_ptdesc(h)
+ h

@returned@
identifier f;
expression e;
@@
pgtable_t f(...)
{
<...
- return ptdesc_page(e);
+ return e;
...>
}

@stored@
{pgtable_t, struct ptdesc *} h;
expression e;
@@
  h =
- ptdesc_page(e)
+ e

@cast@
{pgtable_t, struct ptdesc *} h;
@@
- (pgtable_t)h
+ h
