# SPDX-License-Identifier: GPL-2.0-only
"""
A run as a reader wants it: the pieces of a run directory, joined.

The ledger says what became of each site and why, the patch holds the edits,
check.json what compilers made of them.  Here hunks of the patch, edits and
flow of the ledger, and grades of the check are brought together by file and
line; how that looks is the business of reportpage and reportmd.

A piece that is not there is None and is named in @missing, so that a page can
say what it does not know.  A piece that is there and cannot be read is an
error: half of it would pass for all of it.  The check and the patch must be
of each other, or the grades would be those of other edits.
"""
from __future__ import annotations

import hashlib
import re
import shlex
from collections import defaultdict
from pathlib import Path

from ..patch import patchset
from .flow import Flow, read_ledger
from .record import (Cell, Hunk, Line, Run, RunError, read_json, strings,
                     _latin, _text, plural)



# Pieces


# Why: the same account as --explain gives, see src/cmd/explain.c


# The patch


def read_patch(run: Run, path: Path) -> None:
    try:
        data = path.read_bytes()
        changes = patchset.parse(data, str(path))
        found = patchset.hunks(data, changes)
    except OSError as err:
        raise RunError(f"{path}: cannot be read: {err.strerror}") from err
    except patchset.PatchError as err:
        raise RunError(f"the patch of the run cannot be read: {err}") from err
    run.patch_name = path.name
    run.patch_sha = hashlib.sha256(data).hexdigest()
    head = data.partition(b"\ndiff --git ")[0]
    if not data.startswith(b"diff --git ") and data:
        run.provenance = [v for ln in head.split(b"\n") if (v := _text(ln))]
    for h in found:
        lines, old, new = [], h.old, h.new
        for text in h.lines:
            kind = text[:1] or " "
            # What stands behind an added line is where it came to be.
            lines.append(Line(kind, old if kind != "\\" else 0,
                              new if kind in " +" else 0, _latin(text[1:])))
            old += kind in " -"
            new += kind in " +"
        run.hunks.append(Hunk(h.number, _latin(h.file), h.old, h.new,
                              _latin(h.function), lines))


def join_edits(run: Run, flow: Flow) -> None:
    """Give each hunk its edits and their explanation, each site its hunk."""
    by_file: dict[str, list[Hunk]] = defaultdict(list)
    for h in run.hunks:
        by_file[h.file].append(h)
    touched = {h.number: h.touches() for h in run.hunks}
    span = {h.number: range(h.old, max(ln.old for ln in h.lines) + 1)
            for h in run.hunks}

    def hunk_of(file: str, line: int) -> Hunk | None:
        near = None
        for h in by_file.get(file, []):
            if line in touched[h.number]:
                return h
            if line in span[h.number]:
                near = h
        return near

    for file, line, old, new, rule in flow.edits:
        if at := hunk_of(file, line):
            at.edits.append((line, old, new, rule))
        elif run.patch_name:
            run.loose.append((file, line, old, new, rule))
    for s in run.sites:
        if s.fate == "converted" and (at := hunk_of(s.file, s.line)):
            s.hunk = at.number
    for h in run.hunks:
        for line in sorted(touched[h.number] | {e[0] for e in h.edits}):
            if said := flow.explain(h.file, line):
                h.why.append((line, said))


