/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which accessors of huge entries a tree has, and what stands for each at each
 * level, as libclang sees it in each cell.  Which names count and what they
 * are called elsewhere is data: accessors.ini of a conversion.  What they do is
 * not asked here (tools/treewide-audit-accessors does).
 */
#ifndef ACCESSORS_H
#define ACCESSORS_H

#include <glib.h>

#include "read/cell.h"
#include "read/cellfacts.h"
#include "model/manifest.h"
#include "tree/tree.h"

/*
 * accessors.ini of @m, with names as the tree spells them, and its *@text, which
 * the caller frees; NULL after a message.
 */
GKeyFile *accessors_rules(const struct manifest *m, char **text);

/*
 * The native names of the helper @name at the level @level ("pmd"), in the
 * order in which they are tried; NULL when @rules say nothing of the helper.
 * The caller frees them.
 */
char **accessors_natives(GKeyFile *rules, const char *name, const char *level);

/* Why the helper is left out, or NULL; the caller frees it. */
char *accessors_skipped(GKeyFile *rules, const char *name);

/* As cellfacts_run(); the facts are in docs/audit.md, "What is found". */
GPtrArray *accessors_find(const struct tree *t, GKeyFile *rules,
			  const GPtrArray *cells, int jobs, guint *cached);

#endif
