/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_GENERIC_MMU_H
#define _ASM_GENERIC_MMU_H

typedef struct { unsigned long context; } mm_context_t;

#endif
