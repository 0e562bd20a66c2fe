/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stages of a conversion of an op hand on.  Only src/convert/op/op.c and
 * its stages include this: src/convert/op/read.c (read the cells: functions and rows),
 * src/convert/op/place.c (the text of declarations), src/convert/op/rules.c (semantic patches, and
 * what no cell reads), src/convert/op/refuse.c, src/convert/op/edit.c, src/convert/op/comment.c,
 * src/convert/op/fate.c.
 */
#ifndef OPCONVERT_INTERNAL_H
#define OPCONVERT_INTERNAL_H

#include <glib.h>

#include "convert/internal.h"
#include "read/opfacts.h"

#define MAX_PARAMS 8

struct opfn;

struct opplace {		/* a declaration as it is written */
	struct source *s;
	gsize name;		/* token */
	gsize open, close;	/* tokens of the parameter list */
	gsize first[MAX_PARAMS], last[MAX_PARAMS];	/* tokens of each */
	gsize param[MAX_PARAMS];	/* token of the name, or 0 */
	gsize body, body_end;	/* tokens '{' and '}', or 0 */
	gboolean decl_first;
	gboolean unsure;	/* the text does not tell which words are names */
};

struct opfn {			/* a function that is put into the op */
	char *usr, *name;
	GHashTable *files;	/* char * set: where it is declared */
	GPtrArray *places;	/* struct opplace */
	char *refused;		/* why it is not converted, or NULL */
	char *evidence;
};

/* The member's name in an initialiser or an assignment, and what goes there. */
struct oprow {
	char *file;
	gsize off;
	GPtrArray *fns;		/* struct opfn, borrowed */
	gboolean positional;	/* an initialiser without names: the value's place */
	gboolean valued;	/* a cell sees what is put there */
	gboolean copies;	/* the op of another record is put there */
	char *refused, *evidence;
};

struct opc {
	struct convert *c;
	char *record, *member, *becomes, *state, *state_name;
	char **params, **values, **complements, **harmless;
	char **casts;		/* pairs: type, value */
	char *unused, *document;
	guint n_params, keeps;
	GPtrArray *facts;
	GPtrArray *units;
	GHashTable *in_units;	/* "CELL FILE" set */
	GHashTable *fns;	/* usr -> struct opfn */
	GPtrArray *fn_list;	/* by name and file */
	GHashTable *rows;	/* "FILE:OFF" -> struct oprow */
	GPtrArray *new_files;
	struct edit_set *smpl;	/* what the semantic patches would do */
	GHashTable *unparsed;	/* "FILE:LINE" set */
	GHashTable *smpl_ran;	/* files */
	GHashTable *seen;	/* "FILE:OFF" of the op's name, where a cell sees it */
	guint converted, refused;
};

/* "FILE:LINE"; the caller frees it. */
char *op_place_text(struct opc *o, const char *file, gsize off);

/* src/convert/op/read.c: 0, or -1 after a message. */
int op_resolve(struct opc *o);
int op_read_units(struct opc *o, const struct ast_unsaved *u, guint n,
		  GPtrArray *out);
/* A unit outside the tree that no cell compiles is a problem. */
void op_check_outside(struct opc *o);
/* "FILE:OFF" of every place where a cell sees the member's name. */
GHashTable *op_seen_members(const struct opc *o);
/* What is of that name, made when it is not there yet. */
struct opfn *op_fn_get(struct opc *o, const char *usr, const char *name);
struct oprow *op_row_get(struct opc *o, const char *file, gsize off);
void op_row_add(struct oprow *r, struct opfn *f);
void op_fn_free(gpointer p);
void op_row_free(gpointer p);
void op_unit_free(gpointer p);

/* src/convert/op/place.c */
void op_take_places(struct opc *o, struct opfn *f);
struct opplace *op_place_of(const struct opfn *f, const char *file, gsize off);
/* Which words are the parameters' names, as the cells say. */
void op_take_names(struct opc *o);
/* The definition in which byte @off of @file stands, or NULL. */
const struct opplace *op_body_around(const struct opfn *f, const char *file,
				     gsize off);
gboolean op_same_token(const struct source *s, gsize a, gsize b);
gboolean op_is_harmless(const struct opc *o, const struct source *s, gsize off);
/* Does the call whose function's name is at @off hand on what @f got? */
gboolean op_hands_on(const struct opc *o, const struct opfn *f,
		     const struct opplace *in, gsize off);

/* src/convert/op/rules.c */
int op_run_rules(struct opc *o);
/* What no cell reads and a semantic patch knows is a row, too. */
void op_take_unseen(struct opc *o);

/* src/convert/op/refuse.c: the texts are the callee's, but for @why of a row. */
void op_refuse(struct opc *o);
void op_refuse_fn(struct opfn *f, char *why, char *evidence);
void op_refuse_row(struct oprow *r, const char *why, char *evidence);

/* src/convert/op/edit.c: op_edit_reads() comes when the edits of the walker are there. */
void op_edit(struct opc *o);
void op_edit_reads(struct opc *o);

/* src/convert/op/comment.c: the document of the callback @f, declared at @p. */
void op_edit_document(struct opc *o, const struct opplace *p);
/* Comments that still name the op or a parameter, for the author. */
void op_note_comments(struct opc *o);

/* src/convert/op/fate.c */
void op_check_callers(struct opc *o);
void op_decide(struct opc *o, struct site *s);

#endif
