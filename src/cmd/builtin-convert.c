// SPDX-License-Identifier: GPL-2.0-only
/*
 * treewide convert: a patch, or with --apply the tree changed in place, all or
 * nothing.  The patch goes to standard output unless -o says where; what was
 * done and what was not goes to standard error, or as JSON to standard output
 * when the patch goes to a file.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tree/apply.h"
#include "convert/convert.h"
#include "convert/shape.h"
#include "base/diag.h"
#include "cmd/explain.h"
#include "base/nearest.h"
#include "tree/spell.h"
#include "base/output.h"
#include "base/printable.h"
#include "model/run.h"
#include "smpl/made.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

static gboolean do_apply, force, fresh;
static char *policy, *scope, *accessors, *explain_place, **with;
static struct made_request made;

static const GOptionEntry entries[] = {
	{ "apply", 0, 0, G_OPTION_ARG_NONE, &do_apply,
	  "Change the tree in place, all or nothing", NULL },
	{ "force", 0, 0, G_OPTION_ARG_NONE, &force,
	  "With --apply: also when git has uncommitted changes", NULL },
	{ "fresh", 0, 0, G_OPTION_ARG_NONE, &fresh,
	  "Work it out again, also when nothing changed since an earlier run", NULL },
	{ "rename", 0, 0, G_OPTION_ARG_STRING_ARRAY, &made.renames,
	  "In place of CONVERSION: rename a function, macro, variable, typedef or enumerator (OLD=NEW), a tag ('struct OLD=NEW'), a member ('struct S.OLD=NEW') or a config symbol (CONFIG_OLD=CONFIG_NEW); repeatable",
	  "OLD=NEW" },
	{ "comments", 0, 0, G_OPTION_ARG_NONE, &made.comments,
	  "With --rename: rename in comments, Documentation, Rust and scripts, too, which are only listed otherwise", NULL },
	{ "allow-scripts", 0, 0, G_OPTION_ARG_NONE, &made.scripts,
	  "Let semantic patches run the Python and OCaml code in them, as you", NULL },
	{ "policy", 0, 0, G_OPTION_ARG_STRING, &policy,
	  "What to do where the domain leaves a choice; the conversion's manifest names them", "POLICY" },
	{ "scope", 0, 0, G_OPTION_ARG_STRING, &scope,
	  "How far a conversion of entries to leaves goes; the conversion's manifest names the scopes", "SCOPE" },
	{ "accessors", 0, 0, G_OPTION_ARG_FILENAME, &accessors,
	  "What 'treewide audit accessors --format json' said of the tree; for conversions of entries to leaves",
	  "FILE" },
	{ "with", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &with,
	  "Convert the source in this folder outside the tree, too, as a module's; its patch goes to a file of its own; for conversions of an op, and of entries to leaves",
	  "DIR" },
	{ "explain", 0, 0, G_OPTION_ARG_STRING, &explain_place,
	  "Print why a line is changed or not, instead of the patch; with --run of an earlier run, from its ledger",
	  "FILE:LINE" },
	{ 0 }
};

/*
 * Sets the policy, or the scope, to what was asked for or to the conversion's
 * first.  Ends the program if the conversion does not have it.
 */
static void take_choice(const struct manifest *m, struct convert_options *o)
{
	const char *const *all = (const char *const *)m->policies;
	gboolean scopes = !strcmp(m->choice, "scope");
	const char *asked = scopes ? scope : policy, *near;
	char *list, *group, *why;

	if (scopes && policy)
		tw_die(TW_USAGE, "convert: %s takes --scope, not --policy",
		       m->name);
	if (!scopes && scope)
		tw_die(TW_USAGE, "convert: %s takes no --scope: it converts the whole tree",
		       m->name);
	/* The manifest is read again when the tree is known: keep a copy. */
	*(scopes ? &o->scope : &o->policy) = g_strdup(asked ? asked : all[0]);
	if (!asked || g_strv_contains(all, asked))
		return;
	list = g_strjoinv(", ", m->policies);
	if (!*list)
		tw_die(TW_USAGE, "%s has no policies to choose from", m->name);
	group = g_strdup_printf("%s %s", m->choice, asked);
	why = g_key_file_get_string(m->keys, group, "missing", NULL);
	if (why)
		tw_die(TW_USAGE, "%s cannot convert with %s '%s': %s; there are: %s",
		       m->name, m->choice, asked, why, list);
	near = nearest(asked, all);
	tw_die(TW_USAGE, "%s has no %s '%s'%s%s%s; there are: %s", m->name,
	       m->choice, asked, near ? "; did you mean '" : "",
	       near ? near : "", near ? "'" : "", list);
}

