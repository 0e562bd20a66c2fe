// SPDX-License-Identifier: GPL-2.0-only
/*
 * Judge the commits of a range, or files and folders of a tree.  A commit's
 * files are read from git, before and after it.  A file of a checkout is
 * compared with HEAD; without a checkout all of its lines count as new.
 */
#include <errno.h>
#include <fts.h>
#include <string.h>

#include "base/diag.h"
#include "lint/pipeline.h"
#include "text/patch.h"

/* A file of a commit, with what it was in the commit's parent. */
static void judge_commit_file(struct lint *x, struct lint_blobs *b,
			      const struct pr_set *s, const struct pr_patch *p,
			      const struct pr_file *f)
{
	struct lint_view *v, *old = NULL;
	gsize size, old_size;
	char *text = p->commit ? lint_blobs_read(b, p->commit, f->new_path,
						 &size) : NULL;
	char *parent, *before = NULL;

	if (!text) {
		lint_judge_hunks(x, s, f);
		return;
	}
	parent = g_strconcat(p->commit, "^", NULL);
	if (f->old_path)
		before = lint_blobs_read(b, parent, f->old_path, &old_size);
	v = lint_whole_view(s, f, '+', text, size);
	if (before)
		old = lint_whole_view(s, f, '-', before, old_size);
	lint_judge(x, v, old, TRUE);
	g_free(parent);
	g_free(before);
	g_free(text);
}

/* The range's log as patches; NULL with *@ret set if there are none. */
static struct pr_set *read_range(const struct lint *x, GString *log, int *ret)
{
	struct pr_error err = { 0 };
	struct pr_set *s = pr_read(log->str, log->len, PR_LOOSE, &err);

	*ret = 0;
	/* The commits may change no text. */
	if (!s && (strstr(log->str, "\ndiff --git ") ||
		   g_str_has_prefix(log->str, "diff --git ")))
		*ret = tw_error("git's log of '%s', line %u: %s",
				x->req->range, err.line, err.text);
	return s;
}

int lint_collect_range(struct lint *x)
{
	GString *log = lint_git_log(x->req->root, x->req->range);
	struct lint_blobs b;
	struct pr_set *s;
	int ret = -1;

	if (!log)
		return -1;
	s = read_range(x, log, &ret);
	if (!s || lint_blobs_open(&b, x->req->root)) {
		ret = s ? -1 : ret;
		goto out;
	}
	lint_note_headers(x, s);
	for (x->patch = 0; x->patch < s->patches->len; x->patch++) {
		const struct pr_patch *p = s->patches->pdata[x->patch];

		lint_note_patch(x, p);
		for (guint i = 0; i < p->files->len; i++)
			if (lint_file_counts(x, s, p->files->pdata[i]))
				judge_commit_file(x, &b, s, p,
						  p->files->pdata[i]);
	}
	lint_blobs_close(&b);
	ret = 0;
out:
	pr_free(s);
	g_string_free(log, TRUE);
	return ret;
}

/* ---- files ---- */

/* Judge a file of the root; @old is what it was, or NULL: all of it is new. */
static void judge_file(struct lint *x, const char *file, char *text,
		       gsize size, const char *old, gsize old_size)
{
	struct lint_view *v, *before = NULL;
	GString *diff = g_string_new(NULL);
	struct pr_error err;
	struct pr_set *s = NULL;

	x->res->files++;
	if (!x->req->all && old) {
		patch_append(diff, file, 0100644, old, old_size, text, size,
			     NULL);
		s = pr_read(diff->str, diff->len, PR_LOOSE, &err);
	}
	if (s && s->patches->len) {
		const struct pr_patch *p = s->patches->pdata[0];
		const struct pr_file *f = p->files->pdata[0];

		v = lint_whole_view(s, f, '+', text, size);
		before = lint_whole_view(s, f, '-', old, old_size);
		g_free(text);
	} else {
		v = lint_view_new(file, text, size, 1);
		v->whole = TRUE;
		for (guint i = 0; i < v->lines->len && (x->req->all || !old);
		     i++)
			g_array_index(v->lines, struct lint_line, i).added = 1;
	}
	pr_free(s);
	g_string_free(diff, TRUE);
	lint_judge(x, v, before, TRUE);
}

