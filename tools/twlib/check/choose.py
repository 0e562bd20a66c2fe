# SPDX-License-Identifier: GPL-2.0-only
"""Which cells a check looks at, and in which order."""
from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from ..base import cache
from ..base.output import write_whole
from ..base.say import error_text
from ..cells import kbuild
from ..cells.cellfile import Cell, CellError, cells_load, cells_select
from ..patch import patchset
from . import users
from .inputs import Inputs
from .job import CheckError
from .result import CellResult


def has_compiler(cell: Cell) -> bool:
    return not kbuild.toolchain(cell, "build")[1]


def concerned(cell: Cell, scopes: set[str]) -> bool:
    """May the cell compile code of the folders of arch/ in @scopes?"""
    borrowed = [v.partition("=")[2] for v in cell.make
                if v.startswith("SUBARCH=")]
    return "" in scopes or cell.srcarch in scopes or any(
        s and b.startswith(s) for s in scopes for b in borrowed)


def cell_names(lists: list[str] | None) -> list[str]:
    """What --cells names; CellError if it is nothing, or unknown."""
    names = [n.strip() for text in (["auto"] if lists is None else lists)
             for n in text.split(",")]
    names = [n for n in names if n]
    if not names:
        raise CellError("--cells names no cell: give auto, all, cells or "
                        "archs (--list-cells shows them)")
    cells_select(cells_load(), set(names) - {"auto", "all"}, "build")
    return names


def cells_wanted(lists: list[str] | None, inputs: Inputs
                 ) -> tuple[list[Cell], list[str]]:
    """The cells to check and, for `auto`, the names of those that would be
    checked if they had a compiler."""
    known = cells_load()
    names = cell_names(lists)
    if "all" in names:
        return cells_select(known, [], "build"), []
    rest = [n for n in names if n != "auto"]
    chosen = {c.name: c for c in cells_select(known, rest, "build")} \
        if rest else {}
    left_out = []
    if "auto" in names:
        scopes = {users.scope(p) for p in patchset.paths(inputs.changes)
                  if not p.startswith("Documentation/")}
        for cell in cells_select(known, [], "build"):
            if not concerned(cell, scopes) or cell.name in chosen:
                continue
            if has_compiler(cell):
                chosen[cell.name] = cell
            else:
                left_out.append(cell.name)
    return list(chosen.values()), left_out


def cover(run: Path) -> set[str]:
    """The fewest cells (greedily) that between them compiled all changed lines
    of code that the check in @run found compiled in any."""
    file = run / "check.json"
    try:
        ranges = json.loads(file.read_text("utf-8"))["coverage"]["ranges"]
        left = {(r["file"], n): set(r["cells"]) for r in ranges
                for n in range(r["first"], r["last"] + 1)}
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise CheckError(f"{run}: no check with compiled lines in it; --cover "
                         "names the run of a 'treewide check --patch' "
                         f"({error_text(err)})") from err
    chosen: set[str] = set()
    while left:
        count: dict[str, int] = {}
        for cells in left.values():
            for name in cells:
                count[name] = count.get(name, 0) + 1
        best = min(count, key=lambda c: (-count[c], c))
        chosen.add(best)
        left = {k: v for k, v in left.items() if best not in v}
    return chosen


def history_path() -> Path:
    return cache.cache_dir("check") / "history.json"


def history() -> dict[str, dict[str, Any]]:
    """How each cell's last check went; a hint, so damage is no error."""
    try:
        value = json.loads(history_path().read_text("utf-8"))
        return {k: dict(v) for k, v in value.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def in_order(cells: list[Cell], inputs: Inputs) -> list[Cell]:
    """The likeliest failure first: cells that failed the last time, then the
    archs that the patch changes most."""
    past = history()
    weight: dict[str, int] = {}
    for h in inputs.hunks:
        weight[users.scope(h.file)] = weight.get(users.scope(h.file), 0) + \
            len(h.added) + len(h.removed)
    return sorted(cells, key=lambda c: (
        not past.get(c.name, {}).get("failed", False),
        -weight.get(c.srcarch, 0), c.name))


class Clock:
    """How long the cells that are left may take."""

    def __init__(self, cells: list[Cell]) -> None:
        self.past, self.cells = history(), cells
        self.took: list[float] = []

    def done(self, result: CellResult) -> None:
        if result.cached or result.state in ("not built", "absent"):
            return
        self.took.append(result.seconds)
        self.past[result.cell] = {"seconds": result.seconds,
                                  "failed": result.verdict == "failed"}
        with contextlib.suppress(OSError):
            write_whole(history_path(), json.dumps(self.past))

    def left(self, number: int) -> str:
        """For the cells from @number on."""
        known = [float(self.past[c.name]["seconds"])
                 for c in self.cells[number:]
                 if "seconds" in self.past.get(c.name, {})]
        every = known + self.took
        if not every:
            return ""
        mean = sum(self.took or known) / len(self.took or known)
        left = sum(known) + mean * (len(self.cells) - number - len(known))
        return f" (about {left / 60:.0f} min left)" if left >= 60 \
            else f" (about {left:.0f} s left)"
