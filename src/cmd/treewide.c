// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front door: finds the command, built in or a program treewide-<name>
 * beside the driver, and runs it.  The user sees no difference between them.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/nearest.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv);	/* NULL: a program */
	const char *help;
} commands[] = {
	{ "scan",    cmd_scan,    "find every site of a conversion's symbols" },
	{ "audit",   cmd_audit,   "what each arch makes of a type, with evidence" },
	{ "convert", cmd_convert, "convert a tree: a patch, or --apply" },
	{ "check",   NULL,        "cross-build a patch in every cell and compare" },
	{ "lint",    cmd_lint,    "find new uses of what was converted away" },
	{ "series",  NULL,        "a patch series of a conversion, ready to send" },
	{ "report",  NULL,        "one page of a run: sites, edits, cells, grades" },
	{ "recover", cmd_recover, "finish or undo an interrupted --apply" },
	{ "cell",    NULL,        "list and prepare cells (arch, config, compiler)" },
	{ "tree",    NULL,        "fetch a kernel tree of the distribution" },
	{ "toolchains", NULL,     "build the compilers that Debian has not" },
};

static void usage(FILE *f)
{
	fputs("usage: treewide [-C DIR] COMMAND [OPTIONS]\n\n"
	      "Converts a whole Linux kernel tree from one type or API to another,\n"
	      "on every architecture, and checks what it did.\n\n"
	      "Commands:\n", f);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n'treewide COMMAND --help' tells more.  Exit status: 0 done; 1 findings;\n"
	      "2 incomplete; 128 fatal; 129 usage.\n", f);
}

static int run_program(const struct command *c, int argc, char **argv)
{
	char *name = g_strdup_printf("treewide-%s", c->name);
	char *path = g_build_filename(tw_libexec_dir(), name, NULL);
	char **args = g_new0(char *, argc + 1);

	args[0] = path;
	for (int i = 1; i < argc; i++)
		args[i] = argv[i];
	g_setenv("TREEWIDE_DATA", tw_data_dir(), TRUE);
	/* A program that needs the driver takes the one that it was called by. */
	if (tw_exe())
		g_setenv("TREEWIDE_EXE", tw_exe(), TRUE);
	execv(path, args);
	tw_die(TW_FATAL, "cannot run '%s': %s; is treewide installed whole?",
	       path, g_strerror(errno));
}

static void unknown(const char *name)
{
	const char *names[G_N_ELEMENTS(commands) + 1] = { NULL };
	const char *near;

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		names[i] = commands[i].name;
	near = nearest(name, names);
	if (near)
		tw_die(TW_USAGE, "'%s' is no command; did you mean '%s'? "
		       "('treewide --help' lists them)", name, near);
	tw_die(TW_USAGE, "'%s' is no command; 'treewide --help' lists them",
	       name);
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	while (argc > 1 && argv[1][0] == '-') {
		if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
			usage(stdout);
			return TW_OK;
		}
		if (!strcmp(argv[1], "--version")) {
			puts("treewide " TREEWIDE_VERSION);
			return TW_OK;
		}
		if (!strcmp(argv[1], "-C") && argc > 2) {
			if (chdir(argv[2]))
				tw_die(TW_FATAL, "cannot change to '%s': %s",
				       argv[2], g_strerror(errno));
			argc -= 2;
			argv += 2;
			continue;
		}
		tw_die(TW_USAGE, "unknown option '%s' (see 'treewide --help')",
		       argv[1]);
	}
	if (argc < 2) {
		usage(stderr);
		return TW_USAGE;
	}
	argc--;
	argv++;
	if (!strcmp(argv[0], "help")) {
		usage(stdout);
		return TW_OK;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		if (commands[i].fn)
			return commands[i].fn(argc, argv);
		return run_program(&commands[i], argc, argv);
	}
	unknown(argv[0]);
}
