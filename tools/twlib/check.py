# SPDX-License-Identifier: GPL-2.0-only
"""
treewide check: cross-build what a patch touches, before and after, in cells.

A patch that only changes types must give the same objects, so they are
compared byte for byte; where line numbers are compiled in, the after-objects
are built once more with #line directives that undo the moves (linemark.py).
Both builds see the tree at the same place and start from copies of the same
prepared build folder.  The tree itself is only read: the patch is applied to
copies that are mounted over it (patchset.py).

Refuses what cannot be judged: a patch that does not apply as it stands, a
tree built in place.  A cell without its compiler is `not built`; nothing
that was not compiled counts as passed.
"""
from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from . import cache, kbuild, linemark, objects, patchset, users
from .cells import Cell, CellError, cells_load, cells_select
from .patchset import FileChange, PatchError
from .sandbox import BUILD, GIB, SRC, Result, Sandbox, SandboxError

VERSION = 1
FREE = 2 * GIB          # wanted on the disk of the cache, bytes

OK, FAILED, INCOMPLETE, FATAL, USAGE = 0, 1, 2, 128, 129
EXIT = {"ok": OK, "failed": FAILED, "incomplete": INCOMPLETE}


class CheckError(Exception):
    """The check cannot be made; the text says what to do."""


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclasses.dataclass
class CellResult:
    """What came out for a cell; the fields are those of the JSON."""
    cell: str
    state: str = "failed"
    reason: str = ""
    objects: int = 0
    chosen_from: int = 0
    choice: str = ""
    identical: int = 0
    normalised: int = 0
    different: int = 0
    added: list[str] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    differences: list[dict[str, str]] = dataclasses.field(
        default_factory=list)
    not_built_before: list[str] = dataclasses.field(default_factory=list)
    not_built_after: list[str] = dataclasses.field(default_factory=list)
    not_in_config: list[str] = dataclasses.field(default_factory=list)
    uncovered_headers: list[str] = dataclasses.field(default_factory=list)
    new_warnings: list[str] = dataclasses.field(default_factory=list)
    vanished_warnings: list[str] = dataclasses.field(default_factory=list)
    new_errors: list[str] = dataclasses.field(default_factory=list)
    vanished_errors: list[str] = dataclasses.field(default_factory=list)
    covered: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    cached: bool = False
    replay: str = ""
    log: str = ""

    @property
    def verdict(self) -> str:
        """ok, failed or incomplete."""
        if self.state == "failed" or self.different or self.new_warnings \
                or self.new_errors or self.not_built_after:
            return "failed"
        # A tree that has no such config loses nothing without the cell.
        if self.state == "absent":
            return "ok"
        if self.state != "built" or self.not_built_before:
            return "incomplete"
        return "ok"


