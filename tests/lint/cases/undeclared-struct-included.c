// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm_types.h>
static inline void take(struct ptdesc *pt)
{
}
