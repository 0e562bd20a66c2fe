// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline of lint: what the change is (a patch, a range of git, files),
 * the text of each file after it, the stages over that text, and what of their
 * findings is new.  Of a patch alone only the hunks are known; with a tree the
 * whole new file is made in memory, from the tree before the patch or after
 * it, whichever the patch fits.  Nothing is written and nothing of the tree is
 * run; git runs without hooks, filters, external diffs, signatures or network.
 */
#include <errno.h>
#include <fts.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/diag.h"
#include "lint/lint.h"
#include "text/patch.h"

struct lint {
	const struct lint_request *req;
	struct lint_result *res;
	GHashTable *removed;	/* lines that the patch removes: text -> count */
	GHashTable *state;	/* path -> struct text, behind the patches so far */
	GPtrArray *typed;	/* views for the stages that want whole files */
	GPtrArray *decls;	/* what the tree declares, or NULL */
	guint patch;
	gboolean judged_all;	/* no part of the tree was left out */
};

struct text { char *p; gsize size; };

static void text_free(gpointer p)
{
	struct text *t = p;

	if (!t)
		return;
	g_free(t->p);
	g_free(t);
}

static void not_judged(struct lint *x, const char *file, const char *why)
{
	char *valid = g_utf8_make_valid(file, -1);

	g_ptr_array_add(x->res->not_judged,
			g_strdup_printf("%s: %s", valid, why));
	g_free(valid);
}

static gboolean is_source(const char *file)
{
	static const char *const ends[] = { ".c", ".h", ".S" };

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(file, ends[i]))
			return TRUE;
	return FALSE;
}

static gboolean wanted(const struct lint *x, const char *file)
{
	char **f = x->req->files;

	if (!is_source(file))
		return FALSE;
	for (; f && *f; f++) {
		gsize n = strlen(*f);

		while (n && (*f)[n - 1] == '/')
			n--;
		if (!strncmp(*f, file, n) && (!file[n] || file[n] == '/' || !n))
			return TRUE;
	}
	return !x->req->files;
}

/* ---- one view ---- */

/* A line without its white space; @patch tells those of several apart. */
static char *squeeze_in(guint patch, const char *s, gsize len)
{
	GString *out = g_string_sized_new(len + 12);

	if (patch != G_MAXUINT)
		g_string_append_printf(out, "%u:", patch);

	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isspace(s[i]))
			g_string_append_c(out, s[i]);
	return g_string_free(out, FALSE);
}

static char *squeeze(const char *s, gsize len)
{
	return squeeze_in(G_MAXUINT, s, len);
}

static void fingerprint(struct lint_finding *f)
{
	char *line = squeeze(f->source, strlen(f->source));
	guint64 h = XXH3_64bits(f->id, strlen(f->id));

	h = XXH3_64bits_withSeed(f->file, strlen(f->file), h);
	f->fingerprint = XXH3_64bits_withSeed(line, strlen(line), h);
	g_free(line);
}

/* Does any rule want to see the whole file through a semantic patch? */
static gboolean wants_types(const struct lint *x, struct lint_view *v)
{
	if (!v->whole || !x->req->types)
		return FALSE;
	for (guint i = 0; i < x->req->rules->rules->len; i++) {
		const struct lint_rule *r = x->req->rules->rules->pdata[i];

		if (!r->off && (r->cocci || (x->req->deep && r->deep &&
					     r->deep[0])) &&
		    lint_rule_wants(r, v, x->decls))
			return TRUE;
	}
	return FALSE;
}

static gboolean has_comments(const struct lint_view *v)
{
	static const char word[] = "treewide-lint:";

	return memmem(v->text, v->size, word, sizeof(word) - 1) != NULL;
}

/* Does the text have a word of a rule that looks at such a file? */
static gboolean has_words(const struct lint *x, const struct lint_view *v)
{
	for (guint i = 0; i < x->req->rules->rules->len; i++) {
		const struct lint_rule *r = x->req->rules->rules->pdata[i];

		if (!r->off && lint_globs_match(r->files, v->file) &&
		    lint_view_has(v, r->needs))
			return TRUE;
	}
	return FALSE;
}

/* Judge a view by its text; takes it over. */
static void judge(struct lint *x, struct lint_view *v)
{
	guint before = x->res->findings->len;
	gboolean types;

	/* Its tokens would take twenty times the memory. */
	if (v->size > LINT_TEXT_MAX) {
		if (has_words(x, v))
			g_ptr_array_add(x->res->problems, g_strdup_printf(
				"%s: larger than %u MiB: not judged", v->file,
				LINT_TEXT_MAX >> 20));
		lint_view_free(v);
		return;
	}
	v->patch = x->patch;
	v->tree = x->req->tree;
	lint_text(x->req->rules, v, x->res->findings);
	types = wants_types(x, v);
	if (types)
		g_ptr_array_add(x->typed, v);
	if (types || before != x->res->findings->len || has_comments(v))
		g_ptr_array_add(x->res->views, v);
	else
		lint_view_free(v);
}

