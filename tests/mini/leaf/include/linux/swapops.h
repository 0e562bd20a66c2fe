/* SPDX-License-Identifier: GPL-2.0-only */
/* Swap entries are declared in <linux/hugetlb.h> of the miniature. */
