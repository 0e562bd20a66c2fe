/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape `op`: a member of a struct that points to a function, an "op", whose
 * parameters become a state that it gets a pointer to.  src/convert/op/op.c has
 * the table of its functions, read.c what the cells say of callbacks and of the
 * places ("rows") where they are put into the op, place.c the text of their
 * declarations, unread.c rows that only semantic patches know, refuse.c what
 * cannot be converted, edit.c and comment.c the edits, fate.c the opinion.
 */
#ifndef OP_H
#define OP_H

#include <glib.h>

#include "convert/shape.h"
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
	GHashTable *fns;	/* usr -> struct opfn */
	GPtrArray *fn_list;	/* by name and file */
	GHashTable *rows;	/* "FILE:OFF" -> struct oprow */
	GHashTable *seen;	/* "FILE:OFF" of the op's name, where a cell sees it */
	GHashTable *changed;	/* the same of declarations and calls of callbacks */
	GHashTable *broken;	/* file -> an error in it, or NULL: one cell knows it */
	guint converted, refused;
};

/* src/convert/op/read.c */
int op_read_units(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		  guint *cached);
void op_unit(gconstpointer facts, struct shape_unit *u);
int op_decide(struct convert *c, gboolean last);
/* Fill the sets of places that the cells see. */
void op_index(struct opc *o);
/* What is of that name, made when it is not there yet. */
struct opfn *op_fn_get(struct opc *o, const char *usr, const char *name);
struct oprow *op_row_get(struct opc *o, const char *file, gsize off);
void op_row_add(struct oprow *r, struct opfn *f);
void op_fn_free(gpointer p);
void op_row_free(gpointer p);

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

/* src/convert/op/unread.c: what no cell reads and a rule knows is a row, too. */
void op_take_unread(struct opc *o);

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
void op_span(struct convert *c, struct shape_site *s);
void op_opinion(struct convert *c, struct shape_site *s);
void op_reason(struct convert *c, struct shape_site *s);

#endif
