// SPDX-License-Identifier: GPL-2.0-only
/* Makes run directories; what is in them is the business of who writes it. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "model/run.h"

char *run_dir(const char *wanted, const char *name)
{
	char *root, *path, *last;

	if (wanted) {
		if (g_mkdir_with_parents(wanted, 0755)) {
			tw_error("cannot make the run directory '%s': %s",
				 wanted, g_strerror(errno));
			return NULL;
		}
		return g_canonicalize_filename(wanted, NULL);
	}
	root = g_build_filename(g_get_user_state_dir(), "treewide", "runs",
				NULL);
	for (guint n = 1; ; n++) {
		char *leaf = g_strdup_printf("%s-%u", name, n);

		path = g_build_filename(root, leaf, NULL);
		g_free(leaf);
		if (g_mkdir_with_parents(root, 0755)) {
			tw_error("cannot make '%s': %s", root,
				 g_strerror(errno));
			goto fail;
		}
		if (!g_mkdir(path, 0755))
			break;
		if (errno != EEXIST) {
			tw_error("cannot make '%s': %s", path,
				 g_strerror(errno));
			goto fail;
		}
		g_free(path);
	}
	last = g_build_filename(root, "last", NULL);
	g_unlink(last);
	if (symlink(path, last))
		tw_warn("cannot make the link '%s': %s", last,
			g_strerror(errno));
	g_free(last);
	g_free(root);
	return path;
fail:
	g_free(path);
	g_free(root);
	return NULL;
}
