// SPDX-License-Identifier: GPL-2.0-only
//
// Helpers that take a struct page and have no ptdesc form: the handle is
// bridged with ptdesc_page().
//
// Limits: the helpers are known by the shape of their names; for a call that
// this rule does not know, the driver bridges the argument when the callee's
// parameter is a struct page in the AST.
// Confidence: high; ptdesc_page() must not run on a NULL pointer that nobody
// tested, which casts do not care about but readers do.

@bridge@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
identifier f =~ "^(page_to_[a-z]+|Page[A-Z][A-Za-z]*|(Set|Clear|__Set|__Clear)Page[A-Z][A-Za-z]*|__free_pages?|get_page|put_page|page_(zone|zonenum|to_nid|ref_count|count|mapcount)|kmap|kmap_atomic|kmap_local_page|kunmap|clear_highpage|free_page_and_swap_cache|(inc|dec|mod)_(zone|node|lruvec)_page_state|__?(inc|dec|mod)_[a-z]+_page_state)$";
@@
  f(
- h
+ ptdesc_page(h)
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
