// SPDX-License-Identifier: GPL-2.0-only
//
// A variable that stays a struct page meets a handle: bridged where the value
// goes from one to the other.  Variables that carry nothing but handles are
// declared so before these rules run; what is left is code in which a variable
// holds other pages too, and code that no cell reads.
//
// %GIVES% is the list of functions and macros whose value is a handle and never
// NULL, %TAKES0% to %TAKES3% those whose first to fourth parameter is a handle;
// the driver fills them in.  A value that may be NULL is not bridged where it is
// made: it must be tested first.
//
// Limits: the variable must be declared in the file.
// Confidence: high.

@from_call@
typedef pgtable_t;
struct page *p;
identifier gives =~ "^(%GIVES%)$";
expression list es;
@@
  p =
- gives(es)
+ ptdesc_page(gives(es))

// What a call gives is the business of the rule above, or may be NULL.
@from_handle@
struct page *p;
{pgtable_t, struct ptdesc *} h;
identifier f;
@@
(
  p = f(...)
|
  p =
- h
+ ptdesc_page(h)
)

@to_handle@
struct page *p;
{pgtable_t, struct ptdesc *} h;
@@
  h =
- p
+ page_ptdesc(p)

@to_first@
struct page *p;
identifier takes =~ "^(%TAKES0%)$";
@@
  takes(
- p
+ page_ptdesc(p)
  , ...)

@to_second@
struct page *p;
identifier takes =~ "^(%TAKES1%)$";
expression e;
@@
  takes(e,
- p
+ page_ptdesc(p)
  , ...)

@to_third@
struct page *p;
identifier takes =~ "^(%TAKES2%)$";
expression e1, e2;
@@
  takes(e1, e2,
- p
+ page_ptdesc(p)
  , ...)

@to_fourth@
struct page *p;
identifier takes =~ "^(%TAKES3%)$";
expression e1, e2, e3;
@@
  takes(e1, e2, e3,
- p
+ page_ptdesc(p)
  , ...)

@returned@
identifier f;
struct page *p;
@@
pgtable_t f(...)
{
<...
  return
- p
+ page_ptdesc(p)
  ;
...>
}

@returned_old@
identifier f;
{pgtable_t, struct ptdesc *} h;
@@
struct page *f(...)
{
<...
  return
- h
+ ptdesc_page(h)
  ;
...>
}
