/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A conversion: a folder cocci/<name>/ with manifest.ini (a GLib key file),
 * semantic patches NN-*.cocci that run in the order of their numbers, and what
 * else the manifest names.  docs/conversions.md documents the keys.
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <glib.h>

struct manifest {
	char *name;		/* "ptdesc" */
	char *dir;		/* where manifest.ini is */
	char *summary;
	char **types;		/* [seeds] types */
	char **symbols;		/* [seeds] symbols */
	char **first;		/* [seeds] first: where names are declared, mostly */
	char **policies;	/* [conversion] policies or scopes, the default first */
	const char *choice;	/* which of both: "policy" or "scope" */
	GPtrArray *rules;	/* char *: paths of the semantic patches, in order */
	GKeyFile *keys;		/* everything, for the conversion's own sections */
	GHashTable *spelled;	/* what the tree calls otherwise: name -> name; or NULL */
};

/*
 * Load the conversion @name from tw_data_dir()/cocci, or from @name itself
 * when it has a '/'.  NULL after a message that lists the conversions there
 * are and the nearest name.
 */
struct manifest *manifest_load(const char *name);
void manifest_free(struct manifest *m);
/*
 * Read the manifest again with the names of @map (src/model/spelling.h), which
 * it takes over.  0, or -1 after a message.
 */
int manifest_respell(struct manifest *m, GHashTable *map);

/* A list of a key file, empty when the key is not there; g_strfreev() it. */
char **manifest_list(GKeyFile *k, const char *group, const char *key);

#endif