static void add_all(struct lint_view *v)
{
	for (guint i = 0; i < v->lines->len; i++)
		g_array_index(v->lines, struct lint_line, i).added = 1;
}

/* ---- a patch ---- */

/* The lines of one side of a hunk, as text. */
static GString *side_text(const struct pr_set *s, const struct pr_hunk *h,
			  char without)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);

		if (l->kind == without)
			continue;
		g_string_append_len(out, l->p, l->len);
		if (!l->no_eol)
			g_string_append_c(out, '\n');
	}
	return out;
}

static void mark_hunk(struct lint_view *v, const struct pr_set *s,
		      const struct pr_hunk *h, guint at)
{
	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);

		if (l->kind == '-')
			continue;
		if (at < v->lines->len)
			g_array_index(v->lines, struct lint_line, at).added =
				l->kind == '+';
		at++;
	}
}

static void note_removed(struct lint *x, const struct pr_set *s,
			 const struct pr_file *f)
{
	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);

		for (guint k = 0; k < h->n; k++) {
			const struct pr_line *l = pr_line_at(s, h, k);
			char *key;
			gpointer n;

			if (l->kind != '-')
				continue;
			key = squeeze_in(x->patch, l->p,
					 MIN(l->len, LINT_SOURCE_MAX));
			n = g_hash_table_lookup(x->removed, key);
			g_hash_table_insert(x->removed, key, GUINT_TO_POINTER(
					    GPOINTER_TO_UINT(n) + 1));
		}
	}
}

/* Only the hunks are known. */
static void judge_hunks(struct lint *x, const struct pr_set *s,
			const struct pr_file *f)
{
	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		GString *t = side_text(s, h, '-');
		gsize size = t->len;
		struct lint_view *v;

		if (!h->new_n) {
			g_string_free(t, TRUE);
			continue;
		}
		v = lint_view_new(f->new_path, g_string_free(t, FALSE), size,
				  h->new_start);
		v->whole = !f->old_path;
		mark_hunk(v, s, h, 0);
		judge(x, v);
	}
}

static gboolean same_at(const struct lint_view *v, guint at,
			const struct pr_set *s, const struct pr_hunk *h,
			char without)
{
	for (guint i = 0; i < h->n; i++) {
		const struct pr_line *l = pr_line_at(s, h, i);
		const char *p;
		gsize len;

		if (l->kind == without)
			continue;
		if (at >= v->lines->len)
			return FALSE;
		p = lint_view_line_text(v, at++, &len);
		if (len != l->len || memcmp(p, l->p, len))
			return FALSE;
	}
	return TRUE;
}

#define MAX_OFFSET 2000	/* lines that a hunk may have moved */

/* The line (from 0) where the side of the hunk without @without stands. */
static int find_hunk(const struct lint_view *v, gint64 want, guint from,
		     const struct pr_set *s, const struct pr_hunk *h,
		     char without)
{
	for (gint64 d = 0; d <= MAX_OFFSET; d++) {
		if (want + d >= from && want + d <= v->lines->len &&
		    same_at(v, want + d, s, h, without))
			return want + d;
		if (d && want - d >= from && same_at(v, want - d, s, h,
						     without))
			return want - d;
	}
	return -1;
}

/*
 * The text with all hunks applied (or, @back, undone), and the lines where the
 * hunks stand in @old, one each, in @places.  NULL when a hunk does not fit.
 */
static GString *apply(const char *text, gsize size, const struct pr_set *s,
		      const struct pr_file *f, gboolean back, GArray *places)
{
	struct lint_view *v = lint_view_new("", g_memdup2(text, size), size, 1);
	char without = back ? '-' : '+';
	GString *out = g_string_sized_new(size + 64);
	gint64 delta = 0;
	guint from = 0, at_new = 0;
	gsize len;

	for (guint i = 0; i < f->hunks->len; i++) {
		const struct pr_hunk *h = pr_hunk_at(f, i);
		guint n = back ? h->new_n : h->old_n;
		guint start = back ? h->new_start : h->old_start;
		gint64 want = (gint64)start - (n ? 1 : 0) + delta;
		int at = find_hunk(v, MAX(want, 0), from, s, h, without);
		GString *t;
		guint place;

		if (at < 0) {
			g_string_free(out, TRUE);
			out = NULL;
			break;
		}
		delta += at - want;
		for (; from < (guint)at; from++, at_new++) {
			const char *p = lint_view_line_text(v, from, &len);

			g_string_append_len(out, p, len);
			if (p + len < v->text + v->size)
				g_string_append_c(out, '\n');
		}
		place = back ? (guint)at : at_new;
		g_array_append_val(places, place);
		t = side_text(s, h, back ? '+' : '-');
		g_string_append_len(out, t->str, t->len);
		g_string_free(t, TRUE);
		from += n;
		at_new += back ? h->old_n : h->new_n;
	}
	for (; out && size && from < v->lines->len; from++) {
		const char *p = lint_view_line_text(v, from, &len);

		g_string_append_len(out, p, len);
		if (p + len < v->text + v->size)
			g_string_append_c(out, '\n');
	}
	lint_view_free(v);
	return out;
}

