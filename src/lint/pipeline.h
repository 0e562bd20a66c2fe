/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of lint's pipeline share: the state of a run, the views of a
 * change (change.c), git (git.c), judging a view (judge.c) and the choice of
 * what is new (sift.c).
 */
#ifndef LINT_PIPELINE_H
#define LINT_PIPELINE_H

#include <gio/gio.h>

#include "lint/lint.h"

struct lint {
	const struct lint_request *req;
	struct lint_result *res;
	GPtrArray *before;	/* struct lint_finding: in what the change replaces */
	GHashTable *state;	/* path -> struct lint_state, after the patches so far */
	GPtrArray *typed;	/* views for the stages that want whole files */
	GPtrArray *decls;	/* what the tree declares, or NULL */
	guint patch;		/* index of the patch that is being judged */
	gboolean judged_all;	/* no part of the tree was left out */
};

/* The text of a file; @text is NULL if there is no such file. */
struct lint_state { char *text; gsize size; };

void lint_state_free(gpointer p);

/* ---- judge.c ---- */

void lint_not_judged(struct lint *x, const char *file, const char *why);
gboolean lint_is_source(const char *file);
/* Is it C source, and among the files that were asked for? */
gboolean lint_is_wanted(const struct lint *x, const char *file);
/*
 * Judge the text of @v, and of @old: the same file, or hunk, before the change,
 * or NULL.  Takes both over.  @fits: the views are of @x->req->tree.
 */
void lint_judge(struct lint *x, struct lint_view *v, struct lint_view *old,
		gboolean fits);
/* Judge what a change deletes: its uses may be added again elsewhere. */
void lint_judge_deleted(struct lint *x, struct lint_view *old);

/* ---- change.c ---- */

/* Judge each patch of a set that stands in no repository. */
void lint_collect_patch(struct lint *x, const struct pr_set *s);
void lint_note_patch(struct lint *x, const struct pr_patch *p);
/* Tell @x->decls what the changed headers declare. */
void lint_note_headers(struct lint *x, const struct pr_set *s);
/* Count the file, or say why it is not judged.  TRUE if it has new text. */
gboolean lint_file_counts(struct lint *x, const struct pr_set *s,
			  const struct pr_file *f);
/* Judge the hunks of a file alone. */
void lint_judge_hunks(struct lint *x, const struct pr_set *s,
		      const struct pr_file *f);
/*
 * A view of a whole file, @side '+' (after the change) or '-' (before), whose
 * hunks stand where their headers say.  The text is copied.
 */
struct lint_view *lint_whole_view(const struct pr_set *s,
				  const struct pr_file *f, char side,
				  const char *text, gsize size);

/* ---- git.c ---- */

struct lint_blobs { GSubprocess *p; GInputStream *in; GOutputStream *out; };

int lint_blobs_open(struct lint_blobs *b, const struct tree *root);
void lint_blobs_close(struct lint_blobs *b);
/* A file of a commit; NULL if it is not there, or no plain file. */
char *lint_blobs_read(struct lint_blobs *b, const char *commit,
		      const char *path, gsize *size);
/* The log of @range with its diffs; NULL after a message. */
GString *lint_git_log(const struct tree *root, const char *range);

/* ---- collect.c ---- */

int lint_collect_range(struct lint *x);
int lint_collect_files(struct lint *x);

/* ---- sift.c ---- */

/* Of all findings keep those that are new and not silenced, by place. */
int lint_sift(struct lint *x);

/* ---- view.c ---- */

/* A line without its white space. */
char *lint_squeeze(const char *s, gsize len);

#endif
