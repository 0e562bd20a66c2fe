/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_STASH_TYPES_H
#define _LINUX_STASH_TYPES_H

#include <linux/mm.h>

/* The descriptor of a page that is a stash; it lies over struct page. */
struct stash {
	unsigned long __page_flags;
	struct list_head list;
	unsigned long __page_mapping;
	unsigned long owner;
};

#define stash_page(s)		(_Generic((s),				\
	const struct stash *:	(const struct page *)(s),		\
	struct stash *:		(struct page *)(s)))

#define page_stash(p)		(_Generic((p),				\
	const struct page *:	(const struct stash *)(p),		\
	struct page *:		(struct stash *)(p)))

/* Where its memory is. */
static inline void *stash_to_addr(struct page *page)
{
	return page_address(page);
}

static inline void *stash_address(const struct stash *stash)
{
	return page_address(stash_page((struct stash *)stash));
}

void stash_wipe(void *memory);
void stash_forget(struct stash *stash);

#endif
