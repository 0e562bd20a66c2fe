/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_STASH_FREE_H
#define _ASM_STASH_FREE_H

static inline void arch_stash_free(struct mm_struct *mm, struct page *stash)
{
	stash_wipe(stash_to_addr(stash));
	stash_forget(page_stash(stash));
}

#endif
