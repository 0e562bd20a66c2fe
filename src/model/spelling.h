/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that releases spell differently.  A conversion's files use one spelling
 * of each; cocci/spellings.ini lists what other releases call the same thing,
 * and src/tree/spell.h finds the one that a tree has.  The map that comes out is
 * applied, word by word, to every file of the conversion before anything else
 * reads it: manifest, semantic patches, texts that are added, lint rules.
 */
#ifndef SPELLING_H
#define SPELLING_H

#include <glib.h>

struct spelling {
	char *name;		/* as the conversions' files have it */
	char **tries;		/* all spellings, in the order of preference */
	char *file;		/* a header that is expected to declare it; or NULL */
	char *declares;		/* how, such as "int huge_pte_uffd_wp(pte_t pte)"; or NULL */
};

void spelling_free(gpointer spelling);

/*
 * Read a file of spellings: struct spelling, in the file's order.  NULL after a
 * message.  The caller frees the array.
 */
GPtrArray *spelling_load(const char *path);

/*
 * @text with each identifier that is a key of @map (char * to char *) replaced
 * by its value; NULL for @map: a copy.  The caller frees it.
 */
char *spelling_apply(GHashTable *map, const char *text);

/*
 * The file @path with @map applied.  NULL with @err set as by
 * g_file_get_contents().
 */
char *spelling_read(GHashTable *map, const char *path, GError **err);

/* Load the key file @path with @map applied; FALSE with @err set. */
gboolean spelling_load_keys(GHashTable *map, GKeyFile *k, const char *path,
			    GError **err);

#endif