@dataclasses.dataclass
class Check:
    """One patch on one tree; all paths absolute."""
    tree: Path
    patch: Path
    data: bytes
    changes: list[FileChange]
    cells: list[Cell]
    jobs: int
    keep: bool
    fresh: bool             # do not use what is cached
    run_dir: Path
    work: Path
    fingerprint: str = ""   # of the tree
    inputs: dict[str, dict[str, str]] = dataclasses.field(
        default_factory=dict)
    search: users.Search | None = None

    @property
    def stage(self) -> Path:
        return self.work / "after"

    def prepare_search(self) -> users.Search:
        """The search for users, made when the first cell needs it."""
        if not self.search:
            progress("looking for users of what the patch declares")
            self.search = users.Search(
                self.tree, self.changes,
                sorted({c.srcarch for c in self.cells}))
            self.search.run(self.stage)
        return self.search

    @property
    def moves_entries(self) -> bool:
        """Does the patch change what the config builds?"""
        names = re.compile(r"^(Makefile|Kbuild|Kconfig|.*\.mk$)")
        return any(c.kind != "modified"
                   or names.match((c.new or "").split("/")[-1])
                   for c in self.changes)


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
    for path in sorted(Path(__file__).resolve().parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def release(tree: Path) -> str:
    """The tree's version, from the head of its Makefile."""
    parts = {}
    with open(tree / "Makefile", encoding="utf-8", errors="replace") as f:
        for line, _ in zip(f, range(20)):
            m = re.match(r"(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *"
                         r"(\S*)", line)
            if m:
                parts[m[1]] = m[2]
    return ".".join(parts.get(k, "0") for k in (
        "VERSION", "PATCHLEVEL", "SUBLEVEL")) + parts.get("EXTRAVERSION", "")


class CellCheck:
    """One cell of a check."""

    def __init__(self, check: Check, cell: Cell, label: str) -> None:
        self.check, self.cell, self.label = check, cell, label
        self.result = CellResult(cell.name)
        self.name = cell.name.replace("/", "-")
        self.dir = check.work / self.name
        self.logs = check.run_dir / "cells" / self.name
        self.entry = ""         # the name of the prepared cell in the cache

    def say(self, text: str) -> None:
        progress(f"{self.label} {self.cell.name}: {text}")

    def run(self) -> CellResult:
        start = time.monotonic()
        try:
            self._run()
        finally:
            self.result.seconds = round(time.monotonic() - start, 1)
            if not self.check.keep:
                shutil.rmtree(self.dir, ignore_errors=True)
        return self.result

    def _fail(self, state: str, reason: str) -> None:
        self.result.state, self.result.reason = state, reason

    def _run(self) -> None:
        check, cell = self.check, self.cell
        self.result.replay = shlex.join([
            "treewide", "check", "--tree", str(check.tree), "--patch",
            str(check.patch), "--cells", cell.name, "--no-cache", "--keep"])
        ready = kbuild.Preparation(cell, "build", check.tree, check.inputs,
                                   check.jobs,
                                   lambda text: progress(
                                       f"{self.label} {text}")).run()
        if ready["state"] != "ready":
            self._fail(ready["state"], ready["reason"])
            self.result.log = ready["log"]
            return
        prepared = Path(ready["build"])
        self.entry = prepared.parent.name
        key = cache.hash_bytes("\0".join([
            str(VERSION), code_version(), self.entry, check.fingerprint,
            hashlib.sha256(check.data).hexdigest(), cell.name]).encode())
        saved = cache.cache_dir("check") / f"{key}.json"
        old = None if check.fresh else load_result(saved)
        if old:
            old.cached, old.replay = True, self.result.replay
            self.result = old
            self.say("as checked before")
            return
        self.logs.mkdir(parents=True, exist_ok=True)
        self.result.log = str(self.logs)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self._build(prepared)
        save_result(saved, self.result)

    # The builds

    def _copy(self, prepared: Path, name: str) -> Path:
        folder = self.dir / name
        done = subprocess.run(["cp", "-a", "--reflink=auto", "--",
                               str(prepared), str(folder)], check=False,
                              capture_output=True, text=True)
        if done.returncode:
            raise CheckError(f"{folder}: {done.stderr.strip()}")
        return folder

    def _mounts(self, name: str, neutral: bool) -> dict[str, Path]:
        """The patched files in fresh copies, as mounts of the sandbox."""
        check = self.check
        folder = self.dir / f"{name}-files"
        folders = self.dir / f"{name}-folders"
        for left in (folder, folders):
            shutil.rmtree(left, ignore_errors=True)
        folder.mkdir()
        for change in check.changes:
            if change.new is None:
                continue
            target = folder / change.new
            target.parent.mkdir(parents=True, exist_ok=True)
            text = (check.stage / change.new).read_bytes()
            if neutral and change.old is not None \
                    and change.new.endswith((".c", ".h", ".S")):
                text = linemark.neutralise(text, patchset.line_changes(
                    check.tree / change.old, check.stage / change.new))
            target.write_bytes(text)
            shutil.copymode(check.stage / change.new, target)
        return {f"{SRC}/{path}" if path else SRC: source
                for source, path in patchset.mounts(
                    check.tree, folder, check.changes, folders)}

    def _box(self, build: Path, mounts: dict[str, Path]) -> Sandbox:
        box = kbuild.cell_sandbox(self.cell, "build", self.check.tree, build)
        if SRC in mounts:       # the top folder itself gains or loses a file
            box.tree = mounts[SRC]
        box.ro.update({p: s for p, s in mounts.items() if p != SRC})
        return box

    def _make(self, box: Sandbox, log: Path, args: list[str]) -> Result:
        argv = [*kbuild.cell_make(self.cell, "build", self.check.jobs),
                "--no-print-directory", "-k", *args]
        done = box.run(argv, log)
        if done.timed_out:
            raise CheckError(f"{self.cell.name}: make took more than "
                             f"{box.timeout:.0f} s; see {log}")
        return done

    def _units(self, build: Path, mounts: dict[str, Path],
               name: str) -> dict[str, list[str]]:
        """What the config builds, as far as it may be chosen.  The answer
        for the tree as it is is kept in the cache."""
        check = self.check
        folders = check.prepare_search().folders()
        key = cache.hash_bytes("\0".join(
            [code_version(), self.entry, check.fingerprint,
             *sorted(folders)]).encode("utf-8", "surrogateescape"))
        saved = cache.cache_dir("check") / f"units-{key}.json"
        if not mounts and not check.fresh:
            try:
                return dict(json.loads(saved.read_text("utf-8")))
            except (OSError, ValueError):
                pass

        def text_of(path: str) -> bytes | None:
            for change in check.changes if mounts else []:
                if path == change.new:
                    return (check.stage / path).read_bytes()
                if path == change.old:
                    return None
            file = check.tree / path
            return file.read_bytes() if file.is_file() else None

        self.say("asking kbuild what this config builds")
        start = time.monotonic()
        box = self._box(build, mounts)
        for path, text in users.pruned(folders, text_of).items():
            file = self.dir / f"{name}-pruned" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
            box.ro[f"{SRC}/{path}"] = file
        log = self.dir / f"{name}-units.log"
        # -O: without it lines of parallel makes run into each other.
        self._make(box, log, ["-n", "-O", "V=1", "vmlinux", "modules"])
        found = users.units(log.read_text("utf-8", "replace"), SRC, BUILD)
        if not found:
            raise CheckError(f"{self.cell.name}: kbuild's dry run names no "
                             f"object:\n{kbuild.log_tail(log)}")
        log.unlink()
        if not mounts:
            write_whole(saved, json.dumps(found))
        self.say(f"{len(found)} sources in its folders "
                 f"({time.monotonic() - start:.0f} s)")
        return found

    def _compile(self, build: Path, mounts: dict[str, Path], name: str,
                 names: list[str]) -> list[objects.Diagnostic]:
        log = self.logs / f"{name}.log"
        log.unlink(missing_ok=True)
        self.say(f"building {len(names)} objects, {name}")
        done = self._make(self._box(build, mounts), log, ["-O", *names])
        self.say(f"built in {done.seconds:.0f} s")
        text = log.read_text("utf-8", "replace")
        return objects.diagnostics(text, SRC)

    def _build(self, prepared: Path) -> None:
        check, result = self.check, self.result
        before = self._copy(prepared, "before")
        built = self._units(before, {}, "before")
        choice = users.choose(check.prepare_search(), built, self.cell.srcarch)
        names = choice.objects
        after_names = names
        mounts = self._mounts("after", neutral=False)
        after = self._copy(prepared, "after")
        if check.moves_entries:
            built_after = self._units(after, mounts, "after")
            shutil.rmtree(after)
            after = self._copy(prepared, "after")
            mounts = self._mounts("after", neutral=False)
            there = {o for os_ in built_after.values() for o in os_}
            own = {o for c in check.changes if c.new
                   for o in built_after.get(c.new, [])}
            after_names = sorted((set(names) & there) | own)
            choice.missing = [p for p in choice.missing
                              if p not in built_after]
        result.objects = len(set(names) | set(after_names))
        result.chosen_from = max(choice.chosen_from, result.objects)
        result.choice = choice.why
        if not result.objects:
            result.not_in_config = choice.missing
            result.state = "built"
            result.reason = "this cell builds nothing that the patch concerns"
            return
        old = self._compile(before, {}, "before", names) if names else []
        new = self._compile(after, mounts, "after", after_names) \
            if after_names else []
        self._diagnose(old, new)
        common = self._present(before, after, names, after_names)
        self._compare(before, after, common)
        self._cover(before, after, names, after_names, choice.missing)
        if names and not any((before / o).is_file() for o in names):
            self._fail("failed", "before did not build: no object of it; "
                       f"see {self.logs}/before.log")
        elif result.not_built_after:
            self._fail("failed", "after the patch "
                       f"{len(result.not_built_after)} objects do not build: "
                       + _some(result.not_built_after))
        else:
            result.state = "built"
            if result.not_built_before:
                result.reason = ("before did not build: "
                                 + _some(result.not_built_before))

    # The verdict

    def _diagnose(self, old: list[objects.Diagnostic],
                  new: list[objects.Diagnostic]) -> None:
        more, less = objects.new_diagnostics(old, new)
        result = self.result
        result.new_warnings = [str(d) for d in more if d.severity == "warning"]
        result.new_errors = [str(d) for d in more if d.severity == "error"]
        result.vanished_warnings = [str(d) for d in less
                                    if d.severity == "warning"]
        result.vanished_errors = [str(d) for d in less
                                  if d.severity == "error"]

    def _present(self, before: Path, after: Path, names: list[str],
                 after_names: list[str]) -> list[str]:
        """The objects that both builds have; says which are missing."""
        result = self.result
        result.removed = sorted(set(names) - set(after_names))
        result.added = sorted(set(after_names) - set(names))
        result.not_built_before = [o for o in names
                                   if not (before / o).is_file()]
        result.not_built_after = [
            o for o in after_names if not (after / o).is_file()
            and o not in result.not_built_before]
        return [o for o in names if o in set(after_names)
                and (before / o).is_file() and (after / o).is_file()]

    def _compare(self, before: Path, after: Path, common: list[str]) -> None:
        result = self.result
        odd: dict[str, str] = {}
        for name in common:
            how, what = objects.compare(before / name, after / name)
            if how == objects.IDENTICAL:
                result.identical += 1
            elif how == objects.SAME_CODE:
                result.normalised += 1
            else:
                odd[name] = what
        if odd and self._lines_move():
            odd = self._without_line_numbers(before, after, odd)
        result.different = len(odd)
        result.differences = [{"object": name, "what": what}
                              for name, what in sorted(odd.items())]

    def _lines_move(self) -> bool:
        check = self.check
        return any(line.old_n != line.new_n for c in check.changes
                   if c.old and c.new for line in patchset.line_changes(
                       check.tree / c.old, check.stage / c.new))

    def _without_line_numbers(self, before: Path, after: Path,
                              odd: dict[str, str]) -> dict[str, str]:
        """Build @odd again with the old line numbers; what still differs."""
        kept = self.dir / "differing"
        for name in odd:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            os.rename(after / name, kept / name)
        self._compile(after, self._mounts("neutral", neutral=True),
                      "neutral", sorted(odd))
        left: dict[str, str] = {}
        for name, what in odd.items():
            if not (after / name).is_file():
                left[name] = what + " (with the old line numbers it does " \
                    f"not build: see {self.logs}/neutral.log)"
                continue
            how, still = objects.compare(before / name, after / name)
            if how == objects.DIFFERENT:
                left[name] = still
            else:
                self.result.normalised += 1
        return left

    def _cover(self, before: Path, after: Path, names: list[str],
               after_names: list[str], missing: list[str]) -> None:
        """Prove by the dependency files what was compiled."""
        seen: set[str] = set()
        for folder, built in ((before, names), (after, after_names)):
            for name in built:
                if (folder / name).is_file():
                    seen |= objects.dependencies(folder, name, SRC, BUILD)
        own = ("", self.cell.srcarch)
        result = self.result
        for change in self.check.changes:
            path = change.new or change.old or ""
            if path in seen:
                result.covered.append(path)
            elif path.endswith(".h") and users.scope(path) in own \
                    and not path.startswith(users.ELSEWHERE):
                result.uncovered_headers.append(path)
        result.not_in_config = [p for p in missing if p not in seen]


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def load_result(path: Path) -> CellResult | None:
    """A result from the cache; None when there is none or it is damaged."""
    try:
        return CellResult(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def save_result(path: Path, result: CellResult) -> None:
    write_whole(path, json.dumps(dataclasses.asdict(result)))


def write_whole(path: Path, text: str) -> None:
    """Write @path so that it is there whole or not at all."""
    tmp = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        tmp.write_text(text, "utf-8")
        os.replace(tmp, path)
    finally:
        tmp.unlink(missing_ok=True)


def prune_results(folder: Path, keep: int = 400) -> None:
    """Drop the oldest results of the cache."""
    files = sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime)
    for path in files[:-keep]:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path, age: float = 86400) -> None:
    """Remove what killed checks left, once it is @age seconds old."""
    for path in folder.glob("check-*"):
        if time.time() - path.lstat().st_mtime > age:
            shutil.rmtree(path, ignore_errors=True)


