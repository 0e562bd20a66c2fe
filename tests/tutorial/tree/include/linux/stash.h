/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_STASH_H
#define _LINUX_STASH_H

#include <linux/stash_types.h>
#include <asm/stash.h>

stash_t stash_find(struct mm_struct *mm);
void stash_drop(struct mm_struct *mm);

#endif
