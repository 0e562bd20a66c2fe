/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_STASH_FREE_H
#define _ASM_STASH_FREE_H

#define arch_stash_free(mm, stash)			\
	do {						\
		stash_wipe(stash_to_addr(stash));	\
		stash_forget(page_stash(stash));	\
	} while (0)

#endif
