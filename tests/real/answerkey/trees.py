# SPDX-License-Identifier: GPL-2.0-only
"""
Three trees as texts: the old one, the converted one (a tree, or a patch of the
old one) and the newer one.

Files are read as UTF-8, other bytes survive as surrogates.  Symbolic links,
.git and files with a zero byte are left out.  A file that the newer tree lacks
is looked for under another path: first files of the same name, then files that
are new in the same folder or right above or below it.  It is followed only if
one of them has at least half of the file's lines and no other comes near.
"""
from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .ctext import squeeze

# A moved file keeps this share of its lines, and the next candidate has less by
# GAP.
ALIKE = 0.5
GAP = 0.2
# More candidates than this are not read.
CANDIDATES = 40

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class KeyFailure(Exception):
    """What cannot be compared; the message says where, what and what to do."""


@dataclass(frozen=True)
class Change:
    """A file before and after the conversion; None: it is not there."""
    path: str               # in the converted tree, or the old one if deleted
    old_path: str | None
    old: str | None
    new: str | None


def read(path: Path) -> str | None:
    """The text of a file; None if there is none, or it is no text."""
    if path.is_symlink() or not path.is_file():
        return None
    data = path.read_bytes()
    if b"\0" in data[:8192]:
        return None
    return data.decode(errors="surrogateescape")


def files(root: Path) -> Iterator[str]:
    """The paths of all regular files below @root, relative to it."""
    todo = [""]
    while todo:
        folder = todo.pop()
        with os.scandir(root / folder) as entries:
            for e in entries:
                path = f"{folder}/{e.name}" if folder else e.name
                if e.is_dir(follow_symlinks=False):
                    if e.name != ".git":
                        todo.append(path)
                elif e.is_file(follow_symlinks=False):
                    yield path


def changes_of_trees(old: Path, new: Path) -> Iterator[Change]:
    """The files that differ between two trees."""
    here, there = set(files(old)), set(files(new))
    for path in sorted(here | there):
        a, b = old / path, new / path
        if path in here and path in there:
            if a.stat().st_size == b.stat().st_size \
                    and a.read_bytes() == b.read_bytes():
                continue
        before = read(a) if path in here else None
        after = read(b) if path in there else None
        if before is not None or after is not None:
            yield Change(path, path if path in here else None, before, after)


class _Patch:
    """Applies a patch, or a mailbox of several, to texts of the old tree."""

    def __init__(self, tree: Path, patch: Path) -> None:
        self.tree, self.name = tree, patch
        try:
            # No universal newlines: a carriage return belongs to the line.
            self.rows = patch.read_bytes().decode(
                errors="surrogateescape").split("\n")
        except OSError as e:
            raise KeyFailure(f"{patch}: {e.strerror}; CONVERTED is a tree or a "
                             "patch of TREE") from e
        self.now: dict[str, str | None] = {}
        self.origin: dict[str, str | None] = {}
        self.at = 0

    def fail(self, why: str) -> KeyFailure:
        return KeyFailure(f"{self.name}:{self.at + 1}: {why}; give a unified "
                          f"diff that was made of {self.tree}")

    def text(self, path: str) -> str | None:
        if path not in self.now:
            self.now[path] = read(self.tree / path)
            self.origin[path] = path if self.now[path] is not None else None
        return self.now[path]

    @staticmethod
    def name_of(row: str) -> str | None:
        name = row[4:].split("\t")[0].rstrip("\r")
        return None if name == "/dev/null" else name.partition("/")[2]

    def hunk(self, lines: list[str], shift: int) -> int:
        """Apply the hunk at self.at; gives by how much @lines grew."""
        m = _HUNK.match(self.rows[self.at])
        assert m
        old_n, new_n = (int(m[2] or 1), int(m[4] or 1))
        start = int(m[1]) + shift - (1 if old_n else 0)
        before: list[str] = []
        after: list[str] = []
        self.at += 1
        ends = [True, True]             # does the last line have a newline?
        while self.at < len(self.rows) and (
                len(before) < old_n or len(after) < new_n
                or self.rows[self.at].startswith("\\")):
            row = self.rows[self.at]
            mark, rest = row[:1], row[1:]
            if mark == "\\":
                last = self.rows[self.at - 1][:1]
                ends = [ends[0] and last == "+", ends[1] and last == "-"]
            elif mark in ("", " ", "-", "+"):
                if mark != "+":
                    before.append(rest)
                if mark != "-":
                    after.append(rest)
            else:
                raise self.fail("no line of a hunk")
            self.at += 1
        if not ends[0] and before:
            before[-1] += "\0"
        if not ends[1] and after:
            after[-1] += "\0"
        if lines[start:start + len(before)] != before:
            raise self.fail("the hunk above does not apply")
        lines[start:start + len(before)] = after
        return len(after) - len(before)

    def file(self) -> None:
        """One file's hunks; self.at is at its "--- " line."""
        old, new = (self.name_of(self.rows[self.at]),
                    self.name_of(self.rows[self.at + 1]))
        text = self.text(old) if old else ""
        if text is None:
            raise self.fail(f"TREE has no file {old}")
        # A last line without its newline ends with a zero byte here.
        lines = text.split("\n") if text else [""]
        if lines[-1]:
            lines[-1] += "\0"
        else:
            lines.pop()
        self.at += 2
        shift = 0
        while self.at < len(self.rows) and _HUNK.match(self.rows[self.at]):
            shift += self.hunk(lines, shift)
        whole = "".join(s[:-1] if s.endswith("\0") else s + "\n" for s in lines)
        if old and old != new:
            self.now[old] = None
        if new:
            self.text(new)
            self.now[new] = whole
            if old and old != new:
                self.origin[new] = self.origin.get(old)

    def renamed(self) -> None:
        """A rename without hunks."""
        old = self.rows[self.at][len("rename from "):]
        new = self.rows[self.at + 1][len("rename to "):]
        follow = self.rows[self.at + 2:self.at + 4]
        if not any(r.startswith("--- ") for r in follow):
            self.now[new], self.now[old] = self.text(old), None
            self.origin[new] = self.origin.get(old)
        self.at += 2

    def changes(self) -> Iterator[Change]:
        found = False
        while self.at < len(self.rows):
            row = self.rows[self.at]
            after = self.rows[self.at + 1:self.at + 3]
            if row.startswith("--- ") and len(after) == 2 \
                    and after[0].startswith("+++ ") and _HUNK.match(after[1]):
                self.file()
                found = True
            elif row.startswith("rename from ") and after \
                    and after[0].startswith("rename to "):
                self.renamed()
                found = True
            else:
                self.at += 1
        # An empty patch is a conversion that changed nothing.
        if not found and any(self.rows):
            raise self.fail("no hunk in it")
        gone = set()
        for path, text in sorted(self.now.items()):
            origin = self.origin.get(path)
            if text is None or path in gone:
                continue
            before = read(self.tree / origin) if origin else None
            if text != before or origin != path:
                yield Change(path, origin, before, text)
            if origin != path:
                gone.add(origin)
        taken = {self.origin.get(p) for p, t in self.now.items()
                 if t is not None}
        for path, text in sorted(self.now.items()):
            if text is None and path not in taken:
                before = read(self.tree / path)
                if before is not None:
                    yield Change(path, path, before, None)