def join_check(run: Run, path: Path) -> None:
    check = read_json(path, "the report of a check")
    bad = RunError(f"{path}: is not what the report of a check should be; run "
                   "the check again")
    try:
        if run.patch_sha and check["patch"]["sha256"] != run.patch_sha:
            run.missing.append(
                f"{path.name} is of another patch than that of this run, and "
                "nothing is taken from it: grades and cells that compiled the "
                "edits are not known. Run the check again.")
            return
        grades = {g["number"]: g for g in check["hunks"]}
        cells: dict[tuple[str, int], list[str]] = {}
        for r in check["coverage"]["ranges"]:
            for n in range(r["first"], min(r["last"], r["first"] + 10000) + 1):
                cells[r["file"], n] = r["cells"]
        lost = {(u["file"], u["line"]): u
                for u in check["coverage"]["uncompiled"]}
        for h in run.hunks:
            g = grades.get(h.number)
            if g:
                if g["file"] != h.file:
                    raise bad
                h.grade, h.cells = g["grade"], dict(g["cells"])
                h.differs_in = dict(g["differs_in"])
            for line in h.lines:
                if line.kind != "+":
                    continue
                line.cells = cells.get((h.file, line.new), [])
                if line.cells:
                    line.state = "compiled"
                elif (h.file, line.new) in lost:
                    line.state = lost[h.file, line.new]["state"]
                    line.condition = lost[h.file, line.new]["condition"]
        known = {c.name: c for c in run.cells}
        for c in check["cells"]:
            if c["cell"] not in known:
                known[c["cell"]] = Cell(c["cell"])
                run.cells.append(known[c["cell"]])
            known[c["cell"]].check = c
            # Looked at here, so that who prints it need not.
            str(c["state"] + c["reason"] + c["sparse"] + c["replay"])
            sum(c["grades"].values())
            len(c["new_errors"]) + len(c["new_warnings"])
            len(c["new_sparse"]) + sum(map(len, c["lines"].values()))
            c["objects"] + c["identical"] + c["normalised"] + c["different"]
        for name in check["left_out"]:
            if name not in known:
                known[name] = Cell(name)
                run.cells.append(known[name])
        str(check["sentence"] + check["verdict"])
        int(check["coverage"]["lines"]) - int(check["coverage"]["compiled"])
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise bad from err
    run.check = check


def join_cells(run: Run, flow: Flow) -> None:
    """The cells that convert knows of.  One with a place in the flow was
    read; of others only convert.json tells."""
    cells: dict[str, Cell] = {}

    def cell(name: str) -> Cell:
        return cells.setdefault(name, Cell(name))

    handles: dict[str, set[str]] = defaultdict(set)
    for steps in flow.by_key.values():
        for s in steps:
            cell(s.cell).read = "read"
            if s.handle:
                handles[s.cell].add(s.key)
    if run.convert is not None:
        for name in strings(run.convert.get("cells")):
            cell(name).read = "read"
        for text in strings(run.convert.get("cells_unread")):
            # "NAME: WHY", or "NAME (WHY)" of what the tree has not.
            m = re.fullmatch(r"([^\s:]+)(?:: (.*)| \((.*)\))?", text.strip(),
                             re.S)
            name = m[1] if m else text.strip()
            cell(name).read = "not read"
            cell(name).read_why = (m and (m[2] or m[3])) or ""
    for name, keys in handles.items():
        cells[name].handles = len(keys)
    run.cells = sorted(cells.values(), key=lambda c: c.name)


def first_of(run: Path, *names: str) -> Path | None:
    return next((run / n for n in names if (run / n).is_file()), None)


def load(path: Path) -> Run:
    """The run in the folder @path."""
    run = Run(path)
    ledger = first_of(path, "ledger.sqlite")
    check = first_of(path, "check.json", "check/check.json")
    if not ledger and not check:
        raise RunError(f"{path}: no run: neither ledger.sqlite nor check.json "
                       "is in it; 'treewide convert' and 'treewide check' "
                       "make runs (--run DIR)")
    flow = Flow()
    if ledger:
        flow = read_ledger(run, ledger)
    else:
        run.missing.append("There is no ledger.sqlite: this is the run of a "
                           "check alone, and knows no sites.")
    if made := first_of(path, "convert.json"):
        run.convert = read_json(made, "the summary of convert")
        if ledger and (run.convert.get("sites") != run.fates() or any(
                run.convert.get(k) != run.meta.get(k)
                for k in ("conversion", "release", "tree"))):
            run.convert = None
            run.missing.append("convert.json is of another conversion than "
                               "the ledger; nothing is taken from it.")
    elif ledger and "policy" in run.meta:
        run.missing.append("There is no convert.json: which cells were read "
                           "or not, and what convert complained of, is known "
                           "only as far as the ledger tells.")
    if ledger and "policy" not in run.meta:
        run.missing.append("The ledger is that of a scan: nothing was "
                           "converted.")
    name = run.meta.get("conversion", "")
    patch = path / f"{name}.patch" if re.fullmatch(r"[\w.-]+", name) else None
    if ledger and patch and patch.is_file():
        read_patch(run, patch)
    elif ledger:
        run.missing.append(f"There is no {name or 'CONVERSION'}.patch: edits "
                           "are not shown.")
    join_edits(run, flow)
    join_cells(run, flow)
    if check:
        join_check(run, check)
    else:
        run.missing.append(
            "There is no check.json: nothing was built, and no edit has a "
            "grade. To make one: " + shlex.join(
                ["treewide", "check", "--tree", run.meta.get("tree", "TREE"),
                 "--patch", str(path / (run.patch_name or "PATCH")),
                 "--run", str(path)]))
    if audit := first_of(path, "audit.json"):
        run.audit = read_json(audit, "the report of audit typedefs")
        if run.audit.get("audit") != "typedefs" or \
                not isinstance(run.audit.get("cells"), list) or \
                not isinstance(run.audit.get("typedefs"), list):
            raise RunError(f"{audit}: no report of 'treewide audit typedefs "
                           "--format json'")
    else:
        tree = str(run.meta.get("tree")
                   or (run.check or {}).get("tree", "TREE"))
        run.missing.append(
            "There is no audit.json, so there is no atlas of the archs. To "
            "make one: " + shlex.join(
                ["treewide", "audit", "typedefs", "--tree", tree, "--format",
                 "json", "-o", str(path / "audit.json")]))
    if made := first_of(path, "run.json"):
        stages = read_json(made, "the record of a run").get("stages")
        run.stages = [s for s in stages if isinstance(s, dict)] \
            if isinstance(stages, list) else []
    run.cells.sort(key=lambda c: c.name)
    return run


