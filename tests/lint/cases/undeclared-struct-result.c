// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
/* At file scope the mention declares it. */
struct ptdesc *give(void);
void take(struct ptdesc *pt);
