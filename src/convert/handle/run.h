/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape `handle`: a type that stands for a pointer to a struct comes to
 * stand for a pointer to another one.  The flow (src/convert/handle/flow.c)
 * decides which declarations carry a handle; semantic patches rewrite the uses
 * of handles, and the driver the declarations, and what no rule matches.
 */
#ifndef HANDLE_RUN_H
#define HANDLE_RUN_H

#include <glib.h>

#include "audit/audit.h"
#include "convert/handle/flow.h"
#include "convert/handle/handle.h"
#include "convert/handle/opinion.h"
#include "convert/shape.h"

/* c->data of a conversion of this shape. */
struct handle_run {
	struct handle *h;
	struct flow *flow;
	GHashTable *mentions;	/* function -> GPtrArray of files, or NULL: too many */
	GHashTable *through;	/* "function macro file" -> a macro that calls it */
	guint depth;		/* of macros that call macros */
	GHashTable *page_archs, *read_archs;	/* char * sets */
	struct audit audit;	/* of the archs whose handle does not change */
	struct spelled *spelled;
	struct opinions *opinions;
	GHashTable *lines;	/* "FILE:LINE" of handles, while fates are decided */
};

static inline struct handle_run *handle_of(const struct convert *c)
{
	return c->data;
}

/* Does the handle of the source's arch, or of any for a generic one, change? */
gboolean handle_may_change(const struct convert *c, const struct source *s);

/* src/convert/handle/resolve.c */
int handle_read(struct convert *c, GPtrArray **facts, GPtrArray *failed,
		guint *cached);
int handle_decide(struct convert *c, gboolean last);
void handle_found(struct convert *c, GHashTable *found);

/* src/convert/handle/rewrite.c */
int handle_before(struct convert *c, struct edit_set *before);
void handle_holes(struct convert *c, GHashTable *holes);
gboolean handle_feed(struct convert *c, const struct source *s,
		     const struct edit_set *before, struct shape_feed *f);
int handle_edit(struct convert *c);
int handle_comments(struct convert *c);

/* src/convert/handle/bridge.c */

/* Where the value of a frontier stands in its source: bytes and tokens. */
struct value_span {
	gsize from, to;
	gsize first, last;
	gsize near_from, near_to;	/* with what a rule about it edits */
};
/* FALSE if it is not one run of tokens in the source. */
gboolean handle_value_span(const struct source *s,
			   const struct flow_frontier *f,
			   struct value_span *v);
/*
 * Does a macro of this name carry handles?  Then its body, not its caller,
 * decides about a use of its argument.
 */
gboolean handle_carries(const struct convert *c, const char *macro);
/* Wrap the values that no rule met. */
void handle_bridge(struct convert *c);
/* Edits that a cell with another type behind the handle sees are problems. */
void handle_check_shared(struct convert *c);

/* src/convert/handle/forward.c */
enum shape_error handle_error(struct convert *c, const struct ast_diag *d);

/* src/convert/handle/fate.c */
int handle_sites(struct convert *c);
void handle_span(struct convert *c, struct shape_site *s);
void handle_opinion(struct convert *c, struct shape_site *s);
void handle_reason(struct convert *c, struct shape_site *s);
int handle_record(struct convert *c);

#endif
