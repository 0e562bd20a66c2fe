# SPDX-License-Identifier: GPL-2.0-only
"""
The report of a check: what all cells together say, as data, as a table for
people and as SARIF for CI.

Here the cells' results are merged: which changed lines no cell compiled and
under which condition one would, and the weakest grade of each hunk.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..patch import patchset
from .cellcheck import BROKEN, GRADES, CellResult, Inputs, count_of, some
from .users import scope

NOT_SEEN = "not seen"
ORDER = (*GRADES, BROKEN)
MEANING = {
    "tokens": "same tokens", "bytes": "same bytes", "code": "same code",
    "size": "same size", "differs": "differs"}


# Lines

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


# Hunks

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


# Words

def verdict(cells: Iterable[CellResult]) -> str:
    found = {c.verdict for c in cells}
    for worst in ("failed", "incomplete"):
        if worst in found:
            return worst
    return "ok"


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
        lines = sum(c.normalised for c in cells)
        every = f"All {len(built)} cells" if len(built) > 1 else "The cell"
        parts.append(f"{every} built; of {count_of(total, 'object')} "
                     f"{same} {'is' if same == 1 else 'are'} byte-identical "
                     "before and after"
                     + (f", {lines} {'differs' if lines == 1 else 'differ'} "
                        "in line numbers only" if lines else "") + ".")
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


def columns(rows: list[tuple[str, ...]], left: int = 2) -> list[str]:
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  ".join(v.ljust(w) if i < left else v.rjust(w)
                      for i, (v, w) in enumerate(zip(r, widths))).rstrip()
            for r in rows]


def _sparse_cell(c: CellResult) -> str:
    if c.sparse.startswith("not"):
        return "-"
    return f"+{len(c.new_sparse)} -{len(c.vanished_sparse)}" + (
        f" ?{len(c.sparse_unknown)}" if c.sparse_unknown else "")


def table(result: dict[str, Any], cells: list[CellResult]) -> str:
    """For people: a row a cell, what is wrong, the verdict in words."""
    rows = [("cell", "state", "objects", "tokens", "bytes", "code", "size",
             "differs", "sparse", "warnings", "errors", "lines", "seconds")]
    for c in cells:
        lines = sum(len(v) for v in c.lines.values())
        rows.append((
            c.cell, c.state,
            f"{c.objects} of {c.chosen_from}" if c.objects < c.chosen_from
            else str(c.objects),
            *(str(c.grades.get(g, 0)) for g in GRADES), _sparse_cell(c),
            str(len(c.new_warnings)), str(len(c.new_errors)), str(lines),
            "cached" if c.cached else f"{c.seconds:.0f}"))
    lines = [*columns(rows), ""] if cells else []
    for c in cells:
        lines += [f"{c.cell}: {n}" for n in _notes(c)]
    lines += [""] if lines and lines[-1] else []
    lines += _hunk_lines(result.get("hunks", []))
    lines += _coverage_lines(result.get("coverage", {}), cells)
    lines += [result["sentence"]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def function_text(f: dict[str, Any]) -> str:
    if f["size_before"] is None or f["size_after"] is None:
        return f"{f['name']} ({'gone' if f['size_after'] is None else 'new'})"
    said = f"{f['size_before']} bytes" \
        if f["size_before"] == f["size_after"] \
        else f"{f['size_before']} to {f['size_after']} bytes"
    one, two = f["insns_before"], f["insns_after"]
    if one is not None and two is not None:
        said += f", {two - one:+d} instructions" if one != two \
            else ", as many instructions"
    return f"{f['name']} ({said})"


def _notes(c: CellResult) -> list[str]:
    notes = [c.reason] if c.reason else []
    notes += [f"only after: {some(c.added)}"] if c.added else []
    notes += [f"only before: {some(c.removed)}"] if c.removed else []
    for d in c.differences[:5]:
        notes.append(f"different: {d['object']}: {d['what']}")
        if d["functions"]:
            notes.append("  functions: " + some(
                [function_text(f) for f in d["functions"]]))
    if len(c.differences) > 5:
        notes.append(f"and {len(c.differences) - 5} more that differ")
    fresh = [m for m in c.messages if m["kind"] == "new"]
    said = [*c.new_errors, *c.new_warnings, *c.new_sparse]
    notes += [f"new: {w}" for w in said[:5]]
    if len(said) > 5:
        notes.append(f"and {len(said) - 5} more messages")
    if fresh:
        notes.append(f"replay: {fresh[0]['replay']}")
    notes += [f"sparse on {w}" for w in c.sparse_unknown[:3]]
    if c.sparse.startswith("not run"):
        notes.append(f"sparse {c.sparse}")
    if c.objects < c.chosen_from:
        notes.append(f"built {c.choice}")
    if c.unseen:
        notes.append("not as before: " + some(c.unseen) + "; what uses them "
                     "was not looked for (--whole DIRS builds more)")
    if c.not_in_config:
        notes.append("not in this config: " + some(c.not_in_config))
    if c.uncovered_headers:
        notes.append("no object includes: " + some(c.uncovered_headers))
    if c.verdict == "failed":
        notes += [f"logs: {c.log}"] if c.log else []
        if not fresh:
            notes.append(f"replay: {c.replay}")
    return notes


def _hunk_lines(found: list[dict[str, Any]]) -> list[str]:
    if not found:
        return []
    count = Counter(h["grade"] for h in found)
    rows = [("hunks", "grade", "in cells")]
    for grade in (*ORDER, "nothing to compare", NOT_SEEN):
        if count[grade]:
            cells = {c for h in found if h["grade"] == grade
                     for c, g in h["cells"].items() if g == grade}
            rows.append((str(count[grade]), MEANING.get(grade, grade),
                         str(len(cells)) if cells else "-"))
    lines = [*columns(rows, 3), ""]
    for h in [h for h in found
              if h["grade"] in ("size", "differs", BROKEN)][:20]:
        place = f"{h['file']}:{h['line']}"
        if h["grade"] == BROKEN:
            lines.append(f"{place}: {BROKEN}: what reads it, in " + some(
                [c for c, g in h["cells"].items() if g == BROKEN]))
            continue
        by_cells: dict[str, list[str]] = {}
        for name, cells in h["differs_in"].items():
            by_cells.setdefault(some(cells), []).append(name)
        functions = [f"{some(names)} in {cells}"
                     for cells, names in by_cells.items()]
        lines.append(f"{place}: {MEANING[h['grade']]}: " + (
            "; ".join(functions[:3]) + ("; ..." if len(functions) > 3 else "")
            + " (--show FUNCTION)" if functions else "data only"))
    return [*lines, ""]


def _coverage_lines(found: dict[str, Any],
                    cells: list[CellResult]) -> list[str]:
    built = {c.cell.split("/")[0] for c in cells
             if c.state == "built" or c.objects}
    apart = Counter(scope(m["file"]) for m in found.get("uncompiled", []))
    lines = [f"arch/{arch}: {count_of(n, 'changed line')}, and no "
             "cell of it was built"
             for arch, n in sorted(apart.items())
             if arch and arch not in built]
    rest = [m for m in found.get("uncompiled", [])
            if not scope(m["file"]) or scope(m["file"]) in built]
    for m in rest[:30]:
        lines.append(f"{m['file']}:{m['line']}: {m['state']}; would be with: "
                     f"{m['condition']}")
    left = len(rest) - 30
    if left > 0:
        lines.append(f"and {left} more lines that no cell compiled (in "
                     "check.json)")
    return [*lines, ""] if lines else []


# SARIF 2.1.0

RULES = {
    "compile-error": ("error", "An object does not build after the patch."),
    "new-warning": ("warning", "The compiler warns of something new."),
    "new-sparse": ("warning", "Sparse warns of something new."),
    "object-differs": ("warning", "An object is not the same code."),
    "line-not-compiled": ("note", "No cell compiled a changed line."),
    "cell-failed": ("error", "A cell could not be checked."),
    "cell-not-built": ("note", "A cell was not built."),
}


def sarif(result: dict[str, Any], cells: list[CellResult]) -> dict[str, Any]:
    """The findings for CI; the same finding of many cells is one result."""
    found: dict[tuple[str, str, int, str], list[str]] = {}

    def add(rule: str, file: str, line: int, text: str, cell: str) -> None:
        found.setdefault((rule, file, line, text), []).append(cell)

    for c in cells:
        for m in c.messages:
            if m["kind"] == "new":
                rule = "new-sparse" if m["tool"] == "sparse" else \
                    "compile-error" if m["severity"] == "error" \
                    else "new-warning"
                add(rule, m["file"], m["line"], m["message"] + (
                    f" (used at {m['used_at']})" if m["used_at"] else ""),
                    c.cell)
        if c.state in ("not built", "absent"):
            add("cell-not-built", "", 0, f"{c.cell}: {c.reason}", c.cell)
        elif c.state == "failed" and not c.new_errors:
            add("cell-failed", "", 0, f"{c.cell}: {c.reason}", c.cell)
    for h in result.get("hunks", []):
        if h["grade"] in ("size", "differs"):
            for c in cells:
                if h["cells"].get(c.cell) in ("size", "differs"):
                    names = [f for f, where in h["differs_in"].items()
                             if c.cell in where]
                    add("object-differs", h["file"], h["line"],
                        f"{MEANING[h['grade']]}: " + (some(names) or "data"),
                        c.cell)
    for m in result.get("coverage", {}).get("uncompiled", []):
        add("line-not-compiled", m["file"], m["line"],
            f"{m['state']}; would be with: {m['condition']}", "")
    results = []
    for (rule, file, line, text), where in found.items():
        names = sorted({w for w in where if w})
        item: dict[str, Any] = {
            "ruleId": rule, "ruleIndex": list(RULES).index(rule),
            "level": RULES[rule][0],
            "message": {"text": text + (f" [{', '.join(names)}]"
                                        if names and file else "")},
            "properties": {"cells": names}}
        if file:
            place: dict[str, Any] = {"artifactLocation": {
                "uri": file, "uriBaseId": "SRCROOT"}}
            if line:
                place["region"] = {"startLine": line}
            item["locations"] = [{"physicalLocation": place}]
        results.append(item)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "treewide check",
                "rules": [{"id": rule, "shortDescription": {"text": text},
                           "defaultConfiguration": {"level": level}}
                          for rule, (level, text) in RULES.items()]}},
            "originalUriBaseIds": {"SRCROOT": {
                "description": {"text": "The kernel tree."}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": True}],
            "results": results}]}
