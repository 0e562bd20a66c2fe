# SPDX-License-Identifier: GPL-2.0-only
"""
One cell of a check, from the job to its result.

Prepares the cell, chooses the objects that the patch concerns, builds them
before and after (builds.py), compares messages, lines (lines.py) and objects
(grades.py).  A result stays in the cache under a hash of all that it depends
on.
"""
from __future__ import annotations

import dataclasses
import difflib
import hashlib
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any

from ..base import cache
from ..base.sandbox import BUILD, SRC
from ..base.words import count_of, some
from ..cells import kbuild
from . import objects, sparse, users
from .builds import is_kconfig, source_of
from .grades import Grades
from .inputs import code_version
from .job import VERSION, CheckError
from .result import AUTOCONF, CellResult, load_result, save_result


_DEFINED = re.compile(rb"^#define (CONFIG_\w+) (.*)$", re.MULTILINE)


class CellCheck(Grades):
    """One job, being done."""

    def run(self) -> CellResult:
        """Do the job; result.json is written last."""
        start = time.monotonic()
        self.out.mkdir(parents=True, exist_ok=True)
        try:
            self._run()
        except objects.ObjectError as err:
            self._fail("failed", str(err))
        except CheckError as err:
            self._fail("failed", str(err))
        if not self.result.cached:
            self.result.seconds = round(time.monotonic() - start, 1)
        save_result(self.out / "result.json", self.result)
        return self.result

    def _fail(self, state: str, reason: str) -> None:
        self.result.state, self.result.reason = state, reason

    def _run(self) -> None:
        job, cell, inputs = self.job, self.cell, self.inputs
        self.result.replay = self.replay()
        inputs.read_tree()
        with self._timed("prepare"):
            ready = kbuild.Preparation(cell, "build", inputs.tree,
                                       inputs.prepared, job.jobs,
                                       self.say).run()
        if ready["state"] != "ready":
            self._fail(ready["state"], ready["reason"])
            self.result.log = ready["log"]
            return
        prepared = Path(ready["build"])
        self.entry = prepared.parent.name
        self._find_sparse()
        key = cache.hash_bytes("\0".join([
            str(VERSION), code_version(), self.entry, inputs.fingerprint,
            hashlib.sha256(inputs.data).hexdigest(), cell.name,
            self.result.sparse, str(job.extra_warnings),
            "\0".join(job.whole), "\0\0", "\0".join(job.objects),
            "\0\0", "\0".join(inputs.only), str(inputs.apart)]).encode())
        self.result.key = key
        if not job.fresh and not job.keep and self._take_cached(key):
            return
        self.result.log = str(self.out)
        where = cache.cache_dir("work")
        with cache.locked(where / f"check-{key}.lock", self._waiting):
            # Another run may have done it while this one waited.
            if not job.fresh and not job.keep and self._take_cached(key):
                return
            self.dir = self.out / "work" if job.keep \
                else where / f"check-{key}"
            if job.keep or job.fresh:
                shutil.rmtree(self.dir, ignore_errors=True)
            self.dir.mkdir(parents=True, exist_ok=True)
            try:
                self._build(prepared)
            except objects.ObjectError:     # nothing to go on with
                if not job.keep:
                    shutil.rmtree(self.dir, ignore_errors=True)
                raise
            # An interrupted job does not come here: it goes on next time.
            if not job.keep:
                shutil.rmtree(self.dir, ignore_errors=True)
            try:
                self._save_cached(key)
            except OSError as err:      # the result stands all the same
                self.say("the result is not kept in the cache: "
                         f"{err.strerror}")

    def _take_cached(self, key: str) -> bool:
        """Use this job's result from its folder or from the cache."""
        replay = self.result.replay
        here = load_result(self.out / "result.json")
        if here and here.key == key:
            self.result = here
        else:
            entry = cache.cache_dir("check") / key
            value = cache.read_stamp(entry)
            if value is None:
                return False
            self.result = CellResult.of(value)
            for path in entry.iterdir():
                if path.name == "objects":
                    shutil.copytree(path, self.out / path.name,
                                    dirs_exist_ok=True)
                elif path.suffix == ".log":
                    shutil.copy(path, self.out / path.name)
        self.result.cached, self.result.replay = True, replay
        self.result.log = str(self.out)
        self.say("as checked before")
        return True

    def _save_cached(self, key: str) -> None:
        where = cache.cache_dir("check")
        tmp = where / f"{key}.tmp-{os.getpid()}"
        with cache.locked(where / f"{key}.lock"):
            shutil.rmtree(tmp, ignore_errors=True)
            try:
                tmp.mkdir()
                for path in self.out.iterdir():
                    if path.name == "objects":
                        shutil.copytree(path, tmp / path.name)
                    elif path.suffix == ".log":
                        shutil.copy(path, tmp / path.name)
                cache.write_stamp(tmp, [], dataclasses.asdict(self.result))
                cache.remove(where / key)
                os.rename(tmp, where / key)
            finally:
                shutil.rmtree(tmp, ignore_errors=True)

    def _find_sparse(self) -> None:
        result = self.result
        if not self.job.sparse:
            return
        version = kbuild.program_version(sparse.PROGRAM)
        if version is None:
            result.sparse = "not run: sparse is missing; apt-get install " \
                "sparse"
            return
        self.has_sparse = True
        self.sparse_flags = sparse.flags()
        result.sparse = version

    def _build(self, prepared: Path) -> None:
        inputs, result, job = self.inputs, self.result, self.job
        with self._before(prepared) as before:
            with self._timed("choose"):
                built, how = self._units(prepared, {}, "before")
                choice = users.choose(inputs.prepare_search(), built,
                                      self.cell.srcarch)
            names = choice.objects
            after_names = names
            mounts = self._mounts("after", inputs.after)
            after = self.dir / "after"
            if inputs.moves_entries:
                with self._timed("choose"):
                    built_after, how_after = self._units(prepared, mounts,
                                                         "after")
                own = {o for c in inputs.concerned if c.new
                       for o in built_after.get(c.new, [])}
                names, after_names = _otherwise(
                    choice, how, how_after, names,
                    (set(names) & set(how_after)) | own)
                choice.missing = [p for p in choice.missing
                                  if p not in built_after]
            every = sorted(set(names) | set(after_names))
            if job.objects:
                names = [n for n in names if n in job.objects]
                after_names = [n for n in after_names if n in job.objects]
            result.objects = len(set(names) | set(after_names))
            result.chosen_from = max(choice.chosen_from, result.objects)
            result.choice = choice.why
            sources = inputs.makes_headers(prepared, self.cell.srcarch)
            choice.missing = [p for p in choice.missing if p not in sources]
            if not after.is_dir() and (result.objects or sources):
                fresh = self.dir / "after.fresh"
                shutil.rmtree(fresh, ignore_errors=True)
                self._copy(prepared, fresh)
                self._configure(fresh, mounts)
                os.rename(fresh, after)
            result.header_sources = sources
            if sources:
                with self._timed("choose"):
                    self._make_headers(prepared, after, mounts)
            if not result.objects:
                result.state = "built"
                result.reason = f"of the {len(every)} objects that the " \
                    f"patch concerns none is {some(job.objects)}" + _near(
                        job.objects, every) if job.objects and every else \
                    "this cell compiles nothing that the patch concerns" + (
                        "; generated headers are as before"
                        if sources and not result.generated else "")
                result.not_in_config = choice.missing
                return
            self._drop_neutral(after)
            with self._timed("build before"):
                old = self._compile(before, {}, "before", names)
            with self._timed("build after"):
                new = self._compile(after, mounts, "after", after_names)
            self._diagnose(old, new)
            common = self._present(before, after, names, after_names)
            if self.has_sparse:
                self._sparse(before, after, common, after_names)
            self._cover_files(before, after, names, after_names,
                              choice.missing)
            with self._timed("cover"):
                same = self._cover(before, after, common, after_names)
            with self._timed("compare"):
                self._compare(before, after, common, same)
        if names and not any((before / o).is_file() for o in names):
            self._fail("failed", "before did not build: no object of it; "
                       f"see {self.out}/before.log")
        elif result.not_built_after:
            bad = result.not_built_after
            self._fail("failed", "after the patch "
                       f"{count_of(len(bad), 'object')} "
                       f"{'does' if len(bad) == 1 else 'do'} not build: "
                       + some(bad))
        else:
            result.state = "built"
            if result.not_built_before:
                result.reason = ("before did not build: "
                                 + some(result.not_built_before))

    def _make_headers(self, prepared: Path, after: Path,
                      mounts: dict[str, Path]) -> None:
        """Make the generated headers, and tell which come out otherwise."""
        self.say("making the generated headers")
        log = self.out / "prepare.log"
        log.unlink(missing_ok=True)
        if not self._make(self._box(after, mounts), log, ["prepare"]).ok:
            raise CheckError("make prepare fails after the patch:\n"
                             + kbuild.log_tail(log))
        texts: list[dict[str, bytes]] = []
        for build in (prepared, after):
            folders = [build / "include/generated",
                       build / f"arch/{self.cell.srcarch}/include/generated"]
            texts.append({str(p.relative_to(build)): p.read_bytes()
                          for f in folders for p in f.rglob("*.h")
                          if p.is_file()})
        one, two = texts
        self.result.generated = sorted(
            n for n in set(one) | set(two) if one.get(n) != two.get(n))
        old, new = (dict(_DEFINED.findall(t.get(AUTOCONF, b"")))
                    for t in texts)
        own = self._own_options()
        self.result.options = sorted(
            n.decode() for n in set(old) | set(new)
            if old.get(n) != new.get(n) and n.decode() not in own)

    def _own_options(self) -> set[str]:
        """The options that the patch adds or removes: what uses them it
        touches, too."""
        sides: list[set[str]] = [set(), set()]
        for c in self.inputs.changes:
            for side, root, path in ((0, self.inputs.tree, c.old),
                                     (1, self.inputs.stage, c.new)):
                if path and is_kconfig(path):
                    sides[side] |= set(re.findall(
                        r"^\s*(?:menu)?config\s+(\w+)",
                        (root / path).read_text("utf-8", "replace"),
                        re.MULTILINE))
        return {f"CONFIG_{n}" for n in sides[0] ^ sides[1]}

    def _say_messages(self, tool: str, kind: str, found: list[Any]) -> None:
        """Add to the messages that have a command to replay each."""
        for m in found:
            self.result.messages.append({
                "tool": tool, "kind": kind, "severity": m.severity,
                "file": m.file, "line": m.line, "column": m.column,
                "function": getattr(m, "function", ""),
                "message": m.message, "object": m.object,
                "used_at": getattr(m, "used_at", ""),
                "replay": self.replay(m.object)})

    def _diagnose(self, old: list[objects.Diagnostic],
                  new: list[objects.Diagnostic]) -> None:
        renamed = self.inputs.renamed
        more, less = objects.new_diagnostics(
            [dataclasses.replace(d, file=renamed.get(d.file, d.file))
             for d in old], new)
        result = self.result
        result.new_warnings = [str(d) for d in more if d.severity == "warning"]
        result.new_errors = [str(d) for d in more if d.severity == "error"]
        result.vanished_warnings = [str(d) for d in less
                                    if d.severity == "warning"]
        result.vanished_errors = [str(d) for d in less
                                  if d.severity == "error"]
        self._say_messages("compiler", "new", more)
        self._say_messages("compiler", "vanished", less)

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

    def _sparse(self, before: Path, after: Path, common: list[str],
                after_names: list[str]) -> None:
        result, inputs = self.result, self.inputs
        old: list[sparse.Message] = []
        new: list[sparse.Message] = []
        fresh = [o for o in after_names
                 if o not in common and (after / o).is_file()]
        for obj in [*common, *fresh]:
            if source_of(after, obj).endswith(".S"):
                continue
            theirs, why = sparse.read(before, obj, SRC) if obj in common \
                else ([], "")
            ours, why_after = sparse.read(after, obj, SRC)
            if why or why_after:
                result.sparse_unknown.append(
                    f"{obj}: " + (f"before: {why}" if why
                                  else f"after: {why_after}"))
                continue
            result.sparse_files += 1
            result.sparse_errors += any(m.severity == "error" for m in ours)
            old += theirs
            new += ours
        for obj in result.removed:
            if source_of(before, obj).endswith(".c"):
                old += sparse.read(before, obj, SRC)[0]
        more, less = sparse.compare(old, new, inputs.moves, inputs.renamed)
        result.new_sparse = [str(m) for m in more]
        result.vanished_sparse = [str(m) for m in less]
        self._say_messages("sparse", "new", more)
        self._say_messages("sparse", "vanished", less)

    def _cover_files(self, before: Path, after: Path, names: list[str],
                     after_names: list[str], missing: list[str]) -> None:
        """Which touched files were read, by the dependency files."""
        self.deps: dict[str, set[str]] = {}
        for folder, built in ((before, names), (after, after_names)):
            for name in built:
                if (folder / name).is_file():
                    self.deps.setdefault(name, set()).update(
                        objects.dependencies(folder, name, SRC, BUILD))
        seen: set[str] = set().union(*self.deps.values(), set())
        own = ("", self.cell.srcarch)
        result = self.result
        for change in self.inputs.concerned:
            path = change.new or change.old or ""
            if path in seen:
                result.covered.append(path)
            elif path.endswith(".h") and users.scope(path) in own \
                    and not path.startswith(users.ELSEWHERE):
                result.uncovered_headers.append(path)
        result.not_in_config = [p for p in missing if p not in seen]


def _otherwise(choice: users.Choice, how: dict[str, str],
               how_after: dict[str, str], names: list[str],
               after_names: set[str]) -> tuple[list[str], list[str]]:
    """With what a patched Makefile compiles otherwise, or no more, or
    anew."""
    more = sorted(o for o in set(how) | set(how_after)
                  if how.get(o) != how_after.get(o)
                  and o not in names and o not in after_names)
    kept = set(more[:users.LIMIT])
    if more:
        choice.why += f", and {len(kept)} of {len(more)} objects that " \
            "kbuild compiles otherwise"
        choice.chosen_from += len(more)
    return (sorted(set(names) | (kept & set(how))),
            sorted(after_names | (kept & set(how_after))))


def _near(names: list[str], known: list[str]) -> str:
    near = [n for name in names
            for n in difflib.get_close_matches(name, known, 3, 0.5)] \
        or known[:3]
    return f"; near it: {', '.join(dict.fromkeys(near))}"
