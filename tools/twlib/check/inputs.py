# SPDX-License-Identifier: GPL-2.0-only
"""The patch and the tree of a check, read once for all cells."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from ..base import cache
from ..cells import tree as kerneltree
from ..cells.cellfile import cells_load
from ..patch import patchset
from ..patch.patchset import FileChange, Hunk, LineChange, PatchError
from . import coverage, users


def tree_fingerprint(tree: Path) -> str:
    """A hash of path, size and time of each file that a build may read."""
    skip = {".git", "Documentation", "LICENSES", "samples"}
    digest = hashlib.blake2b(digest_size=16)
    todo = [str(tree)]
    while todo:
        folder = todo.pop()
        with os.scandir(folder) as entries:
            for e in sorted(entries, key=lambda e: e.name):
                if e.is_dir(follow_symlinks=False):
                    if folder != str(tree) or e.name not in skip:
                        todo.append(e.path)
                    continue
                s = e.stat(follow_symlinks=False)
                digest.update(f"{e.path[len(str(tree)):]}\0{s.st_size}\0"
                              f"{s.st_mtime_ns}\n".encode(
                                  "utf-8", "surrogateescape"))
    return digest.hexdigest()


def code_version() -> str:
    """A hash of this program: another one may judge otherwise."""
    digest = hashlib.blake2b(digest_size=16)
    tools = cache.tools_dir()
    for folder in ("base", "patch", "cells", "check"):
        for path in sorted(tools.glob(f"twlib/{folder}/*.py")):
            digest.update(path.read_bytes())
    digest.update((tools / "checkcc").read_bytes())
    return digest.hexdigest()


@dataclasses.dataclass
class Inputs:
    """The patch and the tree, read once for all cells."""
    tree: Path
    patch: Path
    data: bytes
    changes: list[FileChange]
    hunks: list[Hunk]
    stage: Path             # the touched files, as they are after the patch
    only: list[str] = dataclasses.field(default_factory=list)
    #                       # build what these files concern; []: all files
    whole: list[str] = dataclasses.field(default_factory=list)
    ask: set[str] = dataclasses.field(default_factory=set)
    #                       # further folders to ask kbuild about, so that one
    #                       # answer does for several patches
    apart: bool = True      # tell hunks of one object apart?
    say: Callable[[str], None] = lambda text: None
    fingerprint: str = ""
    prepared: dict[str, dict[str, str]] = dataclasses.field(
        default_factory=dict)
    search: users.Search | None = None
    marks_made: coverage.Marks | None = None
    moves_made: dict[str, list[LineChange]] | None = None

    @staticmethod
    def read(tree: Path, patch: Path, name: str, stage: Path) -> Inputs:
        """Parse and apply the patch; PatchError says what is wrong."""
        data = patchset.unmailed(patch.read_bytes())
        changes = patchset.parse(data, name, once=False)
        exact = patchset.apply_to(tree, data, name, changes, stage)
        try:
            patchset.parse(data, name)
        except PatchError:      # several patches in a row
            exact = False
        return Inputs(tree, patch, data, changes,
                      patchset.hunks(data, changes) if exact
                      else patchset.hunks_between(tree, stage, changes),
                      stage)

    @property
    def concerned(self) -> list[FileChange]:
        """The changes that choose what is built."""
        return [c for c in self.changes if not self.only
                or {c.old, c.new} & set(self.only)]

    def read_tree(self) -> None:
        if not self.fingerprint:
            self.say("reading the tree")
            self.prepared = kerneltree.tree_inputs(self.tree)
            self.fingerprint = tree_fingerprint(self.tree)

    def prepare_search(self) -> users.Search:
        """The search for users, made when the first cell needs it; for all
        archs that have cells, so that it does not depend on the choice."""
        if not self.search:
            self.say("looking for users of what the patch declares")
            self.search = users.Search(
                self.tree, self.concerned,
                sorted({c.srcarch for c in cells_load().values()}))
            self.search.whole = self.whole
            self.search.run(self.stage)
        return self.search

    def after(self, path: str) -> bytes:
        return (self.stage / path).read_bytes()

    @property
    def marks(self) -> coverage.Marks:
        """The marks of all changed lines of code."""
        if self.marks_made is None:
            self.marks_made = coverage.Marks()
            wanted: dict[str, set[int]] = {}
            for h in self.hunks:
                wanted.setdefault(h.file, set()).update(
                    n - 1 for n in h.added)
            for change in self.changes:
                if change.new and patchset.is_code(change.new):
                    self.marks_made.add(change.new, self.after(change.new),
                                        wanted.get(change.new, ()))
        return self.marks_made

    @property
    def moves(self) -> dict[str, list[LineChange]]:
        """What moved in each file, by its name after the patch."""
        if self.moves_made is None:
            self.moves_made = {
                c.new: patchset.line_changes(self.tree / c.old,
                                             self.stage / c.new)
                for c in self.changes if c.old and c.new}
        return self.moves_made

    @property
    def renamed(self) -> dict[str, str]:
        """The names of before of files that are there after the patch."""
        return {c.old: c.new for c in self.changes if c.old and c.new}

    def makes_headers(self, prepared: Path, srcarch: str) -> list[str]:
        """The touched files of which kbuild may generate headers in a cell:
        options, tables, programs, sources that it has made assembly of."""
        def may(path: str) -> bool:
            if users.scope(path) not in ("", srcarch) \
                    or patchset.is_text(path) or users.is_makefile(path) \
                    or path.endswith((".h", ".dts", ".dtsi", ".rs")):
                return False
            if path.startswith("scripts/"):
                return True
            if path.startswith(users.ELSEWHERE):
                return False
            return not path.endswith((".c", ".S")) or (
                prepared / re.sub(r"\.[cS]$", ".s", path)).is_file()
        return [p for c in self.changes if (p := c.new or c.old) and may(p)]

    @property
    def moves_entries(self) -> bool:
        """Does the patch change what the config builds?  A header that comes
        or goes does not."""
        names = re.compile(r"^(Makefile|Kbuild|Kconfig|.*\.mk$)")
        return any(c.kind != "modified"
                   and not all(p.endswith(".h") for p in patchset.paths([c]))
                   or names.match((c.new or "").split("/")[-1])
                   for c in self.changes)
