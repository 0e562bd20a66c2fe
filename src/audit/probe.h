/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one cell says about the handle type and its tables, as JSON: a small
 * unit of ours that includes the headers that everybody includes is parsed in
 * the cell, and its answers are followed into the arch's sources.  Which names
 * are asked for is data ([audit] in the manifest); what is said about them is
 * computed.
 */
#ifndef PROBE_H
#define PROBE_H

#include "read/cell.h"
#include "read/fact.h"
#include "model/manifest.h"

struct probe_request {
	const char *tree;		/* absolute */
	const struct cell_info *cell;
	const struct manifest *manifest;
};

/* The folders that are looked through for an arch; the caller frees them. */
char **probe_folders(const struct manifest *m, const char *srcarch);

/* The probe's text; the caller frees it. */
char *probe_text(const struct manifest *m);

/*
 * Read the cell and put the facts.  Meant to run in a child: leaks.
 * 0, or -1 after a message.
 */
int probe_read(const struct probe_request *req, struct fact_reader *r);

#endif
