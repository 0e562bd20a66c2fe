// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
/* The fields of a struct have no scope of their own: this declares it. */
struct thing {
	struct ptdesc *pt;
};
void take(struct ptdesc *pt);
