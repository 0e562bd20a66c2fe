/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversions that are not a folder: one semantic patch, or renames.  A folder
 * with a manifest is made of them, so that all else knows folders only.
 */
#ifndef MADE_H
#define MADE_H

#include <glib.h>

#include "model/manifest.h"

struct made_request {
	const char *conversion;	/* the argument: a name, a folder, a .cocci file; or NULL */
	char **renames;		/* --rename, or NULL */
	gboolean comments;	/* --comments */
	gboolean scripts;	/* --allow-scripts */
};

/*
 * The conversion that @q asks for; for one without a folder, the folder is made
 * below the cache, named after its contents.  Its semantic patches are read:
 * names that the manifest does not give are taken from them and told.  NULL
 * after a message.
 */
struct manifest *made_load(const struct made_request *q);

/* Copy the manifest and the semantic patches of a made @m to @run/conversion. */
int made_keep(const struct manifest *m, const char *run);

/* Are the semantic patches all that this conversion is? */
gboolean made_is_smpl(const struct manifest *m);

/* Is the key of [smpl] "yes"? */
gboolean made_flag(const struct manifest *m, const char *key);

/* [smpl] renames of the manifest: struct rename; NULL after a message. */
GPtrArray *made_renames(const struct manifest *m);

#endif
