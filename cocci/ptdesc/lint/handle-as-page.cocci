// SPDX-License-Identifier: GPL-2.0-only
//
// A page-table handle in the place of a struct page: the types are those of
// the function's own declarations.
//
// Limits: the handle must be declared in the function.
// Confidence: high.

@member@
typedef pgtable_t;
pgtable_t h;
identifier m =~ "^(lru|rcu_head|flags|mapping|index|private|_refcount|_mapcount|page_type|compound_head|memcg_data|virtual)$";
@@
* h->m

@call@
pgtable_t h;
identifier f =~ "^(page_to_[a-z]+|page_(address|zone|zonenum|count|mapcount|ref_count|folio|ptdesc)|lowmem_page_address|Page[A-Z][A-Za-z]*|(Set|Clear|__Set|__Clear)Page[A-Z][A-Za-z]*|__free_pages?|get_page|put_page|kmap|kunmap|kmap_atomic|kmap_local_page|clear_highpage|(inc|dec|mod)_(zone|node|lruvec)_page_state)$";
@@
* f(h, ...)

@stored@
pgtable_t h;
struct page *p;
@@
* p = h

@fetched@
struct page *p;
identifier f =~ "^(pmd_pgtable|(__)?pte_alloc_one(_noprof)?|pgtable_trans_huge_withdraw)$";
@@
* p = f(...)

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
@@
pgtable_t f(...)
{
<...
* return p;
...>
}
