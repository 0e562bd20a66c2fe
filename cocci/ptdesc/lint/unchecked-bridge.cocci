// SPDX-License-Identifier: GPL-2.0-only
//
// A path from an allocation to a bridge on which nobody looks at the result.
//
// Limits: a test in a macro or another function is not seen.
// Confidence: high.

@nofail@
local idexpression p;
identifier alloc =~ "alloc|get_free_page|get_zeroed_page";
position at;
@@
  p@at = alloc(<+... __GFP_NOFAIL ...+>, ...)

@unchecked@
local idexpression p;
identifier alloc =~ "alloc|get_free_page|get_zeroed_page";
identifier bridge =~ "^(page_ptdesc|ptdesc_page)$";
statement S1, S2;
expression e;
position at != nofail.at;
@@
  p@at = alloc(...);
  ... when != if (<+...p...+>) S1 else S2
      when != p = e
      when != \(WARN_ON\|WARN_ON_ONCE\|BUG_ON\|VM_BUG_ON\)(<+...p...+>)
* bridge(p)