/* The text of a file as the patches so far leave it; NULL: none. */
static const struct text *state_of(struct lint *x, const char *path)
{
	struct text *t = g_hash_table_lookup(x->state, path);

	if (!t && !g_hash_table_contains(x->state, path)) {
		t = g_new0(struct text, 1);
		t->p = tree_read(x->req->root, path, &t->size, TRUE);
		if (!t->p) {
			text_free(t);
			t = NULL;
		}
		g_hash_table_insert(x->state, g_strdup(path), t);
	}
	return t;
}

static void set_state(struct lint *x, const char *path, const char *text,
		      gsize size)
{
	struct text *t = NULL;

	if (text) {
		t = g_new0(struct text, 1);
		t->p = g_malloc(size + 1);
		memcpy(t->p, text, size);
		t->p[size] = '\0';
		t->size = size;
	}
	g_hash_table_insert(x->state, g_strdup(path), t);
}

static struct lint_view *whole_view(const struct pr_set *s,
				    const struct pr_file *f, const char *text,
				    gsize size, const GArray *places)
{
	char *copy = g_malloc(size + 1);
	struct lint_view *v;

	memcpy(copy, text, size);
	copy[size] = '\0';
	v = lint_view_new(f->new_path, copy, size, 1);
	v->whole = TRUE;
	for (guint i = 0; i < places->len; i++)
		mark_hunk(v, s, pr_hunk_at(f, i),
			  g_array_index(places, guint, i));
	return v;
}

/* The tree is as before the patch: apply it in memory.  FALSE: it is not. */
static gboolean judge_forward(struct lint *x, const struct pr_set *s,
			      const struct pr_file *f)
{
	GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
	const struct text *old = f->old_path ? state_of(x, f->old_path) : NULL;
	GString *text = NULL;

	if (old)
		text = apply(old->p, old->size, s, f, FALSE, places);
	if (text) {
		if (strcmp(f->old_path, f->new_path))
			set_state(x, f->old_path, NULL, 0);
		set_state(x, f->new_path, text->str, text->len);
		judge(x, whole_view(s, f, text->str, text->len, places));
		g_string_free(text, TRUE);
	}
	g_array_free(places, TRUE);
	return text != NULL;
}

/* The tree is as behind the patch. */
static gboolean judge_backward(struct lint *x, const struct pr_set *s,
			       const struct pr_file *f)
{
	GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
	const struct text *now = state_of(x, f->new_path);
	GString *text = NULL;

	if (now)
		text = apply(now->p, now->size, s, f, TRUE, places);
	if (text) {
		judge(x, whole_view(s, f, now->p, now->size, places));
		set_state(x, f->new_path, NULL, 0);
		if (f->old_path)
			set_state(x, f->old_path, text->str, text->len);
		g_string_free(text, TRUE);
	}
	g_array_free(places, TRUE);
	return text != NULL;
}

static void note_patch(struct lint *x, const struct pr_patch *p)
{
	struct lint_patch_info *i = g_new0(struct lint_patch_info, 1);

	i->subject = p->subject ? g_utf8_make_valid(p->subject, -1) : NULL;
	i->commit = g_strdup(p->commit);
	g_ptr_array_add(x->res->patches, i);
}

static void info_free(gpointer p)
{
	struct lint_patch_info *i = p;

	g_free(i->subject);
	g_free(i->commit);
	g_free(i);
}

/* What of a patch's files is judged at all; says what is not. */
static gboolean file_counts(struct lint *x, const struct pr_file *f)
{
	const char *path = f->new_path ? f->new_path : f->old_path;

	if (!path || !wanted(x, path))
		return FALSE;
	if (f->binary) {
		not_judged(x, path, "binary");
		return FALSE;
	}
	if ((f->mode & 0170000) == 0120000 || (f->mode & 0170000) == 0160000) {
		not_judged(x, path, "a symbolic link or a submodule");
		return FALSE;
	}
	x->res->files++;
	return f->new_path && f->hunks->len;
}

/* What the changed headers declare, before the files that use it come. */
static void note_headers(struct lint *x, const struct pr_set *s)
{
	for (guint i = 0; x->decls && i < s->patches->len; i++) {
		const struct pr_patch *p = s->patches->pdata[i];

		for (guint k = 0; k < p->files->len; k++) {
			const struct pr_file *f = p->files->pdata[k];

			if (!f->new_path || f->binary ||
			    !g_str_has_suffix(f->new_path, ".h"))
				continue;
			for (guint h = 0; h < f->hunks->len; h++) {
				GString *t = side_text(s, pr_hunk_at(f, h), '-');

				lint_decls_change(x->decls, f->new_path,
						  t->str, t->len);
				g_string_free(t, TRUE);
			}
		}
	}
}

struct late { guint patch; const struct pr_file *f; };

