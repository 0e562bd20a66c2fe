// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
struct ptdesc;
void take(struct ptdesc *pt);
