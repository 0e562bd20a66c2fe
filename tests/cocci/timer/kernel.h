/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the inputs of the rules need to compile, hand-written.  The new names are
 * there before and after; AFTER takes the old ones away.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>

struct timer_list { unsigned long expires; };

int timer_delete(struct timer_list *timer);
int timer_delete_sync(struct timer_list *timer);

#define outer_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define timer_container_of(var, timer, field) \
	outer_of(timer, __typeof__(*var), field)

#ifndef AFTER
static inline int del_timer(struct timer_list *timer)
{
	return timer_delete(timer);
}

static inline int del_timer_sync(struct timer_list *timer)
{
	return timer_delete_sync(timer);
}

#define from_timer(var, timer, field) \
	outer_of(timer, __typeof__(*var), field)
#endif

#endif
