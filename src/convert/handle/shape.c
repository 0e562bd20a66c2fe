// SPDX-License-Identifier: GPL-2.0-only
/* The shape `handle`: its table of functions, and which archs it changes. */
#include <string.h>

#include "convert/handle/run.h"
#include "convert/handle/spelled.h"

static int load(struct convert *c)
{
	struct handle_run *r = c->data = g_new0(struct handle_run, 1);

	r->mentions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    NULL);
	r->through = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   g_free);
	r->page_archs = convert_set_new();
	r->read_archs = convert_set_new();
	r->h = handle_load(c->m);
	return r->h ? 0 : -1;
}

static void clear(struct convert *c)
{
	struct handle_run *r = c->data;

	if (!r)
		return;
	if (r->audit.cells)
		audit_clear(&r->audit);
	spelled_free(r->spelled);
	opinions_free(r->opinions);
	g_clear_pointer(&r->lines, g_hash_table_destroy);
	flow_free(r->flow);
	handle_free(r->h);
	g_hash_table_destroy(r->mentions);
	g_hash_table_destroy(r->through);
	g_hash_table_destroy(r->page_archs);
	g_hash_table_destroy(r->read_archs);
	g_free(r);
}

gboolean handle_may_change(const struct convert *c, const struct source *s)
{
	const struct handle_run *r = c->data;

	return g_hash_table_size(r->page_archs) &&
	       (!s->arch || g_hash_table_contains(r->page_archs, s->arch));
}

static const struct cell_info *cell_of(const struct convert *c,
				       const char *name)
{
	for (guint i = 0; i < c->cells->len; i++) {
		const struct cell_info *cell = c->cells->pdata[i];

		if (!strcmp(cell->name, name))
			return cell;
	}
	return NULL;
}

/* Does a cell of @arch compile generic code that is to change? */
static gboolean shares_edits(const struct convert *c, const char *arch)
{
	for (guint i = 0; i < c->facts->len; i++) {
		const struct ast_facts *a = c->facts->pdata[i];
		const struct cell_info *cell = cell_of(c, a->cell);

		if (!cell || strcmp(cell->srcarch, arch))
			continue;
		for (guint k = 0; k < a->deps->len; k++) {
			const char *p = ((struct ast_dep *)
					 a->deps->pdata[k])->path;

			if (!g_str_has_prefix(p, "arch/") &&
			    edit_of_file(c->edits, p))
				return TRUE;
		}
	}
	return FALSE;
}

/*
 * An arch with a use that cannot be converted stays as it is.  If it uses
 * generic code that was to change, that stays, too, and with it everything.
 */
static void refuse(struct convert *c, const struct ast_diag *d,
		   struct refusal *r)
{
	char *arch = source_arch(d->file);

	if (arch && !shares_edits(c, arch)) {
		r->why = g_strdup_printf("arch/%s has a use that cannot be converted",
					 arch);
		r->arch = g_steal_pointer(&arch);
	} else if (arch) {
		r->why = g_strdup_printf("arch/%s has a use that cannot be converted; it shares generic code, which stays, and so does all that depends on it",
					 arch);
	} else {
		r->why = g_strdup("generic code has a use that cannot be converted; it stays, and so does all that depends on it");
	}
	g_free(arch);
}

const struct shape shape_handle = {
	.name = "handle",
	.no_with = "what it follows is in the tree; convert a module by hand when the tree is converted",
	.needs_rules = TRUE,
	.rules_decide = TRUE,
	.load = load,
	.free = clear,
	.read = handle_read,
	.decide = handle_decide,
	.found = handle_found,
	.before = handle_before,
	.holes = handle_holes,
	.feed = handle_feed,
	.edit = handle_edit,
	.comments = handle_comments,
	.error = handle_error,
	.refuse = refuse,
	.sites = handle_sites,
	.span = handle_span,
	.opinion = handle_opinion,
	.reason = handle_reason,
	.record = handle_record,
};
