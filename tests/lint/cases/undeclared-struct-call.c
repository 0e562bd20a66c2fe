// path: arch/new/include/asm/thing.h
// SPDX-License-Identifier: GPL-2.0-only
/* Where the call is declared, so is what it gives. */
static inline void *table(void)
{
	struct ptdesc *pt = pagetable_alloc(GFP_KERNEL, 0);

	return pt ? ptdesc_address(pt) : NULL;
}
