# SPDX-License-Identifier: GPL-2.0-only
"""
One cell of a check, as a job of its own.

A job is a JSON file (see Job) that names its inputs by path; its outcome is
result.json in the folder that the job names, and nothing is shared with other
jobs but the cache.  `treewide check` runs its cells so, and any engine can run
them elsewhere: treewide-check --job FILE.

Both builds run at the same place and start from copies of the same prepared
build folder.  What is built before the patch does not depend on the patch and
is kept in the cache, with sparse's output, the compiler's messages and the
digest of its tokens beside each object; the build after the patch is of this
job alone, and an interrupted one goes on where it was.
"""
from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..base import cache
from ..cells import kbuild
from . import apart, coverage, linemark, objects, sparse, users
from ..patch import patchset
from ..cells.cellfile import Cell, cells_load
from ..base.output import write_whole
from ..patch.patchset import FileChange, Hunk, LineChange, PatchError
from ..base.sandbox import BIN, BUILD, SRC, Result, Sandbox

VERSION = 1
# Raise when what is kept of the build before the patch changes.
BEFORE_FORMAT = "1"

# Grades, strongest first.
GRADES = ("tokens", "bytes", "code", "size", "differs")
BROKEN = "does not build"       # of a hunk: weaker than any grade
KEPT = 40               # objects that differ: disassembled, kept for --show
PREPROCESS_TIME = 120   # seconds for a file
AUTOCONF = "include/generated/autoconf.h"
_DEFINED = re.compile(rb"^#define (CONFIG_\w+) (.*)$", re.MULTILINE)


class CheckError(Exception):
    """The check cannot be made; the text says what to do."""


class TrapError(objects.ObjectError):
    """What make left in @build is not to be read outside the sandbox."""

    def __init__(self, text: str, build: Path) -> None:
        super().__init__(text)
        self.build = build


@dataclasses.dataclass
class Job:
    """All that a cell's check depends on.  Paths are absolute."""
    tree: str
    patch: str
    cell: str
    out: str                # folder for the result, logs and objects
    jobs: int = 1
    whole: list[str] = dataclasses.field(default_factory=list)
    objects: list[str] = dataclasses.field(default_factory=list)
    extra_warnings: bool = False    # W=1
    sparse: bool = True
    fresh: bool = False     # do not use what is cached
    keep: bool = False
    version: int = VERSION

    @staticmethod
    def read(path: Path) -> Job:
        try:
            job = Job(**json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError) as err:
            raise CheckError(f"{path}: not a job: {err}") from err
        if job.version != VERSION:
            raise CheckError(f"{path}: a job of version {job.version}, this "
                             f"is {VERSION}")
        return job

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(dataclasses.asdict(self), indent=1)
                    + "\n")

    @property
    def path(self) -> Path:
        return Path(self.out) / "job.json"


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
    differences: list[dict[str, Any]] = dataclasses.field(
        default_factory=list)
    grades: dict[str, int] = dataclasses.field(default_factory=dict)
    graded: dict[str, str] = dataclasses.field(default_factory=dict)
    hunks: dict[str, str] = dataclasses.field(default_factory=dict)
    hunk_objects: dict[str, list[str]] = dataclasses.field(
        default_factory=dict)
    hunks_apart: dict[str, list[str]] = dataclasses.field(
        default_factory=dict)
    lines: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    lines_defined: dict[str, list[int]] = dataclasses.field(
        default_factory=dict)
    lines_unknown: dict[str, list[int]] = dataclasses.field(
        default_factory=dict)
    not_built_before: list[str] = dataclasses.field(default_factory=list)
    not_built_after: list[str] = dataclasses.field(default_factory=list)
    not_in_config: list[str] = dataclasses.field(default_factory=list)
    uncovered_headers: list[str] = dataclasses.field(default_factory=list)
    header_sources: list[str] = dataclasses.field(default_factory=list)
    generated: list[str] = dataclasses.field(default_factory=list)
    options: list[str] = dataclasses.field(default_factory=list)
    new_warnings: list[str] = dataclasses.field(default_factory=list)
    vanished_warnings: list[str] = dataclasses.field(default_factory=list)
    new_errors: list[str] = dataclasses.field(default_factory=list)
    vanished_errors: list[str] = dataclasses.field(default_factory=list)
    sparse: str = "not asked for"
    sparse_files: int = 0
    sparse_errors: int = 0
    new_sparse: list[str] = dataclasses.field(default_factory=list)
    vanished_sparse: list[str] = dataclasses.field(default_factory=list)
    sparse_unknown: list[str] = dataclasses.field(default_factory=list)
    messages: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    covered: list[str] = dataclasses.field(default_factory=list)
    times: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    cached: bool = False
    replay: str = ""
    log: str = ""
    key: str = ""

    @property
    def verdict(self) -> str:
        """ok, failed or incomplete."""
        if self.state == "failed" or self.different or self.new_warnings \
                or self.new_errors or self.not_built_after or self.new_sparse:
            return "failed"
        # A tree that has no such config loses nothing without the cell.
        if self.state == "absent":
            return "ok"
        if self.state != "built" or self.not_built_before or self.unseen \
                or self.sparse.startswith("not run"):
            return "incomplete"
        return "ok"

    @property
    def unseen(self) -> list[str]:
        """Generated headers and options that are not as before, whose users
        nobody looked for."""
        return self.options + [g for g in self.generated if g != AUTOCONF]

    @property
    def only_differs(self) -> bool:
        """Did all build without a new message, to other code?"""
        return self.state == "built" and bool(self.different) and not (
            self.new_warnings or self.new_errors or self.new_sparse
            or self.not_built_after)

    @staticmethod
    def of(value: dict[str, Any]) -> CellResult:
        """From JSON; fields of other versions are left out."""
        names = {f.name for f in dataclasses.fields(CellResult)}
        return CellResult(**{k: v for k, v in value.items() if k in names})


