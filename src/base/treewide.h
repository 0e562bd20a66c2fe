/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every part of the driver shares: the version, exit statuses, the options
 * that all commands take, and where data, programs and the cache are.
 */
#ifndef TREEWIDE_H
#define TREEWIDE_H

#include <glib.h>

#define TREEWIDE_VERSION "0.1"

/* Exit statuses: a contract, see docs/design.md. */
enum tw_exit {
	TW_OK = 0,		/* the question was answered */
	TW_FINDINGS = 1,	/* lint, check: something was found */
	TW_INCOMPLETE = 2,	/* a site without a fate, a cell not built */
	TW_FATAL = 128,
	TW_USAGE = 129,
};

/* Options before or after the command that all commands share. */
struct tw_options {
	char *chdir;		/* -C DIR */
	int jobs;		/* -j N; the number of processors by default */
	char *format;		/* --format; NULL: the command's default */
	char *output;		/* -o PATH; NULL: standard output */
	char *run_dir;		/* --run DIR; NULL: a new one is made */
	char *tree;		/* --tree DIR */
};

/*
 * Parse the options of a command.  @entries are the command's own (may be
 * NULL); the shared ones are added.  @synopsis is the text behind
 * "treewide COMMAND " in --help, @summary what stands below it.  On return
 * *argc and argv hold what is left, argv[0] the command.  Prints help and
 * exits with 0 for --help; exits with TW_USAGE on a bad option.
 */
void tw_parse_options(int *argc, char ***argv, const GOptionEntry *entries,
		      const char *synopsis, const char *summary,
		      struct tw_options *opt);
/* The same for a command with other formats than table and json. */
void tw_parse_options_formats(int *argc, char ***argv,
			      const GOptionEntry *entries,
			      const char *synopsis, const char *summary,
			      const char *const *formats,
			      struct tw_options *opt);

/* One line per fact; NULL when none.  Owned by the driver. */
const char *tw_exe(void);		/* our own executable, links resolved */
const char *tw_data_dir(void);		/* holds cocci/ and corpus/ */
const char *tw_libexec_dir(void);	/* holds the treewide-* programs */

/* Path below $XDG_CACHE_HOME/treewide; the caller frees it. */
char *tw_cache_path(const char *sub);

#endif
