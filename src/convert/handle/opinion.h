/* SPDX-License-Identifier: GPL-2.0-only */
/* What libclang says of a site, by the flow. */
#ifndef OPINION_H
#define OPINION_H

#include <glib.h>

#include "model/ledger.h"

struct convert;

struct opinions {		/* what is the same for all sites */
	GHashTable *expanded;	/* cell -> set of "FILE:OFF" of macros */
	GHashTable *used;	/* names of macros in whose bodies a handle is used */
};

struct opinions *opinions_new(const struct convert *c);
void opinions_free(struct opinions *o);

/* Which bytes of its file belong to this use of the name: [from, to). */
void handle_site_span(const struct convert *c, const struct site *s,
		      gsize *from, gsize *to);

#endif
