/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read unified diffs that a stranger may have written: what is not whole and
 * consistent is an error with its line, never a guess.  Lines point into the
 * text that was given; nothing is copied.  Mails are read by mailread.h.
 */
#ifndef PATCHREAD_H
#define PATCHREAD_H

#include <glib.h>

/* What a reader of patches needs not take; beyond these it is an error. */
#define PR_MAX_SIZE	(64u << 20)	/* bytes of input */
#define PR_MAX_PATCHES	10000u
#define PR_MAX_FILES	50000u		/* in all patches together */
#define PR_MAX_HUNKS	200000u

enum {
	/*
	 * The text comes from our own git, of objects that exist: binary
	 * files and bytes that are not UTF-8 are allowed then.
	 */
	PR_LOOSE = 1,
};

struct pr_line {
	const char *p;		/* behind the marker */
	guint len;		/* without the newline */
	char kind;		/* ' ', '+', '-' */
	guint8 no_eol;		/* "\ No newline at end of file" follows */
};

struct pr_hunk {
	guint old_start, old_n, new_start, new_n;
	guint line;		/* of its header, in the patch */
	const char *section;	/* behind the second "@@", */
	guint section_len;	/* usually the head of a function */
	guint first, n;		/* its lines, in pr_set.lines */
};

struct pr_file {
	char *old_path, *new_path;	/* in the tree; NULL: created, deleted */
	guint line;
	gboolean binary;	/* only with PR_LOOSE */
	guint mode;		/* of the new file where the patch says it, or 0 */
	GArray *hunks;		/* struct pr_hunk */
};

struct pr_patch {
	char *subject;		/* or NULL */
	char *author;		/* or NULL */
	char *commit;		/* its object name, or NULL */
	guint line;
	GPtrArray *files;	/* struct pr_file */
	GPtrArray *unread;	/* char *: parts of a mail that may hold a diff */
};

struct pr_set {
	GPtrArray *patches;	/* struct pr_patch; each has files, or unread */
	GArray *lines;		/* struct pr_line of all hunks */
	GPtrArray *texts;	/* char *: texts that the lines point into */
	guint files, hunks;	/* how many there are */
};

struct pr_error { guint line; char text[200]; };

/*
 * Read @size bytes at @buf, which must outlive the result: a diff, or several
 * behind lines "commit HASH", as git log prints them.  NULL with *@err filled
 * in on error; nothing is printed.  An empty text has no patches.
 */
struct pr_set *pr_read(const char *buf, gsize size, int flags,
		       struct pr_error *err);
void pr_free(struct pr_set *s);

/*
 * The same piece by piece: add the diffs of a text, whose first line is @line,
 * to @p.  The caller adds @p to the set.  0, or -1 with *@err filled in.
 */
struct pr_set *pr_set_new(void);
struct pr_patch *pr_patch_new(guint line);
void pr_patch_free(gpointer p);
int pr_add(struct pr_set *s, struct pr_patch *p, const char *buf, gsize size,
	   guint line, int flags, struct pr_error *err);

/* A path that stays in the tree: relative, without "..", ".git", controls. */
gboolean pr_path_ok(const char *path, const char **why);

static inline const struct pr_hunk *pr_hunk_at(const struct pr_file *f,
					       guint i)
{
	return &g_array_index(f->hunks, struct pr_hunk, i);
}

static inline const struct pr_line *pr_line_at(const struct pr_set *s,
					       const struct pr_hunk *h, guint i)
{
	return &g_array_index(s->lines, struct pr_line, h->first + i);
}

#endif
