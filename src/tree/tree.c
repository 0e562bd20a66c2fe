// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel tree is: a Makefile with VERSION, a Kconfig and arch/.  Reads
 * its files beneath its root only: a link that leaves the tree is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <gio/gio.h>

#include "base/diag.h"
#include "tree/tree.h"

static int makefile_number(const char *text, const char *var, char **out)
{
	char *pat = g_strdup_printf("^%s *= *(\\S*) *$", var);
	GRegex *re = g_regex_new(pat, G_REGEX_MULTILINE | G_REGEX_RAW, 0, NULL);
	GMatchInfo *m = NULL;
	int n = -1;

	if (g_regex_match(re, text, 0, &m)) {
		char *s = g_match_info_fetch(m, 1);

		n = atoi(s);
		if (out)
			*out = g_strdup(s);
		g_free(s);
	}
	g_match_info_free(m);
	g_regex_unref(re);
	g_free(pat);
	return n;
}

static char *git_output(const char *path, const char *const *args,
			int *status)
{
	GSubprocessLauncher *l = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE |
		G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	GPtrArray *argv = g_ptr_array_new();
	GSubprocess *p;
	char *out = NULL;

	/* The tree may be a stranger's: its hooks and helpers do not run. */
	g_ptr_array_add(argv, "git");
	g_ptr_array_add(argv, "-c");
	g_ptr_array_add(argv, "core.fsmonitor=false");
	g_ptr_array_add(argv, "-c");
	g_ptr_array_add(argv, "core.hooksPath=/dev/null");
	g_ptr_array_add(argv, "-C");
	g_ptr_array_add(argv, (char *)path);
	for (; *args; args++)
		g_ptr_array_add(argv, (char *)*args);
	g_ptr_array_add(argv, NULL);
	g_subprocess_launcher_setenv(l, "GIT_OPTIONAL_LOCKS", "0", TRUE);
	p = g_subprocess_launcher_spawnv(l, (const char *const *)argv->pdata,
					 NULL);
	*status = -1;
	if (p && g_subprocess_communicate_utf8(p, NULL, NULL, &out, NULL, NULL))
		*status = g_subprocess_get_if_exited(p) ?
			  g_subprocess_get_exit_status(p) : -1;
	g_clear_object(&p);
	g_object_unref(l);
	g_ptr_array_free(argv, TRUE);
	return out;
}

static gboolean has(const char *dir, const char *name, GFileTest what)
{
	char *p = g_build_filename(dir, name, NULL);
	gboolean yes = g_file_test(p, what);

	g_free(p);
	return yes;
}

struct tree *tree_open(const char *path)
{
	char *real = realpath(path, NULL), *makefile, *text = NULL;
	char *extra = NULL;
	struct tree *t = NULL;

	if (!real) {
		tw_error("cannot open the tree '%s': %s", path,
			 g_strerror(errno));
		return NULL;
	}
	makefile = g_build_filename(real, "Makefile", NULL);
	if (!has(real, "Kconfig", G_FILE_TEST_IS_REGULAR) ||
	    !has(real, "arch", G_FILE_TEST_IS_DIR) ||
	    !g_file_get_contents(makefile, &text, NULL, NULL) ||
	    makefile_number(text, "VERSION", NULL) < 0) {
		tw_error("'%s' is not a kernel tree: it needs a Makefile with VERSION, a Kconfig and a folder arch; give the top of one with --tree",
			 path);
		goto out;
	}
	t = g_new0(struct tree, 1);
	t->path = g_strdup(real);
	t->version = makefile_number(text, "VERSION", NULL);
	t->patchlevel = MAX(0, makefile_number(text, "PATCHLEVEL", NULL));
	t->sublevel = MAX(0, makefile_number(text, "SUBLEVEL", NULL));
	makefile_number(text, "EXTRAVERSION", &extra);
	t->release = g_strdup_printf("%d.%d.%d%s", t->version, t->patchlevel,
				     t->sublevel, extra ? extra : "");
	if (has(real, ".git", G_FILE_TEST_EXISTS)) {
		const char *args[] = { "rev-parse", "HEAD", NULL };
		int status;
		char *head = git_output(real, args, &status);

		if (head && !status)
			t->git_head = g_strdup(g_strstrip(head));
		g_free(head);
	}
out:
	g_free(extra);
	g_free(text);
	g_free(makefile);
	free(real);
	return t;
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	g_free(t->path);
	g_free(t->release);
	g_free(t->git_head);
	g_strfreev(t->with);
	g_free(t);
}

