/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stages of a conversion hand on.  Only src/convert/convert.c and its stages
 * include this: src/convert/steps.c (what several pipelines do), src/convert/handle/resolve.c (read the
 * cells, follow the flow), src/convert/handle/rewrite.c (semantic patches and the driver's own
 * edits), src/convert/handle/bridge.c (what no rule met), src/convert/handle/fate.c (the fate of every site).
 */
#ifndef CONVERT_INTERNAL_H
#define CONVERT_INTERNAL_H

#include <glib.h>

#include "read/ast.h"
#include "audit/audit.h"
#include "read/cell.h"
#include "convert/convert.h"
#include "text/edit.h"
#include "convert/handle/flow.h"
#include "convert/handle/handle.h"
#include "model/ledger.h"
#include "read/reading.h"
#include "smpl/smpl.h"
#include "text/source.h"
#include "convert/treeedit.h"

struct convert {
	struct tree *t;
	struct manifest *m;
	struct handle *h;
	const char *policy;	/* one of the manifest's, or NULL: it has none */
	const char *run;
	int jobs;
	struct convert_result *res;

	struct ledger *ledger;
	GPtrArray *sites;	/* struct site copies */
	GHashTable *symbols;	/* seeds and derived names: char * set */
	GHashTable *code_files;	/* C files with a site in code: char * set */
	guint64 manifest;	/* of the tree, as the scan met it */
	GPtrArray *cells;
	GHashTable *sources;	/* file -> struct source */
	GPtrArray *source_list;	/* the same, by name */
	GPtrArray *units;
	GPtrArray *facts;
	struct flow *flow;
	GHashTable *mentions;	/* function -> GPtrArray of files, or NULL: too many */
	GHashTable *asked;	/* functions the flow asked for */
	guint depth;		/* of macros that call macros */
	GHashTable *through;	/* "function macro file" -> a macro that calls it */
	GHashTable *page_archs, *read_archs;
	GPtrArray *rules;	/* struct smpl_rule */
	GPtrArray *smpl_jobs;
	struct edit_set *edits;
	GHashTable *absent;	/* what optional parts call and the tree has not; or NULL */
	GHashTable *handle_lines;	/* "FILE:LINE" set, while fates are decided */
	GPtrArray *refusals;	/* struct refusal */
	struct audit audit;	/* of the archs whose handle does not change */
};

/* A use that cannot be converted, and what stays with it. */
struct refusal {
	char *arch;		/* NULL: everything */
	char *why, *evidence;
};

/* Is the site C code, whatever arm or macro it stands in? */
gboolean convert_is_code(const struct site *s);
/* The source, loaded when it is not yet; NULL when it cannot be read. */
struct source *convert_source(struct convert *c, const char *file);
/* Load all files of code_files, and list them by name. */
void convert_load_sources(struct convert *c);
/* Does the handle of the source's arch, or of any for a generic one, change? */
gboolean convert_may_change(const struct convert *c, const struct source *s);

/* src/convert/steps.c: what more than one kind of conversion does. */

/* "FILE:OFF"; the caller frees it. */
char *convert_at_key(const char *file, gsize off);
/* Where line @line of @text begins, from 1; NULL: it has fewer. */
const char *convert_line(const char *text, guint line);
/* Which cells are read, and which not and why, into the result. */
void convert_note_cells(struct convert *c);
/* One more unit to read. */
void convert_add_unit(struct convert *c, const struct cell_info *cell,
		      const char *file);
/* Units that could not be read (char *) are problems. */
void convert_note_unread(struct convert *c, const GPtrArray *failed);
/* The edit of "driver/RULE" that puts @text for bytes @from to @to. */
void convert_put_edit(struct convert *c, const struct source *s, gsize from,
		      gsize to, const char *text, const char *rule);
/* The edits and files of the conversion's folder, as tree_edits() says. */
int convert_tree_edits(struct convert *c, const char *when, GHashTable *texts,
		       GPtrArray *files);
/*
 * Look up in the tree what the files of the conversion's folder call.  A name
 * that is missing and that only optional parts call goes to c->absent; any other
 * is an error.  0, or -1 after a message for each.
 */
int convert_check_names(struct convert *c);
/* Files that the tree has not (struct tree_file), into the result. */
void convert_add_files(struct convert *c, const GPtrArray *files);
/*
 * The texts of the result for libclang, as many as it has files; the caller
 * frees the array, not the texts.
 */
struct ast_unsaved *convert_unsaved(const struct convert *c);
/* No cell reads the site, whose fate is known: note where it stands, and why. */
void convert_note_unseen(struct convert *c, struct site *s);
/* All edits, into the ledger. */
void convert_record_edits(struct convert *c);

/* Where the value of a frontier stands in its source: bytes and tokens. */
struct value_span {
	gsize from, to;
	gsize first, last;
	gsize near_from, near_to;	/* with what a rule about it edits */
};
/* FALSE when it is not one run of tokens in the source. */
gboolean convert_value_span(const struct source *s,
			    const struct flow_frontier *f,
			    struct value_span *v);
/*
 * Does a macro of this name carry handles?  Then a use of its argument is its
 * body's affair, not its caller's.
 */
gboolean convert_carries(const struct convert *c, const char *macro);
/* Did a semantic patch make the edit, alone or with the driver? */
gboolean convert_edit_of_rule(const struct edit *e);

/* "a, b, c and 4 more cells" of @cells (char *); the caller frees it. */
char *convert_cell_list(const GPtrArray *cells);

/* Wrap what no rule met. */
void convert_bridge(struct convert *c);
/* The result for @file, or NULL: it does not change. */
struct convert_file *convert_result_of(const struct convert *c,
				       const char *file);
/* Edits that a cell with another type behind the handle sees are problems. */
void convert_check_shared(struct convert *c);

/*
 * Scan for the seed types and @symbols, into a new ledger: the sites.  0, or -1
 * after a message, as the next two.
 */
int convert_scan(struct convert *c, char **symbols);
/* Are there no two edits of one place? */
int convert_check_edits(struct convert *c);
/* The files as the edits leave them, into the result. */
int convert_make_texts(struct convert *c);
/* Is the message about more than inline assembly? */
gboolean convert_our_matter(const struct ast_diag *d);
/* The first of @diags (struct ast_diag) that is our matter, in @file unless that
 * is NULL; NULL: none. */
const struct ast_diag *convert_first_error(const GPtrArray *diags,
					   const char *file);
/*
 * A unit that compiles nowhere shows nothing: its code has a mistake, or somebody
 * else knows its flags.  See the @error, or NULL, of each reading of a @unit into
 * @seen (char * set and map, borrowed); then tell.
 */
void convert_see_error(GHashTable *seen, const char *unit,
		       const struct ast_diag *error);
void convert_tell_errors(struct convert *c, GHashTable *seen);
/* The notes of the result into the ledger. */
int convert_save_notes(struct convert *c);

/* All that is behind the scan, for a conversion of an op ([op]). */
int convert_op(struct convert *c);
/* The same for a conversion of entries to leaves ([leaf]). */
int convert_leaf(struct convert *c);

/* The stages: 0, or -1 after a message. */
int convert_resolve(struct convert *c);
int convert_rewrite(struct convert *c);
void convert_decide(struct convert *c);

/*
 * Read all units.  @unsaved: the converted texts; then only the messages are
 * wanted.  The caller frees what is in @out.
 */
int convert_read_units(struct convert *c, const struct ast_unsaved *unsaved,
		       guint n_unsaved, struct reading_result *out);

#endif
