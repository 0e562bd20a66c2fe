# SPDX-License-Identifier: GPL-2.0-only
"""--show and --list-cells: a function's code before and after, side by side;
the cells and what they need."""
from __future__ import annotations

import difflib
import json
from pathlib import Path

from ..base.rundir import runs_dir
from ..base.words import columns
from ..cells import kbuild
from ..cells.cellfile import cells_load
from . import objects
from .choose import has_compiler
from .grades import disassemble
from .job import CheckError
from .table import function_text


def last_run() -> Path:
    runs = sorted(runs_dir().glob("check-*/check.json"),
                  key=lambda p: p.stat().st_mtime)
    if not runs:
        raise CheckError(f"{runs_dir()}: no check was run yet; give --tree "
                         "and --patch, or --run DIR")
    return runs[-1].parent


def side_by_side(one: list[str], two: list[str], width: int = 52) -> str:
    """Two lists of instructions; ! changed, < gone, > new."""
    lines = []
    plain = difflib.SequenceMatcher(
        None, objects.plain_rows(one), objects.plain_rows(two),
        autojunk=False)
    for tag, a1, a2, b1, b2 in plain.get_opcodes():
        left, right = one[a1:a2], two[b1:b2]
        for i in range(max(len(left), len(right))):
            a = left[i] if i < len(left) else ""
            b = right[i] if i < len(right) else ""
            mark = " " if tag == "equal" else "!" if a and b else \
                "<" if a else ">"
            lines.append(f"{a[:width]:{width}} {mark} {b[:width]}".rstrip())
    return "\n".join(lines)


def show(function: str, run_dir: Path, wanted: list[str] | None) -> str:
    """A function's disassembly before and after, in each cell where it
    differs."""
    file = run_dir / "check.json"
    try:
        result = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as err:
        raise CheckError(f"{run_dir}: no check in it ({err})") from err
    names = [n for text in wanted or [] for n in text.split(",") if n]
    known = cells_load()
    shown, there = [], set()
    for c in result["cells"]:
        if names and not {c["cell"], c["cell"].split("/")[0]} & set(names):
            continue
        folder = run_dir / "cells" / c["cell"].replace("/", "-") / "objects"
        for d in c["differences"]:
            there |= {f["name"] for f in d["functions"]}
            hit = [f for f in d["functions"] if f["name"] == function]
            if not hit or c["cell"] not in known:
                continue
            one, two = (objects.disassembly(disassemble(
                known[c["cell"]], folder / side, d["object"])).get(
                    function, []) for side in ("before", "after"))
            shown.append(f"== {c['cell']}: {d['object']}: "
                         f"{function_text(hit[0])}\n"
                         + side_by_side(one, two) + "\n")
    if not shown:
        near = difflib.get_close_matches(function, sorted(there), 3)
        raise CheckError(
            f"{function}: in {run_dir} no such function differs"
            + (f"; near it: {', '.join(near)}" if near else
               f"; these do: {', '.join(sorted(there)[:10])}" if there
               else "; none does"))
    return "\n".join(shown)


def list_cells() -> str:
    """Which cells there are, and what is missing to build them."""
    rows = [("cell", "compiler", "installed", "to install it")]
    for cell in cells_load().values():
        if not cell.build:
            rows.append((cell.name, "-", "-", "can only be read"))
            continue
        there = has_compiler(cell)
        packages = cell.build.packages or kbuild.cell_packages(
            cell, "build")[:3]
        rows.append((cell.name, cell.build.compiler, "yes" if there else "no",
                     "" if there else "make toolchains"
                     if cell.build.toolchain
                     else "apt-get install " + " ".join(packages)))
    return "\n".join(columns(rows, 4)) + "\n"