/* Is @path @dir, or in it? */
static gboolean is_in(const char *path, const char *dir)
{
	gsize n = strlen(dir);

	return !strncmp(path, dir, n) &&
	       (!path[n] || path[n] == '/' || dir[n - 1] == '/');
}

int tree_add(struct tree *t, char **dirs)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
	int ret = 0;

	for (char **d = dirs; *d && !ret; d++) {
		char *real = realpath(*d, NULL);
		struct stat st;

		if (!real || stat(real, &st) || !S_ISDIR(st.st_mode))
			ret = tw_error("cannot take '%s' to the tree: %s", *d,
				       real ? "not a folder" :
				       g_strerror(errno));
		else if (is_in(real, t->path) || is_in(t->path, real))
			ret = tw_error("cannot take '%s' to the tree: it is %s",
				       *d, is_in(real, t->path) ?
				       "in the tree" : "around the tree");
		for (guint i = 0; i < all->len && !ret; i++)
			if (is_in(real, all->pdata[i]) ||
			    is_in(all->pdata[i], real))
				ret = tw_error("cannot take '%s' to the tree: '%s' is taken already, and one is in the other",
					       *d, (char *)all->pdata[i]);
		if (!ret)
			g_ptr_array_add(all, g_strdup(real));
		free(real);
	}
	g_ptr_array_add(all, NULL);
	g_strfreev(t->with);
	t->with = (char **)g_ptr_array_free(all, FALSE);
	return ret;
}

const char *tree_with(const struct tree *t, const char *file)
{
	for (char **w = t->with; w && *w; w++)
		if (is_in(file, *w))
			return *w;
	return NULL;
}

static int open_beneath(const char *root, const char *file)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -1;
	fd = syscall(SYS_openat2, dir, file, &how, sizeof(how));
	close(dir);
	return fd;
}

char *tree_read(const struct tree *t, const char *file, gsize *size, int quiet)
{
	const char *with = tree_with(t, file);
	int fd = with && file[strlen(with)] ?
		 open_beneath(with, file + strlen(with) + 1) :
		 open_beneath(t->path, file);
	struct stat st;
	char *buf;
	gsize n = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > TREE_FILE_MAX) {
		gboolean large = fd >= 0 && S_ISREG(st.st_mode);

		if (!quiet)
			tw_error_at(file, 0, 0, "cannot read it in '%s': %s",
				    t->path, fd < 0 ? g_strerror(errno) :
				    large ? "too large" : "not a regular file");
		if (fd >= 0)
			close(fd);
		if (large)
			errno = EFBIG;
		return NULL;
	}
	buf = g_malloc(st.st_size + 1);
	while (n < (gsize)st.st_size) {
		ssize_t r = read(fd, buf + n, st.st_size - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += r;
	}
	close(fd);
	buf[n] = '\0';
	*size = n;
	return buf;
}

int tree_git_dirty(const struct tree *t)
{
	const char *args[] = { "status", "--porcelain",
			       "--untracked-files=no", NULL };
	int status, dirty;
	char *out;

	if (!t->git_head)
		return 0;
	out = git_output(t->path, args, &status);
	if (status) {
		g_free(out);
		return tw_error("git status failed in '%s'; run it there to see why",
				t->path);
	}
	dirty = out && *out;
	g_free(out);
	return dirty;
}

struct source *tree_source(const struct tree *t, const char *file)
{
	gsize size;
	char *text = tree_read(t, file, &size, TRUE);

	return text ? source_new(file, text, size) : NULL;
}
