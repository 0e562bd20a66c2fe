/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the text stage share: the state of one pass over a view,
 * questions about its tokens (by their index in lint_view.sig), matching
 * (match.c) and the kinds of names (learn.c).
 */
#ifndef LINT_MATCH_H
#define LINT_MATCH_H

#include "lint/lint.h"

#define MATCH_SPAN 400		/* tokens that one "..." looks through */
#define MATCH_KINDS 16

/* Bits of a name: declared of a kind, or given a value of the kind last. */
#define MATCH_DECLARED(kind) (1u << (kind))
#define MATCH_ASSIGNED(kind) (1u << ((kind) + MATCH_KINDS))

enum { MATCH_BY_NAME, MATCH_BY_ORIGIN };

struct match_cap { guint from, to; };	/* tokens that a variable stands for */

struct match {
	struct match_cap caps[16];
	guint end;		/* behind the last token */
	int seen;		/* MATCH_BY_ORIGIN: a kind was seen in the text */
	gboolean given;		/* by a variable that was only given the value */
	guint steps;
};

struct match_engine {
	const struct lint_rules *rules;
	struct lint_view *v;
	GPtrArray *out;
	GHashTable *func, *macro;	/* name -> bits of kinds */
	GHashTable *may_fail;	/* functions of the view that can return NULL */
	char *returns;		/* type that the function around returns, or NULL */
	gboolean in_macro;
	gboolean at_macro;	/* in the head of a #define */
	GHashTable *by_first;	/* token text -> GArray of struct ref */
	GArray *any_first;	/* struct ref: patterns that start with a variable */
};

const struct token *match_tok(const struct match_engine *x, guint i);
gboolean match_is(const struct match_engine *x, guint i, const char *s);
gboolean match_is_ident(const struct match_engine *x, guint i);
/* The text of a token in @buf, cut to its size. */
char *match_text(const struct match_engine *x, guint i, char *buf, gsize size);
gboolean match_in_list(const struct match_engine *x, guint i, char **list);
/* The token behind the bracket that @i opens; 0 if it does not close soon. */
guint match_skip_brackets(const struct match_engine *x, guint i);
/* Bits of kinds that the name @i has. */
guint32 match_kinds(const struct match_engine *x, guint i);
/* Is the call @from..@to excused by a word of the kind's unless-argument? */
gboolean match_call_is_none(const struct match_engine *x,
			    const struct lint_kind *k, guint from, guint to);
/* Does a call of the function @i yield a value of the kind? */
gboolean match_yields(const struct match_engine *x, const struct lint_kind *k,
		      char **calls, guint i);
gboolean match_at(const struct match_engine *x, const struct lint_pattern *p,
		  guint i, struct match *m);
/* The same for a pattern of fixed tokens, without a look at what is before. */
gboolean match_tokens(const struct match_engine *x,
		      const struct lint_pattern *p, guint i);

/* ---- learn.c ---- */

/* Learn from token @i; called for each token in order. */
void match_learn(struct match_engine *x, guint i);
/* Find the functions of the view that can return NULL. */
void match_learn_may_fail(struct match_engine *x);

/* ---- undeclared.c ---- */

void match_check_undeclared(struct match_engine *x, struct lint_rule *rule);

#endif
