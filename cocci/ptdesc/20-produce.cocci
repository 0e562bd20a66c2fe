// SPDX-License-Identifier: GPL-2.0-only
//
// Where a page becomes a handle: the page that an entry points to, returned
// from a function that returns a handle, cast to one, or stored in one.  It is
// wrapped in page_ptdesc(): pmd_ptdesc() is something else, the descriptor of
// the page that holds the pmd.
//
// Limits: only the helpers named here are known to give a struct page.
// Confidence: high.

// The parentheses around the cast are optional (an isomorphism), and go.
@cast@
typedef pgtable_t;
identifier page =~ "^(p[mu4g]d_page|(virt|pfn|phys|vmalloc)_to_page)$";
expression e;
@@
- ((pgtable_t)page(e))
+ page_ptdesc(page(e))

@returned@
identifier f;
identifier page =~ "^(p[mu4g]d_page|(virt|pfn|phys|vmalloc)_to_page)$";
expression e;
@@
pgtable_t f(...)
{
<...
  return
- page(e)
+ page_ptdesc(page(e))
  ;
...>
}

@stored@
{pgtable_t, struct ptdesc *} h;
identifier page =~ "^(p[mu4g]d_page|(virt|pfn|phys|vmalloc)_to_page)$";
expression e;
@@
  h =
- page(e)
+ page_ptdesc(page(e))
