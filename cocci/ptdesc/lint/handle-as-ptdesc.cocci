// SPDX-License-Identifier: GPL-2.0-only
//
// A page-table handle in the place of a struct ptdesc *, or the other way
// round, in code that is built on archs whose handle is a pte_t *, too.  The
// types are those of the function's own declarations, and of what the tree
// declares (docs/lint.md).
//
// Limits: pointers to functions, and macros that lint.ini gives no type.
// Confidence: high.

@passed@
typedef pgtable_t;
pgtable_t h;
identifier f != ptdesc_page;
expression list[n] before;
position at;
@@
  f@at(before, h, ...)

@wants_ptdesc@
identifier passed.f, x;
parameter list[passed.n] others;
type T;
@@
T f(others, struct ptdesc *x, ...);

@given_handle depends on wants_ptdesc@
identifier passed.f;
position passed.at;
@@
* f@at(...)

@wants_handle@
identifier f, x;
parameter list[n] before;
type T;
@@
T f(before, pgtable_t x, ...);

@given_ptdesc@
identifier wants_handle.f;
expression list[wants_handle.n] before;
struct ptdesc *p;
@@
* f(before, p, ...)

// The result of a call has rules of its own.
@stored@
pgtable_t h;
idexpression struct ptdesc *p;
@@
(
* p = h
|
* h = p
)

@initialised@
pgtable_t h;
identifier p;
@@
* struct ptdesc *p = h;

@initialised_handle@
idexpression struct ptdesc *p;
identifier h;
@@
* pgtable_t h = p;

@returned@
identifier f;
idexpression struct ptdesc *p;
@@
pgtable_t f(...)
{
<...
* return p;
...>
}

@returned_handle@
identifier f;
pgtable_t h;
@@
struct ptdesc *f(...)
{
<...
* return h;
...>
}
