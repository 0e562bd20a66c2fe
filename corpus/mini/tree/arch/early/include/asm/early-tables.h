/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_EARLY_TABLES_H
#define _ASM_EARLY_TABLES_H

extern void early_table_free(struct page *table, int level);

#endif
