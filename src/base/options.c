// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that all commands share, and where the driver's data and
 * programs are.  GOption parses; this module adds the shared entries, the
 * exit statuses of the contract, and a hint for a misspelt option.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/treewide.h"

/* GOption wants a blank in "-j4", which nobody writes. */
static void split_jobs(int *argc, char ***argv)
{
	char **v = g_new0(char *, *argc * 2 + 1);
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		char *a = (*argv)[i];

		if (!strcmp(a, "--")) {
			while (i < *argc)
				v[n++] = (*argv)[i++];
			break;
		}
		if (a[0] == '-' && a[1] == 'j' && g_ascii_isdigit(a[2])) {
			v[n++] = "-j";
			a += 2;
		}
		v[n++] = a;
	}
	*argc = n;
	*argv = v;
}

void tw_parse_options(int *argc, char ***argv, const GOptionEntry *entries,
		      const char *synopsis, const char *summary,
		      struct tw_options *opt)
{
	static const char *const formats[] = { "table", "json", NULL };

	tw_parse_options_formats(argc, argv, entries, synopsis, summary,
				 formats, opt);
}

void tw_parse_options_formats(int *argc, char ***argv,
			      const GOptionEntry *entries,
			      const char *synopsis, const char *summary,
			      const char *const *formats,
			      struct tw_options *opt)
{
	char *all = g_strjoinv(", ", (char **)formats);
	char *report = g_strdup_printf("The report: %s", all);
	GOptionEntry shared[] = {
		{ "tree", 0, 0, G_OPTION_ARG_FILENAME, &opt->tree,
		  "The kernel tree", "DIR" },
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt->jobs,
		  "How many jobs at once (default: the processors)", "N" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &opt->format,
		  report, "FORMAT" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt->output,
		  "Where the product goes (default: standard output)",
		  "PATH" },
		{ "run", 0, 0, G_OPTION_ARG_FILENAME, &opt->run_dir,
		  "The run directory (default: a new one)", "DIR" },
		{ "chdir", 'C', 0, G_OPTION_ARG_FILENAME, &opt->chdir,
		  "Change to DIR first", "DIR" },
		{ 0 }
	};
	char *command = g_strdup((*argv)[0]);
	GOptionContext *ctx;
	GError *err = NULL;
	char *prog = g_strdup_printf("treewide %s", command);

	memset(opt, 0, sizeof(*opt));
	opt->jobs = g_get_num_processors();
	split_jobs(argc, argv);
	g_set_prgname(prog);
	ctx = g_option_context_new(synopsis);
	g_option_context_set_summary(ctx, summary);
	g_option_context_set_description(ctx,
		"Exit status: 0 done; 1 there are findings; 2 incomplete; "
		"128 fatal; 129 usage.");
	if (entries)
		g_option_context_add_main_entries(ctx, entries, NULL);
	g_option_context_add_main_entries(ctx, shared, NULL);
	if (!g_option_context_parse(ctx, argc, argv, &err))
		tw_die(TW_USAGE, "%s: %s (see 'treewide %s --help')", command,
		       err->message, command);
	g_option_context_free(ctx);
	if (opt->jobs < 1 || opt->jobs > 1024)
		tw_die(TW_USAGE, "%s: -j takes a number from 1 to 1024",
		       command);
	if (opt->format && !g_strv_contains(formats, opt->format))
		tw_die(TW_USAGE, "%s: unknown format '%s'; there are: %s",
		       command, opt->format, all);
	if (opt->chdir && chdir(opt->chdir))
		tw_die(TW_FATAL, "cannot change to '%s': %s", opt->chdir,
		       g_strerror(errno));
	g_free(command);
	g_free(report);
	g_free(prog);
	g_free(all);
}

const char *tw_exe(void)
{
	static char *exe;

	if (!exe)
		exe = g_file_read_link("/proc/self/exe", NULL);
	return exe;
}

/* The folder of our own executable. */
static const char *exe_dir(void)
{
	static char *dir;

	if (!dir)
		dir = tw_exe() ? g_path_get_dirname(tw_exe()) : g_strdup(".");
	return dir;
}

/* @env, else ../@checkout beside our build folder, else @installed. */
static char *find_dir(const char *env, const char *checkout, const char *probe,
		      const char *installed)
{
	char *dir, *file;

	if (g_getenv(env))
		return g_canonicalize_filename(g_getenv(env), NULL);
	dir = g_build_filename(exe_dir(), "..", checkout, NULL);
	file = g_build_filename(dir, probe, NULL);
	if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
		g_free(dir);
		dir = g_build_filename(exe_dir(), "..", installed, NULL);
	}
	g_free(file);
	file = g_canonicalize_filename(dir, NULL);
	g_free(dir);
	return file;
}

const char *tw_data_dir(void)
{
	static char *dir;

	if (!dir)
		dir = find_dir("TREEWIDE_DATA", ".", "cocci",
			       "share/treewide");
	return dir;
}

const char *tw_libexec_dir(void)
{
	static char *dir;

	if (!dir)
		dir = find_dir("TREEWIDE_LIBEXEC", "tools", "treewide-cell",
			       "libexec/treewide");
	return dir;
}

char *tw_cache_path(const char *sub)
{
	return g_build_filename(g_get_user_cache_dir(), "treewide", sub, NULL);
}