/*
 * Takes the options that not every shape has.  Ends the program if this one does
 * not take what was given.
 */
static void take_options(const struct manifest *m, struct convert_options *o)
{
	const struct shape *shape = shape_of(m);
	char *text;
	gsize size;
	GError *err = NULL;

	if (!m->rules->len && shape->needs_rules)
		tw_die(TW_USAGE, "%s has no rules that convert yet: it has seeds for 'treewide scan' and rules for 'treewide lint'",
		       m->name);
	take_choice(m, o);
	o->fresh = fresh;
	if (with && !(shape->takes & SHAPE_TAKES_WITH))
		tw_die(TW_USAGE, "convert: %s takes no --with: %s", m->name,
		       shape->no_with);
	if (!accessors)
		return;
	if (!(shape->takes & SHAPE_TAKES_ACCESSORS))
		tw_die(TW_USAGE, "convert: %s takes no --accessors: it asks no entries",
		       m->name);
	if (!g_file_get_contents(accessors, &text, &size, &err))
		tw_die(TW_FATAL, "%s", err->message);
	g_free(text);
	o->accessors = g_canonicalize_filename(accessors, NULL);
}

/* The name of @f in its root: the tree (@dir is NULL) or @dir; NULL: elsewhere. */
static const char *name_in(const struct tree *t, const struct convert_file *f,
			   const char *dir)
{
	if (g_strcmp0(tree_with(t, f->file), dir))
		return NULL;
	return dir ? f->file + strlen(dir) + 1 : f->file;
}

/* The patch of the tree (@dir is NULL), or of a folder outside it. */
static GString *make_patch(const struct tree *t,
			   const struct convert_result *res, const char *dir,
			   struct patch_stat *stat)
{
	GString *p = g_string_new(NULL);

	for (guint i = 0; i < res->files->len; i++) {
		const struct convert_file *f = res->files->pdata[i];
		const char *name = name_in(t, f, dir);

		if (name)
			patch_append(p, name, f->mode, f->old_text,
				     f->old_size, f->new_text, f->new_size,
				     stat);
	}
	if (p->len)
		g_string_prepend(p, res->provenance);
	return p;
}

static json_t *strings(const GPtrArray *v)
{
	json_t *a = json_array();

	for (guint i = 0; i < v->len; i++)
		json_array_append_new(a, json_string_nocheck(v->pdata[i]));
	return a;
}

