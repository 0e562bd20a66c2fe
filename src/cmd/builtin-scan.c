// SPDX-License-Identifier: GPL-2.0-only
/*
 * treewide scan: the ledger of a conversion's sites, and a report of it as a
 * table or JSON (schema in docs/ledger.md).  The tree is never written to, so
 * a ledger beneath it is refused.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "model/ledger.h"
#include "model/manifest.h"
#include "smpl/made.h"
#include "base/output.h"
#include "base/printable.h"
#include "tree/scan.h"
#include "tree/spell.h"
#include "tree/tree.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

#define JSON_VERSION 1

struct report {
	struct ledger *ledger;
	const struct manifest *conv;
	const struct tree *tree;
	const struct scan_result *res;
	const char *ledger_path;
	double seconds;
	/* table */
	GString *out;
	GHashTable *areas;	/* char * -> guint[N_SITE_CTX + 1] */
	guint total[N_SITE_CTX + 1];
	guint listed;
	/* json */
	json_t *list;
};

/* ---- table ---- */

/* "arch/x86", else the first component; files at the top are in ".". */
static char *area_of(const char *file)
{
	const char *slash = strchr(file + 1, '/');

	if (!slash)
		return g_strdup(".");
	if (g_str_has_prefix(file, "arch/") && strchr(slash + 1, '/'))
		slash = strchr(slash + 1, '/');
	return g_strndup(file, slash - file);
}

static int count_site(const struct site *s, void *data)
{
	struct report *r = data;
	char *area = area_of(s->file);
	guint *n = g_hash_table_lookup(r->areas, area);

	if (!n) {
		n = g_new0(guint, N_SITE_CTX + 1);
		g_hash_table_insert(r->areas, g_strdup(area), n);
	}
	n[s->ctx]++;
	n[N_SITE_CTX]++;
	r->total[s->ctx]++;
	r->total[N_SITE_CTX]++;
	g_free(area);
	return 0;
}

static void area_row(struct report *r, const char *name, const guint *n)
{
	g_string_append_printf(r->out, "%-20s", name);
	for (int i = 0; i < N_SITE_CTX; i++)
		if (r->total[i] && n[i])
			g_string_append_printf(r->out, " %10u", n[i]);
		else if (r->total[i])
			g_string_append_printf(r->out, " %10s", "-");
	g_string_append_printf(r->out, " %10u\n", n[N_SITE_CTX]);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static int symbol_line(const char *name, const char *kind, const char *origin,
		       guint sites, void *data)
{
	struct report *r = data;
	char *where = printable_line(origin);

	g_string_append_printf(r->out, "%-36s %-9s %6u  %s\n", name, kind,
			       sites, where);
	g_free(where);
	return 0;
}

/* Links to what is scanned anyway are only counted; the rest is listed. */
static int skipped_line(const char *path, const char *why, void *data)
{
	struct report *r = data;
	char *p, *w;

	if (g_str_has_suffix(why, "in the tree and scanned there")) {
		r->listed++;
		return 0;
	}
	p = printable_line(path);
	w = printable_line(why);
	g_string_append_printf(r->out, "  %s: %s\n", p, w);
	g_free(p);
	g_free(w);
	return 0;
}

static int print_table(struct report *r)
{
	GList *names, *n;
	int ret;

	r->areas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 g_free);
	ret = ledger_each(r->ledger, count_site, r);
	g_string_append_printf(r->out,
		"%s: %u sites of %u symbols in %u files of Linux %s\n"
		"%u files, %" G_GUINT64_FORMAT " MB, read in %.1f s\n\n%-20s",
		r->conv->name, r->total[N_SITE_CTX], r->res->symbols->len,
		r->res->files_with_sites, r->tree->release, r->res->files,
		r->res->bytes / 1000000, r->seconds, "where");
	for (int i = 0; i < N_SITE_CTX; i++)
		if (r->total[i])
			g_string_append_printf(r->out, " %10s",
					       site_ctx_name[i]);
	g_string_append_printf(r->out, " %10s\n", "all");
	names = g_list_sort(g_hash_table_get_keys(r->areas), by_text);
	for (n = names; n; n = n->next) {
		char *area = printable_line(n->data);

		area_row(r, area, g_hash_table_lookup(r->areas, n->data));
		g_free(area);
	}
	g_list_free(names);
	area_row(r, "all", r->total);
	g_hash_table_destroy(r->areas);

	g_string_append_printf(r->out, "\n%-36s %-9s %6s  %s\n", "symbol",
			       "kind", "sites", "known from");
	if (!ret)
		ret = ledger_each_symbol(r->ledger, symbol_line, r);
	g_string_append_printf(r->out, "\nnot read: %u files\n",
			       r->res->skipped);
	if (!ret)
		ret = ledger_each_skipped(r->ledger, skipped_line, r);
	if (r->listed)
		g_string_append_printf(r->out,
			"  %u symbolic links to what is in the tree and scanned there\n",
			r->listed);
	g_string_append_printf(r->out, "ledger: %s\n", r->ledger_path);
	return ret;
}