def changes(tree: Path, converted: Path) -> Iterator[Change]:
    """What the conversion changed; @converted is a tree or a patch of @tree."""
    if converted.is_dir():
        yield from changes_of_trees(tree, converted)
    else:
        yield from _Patch(tree, converted).changes()


class Newer:
    """The newer tree, and where it has the files of the old one."""

    def __init__(self, old: Path, root: Path) -> None:
        self.old, self.root = old, root
        self._names: dict[str, list[str]] | None = None
        self._folders: dict[str, list[str]] = {}
        self._below: dict[str, list[str]] = {}

    def _index(self) -> dict[str, list[str]]:
        if self._names is None:
            self._names = {}
            for path in files(self.root):
                folder, _, name = path.rpartition("/")
                self._names.setdefault(name, []).append(path)
                self._folders.setdefault(folder, []).append(path)
            for folder in self._folders:
                self._below.setdefault(folder.rpartition("/")[0],
                                       []).append(folder)
        return self._names

    def _near(self, path: str) -> list[str]:
        """Files of the same kind in the folder, right above and below it."""
        here = path.rpartition("/")[0]
        folders = dict.fromkeys([here, here.rpartition("/")[0],
                                 *self._below.get(here, ())])
        return [p for folder in folders for p in self._folders.get(folder, ())
                if PurePosixPath(p).suffix == PurePosixPath(path).suffix]

    def find(self, path: str, text: str) -> tuple[str, str] | None:
        """Path and text of what @path is now; None: it is gone."""
        same = read(self.root / path)
        if same is not None:
            return path, same
        names = self._index().get(PurePosixPath(path).name, [])
        for candidates in (names, self._near(path)):
            fresh = [p for p in candidates if not (self.old / p).exists()]
            found = self._alike(text, fresh[:CANDIDATES + 1])
            if found:
                return found
        return None

    def _alike(self, text: str, paths: list[str]) -> tuple[str, str] | None:
        want = Counter(s for s in map(squeeze, text.split("\n")) if len(s) > 2)
        if not want or len(paths) > CANDIDATES:
            return None
        rated = []
        for p in paths:
            other = read(self.root / p)
            if other is None:
                continue
            have = Counter(map(squeeze, other.split("\n")))
            rated.append((sum((want & have).values()) / sum(want.values()),
                          p, other))
        rated.sort(key=lambda r: (-r[0], r[1]))
        if not rated or rated[0][0] < ALIKE \
                or len(rated) > 1 and rated[1][0] > rated[0][0] - GAP:
            return None
        return rated[0][1], rated[0][2]