static json_t *notes(const GPtrArray *v)
{
	json_t *a = json_array();

	for (guint i = 0; i < v->len; i++) {
		const struct note *n = v->pdata[i];

		json_t *o = json_object();

		json_object_set_new(o, "file", json_string_nocheck(n->file));
		json_object_set_new(o, "line", json_integer(n->line));
		json_object_set_new(o, "note", json_string_nocheck(n->text));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *summary(const struct tree *t, const struct manifest *m,
		       const struct convert_options *options,
		       const struct convert_result *res,
		       const struct patch_stat *stat, const char *patch,
		       const char *run)
{
	const char *used = convert_choice(options);
	json_t *o = json_pack("{s:i,s:s,s:s?,s:s,s:s,s:s}", "version", 1,
			      "conversion", m->name, "policy", used,
			      "tree", t->path, "release", t->release,
			      "run", run);
	json_t *sites = json_object(), *engines = json_object();

	for (int f = 0; f < N_SITE_FATE; f++)
		json_object_set_new(sites, site_fate_name[f],
				    json_integer(res->fates[f]));
	json_object_set_new(o, "sites", sites);
	json_object_set_new(o, "files", json_integer(stat->files));
	json_object_set_new(o, "added", json_integer(stat->added));
	json_object_set_new(o, "removed", json_integer(stat->removed));
	json_object_set_new(o, "patch", patch ? json_string(patch)
					      : json_null());
	json_object_set_new(o, "edits", json_integer(res->edits));
	for (int i = 0; i < N_OUTCOME; i++)
		json_object_set_new(engines, outcome_name[i],
				    json_integer(res->outcomes[i]));
	json_object_set_new(o, "engines", engines);
	json_object_set_new(o, "unparsed_lines",
			    json_integer(res->unparsed));
	json_object_set_new(o, "unseen", strings(res->not_read));
	json_object_set_new(o, "refusals", strings(res->refusals));
	json_object_set_new(o, "units", json_integer(res->units));
	json_object_set_new(o, "recalled", json_boolean(res->recalled));
	json_object_set_new(o, "cells", strings(res->cells_read));
	json_object_set_new(o, "cells_unread", strings(res->cells_unread));
	json_object_set_new(o, "rules_left", strings(res->rules_left));
	json_object_set_new(o, "notes", notes(res->notes));
	json_object_set_new(o, "problems", strings(res->problems));
	return o;
}

/* The run keeps the summary: the ledger knows no problems and no cells. */
static int keep_summary(const char *run, const json_t *o)
{
	char *path = g_build_filename(run, "convert.json", NULL);
	char *text = json_dumps(o, JSON_INDENT(2));
	int ret = 0;

	if (text)
		ret = output_write(path, text, strlen(text));
	else if (!g_unlink(path) || errno == ENOENT)
		tw_warn("'%s' is not written: JSON has no names that are not UTF-8",
			path);
	free(text);
	g_free(path);
	return ret;
}

/* So many places of sites that no cell reads stand in the summary. */
#define NOT_READ_SHOWN 12

static void print_summary(FILE *f, const struct convert_result *res,
			  const struct patch_stat *stat, const char *run)
{
	guint total = 0;

	for (int i = 0; i < N_SITE_FATE; i++)
		total += res->fates[i];
	printable_print(f, "sites     %u: %u converted, %u kept, %u refused, %u unresolved\n",
		total, res->fates[FATE_CONVERTED], res->fates[FATE_KEPT],
		res->fates[FATE_REFUSED], res->fates[FATE_UNRESOLVED]);
	printable_print(f, "changes   %u files, +%u -%u lines, %u edits\n",
		stat->files, stat->added, stat->removed, res->edits);
	printable_print(f, "read      %u translation units in %u cell%s%s\n",
		res->units, res->cells_read->len,
		res->cells_read->len == 1 ? "" : "s", res->recalled ?
		", in an earlier run: nothing changed since" : "");
	if (res->cells_unread->len) {
		printable_print(f, "not read  ");
		for (guint i = 0; i < res->cells_unread->len; i++)
			printable_print(f, "%s%s", i ? ", " : "",
				(char *)res->cells_unread->pdata[i]);
		printable_print(f, "\n");
	}
	printable_print(f, "engines   agree on %u sites, disagree on %u, one alone saw %u, none %u\n",
		res->outcomes[OUTCOME_AGREE], res->outcomes[OUTCOME_DISAGREE],
		res->outcomes[OUTCOME_ONE_SIDED], res->outcomes[OUTCOME_NEITHER]);
	if (res->unparsed)
		printable_print(f, "          %u lines that spatch cannot parse are listed in the ledger\n",
			res->unparsed);
	if (res->not_read->len)
		printable_print(f, "not read  %u sites in code that no cell reads: nobody compiled them\n",
			res->not_read->len);
	for (guint i = 0; i < res->not_read->len && i < NOT_READ_SHOWN; i++)
		printable_print(f, "          %s\n", (char *)res->not_read->pdata[i]);
	if (res->not_read->len > NOT_READ_SHOWN)
		printable_print(f, "          and %u more: --format json lists them\n",
			res->not_read->len - NOT_READ_SHOWN);
	for (guint i = 0; i < res->refusals->len; i++)
		printable_print(f, "refused   %s\n", (char *)res->refusals->pdata[i]);
	for (guint i = 0; i < res->rules_left->len; i++)
		printable_print(f, "%s%s\n", i ? "          " : "no rule   ",
			(char *)res->rules_left->pdata[i]);
	for (guint i = 0; i < res->notes->len; i++) {
		const struct note *n = res->notes->pdata[i];

		printable_print(f, "%s%s:%u: %s\n", i ? "          " : "look at   ",
			n->file, n->line, n->text);
	}
	printable_print(f, "run       %s\n", run);
}

static int apply_in(const struct tree *t, const struct convert_result *res,
		    const char *dir)
{
	struct apply_file *v = g_new0(struct apply_file, res->files->len);
	guint n = 0;
	int ret;

	for (guint i = 0; i < res->files->len; i++) {
		const struct convert_file *f = res->files->pdata[i];
		const char *name = name_in(t, f, dir);

		if (name)
			v[n++] = (struct apply_file) { name, f->old_text,
				f->old_size, f->new_text, f->new_size };
	}
	ret = apply_files(dir ? dir : t->path, v, n);
	g_free(v);
	return ret;
}

/* All or nothing in each: first the folders outside, which fail more often. */
static int apply_all(const struct tree *t, const struct convert_result *res)
{
	for (char **d = t->with; d && *d; d++)
		if (apply_in(t, res, *d))
			return -1;
	return apply_in(t, res, NULL);
}

/* "leaf.patch" to "leaf.mymod.patch"; of two folders of one name the second is "mymod-2". */
static char *patch_name(const struct tree *t, const char *of, const char *dir)
{
	char *base = g_path_get_basename(dir), *name;
	const char *stem = strrchr(of, '/');
	const char *dot = strrchr(stem ? stem : of, '.');
	gsize n = dot ? (gsize)(dot - of) : strlen(of);
	guint same = 1;

	for (char **d = t->with; strcmp(*d, dir); d++) {
		char *other = g_path_get_basename(*d);

		same += !strcmp(base, other);
		g_free(other);
	}
	name = same > 1 ?
	       g_strdup_printf("%.*s.%s-%u%s", (int)n, of, base, same, of + n) :
	       g_strdup_printf("%.*s.%s%s", (int)n, of, base, of + n);
	g_free(base);
	return name;
}

/* A patch for each folder outside the tree, beside @kept and @output. */
static int write_with(const struct tree *t, const struct convert_result *res,
		      const char *kept, const char *output,
		      struct patch_stat *stat)
{
	for (char **d = t->with; d && *d; d++) {
		GString *p = make_patch(t, res, *d, stat);
		const char *beside[] = { kept, output };
		int ret = 0;

		for (guint i = 0; i < G_N_ELEMENTS(beside) && !ret; i++) {
			char *name = beside[i] ?
				     patch_name(t, beside[i], *d) : NULL;

			ret = name ? output_write(name, p->str, p->len) : 0;
			if (!ret && name && (output ? i : !do_apply))
				tw_note("the patch for '%s' is '%s'", *d,
					name);
			g_free(name);
		}
		g_string_free(p, TRUE);
		if (ret)
			return -1;
	}
	return 0;
}

static void refuse_dirty(const struct tree *t)
{
	int dirty;

	if (!do_apply || force)
		return;
	dirty = tree_git_dirty(t);
	if (dirty < 0)
		tw_die(TW_FATAL, "nothing was changed; --force applies all the same");
	if (dirty)
		tw_die(TW_FATAL, "'%s' has uncommitted changes, which could not be told from the conversion's; commit or stash them, or use --force",
		       t->path);
}

/* What is made must not land in the tree: the next scan would read it. */
static void refuse_inside(const char *top, const char *path,
			      const char *option)
{
	if (path && output_inside(path, top))
		tw_die(TW_USAGE, "convert: %s '%s' is in the tree, which is only written to with --apply; name another place",
		       option, path);
}

/* Where nothing can be written is said before the slow work, not after. */
static void refuse_unwritable(const struct tree *t, const char *output)
{
	if (do_apply && access(t->path, W_OK))
		tw_die(TW_FATAL, "cannot write to the tree '%s': %s", t->path,
		       g_strerror(errno));
	if (output && output_check(output))
		exit(TW_FATAL);
}

/* "FILE:LINE" of a file in the tree, or a usage error. */
static void check_place(const struct tree *t)
{
	const char *colon = strrchr(explain_place, ':');
	char *file, *path, *text, *end = NULL;
	guint64 line = 0, last = 1;
	gsize size;

	if (do_apply)
		tw_die(TW_USAGE, "convert: --explain changes nothing; leave out --apply");
	if (!colon || colon == explain_place || !colon[1] ||
	    !g_ascii_isdigit(colon[1]) ||
	    !(line = g_ascii_strtoull(colon + 1, &end, 10)) || *end)
		tw_die(TW_USAGE, "convert: --explain takes FILE:LINE, not '%s'",
		       explain_place);
	file = g_strndup(explain_place, colon - explain_place);
	path = g_build_filename(t->path, file, NULL);
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		tw_die(TW_USAGE, "convert: --explain: no file '%s' in '%s'; name it from the top of the tree",
		       file, t->path);
	text = tree_read(t, file, &size, TRUE);
	for (gsize i = 0; text && i + 1 < size; i++)
		last += text[i] == '\n';
	if (text && line > last)
		tw_die(TW_USAGE, "convert: --explain: '%s' ends with line %" G_GUINT64_FORMAT,
		       file, last);
	g_free(text);
	g_free(path);
	g_free(file);
}

/* The ledger of an earlier run of this conversion on this tree, or NULL. */
static char *ledger_of_run(const struct tree *t, const struct manifest *m,
			   const char *dir)
{
	char *path = g_build_filename(dir, "ledger.sqlite", NULL);
	struct ledger *l = g_file_test(path, G_FILE_TEST_EXISTS) ?
			   ledger_open(path) : NULL;
	char *name = l ? ledger_get_meta(l, "conversion") : NULL;
	char *tree = l ? ledger_get_meta(l, "tree") : NULL;
	char *used = l ? ledger_get_meta(l, "policy") : NULL;
	const char *asked = policy ? policy : scope;

	if (l)
		ledger_abandon(l);
	if (!l)
		g_clear_pointer(&path, g_free);
	else if (g_strcmp0(name, m->name) || g_strcmp0(tree, t->path) ||
		 (asked && g_strcmp0(used, asked)))
		tw_die(TW_USAGE, "convert: --run '%s' is a run of %s (%s) on '%s'; name a run of this conversion, policy or scope, and tree, or leave out --run",
		       dir, name ? name : "nothing", used ? used : "unknown",
		       tree ? tree : "nothing");
	g_free(used);
	g_free(name);
	g_free(tree);
	return path;
}

/* Print the explanation, or write it to @output unless that is NULL. */
static int explain_line(const char *ledger, const char *output)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int r = f ? explain(ledger, explain_place, f) : -1;

	if (!f || fclose(f))
		tw_die(TW_FATAL, "no memory for the explanation");
	if (r >= 0 && output)
		r = output_write(output, text, size);
	else if (r >= 0 && (fwrite(text, 1, size, stdout) != size ||
			    fflush(stdout)))
		tw_die(TW_FATAL, "cannot write the explanation: %s",
		       g_strerror(errno));
	free(text);
	return r < 0 ? TW_FATAL : TW_OK;
}

/* The conversion of the arguments; ends the program if there is none. */
static struct manifest *load_conversion(int argc, char **argv)
{
	struct manifest *m;

	if (argc != (made.renames ? 1 : 2))
		tw_die(TW_USAGE, "convert: give one conversion, or --rename (see 'treewide convert --help')");
	made.conversion = argv[1];
	m = made_load(&made);
	if (!m)
		exit(TW_USAGE);
	return m;
}

int cmd_convert(int argc, char **argv)
{
	struct convert_result res = { 0 };
	struct convert_options options = { 0 };
	struct patch_stat stat = { 0 };
	struct tw_options opt;
	struct manifest *m;
	struct tree *t;
	char *run, *name, *kept;
	GString *patch;
	json_t *sum;
	int status = TW_OK;

	tw_parse_options(&argc, &argv, entries,
		"CONVERSION|--rename OLD=NEW --tree DIR",
		"Converts a tree: prints a unified diff, or changes the tree with --apply.\n"
		"The tree is only written to with --apply.\n\n"
		"  treewide convert --rename old_name=new_name --tree linux -o new.patch\n"
		"  treewide convert my.cocci --tree linux -o my.patch\n"
		"  treewide convert ptdesc --policy spelled --tree linux -o ptdesc.patch\n\n"
		"CONVERSION is a conversion of treewide, the path of a folder with a\n"
		"manifest, or a semantic patch (FILE.cocci).", &opt);
	m = load_conversion(argc, argv);
	if (!opt.tree)
		tw_die(TW_USAGE, "convert: --tree DIR is needed");
	take_options(m, &options);
	t = tree_open(opt.tree);
	if (!t || spell_conversion(m, t))
		return TW_FATAL;
	if (with && explain_place)
		tw_die(TW_USAGE, "convert: --explain is about the tree; leave out --with");
	if (with && tree_add(t, with))
		return TW_USAGE;
	if (explain_place) {
		if (opt.format && strcmp(opt.format, "table"))
			tw_die(TW_USAGE, "convert: --explain prints text; leave out --format %s",
			       opt.format);
		check_place(t);
		kept = opt.run_dir ? ledger_of_run(t, m, opt.run_dir) : NULL;
		if (kept)
			return explain_line(kept, opt.output);
	}
	/* A kill during an earlier --apply left a journal: first things first. */
	if (do_apply && apply_recover(t->path) < 0)
		return TW_FATAL;
	refuse_inside(t->path, opt.output, "-o");
	refuse_inside(t->path, opt.run_dir, "--run");
	refuse_dirty(t);
	refuse_unwritable(t, opt.output);
	for (char **d = t->with; d && *d; d++) {
		refuse_inside(*d, opt.output, "-o");
		refuse_inside(*d, opt.run_dir, "--run");
		if (do_apply && access(*d, W_OK))
			tw_die(TW_FATAL, "cannot write to '%s': %s", *d,
			       g_strerror(errno));
		if (do_apply && apply_recover(*d) < 0)
			return TW_FATAL;
	}
	name = g_strdup_printf("%s-%s", m->name, t->release);
	run = run_dir(opt.run_dir, name);
	if (!run || (made_is_smpl(m) && made_keep(m, run)) ||
	    convert_run(t, m, &options, run, opt.jobs, &res))
		return TW_FATAL;

	patch = make_patch(t, &res, NULL, &stat);
	kept = g_strdup_printf("%s/%s.patch", run, m->name);
	if (output_write(kept, patch->str, patch->len) ||
	    (opt.output && !explain_place && output_write(opt.output, patch->str, patch->len)) ||
	    write_with(t, &res, kept, opt.output, &stat))
		return TW_FATAL;
	sum = summary(t, m, &options, &res, &stat, opt.output ? opt.output : kept, run);
	if (keep_summary(run, sum))
		return TW_FATAL;
	for (guint i = 0; i < res.problems->len; i++)
		printable_print(stderr, "%s\n",
				(char *)res.problems->pdata[i]);
	if (res.problems->len) {
		status = TW_INCOMPLETE;
		tw_note("incomplete: %u problems stand above",
			res.problems->len);
	}
	if (explain_place) {
		char *ledger = g_build_filename(run, "ledger.sqlite", NULL);

		return explain_line(ledger, opt.output) ? TW_FATAL
							: status;
	}
	if (do_apply) {
		if (status == TW_INCOMPLETE && !force)
			tw_die(TW_INCOMPLETE, "the tree was not changed: the conversion is incomplete; the patch as far as it goes is '%s'; --force applies it",
			       kept);
		if (apply_all(t, &res))
			return TW_FATAL;
	} else if (!opt.output) {
		fwrite(patch->str, 1, patch->len, stdout);
		if (fflush(stdout))
			tw_die(TW_FATAL, "cannot write the patch: %s",
			       g_strerror(errno));
	}
	if (!g_strcmp0(opt.format, "json") && (opt.output || do_apply)) {
		json_dumpf(sum, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_summary(stderr, &res, &stat, run);
	}
	json_decref(sum);
	g_string_free(patch, TRUE);
	convert_result_clear(&res);
	manifest_free(m);
	tree_free(t);
	g_free(kept);
	g_free(name);
	g_free(run);
	return status;
}
