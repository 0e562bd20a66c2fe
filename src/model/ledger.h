/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: every site of a conversion with its context, its fate and the
 * evidence, in an SQLite file (the schema is documented in docs/ledger.md and
 * has a version).  Writers wrap their work in one transaction.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <glib.h>

enum site_ctx {		/* what the text around a site is */
	SITE_CODE, SITE_MACRO, SITE_DIRECTIVE, SITE_DISABLED, SITE_COMMENT,
	SITE_STRING, SITE_ASSEMBLY, SITE_DOC, SITE_RUST, SITE_SCRIPT, SITE_OTHER,
	N_SITE_CTX
};
extern const char *const site_ctx_name[N_SITE_CTX];

enum site_fate { FATE_UNRESOLVED, FATE_CONVERTED, FATE_KEPT, FATE_REFUSED, N_SITE_FATE };
extern const char *const site_fate_name[N_SITE_FATE];

struct site {
	gint64 id;		/* given by ledger_add() */
	char *file;		/* path in the tree */
	guint line, col;	/* 1-based, col in bytes */
	gsize off;		/* byte offset */
	char *symbol;		/* "pgtable_t" */
	enum site_ctx ctx;
	enum site_fate fate;
	char *reason;		/* of the fate, one sentence; may be NULL */
	char *evidence;		/* what shows it: file:line, cell names; may be NULL */
	char *ast, *smpl;	/* what each engine says; NULL before convert, as the next two */
	char *outcome;		/* "agree", "one-sided", ... */
	char *condition;	/* under which the other engine would see it; may be NULL */
};

/* What --explain needs of a conversion, beside the sites. */
struct ledger_edit {
	char *file;
	guint line;
	char *old_text, *new_text, *rule;
};

struct ledger_step {	/* why a declaration carries a handle, or stays; in one cell */
	char *cell, *key, *name, *func, *file;
	guint line;
	gboolean handle;
	char *why, *via, *parent;	/* via: "file:line"; parent: a key; may be NULL */
};

struct ledger_front {	/* a handle meets the old type */
	char *file;
	guint line;
	char *kind, *src, *dst, *cells;
};

struct ledger;

/*
 * Create (replacing, at ledger_close()) or open a ledger; ":memory:" is
 * allowed.  NULL after a message.
 */
struct ledger *ledger_create(const char *path);
struct ledger *ledger_open(const char *path);
/* Commit and free; -1 after a message when it cannot be written. */
int ledger_close(struct ledger *l);
/* Free without committing: the file is as before the open (or empty). */
void ledger_abandon(struct ledger *l);

int ledger_set_meta(struct ledger *l, const char *key, const char *value);
int ledger_add(struct ledger *l, struct site *s);
/* A name that the conversion is about; the first origin of a name stays. */
int ledger_add_symbol(struct ledger *l, const char *name, const char *kind,
		      const char *origin);
/* A file that was met but could not be read, or not be read as text, and why. */
int ledger_add_skipped(struct ledger *l, const char *path, const char *why);
int ledger_set_fate(struct ledger *l, gint64 id, enum site_fate fate,
		    const char *reason, const char *evidence);

/* A comment or document that may be untrue after a conversion, and why. */
int ledger_add_note(struct ledger *l, const char *file, guint line,
		    const char *text);
/* What the engines said of the site: @s->ast and so on. */
int ledger_set_views(struct ledger *l, const struct site *s);
int ledger_add_edit(struct ledger *l, const struct ledger_edit *e);
int ledger_add_step(struct ledger *l, const struct ledger_step *s);
int ledger_add_front(struct ledger *l, const struct ledger_front *f);
/* A line of code that an engine cannot see: "spatch" or "libclang", and why. */
int ledger_add_blind(struct ledger *l, const char *engine, const char *file,
		     guint line, const char *why);

/* What makes the run incomplete; "FILE:LINE: ..." when it has a place. */
int ledger_add_problem(struct ledger *l, const char *text);

/* Calls @fn for each site in the order of file, offset; stops when it returns non-zero and returns that. */
typedef int (*ledger_fn)(const struct site *s, void *data);
int ledger_each(struct ledger *l, ledger_fn fn, void *data);

/* The same for the symbols, by name, with the number of their sites. */
typedef int (*ledger_symbol_fn)(const char *name, const char *kind,
				const char *origin, guint sites, void *data);
int ledger_each_symbol(struct ledger *l, ledger_symbol_fn fn, void *data);
/* The same for what was skipped, by path. */
typedef int (*ledger_skipped_fn)(const char *path, const char *why, void *data);
int ledger_each_skipped(struct ledger *l, ledger_skipped_fn fn, void *data);
typedef int (*ledger_edit_fn)(const struct ledger_edit *e, void *data);
int ledger_each_edit(struct ledger *l, ledger_edit_fn fn, void *data);
typedef int (*ledger_step_fn)(const struct ledger_step *s, void *data);
int ledger_each_step(struct ledger *l, ledger_step_fn fn, void *data);
typedef int (*ledger_front_fn)(const struct ledger_front *f, void *data);
int ledger_each_front(struct ledger *l, ledger_front_fn fn, void *data);
/* @file: NULL when the problem has no place. */
typedef int (*ledger_problem_fn)(const char *file, guint line,
				 const char *text, void *data);
int ledger_each_problem(struct ledger *l, ledger_problem_fn fn, void *data);
/* A value set with ledger_set_meta(); the caller frees it; NULL if none. */
char *ledger_get_meta(struct ledger *l, const char *key);

#endif
