/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the facts of kind "op" through the fact store. */
#ifndef OPFACTS_H
#define OPFACTS_H

#include "read/oprecord.h"

struct op_reading {
	const char *tree;
	char **with;		/* folders outside it, absolute; or NULL */
	const char *record, *member;	/* "mm_walk_ops", "hugetlb_entry" */
	const struct ast_unsaved *unsaved;	/* converted texts: messages only */
	guint n_unsaved;
	int jobs;
};

/*
 * Read @units (struct fact_unit) through the store.  Appends struct op_facts to
 * @out and to @failed (char *) what could not be read.  0, or -1 after a
 * message when nothing could be run.
 */
int op_read(const struct op_reading *r, const GPtrArray *units, GPtrArray *out,
	    GPtrArray *failed, guint *cached);
void op_facts_free(gpointer p);

#endif
