/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two engines, libclang and spatch, have to say about a site, and
 * whether they agree.  After the edits are made.
 */
#ifndef ENGINES_H
#define ENGINES_H

#include <glib.h>

#include "model/ledger.h"

struct convert;

enum ast_view {
	AST_UNSEEN,	/* no cell reads it */
	AST_SHARED,	/* read, with another type behind the handle only */
	AST_KEEP,	/* nothing to do here */
	AST_EITHER,	/* it cannot tell: a void pointer, a needless cast, a macro's part */
	AST_CHANGE,	/* a declaration to rewrite, or the frontier */
	N_AST_VIEW
};
extern const char *const ast_view_name[N_AST_VIEW];

enum smpl_view {
	SMPL_NOT_RUN,	/* the file does not change */
	SMPL_UNPARSED,	/* spatch gave up on the line */
	SMPL_KEEP,	/* no rule matches */
	SMPL_CHANGE,	/* a rule made an edit */
	N_SMPL_VIEW
};
extern const char *const smpl_view_name[N_SMPL_VIEW];

enum outcome {
	OUTCOME_NONE,		/* no code: no engine's business */
	OUTCOME_AGREE,
	OUTCOME_ONE_SIDED,	/* one engine looks; condition: when the other would */
	OUTCOME_DISAGREE,
	OUTCOME_BLIND,		/* neither can look */
	N_OUTCOME
};
extern const char *const outcome_name[N_OUTCOME];

struct site_view {
	enum ast_view ast;
	enum smpl_view smpl;
	gboolean driver;	/* the driver's own edit is here */
	enum outcome outcome;
	char *condition;	/* of a one-sided or blind site */
	GString *rules;		/* that made edits here: "a+b" */
	GPtrArray *cells;	/* that read the site; borrowed names */
	guint page_cells;	/* how many of them have the old type */
	gboolean unexpanded;	/* a macro's body that some cells read and none expands */
};

struct engines {
	const struct convert *c;
	struct seen *seen;
	GHashTable *expanded;	/* cell -> set of "FILE:OFF" of macros */
	GHashTable *used;	/* names of macros in whose bodies a handle is used */
};

struct engines *engines_new(const struct convert *c);
void engines_free(struct engines *e);

/* Fills @v, which engines_view_clear() empties. */
void engines_look(const struct engines *e, const struct site *s,
		  struct site_view *v);
void engines_view_clear(struct site_view *v);

/* Which bytes of its file belong to this use of the name: [from, to). */
void engines_span(const struct engines *e, const struct site *s, gsize *from,
		  gsize *to);

#endif
