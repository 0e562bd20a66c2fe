# SPDX-License-Identifier: GPL-2.0-only
"""
treewide check --each DIR: every prefix of a series, checked.

Takes the folder of a series (mails, in order; a cover letter has no diff and
is left out) and checks the tree with the first patch, with the first two, and
so on, each against the tree as it is.  A cell is built again only for a patch
that may concern it: for a patch of arch/s390 those of s390, the others are as
they were one patch before.  So are objects that read none of the files that
the patch changes: only those that do are built.  Of each patch it is said how
many of the lines that it changes were compiled, so that it shows when the
cells were too few.

`each.json` in the run has what `treewide series --check` tells in the
messages.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

from ..base.output import write_whole
from ..base.rundir import new_run_dir
from ..base.say import out, progress
from ..base.status import FINDINGS, INCOMPLETE, OK
from ..base.words import columns
from ..cells.cellfile import Cell, cells_load, cells_select
from ..cells.tree import tree_of
from ..patch import patchset
from ..patch.git import Git, GitError, diff_part, prefix_hashes
from . import checking, choose, users
from .checking import folders, work_folder
from .inputs import Inputs
from .job import CheckError, Job
from .result import CellResult, failed

VERSION = 1


def mails_of(folder: Path) -> list[Path]:
    """The patches of a series, in order; of batches those of the first
    batch first."""
    if not folder.is_dir():
        raise CheckError(f"{folder}: no such folder; --each takes the folder "
                         "of a series")
    where = sorted(folder.glob("batch-*"),
                   key=lambda p: (len(p.name), p.name)) or [folder]
    found = [p for w in where for p in sorted(w.glob("*.patch"))
             if b"\ndiff --git " in p.read_bytes()]
    if not found:
        raise CheckError(f"{folder}: no patch in it (*.patch)")
    return found


@dataclasses.dataclass
class Prefix:
    """The series up to one patch."""
    number: int
    mail: Path
    sha256: str
    data: bytes                             # the mail
    changes: list[patchset.FileChange]      # of this patch alone
    whole: Path                             # the diff of all up to it


def prefixes(tree: Path, folder: Path, where: Path, work: Path) -> list[Prefix]:
    """Writes the diff of each prefix below @where."""
    mails = mails_of(folder)
    data = [m.read_bytes() for m in mails]
    changes = [patchset.parse(d, str(m)) for d, m in zip(data, mails)]
    git = Git(work, "treewide <treewide@localhost>", "@0 +0000")
    for path in sorted(set().union(*map(patchset.paths, changes))):
        if (tree / path).is_symlink():
            raise CheckError(f"{path}: is a symbolic link")
        if (tree / path).is_file():
            git.put(path, (tree / path).read_bytes(),
                    (tree / path).stat().st_mode)
    base = git.commit("base\n")
    result = []
    hashes = prefix_hashes([diff_part(d) for d in data])
    for n, (mail, d) in enumerate(zip(mails, data)):
        try:
            git("apply", "--index", "--whitespace=nowarn", "-", data=d)
        except GitError as err:
            raise CheckError(f"{mail}: does not apply to {tree} behind the "
                             f"patches before it: {err}") from err
        head = git.commit("patch\n")
        whole = where / f"{n + 1:04}" / "prefix.patch"
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(git("diff", "--no-renames", base, head))
        result.append(Prefix(n + 1, mail, hashes[n], d, changes[n], whole))
    return result


def cells_of(args: argparse.Namespace, one: Prefix) -> list[Cell]:
    """The cells that this patch may concern, of those asked for."""
    scopes = {users.scope(p) for p in patchset.paths(one.changes)
              if not p.startswith("Documentation/")}
    names = choose.cell_names(args.cells)
    known = cells_load()
    asked = [n for n in names if n not in ("auto", "all")]
    cells = cells_select(known, [] if asked != names else asked, "build")
    if "all" not in names:
        cells = [c for c in cells if choose.has_compiler(c)
                 or {c.name, c.arch, c.srcarch} & set(asked)]
    if args.cover:
        enough = choose.cover(Path(args.cover))
        cells = [c for c in cells if c.name in enough]
    return [c for c in cells if choose.concerned(c, scopes)]


def folders_of(tree: Path, last: Prefix, stage: Path) -> set[str]:
    """The folders that kbuild is asked about for the whole series: once a
    cell, not once a patch."""
    inputs = Inputs.read(tree, last.whole, str(last.whole), stage)
    inputs.say = progress
    found = inputs.prepare_search().folders()
    shutil.rmtree(stage)
    return found


def own_lines(one: Prefix, inputs: Inputs, cells: list[dict[str, Any]]
              ) -> dict[str, Any]:
    """Of the lines of code that the patch changes and that are not the
    tree's again: how many, and which no cell compiled."""
    own = {(h.file, n) for h in patchset.hunks(one.data, one.changes)
           for n in h.added}
    wanted = {(f, n + 1) for f, lines in inputs.marks.wanted().items()
              for n in lines} & own
    seen = {(f, n) for c in cells for f, lines in c["lines"].items()
            for n in lines}
    return {"lines": len(wanted), "uncompiled": [
        f"{f}:{n}" for f, n in sorted(wanted - seen)]}


