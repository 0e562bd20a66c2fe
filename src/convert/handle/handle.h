/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What SmPL cannot say, for a conversion that changes what a handle type
 * stands for: the typedef itself, declarations that carry a handle under the
 * old type, and macro bodies.  Declarations come from the flow; this module
 * turns them into edits.
 */
#ifndef HANDLE_H
#define HANDLE_H

#include <glib.h>

#include "convert/shape.h"
#include "text/edit.h"
#include "convert/handle/flow.h"
#include "model/manifest.h"
#include "text/source.h"

struct handle {
	char *type;		/* "pgtable_t" */
	char *old, *new;	/* "page", "ptdesc" */
	char *to_old, *to_new;	/* "ptdesc_page", "page_ptdesc" */
	char **members;		/* that the new struct has, too; NULL: any */
	char **retype;
	char **allocators;	/* globs of functions and macros; or NULL */
	char **rename;		/* "page=ptdesc" */
	char *helpers;		/* regex of names that take the old type, or NULL */
	char **may_fail;	/* globs: functions whose value may be NULL */
};

/* From the manifest's [handle]; NULL after a message. */
struct handle *handle_load(const struct manifest *m);
void handle_free(struct handle *h);

/* Is @name a helper that takes the old type and stays? */
gboolean handle_is_helper(const struct handle *h, const char *name);
/* May the value of function @name be NULL? */
gboolean handle_may_fail(const struct handle *h, const char *name);

/* The typedefs of @s that make the type a pointer to the old struct. */
void handle_edit_typedefs(const struct handle *h, const struct source *s,
			  struct edit_set *out);
gboolean handle_has_typedef(const struct handle *h, const struct source *s);

/*
 * Why the declaration @d of @s, of the old pointer type, cannot be rewritten:
 * a static string, or NULL when it can, or follows another type by itself.
 */
const char *handle_fixed(const struct handle *h, const struct source *s,
			 const struct ast_decl *d);

/* Is the declaration @d of @s made with the type of something else? */
gboolean handle_follows(const struct handle *h, const struct source *s,
			const struct flow_decl *d);

/*
 * Declarations of @s that carry a handle.  @funcs: struct ast_func of all
 * facts.
 */
void handle_edit_decls(const struct handle *h, const struct source *s,
		       const struct flow *flow, const GPtrArray *funcs,
		       struct edit_set *out);

/*
 * Add to @yields the macros of @sources (struct source) that are another name
 * for one that is there: whose body, in every definition, is its call alone.
 */
void handle_add_aliases(const GPtrArray *sources, GHashTable *yields);

/* Was every mention of @name in the tree that @file's arch can meet read? */
typedef gboolean (*handle_closed_fn)(const char *name, const char *file,
				     void *data);

/*
 * Mark the macros of all @sources (struct source) that carry handles, and
 * unmark all others: by the names of the functions that do, by the expansions
 * in @facts, and on through the bodies.  That is macros whose name is a site
 * (@symbols) or belongs to a function that carries handles, those that give a
 * parameter to such a function, and those that nobody gives anything but
 * handles, which takes @closed (NULL: none).
 */
void handle_mark_macros(const GPtrArray *sources, const struct flow *flow,
			const GPtrArray *facts, GHashTable *symbols,
			handle_closed_fn closed, void *data);

/*
 * The text of @s with the bodies of its marked macros blanked out, so that a
 * semantic patch does not rewrite one twice.  The caller frees it.
 */
char *handle_blank_macros(const struct source *s);

/*
 * The text of @s with the bodies of its marked macros appended as functions
 * whose parameters are declared as handles, so that a semantic patch applies
 * to them.  @text is the file's text to append to (with its declarations
 * edited).  @map gets a struct shape_piece for each body.
 */
char *handle_with_macros(const struct handle *h, const struct source *s,
			 const char *text, gsize size, GArray *map,
			 gsize *new_size);

/* Names of macros and functions whose value is a handle, sorted. */
GPtrArray *handle_yields(const struct flow *flow, const GPtrArray *sources);

#endif