/* ---- json ---- */

/* Text that is not UTF-8 is given twice: repaired, and as hex in KEY_bytes. */
static void set_text(json_t *o, const char *key, const char *s)
{
	char *valid, *bytes_key;
	GString *hex;

	if (!s) {
		json_object_set_new(o, key, json_null());
		return;
	}
	if (g_utf8_validate(s, -1, NULL)) {
		json_object_set_new(o, key, json_string(s));
		return;
	}
	valid = g_utf8_make_valid(s, -1);
	json_object_set_new(o, key, json_string(valid));
	hex = g_string_new(NULL);
	for (const char *p = s; *p; p++)
		g_string_append_printf(hex, "%02x", (unsigned char)*p);
	bytes_key = g_strconcat(key, "_bytes", NULL);
	json_object_set_new(o, bytes_key, json_string(hex->str));
	g_free(bytes_key);
	g_string_free(hex, TRUE);
	g_free(valid);
}

static int json_site(const struct site *s, void *data)
{
	struct report *r = data;
	json_t *o = json_object();

	set_text(o, "file", s->file);
	json_object_set_new(o, "line", json_integer(s->line));
	json_object_set_new(o, "column", json_integer(s->col));
	json_object_set_new(o, "offset", json_integer(s->off));
	set_text(o, "symbol", s->symbol);
	set_text(o, "context", site_ctx_name[s->ctx]);
	set_text(o, "fate", site_fate_name[s->fate]);
	set_text(o, "reason", s->reason);
	set_text(o, "evidence", s->evidence);
	return json_array_append_new(r->list, o);
}

static int json_symbol(const char *name, const char *kind, const char *origin,
		       guint sites, void *data)
{
	struct report *r = data;
	json_t *o = json_object();

	set_text(o, "name", name);
	set_text(o, "kind", kind);
	set_text(o, "origin", origin);
	json_object_set_new(o, "sites", json_integer(sites));
	return json_array_append_new(r->list, o);
}

static int json_skipped(const char *path, const char *why, void *data)
{
	struct report *r = data;
	json_t *o = json_object();

	set_text(o, "path", path);
	set_text(o, "why", why);
	return json_array_append_new(r->list, o);
}

static int print_json(struct report *r)
{
	json_t *top = json_object();
	char *text;
	int ret;

	json_object_set_new(top, "version", json_integer(JSON_VERSION));
	set_text(top, "conversion", r->conv->name);
	set_text(top, "tree", r->tree->path);
	set_text(top, "release", r->tree->release);
	set_text(top, "ledger", r->ledger_path);
	json_object_set_new(top, "files", json_integer(r->res->files));
	json_object_set_new(top, "bytes", json_integer(r->res->bytes));
	json_object_set_new(top, "symbols", r->list = json_array());
	ret = ledger_each_symbol(r->ledger, json_symbol, r);
	json_object_set_new(top, "sites", r->list = json_array());
	if (!ret)
		ret = ledger_each(r->ledger, json_site, r);
	json_object_set_new(top, "skipped", r->list = json_array());
	if (!ret)
		ret = ledger_each_skipped(r->ledger, json_skipped, r);
	text = json_dumps(top, JSON_INDENT(1));
	json_decref(top);
	g_string_append(r->out, text);
	g_string_append_c(r->out, '\n');
	free(text);
	return ret;
}

/* ---- the command ---- */

/* Where the ledger goes; its folder is made. */
static char *ledger_place(const char *given, const struct tw_options *opt,
			  const struct manifest *conv, const struct tree *tree)
{
	char *path, *dir, *real, *name;

	if (given) {
		path = g_canonicalize_filename(given, NULL);
	} else if (opt->run_dir) {
		dir = g_canonicalize_filename(opt->run_dir, NULL);
		path = g_build_filename(dir, "ledger.sqlite", NULL);
		g_free(dir);
	} else {
		name = g_strdup_printf("last-scan-%s.sqlite", conv->name);
		g_strdelimit(name, "/", '_');
		path = g_build_filename(g_get_user_state_dir(), "treewide",
					name, NULL);
		g_free(name);
	}
	dir = g_path_get_dirname(path);
	real = realpath(dir, NULL);
	if (g_str_has_prefix(real ? real : dir, tree->path) &&
	    strchr("/", (real ? real : dir)[strlen(tree->path)]))
		tw_die(TW_USAGE, "%s: is in the tree, which is never written to; name a ledger elsewhere with --ledger",
		       path);
	if (g_mkdir_with_parents(dir, 0755))
		tw_die(TW_FATAL, "cannot make '%s' for the ledger: %m; name another place with --ledger",
		       dir);
	free(real);
	g_free(dir);
	return path;
}

