/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scan: every textual occurrence of a conversion's symbols in the whole tree,
 * whatever the file, written to the ledger.  First the seeds that the manifest
 * names; then the names whose signature carries a seed type in the text
 * (functions that take or return it, fields and variables at file scope), to a
 * fixed point.
 */
#ifndef SCAN_H
#define SCAN_H

#include <glib.h>
#include "model/ledger.h"

struct scan_request {
	const char *tree;
	char **types;		/* NULL-terminated: "pgtable_t" */
	char **symbols;		/* NULL-terminated: further seeds */
	/*
	 * Folders to look for names in before the rest, "include/"; may be NULL.
	 * The sites do not depend on them.
	 */
	char **first;
	char **with;		/* further folders (--with), may be NULL */
	int jobs;
};

struct scan_result {
	guint files;		/* regular files met */
	guint64 bytes;		/* read */
	guint files_with_sites;
	guint64 manifest;	/* hash of path, size and times of all files */
	guint unread;		/* files and folders that could not be read */
	guint skipped;		/* of which the ledger has a row each */
	GPtrArray *symbols;	/* char *, sorted: seeds and derived ones; owned */
};

/* 0 or -1 after a message.  The caller frees res->symbols. */
int scan_tree(const struct scan_request *req, struct ledger *l, struct scan_result *res);

#endif
