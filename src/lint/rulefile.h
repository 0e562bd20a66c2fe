/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the readers of rule files share: key files (rulefile.c), patterns
 * (pattern.c) and lint.ini with its kinds (kind.c).  rule.c loads folders.
 */
#ifndef LINT_RULEFILE_H
#define LINT_RULEFILE_H

#include "lint/lint.h"

/* A key file, added to the hash of all rules; NULL after a message. */
GKeyFile *rulefile_load(struct lint_rules *r, const char *path);
void rulefile_add_hash(struct lint_rules *r, const char *path);
/* A stripped value, or NULL. */
char *rulefile_get(GKeyFile *k, const char *group, const char *key);
/* A list, never NULL. */
char **rulefile_list(GKeyFile *k, const char *group, const char *key);
/*
 * A list of globs of paths in which "@NAME" stands for the globs of
 * [files NAME] in lint.ini.  NULL after a message.
 */
char **rulefile_globs(const struct lint_rules *r, GKeyFile *k,
		      const char *path, const char *group, const char *key);
/* The index of @s in @names, or -1. */
int rulefile_enum(const char *const *names, int n, const char *s);

const struct lint_kind *kind_find(const struct lint_rules *r,
				  const char *name);
/* Load lint.ini of a folder.  0, or -1 after a message. */
int kind_load(struct lint_rules *r, const char *path, const char *conversion);
void kind_free(gpointer p);
void kind_declared_free(gpointer p);
void kind_unconverted_free(gpointer p);

/* The section [pattern NAME] of a rule; NULL after a message. */
struct lint_pattern *pattern_load(const struct lint_rules *r, GKeyFile *k,
				  const char *section, const char *path);

#endif
