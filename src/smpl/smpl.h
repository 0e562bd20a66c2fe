/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Semantic patches: one spatch process a file and rule, in the order of the
 * rules, in children with limits and through the cache.
 */
#ifndef SMPL_H
#define SMPL_H

#include <glib.h>

#include "model/manifest.h"
#include "tree/tree.h"

struct smpl_rule {
	char *name;		/* "ptdesc/10-unwrap" */
	char *path;		/* the rule as it runs, names filled in */
	char *text;
	/* Options for spatch; NULL: --no-includes --include-headers. */
	char **args;
};

struct smpl_step {
	char *text;		/* the file after this rule; NULL: as before */
	gsize size;
	char *error;		/* why the rule gave no result, or NULL */
};

struct smpl_job {
	char *name;		/* path in the tree, for messages */
	char *text;		/* owned, as all below */
	gsize size;
	struct smpl_step *steps;	/* one a rule */
	GArray *unparsed;	/* guint: the lines that spatch left out */
	gboolean cached;
};

/*
 * Runs all @rules (struct smpl_rule) over all @jobs (struct smpl_job).  A file
 * on which spatch fails keeps its error in its step; that is no error here.
 * 0, or -1 after a message.
 */
int smpl_run(const GPtrArray *rules, const GPtrArray *jobs, int n_jobs);

/*
 * What the tree lacks that the rule asks for ("// requires: FILE: TEXT", a line
 * of its head: TEXT stands literally in FILE), to be printed; NULL: nothing.
 */
char *smpl_missing(const char *rule, const struct tree *t);
/* Replace the hole @name in *@text by the regex @alt; "" matches no name. */
void smpl_fill(char **text, const char *name, const char *alt);

/* Remove the scratch folder @path with the files in it. */
void smpl_remove_dir(const char *path);
/*
 * The rule of @m in @path, "CONVERSION/NN-name", with names as the tree spells
 * them; NULL after a message.
 */
struct smpl_rule *smpl_rule_load(const char *path, const struct manifest *m);
void smpl_rule_free(gpointer p);	/* of a rule on the heap, its strings too */
void smpl_job_free(struct smpl_job *j, guint n_rules);
/* "1.1.1": the version of spatch; NULL after a message when there is none. */
char *smpl_version(void);

#endif