/* Behind the tree's back: the files that the tree has after the patch. */
static void judge_late(struct lint *x, const struct pr_set *s, GArray *late)
{
	for (guint i = late->len; i-- > 0; ) {
		const struct late *l = &g_array_index(late, struct late, i);

		x->patch = l->patch;
		if (judge_backward(x, s, l->f))
			continue;
		judge_hunks(x, s, l->f);
		g_ptr_array_add(x->res->problems,
			g_strdup_printf("%s: the patch fits the tree neither before nor after it: judged by its hunks alone",
					l->f->new_path));
	}
}

static int collect_patch(struct lint *x, const struct pr_set *s)
{
	GArray *late = g_array_new(FALSE, FALSE, sizeof(struct late));
	GHashTable *behind = g_hash_table_new(g_str_hash, g_str_equal);

	note_headers(x, s);
	for (x->patch = 0; x->patch < s->patches->len; x->patch++) {
		const struct pr_patch *p = s->patches->pdata[x->patch];

		note_patch(x, p);
		for (guint i = 0; i < p->files->len; i++) {
			const struct pr_file *f = p->files->pdata[i];

			note_removed(x, s, f);
			if (!file_counts(x, f))
				continue;
			/* A new file is all there. */
			if (!x->req->tree || !f->old_path) {
				judge_hunks(x, s, f);
				if (x->req->tree && f->hunks->len == 1) {
					GString *t = side_text(s,
						pr_hunk_at(f, 0), '-');

					set_state(x, f->new_path, t->str,
						  t->len);
					g_string_free(t, TRUE);
				}
				continue;
			}
			if (!g_hash_table_contains(behind, f->new_path) &&
			    judge_forward(x, s, f))
				continue;
			g_hash_table_add(behind, f->new_path);
			g_hash_table_remove(x->state, f->new_path);
			struct late l = { x->patch, f };
			g_array_append_val(late, l);
		}
	}
	judge_late(x, s, late);
	g_hash_table_destroy(behind);
	g_array_free(late, TRUE);
	return 0;
}

/* ---- git ---- */

/* A git process in the root that runs nothing of the repository. */
static GSubprocess *git_start(const struct tree *root,
			      const char *const *args, gboolean input)
{
	static const char *const safe[] = {
		"git", "--no-pager", "--no-replace-objects",
		"-c", "core.fsmonitor=false",
		"-c", "core.hooksPath=/dev/null",
		"-c", "core.attributesFile=/dev/null",
		"-c", "core.alternateRefsCommand=",
		"-c", "log.showSignature=false",
		"-c", "diff.external=",
		"-c", "diff.orderFile=/dev/null",
		"-c", "protocol.allow=never",
		"-c", "credential.helper=",
		"-c", "core.askPass=",
		"-C",
	};
	GSubprocessLauncher *l = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE |
		(input ? G_SUBPROCESS_FLAGS_STDIN_PIPE :
			 G_SUBPROCESS_FLAGS_NONE));
	GPtrArray *argv = g_ptr_array_new();
	GError *err = NULL;
	GSubprocess *p;

	for (guint i = 0; i < G_N_ELEMENTS(safe); i++)
		g_ptr_array_add(argv, (char *)safe[i]);
	g_ptr_array_add(argv, root->path);
	for (; *args; args++)
		g_ptr_array_add(argv, (char *)*args);
	g_ptr_array_add(argv, NULL);
	g_subprocess_launcher_setenv(l, "GIT_CONFIG_NOSYSTEM", "1", TRUE);
	g_subprocess_launcher_setenv(l, "GIT_OPTIONAL_LOCKS", "0", TRUE);
	g_subprocess_launcher_setenv(l, "GIT_NO_LAZY_FETCH", "1", TRUE);
	g_subprocess_launcher_setenv(l, "GIT_TERMINAL_PROMPT", "0", TRUE);
	g_subprocess_launcher_setenv(l, "GIT_ATTR_NOSYSTEM", "1", TRUE);
	g_subprocess_launcher_setenv(l, "LC_ALL", "C", TRUE);
	g_subprocess_launcher_unsetenv(l, "GIT_EXTERNAL_DIFF");
	p = g_subprocess_launcher_spawnv(l, (const char *const *)argv->pdata,
					 &err);
	if (!p) {
		tw_error("git cannot be run: %s", err->message);
		g_error_free(err);
	}
	g_object_unref(l);
	g_ptr_array_free(argv, TRUE);
	return p;
}

/* Read at most @max bytes of a stream; NULL when there are more. */
static GString *read_all(GInputStream *in, gsize max)
{
	GString *s = g_string_new(NULL);
	char buf[65536];
	gssize n;

	while ((n = g_input_stream_read(in, buf, sizeof(buf), NULL, NULL)) > 0) {
		g_string_append_len(s, buf, n);
		if (s->len > max) {
			g_string_free(s, TRUE);
			return NULL;
		}
	}
	return s;
}

struct blobs { GSubprocess *p; GInputStream *in; GOutputStream *out; };

