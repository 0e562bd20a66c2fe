# SPDX-License-Identifier: GPL-2.0-only
"""
What all cells of a check say together, as data: which changed lines no cell
compiled and under which condition one would, the weakest grade of each hunk,
and the verdict as a sentence.
"""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..base.words import count_of, some
from ..patch import patchset
from .inputs import Inputs
from .result import NOT_SEEN, ORDER, CellResult
from .users import scope


def built_if(tree: Path, stage: Path, path: str) -> list[str]:
    """The options that the Makefiles ask for before they build @path (a
    source), as far as they say so plainly."""
    found: list[str] = []
    folder, _, name = path.rpartition("/")
    word = re.sub(r"\.[cS]$", ".o", name)
    while folder:
        for made in ("Kbuild", "Makefile"):
            file = stage / folder / made
            if not file.is_file():
                file = tree / folder / made
            if file.is_file():
                text = file.read_text("utf-8", "replace")
                found += _asked(text.replace("\\\n", " "), word, 0)
                break
        folder, _, last = folder.rpartition("/")
        word = last + "/"
    return list(dict.fromkeys(found))


_ASSIGN = re.compile(r"^[ \t]*([\w.-]+?)-(y|m|objs|\$\((CONFIG_\w+)\))"
                     r"\s*[:+]?=([^\n#]*)", re.MULTILINE)


def _asked(text: str, word: str, depth: int) -> list[str]:
    for m in _ASSIGN.finditer(text):
        if word not in m[4].split():
            continue
        own = [m[3]] if m[3] else []
        if m[1] in ("obj", "lib") or depth > 3:
            return own
        return own + _asked(text, m[1] + ".o", depth + 1)
    return []


def coverage(inputs: Inputs, cells: list[CellResult]) -> dict[str, Any]:
    """Of the changed lines of code: how many some cell compiled, in which
    cells, and each other line with the condition under which one would."""
    wanted = inputs.marks.wanted()
    by_line: dict[tuple[str, int], list[str]] = {}
    defined: set[tuple[str, int]] = set()
    unknown: set[tuple[str, int]] = set()
    for cell in cells:
        for file, lines in cell.lines.items():
            for n in lines:
                by_line.setdefault((file, n), []).append(cell.cell)
        for into, theirs in ((defined, cell.lines_defined),
                             (unknown, cell.lines_unknown)):
            into.update((f, n) for f, ls in theirs.items() for n in ls)
    broken = {file for c in cells if c.not_built_after for file in c.covered}
    made_of = {file for c in cells for file in c.header_sources}
    total = sum(len(lines) for lines in wanted.values())
    missing = []
    ranges: list[dict[str, Any]] = []
    for file, lines in sorted(wanted.items()):
        text = inputs.after(file).split(b"\n")
        for n in (line + 1 for line in lines):
            seen = sorted(set(by_line.get((file, n), [])))
            if seen:
                if ranges and ranges[-1]["file"] == file and \
                        ranges[-1]["cells"] == seen and \
                        ranges[-1]["last"] == n - 1:
                    ranges[-1]["last"] = n
                else:
                    ranges.append({"file": file, "first": n, "last": n,
                                   "cells": seen})
                continue
            missing.append({
                "file": file, "line": n,
                "text": text[n - 1].decode("utf-8", "replace").strip(),
                "state": "unknown" if (file, n) in unknown else "not compiled",
                "condition": "an object (headers or programs of the build are "
                "made of it)" if file in made_of else
                _condition(inputs, file, n, (file, n) in defined)
                + (", objects that build (see the errors)"
                   if file in broken else "")})
    done = total - len(missing)
    return {"lines": total, "compiled": done,
            "percent": round(100 * done / total, 2) if total else 100.0,
            "ranges": ranges, "uncompiled": missing}


def _condition(inputs: Inputs, file: str, line: int, defined: bool) -> str:
    """What would have to be so for the line to be compiled."""
    item = inputs.marks.lines[file][line - 1]
    parts = []
    if scope(file):
        parts.append(f"arch {scope(file)}")
    if file.startswith(("tools/", "samples/", "scripts/", "usr/")):
        parts.append(f"{file.split('/')[0]}/ built, which is no part of the "
                     "kernel")
    if file.endswith((".c", ".S")):
        parts += built_if(inputs.tree, inputs.stage, file)
    parts += item.conditions
    if item.macro:
        parts.append(f"{item.macro} expanded" + (
            " (it is defined, and no code that was compiled uses it)"
            if defined else ""))
    elif file.endswith(".h") and not parts:
        parts.append("a source that includes the file")
    return ", ".join(dict.fromkeys(parts)) or \
        "a source or config that reaches the line"


