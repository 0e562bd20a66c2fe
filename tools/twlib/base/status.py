# SPDX-License-Identifier: GPL-2.0-only
"""The exit statuses of treewide, as in docs/design.md."""

OK = 0              # done; no findings
FINDINGS = 1        # something failed, got worse, or is to be looked at
INCOMPLETE = 2      # a part of what was asked for was not looked at
FATAL = 128         # the command could not be carried out
USAGE = 129         # the command line is wrong
INTERRUPTED = 130
