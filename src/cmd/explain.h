/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a line was changed, or was not: what the ledger of a run knows about it,
 * with the chain of the declaration flow down to a handle.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stdio.h>

/*
 * Print what the ledger @path knows about @place, "FILE:LINE".  0; 1 when it
 * knows nothing about it; -1 after a message.
 */
int explain(const char *path, const char *place, FILE *out);

#endif
