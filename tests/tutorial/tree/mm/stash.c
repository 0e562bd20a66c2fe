// SPDX-License-Identifier: GPL-2.0-only
#include <linux/stash.h>
#include <asm/stash-free.h>

/* What a stash is, only the arch knows. */
void stash_drop(struct mm_struct *mm)
{
	stash_t stash = stash_find(mm);

	if (stash)
		arch_stash_free(mm, stash);
}

/* A page that is to become a stash, and is none yet. */
void stash_prepare(struct page *page)
{
	stash_wipe(stash_to_addr(page));
	page_stash(page)->owner = 0;
}
