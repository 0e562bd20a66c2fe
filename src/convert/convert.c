// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pipeline: the table of contents of a conversion.  Each step is in a file
 * of its own; what a step decides is up to the shape (src/convert/shape.h).
 */
#include <string.h>

#include "base/diag.h"
#include "convert/convert.h"
#include "convert/recall.h"
#include "convert/shape.h"

/* Does the tree have what [requires] of the manifest names? */
static int check_requirements(const struct convert *c)
{
	GKeyFile *k = c->m->keys;
	char *file = g_key_file_get_string(k, "requires", "file", NULL);
	char *text = g_key_file_get_string(k, "requires", "text", NULL);
	char *why = g_key_file_get_string(k, "requires", "why", NULL);
	char *have;
	gsize size;
	int ret = 0;

	if (file && text) {
		have = tree_read(c->t, file, &size, TRUE);
		if (!have || !strstr(have, text))
			ret = tw_error("Linux %s in '%s' cannot be converted: no \"%s\" in %s; %s",
				       c->t->release, c->t->path, text, file,
				       why ? why : "");
		g_free(have);
	}
	g_free(file);
	g_free(text);
	g_free(why);
	return ret;
}

static int load(struct convert *c)
{
	if (c->shape->load(c))
		return -1;
	if (check_requirements(c))
		return -1;
	return convert_check_names(c);
}

static int prepare_cells(struct convert *c)
{
	c->cells = cells_prepare(c->t->path, c->jobs, c->manifest);
	return c->cells && c->cells->len ? 0 : -1;
}

/* All that the cells, the rules and the shape make of the sites. */
static int work(struct convert *c)
{
	if (convert_report_new_archs(c))
		return -1;
	if (c->shape->whole) {
		if (c->shape->whole(c))
			return -1;
	} else if (convert_read(c) ||
	    convert_rescan(c) ||
	    convert_rules(c) ||
	    convert_edit(c) ||
	    convert_verify(c) ||
	    convert_fates(c))
		return -1;
	if (convert_save(c))
		return -1;
	if (!c->t->with)
		recall_keep(c);
	return 0;
}

int convert_run(struct tree *t, struct manifest *m,
		const struct convert_options *options, const char *run,
		int jobs, struct convert_result *res)
{
	struct convert c = {
		.t = t, .m = m, .shape = shape_of(m), .opt = *options,
		.run = run, .jobs = jobs, .res = res,
	};
	int ret = -1;

	convert_begin(&c);
	if (!load(&c) && !convert_scan(&c, m->symbols) && !prepare_cells(&c))
		ret = !c.opt.fresh && !t->with && recall_take(&c) ? 0 : work(&c);
	convert_end(&c);
	return ret;
}
