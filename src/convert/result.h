/* SPDX-License-Identifier: GPL-2.0-only */
/* What a conversion is told, and what comes out of it. */
#ifndef RESULT_H
#define RESULT_H

#include <glib.h>

#include "model/fate.h"
#include "model/ledger.h"
#include "read/ast.h"

/* What the user chose.  The strings are borrowed. */
struct convert_options {
	const char *policy, *scope;	/* one of the manifest's; NULL: it has none */
	const char *accessors;	/* absolute path of what the audit wrote; or NULL */
	gboolean fresh;		/* do not take an earlier result */
};

/* The policy or the scope, or NULL. */
static inline const char *convert_choice(const struct convert_options *o)
{
	return o->policy ? o->policy : o->scope;
}

struct convert_file {
	char *file;
	char *old_text, *new_text;	/* old_text NULL: the file is new */
	gsize old_size, new_size;
	unsigned mode;
};

struct convert_result {
	GPtrArray *files;	/* struct convert_file with changes, by name */
	GPtrArray *problems;	/* char *: why the run is not complete */
	GPtrArray *cells_read, *cells_unread;	/* char * */
	GPtrArray *rules_left;	/* char *: rules that need what the tree lacks, and what */
	GPtrArray *notes;	/* struct note: it compiles, but the author has to look */
	guint units, units_cached;
	guint fates[N_SITE_FATE];
	guint outcomes[N_OUTCOME];	/* sites by how far the engines agree */
	guint edits;
	guint unparsed;		/* lines of code that spatch cannot parse */
	GPtrArray *not_read;	/* char *: "file:line: symbol": sites that no cell reads */
	GPtrArray *refusals;	/* char *: "place: why" */
	char *provenance;	/* lines that head the patch */
	gboolean recalled;	/* nothing changed: all of it is an earlier run's */
};

void result_begin(struct convert_result *res);
void convert_result_clear(struct convert_result *res);

/* The file @name of the result, whose files are sorted by name; NULL: none. */
struct convert_file *result_file(const struct convert_result *res,
				 const char *name);
/* Where line @line of @text begins, from 1; NULL: it has fewer. */
const char *convert_line(const char *text, guint line);
/* "a, b, c and 4 more cells" of @cells (char *); the caller frees it. */
char *convert_cell_list(const GPtrArray *cells);
/* Does the message count?  Those about inline assembly do not. */
gboolean convert_is_relevant(const struct ast_diag *d);

#endif
