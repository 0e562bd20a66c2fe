/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies that spell the handle: below the folders that the policy names, a
 * declaration says "struct NEW *" and not the handle type.  A place that a cell
 * reads where the handle is something else keeps the type, which is right in
 * both; so does one that no cell reads in an arch with two kinds of handles.
 */
#ifndef SPELLED_H
#define SPELLED_H

#include <glib.h>

#include "text/edit.h"
#include "convert/handle/flow.h"
#include "convert/handle/handle.h"
#include "model/manifest.h"
#include "text/source.h"

struct spelled;

/*
 * @policy: the name of one of the manifest's policies; its section
 * "[policy NAME]" has the folders under "spell".  @facts: struct ast_facts.
 * Both are borrowed.
 */
struct spelled *spelled_new(const struct handle *h, const struct manifest *m,
			    const char *policy, const struct flow *flow,
			    const GPtrArray *facts);
void spelled_free(struct spelled *sp);

/* Is the handle spelled at byte @off of @s? */
gboolean spelled_at(const struct spelled *sp, const struct source *s,
		    gsize off);

/*
 * Adds the edits @decls of @s that handle_edit_decls() made to @out, spelled
 * where they are to be.
 */
void spelled_add_decls(const struct spelled *sp, const struct source *s,
		       const GPtrArray *decls, struct edit_set *out);

/*
 * Spells the uses of the handle type in @s that no edit of @out covers.  What
 * cannot be spelled is added to @problems (char *).
 */
void spelled_edit_uses(const struct spelled *sp, const struct source *s,
		       struct edit_set *out, GPtrArray *problems);

#endif
