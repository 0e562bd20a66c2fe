/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape `leaf`: an entry that was read from the table of a huge page is
 * carried as if it were one of the lowest level; a leaf that knows its level is
 * carried in its place.  src/convert/leaf/leaf.c has the table of its functions,
 * rules.c the manifest's words, flow.c which declarations carry entries that
 * were read, hstate.c where their level comes from, edit.c the edits and the
 * helpers, native.c which functions read a level, comment.c comments that become
 * untrue, fate.c the opinion.
 */
#ifndef LEAF_H
#define LEAF_H

#include <glib.h>

#include "convert/shape.h"

/* Asks a leaf; makes another of it; or puts it into the table. */
enum leaf_verb { LEAF_ASKS, LEAF_CHANGES, LEAF_WRITES };

struct leaf_helper {		/* a section of helpers.ini */
	char *name, *returns, *what, *gives, *needs, *more;
	enum leaf_verb verb;
	char *config;		/* that its first question needs, or NULL */
	char **asks;		/* what it stands for; the first is hugetlb's */
	char *with;		/* further parameters, behind the leaf; or NULL */
	guint at;		/* which argument of those the (first) entry is */
	guint takes;		/* how many leaves: one, or two that are compared */
	gboolean *asked;	/* is the question asked of a leaf, by index? */
};

struct leaf_question { struct leaf_helper *helper; guint n; };

struct leaf_rules {
	char *entry;		/* "pte_t": what carries entries today */
	char *value;		/* "struct pt_leaf": what will */
	char *header;		/* "linux/pt_leaf.h" */
	char *make;		/* makes a leaf of an entry of a base page */
	char *make_huge;	/* makes one of an entry that was made for hugetlb */
	char **entries;		/* functions that make such an entry */
	gboolean made;		/* does converted code make one? */
	char *beside;		/* the #include that the header's stands behind */
	char **known;		/* headers whose functions know the level by themselves */
	char **base;		/* functions that read the entry of a base page */
	char **readers, **reads;	/* that read a huge one, and what they become */
	gboolean *read;		/* does converted code read by it? by index */
	char **holders, **hstates;	/* types of variables; the hstate with '@' */
	char **members, **owners;	/* of what has an mm; its hstate with '@' */
	char **outside;		/* prefixes of files that the scope leaves out */
	gboolean writes;	/* is the scope about what changes entries, too? */
	char **size;		/* names of parameters that are an entry's size */
	GHashTable *makers;	/* what gives an entry and writes none: char * set */
	GHashTable *unsized;	/* what writes one -> where it is not told its size */
	GPtrArray *helpers;	/* struct leaf_helper, in the file's order */
	GHashTable *questions;	/* name -> struct leaf_question */
	GHashTable *unequal;	/* a question that is none -> where it differs */
};

struct carrier {		/* a declaration that carries entries */
	char *key;		/* as in src/read/ast.h */
	char *name, *func;
	char *file;		/* of the first of its places */
	GArray *places;		/* gsize: of its name in that file */
	gboolean huge;		/* a huge entry that was read gets here */
	gboolean base;		/* nothing else than entries of base pages does */
	char *refused;		/* why it stays, or NULL */
	char *via;		/* "FILE:LINE" of what decided it */
	struct carrier *next;	/* that stays, too, and decided it; or NULL */
};

enum leaf_src { SRC_READ, SRC_BASE, SRC_CARRIER, SRC_MADE, SRC_OTHER };

/* A value of the entry's type, where it stands and what becomes of it. */
struct value {
	struct source *s;
	gsize first, last;	/* tokens */
	enum leaf_src src;
	struct carrier *from;	/* SRC_CARRIER */
	guint reader;		/* SRC_READ: which */
	struct carrier *to;	/* it goes into; or NULL */
	const char *ask;	/* a question is asked of it; or NULL */
	gsize ask_tok;		/* the question's name */
	gboolean changer;	/* it is what a function makes of another value, */
	struct value *root;	/* which this is, when it is known; its src is ours */
	struct value *becomes;	/* what such a function makes of this one */
	gboolean pairs;		/* the question is asked of two */
	const struct value *with;	/* the other of the two, or NULL: no entry */
	gboolean leaves;	/* anything else is done with it */
	char *hstate;		/* SRC_READ: what gives its hstate, or NULL */
	char *no_hstate;	/* why not */
	GPtrArray *cells;	/* char *, borrowed */
};