static int blobs_open(struct blobs *b, const struct tree *root)
{
	static const char *const args[] = { "cat-file", "--batch", NULL };

	b->p = git_start(root, args, TRUE);
	if (!b->p)
		return -1;
	b->in = G_INPUT_STREAM(g_data_input_stream_new(
				g_subprocess_get_stdout_pipe(b->p)));
	b->out = g_subprocess_get_stdin_pipe(b->p);
	return 0;
}

static void blobs_close(struct blobs *b)
{
	g_output_stream_close(b->out, NULL, NULL);
	g_subprocess_wait(b->p, NULL, NULL);
	g_object_unref(b->in);
	g_object_unref(b->p);
}

/* The file of a commit; NULL when it is not there, or no plain file. */
static char *blob_read(struct blobs *b, const char *commit, const char *path,
		       gsize *size)
{
	char *ask = g_strdup_printf("%s:%s\n", commit, path), *line = NULL;
	char *text = NULL, **words = NULL;
	gsize got;

	if (g_output_stream_write_all(b->out, ask, strlen(ask), NULL, NULL,
				      NULL) &&
	    g_output_stream_flush(b->out, NULL, NULL))
		line = g_data_input_stream_read_line(
			G_DATA_INPUT_STREAM(b->in), NULL, NULL, NULL);
	words = line ? g_strsplit(line, " ", 3) : NULL;
	if (words && g_strv_length(words) == 3 &&
	    g_ascii_isdigit(*words[2])) {
		*size = g_ascii_strtoull(words[2], NULL, 10);
		if (*size < PR_MAX_SIZE) {
			text = g_malloc(*size + 1);
			if (!g_input_stream_read_all(b->in, text, *size, &got,
						     NULL, NULL) ||
			    got != *size)
				g_clear_pointer(&text, g_free);
			else
				text[*size] = '\0';
		} else {
			g_input_stream_skip(b->in, *size, NULL, NULL);
		}
		g_input_stream_skip(b->in, 1, NULL, NULL);
		if (text && strcmp(words[1], "blob"))
			g_clear_pointer(&text, g_free);
	}
	g_strfreev(words);
	g_free(line);
	g_free(ask);
	return text;
}

/* "A...B" is asked for what B has and A has not; one commit for itself. */
static char *git_range(const char *range)
{
	const char *dots = strstr(range, "...");

	if (dots)
		return g_strdup_printf("%.*s..%s", (int)(dots - range), range,
				       dots[3] ? dots + 3 : "HEAD");
	if (strstr(range, ".."))
		return g_strdup(range);
	return g_strconcat(range, "^!", NULL);
}

static GString *git_log(struct lint *x)
{
	char *range = git_range(x->req->range);
	const char *args[] = {
		"log", "-p", "--reverse", "--no-merges", "--no-ext-diff",
		"--no-textconv", "--no-color", "--no-show-signature",
		"--no-notes", "--no-mailmap", "--submodule=short",
		"--find-renames", "--full-index", "--no-relative",
		"--src-prefix=a/", "--dst-prefix=b/", "--unified=3",
		"--no-indent-heuristic", "--diff-algorithm=myers",
		"--ignore-submodules=all", "--pretty=format:commit %H%nSubject: %s%n",
		"--end-of-options", range, "--", NULL
	};
	GSubprocess *p = git_start(x->req->root, args, FALSE);
	GString *out = NULL;

	if (p) {
		out = read_all(g_subprocess_get_stdout_pipe(p), PR_MAX_SIZE);
		if (!out) {
			g_subprocess_force_exit(p);
			tw_error("'%s': more than %u MiB of changes: give a smaller range",
				 x->req->range, PR_MAX_SIZE >> 20);
		}
		g_subprocess_wait(p, NULL, NULL);
		if (out && (!g_subprocess_get_if_exited(p) ||
			    g_subprocess_get_exit_status(p))) {
			tw_error("git cannot list '%s' in '%s'; is it a range of commits there?",
				 x->req->range, x->req->root->path);
			g_string_free(out, TRUE);
			out = NULL;
		}
		g_object_unref(p);
	}
	g_free(range);
	return out;
}

static int collect_range(struct lint *x)
{
	GString *log = git_log(x);
	struct pr_error err = { 0 };
	struct pr_set *s;
	struct blobs b;

	if (!log)
		return -1;
	s = pr_read(log->str, log->len, PR_LOOSE, &err);
	if (!s) {
		/* Commits without a change to text. */
		gboolean empty = !strstr(log->str, "\ndiff --git ") &&
				 !g_str_has_prefix(log->str, "diff --git ");

		if (!empty)
			tw_error("git's log of '%s', line %u: %s",
				 x->req->range, err.line, err.text);
		g_string_free(log, TRUE);
		return empty ? 0 : -1;
	}
	if (blobs_open(&b, x->req->root)) {
		pr_free(s);
		g_string_free(log, TRUE);
		return -1;
	}
	note_headers(x, s);
	for (x->patch = 0; x->patch < s->patches->len; x->patch++) {
		const struct pr_patch *p = s->patches->pdata[x->patch];

		note_patch(x, p);
		for (guint i = 0; i < p->files->len; i++) {
			const struct pr_file *f = p->files->pdata[i];
			GArray *places;
			char *text = NULL;
			gsize size;

			note_removed(x, s, f);
			if (!file_counts(x, f))
				continue;
			if (p->commit)
				text = blob_read(&b, p->commit, f->new_path,
						 &size);
			if (!text) {
				judge_hunks(x, s, f);
				continue;
			}
			places = g_array_new(FALSE, FALSE, sizeof(guint));
			for (guint k = 0; k < f->hunks->len; k++) {
				const struct pr_hunk *h = pr_hunk_at(f, k);
				guint at = h->new_start - (h->new_n ? 1 : 0);

				g_array_append_val(places, at);
			}
			judge(x, whole_view(s, f, text, size, places));
			g_array_free(places, TRUE);
			g_free(text);
		}
	}
	blobs_close(&b);
	pr_free(s);
	g_string_free(log, TRUE);
	return 0;
}