# Verdict

GOOD, PART, BAD = "good", "part", "bad"


def verdict(run: Run) -> tuple[str, str, str]:
    """How it went (GOOD, PART or BAD), in a word or two, in a sentence."""
    said: list[str] = []
    level, label = GOOD, "complete"

    def worse(to: str, word: str) -> None:
        nonlocal level, label
        order = (GOOD, PART, BAD)
        if order.index(to) > order.index(level):
            level, label = to, word

    if run.meta:
        fates = run.fates()
        total, open_ = len(run.sites), fates["unresolved"]
        counts = ", ".join(f"{n} {f}" for f, n in fates.items() if n)
        if open_ and "policy" not in run.meta:
            worse(PART, "scanned only")
            said.append(f"{total} sites were found, none of them has a fate "
                        "yet")
        elif open_:
            worse(BAD, "incomplete")
            said.append(f"{open_} of {total} sites are without a fate "
                        f"({counts})")
        else:
            said.append(f"each of {total} sites has a fate ({counts})"
                        if total else "there is no site")
        problems = run.problems()
        if problems:
            worse(BAD, "incomplete")
            said.append(f"convert met {plural(len(problems), 'problem')}")
        elif problems is None and "policy" in run.meta:
            worse(PART, "not fully known")
            said.append("what convert complained of is not recorded")
    empty = bool(run.patch_name) and not run.hunks
    if run.check:
        cells = [c for c in run.check["cells"] if c["state"] == "built"]
        total = sum(c["objects"] for c in cells)
        same = sum(c["identical"] + c["normalised"] for c in cells)
        asked = len(run.check["cells"])
        said.append(f"{len(cells)} of {plural(asked, 'cell')} built, {same} "
                    f"of {plural(total, 'object')} are the same code before "
                    "and after")
        cover = run.check["coverage"]
        if cover["lines"]:
            said.append(f"{cover['compiled']} of {cover['lines']} changed "
                        "lines of code were compiled")
            if cover["compiled"] < cover["lines"]:
                worse(PART, "checked in part")
        if run.check["verdict"] == "failed":
            bad = sum(c["state"] == "failed" or bool(
                          c["new_errors"] or c["new_warnings"]
                          or c["new_sparse"]) for c in run.check["cells"])
            differ = sum(bool(c["different"]) for c in run.check["cells"])
            worse(BAD, "findings")
            said.append("something failed or warns anew in "
                        + plural(bad, "cell") if bad
                        else "nothing failed or warns anew")
            if differ:
                said.append(f"the code differs in {plural(differ, 'cell')}")
        elif run.check["verdict"] != "ok":
            worse(PART, "checked in part")
            said.append("not every cell was fully checked")
    elif empty:
        said.append("the patch is empty")
    elif run.hunks:
        worse(PART, "not checked")
        said.append("the patch was built in no cell")
    what = " ".join(v for v in (
        run.meta.get("conversion") or "check of a patch",
        "on Linux", run.meta.get("release")
        or (run.check or {}).get("release", "")) if v)
    return level, label, f"{what}: {'; '.join(said) or 'nothing is known'}."


