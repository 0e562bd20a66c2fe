/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stages of a conversion that is only semantic patches, or renames,
 * hand on.  src/convert/smpl/smpl.c runs them in this order: names.c (which
 * declarations are meant), rules.c (what spatch does), read.c (which unit is
 * read in which cell), refer.c (what libclang says of each site), edit.c,
 * fate.c.
 */
#ifndef CONVERT_SMPL_SHAPE_H
#define CONVERT_SMPL_SHAPE_H

#include <glib.h>

#include "convert/internal.h"
#include "read/refs.h"
#include "smpl/rename.h"

/* A name of the conversion. */
struct sname {
	char *name;
	guint kinds;		/* bits of enum refs_kind that are meant; 0: any */
	gboolean words;		/* it is a word of a string that a rule removes */
	const struct rename *rename;	/* borrowed; NULL: rules say what becomes of it */
	/*
	 * A rename: a declaration in a header, or with linkage.  Then a static
	 * function of that name in some other file is another thing.
	 */
	gboolean shared;
};

/* A site, with what libclang said of it in all cells that read it. */
struct ssite {
	struct site *site;	/* borrowed from the ledger's copy */
	struct sname *name;
	gboolean refers;	/* to a declaration that is meant */
	gboolean shared;	/* ... that other files see, too */
	gboolean declares;	/* it is that declaration, or its definition */
	gboolean exported;	/* an argument of EXPORT_SYMBOL() and the like */
	gboolean shadowed;	/* the new name is a local variable here */
	char *other;		/* what else it refers to: "a local variable"; or NULL */
	char *function;		/* the one that it is in; or NULL */
	guint why;		/* bits of enum refs_other */
	char *macro;		/* that pastes or stringifies it; or NULL */
	const char *cell;	/* the first that says any of this; interned */
	const char *last_cell;
	guint cells;		/* how many say it */
	char *declared;		/* file of the declaration; or NULL */
	/* What spatch did. */
	gboolean rule;		/* an edit of a rule has this token */
	gboolean unparsed;
	gboolean rules_failed;
	/* What becomes of it. */
	gboolean edited;
};

struct sunit;

/* A file with sites. */
struct sfile {
	char *name;
	guint first, n;		/* its sites in .sites of struct smplc */
	gboolean code;		/* a C file with a site in code */
	GPtrArray *diffs;	/* struct tokdiff: what the rules do; NULL: nothing */
	char *rules;		/* names of the rules that did it: "a+b" */
	char *guess;		/* its text with those edits; NULL: as it was */
	gsize guess_size;
	gboolean read;		/* a cell reads it without an error */
	char *error;		/* why none does: the first error; or NULL */
	gboolean stays;		/* its edits were taken back */
	char *refused;		/* why; or NULL */
	struct sunit *includer;	/* the first unit that includes it; or NULL */
};

/* A unit to read, and the cells to try in turn. */
struct sunit {
	char *file;
	GPtrArray *cells;	/* const struct cell_info *, borrowed */
	gboolean bodies;	/* functions in headers are parsed, too */
	gboolean followed;	/* another unit of the file asks the next cells */
	char *entry;		/* of the cache */
	const struct cell_info *cell;	/* that it was read in; NULL: not yet */
	GPtrArray *deps;	/* char *: what it read of .code_files; borrowed */
};

struct smplc {
	struct convert *c;
	GHashTable *names;	/* name -> struct sname */
	GPtrArray *renames;	/* struct rename */
	gboolean pure;		/* renames are all of it: the rules were made of them */
	gboolean gone;		/* [smpl] gone: no use may be left */
	guint also;		/* [smpl] also: bits of enum site_ctx to rename in */
	GArray *sites;		/* struct ssite, by file and offset */
	GPtrArray *files;	/* struct sfile, by name */
	GHashTable *by_file;	/* name -> struct sfile */
	GPtrArray *units;	/* struct sunit */
	GHashTable *code_files;	/* char * set: of .files those with code */
	GHashTable *hashes;	/* path -> guint64 *, of the tree's files */
	struct new_diags *diags;
	GPtrArray *kept_facts;	/* struct refs_facts that .diags points into */
	GHashTable *hidden;	/* "FILE FUNCTION NAME": a local variable has a new name */
	char **ask;		/* names for refs: old and new ones */
	guint cached;
};

static inline struct ssite *smplc_site(const struct smplc *x, guint i)
{
	return &g_array_index(x->sites, struct ssite, i);
}

/* The site of byte @off of @file, or NULL. */
struct ssite *smplc_site_at(const struct smplc *x, const char *file, gsize off);

/* names.c: 0, or -1 after a message. */
int smplc_load_names(struct smplc *x);
/* Is the reference to a declaration that is meant? */
gboolean smplc_means(const struct sname *n, const struct refs_ref *r);
/* Is the declaration one that other files see? */
gboolean smplc_is_shared(const struct refs_ref *r);
/*
 * Is a new name declared already, so that a rename would declare it twice?
 * 0: no; -1 after a message that names the place.  Files with a private
 * declaration of it go to @also (char *).
 */
int smplc_check_new_names(struct smplc *x, GPtrArray *also);

/* rules.c: 0, or -1 after a message. */
int smplc_run_rules(struct smplc *x);

/* read.c: 0, or -1 after a message. */
int smplc_choose_units(struct smplc *x, const GPtrArray *also);
/* Read all units before and, as the rules leave them, after; merge. */
int smplc_read(struct smplc *x);
/* Read again what the result (c->res->files) has otherwise than the rules. */
int smplc_read_result(struct smplc *x);

/* refer.c */
void smplc_merge(struct smplc *x, const struct refs_facts *f);
/* After all are merged. */
void smplc_settle(struct smplc *x);

/* edit.c: 0, or -1 after a message. */
/* Does the driver rename the site? */
gboolean smplc_renames(struct smplc *x, const struct ssite *s);
int smplc_edit(struct smplc *x);
/* Take back the edits of files whose result does not compile; *again: some. */
int smplc_take_back(struct smplc *x, gboolean *again);

/* fate.c */
void smplc_decide(struct smplc *x);

#endif
