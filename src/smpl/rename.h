/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rename as the command line and a manifest spell it, and the semantic patch
 * that does it.
 *	OLD=NEW			a function, macro, variable, typedef, enumerator
 *	struct OLD=NEW		a tag; union and enum likewise
 *	struct S.OLD=NEW	a member of struct S; union likewise
 *	CONFIG_OLD=CONFIG_NEW	a config symbol
 */
#ifndef RENAME_H
#define RENAME_H

#include <glib.h>

enum rename_kind { RENAME_NAME, RENAME_TAG, RENAME_MEMBER, RENAME_CONFIG };

struct rename {
	enum rename_kind kind;
	char *keyword;		/* "struct", "union", "enum"; or NULL */
	char *owner;		/* of a member: S; or NULL */
	char *from, *to;
	char *spec;		/* as it was given */
};

/* NULL after a message. */
struct rename *rename_parse(const char *spec);
void rename_free(gpointer p);
/*
 * Append @r, which is taken over, to @all; and for CONFIG_X also X, as Kconfig
 * files have it, and CONFIG_X_MODULE.
 */
void rename_expand(struct rename *r, GPtrArray *all);

/* The semantic patch for @renames (struct rename); the caller frees it. */
char *rename_patch(const GPtrArray *renames);

#endif
