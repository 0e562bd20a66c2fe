/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A semantic patch as text, its rules and the names that they are about; and
 * how one rule is read.  src/smpl/cocci.h reads files.
 */
#ifndef COCCIRULE_H
#define COCCIRULE_H

#include <glib.h>

/* What the place of a name in the rule tells about it. */
enum cocci_kind {
	COCCI_CALL,		/* f(...): a function or a macro */
	COCCI_MEMBER,		/* x.m, x->m, .m = */
	COCCI_TAG,		/* struct s, union s, enum s */
	COCCI_TYPE,		/* a typedef */
	COCCI_NAME,		/* an expression: variable, macro, enumerator */
	COCCI_STRING,		/* a string that is one word: "on" */
	COCCI_N_KINDS
};
extern const char *const cocci_kind_name[COCCI_N_KINDS];

struct cocci_name {
	char *name;
	enum cocci_kind kind;
	guint line;		/* where the file has it first */
	char *rule;		/* "" if the rule has no name */
	/*
	 * 0: a rule removes it; 1: a rule that changes code asks for it; 2:
	 * another rule does.
	 */
	guint context;
};

struct cocci_rule {
	char *name;		/* "" without one */
	guint line;
	gboolean script;	/* python or ocaml, initialize and finalize too */
	gboolean runs;		/* in patch mode, as far as the text tells */
	gboolean changes;	/* has `-` or `+` lines */
};

struct cocci {
	char *path;
	char *text;
	GPtrArray *virtuals;	/* char *: names of virtual rules */
	GPtrArray *options;	/* char *: what to pass to spatch */
	char *wants;		/* least version of spatch, or NULL */
	GPtrArray *rules;	/* struct cocci_rule */
	/*
	 * struct cocci_name, by name: those that a rule removes or, if no rule
	 * removes any, those that the rules ask for beside what they change.
	 */
	GPtrArray *names;
	guint script_line;	/* of the first script that runs; 0: none */
};

struct coccirule {		/* a rule as text */
	struct cocci *c;
	char *head, *metas, *body;
	guint line, body_line;
};

/* Add the rule and the names that it is about to the file's. */
void coccirule_take(const struct coccirule *s);

#endif
