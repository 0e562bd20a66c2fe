// SPDX-License-Identifier: GPL-2.0-only
//
// A page-table handle in the place of a struct page, or the other way round.
// The types are those of the function's own declarations, and of what the tree
// declares: lint puts the prototypes, fields and variables that the function
// names in front of it (docs/lint.md).
//
// Limits: pointers to functions, and macros that lint.ini gives no type.
// Confidence: high.

@member@
typedef pgtable_t;
pgtable_t h;
identifier m =~ "^(lru|rcu_head|flags|mapping|index|private|_refcount|_mapcount|page_type|compound_head|memcg_data|virtual)$";
@@
* h->m

@call@
{pgtable_t, struct ptdesc *} h;
identifier f =~ "^(page_to_[a-z]+|page_(address|zone|zonenum|count|mapcount|ref_count|folio|ptdesc)|lowmem_page_address|Page[A-Z][A-Za-z]*|(Set|Clear|__Set|__Clear)Page[A-Z][A-Za-z]*|__free_pages?|get_page|put_page|kmap|kunmap|kmap_atomic|kmap_local_page|clear_highpage|(inc|dec|mod)_(zone|node|lruvec)_page_state)$";
@@
* f(h, ...)

// What a function takes.  First the calls that are given a handle, then whether
// such a function takes a page: the other order asks of each function that takes
// one, which is slow.  "c ? e : h" has the type of h for spatch.
@passed@
{pgtable_t, struct ptdesc *} h;
identifier f;
expression list[n] before;
expression c, e;
position at;
@@
(
  f@at(before, h, ...)
|
  f@at(before, c ? h : e, ...)
)

@wants_page@
identifier passed.f, x;
parameter list[passed.n] others;
type T;
@@
T f(others, struct page *x, ...);

@given_handle depends on wants_page@
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

@given_page@
identifier wants_handle.f;
expression list[wants_handle.n] before;
struct page *p;
@@
* f(before, p, ...)

// What is stored.
@stored@
{pgtable_t, struct ptdesc *} h;
struct page *p;
expression c, e;
@@
(
* p = h
|
* p = c ? h : e
|
* p = h ?: e
|
* p == h
|
* p != h
|
* h == p
|
* h != p
)

@stored_page@
pgtable_t h;
struct page *p;
expression c, e;
@@
(
* h = p
|
* h = c ? p : e
|
* h = p ?: e
)

@initialised@
{pgtable_t, struct ptdesc *} h;
identifier p;
expression c, e;
@@
(
* struct page *p = h;
|
* struct page *p = c ? h : e;
)

@initialised_page@
struct page *p;
identifier h;
expression c, e;
@@
(
* pgtable_t h = p;
|
* pgtable_t h = c ? p : e;
)

@fetched@
struct page *p;
identifier f =~ "^(pmd_pgtable|(__)?pte_alloc_one(_noprof)?|pgtable_trans_huge_withdraw)$";
@@
* p = f(...)

// What is given back.
@returned@
identifier f;
identifier page =~ "^(ptdesc_page|p[mu]d_page|virt_to_page|pfn_to_page|phys_to_page|alloc_pages?)$";
@@
pgtable_t f(...)
{
<...
* return page(...);
...>
}

@returned_page@
identifier f;
struct page *p;
expression c, e;
@@
pgtable_t f(...)
{
<...
(
* return p;
|
* return c ? p : e;
|
* return p ?: e;
)
...>
}

@returned_handle@
identifier f;
{pgtable_t, struct ptdesc *} h;
expression c, e;
@@
struct page *f(...)
{
<...
(
* return h;
|
* return c ? h : e;
|
* return h ?: e;
)
...>
}
