# SPDX-License-Identifier: GPL-2.0-only
"""
The two build folders of a cell: of the tree as it is, and with the patch.

Both builds run at the same place in the sandbox and start from copies of the
same prepared build folder.  What is built before the patch does not depend on
the patch.  It stays in the cache, with sparse's output, the compiler's messages
and the digest of its tokens beside each object.  The build after the patch
belongs to one job; an interrupted one goes on where it was.
"""
from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..base import cache
from ..base.output import write_whole
from ..base.sandbox import BIN, BUILD, SRC, Result, Sandbox
from ..cells import kbuild
from ..cells.cellfile import Cell
from ..patch.mounts import mounts
from . import linemark, objects, sparse, users
from .inputs import Inputs, code_version, tree_fingerprint
from .job import CheckError, Job, TrapError
from .result import CellResult

# Raise when what is kept of the build before the patch changes.
BEFORE_FORMAT = "1"


class Builds:
    """The build folders of one job, and how make runs in them."""

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

    def _waiting(self) -> None:
        self.say("waiting for another check to end")

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
                for source, path in mounts(
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
        for path, shorter in users.pruned(folders, text_of).items():
            file = self.dir / f"{name}-pruned" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(shorter)
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
        todo = [n for n in names if not messages_path(build, n).is_file()]
        # Of no object, by scripts that each run of make calls.
        aside = messages_path(build, "make")
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
            found += _kept_messages(messages_path(build, n))
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
            if messages_path(build, n).is_file() and (build / n).is_file():
                continue
            messages_path(build, n).unlink(missing_ok=True)
            if (build / n).is_file() and n in done:
                write_whole(messages_path(build, n), json.dumps(
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

    def _configure(self, build: Path, mounts: dict[str, Path]) -> None:
        """Let new options of a patched Kconfig have their defaults: kbuild
        would ask for them."""
        if not any(is_kconfig(c.new or c.old or "")
                   for c in self.inputs.changes):
            return
        log = self.out / "config.log"
        log.unlink(missing_ok=True)
        if not self._make(self._box(build, mounts), log,
                          ["olddefconfig"]).ok:
            raise CheckError("make olddefconfig failed after the patch:\n"
                             + kbuild.log_tail(log))

    def _drop_neutral(self, after: Path) -> None:
        """Of an interrupted job: objects with the old line numbers, which
        would pass for those of after."""
        with contextlib.suppress(OSError, ValueError):
            for name in json.loads(
                    (self.dir / "neutral.json").read_text("utf-8")):
                (after / name).unlink(missing_ok=True)
                messages_path(after, name).unlink(missing_ok=True)
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


def beside(build: Path, obj: str, suffix: str) -> Path:
    path = build / obj
    return path.with_name(f".{path.name}{suffix}")


def messages_path(build: Path, obj: str) -> Path:
    """Where the compiler's messages on @obj are kept."""
    return beside(build, obj, ".messages")


def _kept_messages(path: Path) -> list[objects.Diagnostic]:
    """What messages_path() names; nothing where it is not there."""
    with contextlib.suppress(FileNotFoundError):
        return [objects.Diagnostic(**d)
                for d in json.loads(path.read_text("utf-8"))]
    return []


def source_of(build: Path, obj: str) -> str:
    """The name of @obj's source, as kbuild noted it."""
    with contextlib.suppress(OSError):
        m = re.search(r"^source_\S+ := (.*)$", beside(
            build, obj, ".cmd").read_text("utf-8", "replace"), re.MULTILINE)
        if m:
            return m[1].strip()
    return ""


def is_kconfig(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Kconfig")
