/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk through a unit for an op, in the child. */
#ifndef OPWALK_H
#define OPWALK_H

#include "read/fact.h"

struct op_question { const char *record, *member; };

/* Put the facts of the unit, for fact_kind.read. */
int op_walk(struct fact_reader *r);

#endif
