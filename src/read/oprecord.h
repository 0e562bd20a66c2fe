/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libclang says in one cell about an op: a member of a struct that points
 * to a function.  Found by type: every place that names the member, every
 * function whose type is the op's and where its address goes, and within such
 * a function every use of its parameters.  These are the records; what follows
 * from them is decided in src/convert/op/.
 */
#ifndef OPRECORD_H
#define OPRECORD_H

#include <glib.h>

#include "read/fact.h"
#include "read/unit.h"

/* Places are where a token is spelled: in a macro's body, if it comes from there. */
struct op_member {	/* the member's name */
	char *file;
	gsize off;
	char how;	/* 'd'eclared, 'i'nitialised, '=' assigned, 'c'alled, 't'ested, 'p'ut into another op, 'v': its value is used otherwise */
};

struct op_value {	/* what is put into the op: a function, or something else */
	char *file;		/* place of the value */
	gsize off;
	char *name;		/* of a function; "NULL"; "op", of another record; or "" */
	char *usr;		/* of a function, or "" */
	char *op_file;		/* place of the member's name; "" for an initialiser without names */
	gsize op_off;
};

struct op_ref {		/* a function of the op's type is named otherwise */
	char *file;
	gsize off;
	char *name, *usr;
	char how;	/* 'c'alled, 'x': taken for something else */
	char *caller;	/* usr of the function of the op's type around it, or "" */
};

struct op_decl {	/* a declaration or definition of such a function */
	char *file;
	gsize off;	/* of the name */
	char *name, *usr;
	gboolean defined, decl_first;	/* its body begins with a declaration */
	gsize body, body_end;	/* from '{' to behind '}', or 0 */
	char *params;	/* where the parameters' names are: "OFF,OFF,..."; 0: none */
};

struct op_use {		/* of a parameter */
	char *file;
	gsize off;
	char *usr;	/* of the function */
	guint param;
	char how;	/* 'r'ead, 'w'ritten, 'a': its address is taken */
	gboolean loop;	/* within a loop */
	gsize first;	/* where the parameter's name is declared */
};

struct op_facts {
	FACTS_COMMON;
	GPtrArray *members, *values, *refs, *decls, *uses;
	GPtrArray *sees;	/* not empty: as .has_op */
	GPtrArray *skipped;	/* struct ast_range */
	GPtrArray *diags;	/* struct ast_diag, also for a converted text */
	gboolean has_op;	/* the unit sees the struct with the op */
	GHashTable *read;	/* paths of .deps as a set */
};

/* There if the unit sees the struct with the op. */
struct op_sees { gboolean op; };

extern const struct record_type op_member_type, op_value_type, op_ref_type,
	op_decl_type, op_use_type, op_range_type, op_diag_type, op_sees_type;
#define OP_N_TYPES 8
extern const struct record_type *const op_types[OP_N_TYPES];

#endif
