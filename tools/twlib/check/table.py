# SPDX-License-Identifier: GPL-2.0-only
"""The report of a check for people: a row a cell, what is wrong, the verdict
in words."""
from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ..base.words import columns, count_of, some
from .result import BROKEN, GRADES, MEANING, NOT_SEEN, ORDER, CellResult
from .users import scope


def table(result: dict[str, Any], cells: list[CellResult]) -> str:
    """For people: a row a cell, what is wrong, the verdict in words."""
    rows: list[tuple[str, ...]] = [
        ("cell", "state", "objects", "tokens", "bytes", "code", "size",
         "differs", "sparse", "warnings", "errors", "lines", "seconds")]
    for c in cells:
        compiled = sum(len(v) for v in c.lines.values())
        rows.append((
            c.cell, c.state,
            f"{c.objects} of {c.chosen_from}" if c.objects < c.chosen_from
            else str(c.objects),
            *(str(c.grades.get(g, 0)) for g in GRADES), _sparse_cell(c),
            str(len(c.new_warnings)), str(len(c.new_errors)), str(compiled),
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


def _sparse_cell(c: CellResult) -> str:
    if c.sparse.startswith("not"):
        return "-"
    return f"+{len(c.new_sparse)} -{len(c.vanished_sparse)}" + (
        f" ?{len(c.sparse_unknown)}" if c.sparse_unknown else "")


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