static gboolean is_git(const struct tree *root)
{
	char *p = g_build_filename(root->path, ".git", NULL);
	gboolean yes = g_file_test(p, G_FILE_TEST_EXISTS);

	g_free(p);
	return yes;
}

static int by_path(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* All source files at or below a path of the root; links are not followed. */
static int walk(struct lint *x, const char *path, GPtrArray *out)
{
	char *full = *path ? g_build_filename(x->req->root->path, path, NULL)
			   : g_strdup(x->req->root->path);
	char *argv[] = { full, NULL };
	gsize skip = strlen(x->req->root->path);
	FTS *fts = fts_open(argv, FTS_PHYSICAL | FTS_NOCHDIR, by_path);
	guint before = out->len;
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		const char *rel = e->fts_path + skip;

		while (*rel == '/')
			rel++;
		if (e->fts_info == FTS_D && !strcmp(e->fts_name, ".git") &&
		    e->fts_level)
			fts_set(fts, e, FTS_SKIP);
		else if (e->fts_info == FTS_F && lint_is_source(rel))
			g_ptr_array_add(out, g_strdup(rel));
		else if (e->fts_info == FTS_F && !e->fts_level)
			lint_not_judged(x, rel, "no C source (.c, .h, .S)");
		else if (e->fts_info == FTS_DEFAULT && (lint_is_source(rel) ||
							!e->fts_level))
			lint_not_judged(x, *rel ? rel : path, "no plain file");
		else if (e->fts_info == FTS_SL && (lint_is_source(rel) ||
						   !e->fts_level))
			lint_not_judged(x, rel, "a symbolic link");
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR ||
			 e->fts_info == FTS_NS)
			lint_not_judged(x, *rel ? rel : path, g_strerror(e->fts_errno));
	}
	if (fts)
		fts_close(fts);
	g_free(full);
	return out->len > before || !*path ? 0 : 1;
}

/* Is @file a name in the root?  0, or -1 after a message. */
static int check_name(const struct lint *x, const char *file)
{
	const char *root = x->req->root->path;
	char *full = g_build_filename(root, file, NULL);
	char *cut = g_str_has_suffix(file, "/") ?
		    g_strndup(file, strlen(file) - 1) : g_strdup(file);
	const char *why;
	int ret = 0;

	if (strcmp(file, ".") && !pr_path_ok(cut, &why))
		ret = tw_error("'%s' %s: give paths in '%s'", file, why, root);
	else if (!g_file_test(full, G_FILE_TEST_EXISTS) &&
		 !g_file_test(full, G_FILE_TEST_IS_SYMLINK))
		ret = tw_error("'%s': there is no such file in '%s'", file,
			       root);
	g_free(cut);
	g_free(full);
	return ret;
}

int lint_collect_files(struct lint *x)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	gboolean git = !x->req->all && is_git(x->req->root);
	gboolean said = FALSE;
	struct lint_blobs b;
	int ret = 0;

	if (!x->req->files)
		ret = walk(x, "", files);
	for (char **f = x->req->files; f && *f && !ret; f++) {
		ret = check_name(x, *f);
		if (!ret)
			walk(x, strcmp(*f, ".") ? *f : "", files);
	}
	if (!ret && git)
		ret = lint_blobs_open(&b, x->req->root);
	for (guint i = 0; !ret && i < files->len; i++) {
		const char *file = files->pdata[i];
		gsize size, old_size = 0;
		char *text, *old = NULL;

		if (i % 512 == 0)
			tw_progress("lint", i, files->len, file);
		errno = 0;
		text = tree_read(x->req->root, file, &size, TRUE);
		if (!text) {
			lint_not_judged(x, file, errno == EFBIG ? "too large" :
				   "cannot be read");
			continue;
		}
		if (git)
			old = lint_blobs_read(&b, "HEAD", file, &old_size);
		if (!x->req->all && !old && !said && !git) {
			tw_note("no git checkout: every line of the files counts as new");
			said = TRUE;
		}
		judge_file(x, file, text, size, old, old_size);
		g_free(old);
	}
	tw_progress_end();
	if (!ret && git)
		lint_blobs_close(&b);
	x->judged_all = x->req->all && !x->req->files;
	g_ptr_array_free(files, TRUE);
	return ret;
}
