# SPDX-License-Identifier: GPL-2.0-only
"""Builds the kernels that are booted: a tree as it is, and with patches.

The kernel before the patches is built whole, in the sandbox, and its build
folder is kept in the cache; each kernel after is built in a copy of that
folder, so that make compiles only what the patches reach.  A kernel with a
mistake is built in a copy of the folder of the kernel after, where one object
differs.  All get kernel/probe.c, which lets the test program ask for what no
system call does.  The tree is only read: what differs is mounted over it.
"""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tools"))

from twlib.base import cache  # noqa: E402
from twlib.cells import kbuild, tree as kerneltree  # noqa: E402
from twlib.patch import patchset  # noqa: E402
from twlib.patch.mounts import mounts  # noqa: E402
from twlib.check.inputs import tree_fingerprint  # noqa: E402
from twlib.cells.cellfile import cell_read  # noqa: E402
from twlib.base.sandbox import SRC  # noqa: E402

CELL = HERE / "x86" / "qemu.ini"
IMAGE = "arch/x86/boot/bzImage"
PROBE = "mm/treewide_probe.c"
FORMAT = "1"            # raise when what is built or kept changes

Mistake = tuple[str, str, str]  # file, regular expression, instead


class MistakeError(Exception):
    """A mistake that cannot be made in these sources."""


class BuildError(Exception):
    """A kernel that cannot be built; the text has the end of the log."""


@dataclass
class Kernel:
    image: Path
    symbols: Path           # what nm says of vmlinux
    headers: Path           # the tree's headers for programs
    uapi: Path              # the header of the HMM test device


@dataclass
class Ground:
    """A converted kernel to make mistakes in: its sources and its objects."""
    stage: Path
    build: Path
    changes: list[patchset.FileChange]


def layers(tree: Path, patches: list[tuple[str, bytes]], work: Path) -> Iterator[
        tuple[bytes, list[patchset.FileChange], Path]]:
    """Each patch in turn, what it changes, and a folder with those files as they
    were before it; what all leave is in @work/stage at the end."""
    stage = work / "stage"
    for number, (name, data) in enumerate(patches):
        new = patchset.parse(data, name)
        base, step = work / f"base{number}", work / f"step{number}"
        cache.remove(base)
        cache.remove(step)
        base.mkdir()
        for c in new:
            if c.old:
                source = stage / c.old
                if not source.exists():
                    source = tree / c.old
                (base / c.old).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, base / c.old)
        yield data, new, base
        patchset.apply_to(base, data, name, new, step)
        shutil.copytree(step, stage, dirs_exist_ok=True)
        shutil.rmtree(step)


