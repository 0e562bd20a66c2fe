// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
struct thing_ops {
	void (*take)(struct ptdesc *pt); /* WANT: ptdesc/undeclared-struct */
};
