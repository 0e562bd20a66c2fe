# SPDX-License-Identifier: GPL-2.0-only
"""The check of one patch: the jobs of its cells, one after another, and what
comes out, merged."""
from __future__ import annotations

import dataclasses
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..base import cache
from ..base.sandbox import GIB, Sandbox
from ..base.say import error_text, progress
from ..cells.cellfile import Cell, cells_load, cells_select
from ..patch import patchset
from . import summary, users
from .cell import CellCheck
from .choose import Clock
from .inputs import Inputs
from .job import CheckError, Job
from .result import CellResult, verdict

VERSION = 1
FREE = 2 * GIB          # wanted on the disk of the cache, bytes
# What the cache may hold: results, and build folders of trees as they are.
LIMITS = {"check": 1 * GIB, "before": 12 * GIB, "units": GIB // 10}


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


def remove_leftovers(folder: Path, age: float = 86400) -> None:
    """Remove what killed checks left, once it is @age seconds old."""
    for path in folder.glob("check-*"):
        if path.is_dir() and time.time() - path.lstat().st_mtime > age:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def work_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder on the disk of the cache, which must have room."""
    where = cache.cache_dir("work")
    remove_leftovers(where)
    if shutil.disk_usage(where).free < FREE:
        raise CheckError(f"{where}: less than {FREE // GIB} GiB free; "
                         "make room or set XDG_CACHE_HOME")
    with TemporaryDirectory(prefix=prefix, dir=where) as name:
        yield Path(name)


def folders(tree: Path, lists: list[str]) -> list[str]:
    """The folders that --whole names."""
    found = []
    for name in (n.strip().strip("/") for text in lists
                 for n in text.split(",")):
        if not name or not (tree / name).is_dir() or ".." in name.split("/"):
            raise CheckError(f"--whole {name}: no such folder in {tree}")
        found.append(name)
    return found


@dataclasses.dataclass
class Check:
    """One patch on one tree."""
    inputs: Inputs
    cells: list[Cell]
    left_out: list[str]
    run_dir: Path
    template: Job           # what the jobs of all cells share

    def job(self, cell: Cell) -> Job:
        out = self.run_dir / "cells" / cell.name.replace("/", "-")
        return dataclasses.replace(self.template, cell=cell.name,
                                   out=str(out))


def run_job(job: Job, inputs: Inputs, label: str = "") -> CellResult:
    """Do one job; what goes wrong is the cell's, not the check's."""
    cell = cells_select(cells_load(), [job.cell], "build")[0]
    one = CellCheck(job, inputs, cell, lambda text: progress(
        label + (text if text.startswith(cell.name)
                 else f"{cell.name}: {text}")))
    try:
        return one.run()
    except (OSError, users.ToolError) as err:
        one.result.state = "failed"
        one.result.reason = error_text(err)
        return one.result


def run(check: Check) -> dict[str, Any]:
    """Check all cells; the result as the JSON has it."""
    inputs = check.inputs
    cells: list[CellResult] = []
    if check.cells and not summary.texts_only(inputs):
        Sandbox(None, None).check()
        clock = Clock(check.cells)
        for number, cell in enumerate(check.cells):
            job = check.job(cell)
            job.write(job.path)
            label = f"[{number + 1}/{len(check.cells)}] "
            result = run_job(job, inputs, label)
            cells.append(result)
            clock.done(result)
            progress(f"{label}{cell.name}: {result.state}, "
                     f"{result.seconds:.0f} s"
                     + (clock.left(number + 1)
                        if number + 1 < len(check.cells) else ""))
        if not all(c.cached for c in cells):
            prune()
    return merge(check, cells)


def merge(check: Check, cells: list[CellResult]) -> dict[str, Any]:
    inputs = check.inputs
    result: dict[str, Any] = {
        "version": VERSION, "tree": str(inputs.tree),
        "release": release(inputs.tree),
        "patch": {"path": str(inputs.patch),
                  "sha256": hashlib.sha256(inputs.data).hexdigest(),
                  "files": len(inputs.changes)},
        "cells": [dataclasses.asdict(c) for c in cells],
        "left_out": check.left_out,
        "coverage": summary.coverage(inputs, cells),
        "hunks": summary.hunks(inputs, cells),
        "uncompiled": uncompiled(inputs.changes, cells) if cells else [],
        "verdict": verdict(cells), "run": str(check.run_dir)}
    if result["verdict"] == "ok" and not summary.texts_only(inputs) \
            and not any(c.graded or c.added for c in cells):
        result["verdict"] = "incomplete"
    result["sentence"] = summary.sentence(result, cells, inputs)
    return result


def uncompiled(changes: list[patchset.FileChange],
               cells: list[CellResult]) -> list[str]:
    """The patched files, but texts and what configures a build, that no cell
    compiled or made headers of."""
    seen = {p for c in cells for p in (*c.covered, *c.header_sources)}
    return sorted(p for change in changes
                  if (p := change.new or change.old or "") not in seen
                  and not patchset.is_text(p) and not users.is_makefile(p)
                  and not p.rpartition("/")[2].startswith("Kconfig"))


def prune() -> None:
    for sub, limit in LIMITS.items():
        folder = cache.cache_dir(sub)
        if sub == "units":
            cache.prune_files(folder, limit)
        else:
            cache.prune(folder, limit)