def load_result(path: Path) -> CellResult | None:
    """A result from a file; None when there is none or it is damaged."""
    try:
        return CellResult.of(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def save_result(path: Path, result: CellResult) -> None:
    write_whole(path, json.dumps(dataclasses.asdict(result), indent=1))


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
    for path in [*sorted(tools.glob("twlib/*/*.py")), tools / "checkcc"]:
        digest.update(path.read_bytes())
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
            self.prepared = kbuild.tree_inputs(self.tree)
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


class CellCheck:
    """One job, being done."""

    def __init__(self, job: Job, inputs: Inputs, cell: Cell,
                 say: Callable[[str], None]) -> None:
        self.job, self.inputs, self.cell, self.say = job, inputs, cell, say
        self.result = CellResult(cell.name)
        self.out = Path(job.out)
        self.dir = Path()       # work folder of this job
        self.entry = ""         # the name of the prepared cell in the cache
        self.sparse_flags: list[str] = []
        self.has_sparse = False
        self.lock = threading.Lock()
        self.marked: dict[frozenset[int], dict[str, Path]] = {}

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

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        times = self.result.times
        times[what] = round(times.get(what, 0) + time.monotonic() - start, 1)

    def replay(self, obj: str = "") -> str:
        """The command that does this cell again, or one object of it."""
        job = self.job
        argv = ["treewide", "check", "--tree", job.tree, "--patch", job.patch,
                "--cells", job.cell, "--no-cache"]
        argv += [a for d in job.whole for a in ("--whole", d)]
        argv += ["-W"] if job.extra_warnings else []
        argv += [] if job.sparse else ["--no-sparse"]
        for name in [obj] if obj else job.objects:
            argv += ["--object", name]
        return shlex.join(argv)

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

    def _waiting(self) -> None:
        self.say("waiting for another check to end")

    # What was done before

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

    # The builds

    def _copy(self, prepared: Path, folder: Path) -> None:
        """A private copy of the prepared build folder, whole or not at
        all."""
        if folder.is_dir():
            return
        tmp = folder.with_name(folder.name + ".new")
        shutil.rmtree(tmp, ignore_errors=True)
        done = subprocess.run(["cp", "-a", "--reflink=auto", "--",
                               str(prepared), str(tmp)], check=False,
                              capture_output=True, text=True)
        if done.returncode:
            raise CheckError(f"{folder}: {done.stderr.strip()}")
        os.rename(tmp, folder)

    def _mounts(self, name: str, text_of: Callable[[str], bytes]
                ) -> dict[str, Path]:
        """The patched files in copies, as mounts of the sandbox.  Copies of
        an interrupted run stay, with their times: make goes by these."""
        inputs = self.inputs
        folder = self.dir / f"{name}-files"
        folders = self.dir / f"{name}-folders"
        if not folder.is_dir():
            tmp = self.dir / f"{name}-files.new"
            shutil.rmtree(tmp, ignore_errors=True)
            tmp.mkdir()
            for change in inputs.changes:
                if change.new is None:
                    continue
                target = tmp / change.new
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text_of(change.new))
                shutil.copymode(inputs.stage / change.new, target)
            os.rename(tmp, folder)
        shutil.rmtree(folders, ignore_errors=True)
        return {f"{SRC}/{path}" if path else SRC: source
                for source, path in patchset.mounts(
                    inputs.tree, folder, inputs.changes, folders)}

    def _neutral(self, path: str) -> bytes:
        """A touched file with the old line numbers."""
        text = self.inputs.after(path)
        moves = self.inputs.moves.get(path)
        return linemark.neutralise(text, moves) \
            if moves and path.endswith((".c", ".h", ".S")) else text

    def _box(self, build: Path, mounts: dict[str, Path]) -> Sandbox:
        box = kbuild.cell_sandbox(self.cell, "build", self.inputs.tree, build)
        if SRC in mounts:       # the top folder itself gains or loses a file
            box.tree = mounts[SRC]
        box.ro.update({p: s for p, s in mounts.items() if p != SRC})
        if self.has_sparse:
            box.ro[f"{BIN}/checkcc"] = cache.tools_dir() / "checkcc"
            box.env.update(SPARSE=sparse.PROGRAM,
                           SPARSE_FLAGS=" ".join(self.sparse_flags),
                           SPARSE_TIMEOUT=str(sparse.TIMEOUT))
        return box

    def _make(self, box: Sandbox, log: Path, args: list[str]) -> Result:
        argv = [*kbuild.cell_make(self.cell, "build", self.job.jobs),
                "--no-print-directory", "-k", *args]
        done = box.run(argv, log)
        if done.timed_out:
            raise CheckError(f"make took more than "
                             f"{box.timeout:.0f} s; see {log}")
        assert box.build
        _no_traps(box.build)
        return done

    def _units(self, prepared: Path, mounts: dict[str, Path], name: str
               ) -> tuple[dict[str, list[str]], dict[str, str]]:
        """What the config builds, as far as it may be chosen: the objects of
        each source, and for each object how it is compiled.  The answer
        for the tree as it is is kept in the cache.  Asked in a folder of its
        own: make is silent about objects that are there, and a dry run makes
        some headers."""
        inputs = self.inputs
        folders = inputs.prepare_search().folders()
        if not folders:
            return {}, {}
        folders |= inputs.ask
        key = cache.hash_bytes("\0".join(
            [code_version(), self.entry, inputs.fingerprint,
             *sorted(folders)]).encode("utf-8", "surrogateescape"))
        saved = cache.cache_dir("units") / f"{key}.json"
        if not mounts and not self.job.fresh:
            with contextlib.suppress(OSError, ValueError):
                found, how = json.loads(saved.read_text("utf-8"))
                return dict(found), dict(how)

        def text_of(path: str) -> bytes | None:
            for change in inputs.changes if mounts else []:
                if path == change.new:
                    return inputs.after(path)
                if path == change.old:
                    return None
            file = inputs.tree / path
            return file.read_bytes() if file.is_file() else None

        self.say("asking kbuild what this config builds")
        build = self.dir / "probe"
        shutil.rmtree(build, ignore_errors=True)
        self._copy(prepared, build)
        if mounts:
            self._configure(build, mounts)
        box = self._box(build, mounts)
        for path, text in users.pruned(folders, text_of).items():
            file = self.dir / f"{name}-pruned" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
            box.ro[f"{SRC}/{path}"] = file
        log = self.dir / f"{name}-units.log"
        log.unlink(missing_ok=True)
        # -O: without it lines of parallel makes run into each other.
        self._make(box, log, ["-n", "-O", "V=1", "vmlinux", "modules"])
        text = log.read_text("utf-8", "replace")
        found, how = users.units(text, SRC, BUILD), users.commands(text)
        if not found:
            raise CheckError(f"kbuild's dry run names no "
                             f"object:\n{kbuild.log_tail(log)}")
        log.unlink()
        shutil.rmtree(build)
        if not mounts:
            write_whole(saved, json.dumps([found, how]))
        return found, how

    def _compile(self, build: Path, mounts: dict[str, Path], name: str,
                 names: list[str], check: bool = True
                 ) -> list[objects.Diagnostic]:
        """Build @names, with sparse if @check.  Messages are kept beside
        each object, so that an object which is there keeps its own."""
        kept = self.out / f"{name}.log"
        log = build.with_name(f"{build.name}.log")
        self._collect(build, log, names)        # of an interrupted job
        todo = [n for n in names if not _messages(build, n).is_file()]
        # Of no object, by scripts that each run of make calls.
        aside = _messages(build, "make")
        made = todo or ([] if aside.is_file() else names[:1])
        if made:
            self.say(f"building {len(made)} objects, {name}")
            args = ["-O"]
            if self.has_sparse and check:
                args += ["C=1", f"CHECK={BIN}/checkcc"]
            if self.job.extra_warnings:
                args.append("W=1")
            done = self._make(self._box(build, mounts), log, [*args, *made])
            self.say(f"built in {done.seconds:.0f} s")
        found = self._collect(build, log, todo)
        if made:
            write_whole(aside, json.dumps([dataclasses.asdict(d) for d in found
                                           if not d.object]))
        else:
            found += _kept_messages(aside)
        if log.exists():
            shutil.move(log, kept)
        for n in set(names) - set(todo):
            found += _kept_messages(_messages(build, n))
        return found

    def _collect(self, build: Path, log: Path,
                 names: list[str]) -> list[objects.Diagnostic]:
        """The messages in make's log, which are also written beside each of
        @names that the log says is done.  Removes other objects that have
        none: their build was stopped, or what it said is lost."""
        text = log.read_text("utf-8", "replace") if log.exists() else ""
        found = objects.diagnostics(text, SRC)
        done = objects.steps(text)
        own: dict[str, list[objects.Diagnostic]] = {n: [] for n in names}
        for d in found:
            own.setdefault(d.object, []).append(d)
        for n in names:
            if _messages(build, n).is_file() and (build / n).is_file():
                continue
            _messages(build, n).unlink(missing_ok=True)
            if (build / n).is_file() and n in done:
                write_whole(_messages(build, n), json.dumps(
                    [dataclasses.asdict(d) for d in own[n]]))
            else:
                (build / n).unlink(missing_ok=True)
        return found

    @contextlib.contextmanager
    def _before(self, prepared: Path) -> Iterator[Path]:
        """The build folder of the tree as it is, ours until the end."""
        key = cache.hash_bytes("\0".join([
            BEFORE_FORMAT, self.entry, self.inputs.fingerprint,
            self.result.sparse, " ".join(self.sparse_flags),
            cache.hash_file(cache.tools_dir() / "checkcc"),
            str(self.job.extra_warnings)]).encode())
        if self.job.fresh or self.job.keep:
            self._copy(prepared, self.dir / "before")
            yield self.dir / "before"
            self._same_tree()
            return
        where = cache.cache_dir("before")
        entry = where / key
        with cache.locked(where / f"{key}.lock", self._waiting):
            if cache.read_stamp(entry) is None:
                cache.remove(entry)
            if not entry.is_dir():
                entry.mkdir()
                self._copy(prepared, entry / "build")
                cache.write_stamp(entry, ["build/.config"], {})
            try:
                yield entry / "build"
                self._same_tree()
            except TrapError as err:
                if err.build == entry / "build":
                    cache.remove(entry)
                raise
            except objects.ObjectError:
                cache.remove(entry)     # a damaged object: never again
                raise

    def _same_tree(self) -> None:
        """Nothing that was built meanwhile may be taken for another tree's."""
        if tree_fingerprint(self.inputs.tree) != self.inputs.fingerprint:
            raise objects.ObjectError("the tree changed while it was checked: "
                                      "there is no verdict; check it again")

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
                if path and _is_kconfig(path):
                    sides[side] |= set(re.findall(
                        r"^\s*(?:menu)?config\s+(\w+)",
                        (root / path).read_text("utf-8", "replace"),
                        re.MULTILINE))
        return {f"CONFIG_{n}" for n in sides[0] ^ sides[1]}

    def _configure(self, build: Path, mounts: dict[str, Path]) -> None:
        """Let new options of a patched Kconfig have their defaults: kbuild
        would ask for them."""
        if not any(_is_kconfig(c.new or c.old or "")
                   for c in self.inputs.changes):
            return
        log = self.out / "config.log"
        log.unlink(missing_ok=True)
        if not self._make(self._box(build, mounts), log,
                          ["olddefconfig"]).ok:
            raise CheckError("make olddefconfig failed after the patch:\n"
                             + kbuild.log_tail(log))

    # What came out

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
            if _source(after, obj).endswith(".S"):
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
            if _source(before, obj).endswith(".c"):
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

    # Lines and tokens

    def _preprocess(self, build: Path, mounts: dict[str, Path],
                    obj: str) -> tuple[bytes, bool] | None:
        """What the preprocessor makes of @obj's source, and whether without
        an error; None when it cannot be said."""
        cmd = _beside(build, obj, ".cmd")
        try:
            argv = kbuild.cmd_file_argv(cmd)
        except (OSError, ValueError):
            return None
        out = _beside(build, obj, ".i")
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
        path = _beside(build, obj, ".tokens")
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

    # Grades

    def _lines_move(self) -> bool:
        return any(line.old_n != line.new_n
                   for moves in self.inputs.moves.values() for line in moves)

    def _compare(self, before: Path, after: Path, common: list[str],
                 same: set[str]) -> None:
        result = self.result
        odd: dict[str, str] = {}
        graded: dict[str, str] = {}
        for name in common:
            how, what = objects.compare(before / name, after / name)
            if how == objects.IDENTICAL:
                result.identical += 1
                graded[name] = "bytes"
            elif how == objects.SAME_CODE:
                result.normalised += 1
                graded[name] = "code"
            else:
                odd[name] = what
        if odd and self._lines_move():
            left = self._without_line_numbers(before, after, odd)
            for name in set(odd) - set(left):
                graded[name] = "code"
                result.normalised += 1
            odd = left
        for name in same & set(graded):
            graded[name] = "tokens"
        result.different = len(odd)
        for number, (name, what) in enumerate(sorted(odd.items())):
            item: dict[str, Any] = {"object": name, "what": what,
                                    "functions": []}
            graded[name] = "differs"
            if number < KEPT:
                found = self._functions(before, after, name)
                item["functions"] = [
                    {**dataclasses.asdict(f)} for f in found]
                if found and all(f.same_size for f in found):
                    graded[name] = "size"
                for side, folder in (("before", before), ("after", after)):
                    kept = self.out / "objects" / side / name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(folder / name, kept)
            item["grade"] = graded[name]
            result.differences.append(item)
        result.graded = dict(sorted(graded.items()))
        count = Counter(graded.values())
        result.grades = {g: count[g] for g in GRADES}
        self._grade_hunks(graded, self._apart(before, after, graded)
                          if self.inputs.apart else {})

    def _hunk_objects(self, graded: dict[str, str]) -> dict[int, set[str]]:
        """The objects that see each hunk: that compile a line of it; of one
        that adds no code, that read its file.  An object that differs may
        miss what a hunk takes away."""
        where: dict[tuple[str, int], set[int]] = {}
        for m in self.inputs.marks.marks:
            where.setdefault((m.file, m.line + 1), set()).add(m.number)
        found: dict[int, set[str]] = {}
        for h in self.inputs.hunks:
            numbers = set().union(*(where.get((h.file, n), set())
                                    for n in h.added), set())
            reads = {o for o, d in self.deps.items()
                     if {h.file, h.old_file} & d}
            hit = {o for o, s in self.seen.items() if s & numbers}
            if not numbers:
                hit = reads
            elif h.removed:
                hit |= {o for o in reads
                        if graded.get(o) in ("size", "differs")}
            found[h.number] = hit
        return found

    def _grade_hunks(self, graded: dict[str, str],
                     apart_: dict[str, dict[int, str]]) -> None:
        """A hunk's grade is the weakest among the objects that see it; in
        those of @apart_ it has one of its own."""
        result = self.result
        files = {h.number: {h.file, h.old_file} for h in self.inputs.hunks}
        for number, hit in self._hunk_objects(graded).items():
            # Of an object that does not build it is known what it read.
            if any(files[number] & self.deps.get(o, set())
                   for o in result.not_built_after):
                result.hunks[str(number)] = BROKEN
                continue
            if not hit:
                continue
            own = {o: apart_.get(o, {}).get(number, graded[o])
                   for o in hit if o in graded}
            result.hunks[str(number)] = max(
                own.values(), key=GRADES.index) if own \
                else "nothing to compare"
            result.hunk_objects[str(number)] = sorted(
                o for o, g in own.items() if g in ("size", "differs"))
            told = sorted(o for o in own if number in apart_.get(o, {}))
            if told:
                result.hunks_apart[str(number)] = told

    def _apart(self, before: Path, after: Path, graded: dict[str, str]
               ) -> dict[str, dict[int, str]]:
        """The hunks that do nothing in an object that differs."""
        inputs = self.inputs
        same_name = {c.new for c in inputs.changes if c.kind == "modified"}
        ours = {h.number: h for h in inputs.hunks if h.file in same_name
                and patchset.is_code(h.file)}
        odd: dict[str, set[int]] = {o: set() for o, g in graded.items()
                                    if g in ("size", "differs")}
        for number, hit in self._hunk_objects(graded).items():
            for obj in hit & set(odd):
                if number in ours:
                    odd[obj].add(number)
        functions = {f["name"].split(".")[0] for d in self.result.differences
                     for f in d["functions"]}
        suspects = {n for n in set().union(*odd.values(), set())
                    if self._stands_in(ours[n], functions)}

        def attempt(left_out: frozenset[int], objs: list[str]
                    ) -> dict[str, str]:
            return self._without_hunks(
                before, after, [ours[n] for n in sorted(left_out)], objs)

        return apart.tell(odd, suspects, attempt)

    def _stands_in(self, h: Hunk, functions: set[str]) -> bool:
        old = (self.inputs.tree / h.file).read_bytes()
        return apart.stands_in(old, set(h.removed), functions) \
            or apart.stands_in(self.inputs.after(h.file), set(h.added),
                               functions)

    def _without_hunks(self, before: Path, after: Path, left_out: list[Hunk],
                       objs: list[str]) -> dict[str, str]:
        """Build @objs without some hunks; the grade of each that is the same
        as before."""
        note = self.dir / "neutral.json"
        known = set(json.loads(note.read_text("utf-8"))) \
            if note.is_file() else set()
        write_whole(note, json.dumps(sorted(known | set(objs))))
        kept = self.dir / "apart"
        shutil.rmtree(self.dir / "apart-files", ignore_errors=True)
        for name in objs:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            os.rename(after / name, kept / name)
            _messages(after, name).unlink(missing_ok=True)

        def text_of(path: str) -> bytes:
            some = [h for h in left_out if h.file == path]
            if not some:
                return self._neutral(path)
            old = inputs.tree / path
            text = apart.without(old.read_bytes(), inputs.after(path), some)
            new = self.dir / "apart.text"
            new.write_bytes(text)
            return linemark.neutralise(text, patchset.line_changes(old, new))

        inputs = self.inputs
        self.say(f"telling hunks apart, in {len(objs)} objects")
        self._compile(after, self._mounts("apart", text_of), "apart", objs,
                      check=False)
        found: dict[str, str] = {}
        for name in objs:
            if (after / name).is_file():
                how = objects.compare(before / name, after / name)[0]
                if how != objects.DIFFERENT:
                    found[name] = "bytes" if how == objects.IDENTICAL \
                        else "code"
            os.replace(kept / name, after / name)
        return found

    def _functions(self, before: Path, after: Path,
                   name: str) -> list[objects.Function]:
        """The functions that differ, with their numbers of instructions."""
        found = objects.functions(before / name, after / name)
        if found:
            texts = [objects.disassembly(self.disassemble(folder, name))
                     for folder in (before, after)]
            for f in found:
                counts = [sum(not row.startswith(" ") for row in t[f.name])
                          if f.name in t else None for t in texts]
                f.insns_before = counts[0] if f.size_before is not None \
                    else None
                f.insns_after = counts[1] if f.size_after is not None \
                    else None
            # One whose code only refers to what has moved is not to blame.
            to_blame = [f for f in found if not f.same_size
                        or objects.plain_rows(texts[0].get(f.name, []))
                        != objects.plain_rows(texts[1].get(f.name, []))]
            return to_blame or found
        return found

    def disassemble(self, folder: Path, name: str) -> str:
        return disassemble(self.cell, folder, name)

    def _without_line_numbers(self, before: Path, after: Path,
                              odd: dict[str, str]) -> dict[str, str]:
        """Build @odd again with the old line numbers; what still differs.
        Leaves the objects of that build, where there are any."""
        kept = self.dir / "differing"
        write_whole(self.dir / "neutral.json", json.dumps(sorted(odd)))
        for name in odd:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            os.rename(after / name, kept / name)
            _messages(after, name).unlink(missing_ok=True)
        shutil.rmtree(self.dir / "neutral-files", ignore_errors=True)
        self._compile(after, self._mounts("neutral", self._neutral),
                      "neutral", sorted(odd), check=False)
        left: dict[str, str] = {}
        for name, what in odd.items():
            if not (after / name).is_file():
                left[name] = what + " (with the old line numbers it does " \
                    f"not build: see {self.out}/neutral.log)"
                os.rename(kept / name, after / name)
                continue
            how, still = objects.compare(before / name, after / name)
            if how == objects.DIFFERENT:
                left[name] = still
        return left

    def _drop_neutral(self, after: Path) -> None:
        """Of an interrupted job: objects with the old line numbers, which
        would pass for those of after."""
        with contextlib.suppress(OSError, ValueError):
            for name in json.loads(
                    (self.dir / "neutral.json").read_text("utf-8")):
                (after / name).unlink(missing_ok=True)
                _messages(after, name).unlink(missing_ok=True)
            (self.dir / "neutral.json").unlink()