/* ---- files ---- */

/* Judge a file of the root; @old is what it was, or NULL: all of it is new. */
static void judge_file(struct lint *x, const char *file, char *text,
		       gsize size, const char *old, gsize old_size)
{
	struct lint_view *v = lint_view_new(file, text, size, 1);

	v->whole = TRUE;
	x->res->files++;
	if (x->req->all || !old) {
		add_all(v);
	} else {
		GString *diff = g_string_new(NULL);
		struct pr_error err;
		struct pr_set *s;

		patch_append(diff, file, 0100644, old, old_size, text, size,
			     NULL);
		s = pr_read(diff->str, diff->len, PR_LOOSE, &err);
		for (guint i = 0; s && i < s->patches->len; i++) {
			struct pr_patch *p = s->patches->pdata[i];
			struct pr_file *f = p->files->pdata[0];

			note_removed(x, s, f);
			for (guint k = 0; k < f->hunks->len; k++) {
				const struct pr_hunk *h = pr_hunk_at(f, k);

				mark_hunk(v, s, h, h->new_start -
					  (h->new_n ? 1 : 0));
			}
		}
		pr_free(s);
		g_string_free(diff, TRUE);
	}
	judge(x, v);
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
		else if (e->fts_info == FTS_F && is_source(rel))
			g_ptr_array_add(out, g_strdup(rel));
		else if (e->fts_info == FTS_F && !e->fts_level)
			not_judged(x, rel, "no C source (.c, .h, .S)");
		else if (e->fts_info == FTS_DEFAULT && (is_source(rel) ||
							!e->fts_level))
			not_judged(x, *rel ? rel : path, "no plain file");
		else if (e->fts_info == FTS_SL && (is_source(rel) ||
						   !e->fts_level))
			not_judged(x, rel, "a symbolic link");
		else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR ||
			 e->fts_info == FTS_NS)
			not_judged(x, *rel ? rel : path, g_strerror(e->fts_errno));
	}
	if (fts)
		fts_close(fts);
	g_free(full);
	return out->len > before || !*path ? 0 : 1;
}

static int collect_files(struct lint *x)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	gboolean git = !x->req->all && is_git(x->req->root);
	gboolean said = FALSE;
	struct blobs b;
	int ret = 0;

	if (!x->req->files)
		ret = walk(x, "", files);
	for (char **f = x->req->files; f && *f && !ret; f++) {
		const char *why;
		char *full = g_build_filename(x->req->root->path, *f, NULL);

		if (strcmp(*f, ".") && !pr_path_ok(*f, &why)) {
			char *cut = g_str_has_suffix(*f, "/") ?
				    g_strndup(*f, strlen(*f) - 1) : NULL;

			if (!cut || !pr_path_ok(cut, &why))
				ret = tw_error("'%s' %s: give paths in '%s'",
					       *f, why, x->req->root->path);
			g_free(cut);
		}
		if (!ret && !g_file_test(full, G_FILE_TEST_EXISTS) &&
		    !g_file_test(full, G_FILE_TEST_IS_SYMLINK))
			ret = tw_error("'%s': there is no such file in '%s'",
				       *f, x->req->root->path);
		if (!ret)
			walk(x, strcmp(*f, ".") ? *f : "", files);
		g_free(full);
	}
	if (!ret && git)
		ret = blobs_open(&b, x->req->root);
	for (guint i = 0; !ret && i < files->len; i++) {
		const char *file = files->pdata[i];
		gsize size, old_size = 0;
		char *text, *old = NULL;

		if (i % 512 == 0)
			tw_progress("lint", i, files->len, file);
		errno = 0;
		text = tree_read(x->req->root, file, &size, TRUE);
		if (!text) {
			not_judged(x, file, errno == EFBIG ? "too large" :
				   "cannot be read");
			continue;
		}
		if (git)
			old = blob_read(&b, "HEAD", file, &old_size);
		if (!x->req->all && !old && !said && !git) {
			tw_note("no git checkout: every line of the files counts as new");
			said = TRUE;
		}
		judge_file(x, file, text, size, old, old_size);
		g_free(old);
	}
	tw_progress_end();
	if (!ret && git)
		blobs_close(&b);
	x->judged_all = x->req->all && !x->req->files;
	g_ptr_array_free(files, TRUE);
	return ret;
}

