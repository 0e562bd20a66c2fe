// SPDX-License-Identifier: GPL-2.0-only
//
// Members of struct page, reached through a handle, by their names in struct
// ptdesc; the two structs overlay each other (TABLE_MATCH in
// include/linux/mm_types.h), and page.lru lies where pt_list does.
//
// %YIELDS% is the list of functions and macros whose value is a handle; the
// driver fills it in from the AST.
//
// Limits: a member that struct ptdesc has no name for stays as it is; the
// result is read again in every cell, and the place is named then.
// Confidence: high.

@lru@
typedef pgtable_t;
{pgtable_t, struct ptdesc *} h;
symbol lru, pt_list;
@@
  h->
- lru
+ pt_list

@rcu@
{pgtable_t, struct ptdesc *} h;
symbol rcu_head, pt_rcu_head;
@@
  h->
- rcu_head
+ pt_rcu_head

@lru_of_call@
identifier yields =~ "^(%YIELDS%)$";
@@
  yields(...)->
- lru
+ pt_list

@rcu_of_call@
identifier yields =~ "^(%YIELDS%)$";
@@
  yields(...)->
- rcu_head
+ pt_rcu_head

// The list runs through handles: so do its entries.
@entry@
identifier entry =~ "^list_(first|last)_entry(_or_null)?$";
{pgtable_t, struct ptdesc *} h;
@@
  entry(&h->pt_list,
- struct page, lru
+ struct ptdesc, pt_list
  )

@container@
{pgtable_t, struct ptdesc *} h;
expression e;
@@
  h = container_of(e,
- struct page, rcu_head
+ struct ptdesc, pt_rcu_head
  )

// Whoever takes an entry as a handle off any list, and walks over handles.
@entry_of@
identifier taken =~ "^list_(entry|(first|last)_entry(_or_null)?)$";
{pgtable_t, struct ptdesc *} h;
expression e;
@@
  h = taken(e,
- struct page, lru
+ struct ptdesc, pt_list
  )

@neighbour@
identifier next =~ "^list_(next|prev)_entry$";
{pgtable_t, struct ptdesc *} h;
@@
  next(h,
- lru
+ pt_list
  )

@walk@
{pgtable_t, struct ptdesc *} h;
expression head;
iterator name list_for_each_entry, list_for_each_entry_reverse;
iterator name list_for_each_entry_continue, list_for_each_entry_from;
statement S;
@@
(
  list_for_each_entry(h, head,
- lru
+ pt_list
  ) S
|
  list_for_each_entry_reverse(h, head,
- lru
+ pt_list
  ) S
|
  list_for_each_entry_continue(h, head,
- lru
+ pt_list
  ) S
|
  list_for_each_entry_from(h, head,
- lru
+ pt_list
  ) S
)

@walk_safe@
{pgtable_t, struct ptdesc *} h;
expression n, head;
iterator name list_for_each_entry_safe, list_for_each_entry_safe_reverse;
statement S;
@@
(
  list_for_each_entry_safe(h, n, head,
- lru
+ pt_list
  ) S
|
  list_for_each_entry_safe_reverse(h, n, head,
- lru
+ pt_list
  ) S
)
