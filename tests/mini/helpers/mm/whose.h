/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WHOSE_H
#define WHOSE_H

/* Asks at once, and includes nothing by itself. */
static inline int whose_header(struct vm_area_struct *vma, unsigned long addr,
			       pte_t *p)
{
	return pte_young(huge_ptep_get(vma->vm_mm, addr, p));
}
#endif