struct leaf_level {		/* of an arch */
	char *arch;
	const char *form;	/* "pmd", "pud" */
	gboolean found;		/* a cell has huge pages there */
	GPtrArray *why;		/* char *: against native forms; empty: they read it */
	GPtrArray *missing;	/* char *: what has no native form, the first of @why */
	GHashTable *names;	/* a question -> its native form, char * */
};

struct leafc {
	struct convert *c;
	struct leaf_rules r;
	gboolean audited, native;	/* is there an audit; a native level? */
	char *moved;		/* where this tree is not the audited one, or NULL */
	GPtrArray *levels;	/* struct leaf_level, by arch and form */
	GHashTable *carriers;	/* key -> struct carrier */
	GPtrArray *values;	/* struct value, by place */
	GHashTable *assigned;	/* "FILE:OFF" -> struct carrier that is set there */
	GHashTable *value_at;	/* "FILE:OFF DST" -> struct value */
	GHashTable *named;	/* "FILE:OFF" -> struct value read or asked there */
	GHashTable *declared;	/* "FILE:OFF" -> struct carrier declared there */
	GHashTable *flowed;	/* "FILE:OFF" of sites that only the flow knows */
	GHashTable *read_files;	/* files that read an entry in code: char * set */
	GHashTable *noted;	/* "FILE:LINE" of comments to look at */
	GHashTable *defines;	/* files that define a symbol of the API: char * set */
	guint reads;		/* that are converted */
};

/* src/convert/leaf/rules.c: 0, or -1 after a message. */
int leaf_rules_load(struct leafc *l);
void leaf_rules_free(struct leaf_rules *r);
/* Questions of one helper that are not the same everywhere are none. */
void leaf_rules_compare(struct leafc *l);
gboolean leaf_in_scope(const struct leafc *l, const char *file);
/* Is it a header, our own or [leaf] known, of functions that know the level? */
gboolean leaf_knows(const struct leafc *l, const char *file);
/* Does the scope leave the file out? */
gboolean leaf_left_out(const struct leafc *l, const char *file);
/* The helper that answers @question, or NULL. */
const struct leaf_question *leaf_question(const struct leafc *l,
					  const char *question);

/* src/convert/leaf/flow.c */
void leaf_flow(struct leafc *l);
/* Is the call of token @i a statement of its own, which drops what it gives? */
gboolean leaf_is_dropped(const struct source *s, gsize i);
void carrier_free(gpointer p);
void value_free(gpointer p);
/* Is it a huge entry that was read, where that is to be converted? */
gboolean leaf_is_huge(const struct leafc *l, const struct value *v);
/* Does the value stay as it is?  *@why is then a sentence (the callee's). */
gboolean leaf_stays(const struct leafc *l, const struct value *v, char **why,
		    char **evidence);

/* src/convert/leaf/hstate.c: fill value->hstate or ->no_hstate. */
void leaf_find_hstate(struct leafc *l, struct value *v);
/* The function, with its body, that byte @off of @s is in; or NULL. */
const struct ast_func *leaf_function_at(const struct leafc *l,
					const struct source *s, gsize off);

/* src/convert/leaf/edit.c */
void leaf_edit(struct leafc *l);
/* Why the declaration cannot be rewritten, a static string; or NULL. */
const char *leaf_decl_fixed(struct leafc *l, const struct carrier *k);
/* What is declared together with @k and carries huge entries, @k too; free it. */
GPtrArray *leaf_declared_with(struct leafc *l, const struct carrier *k);
/* The driver's rule by which what @h stands for is edited: "question", ... */
const char *leaf_rule(const struct leaf_helper *h);
/* The name that the helper stands for; NULL: nobody wants it in this tree. */
const char *leaf_answer(const struct leaf_helper *h);
/* The text of all helpers that are asked for; the caller frees it. */
char *leaf_helpers_text(const struct leafc *l);

/* src/convert/leaf/native.c: 0, or -1 after a message. */
int leaf_native_load(struct leafc *l);
void leaf_native_edit(struct leafc *l);
/* The lines of a comment that say which functions read which level, and why. */
char *leaf_native_text(const struct leafc *l);
/* The native form of @question where a level is read by these, or NULL. */
const char *leaf_native_name(const struct leafc *l, const char *question,
			     const char *form);

/* src/convert/leaf/comment.c */
void leaf_note_comments(struct leafc *l);

/* src/convert/leaf/fate.c */
int leaf_sites(struct convert *c);
void leaf_span(struct convert *c, struct shape_site *s);
void leaf_opinion(struct convert *c, struct shape_site *s);
void leaf_reason(struct convert *c, struct shape_site *s);
int leaf_record(struct convert *c);

#endif
