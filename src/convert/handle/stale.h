/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comments and documents that the conversion makes untrue.  What the manifest
 * has a text for ([comments]) is converted; what still speaks of the old struct
 * where handles are is listed for the author: a sentence is no business of a
 * rule.
 *
 * Looked at are the comments in and right before functions and macros that
 * carry handles, those on a line with an edit, the one before the definition of
 * the new struct, all of a file whose code no longer names the old struct, and
 * every other comment or document that names a symbol of the conversion.
 */
#ifndef STALE_H
#define STALE_H

#include <glib.h>

#include "text/edit.h"
#include "convert/handle/flow.h"
#include "convert/handle/handle.h"
#include "model/ledger.h"
#include "model/manifest.h"
#include "model/note.h"
#include "text/source.h"

struct stale {
	const struct handle *h;
	const struct manifest *m;
	const struct flow *flow;
	struct edit_set *edits;	/* all edits of the code; gets those of comments */
	GPtrArray *notes;	/* struct note, by file and line */
};

/* All comments of @s, with its edits in @st->edits complete. */
void stale_source(const struct stale *st, const struct source *s);

/*
 * The site @site in a comment or a document: @text (@size bytes) is its file.
 * For files that stale_source() does not look at, or not there.
 */
void stale_site(const struct stale *st, const struct site *site,
		const char *text, gsize size);

/* Sort the notes and drop those that say the same of one line. */
void stale_finish(const struct stale *st);

#endif
