/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tree calls the things that a conversion names: the headers of the tree
 * are searched for each spelling.
 */
#ifndef SPELL_H
#define SPELL_H

#include <glib.h>

#include "model/manifest.h"
#include "tree/tree.h"

/*
 * For each of @spellings (struct spelling): the first spelling that a header of
 * the tree has in code.  Returns a map from names to other spellings (char * to
 * char *, owned); a name that the tree spells as the conversions do is not in
 * it, nor is one that the tree does not have at all: those go to @missing
 * (struct spelling, borrowed).  NULL after a message when the tree has no
 * headers that can be read.
 */
GHashTable *spell_find(const struct tree *t, const GPtrArray *spellings,
		       GPtrArray *missing);

/*
 * The lists of spellings that hold for @m: struct spelling, those of its own
 * folder first.  NULL after a message.
 */
GPtrArray *spell_list(const struct manifest *m);

/*
 * Let the conversion @m name things as the tree @t does: cocci/spellings.ini, and
 * a spellings.ini in the conversion's folder, are looked up in the tree, as far
 * as a file of the folder has one of their names, and the manifest is read again
 * with what was found (m->spelled).  0, or -1 after a message.
 */
int spell_conversion(struct manifest *m, const struct tree *t);

/*
 * Which of @names (char * set) no header of the tree has in code: char *,
 * borrowed, by name.  A name that is there may still be of another config, or be
 * made by a macro: whether it compiles is for the cells to tell.
 */
GPtrArray *spell_absent(const struct tree *t, GHashTable *names);

/*
 * The function of the tree's headers that looks most like @name, declared as
 * @declares ("int huge_pte_uffd_wp(pte_t pte)"; NULL: not known): the same types
 * of parameters, then the nearest name, a result of another type counting as
 * some letters.  *@at is "FILE:LINE".  NULL: none is near.  The caller frees both.
 */
char *spell_nearest(const struct tree *t, const char *name,
		    const char *declares, char **at);

#endif
