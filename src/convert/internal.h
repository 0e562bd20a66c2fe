/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the steps of the pipeline hand on, and what they offer to shapes.  Only
 * the pipeline (src/convert/) and the shapes below it include this.
 */
#ifndef CONVERT_INTERNAL_H
#define CONVERT_INTERNAL_H

#include <glib.h>

#include "convert/result.h"
#include "convert/treeedit.h"
#include "model/ledger.h"
#include "model/manifest.h"
#include "model/note.h"
#include "read/ast.h"
#include "read/cell.h"
#include "read/reading.h"
#include "read/seen.h"
#include "smpl/smpl.h"
#include "text/edit.h"
#include "text/source.h"
#include "tree/tree.h"

struct shape;
struct shape_site;

struct convert {
	struct tree *t;
	struct manifest *m;
	const struct shape *shape;
	gpointer data;		/* the shape's own */
	struct convert_options opt;
	const char *run;
	int jobs;
	struct convert_result *res;

	/* After the scan. */
	struct ledger *ledger;
	GPtrArray *sites;	/* struct site, by file and offset */
	GHashTable *by_file;	/* file -> GPtrArray of its sites */
	GHashTable *symbols;	/* seeds and derived names: char * set */
	guint64 manifest;	/* of the tree, as the scan met it */
	guint unread;		/* files and folders that could not be read */
	GPtrArray *cells;	/* struct cell_info */

	/* After reading. */
	GHashTable *code_files;	/* C files that may change: char * set */
	GHashTable *also_read;	/* further files that are read: char * set */
	GHashTable *sources;	/* file -> struct source */
	GPtrArray *source_list;	/* the same, by name */
	GPtrArray *units;	/* struct fact_unit */
	GPtrArray *facts;	/* the shape's kind of facts */
	GArray *read;		/* struct shape_unit: of each of the facts */
	GHashTable *foreign;	/* unit -> a cell that drops it, and why: char * */
	struct seen *seen;	/* which cells read what */
	GHashTable *asked;	/* names that were asked for: char * set */
	GHashTable *look_up;	/* those that were not looked up yet: char * set */

	/* After the rules. */
	GPtrArray *rules;	/* struct smpl_rule */
	GPtrArray *smpl_jobs;	/* struct smpl_job: a file that the rules ran on */
	GHashTable *ran;	/* their files -> struct smpl_job */
	GHashTable *unparsed;	/* "FILE:LINE" set: what spatch left out */
	struct edit_set *smpl;	/* what the rules say, if they do not decide */

	GHashTable *absent;	/* what optional parts call and the tree has not: char * set */
	struct edit_set *edits;	/* what is done */
	GPtrArray *new_files;	/* struct tree_file */
	GPtrArray *refusals;	/* struct refusal */
};

/* A use that cannot be converted, and what stays with it. */
struct refusal {
	char *arch, *file;	/* both NULL: everything */
	char *why, *evidence;
};

/* src/convert/state.c: an empty struct convert, and the end of it. */
void convert_begin(struct convert *c);
void convert_end(struct convert *c);

/* The steps, each 0, or -1 after a message. */
int convert_scan(struct convert *c, char **symbols);	/* sites.c */
int convert_rescan(struct convert *c);
int convert_report_new_archs(struct convert *c);
int convert_read(struct convert *c);			/* read.c */
int convert_rules(struct convert *c);			/* rules.c */
int convert_edit(struct convert *c);			/* texts.c */
int convert_verify(struct convert *c);			/* verify.c */
int convert_fates(struct convert *c);			/* fates.c */
int convert_save(struct convert *c);			/* save.c */

/*
 * src/convert/names.c: look up in the tree what the files of the conversion's
 * folder call.  A name that is missing and that only optional parts call goes to
 * c->absent; any other is an error.  0, or -1 after a message for each.
 */
int convert_check_names(struct convert *c);

/* src/convert/sites.c */

/* Is the site C code, whatever arm or macro it stands in? */
gboolean convert_is_code(const struct site *s);
/* A site that the scan did not find; the pipeline owns it then. */
int convert_add_site(struct convert *c, struct site *s, const char *origin);

/* src/convert/read.c */

/* Ask what the tree has of @name, unless that was asked before. */
void convert_ask(struct convert *c, const char *name);
/* Read @file, too; it may change.  FALSE: that is so already. */
gboolean convert_add_file(struct convert *c, const char *file);
/* Look up what was asked: 1: files were added; 0: none; -1 after a message. */
int convert_look_up(struct convert *c);
/*
 * shape->read() for values: of @types, with pointers to @old_struct ("" for
 * none), in @files (a set).
 */
int convert_read_values(struct convert *c, char **types,
			const char *old_struct, GHashTable *files,
			GPtrArray **facts, GPtrArray *failed, guint *cached);

/* src/convert/texts.c */

/* The source, loaded when it is not yet; NULL when it cannot be read. */
struct source *convert_source(struct convert *c, const char *file);
/* Load all files of code_files, and list them by name. */
void convert_load_sources(struct convert *c);
/* Make the files of the result from the edits.  0, or -1 after a message. */
int convert_make_texts(struct convert *c);
/*
 * The texts of the result for libclang, as many as it has files; the caller
 * frees the array, not the texts.
 */
struct ast_unsaved *convert_unsaved(const struct convert *c);
/* The edit of "driver/RULE" that puts @text for bytes @from to @to. */
void convert_put_edit(struct convert *c, const struct source *s, gsize from,
		      gsize to, const char *text, const char *rule);
/* Which cells are read, and which are not and why, into the result. */
void convert_note_cells(struct convert *c);
/*
 * Write the rule @r as it stands to rules/ of the run, from where it is run: what
 * spatch gets is what the run keeps.  0, or -1 after a message.
 */
int convert_place_rule(const struct convert *c, struct smpl_rule *r);
/* Did a semantic patch make the edit, alone or with the driver? */
gboolean convert_edit_of_rule(const struct edit *e);

/* src/convert/verify.c: the refusal that @file depends on, or NULL. */
const struct refusal *convert_refusal_of(const struct convert *c,
					 const char *file);

/* src/convert/fates.c */

/* The cells that read byte @off of @s: char *, borrowed; free the array. */
GPtrArray *convert_cells_at(const struct convert *c, const struct source *s,
			    gsize off);
/* Is line @line of @file among those that spatch left out? */
gboolean convert_is_unparsed(const struct convert *c, const char *file,
			     guint line);

/* src/convert/steps.c: small things. */

/* "FILE:OFF"; the caller frees it. */
char *convert_at_key(const char *file, gsize off);
/* "FILE:LINE" of byte @off; the caller frees it. */
char *convert_place(struct convert *c, const char *file, gsize off);
/* Units that could not be read (char *) are problems.  Frees the array. */
void convert_note_failed(struct convert *c, GPtrArray *failed);
/*
 * The first relevant error of @diags (struct ast_diag), in @file unless that is
 * NULL; without those that only -Werror= makes errors.  NULL: none.
 */
const struct ast_diag *convert_first_error(const GPtrArray *diags,
					   const char *file);
/* An empty set of char *, which it owns. */
GHashTable *convert_set_new(void);

#endif