def hunks(inputs: Inputs, cells: list[CellResult]) -> list[dict[str, Any]]:
    """Each hunk with its grade in each cell and the weakest of all."""
    result = []
    for h in inputs.hunks:
        if not patchset.is_code(h.file):
            continue
        grades = {c.cell: c.hunks[str(h.number)] for c in cells
                  if str(h.number) in c.hunks}
        compared = [g for g in grades.values() if g in ORDER]
        functions: dict[str, set[str]] = {}
        for c in cells:
            objs = set(c.hunk_objects.get(str(h.number), []))
            for d in c.differences:
                if d["object"] in objs:
                    for f in d["functions"]:
                        functions.setdefault(f["name"], set()).add(c.cell)
        result.append({
            "number": h.number, "file": h.file, "old": h.old, "new": h.new,
            "function": h.function,
            "line": (h.added or (h.new or h.old,))[0],
            "grade": max(compared, key=ORDER.index) if compared
            else next(iter(grades.values()), NOT_SEEN),
            "cells": grades,
            "differs_in": {f: sorted(c) for f, c in sorted(
                functions.items())}})
    return result


def texts_only(inputs: Inputs) -> bool:
    """Does the patch change nothing but what people read (or nothing)?"""
    return all(patchset.is_text(p) for p in patchset.paths(inputs.changes))


def sentence(result: dict[str, Any], cells: list[CellResult],
             inputs: Inputs) -> str:
    """The verdict in words."""
    if not result["patch"]["files"]:
        return "The patch is empty: there is nothing to check."
    if texts_only(inputs):
        return "The patch changes documentation only: nothing of it is compiled."
    built = [c for c in cells if c.state == "built"]
    total = sum(c.objects for c in built)
    parts = []
    if result["verdict"] == "ok":
        same = sum(c.identical for c in cells)
        moved = sum(c.normalised for c in cells)
        every = f"All {len(built)} cells" if len(built) > 1 else "The cell"
        parts.append(f"{every} built; of {count_of(total, 'object')} "
                     f"{same} {'is' if same == 1 else 'are'} byte-identical "
                     "before and after"
                     + (f", {moved} {'differs' if moved == 1 else 'differ'} "
                        "in line numbers only" if moved else "") + ".")
    elif result["verdict"] == "failed":
        bad = [c.cell for c in cells if c.verdict == "failed"]
        other = [c.cell for c in cells if c.cell in bad and c.only_differs]
        wrong = [name for name in bad if name not in other]
        if wrong:
            parts.append(f"The patch fails in {len(wrong)} of "
                         f"{count_of(len(cells), 'cell')}: "
                         f"{', '.join(wrong)}.")
        if other:
            parts.append("It" if wrong else "The patch")
            parts[-1] += " builds and the code is not the same in " \
                f"{len(other)} of {count_of(len(cells), 'cell')}: " \
                f"{', '.join(other)}."
    unbuilt = [c.cell for c in cells if c.verdict == "incomplete"]
    if unbuilt:
        parts.append(f"Not fully checked: {', '.join(unbuilt)}.")
    elif result["verdict"] == "incomplete":
        parts.append("No cell compiles a file of the patch, or what it "
                     "concerns.")
    extra = sum(len(c.added) + len(c.removed) for c in built)
    if extra:
        parts.append("Only before or only after there are, with nothing to "
                     f"be compared with: {extra}.")
    lines = result.get("coverage", {})
    if lines.get("lines"):
        parts.append(f"{lines['compiled']} of "
                     f"{count_of(lines['lines'], 'changed line')} "
                     f"of code {'was' if lines['compiled'] == 1 else 'were'} "
                     f"compiled ({lines['percent']} %).")
    if result["uncompiled"]:
        parts.append(f"No cell compiled {len(result['uncompiled'])} of the "
                     f"patched files: {some(result['uncompiled'])}.")
    if result.get("left_out"):
        parts.append("Left out, for want of their compilers: "
                     f"{', '.join(result['left_out'])}.")
    return " ".join(parts)
