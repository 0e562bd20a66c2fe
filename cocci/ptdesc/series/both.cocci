// SPDX-License-Identifier: GPL-2.0-only
//
// Generic code in the middle of a series: where it makes a struct ptdesc * of a
// handle, or a handle of one, it says so, and is right for an arch whose handle
// is a struct page * and for one whose handle is a struct ptdesc *.
//
// Runs on converted text (`treewide series`), where a handle is declared
// pgtable_t.  The last patch of the series takes all of it out again.
// Limits: types of one file only; fields of handle type are not known.
// Confidence: high; what is missed does not build in the cells of an arch that
// is not converted yet.

@member@
typedef pgtable_t;
pgtable_t h;
identifier m;
@@
- h->m
+ pgtable_ptdesc(h)->m

@member_of_call@
identifier yields =~ "^(%YIELDS%)$";
identifier m;
expression list es;
@@
- yields(es)->m
+ pgtable_ptdesc(yields(es))->m

@from_handle@
struct ptdesc *p;
pgtable_t h;
@@
  p =
- h
+ pgtable_ptdesc(h)

@from_call@
struct ptdesc *p;
identifier yields =~ "^(%YIELDS%)$";
expression list es;
@@
  p =
- yields(es)
+ pgtable_ptdesc(yields(es))

@first@
pgtable_t h;
identifier f =~ "^(pagetable_.*|ptdesc_(page|folio|address|to_.*))$";
@@
  f(
- h
+ pgtable_ptdesc(h)
  , ...)

@first_of_call@
identifier yields =~ "^(%YIELDS%)$";
identifier f =~ "^(pagetable_.*|ptdesc_(page|folio|address|to_.*))$";
expression list es;
@@
  f(
- yields(es)
+ pgtable_ptdesc(yields(es))
  , ...)

@second@
pgtable_t h;
identifier f =~ "^(pagetable_.*|.*tlb_remove_.*ptdesc)$";
expression e;
@@
  f(e,
- h
+ pgtable_ptdesc(h)
  , ...)

@to_handle@
pgtable_t h;
struct ptdesc *p;
@@
  h =
- p
+ ptdesc_pgtable(p)

@to_place@
identifier yields =~ "^(%YIELDS%)$";
expression list es;
struct ptdesc *p;
@@
  yields(es) =
- p
+ ptdesc_pgtable(p)

@entry@
identifier yields =~ "^(%YIELDS%)$";
identifier entry =~ "^(list_.*entry.*|container_of)$";
expression list es;
expression e;
identifier m;
@@
  yields(es) =
- entry(e, struct ptdesc, m)
+ ptdesc_pgtable(entry(e, struct ptdesc, m))

@returned@
identifier f;
struct ptdesc *p;
@@
pgtable_t f(...)
{
<...
  return
- p
+ ptdesc_pgtable(p)
  ;
...>
}

@to_first@
struct ptdesc *p;
identifier takes =~ "^(%TAKES0%)$";
@@
  takes(
- p
+ ptdesc_pgtable(p)
  , ...)

@to_second@
struct ptdesc *p;
identifier takes =~ "^(%TAKES1%)$";
expression e;
@@
  takes(e,
- p
+ ptdesc_pgtable(p)
  , ...)

@to_third@
struct ptdesc *p;
identifier takes =~ "^(%TAKES2%)$";
expression e1, e2;
@@
  takes(e1, e2,
- p
+ ptdesc_pgtable(p)
  , ...)

@to_fourth@
struct ptdesc *p;
identifier takes =~ "^(%TAKES3%)$";
expression e1, e2, e3;
@@
  takes(e1, e2, e3,
- p
+ ptdesc_pgtable(p)
  , ...)

// What is made of a page is a handle, unless a struct ptdesc * is wanted there;
// also in the body of a macro.
@as_ptdesc@
identifier make =~ "^(page_ptdesc|virt_to_ptdesc)$";
position q;
struct ptdesc *x;
expression e;
@@
  x = make@q(e)

@as_argument@
identifier make =~ "^(page_ptdesc|virt_to_ptdesc)$";
position q;
identifier f !~ "^(%TAKES0%|%TAKES1%|%TAKES2%|%TAKES3%)$";
expression e;
@@
  f(..., make@q(e), ...)

@as_struct@
identifier make =~ "^(page_ptdesc|virt_to_ptdesc)$";
position q;
identifier m;
expression e;
@@
  make@q(e)->m

@as_result@
identifier make =~ "^(page_ptdesc|virt_to_ptdesc)$";
position q;
identifier f;
expression e;
@@
struct ptdesc *f(...)
{
<...
  return make@q(e);
...>
}

@handle@
identifier make =~ "^(page_ptdesc|virt_to_ptdesc)$";
position p != {as_ptdesc.q, as_argument.q, as_struct.q, as_result.q};
expression e;
@@
- make@p(e)
+ ptdesc_pgtable(make(e))
