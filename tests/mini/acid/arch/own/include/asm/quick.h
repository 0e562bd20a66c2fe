/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_QUICK_H
#define _ASM_QUICK_H

/* The handle goes by another name, and through two macros. */
#define quick_release(owner, victim)				\
	do {							\
		quick_note(victim);				\
		pte_free((owner), (victim));			\
	} while (0)

#define quick_note(what)					\
	do {							\
		if (!PageHighMem(what))				\
			clear_page(page_address(what));		\
	} while (0)

/* A macro that serves pages too. */
#define quick_pfn(p)	(page_to_pfn(p) & ~1UL)

#endif
