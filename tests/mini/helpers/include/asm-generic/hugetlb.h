/* SPDX-License-Identifier: GPL-2.0-only */
/* What archs do not say is in <linux/hugetlb.h> of the miniature. */
