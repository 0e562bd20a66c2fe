/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands that are built in.
 *
 * To add one: write cmd_<name>() in src/cmd/builtin-<name>.c, declare it here,
 * and add a line to the table in src/cmd/treewide.c.  A command that is a
 * program of its own is an executable treewide-<name> in the folder that
 * tw_libexec_dir() names; treewide runs it with the same arguments.
 *
 * Each returns its exit status, or exits with one.
 */
#ifndef CMD_H
#define CMD_H

int cmd_audit(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_lint(int argc, char **argv);

#endif