def verdict(cells: Iterable[CellResult]) -> str:
    found = {c.verdict for c in cells}
    for worst in ("failed", "incomplete"):
        if worst in found:
            return worst
    return "ok"


def sentence(result: dict[str, Any], cells: list[CellResult]) -> str:
    """The verdict in words."""
    if not result["patch"]["files"]:
        return "The patch is empty: there is nothing to check."
    built = [c for c in cells if c.state == "built"]
    total = sum(c.objects for c in built)
    parts = []
    if result["verdict"] == "ok":
        same = sum(c.identical for c in cells)
        lines = sum(c.normalised for c in cells)
        every = f"All {len(built)} cells" if len(built) > 1 else "The cell"
        parts.append(f"{every} built; of {total} objects "
                     f"{same} are byte-identical before and after"
                     + (f", {lines} differ in line numbers only" if lines
                        else "") + ".")
    elif result["verdict"] == "failed":
        bad = [c.cell for c in cells if c.verdict == "failed"]
        parts.append(f"The patch fails in {len(bad)} of {len(cells)} cells: "
                     f"{', '.join(bad)}.")
    unbuilt = [c.cell for c in cells if c.verdict == "incomplete"]
    if unbuilt:
        parts.append(f"Nothing is known about {', '.join(unbuilt)}.")
    elif result["verdict"] == "incomplete":
        parts.append("No cell compiles a file of the patch.")
    extra = sum(len(c.added) + len(c.removed) for c in built)
    if extra:
        parts.append("Only before or only after there are, with nothing to "
                     f"be compared with: {extra}.")
    if result["uncompiled"]:
        parts.append(f"No cell compiled {len(result['uncompiled'])} of the "
                     f"patched files: {_some(result['uncompiled'])}.")
    return " ".join(parts)


