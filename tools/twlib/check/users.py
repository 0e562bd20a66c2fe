# SPDX-License-Identifier: GPL-2.0-only
"""
Which translation units a patch concerns, and which of them to build.

A patched .c or .S file is one itself.  For a patched header they are the
users of what its changed lines declare, found by name with ripgrep, also
through macros and inline functions of other headers, and a few files that
include it.  What a config builds is asked of kbuild: a dry run of the whole
kernel prints each compile command (a single target would not do: kbuild
makes those for disabled options too).
"""
from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..base import cache
from ..patch import declnames, patchset
from ..patch.patchset import FileChange

LIMIT = 60              # build all users up to here, else choose
COMMON = 400            # a name in more files than this is not followed
DEPTH = 2               # headers between a changed name and its user

GENERIC = ("block", "crypto", "drivers", "fs", "include", "init", "io_uring",
           "ipc", "kernel", "lib", "mm", "net", "security", "sound", "virt")

# What the kernel's build does not compile for a cell.
ELSEWHERE = ("tools/", "Documentation/", "scripts/", "samples/", "usr/")

_SOURCE = (".c", ".S")
_UNIT = re.compile(r"-Wp,-MMD,\S+ .*? -o (\S+\.o) (\S+\.[cS])(?=[\s;]|$)")


class ToolError(Exception):
    """A program that the search needs does not work."""


def is_makefile(path: str) -> bool:
    """Does it say what kbuild compiles in its folder, and how?"""
    return path.rpartition("/")[2] in ("Makefile", "Kbuild")


def scope(path: str) -> str:
    """The folder of arch/ that @path belongs to, "" for all archs."""
    parts = path.split("/")
    return parts[1] if parts[0] == "arch" and len(parts) > 2 else ""


