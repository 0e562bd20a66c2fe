/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kind of fact "values": where values of a seed type come from and where
 * they go (see src/read/ast.h), with the errors of the unit.
 */
#ifndef VALUES_H
#define VALUES_H

#include "read/ast.h"

extern const struct fact_kind values_kind;	/* facts: struct ast_facts */

void ast_facts_free(struct ast_facts *f);

#endif
