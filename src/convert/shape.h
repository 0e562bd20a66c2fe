/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shape is what one kind of conversion knows, decides and edits beyond what
 * every conversion does.  There is one pipeline (src/convert/convert.c); it calls
 * the functions below, in the order in which they stand here, and does all the
 * rest itself.  It never asks which shape it has.
 *
 * To add a shape, write its file with a `const struct shape shape_NAME`, declare
 * it at the end of this header, and add a line to the table in
 * src/convert/shapes.c.  A manifest with a section [NAME] then gets it.
 *
 * Functions that are NULL are optional; the pipeline does what "NULL:" says.
 * Functions that return int return 0, or -1 after a message.  What must be done
 * by hand, but does not stop the run, is added to c->res->problems.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <glib.h>

#include "convert/internal.h"
#include "model/fate.h"

/* So often the pipeline reads, at most: the last round decides without asking. */
#define SHAPE_ROUNDS 4

/* Which options a shape takes, besides --policy or --scope. */
enum shape_takes {
	SHAPE_TAKES_WITH = 1,		/* --with DIR */
	SHAPE_TAKES_ACCESSORS = 2,	/* --accessors FILE */
};

/* What the pipeline needs of the facts about one unit, whatever their kind. */
struct shape_unit {
	const char *cell, *unit;
	const GPtrArray *diags;		/* struct ast_diag */
	const GPtrArray *skipped;	/* struct ast_range */
	/* Files whose code was looked at: an array of char *, borrowed. */
	GPtrArray *files;
};

/* The body of a macro that stands behind the text of its file, as a function. */
struct shape_piece { gsize at, len, from; };	/* @at in the text, @from in the file */

/* What the semantic patches are given for one file. */
struct shape_feed {
	char *text;		/* on the heap; the pipeline frees it */
	gsize size;
	gsize plain;		/* so much of it is the file; pieces follow */
	GArray *pieces;		/* struct shape_piece, empty at first */
};

/* Where a name that was looked up stands in the tree. */
struct shape_mention {
	char *file;
	gsize off;
	enum site_ctx ctx;
};

/* What becomes of an error that the converted code has and the tree has not. */
enum shape_error {
	SHAPE_TELL,		/* a problem, or a refusal */
	SHAPE_MENDED,		/* edits were added that mend it: read again */
	SHAPE_IGNORE,		/* not an error of the conversion */
};

/* One site, as its fate is decided. */
struct shape_site {
	struct site *site;
	struct source *src;	/* NULL: not a C file, or unreadable */
	gsize from, to;		/* the bytes that belong to this use of the name */
	GPtrArray *cells;	/* char *: the cells that read it */
	gboolean code;		/* in C code and not in "#if 0" */
	GString *rules;		/* that made the edits here, "a+b"; "" without */
	struct fate_input in;	/* the opinions; shape->opinion() fills .ast */
	struct fate_result out;	/* what the table says of them */
	const char *unread;	/* the macro that no cell expands, or NULL */
	char *reason, *evidence;	/* on the heap; shape->reason() */
};

struct shape {
	const char *name;	/* the manifest's section, and what the docs call it */
	unsigned takes;		/* SHAPE_TAKES_* */
	const char *no_with;	/* why --with is refused, behind "it takes no --with: " */
	gboolean needs_rules;	/* a conversion without semantic patches is not one */
	/*
	 * TRUE: the edits of the semantic patches are the conversion.  FALSE:
	 * they are only an opinion; the shape makes all edits.
	 */
	gboolean rules_decide;
	/*
	 * Drop a unit in the cells that do not compile it, if another cell
	 * does.  What compiles nowhere is a problem.
	 */
	gboolean skip_broken;
	/* Read only those units again that changed themselves. */
	gboolean verify_changed;

	/*
	 * Read the shape's section of c->m->keys into c->data, which the shape
	 * owns.  It may add names to c->m->symbols, which are scanned for next.
	 */
	int (*load)(struct convert *c);
	/* Free c->data, which may be incomplete or NULL. */
	void (*free)(struct convert *c);

	/*
	 * Everything from the reading to the fates, for a shape whose rules do
	 * not depend on what is read: it reads each unit before and after them
	 * in one go.  NULL: the steps below.
	 */
	int (*whole)(struct convert *c);

	/* --- After the scan: reading, in rounds --- */