class Builder:
    """Kernels of one tree."""

    def __init__(self, tree: Path, jobs: int,
                 say: Callable[[str], None]) -> None:
        self.tree, self.jobs, self.say = tree, jobs, say
        self.cell = cell_read(CELL)
        found = kbuild.Preparation(self.cell, "build", tree,
                                   kerneltree.tree_inputs(tree), jobs, say).run()
        if found["state"] != "ready":
            raise BuildError(f"{self.cell.name}: {found['state']}: "
                             f"{found['reason']}")
        self.prepared = Path(found["build"])
        self.key = cache.hash_bytes("\0".join(
            [FORMAT, self.prepared.parent.name, tree_fingerprint(tree),
             cache.hash_file(HERE / "kernel" / "probe.c")]).encode())

    def before(self) -> Kernel:
        return self._kernel(f"{self.key}-before", [], [], self.prepared)

    def after(self, patches: list[Path],
              mistake: list[Mistake] | None = None,
              ground: Ground | None = None) -> Kernel:
        """The kernel with @patches, the first on the tree and each of the
        others on what came out, and with @mistake made in the result, which
        @ground has."""
        read = [(p.name, p.read_bytes()) for p in patches]
        wrong = mistake or []
        key = cache.hash_bytes(b"\0".join(
            [self.key.encode(), *(d for _n, d in read),
             repr(wrong).encode()]))
        self.before()
        return self._kernel(key, read, wrong, self._start(), ground)

    def ground(self, patches: list[Path], folder: Path) -> Ground:
        """The kernel with @patches once more, with its build, in @folder."""
        work = folder / "ground"
        cache.remove(work)
        work.mkdir()
        changes = self._stage(work, [(p.name, p.read_bytes())
                                     for p in patches], [])
        self._make(work, changes, self._start(), "to make mistakes in")
        return Ground(work / "stage", work / "build", changes)

    def _start(self) -> Path:
        return (cache.cache_dir("behaviour") / f"{self.key}-before" / "build")

    def _kernel(self, key: str, patches: list[tuple[str, bytes]],
                mistake: list[Mistake], start: Path,
                ground: Ground | None = None) -> Kernel:
        entry = cache.cache_dir("behaviour") / key
        kernel = Kernel(entry / "bzImage", entry / "symbols",
                        start / "usr/include", self.tree / "lib")
        if not patches:
            kernel.headers = entry / "build/usr/include"
        with cache.locked(entry.with_suffix(".lock")):
            if cache.read_stamp(entry) is not None:
                return kernel
            cache.remove(entry)
            # What an interrupted run compiled is not compiled again.
            work = entry.with_name(entry.name + ".new")
            for left in ("stage", "folders"):
                cache.remove(work / left)
            work.mkdir(exist_ok=True)
            if ground:
                # Times and all, so that make sees what is as it was.
                shutil.copytree(ground.stage, work / "stage")
                changes = ground.changes
                self._mistake(work, mistake)
                cache.remove(work / "build")
                start = ground.build
            else:
                changes = self._stage(work, patches, mistake)
            self._make(work, changes, start,
                       "with a mistake" if mistake else
                       f"with {', '.join(n for n, _d in patches)}"
                       if patches else "as it is", times=bool(ground))
            if patches:
                cache.remove(work / "build")
            for left in ("stage", "folders", *(f"base{n}" for n in
                                               range(len(patches)))):
                cache.remove(work / left)
            cache.write_stamp(work, ["bzImage", "symbols"], {})
            work.rename(entry)
        return kernel

    def _stage(self, work: Path, patches: list[tuple[str, bytes]],
               mistake: list[Mistake]) -> list[patchset.FileChange]:
        """The files that differ from the tree's, in @work/stage."""
        changes: list[patchset.FileChange] = []
        stage = work / "stage"
        for _data, new, _base in layers(self.tree, patches, work):
            seen = {c.new for c in changes}
            changes += [c for c in new if c.new not in seen]
        stage.mkdir(exist_ok=True)
        self._mistake(work, mistake)
        (stage / PROBE).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "kernel" / "probe.c", stage / PROBE)
        makefile = stage / "mm/Makefile"
        if not makefile.exists():
            shutil.copy(self.tree / "mm/Makefile", makefile)
            changes.append(patchset.FileChange("mm/Makefile", "mm/Makefile"))
        with open(makefile, "a", encoding="utf-8") as f:
            f.write(f"obj-y += {Path(PROBE).stem}.o\n")
        changes.append(patchset.FileChange(None, PROBE))
        return changes

    def _mistake(self, work: Path, mistake: list[Mistake]) -> None:
        for file, text, instead in mistake:
            path = work / "stage" / file
            new, n = re.subn(text, instead, path.read_text("utf-8"), count=1,
                             flags=re.DOTALL)
            if not n:
                raise MistakeError(f"{file}: no '{text}' in it")
            path.write_text(new, "utf-8")

    def _make(self, work: Path, changes: list[patchset.FileChange],
              start: Path, what: str, times: bool = False) -> None:
        """The kernel of @work/stage in @work/build, a copy of @start; with
        @times from those files of it that are newer than what @start has."""
        build, log = work / "build", work / "log"
        if not build.exists():
            new = work / "build.new"
            cache.remove(new)
            subprocess.run(["cp", "-a", "--reflink=auto", "--", str(start),
                            str(new)], check=True)
            new.rename(build)
        box = kbuild.cell_sandbox(self.cell, "build", self.tree, build)
        box.timeout = 5400
        for source, path in mounts(self.tree, work / "stage",
                                            changes, work / "folders",
                                            times):
            box.ro[f"{SRC}/{path}"] = source
        make = [*kbuild.cell_make(self.cell, "build", self.jobs), "-s"]
        self.say(f"building the kernel {what}; log in {log}")
        for target in ([["headers"]] if start == self.prepared else []) + [
                ["bzImage"]]:
            done = box.run([*make, *target], log)
            if not done.ok:
                raise BuildError(f"make {target[0]} failed:\n"
                                 f"{kbuild.log_tail(log)}")
        shutil.copy(build / IMAGE, work / "bzImage")
        with open(work / "symbols", "wb") as f:
            subprocess.run(["nm", str(build / "vmlinux")], stdout=f,
                           check=True)
