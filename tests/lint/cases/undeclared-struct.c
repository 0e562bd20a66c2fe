// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
void take(struct ptdesc *pt); /* WANT: ptdesc/undeclared-struct */
void take_more(struct ptdesc *pt);
