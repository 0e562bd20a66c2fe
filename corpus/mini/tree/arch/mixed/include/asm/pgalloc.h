/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_PGALLOC_H
#define _ASM_PGALLOC_H

#ifdef CONFIG_TINY_TABLES
#include <asm/tiny_pgalloc.h>
#else
#include <asm/page_pgalloc.h>
#endif

#endif
