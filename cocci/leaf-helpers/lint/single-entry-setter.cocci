// SPDX-License-Identifier: GPL-2.0-only
//
// A setter for one entry where the code just found out that the mapping is
// hugetlb's.
//
// Limits: the test and the setter stand in one function; the negated form is
// not looked for.
// Confidence: high.

@folio@
expression x;
identifier f =~ "^(set_pte_at|set_ptes|ptep_get_and_clear|ptep_set_wrprotect|ptep_clear_flush|ptep_set_access_flags|pte_clear)$";
@@
  if (folio_test_hugetlb(x)) {
  <...
* f(...)
  ...>
  }

@vma@
expression x;
identifier f =~ "^(set_pte_at|set_ptes|ptep_get_and_clear|ptep_set_wrprotect|ptep_clear_flush|ptep_set_access_flags|pte_clear)$";
@@
  if (is_vm_hugetlb_page(x)) {
  <...
* f(...)
  ...>
  }

@folio_else@
expression x;
identifier f =~ "^(set_pte_at|set_ptes|ptep_get_and_clear|ptep_set_wrprotect|ptep_clear_flush|ptep_set_access_flags|pte_clear)$";
statement S;
@@
  if (folio_test_hugetlb(x)) {
  <...
* f(...)
  ...>
  } else S

@vma_else@
expression x;
identifier f =~ "^(set_pte_at|set_ptes|ptep_get_and_clear|ptep_set_wrprotect|ptep_clear_flush|ptep_set_access_flags|pte_clear)$";
statement S;
@@
  if (is_vm_hugetlb_page(x)) {
  <...
* f(...)
  ...>
  } else S
