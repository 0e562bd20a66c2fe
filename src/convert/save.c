// SPDX-License-Identifier: GPL-2.0-only
/* What a conversion leaves: rows of the ledger, edits.json, the provenance. */
#include <clang-c/Index.h>
#include <jansson.h>
#include <string.h>
#include <xxhash.h>

#include "base/diag.h"
#include "base/treewide.h"
#include "convert/shape.h"

/* The edits as data, for whoever wants to know where a change comes from. */
static int write_edits(const struct convert *c)
{
	char *path = g_build_filename(c->run, "edits.json", NULL);
	GPtrArray *files = edit_files(c->edits);
	json_t *all = json_array();
	int ret = 0;

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);

		for (guint k = 0; k < v->len; k++) {
			const struct edit *e = v->pdata[k];

			json_array_append_new(all, json_pack(
				"{s:s%,s:I,s:s%,s:s%,s:s}", "file", e->file,
				strlen(e->file), "offset", (json_int_t)e->off,
				"old", e->old_text, (size_t)e->old_len, "new",
				e->new_text, (size_t)e->new_len, "rule",
				e->rule));
		}
	}
	if (json_dump_file(all, path, JSON_INDENT(1)))
		ret = tw_error("cannot write '%s'", path);
	json_decref(all);
	g_ptr_array_free(files, TRUE);
	g_free(path);
	return ret;
}

static void record_edits(struct convert *c)
{
	GPtrArray *files = edit_files(c->edits);

	for (guint i = 0; i < files->len; i++) {
		const GPtrArray *v = edit_of_file(c->edits, files->pdata[i]);
		const struct source *s = g_hash_table_lookup(c->sources,
							     files->pdata[i]);

		for (guint k = 0; s && k < v->len; k++) {
			const struct edit *d = v->pdata[k];

			ledger_add_edit(c->ledger, &(struct ledger_edit) {
				d->file, source_line(s, d->off), d->old_text,
				d->new_text, d->rule });
		}
	}
	g_ptr_array_free(files, TRUE);
}

static int record_notes(struct convert *c)
{
	for (guint i = 0; i < c->res->notes->len; i++) {
		const struct note *n = c->res->notes->pdata[i];

		if (ledger_add_note(c->ledger, n->file, n->line, n->text))
			return -1;
	}
	for (guint i = 0; i < c->res->problems->len; i++)
		if (ledger_add_problem(c->ledger, c->res->problems->pdata[i]))
			return -1;
	return 0;
}

/* "19.1.7" of libclang's own words; the caller frees it. */
static char *clang_version(void)
{
	CXString clang = clang_getClangVersion();
	char **words = g_strsplit(clang_getCString(clang), " ", -1);
	char *version = NULL;

	for (char **w = words; *w && !version; w++)
		if (g_str_has_prefix(*w, "19.") || g_ascii_isdigit(**w))
			version = g_strdup(*w);
	g_strfreev(words);
	clang_disposeString(clang);
	return version ? version : g_strdup("");
}

static guint64 hash_of_rules(const struct convert *c)
{
	XXH3_state_t *x = XXH3_createState();
	guint64 hash;

	XXH3_64bits_reset(x);
	for (guint i = 0; i < c->rules->len; i++) {
		const struct smpl_rule *r = c->rules->pdata[i];

		XXH3_64bits_update(x, r->text, strlen(r->text));
	}
	hash = XXH3_64bits_digest(x);
	XXH3_freeState(x);
	return hash;
}

/* The lines that head the patch. */
static char *provenance(const struct convert *c)
{
	const struct manifest *m = c->m;
	const char *choice = convert_choice(&c->opt);
	GString *s = g_string_new(NULL);
	char *spatch = smpl_version(), *clang = clang_version();

	g_string_append_printf(s, "Converted by treewide %s: %s (%s)\n",
			       TREEWIDE_VERSION, m->name,
			       m->summary ? m->summary : "");
	g_string_append_printf(s, "Tree: Linux %s%s%s\n", c->t->release,
			       c->t->git_head ? ", commit " : "",
			       c->t->git_head ? c->t->git_head : "");
	g_string_append_printf(s, "%c%s: %s\n", g_ascii_toupper(*m->choice),
			       m->choice + 1, choice ? choice : "none");
	g_string_append_printf(s, "Rules: %016" G_GINT64_MODIFIER
			       "x; spatch %s; libclang %s\n",
			       hash_of_rules(c), spatch ? spatch : "unknown",
			       clang);
	g_string_append_printf(s, "Cells read: %u\n\n",
			       c->res->cells_read->len);
	g_free(clang);
	g_free(spatch);
	return g_string_free(s, FALSE);
}

int convert_save(struct convert *c)
{
	int ret;

	record_edits(c);
	if ((c->shape->record && c->shape->record(c)) || write_edits(c) ||
	    record_notes(c))
		return -1;
	c->res->edits = edit_count(c->edits);
	c->res->provenance = provenance(c);
	ret = ledger_close(c->ledger);
	c->ledger = NULL;
	return ret;
}
