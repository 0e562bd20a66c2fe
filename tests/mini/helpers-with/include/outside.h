/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/mm.h>

int outside_reads(struct vm_area_struct *vma, unsigned long addr, pte_t *ptep);
