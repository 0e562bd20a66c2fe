/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kind of fact: what it has to say about itself, and what its reader gets in
 * the child and can put.  The store that runs the readers is in
 * src/read/facts.h.
 */
#ifndef FACT_H
#define FACT_H

#include <clang-c/Index.h>
#include <glib.h>

#include "base/child.h"
#include "read/cell.h"
#include "read/cx.h"
#include "read/record.h"

/* A unit in a cell, or a cell as a whole. */
struct fact_unit {
	const struct cell_info *cell;	/* borrowed */
	char *file;		/* path in the tree or absolute; NULL: the cell */
};

/* A text that stands in for a file of the tree. */
struct ast_unsaved { const char *file; const char *text; gsize size; };

/* A file that was read: in the tree, "@BUILD@/...", or absolute; XXH3 of it. */
struct ast_dep {
	char *path;
	guint64 hash;
	gboolean walked;	/* it was one of .files of the query */
};

/*
 * What the facts of all kinds begin with.  The struct of a kind has this macro
 * first and then the arrays of its records.
 */
#define FACTS_COMMON							\
	char *cell, *unit;	/* names, interned; unit NULL: a cell */ \
	GPtrArray *deps;	/* struct ast_dep */			\
	char *text;		/* of the entry: holds the strings */	\
	gpointer *blocks	/* the records, an array for each type */

struct facts { FACTS_COMMON; };

/* A question to one kind, and the answers. */
struct fact_ask {
	const struct fact_kind *kind;
	gpointer question;	/* the kind's own */
	/* The kind's facts, in the order of the units; NULL: not read. */
	GPtrArray *answers;
};

struct facts_query {
	const char *tree;	/* absolute */
	char **with;		/* folders outside it, absolute; or NULL */
	/* Only what is in these files is of interest: char * set; NULL: all. */
	GHashTable *files;
	const struct ast_unsaved *unsaved;	/* converted texts, or NULL */
	guint n_unsaved;
	gboolean messages_only;	/* only dependencies and diagnostics */
	const char *flag;	/* one more for libclang, or NULL */
	const char *progress;	/* what is said to be done: "read" */
	int jobs;
	struct fact_ask *asks;
	guint n_asks;
};

/*
 * In the child, for fact_kind.read.  What is allocated there is not freed: the
 * child ends.
 */
struct fact_reader {
	const struct facts_query *q;
	const struct fact_unit *unit;
	gpointer question;
	CXTranslationUnit tu;	/* NULL if the unit is a whole cell */
	struct cx_names names;
	GString *out;		/* the entry */
	GHashTable *once;	/* lines of it, and files */
};

struct fact_kind {
	const char *name;	/* "values": entries are named after it */
	gsize size;		/* of the struct of facts, FACTS_COMMON first */
	const struct record_type *const *types;
	guint n_types;
	struct child_limits limits;
	/* Put into the key what the answer depends on besides the query. */
	void (*key)(GString *key, gconstpointer question);
	/* In the child: put the records of the unit.  0, or -1 after a message. */
	int (*read)(struct fact_reader *r);
	/* Optional: what follows from the records that were loaded. */
	void (*loaded)(const struct fact_unit *u, gpointer facts);
	/* Optional: free what loaded() made. */
	void (*unload)(gpointer facts);
	/* Optional: do the facts hold, beyond the files that were read? */
	gboolean (*holds)(const struct facts_query *q, gpointer question,
			  const struct fact_unit *u, gconstpointer facts);
};

/* Put a word, which may be NULL, into a key. */
void fact_key_put(GString *key, const char *word);

/* In the child: put a record; put one unless the same was put before. */
void fact_put(struct fact_reader *r, const struct record_type *t,
	      const void *record);
void fact_put_once(struct fact_reader *r, const struct record_type *t,
		   const void *record);
/* A file that the facts depend on and that is not included by the unit. */
void fact_put_dep(struct fact_reader *r, const char *path, guint64 hash);
/* Of all records: the files that the facts depend on. */
extern const struct record_type ast_dep_type;

#endif