static int write_report(const struct report *r, const char *output)
{
	if (!output) {
		printable_print(stdout, "%s", r->out->str);
		if (fflush(stdout) || ferror(stdout))
			return tw_error("standard output: cannot be written: %m");
		return 0;
	}
	return output_write(output, r->out->str, r->out->len);
}

static int set_meta(struct ledger *l, const struct manifest *conv,
		    const struct tree *tree)
{
	return ledger_set_meta(l, "conversion", conv->name) ||
	       ledger_set_meta(l, "tree", tree->path) ||
	       ledger_set_meta(l, "release", tree->release) ||
	       ledger_set_meta(l, "treewide", TREEWIDE_VERSION) ||
	       (tree->git_head &&
		ledger_set_meta(l, "git_head", tree->git_head));
}

int cmd_scan(int argc, char **argv)
{
	char *ledger = NULL, **with = NULL, *path = NULL;
	struct made_request made = { .scripts = TRUE };	/* runs nothing */
	const GOptionEntry entries[] = {
		{ "ledger", 0, 0, G_OPTION_ARG_FILENAME, &ledger,
		  "Where the ledger goes (default: in the run directory, or "
		  "last-scan-CONVERSION.sqlite in the state directory)",
		  "FILE" },
		{ "rename", 0, 0, G_OPTION_ARG_STRING_ARRAY, &made.renames,
		  "In place of CONVERSION: the sites of a rename, as for "
		  "'treewide convert'; may be repeated", "OLD=NEW" },
		{ "with", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &with,
		  "Source outside the tree to scan too; may be repeated",
		  "DIR" },
		{ 0 }
	};
	struct tw_options opt;
	struct scan_request req = { 0 };
	struct scan_result res;
	struct report r = { .res = &res };
	struct manifest *conv = NULL;
	struct tree *tree = NULL;
	int json, ret = -1, status = TW_FATAL;

	tw_parse_options(&argc, &argv, entries, "CONVERSION --tree DIR",
			 "Finds every textual occurrence of the conversion's "
			 "symbols in the whole tree\nand writes the ledger of "
			 "sites.", &opt);
	if (argc != (made.renames ? 1 : 2))
		tw_die(TW_USAGE, "scan takes one conversion, such as 'treewide scan ptdesc --tree DIR'");
	if (!opt.tree)
		tw_die(TW_USAGE, "scan: which tree? name it with --tree DIR");
	json = opt.format && !strcmp(opt.format, "json");
	made.conversion = argv[1];
	r.conv = conv = made_load(&made);
	if (!conv) {
		status = TW_USAGE;
		goto out;
	}
	r.tree = tree = tree_open(opt.tree);
	if (!tree || spell_conversion(conv, tree))
		goto out;
	r.ledger_path = path = ledger_place(ledger, &opt, conv, tree);
	r.ledger = ledger_create(path);
	if (!r.ledger)
		goto out;

	req.tree = tree->path;
	req.types = conv->types;
	req.symbols = conv->symbols;
	req.first = conv->first;
	req.with = with;
	req.jobs = opt.jobs;
	r.seconds = -g_get_monotonic_time() / 1e6;
	if (set_meta(r.ledger, conv, tree) ||
	    scan_tree(&req, r.ledger, &res)) {
		ledger_abandon(r.ledger);
		goto out;
	}
	r.seconds += g_get_monotonic_time() / 1e6;

	r.out = g_string_new(NULL);
	ret = json ? print_json(&r) : print_table(&r);
	if (ledger_close(r.ledger))
		ret = -1;
	if (!ret)
		ret = write_report(&r, opt.output);
	if (!ret && (opt.output || json))
		tw_note("ledger: %s", path);
	if (!ret && res.unread) {
		tw_note("incomplete: %u files or folders could not be read; the ledger lists them, with the reasons",
			res.unread);
		ret = -1;
		status = TW_INCOMPLETE;
	}
	g_string_free(r.out, TRUE);
	g_ptr_array_free(res.symbols, TRUE);
out:
	g_strfreev(with);
	g_free(ledger);
	g_free(path);
	tree_free(tree);
	manifest_free(conv);
	g_free(opt.tree);
	g_free(opt.format);
	g_free(opt.output);
	g_free(opt.run_dir);
	g_free(opt.chdir);
	return ret ? status : TW_OK;
}
