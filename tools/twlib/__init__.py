# SPDX-License-Identifier: GPL-2.0-only
"""What the Python programs of treewide share: where data and cache are, the
sandbox that commands of a tree run in, cells, and their preparation by
kbuild.  Nothing here prints: callers do."""
