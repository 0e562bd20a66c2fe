// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file is written beside and renamed, so that it is whole or as before.  A
 * rename over a device would replace the device, and one over a link the link:
 * those are written through.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/output.h"

static int failed(const char *path, const char *why)
{
	return tw_error("cannot write '%s': %s; name another place with -o",
			path, why);
}

static int write_through(const char *path, const char *text, gsize size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return failed(path, g_strerror(errno));
	while (size && !err) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = errno;
			break;
		}
		text += n;
		size -= n;
	}
	if (close(fd) && !err)
		err = errno;
	return err ? failed(path, g_strerror(err)) : 0;
}

int output_write(const char *path, const char *text, gsize size)
{
	GError *err = NULL;
	struct stat st;
	char *real;
	int ret = 0;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return write_through(path, text, size);
	real = realpath(path, NULL);
	if (!g_file_set_contents_full(real ? real : path, text, size,
				      G_FILE_SET_CONTENTS_CONSISTENT, 0666,
				      &err)) {
		ret = failed(path, err->message);
		g_error_free(err);
	}
	free(real);
	return ret;
}

int output_check(const char *path)
{
	char *dir = g_path_get_dirname(path);
	int ret = 0;

	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		ret = tw_error("cannot write '%s': it is a folder; name a file",
			       path);
	else if (access(dir, W_OK) && access(path, W_OK))
		ret = tw_error("cannot write '%s': '%s': %s", path, dir,
			       g_strerror(errno));
	g_free(dir);
	return ret;
}

gboolean output_inside(const char *path, const char *top)
{
	char *full = g_canonicalize_filename(path, NULL);
	char *dir = g_path_get_dirname(full);
	char *real = realpath(dir, NULL);
	gsize n = strlen(top);
	gboolean inside = real && g_str_has_prefix(real, top) &&
			  strchr("/", real[n]);

	free(real);
	g_free(dir);
	g_free(full);
	return inside;
}
