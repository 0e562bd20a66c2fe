// SPDX-License-Identifier: GPL-2.0-only
/*
 * treewide lint: new uses of what has been converted away, in a patch, a range
 * of git, or files.  Exit status 0: none, 1: findings, 2: a stage gave no
 * result for a file, or a part of a mail was not read, 128: nothing was judged, 129: usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "lint/lint.h"
#include "base/nearest.h"
#include "base/output.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

struct options {
	char *patch, *rules, *config, *baseline, *write_baseline, *explain;
	char *conversion;
	char **cells;
	gboolean all, deep, fix, text_only, list;
};

static enum lint_format format_of(const char *name)
{
	for (int i = 0; name && i < N_LINT_FORMAT; i++)
		if (!strcmp(name, lint_format_name[i]))
			return i;
	return LINT_GCC;
}

/* What stands behind "--", as files; cut from the arguments. */
static char **take_files(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		argv[i] = NULL;
		*argc = i;
		return argv + i + 1;
	}
	return NULL;
}

static char *read_patch(const char *name, gsize *size)
{
	FILE *f = !strcmp(name, "-") ? stdin : fopen(name, "re");
	GString *s;
	char buf[65536];
	gsize n;

	if (!f)
		tw_die(TW_FATAL, "cannot read the patch '%s': %s", name,
		       g_strerror(errno));
	s = g_string_new(NULL);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		g_string_append_len(s, buf, n);
		if (s->len > PR_MAX_SIZE)
			tw_die(TW_FATAL, "%s: error: the patch is larger than %u MiB",
			       name, PR_MAX_SIZE >> 20);
	}
	if (ferror(f))
		tw_die(TW_FATAL, "cannot read the patch '%s': %s", name,
		       g_strerror(errno));
	if (f != stdin)
		fclose(f);
	*size = s->len;
	return g_string_free(s, FALSE);
}

/* A tree's own rules may run scripts: those would be a stranger's. */
static void check_rules_place(const char *dir, const struct tree *root)
{
	char *real = realpath(dir, NULL);
	gsize n = strlen(root->path);

	if (real && !strncmp(real, root->path, n) &&
	    (real[n] == '/' || !real[n]))
		tw_die(TW_USAGE, "lint: --rules %s is in the tree that is judged: its semantic patches could run code; copy the ones that you trust out of it",
		       dir);
	free(real);
}

