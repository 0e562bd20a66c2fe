// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ask git for a log with diffs and for files of commits.  A repository may be a
 * stranger's: git runs without hooks, filters, external diffs, textconv,
 * signatures, replacement objects and network.
 */
#include <string.h>

#include "base/diag.h"
#include "lint/pipeline.h"

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

int lint_blobs_open(struct lint_blobs *b, const struct tree *root)
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

void lint_blobs_close(struct lint_blobs *b)
{
	g_output_stream_close(b->out, NULL, NULL);
	g_subprocess_wait(b->p, NULL, NULL);
	g_object_unref(b->in);
	g_object_unref(b->p);
}

char *lint_blobs_read(struct lint_blobs *b, const char *commit,
		      const char *path, gsize *size)
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

GString *lint_git_log(const struct tree *root, const char *asked)
{
	char *range = git_range(asked);
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
	GSubprocess *p = git_start(root, args, FALSE);
	GString *out = NULL;

	if (p) {
		out = read_all(g_subprocess_get_stdout_pipe(p), PR_MAX_SIZE);
		if (!out) {
			g_subprocess_force_exit(p);
			tw_error("'%s': more than %u MiB of changes: give a smaller range",
				 asked, PR_MAX_SIZE >> 20);
		}
		g_subprocess_wait(p, NULL, NULL);
		if (out && (!g_subprocess_get_if_exited(p) ||
			    g_subprocess_get_exit_status(p))) {
			tw_error("git cannot list '%s' in '%s'; is it a range of commits there?",
				 asked, root->path);
			g_string_free(out, TRUE);
			out = NULL;
		}
		g_object_unref(p);
	}
	g_free(range);
	return out;
}