	/* A name whose files are read, too, but not converted; or NULL. */
	const char *(*context)(struct convert *c);
	/* Once, before the first round.  NULL: nothing. */
	int (*scanned)(struct convert *c);
	/* Is @file (C, with a site in code) read?  NULL: all are. */
	gboolean (*reads)(struct convert *c, const char *file);
	/*
	 * The generic files that every cell reads: a new set of char *, borrowed
	 * from the pipeline.  Cells with all-units read the others, too.
	 * NULL: a few that together name every symbol.
	 */
	GHashTable *(*everywhere)(struct convert *c);
	/*
	 * Read c->units (struct fact_unit) into @facts, an array of the
	 * shape's kind of facts whose free function the shape sets.  Add to
	 * @failed (char *) what could not be read.
	 * Use convert_read_values() for values.
	 */
	int (*read)(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		    guint *cached);
	/* Say what the pipeline needs of @facts, one of c->facts.  NULL: values. */
	void (*unit)(gconstpointer facts, struct shape_unit *u);
	/*
	 * Decide what follows from c->facts.  If it depends on what else the
	 * tree has of a name, call convert_ask() for the name; the pipeline
	 * looks it up, reads new files and calls again.  In the last round no
	 * name may be left to ask for: decide without.
	 */
	int (*decide)(struct convert *c, gboolean last);
	/*
	 * @found: name -> array of struct shape_mention, for each name that was
	 * asked for.  Call convert_add_file() for files to be read.
	 * NULL: all C files with a mention in code.
	 */
	void (*found)(struct convert *c, GHashTable *found);
	/*
	 * Further names that are sites now: NULL-terminated, the array is the
	 * caller's, the strings the shape's.  The tree is scanned again.
	 * NULL: none.
	 */
	char **(*symbols)(struct convert *c);

	/* --- The edits --- */

	/* The edits on which the rules are run.  NULL: none. */
	int (*before)(struct convert *c, struct edit_set *before);
	/* Texts for the holes of the rules, name -> text, both borrowed.  NULL: none. */
	void (*holes)(struct convert *c, GHashTable *holes);
	/*
	 * The text that the rules are given for @s.  FALSE: they are not run on
	 * it.  NULL: the text with the edits of before().
	 */
	gboolean (*feed)(struct convert *c, const struct source *s,
			 const struct edit_set *before, struct shape_feed *f);
	/* The rules were run.  Add the shape's own edits to c->edits. */
	int (*edit)(struct convert *c);
	/*
	 * For the edits that the conversion's folder brings (edits/, tree/):
	 * fill @texts (NAME -> text, on the heap) for "@NAME@", and return the
	 * case ("when") that they are for; NULL: leave them out.
	 * The function NULL: case "", if there are edits.
	 */
	const char *(*folder)(struct convert *c, GHashTable *texts);
	/* All other edits are there: the last ones, and checks.  NULL: nothing. */
	int (*finish)(struct convert *c);
	/*
	 * Comments and documents that become untrue: add edits to c->edits and
	 * notes to c->res->notes.  NULL: nothing.
	 */
	int (*comments)(struct convert *c);

	/* --- The result was read again --- */

	/* A new error.  NULL: SHAPE_TELL. */
	enum shape_error (*error)(struct convert *c, const struct ast_diag *d);
	/*
	 * A use that was not edited no longer compiles: what stays because of
	 * it (arch or file, and why)?  NULL: nothing, it is a problem.
	 */
	void (*refuse)(struct convert *c, const struct ast_diag *d,
		       struct refusal *r);

	/* --- The fates --- */

	/* Add sites that only the facts know: convert_add_site().  NULL: none. */
	int (*sites)(struct convert *c);
	/* The bytes of the use, ->from and ->to.  NULL: the name itself. */
	void (*span)(struct convert *c, struct shape_site *s);
	/*
	 * What libclang says of the site: set ->in.ast, and ->cells if some do
	 * not count.  It must not follow from the edits.  Called for code only.
	 * NULL: AST_KEEP where a cell reads it, else AST_NOT_READ.
	 */
	void (*opinion)(struct convert *c, struct shape_site *s);
	/*
	 * The sentence: set ->reason and ->evidence, for the fate in ->out.
	 * A site without a fate has its problem told by the pipeline, with
	 * ->reason as what to say.  The fate may be changed for text outside
	 * code only.
	 */
	void (*reason)(struct convert *c, struct shape_site *s);
	/* Rows of the ledger beside sites and edits.  NULL: none. */
	int (*record)(struct convert *c);
};

extern const struct shape shape_smpl;
extern const struct shape shape_op, shape_leaf, shape_handle;

/* The shape of the conversion: its manifest has the section of that name. */
const struct shape *shape_of(const struct manifest *m);

#endif