def table(result: dict[str, Any], cells: list[CellResult]) -> str:
    """For people: a row a cell, what is wrong, the verdict in words."""
    rows = [("cell", "state", "objects", "identical", "lines only",
             "different", "new warnings", "new errors", "seconds")]
    for c in cells:
        rows.append((
            c.cell, c.state,
            f"{c.objects} of {c.chosen_from}" if c.objects < c.chosen_from
            else str(c.objects),
            str(c.identical), str(c.normalised), str(c.different),
            str(len(c.new_warnings)), str(len(c.new_errors)),
            "cached" if c.cached else f"{c.seconds:.0f}"))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(v.ljust(w) if i < 2 else v.rjust(w)
                       for i, (v, w) in enumerate(zip(r, widths))).rstrip()
             for r in rows]
    lines.append("")
    for c in cells:
        notes = [c.reason] if c.reason else []
        notes += [f"different: {d['object']}: {d['what']}"
                  for d in c.differences[:5]]
        if len(c.differences) > 5:
            notes.append(f"and {len(c.differences) - 5} more that differ")
        notes += [f"new: {w}" for w in (c.new_errors + c.new_warnings)[:5]]
        if c.objects < c.chosen_from:
            notes.append(f"built {c.choice}")
        if c.not_in_config:
            notes.append("not in this config: " + _some(c.not_in_config))
        if c.uncovered_headers:
            notes.append("no object includes: " + _some(c.uncovered_headers))
        if c.verdict == "failed":
            notes += [f"logs: {c.log}"] if c.log else []
            notes.append(f"replay: {c.replay}")
        lines += [f"{c.cell}: {n}" for n in notes]
    lines += ["" if lines[-1] else "", sentence(result, cells)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def uncompiled(changes: list[FileChange],
               cells: list[CellResult]) -> list[str]:
    """The patched sources that no cell compiled."""
    seen = {p for c in cells for p in c.covered}
    return sorted(p for change in changes
                  if (p := change.new or change.old or "")
                  .endswith((".c", ".h", ".S", ".rs"))
                  and not p.startswith("Documentation/") and p not in seen)


def run(check: Check) -> dict[str, Any]:
    """Check all cells; the result as the JSON has it."""
    cells: list[CellResult] = []
    if check.changes:
        Sandbox(None, None).check()
        progress("reading the tree")
        check.inputs = kbuild.tree_inputs(check.tree)
        check.fingerprint = tree_fingerprint(check.tree)
        for number, cell in enumerate(check.cells, 1):
            one = CellCheck(check, cell, f"[{number}/{len(check.cells)}]")
            try:
                cells.append(one.run())
            except (CheckError, objects.ObjectError) as err:
                one.result.state, one.result.reason = "failed", str(err)
                cells.append(one.result)
            one.say(f"{one.result.state}, {one.result.seconds:.0f} s")
        prune_results(cache.cache_dir("check"))
    result: dict[str, Any] = {
        "version": VERSION, "tree": str(check.tree),
        "release": release(check.tree),
        "patch": {"path": str(check.patch),
                  "sha256": hashlib.sha256(check.data).hexdigest(),
                  "files": len(check.changes)},
        "cells": [dataclasses.asdict(c) for c in cells],
        "uncompiled": uncompiled(check.changes, cells) if cells else [],
        "verdict": verdict(cells), "run": str(check.run_dir)}
    if cells and result["verdict"] == "ok" and not any(
            c.objects for c in cells):
        result["verdict"] = "incomplete"
    result["sentence"] = sentence(result, cells)
    return result


class Parser(argparse.ArgumentParser):
    """argparse with the exit status of treewide for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def jobs_value(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


jobs_value.__name__ = "number of jobs"


def arguments() -> Parser:
    parser = Parser(
        prog="treewide check", description="Apply a patch to a private copy "
        "and cross-build what it concerns, before and after, in each cell; "
        "compare objects and compiler messages.  The tree is only read.",
        epilog="Exit status: 0 all cells built and no object differs; 1 "
        "something failed, differs or warns anew; 2 a cell was not built; "
        "128 fatal; 129 usage.")
    parser.add_argument("-C", dest="chdir", metavar="DIR",
                        help="change to DIR first")
    parser.add_argument("--tree", metavar="DIR", required=True,
                        help="the kernel tree")
    parser.add_argument("--patch", metavar="FILE", required=True,
                        help="a unified diff with a/ and b/ (- for standard "
                        "input)")
    parser.add_argument("--cells", metavar="LIST", action="append",
                        help="cells or archs, separated by commas (default: "
                        "all that have a compiler in their file)")
    parser.add_argument("-j", "--jobs", type=jobs_value, metavar="N",
                        default=len(os.sched_getaffinity(0)),
                        help="compilers at once (default: the processors)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the build folders in the run")
    parser.add_argument("--no-cache", action="store_true",
                        help="build also what was checked before")
    parser.add_argument("--format", choices=("table", "json"),
                        default="table", help="the report (default: table)")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="write the report to FILE")
    parser.add_argument("--run", metavar="DIR",
                        help="where logs and the result go (default: a new "
                        "folder below the state directory)")
    return parser


def new_run_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local/state"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return root / "treewide" / "runs" / f"check-{stamp}-{os.getpid()}"


def cells_wanted(lists: list[str] | None) -> list[Cell]:
    names = [n for text in lists or [] for n in text.split(",") if n.strip()]
    if "all" in names:
        names = []
    return cells_select(cells_load(), [n.strip() for n in names], "build")


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    work: Path | None = None
    keep = args.keep
    try:
        if args.chdir:
            os.chdir(args.chdir)
        cells = cells_wanted(args.cells)
        tree = Path(args.tree).resolve()
        if not tree.is_dir():
            raise CheckError(f"{args.tree}: no such folder; --tree names a "
                             "kernel tree")
        kbuild.tree_check(tree)
        patch = Path(args.patch).absolute()
        data = sys.stdin.buffer.read() if args.patch == "-" \
            else patch.read_bytes()
        run_dir = Path(args.run).absolute() if args.run else new_run_dir()
        run_dir.mkdir(parents=True, exist_ok=True)
        if args.patch == "-":
            patch = run_dir / "check.patch"
            patch.write_bytes(data)
        changes = patchset.parse(data, args.patch)
        folder = cache.cache_dir("work")
        remove_leftovers(folder)
        if shutil.disk_usage(folder).free < FREE:
            raise CheckError(f"{folder}: less than {FREE // GIB} GiB free; "
                             "make room or set XDG_CACHE_HOME")
        work = Path(tempfile.mkdtemp(
            prefix="check-", dir=run_dir if keep else folder))
        check = Check(tree, patch, data, changes, cells, args.jobs, keep,
                      args.no_cache, run_dir, work)
        patchset.apply_to(tree, data, args.patch, changes, check.stage)
        result = run(check)
        text = json.dumps(result, indent=1) + "\n"
        write_whole(run_dir / "check.json", text)
        if args.format == "table":
            text = table(result, [CellResult(**c) for c in result["cells"]])
        if args.output:
            write_whole(Path(args.output).absolute(), text)
        else:
            sys.stdout.write(text)
            sys.stdout.flush()
        return EXIT[result["verdict"]]
    except (CheckError, PatchError, CellError, kbuild.TreeError,
            SandboxError, users.ToolError, OSError) as err:
        print(f"treewide check: {err}", file=sys.stderr)
        return FATAL
    except KeyboardInterrupt:
        print("treewide check: interrupted", file=sys.stderr)
        return 130
    finally:
        if work and not keep:
            shutil.rmtree(work, ignore_errors=True)
