/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

#define NULL ((void *)0)
#define true 1
#define false 0

typedef _Bool bool;
typedef unsigned int gfp_t;
typedef unsigned long size_t;
typedef unsigned long phys_addr_t;

struct list_head { struct list_head *next, *prev; };
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head

#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(ptr, type, member) \
	list_entry((ptr)->next, type, member)
#define list_first_entry_or_null(ptr, type, member) \
	(list_empty(ptr) ? NULL : list_first_entry(ptr, type, member))

#define static_assert(expr) _Static_assert(expr, #expr)
#define __same_type(a, b) \
	__builtin_types_compatible_p(typeof(a), typeof(b))

#define BUG_ON(cond) do { if (cond) __builtin_trap(); } while (0)

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

static inline void list_add(struct list_head *e, struct list_head *l)
{
	e->next = l->next;
	e->prev = l;
	l->next->prev = e;
	l->next = e;
}

static inline void list_del(struct list_head *e)
{
	e->next->prev = e->prev;
	e->prev->next = e->next;
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

#endif
