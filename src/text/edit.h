/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edits are data: a byte range of a file as it is in the tree, what stands
 * there, what shall stand there, and the rule that says so.  This module
 * merges the edits of all rules, finds conflicts, and makes the new text of a
 * file.  It writes nothing: src/text/patch.c prints a diff, src/tree/apply.c changes a
 * tree.
 */
#ifndef EDIT_H
#define EDIT_H

#include <glib.h>

struct edit {
	char *file;		/* path in the tree, '/' as separator, no "./" */
	gsize off, len;		/* byte range in the old text; len 0 inserts */
	char *old_text;		/* the bytes at the range, for checking */
	gsize old_len;
	char *new_text;
	gsize new_len;
	char *rule;		/* "ptdesc/20-bridges" */
};

struct edit_set;		/* all edits of a run, by file */

struct edit_set *edit_set_new(void);
void edit_set_free(struct edit_set *s);

/*
 * Add an edit (strings are copied; @old_text and @new_text are NUL-terminated
 * text without NUL bytes).  Two edits of the same range with the same new
 * text are one, with both rules' names joined by '+'.
 */
void edit_add(struct edit_set *s, const char *file, gsize off,
	      const char *old_text, const char *new_text, const char *rule);
/* Add the edit that puts @new_text for bytes @from to @to of @file's @text. */
void edit_replace(struct edit_set *s, const char *file, const char *text,
		  gsize from, gsize to, const char *new_text,
		  const char *rule);

/*
 * Check all edits against each other: two edits conflict when their ranges
 * overlap (or are insertions at one place) and they differ.  Every conflict is
 * reported with both rules and both texts, at file:line:col (line numbers
 * need the text: @read gives it).  Returns the number of conflicts.
 */
typedef const char *(*edit_read_fn)(const char *file, gsize *size, void *data);
unsigned edit_check(struct edit_set *s, edit_read_fn read, void *data);

/* Does an edit touch the bytes?  Its rules go to @rules, which may be NULL. */
gboolean edit_touches(const struct edit_set *s, const char *file, gsize from,
		      gsize to, GString *rules);

/* The files with edits, sorted by name; free the array, not the strings. */
GPtrArray *edit_files(const struct edit_set *s);
/* The edits of one file, sorted by offset; owned by the set. */
const GPtrArray *edit_of_file(const struct edit_set *s, const char *file);
guint edit_count(const struct edit_set *s);

/*
 * The new text of a file of @size bytes at @text.  *@new_size gets its size;
 * the caller frees it.  NULL after an error message when an edit's old_text is
 * not what the file has there (the tree changed meanwhile), or two overlap.
 */
char *edit_apply_text(const struct edit_set *s, const char *file,
		      const char *text, gsize size, gsize *new_size);

#endif
