/* SPDX-License-Identifier: GPL-2.0-only */
/* What is of userfaultfd is declared in <linux/hugetlb.h> of the miniature. */
