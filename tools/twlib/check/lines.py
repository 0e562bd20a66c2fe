# SPDX-License-Identifier: GPL-2.0-only
"""Which changed lines an object compiled, and whether its tokens are the same
before and after: its source, preprocessed again with marks in the lines."""
from __future__ import annotations

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..base import cache
from ..base.output import write_whole
from ..base.sandbox import BUILD
from ..cells import kbuild
from . import coverage, linemark
from .builds import Builds, beside

PREPROCESS_TIME = 120   # seconds for a file


class Lines(Builds):
    """A job that knows what its objects read and compiled."""

    deps: dict[str, set[str]]       # object -> files it reads
    seen: dict[str, set[int]]       # object -> marks it compiled

    def _preprocess(self, build: Path, mounts: dict[str, Path],
                    obj: str) -> tuple[bytes, bool] | None:
        """What the preprocessor makes of @obj's source, and whether without
        an error; None when it cannot be said."""
        cmd = beside(build, obj, ".cmd")
        try:
            argv = kbuild.cmd_file_argv(cmd)
        except (OSError, ValueError):
            return None
        out = beside(build, obj, ".i")
        args: list[str] = []
        rest = iter(argv)
        for arg in rest:
            if arg == "-o":
                next(rest, None)
            elif arg not in ("-c", "-MD") and not arg.startswith("-Wp,-M"):
                args.append(arg)
        out.unlink(missing_ok=True)
        where = f"{BUILD}/{os.path.relpath(out, build)}"
        done = self._box(build, mounts).run(
            [*args, "-E", "-P", "-w", "-o", where], timeout=PREPROCESS_TIME)
        if done.timed_out:
            return None
        try:
            # What the .cmd file ran may be a stranger's.
            if out.is_symlink() or not out.is_file():
                return (b"", False)
            return (out.read_bytes(), done.ok)
        except OSError:         # GCC leaves none behind when it fails
            return (b"", False)
        finally:
            out.unlink(missing_ok=True)

    def _digest_before(self, build: Path, obj: str) -> str:
        """The digest of @obj's tokens before the patch, kept beside it."""
        path = beside(build, obj, ".tokens")
        with contextlib.suppress(OSError):
            return path.read_text("utf-8")
        got = self._preprocess(build, {}, obj)
        if not got or not got[1]:
            return ""
        digest = cache.hash_bytes(coverage.canonical(got[0]))
        write_whole(path, digest)
        return digest

    def _marked(self, skip: set[int]) -> dict[str, Path]:
        """Mounts of the touched files with all marks but @skip."""
        key = frozenset(skip)
        with self.lock:
            if key not in self.marked:
                self.marked[key] = self._marked_new(
                    f"marked-{len(self.marked)}", skip)
            return self.marked[key]

    def _marked_new(self, name: str, skip: set[int]) -> dict[str, Path]:
        shutil.rmtree(self.dir / f"{name}-files", ignore_errors=True)
        marks, moves = self.inputs.marks, self.inputs.moves

        def text_of(path: str) -> bytes:
            text = self.inputs.after(path)
            if path not in marks.lines:
                return text
            return marks.apply(path, text, skip, linemark.directives(
                text, moves[path]) if path in moves else {})
        return self._mounts(name, text_of)

    def _cover(self, before: Path, after: Path, common: list[str],
               after_names: list[str]) -> set[str]:
        """Which changed lines were compiled, by object; the objects whose
        tokens are the same before and after."""
        inputs, result = self.inputs, self.result
        marks = inputs.marks
        ready = [o for o in after_names if (after / o).is_file()]
        self.say(f"reading {len(ready)} objects' sources again, for lines and "
                 "tokens")
        steps = [marks.without(n) for n in range(3)]
        everything = {m.number for m in marks.marks}
        seen: dict[str, set[int]] = {}
        left: dict[str, set[int]] = {}
        same: set[str] = set()

        def one(obj: str) -> None:
            for skip in steps:
                got = self._preprocess(after, self._marked(skip), obj)
                if got is None:
                    break
                found, glued = coverage.seen(got[0])
                if got[1] and glued:
                    got = self._preprocess(after, self._marked(skip | glued),
                                           obj)
                    if got is None:
                        break
                    found = coverage.seen(got[0])[0] | glued
                if not got[1]:
                    continue
                seen[obj], left[obj] = found, skip
                if obj in common and self._digest_before(before, obj) == \
                        cache.hash_bytes(coverage.canonical(got[0])):
                    same.add(obj)
                return
            seen[obj], left[obj] = set(), everything

        with ThreadPoolExecutor(self.job.jobs) as pool:
            list(pool.map(one, ready))
        self._cover_evaluated(after, seen, left)
        self.seen = seen
        every = set().union(*seen.values(), set())
        # Only marks that every object had to go without are unknown.
        unknown = set().union(*left.values(), set()) - every
        for m in marks.marks:
            if m.number in every:
                into = result.lines_defined if m.kind == coverage.DIRECTIVE \
                    else result.lines
            elif m.number in unknown and any(
                    m.number in left[o] and m.file in self.deps.get(o, ())
                    for o in left):
                into = result.lines_unknown
            else:
                continue
            into.setdefault(m.file, []).append(m.line + 1)
        return same

    def _cover_evaluated(self, after: Path, seen: dict[str, set[int]],
                         left: dict[str, set[int]]) -> None:
        """Macros without parameters that got in the way: one that an #if
        evaluates makes the preprocessor fail when it alone is marked, and so
        shows that it is used."""
        marks = self.inputs.marks
        for m in marks.marks:
            if m.kind != coverage.MACRO or m.function_like:
                continue
            if any(m.number in s for s in seen.values()):
                continue
            tries = [o for o, skip in left.items() if m.number in skip
                     and m.file in self.deps.get(o, ())][:3]
            others = {x.number for x in marks.marks} - {m.number}
            for obj in tries:
                got = self._preprocess(
                    after, self._marked(others), obj)
                if got and (not got[1] or m.number in
                            coverage.seen(got[0])[0]):
                    seen[obj].add(m.number)
                    break
