// path: arch/new/include/asm/tlb.h
// SPDX-License-Identifier: GPL-2.0-only
#ifndef _NEW_TLB_H
#define _NEW_TLB_H

#include <asm-generic/tlb.h>

/* Nothing but directives between two macros. */
#define __pte_free_tlb(tlb, pte, addr) tlb_remove_ptdesc((tlb), page_ptdesc(pte)) /* WANT: ptdesc/handle-as-page */
#define /* a comment */ pte_free(mm, pte) __free_page(pte) /* WANT: ptdesc/handle-as-page */

#endif