def one_prefix(args: argparse.Namespace, tree: Path, one: Prefix,
               stage: Path, ask: set[str]) -> dict[str, Any]:
    """The check of one prefix in the cells that its patch concerns; @ask: the
    folders of the whole series."""
    run = one.whole.parent
    cells = cells_of(args, one)
    said: list[dict[str, Any]] = []
    lines: dict[str, Any] = {"lines": 0, "uncompiled": []}
    if cells:
        inputs = Inputs.read(tree, one.whole, str(one.whole), stage)
        whole = folders(tree, args.whole)
        inputs.say, inputs.whole = progress, whole
        # Of a hunk nothing is told here.
        inputs.ask, inputs.apart = ask, False
        own, all_ = map(patchset.paths, (one.changes, inputs.changes))
        # A file that this patch turns back into the tree's is not in the
        # whole diff: all objects, then.
        inputs.only = sorted(own) if own <= all_ else []
        job = Job(str(tree), str(one.whole), "", "", args.jobs, whole,
                  list(args.object), args.extra_warnings, not args.no_sparse,
                  args.no_cache, args.keep)
        result = checking.run(checking.Check(
            inputs, choose.in_order(cells, inputs), [], run, job))
        write_whole(run / "check.json", json.dumps(result, indent=1) + "\n")
        said = result["cells"]
        lines = own_lines(one, inputs, said)
        shutil.rmtree(stage)
    rows = [{
        "cell": c["cell"], "state": c["state"], "reason": c["reason"],
        "verdict": CellResult.of(c).verdict, "objects": c["objects"],
        "grades": c["grades"], "sparse": c["sparse"],
        "new": [*c["new_errors"], *c["new_warnings"], *c["new_sparse"],
                *c["not_built_after"]]} for c in said]
    worst = max((r["verdict"] for r in rows), default="ok",
                key=("ok", "incomplete", "failed").index)
    return {"number": one.number, "patch": one.mail.name,
            "sha256": one.sha256, "verdict": worst, **lines, "cells": rows}


def as_ranges(places: list[str]) -> list[str]:
    """FILE:LINE, in order, as FILE:FIRST-LAST,FIRST-LAST."""
    found: dict[str, list[list[int]]] = {}
    for place in places:
        file, _colon, line = place.rpartition(":")
        ranges = found.setdefault(file, [])
        if ranges and ranges[-1][1] == int(line) - 1:
            ranges[-1][1] += 1
        else:
            ranges.append([int(line)] * 2)
    return [file + ":" + ",".join(f"{a}-{b}" if b > a else str(a)
                                  for a, b in ranges)
            for file, ranges in found.items()]


def table(result: dict[str, Any]) -> str:
    rows = [("patch", "cells", "built", "objects", "same bytes", "failed",
             "lines", "verdict")]
    lines = []
    for p in result["prefixes"]:
        built = [c for c in p["cells"] if c["state"] == "built"]
        rows.append((
            p["patch"][:44], str(len(p["cells"])), str(len(built)),
            str(sum(c["objects"] for c in built)),
            str(sum(c["grades"].get("tokens", 0) + c["grades"].get("bytes", 0)
                    for c in built)),
            str(sum(map(failed, p["cells"]))),
            f"{p['lines'] - len(p['uncompiled'])} of {p['lines']}",
            p["verdict"] if p["cells"] else "no cell of it"))
        for c in p["cells"]:
            if c["verdict"] == "ok":
                continue
            why = c["new"][:3] or [c["reason"] or "the code differs"]
            lines += [f"{p['patch']}: {c['cell']}: {w}" for w in why]
        lines += [f"{p['patch']}: no cell compiled {u}"
                  for u in as_ranges(p["uncompiled"])]
    return "\n".join([*columns(rows), "", *lines, result["sentence"]]) + "\n"


def sentence(rows: list[dict[str, Any]]) -> str:
    bad = [p for p in rows if any(map(failed, p["cells"]))]
    other = [p for p in rows if p["verdict"] == "failed" and p not in bad]
    part = [p for p in rows if p["verdict"] == "incomplete"
            or not p["cells"]]
    builds = sum(c["state"] == "built" for p in rows for c in p["cells"])
    text = f"{len(rows)} prefixes, {builds} builds: "
    text += f"{len(bad)} failed" if bad else "none failed"
    text += f"; the code differs after {len(other)}" if other else ""
    total = sum(p["lines"] for p in rows)
    text += f"; {total - sum(len(p['uncompiled']) for p in rows)} of " \
        f"{total} changed lines were compiled"
    if part:
        text += f"; {len(part)} were not fully checked, or no cell is " \
            "concerned"
    return text + "."


def run(args: argparse.Namespace) -> int:
    tree = tree_of(args.tree)
    run_dir = Path(args.run).absolute() if args.run else new_run_dir("check")
    run_dir.mkdir(parents=True, exist_ok=True)
    rows = []
    with work_folder("check-each-") as work:
        (work / "git").mkdir()
        todo = prefixes(tree, Path(args.each), run_dir / "each",
                        work / "git")
        ask = folders_of(tree, todo[-1], work / "stage")
        for one in todo:
            progress(f"patch {one.number} of {len(todo)}: "
                           f"{one.mail.name}")
            rows.append(one_prefix(args, tree, one, work / "stage", ask))
    result = {"version": VERSION, "release": checking.release(tree),
              "run": str(run_dir), "prefixes": rows,
              "sentence": sentence(rows)}
    text = json.dumps(result, indent=1) + "\n"
    write_whole(run_dir / "each.json", text)
    said = text if args.format == "json" else table(result)
    if args.output:
        write_whole(Path(args.output).absolute(), said)
    else:
        out(said)
    if any(p["verdict"] == "failed" for p in rows):
        return FINDINGS
    if any(p["verdict"] == "incomplete" for p in rows):
        return INCOMPLETE
    return OK