/* ---- the findings ---- */

static gint by_place(gconstpointer a, gconstpointer b)
{
	const struct lint_finding *x = *(struct lint_finding *const *)a;
	const struct lint_finding *y = *(struct lint_finding *const *)b;
	int r;

	if (x->patch != y->patch)
		return x->patch < y->patch ? -1 : 1;
	r = strcmp(x->file, y->file);
	if (!r)
		r = x->line < y->line ? -1 : x->line > y->line;
	if (!r)
		r = strcmp(x->id, y->id);
	if (!r)
		r = x->col < y->col ? -1 : x->col > y->col;
	return r ? r : strcmp(x->message, y->message);
}

/* The text knows the exact place, the compiler too, a semantic patch the line. */
static int stage_of(const struct lint_finding *f)
{
	return g_str_has_prefix(f->evidence, "text") ? 0 :
	       g_str_has_prefix(f->evidence, "types") ? 1 : 2;
}

static gint by_line_and_stage(gconstpointer a, gconstpointer b)
{
	const struct lint_finding *x = *(struct lint_finding *const *)a;
	const struct lint_finding *y = *(struct lint_finding *const *)b;
	int r = x->patch < y->patch ? -1 : x->patch > y->patch;

	if (!r)
		r = strcmp(x->file, y->file);
	if (!r)
		r = x->line < y->line ? -1 : x->line > y->line;
	if (!r)
		r = strcmp(x->id, y->id);
	if (!r)
		r = stage_of(x) - stage_of(y);
	return r ? r : by_place(a, b);
}

static gboolean same_line(const struct lint_finding *a,
			  const struct lint_finding *b)
{
	return a->patch == b->patch && a->line == b->line &&
	       !strcmp(a->id, b->id) && !strcmp(a->file, b->file);
}

/*
 * What several stages say of a rule in a line is one finding, as sure as the
 * surest of them; two of one stage are two.
 */
static void merge(GPtrArray *v)
{
	GPtrArray *keep = g_ptr_array_new_with_free_func(lint_finding_free);

	g_ptr_array_sort(v, by_line_and_stage);
	g_ptr_array_set_free_func(v, NULL);
	for (guint i = 0; i < v->len; i++) {
		struct lint_finding *f = v->pdata[i];
		gboolean known = FALSE;

		/* Not more than a line of people's has. */
		for (guint k = keep->len, n = 0; k-- > 0 && n < 32; n++) {
			struct lint_finding *o = keep->pdata[k];

			if (!same_line(o, f))
				break;
			if (stage_of(o) == stage_of(f)) {
				/* Within the other: a part of the same. */
				known |= f->rule && o->col <= f->col &&
					 o->end_col >= f->end_col;
				continue;
			}
			known = TRUE;
			o->sure = MAX(o->sure, f->sure);
			o->added |= f->added;
			if (!strstr(o->evidence, f->evidence)) {
				char *both = g_strdup_printf("%s, %s",
						o->evidence, f->evidence);

				g_free(o->evidence);
				o->evidence = both;
			}
		}
		if (known)
			lint_finding_free(f);
		else
			g_ptr_array_add(keep, f);
	}
	g_ptr_array_set_size(v, 0);
	g_ptr_array_set_free_func(v, lint_finding_free);
	g_ptr_array_set_free_func(keep, NULL);
	for (guint i = 0; i < keep->len; i++)
		g_ptr_array_add(v, keep->pdata[i]);
	g_ptr_array_free(keep, TRUE);
}

/* The change only moved the line, or indented it anew. */
static gboolean is_moved(struct lint *x, const struct lint_finding *f)
{
	char *key = squeeze_in(f->patch, f->source, strlen(f->source));
	guint n = GPOINTER_TO_UINT(g_hash_table_lookup(x->removed, key));

	if (n)
		g_hash_table_insert(x->removed, g_strdup(key),
				    GUINT_TO_POINTER(n - 1));
	g_free(key);
	return n > 0;
}

