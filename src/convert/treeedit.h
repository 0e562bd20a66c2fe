/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edits that a conversion brings as text, for the few places that only the
 * conversion's author knows: cocci/NAME/edits/NN-name.edit, and whole files
 * below cocci/NAME/tree/.  docs/conversions.md has the form.
 */
#ifndef TREEEDIT_H
#define TREEEDIT_H

#include <glib.h>

#include "text/edit.h"
#include "text/source.h"
#include "tree/tree.h"

struct tree_file { char *file, *text; };	/* a file that the tree has not yet */

struct tree_edit_request {
	const struct tree *t;
	const char *dir;		/* the conversion's folder */
	const char *name;		/* of the conversion, for rules' names */
	const char *when;		/* edits and parts for this case only */
	GHashTable *spelled;		/* names that the tree spells otherwise; or NULL */
	GHashTable *texts;		/* NAME -> text: what "@NAME@" stands for; or NULL */
	GHashTable *absent;		/* what it calls and the tree has not: char * set; or NULL */
	GPtrArray *problems;		/* char *: an edit that has no place */
	GPtrArray *left;		/* char *: what the tree lacks, so it was left out */
	struct source *(*source)(const char *file, void *data);
	void *data;
};

/*
 * Add all edits that fit the tree to @edits, and all new files to @files
 * (struct tree_file).  0, or -1 after a message: a file of the conversion that
 * cannot be read or has no such form.
 */
int tree_edits(const struct tree_edit_request *q, struct edit_set *edits,
	       GPtrArray *files);
void tree_file_free(gpointer p);

/*
 * What the edits and new files would put into the tree in any case: each text,
 * with the file that it goes to.  Without the optional parts, or with nothing
 * but these.  0, or -1 after a message.
 */
typedef void (*tree_edit_text_fn)(const char *file, const char *text,
				  gboolean optional, void *data);
int tree_edits_each(const struct tree_edit_request *q, tree_edit_text_fn fn,
		    void *data);

/*
 * Where @pattern stands in @text from @from on: words and punctuation in this
 * order, whatever blanks and line ends are between (in a comment also the '*'
 * that begins a line); "$x" is any one word, the same each time.  *@to is the
 * byte behind; @vars (name -> word, owned) is filled.  -1: nowhere.
 */
gssize tree_edit_find(const char *text, gsize from, const char *pattern,
		      gsize *to, GHashTable *vars);

#endif