def units(log: str, tree_mount: str, build_mount: str) -> dict[str, list[str]]:
    """
    What a dry run of the kernel compiles: for each source of the tree, its
    objects.  @log is what make -n V=1 printed.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for line in log.splitlines():
        m = _UNIT.search(line)
        if not m:
            continue
        path = os.path.normpath(os.path.join(build_mount, m[2]))
        if not path.startswith(tree_mount + "/"):
            continue        # generated
        source = path[len(tree_mount) + 1:]
        if m[1] not in found[source]:
            found[source].append(m[1])
    return dict(found)


def commands(log: str) -> dict[str, str]:
    """For each object of a dry run, a digest of how it is compiled."""
    found = {}
    for line in log.splitlines():
        m = _UNIT.search(line)
        if m:
            # Two jobs' lines may have run into each other.
            own = m[0].rpartition("-Wp,-MMD,")[2]
            found[m[1]] = cache.hash_bytes(own.encode("utf-8", "replace"))
    return found


def pruned(folders: set[str], text_of: Callable[[str], bytes | None]
           ) -> dict[str, bytes]:
    """
    Makefiles that make kbuild descend into @folders (and what leads there)
    only: by path, for the dry run.  kbuild still decides what each of them
    builds; this only drops other subfolders from what it has decided.
    @text_of gives a file of the tree, None if there is none.
    """
    below: dict[str, set[str]] = defaultdict(set)
    for folder in folders:
        parts = folder.split("/")
        for up in range(len(parts)):
            for end in range(up + 1, len(parts) + 1):
                below["/".join(parts[:up])].add("/".join(parts[up:end]) + "/")
    result = {}
    for folder, keep in below.items():
        if folder.split("/")[0] == "arch":
            continue        # small, and its Makefiles are odd
        for name in ("Kbuild", "Makefile") if folder else ("Kbuild",):
            path = f"{folder}/{name}" if folder else name
            text = text_of(path)
            if text is None:
                continue
            words = " ".join(sorted(keep | (set() if folder else {"arch/%"})))
            result[path] = text + b"".join(
                b"\n%s := $(filter-out $(filter-out %s,$(filter %%/,$(%s))),"
                b"$(%s))\n" % (v, words.encode(), v, v)
                for v in (b"obj-y", b"obj-m"))
            break
    return result


def _rg(tree: Path, args: list[str], folders: list[str]) -> list[bytes]:
    there = [f for f in folders if (tree / f).exists()]
    done = subprocess.run(
        ["rg", "--no-config", "--no-ignore", "--hidden", "--no-messages",
         "--no-heading", "--with-filename", "--null", "--text",
         "--glob", "*.[chS]", *args, "--", *there],
        cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False)
    if done.returncode > 2 or done.returncode < 0:
        raise ToolError("rg failed: "
                        + done.stderr.decode("utf-8", "replace").strip())
    return done.stdout.split(b"\n")


@dataclass
class Search:
    """The files of a tree that use what a patch changes in headers."""
    tree: Path
    changes: list[FileChange]
    archs: list[str]                            # folders of arch/
    names: dict[str, set[str]] = field(default_factory=dict)
    uses: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    includers: dict[str, set[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)   # names not followed
    whole: list[str] = field(default_factory=list)      # folders to build

    def run(self, stage: Path) -> None:
        """Fill the fields; @stage holds the files after the patch."""
        todo: dict[str, set[str]] = defaultdict(set)    # scope -> names
        headers: list[str] = []
        for change in self.changes:
            path = change.new or change.old or ""
            if not path.endswith(".h") or path.startswith("tools/"):
                continue
            where = scope(path)
            if where and where not in self.archs:
                continue
            todo[where] |= self._changed_names(change, stage)
            headers.append(path)
        self._find_includers(headers)
        self.direct = set().union(*todo.values(), set())
        for depth in range(DEPTH + 1):
            fresh = {n for s in todo.values() for n in s} - set(self.uses)
            for where, names in todo.items():
                self.names.setdefault(where, set()).update(names)
            if not fresh:
                break
            self._find_uses(fresh)
            if depth == DEPTH:
                break
            todo = self._through_headers(fresh)

    def _changed_names(self, change: FileChange, stage: Path) -> set[str]:
        old = (self.tree / change.old) if change.old else Path("/dev/null")
        new = (stage / change.new) if change.new else Path("/dev/null")
        before, after = old.read_bytes(), new.read_bytes()
        names: set[str] = set()
        for c in patchset.line_changes(old, new):
            names |= declnames.declared(before, c.old, c.old_n)
            names |= declnames.declared(after, c.new, c.new_n, before)
        return names

    def _find_includers(self, headers: list[str]) -> None:
        """The sources that include each of @headers; if there is none, those
        that do through the headers that include it."""
        self.includers = {path: set() for path in headers}
        through = {path: {path} for path in headers}
        for _depth in range(DEPTH + 1):
            found = self._includers_of(set().union(*through.values(), set()))
            for path, vias in through.items():
                self.includers[path] |= set().union(*(found[v] for v in vias))
            through = {
                path: {p for v in vias for p in found[v]
                       if p.endswith(".h")} - {path}
                for path, vias in through.items()
                if not any(p.endswith(_SOURCE) for p in self.includers[path])}
            if not any(through.values()):
                break

    def _includers_of(self, headers: set[str]) -> dict[str, set[str]]:
        """One search for all: each pass over a tree takes seconds."""
        spelt: dict[str, set[str]] = defaultdict(set)
        for path in headers:
            parts = path.split("/")
            name = "/".join(parts[parts.index("include") + 1:]) \
                if "include" in parts else parts[-1]
            spelt[name].add(path)
            if name.startswith("asm-generic/"):
                spelt[name.replace("-generic", "", 1)].add(path)
        found: dict[str, set[str]] = {path: set() for path in headers}
        if not spelt:
            return found
        args = ["--only-matching"]
        for name in sorted(spelt):
            args += ["-e", r'^\s*#\s*include\s*["<](.*/)?'
                     + re.escape(name) + r'[">]']
        for line in _rg(self.tree, ["-N", *args], self._folders()):
            source, _, text = line.decode("utf-8", "surrogateescape"
                                          ).partition("\0")
            m = re.search(r'["<](.*)[">]', text)
            words = m[1].split("/") if m else []
            for start in range(len(words)):
                for path in spelt.get("/".join(words[start:]), ()):
                    found[path].add(source)
        return found

    def _folders(self) -> list[str]:
        return [*GENERIC, *(f"arch/{a}" for a in self.archs)]

    def _find_uses(self, names: set[str]) -> None:
        for name in names:
            self.uses[name] = defaultdict(set)
        args = ["--word-regexp", "--only-matching", "--line-number",
                "--fixed-strings"]
        for name in sorted(names):
            args += ["-e", name]
        for line in _rg(self.tree, args, self._folders()):
            path, _, rest = line.partition(b"\0")
            number, _, used = rest.partition(b":")
            if not number.isdigit():
                continue
            uses = self.uses.get(used.decode("latin-1"))
            if uses is not None:
                uses[path.decode("utf-8", "surrogateescape")].add(
                    int(number) - 1)

    def _through_headers(self, names: set[str]) -> dict[str, set[str]]:
        lines: dict[str, set[int]] = defaultdict(set)
        for name in names:
            if len(self.uses[name]) > COMMON:
                self.left_out.append(name)
                continue
            for path, places in self.uses[name].items():
                if path.endswith(".h"):
                    lines[path] |= places
        found: dict[str, set[str]] = defaultdict(set)
        for path, places in lines.items():
            found[scope(path)] |= declnames.definitions_at(
                (self.tree / path).read_bytes(), places)
        return found

    def folders(self) -> set[str]:
        """The folders of all sources that may be chosen, and of Makefiles
        that may choose others."""
        paths = {p for uses in self.uses.values() for p in uses}
        paths |= {p for some in self.includers.values() for p in some}
        paths |= patchset.paths(self.changes)
        return {os.path.dirname(p) for p in paths
                if (p.endswith(_SOURCE) or is_makefile(p)) and "/" in p} | {
                    os.path.relpath(base, self.tree) for folder in self.whole
                    for base, _dirs, _files in os.walk(self.tree / folder)}

    def users(self, srcarch: str) -> dict[str, set[str]]:
        """The sources that @srcarch may build and the names each uses."""
        result: dict[str, set[str]] = defaultdict(set)
        for where in ("", srcarch):
            for name in self.names.get(where, set()):
                for path in self.uses.get(name, {}):
                    if path.endswith(_SOURCE) and scope(path) in ("", srcarch):
                        result[path].add(name)
        return dict(result)


@dataclass
class Choice:
    """The objects to build in a cell, and why these."""
    objects: list[str]
    chosen_from: int
    why: str
    missing: list[str]      # touched sources that the config does not build


def _near(path: str, srcarch: str) -> bool:
    return path.startswith(("mm/", f"arch/{srcarch}/mm/"))


def choose(search: Search, built: dict[str, list[str]],
           srcarch: str) -> Choice:
    """Choose among what the config builds, @built (see units())."""
    touched = []
    for change in search.changes:
        for path in {change.old, change.new} - {None}:
            assert path is not None
            if path.endswith(_SOURCE) and scope(path) in ("", srcarch):
                touched.append(path)
    own = [p for p in touched if p in built]
    missing = sorted(p for p in touched if p not in built)
    users = {p: names for p, names in search.users(srcarch).items()
             if p in built and p not in own}
    including: set[str] = set()
    for header, paths in sorted(search.includers.items()):
        if scope(header) in ("", srcarch):
            ready = [p for p in paths if p in built]
            ready.sort(key=lambda p: (p not in own, not _near(p, srcarch),
                                      -len(users.get(p, ())), p))
            including |= set(ready[:2])
    # A touched file that has no object may be included by one that has.
    for path in missing:
        name = path.split("/")[-1]
        folder = path.rsplit("/", 1)[0] + "/"
        for source in built:
            if source.startswith(folder) and source.endswith(".c") \
                    and name.encode() in _read(search.tree / source):
                including.add(source)
    everything = set(users) | including | set(own)
    if len(users) <= LIMIT:
        chosen = set(users)
        why = f"all {len(users)} users of what the headers change"
    else:
        chosen = {p for p in users if _near(p, srcarch)}
        order = sorted(set(users) - chosen,
                       key=lambda p: (-len(users[p] & search.direct),
                                      -len(users[p]), p))
        seen = set().union(*(users[p] for p in chosen | set(own)
                             if p in users), set())
        folders: set[str] = set()
        rest = 0
        for path in order:
            folder = path.rsplit("/", 1)[0]
            if (users[path] & search.direct) - seen \
                    or (folder not in folders and rest < LIMIT):
                chosen.add(path)
                seen |= users[path]
                folders.add(folder)
                rest += 1
        why = (f"{len(chosen)} of {len(users)} users of what the headers "
               "change: those in mm/, one for each name, and one a folder")
    chosen |= including | set(own)
    if search.whole:
        whole = {p for p in built
                 if p.startswith(tuple(f + "/" for f in search.whole))}
        chosen |= whole
        everything |= whole
        why += f", and all {len(whole)} files in " + ", ".join(search.whole)
    objects = sorted({o for p in chosen for o in built[p]})
    return Choice(objects, sum(len(built[p]) for p in everything), why,
                  missing)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