def _no_traps(build: Path) -> None:
    """A stranger's Makefile wrote into @build; what is read and replaced there
    afterwards, outside the sandbox, must not lie elsewhere.  kbuild makes
    links to the tree and within the folder, but none of a folder and none of
    an object."""
    todo = [str(build)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for e in entries:
                if e.is_dir(follow_symlinks=False):
                    todo.append(e.path)
                elif e.is_symlink():
                    if os.readlink(e.path) == SRC:
                        continue        # kbuild's own "source"
                    if e.is_dir() or e.name.endswith((
                            ".o", ".cmd", ".sparse", ".messages", ".tokens")):
                        raise TrapError(
                            f"{e.path}: make left a symbolic link there, "
                            "which kbuild would not", build)
                elif not e.is_file(follow_symlinks=False):
                    raise TrapError(f"{e.path}: make left something there "
                                    "that is no file", build)


def _beside(build: Path, obj: str, suffix: str) -> Path:
    path = build / obj
    return path.with_name(f".{path.name}{suffix}")


def _messages(build: Path, obj: str) -> Path:
    """Where the compiler's messages on @obj are kept."""
    return _beside(build, obj, ".messages")


def _kept_messages(path: Path) -> list[objects.Diagnostic]:
    """What _messages() names; nothing where it is not there."""
    with contextlib.suppress(FileNotFoundError):
        return [objects.Diagnostic(**d)
                for d in json.loads(path.read_text("utf-8"))]
    return []


def _source(build: Path, obj: str) -> str:
    """The name of @obj's source, as kbuild noted it."""
    with contextlib.suppress(OSError):
        m = re.search(r"^source_\S+ := (.*)$", _beside(
            build, obj, ".cmd").read_text("utf-8", "replace"), re.MULTILINE)
        if m:
            return m[1].strip()
    return ""


def objdump(cell: Cell) -> str:
    assert cell.build
    return f"llvm-objdump{cell.build.llvm}" if cell.build.llvm \
        else f"{cell.build.cross}objdump"


def disassemble(cell: Cell, folder: Path, name: str) -> str:
    """What objdump says of an object; it reads a stranger's file, so in the
    sandbox.  Empty where it fails."""
    box = kbuild.cell_sandbox(cell, "build", None, folder)
    log = folder / ".objdump.out"
    log.unlink(missing_ok=True)
    done = box.run([objdump(cell), "-dr", "--no-show-raw-insn",
                    f"{BUILD}/{name}"], log, timeout=120)
    text = log.read_text("utf-8", "replace")
    log.unlink()
    return text if done.ok else ""


def _is_kconfig(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Kconfig")


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


def count_of(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