static void sift(struct lint *x)
{
	GPtrArray *all = x->res->findings;
	GPtrArray *keep = g_ptr_array_new_with_free_func(lint_finding_free);
	GHashTable *seen = g_hash_table_new_full(g_int64_hash, g_int64_equal,
						 g_free, NULL);
	guint ordinal;
	guint64 key;

	merge(all);
	for (guint i = 0; i < x->res->views->len; i++)
		if (has_comments(x->res->views->pdata[i]))
			lint_mute_inline(x->req->mute, x->req->rules,
					 x->res->views->pdata[i], all);
	g_ptr_array_sort(all, by_place);
	for (guint i = 0; i < all->len; i++) {
		struct lint_finding *f = all->pdata[i];

		all->pdata[i] = NULL;
		fingerprint(f);
		/* The same line twice in a file: told apart by order. */
		key = f->fingerprint ^ f->patch * 0x9e3779b97f4a7c15ull;
		ordinal = GPOINTER_TO_UINT(g_hash_table_lookup(seen, &key));
		g_hash_table_insert(seen, g_memdup2(&key, sizeof(key)),
				    GUINT_TO_POINTER(ordinal + 1));
		if (ordinal)
			f->fingerprint = XXH3_64bits_withSeed(&ordinal,
						sizeof(ordinal),
						f->fingerprint);
		if (f->rule && !f->added && !x->req->all) {
			lint_finding_free(f);
		} else if (f->rule && !x->req->all && is_moved(x, f)) {
			x->res->moved++;
			lint_finding_free(f);
		} else if (lint_mute_finding(x->req->mute, f)) {
			lint_finding_free(f);
		} else {
			g_ptr_array_add(keep, f);
		}
	}
	g_hash_table_destroy(seen);
	g_ptr_array_set_free_func(all, NULL);
	g_ptr_array_free(all, TRUE);
	x->res->findings = keep;
	if (x->judged_all)
		lint_mute_unused(x->req->mute, keep);
	x->res->muted = lint_mute_count(x->req->mute);
}

int lint_run(const struct lint_request *req, struct lint_result *res)
{
	struct lint x = { .req = req, .res = res };
	struct pr_set *s = NULL;
	int ret;

	memset(res, 0, sizeof(*res));
	res->findings = g_ptr_array_new_with_free_func(lint_finding_free);
	res->views = g_ptr_array_new_with_free_func(lint_view_free);
	res->patches = g_ptr_array_new_with_free_func(info_free);
	res->not_judged = g_ptr_array_new_with_free_func(g_free);
	res->problems = g_ptr_array_new_with_free_func(g_free);
	res->edits = g_ptr_array_new_with_free_func(lint_edit_free);
	x.typed = g_ptr_array_new();
	/* Of a patch alone nothing is known but the patch. */
	if (req->types && (req->tree || !req->patch))
		x.decls = lint_decls_new(req->rules, req->tree ? req->tree :
					 req->root);
	x.removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  NULL);
	x.state = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					text_free);
	if (req->patch) {
		struct pr_error err = { 0 };

		s = pr_read(req->patch, req->patch_size, 0, &err);
		ret = s ? collect_patch(&x, s) :
		      tw_error_at(req->patch_name, err.line, 0, "%s",
				  err.text);
	} else if (req->range) {
		ret = collect_range(&x);
	} else {
		ret = collect_files(&x);
	}
	if (!ret && x.typed->len)
		ret = lint_smpl(req->rules, x.typed, x.decls, req->jobs,
				res->findings, res->problems,
				res->not_judged);
	if (!ret && req->deep && x.typed->len)
		ret = lint_deep(req->rules, req->tree, req->cells, x.typed,
				x.decls, req->jobs, res->findings,
				res->problems);
	if (!ret)
		sift(&x);
	if (!ret && req->fix && req->types)
		ret = lint_convert(req->rules, req->tree || !req->patch ?
				   req->root : NULL, req->jobs, res);
	pr_free(s);
	g_hash_table_destroy(x.removed);
	g_hash_table_destroy(x.state);
	g_ptr_array_free(x.typed, TRUE);
	if (x.decls)
		g_ptr_array_free(x.decls, TRUE);
	return ret;
}

void lint_result_clear(struct lint_result *res)
{
	g_ptr_array_free(res->edits, TRUE);
	g_ptr_array_free(res->findings, TRUE);
	g_ptr_array_free(res->views, TRUE);
	g_ptr_array_free(res->patches, TRUE);
	g_ptr_array_free(res->not_judged, TRUE);
	g_ptr_array_free(res->problems, TRUE);
}

/* ---- is the tree converted? ---- */

/* Does a file of the tree that fits the globs have the text? */
static gboolean tree_has(const struct tree *tree, const char *dir, guint depth,
			 const struct lint_unconverted *u)
{
	char *full = g_build_filename(tree->path, dir, NULL);
	GDir *d = g_dir_open(full, 0, NULL);
	gboolean yes = FALSE;
	const char *name;

	while (d && !yes && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);
		char *below = g_build_filename(full, name, NULL);
		char *text = NULL;
		gsize size;

		if (g_file_test(below, G_FILE_TEST_IS_SYMLINK))
			;
		else if (lint_globs_match(u->files, path))
			text = tree_read(tree, path, &size, TRUE);
		else if (depth && g_file_test(below, G_FILE_TEST_IS_DIR))
			yes = tree_has(tree, path, depth - 1, u);
		if (text)
			yes = memmem(text, size, u->text,
				     strlen(u->text)) != NULL;
		g_free(text);
		g_free(path);
		g_free(below);
	}
	if (d)
		g_dir_close(d);
	g_free(full);
	return yes;
}

const char *lint_unconverted(const struct lint_rules *r,
			     const struct tree *tree)
{
	for (guint i = 0; i < r->unconverted->len; i++) {
		const struct lint_unconverted *u = r->unconverted->pdata[i];

		if (tree_has(tree, "arch", 3, u))
			return u->conversion;
	}
	return NULL;
}
