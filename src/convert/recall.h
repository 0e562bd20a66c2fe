/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole conversion, remembered: what came out of the same tree (every file's
 * size and times), driver, conversion, policy, cells and spatch comes out again
 * without being worked out again.  Only complete results are kept.
 */
#ifndef RECALL_H
#define RECALL_H

#include "convert/internal.h"

/*
 * Call with the tree scanned and the cells known.  TRUE: c->res and the files of
 * the run are as the conversion left them then; the run's ledger is abandoned.
 */
gboolean recall_take(struct convert *c);

/* Keep the result, with the run's files as they are now.  No error is fatal. */
void recall_keep(const struct convert *c);

#endif
