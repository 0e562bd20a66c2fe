/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads many units in many cells, for the facts of kind "values" alone.
 */
#ifndef READING_H
#define READING_H

#include <glib.h>

#include "read/ast.h"
#include "read/fact.h"
#include "read/values.h"

struct reading {
	const char *tree;
	char **with;			/* folders outside it, absolute; or NULL */
	char **types;
	const char *old_struct;
	GHashTable *files;		/* whose declarations are walked; NULL: messages only */
	const struct ast_unsaved *unsaved;
	guint n_unsaved;
	int jobs;
};

struct reading_result {
	GPtrArray *facts;	/* struct ast_facts, in the order of the units, without those that failed */
	GPtrArray *failed;	/* char *: "cell file: why" */
	guint cached;
};

/* Read @units (struct fact_unit).  0, or -1 after a message if nothing could be run. */
int reading_run(const struct reading *r, const GPtrArray *units,
		struct reading_result *res);

#endif
