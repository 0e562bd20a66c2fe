/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each arch and config makes of a conversion's handle type, computed in
 * each cell: its definition, the size of a table against a page, whether tables
 * share a page, and with that which policy can convert it.  docs/audit.md.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <glib.h>
#include <jansson.h>

#include "model/manifest.h"
#include "tree/tree.h"

enum audit_sharing {
	AUDIT_UNKNOWN,		/* not provable; policies take it as shared */
	AUDIT_ONE,		/* one table a page, also of several pages */
	AUDIT_SEVERAL,
	AUDIT_RUN_TIME,		/* a variable decides: see facts */
};

/* One cell.  The strings belong to @facts but for name, arch and reason. */
struct audit_cell {
	char *name;		/* "m68k/multi" */
	char *arch;		/* the folder under arch/ */
	char *reason;		/* why it could not be read; NULL: it was */

	const char *is;		/* "struct page *" */
	const char *points_to;	/* "old", "new", "entry", "other" */
	const char *file;	/* of the typedef */
	guint line;
	const char *condition;	/* "" under none */
	gint64 table, page;	/* bytes; 0: not constant */
	enum audit_sharing sharing;
	gint64 fragment;	/* bytes from table to table in a page; 0: unknown */
	gint64 tables;		/* a page; 0: unknown */
	json_t *facts;		/* all that src/audit/probe.c found */
};

/* Can a policy convert it, and if not, why. */
struct audit_verdict {
	const char *policy;
	gboolean planned;	/* not one of the conversion's policies yet */
	gboolean can;
	char *why;		/* NULL when it can */
};

/* One typedef: an arch, or one branch of an arch's conditional typedef. */
struct audit_branch {
	char *arch;
	const char *file;
	guint line;
	GPtrArray *cells;	/* struct audit_cell, borrowed */
	GPtrArray *verdicts;	/* struct audit_verdict */
};

struct audit {
	GPtrArray *cells;	/* struct audit_cell, sorted by name */
	GPtrArray *branches;	/* struct audit_branch, sorted */
	GPtrArray *archs_without;	/* char *: archs of the tree, no cell */
	GPtrArray *absent;	/* char *: cells that the tree has no config for, and why */
	guint cached;
};

/* Why the manifest cannot be asked, or NULL; static text. */
const char *audit_refuses(const struct manifest *m);

/*
 * Read @cells (struct cell_info) of @t, each in a child, through the cache.
 * @only: archs (NULL-terminated) that are asked about, NULL for all.  0, or -1
 * after a message.
 */
int audit_run(const struct tree *t, const struct manifest *m,
	      const GPtrArray *cells, char **only, int jobs, struct audit *a);
void audit_clear(struct audit *a);

/*
 * The archs of the tree that no cell is for, char *; with @only, only of those.
 * NULL after a message.
 */
GPtrArray *audit_archs_without(const struct tree *t, const GPtrArray *cells,
			       char **only);

/* NULL when the cell was not read. */
const struct audit_cell *audit_find(const struct audit *a, const char *cell);

/*
 * "several tables a page: 16 of 256 bytes in 4096; FILE:LINE: an address with
 * an offset".  The caller frees it.
 */
char *audit_sharing_text(const struct audit_cell *c);
extern const char *const audit_sharing_name[];

/* For one cell: struct audit_verdict, a policy each. */
GPtrArray *audit_verdicts(const struct manifest *m, const struct audit_cell *c);

#endif