static int explain(const struct lint_rules *r, const char *id)
{
	const struct lint_rule *rule = lint_rule_find(r, id);
	GPtrArray *names = g_ptr_array_new();
	const char *near;
	char *text;

	if (rule) {
		text = lint_explain(rule);
		fputs(text, stdout);
		g_free(text);
		g_ptr_array_free(names, TRUE);
		return TW_OK;
	}
	for (guint i = 0; i < r->rules->len; i++)
		g_ptr_array_add(names, ((struct lint_rule *)
					r->rules->pdata[i])->id);
	g_ptr_array_add(names, NULL);
	near = nearest(id, (const char *const *)names->pdata);
	tw_error("there is no rule '%s'%s%s%s; 'treewide lint --list' names all",
		 id, near ? "; did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
	g_ptr_array_free(names, TRUE);
	return TW_USAGE;
}

static int list(const struct lint_rules *r)
{
	for (guint i = 0; i < r->rules->len; i++) {
		const struct lint_rule *rule = r->rules->pdata[i];

		printf("%-32s %-8s %s\n", rule->id,
		       lint_severity_name[rule->severity], rule->what);
	}
	return TW_OK;
}

static int write_out(const char *path, const char *text)
{
	if (path)
		return output_write(path, text, strlen(text));
	fputs(text, stdout);
	if (fflush(stdout) || ferror(stdout))
		return tw_error("standard output: cannot be written: %m");
	return 0;
}

/* A pseudo tree where no kernel tree was named: paths are below it. */
static struct tree *folder_open(void)
{
	struct tree *t = g_new0(struct tree, 1);
	char *dir = g_get_current_dir();

	t->path = realpath(dir, NULL);
	t->release = g_strdup("");
	g_free(dir);
	if (!t->path)
		tw_die(TW_FATAL, "cannot find the current folder: %s",
		       g_strerror(errno));
	return t;
}

static void say(const struct lint_result *res, gboolean loud)
{
	for (guint i = 0; i < res->problems->len; i++)
		tw_warn("%s", (char *)res->problems->pdata[i]);
	for (guint i = 0; i < res->unread->len; i++)
		tw_warn("%s", (char *)res->unread->pdata[i]);
	for (guint i = 0; i < res->not_judged->len; i++) {
		if (i == 10) {
			tw_note("not judged: %u more", res->not_judged->len - i);
			break;
		}
		tw_note("not judged: %s", (char *)res->not_judged->pdata[i]);
	}
	if (!loud)
		return;
	tw_note("%u %s in %u %s%s", res->findings->len,
		res->findings->len == 1 ? "finding" : "findings", res->files,
		res->files == 1 ? "file" : "files",
		res->muted ? "; some are silenced" : "");
}

static int report(const struct options *o, const struct tw_options *opt,
		  const struct lint_result *res, const struct lint_rules *r,
		  const struct tree *root, enum lint_format format)
{
	gboolean colour = format == LINT_GCC && !opt->output &&
			  !g_getenv("NO_COLOR") &&
			  isatty(o->fix ? STDERR_FILENO : STDOUT_FILENO);
	char *text = lint_print(res, r, format, colour), *fixes;
	guint n;
	int ret;

	if (o->write_baseline) {
		char *base = lint_mute_baseline(res->findings);

		ret = output_write(o->write_baseline, base, strlen(base));
		g_free(base);
		g_free(text);
		return ret;
	}
	if (!o->fix) {
		ret = write_out(opt->output, text);
		g_free(text);
		return ret;
	}
	/* The product is the patch then. */
	if (opt->output)
		ret = write_out(NULL, text);
	else
		ret = fputs(text, stderr) < 0 ? -1 : 0;
	g_free(text);
	if (root && lint_unconverted(r, root)) {
		tw_warn("no rewrites: the tree is not converted by %s yet, and they would be wrong in it",
			lint_unconverted(r, root));
		return ret ? ret : write_out(opt->output, "");
	}
	fixes = lint_fixes(res, &n);
	if (!ret)
		ret = write_out(opt->output, fixes);
	tw_note("%u of %u findings have a rewrite", n, res->findings->len);
	g_free(fixes);
	return ret;
}

static int load(const struct options *o, struct lint_rules *r,
		struct lint_mute *m, const struct tree *root)
{
	if (lint_rules_load(r, o->conversion))
		return -1;
	if (o->rules) {
		if (root)
			check_rules_place(o->rules, root);
		if (lint_rules_load_user(r, o->rules))
			return -1;
	}
	if (o->config && lint_mute_load_config(m, r, o->config))
		return -1;
	return o->baseline ? lint_mute_load_baseline(m, o->baseline) : 0;
}

/* Files may be named by their whole path, when it is in the root. */
static void relative(char **files, const struct tree *root)
{
	gsize n = strlen(root->path);

	for (; files && *files; files++) {
		while (g_str_has_prefix(*files, "./"))
			*files += 2;
		if (!strncmp(*files, root->path, n) && (*files)[n] == '/')
			*files += n + 1;
		if (!**files)
			*files = ".";
	}
}

/* What the words and options ask for, and whether they go together. */
static void check_usage(int argc, char **argv, const struct options *o,
			const struct tw_options *opt,
			struct lint_request *req)
{
	if (argc > 2)
		tw_die(TW_USAGE, "lint takes one range, such as 'origin/master..HEAD'; files stand behind '--'");
	req->range = argc == 2 ? argv[1] : NULL;
	if (req->range && *req->range == '-')
		tw_die(TW_USAGE, "lint: '%s' is no range", req->range);
	if (req->range && o->patch)
		tw_die(TW_USAGE, "lint: give a range or a patch, not both");
	if (o->deep && (!opt->tree || o->text_only))
		tw_die(TW_USAGE, "lint: --deep needs --tree, and no --text-only");
	if (!o->explain && !o->list && !o->patch && !req->range &&
	    !(req->files && *req->files) && !(o->all && opt->tree))
		tw_die(TW_USAGE, "lint: what is to be judged? Give a range, --patch FILE, '-- FILES', or --all with --tree DIR");
}

int cmd_lint(int argc, char **argv)
{
	struct options o = { 0 };
	const GOptionEntry entries[] = {
		{ "patch", 0, 0, G_OPTION_ARG_FILENAME, &o.patch,
		  "Judge a patch or mbox; '-' is standard input", "FILE" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &o.all,
		  "Judge all lines, not only those that the change adds", NULL },
		{ "text-only", 0, 0, G_OPTION_ARG_NONE, &o.text_only,
		  "Run no semantic patches, also with a tree", NULL },
		{ "deep", 0, 0, G_OPTION_ARG_NONE, &o.deep,
		  "Read the changed files in the cells, with libclang", NULL },
		{ "cell", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.cells,
		  "With --deep: only cells that fit, such as x86/64 or arm*; may be repeated",
		  "GLOB" },
		{ "conversion", 0, 0, G_OPTION_ARG_STRING, &o.conversion,
		  "Only the rules of this conversion", "NAME" },
		{ "rules", 0, 0, G_OPTION_ARG_FILENAME, &o.rules,
		  "More rules: *.ini and semantic patches, *.cocci", "DIR" },
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &o.config,
		  "Severities, and paths where rules are silent", "FILE" },
		{ "baseline", 0, 0, G_OPTION_ARG_FILENAME, &o.baseline,
		  "Known findings that are silent", "FILE" },
		{ "write-baseline", 0, 0, G_OPTION_ARG_FILENAME,
		  &o.write_baseline, "Write all findings as a baseline", "FILE" },
		{ "fix", 0, 0, G_OPTION_ARG_NONE, &o.fix,
		  "Write a patch with the safe rewrites (-o: where to; else the report goes to standard error)",
		  NULL },
		{ "explain", 0, 0, G_OPTION_ARG_STRING, &o.explain,
		  "Say what a rule is about, with an example", "RULE" },
		{ "list", 0, 0, G_OPTION_ARG_NONE, &o.list, "List the rules",
		  NULL },
		{ 0 }
	};
	struct lint_rules *rules = lint_rules_new();
	struct lint_mute *mute = lint_mute_new();
	struct lint_request req = { .rules = rules, .mute = mute };
	struct tree *tree = NULL, *folder = NULL;
	const struct tree *below;
	struct tw_options opt;
	struct lint_result res;
	enum lint_format format;
	int status = TW_FATAL;

	req.files = take_files(&argc, argv);
	tw_parse_options_formats(&argc, &argv, entries,
			 "[--tree DIR] [RANGE] [--patch FILE|-] [-- FILES...]",
			 "Finds new uses of what a conversion has converted away, in a patch, in\n"
			 "the commits of a range, or in files.",
			 lint_format_name, &opt);
	format = format_of(opt.format);
	check_usage(argc, argv, &o, &opt, &req);
	if (opt.tree) {
		tree = tree_open(opt.tree);
		if (!tree)
			goto out;
	} else {
		folder = folder_open();
	}
	req.tree = tree;
	req.root = tree ? tree : folder;
	/* A patch alone is in no folder. */
	if (load(&o, rules, mute, tree ? tree : o.patch ? NULL : folder))
		goto out;
	if (o.explain || o.list) {
		status = o.list ? list(rules) : explain(rules, o.explain);
		goto out;
	}
	relative(req.files, req.root);
	if (o.patch) {
		req.patch_name = strcmp(o.patch, "-") ? o.patch :
				 "standard input";
		req.patch = read_patch(o.patch, &req.patch_size);
	}
	req.all = o.all;
	req.types = (tree || req.range || o.rules) && !o.text_only;
	req.deep = o.deep;
	req.cells = o.cells;
	/* A patch alone says nothing of its tree. */
	below = tree || !o.patch ? req.root : NULL;
	req.fix = o.fix && !(below && lint_unconverted(rules, below));
	req.jobs = opt.jobs;
	if (!lint_run(&req, &res)) {
		say(&res, format == LINT_GCC);
		if (!report(&o, &opt, &res, rules, below, format))
			status = res.findings->len && !o.write_baseline ?
				 TW_FINDINGS : TW_OK;
		if (!status && (res.problems->len || res.unread->len))
			status = TW_INCOMPLETE;
	}
	lint_result_clear(&res);
	g_free(req.patch);
out:
	lint_rules_free(rules);
	lint_mute_free(mute);
	tree_free(tree);
	tree_free(folder);
	g_free(opt.tree);
	g_free(opt.output);
	return status;
}
