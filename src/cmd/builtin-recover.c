// SPDX-License-Identifier: GPL-2.0-only
/*
 * treewide recover DIR: finish or undo an `--apply` that was interrupted.  All
 * the work and all refusals are in src/tree/apply.c; here is only the command.
 */
#include <stdio.h>

#include "tree/apply.h"
#include "base/diag.h"
#include "base/printable.h"
#include "base/treewide.h"
#include "cmd/cmd.h"

int cmd_recover(int argc, char **argv)
{
	struct tw_options opt = { 0 };
	const char *dir;

	tw_parse_options(&argc, &argv, NULL, "DIR",
			 "Finishes or undoes an interrupted 'convert --apply' in the tree DIR: every\n"
			 "file is as before, or every file is as after.  Does nothing where none was\n"
			 "interrupted.", &opt);
	if (argc > 2 || (argc == 2 && opt.tree))
		tw_die(TW_USAGE, "recover takes one tree (see 'treewide recover --help')");
	dir = argc == 2 ? argv[1] : opt.tree;
	if (!dir)
		tw_die(TW_USAGE, "recover needs the tree (see 'treewide recover --help')");
	switch (apply_recover(dir)) {
	case 0:
		printable_print(stdout, "nothing to do: no apply was interrupted in '%s'\n", dir);
		return TW_OK;
	case 1:
		return TW_OK;
	default:
		return TW_FATAL;
	}
}
