# SPDX-License-Identifier: GPL-2.0-only
"""The command behind `treewide audit accessors`: a process a cell, then the
report.  Exit status: 0 answered; 2 a cell could not be read, or an arch has
none; 128 fatal; 129 usage.
"""
from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import report
from .cell import main_cell
from .rules import RulesError, rules_of
from ..base.cache import tools_dir
from ..base.options import Parser
from ..base.output import write_whole
from ..base.say import error, out
from ..base.status import FATAL, INCOMPLETE, OK

SECONDS = 3600          # for one cell: the questions have limits of their own
INPUT_VERSION = 1


def child(asked: dict[str, Any], cell: dict[str, Any]) -> dict[str, Any]:
    """One cell in a process of its own."""
    text = json.dumps({"cell": cell, "conversion": asked["conversion"],
                       "rules": asked["rules"], "tree": asked["tree"]})
    program = tools_dir() / "treewide-audit-accessors"
    why = ""
    try:
        done = subprocess.run([sys.executable, str(program), "--cell"],
                              input=text, capture_output=True, text=True,
                              check=False, timeout=SECONDS)
        if done.returncode == 0:
            return dict(json.loads(done.stdout))
        last = done.stderr.strip().splitlines()
        why = last[-1] if last else f"it ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        why = f"not done in {SECONDS} s"
    except ValueError:
        why = "its answers cannot be read"
    return {"cell": cell["cell"], "arch": cell["arch"], "read": False,
            "reason": why}


def audit(asked: dict[str, Any], jobs: int) -> dict[str, Any]:
    """All cells."""
    def one(cell: dict[str, Any]) -> dict[str, Any]:
        if not cell.get("facts"):
            return {"cell": cell["cell"], "arch": cell["arch"], "read": False,
                    "reason": cell.get("reason", "it was not read")}
        found = child(asked, cell)
        if sys.stderr.isatty():
            print(f"accessors: {cell['cell']}", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        cells = list(pool.map(one, asked["cells"]))
    return {"version": report.VERSION, "audit": "accessors",
            "conversion": asked["conversion"], "tree": asked["tree"],
            "release": asked["release"],
            "cells": sorted(cells, key=lambda c: str(c["cell"])),
            "archs_without_cell": asked["archs_without_cell"],
            "absent": asked["absent"]}


def write(text: str, path: str | None) -> None:
    if not path:
        out(text)
        return
    write_whole(Path(path), text)


def main() -> int:
    parser = Parser(prog="treewide-audit-accessors")
    parser.add_argument("-j", dest="jobs", type=int, default=1)
    parser.add_argument("--format", default="table",
                        choices=("table", "json", "markdown"))
    parser.add_argument("-o", dest="output")
    parser.add_argument("--cell", action="store_true",
                        help="one cell, for this program itself")
    args = parser.parse_args()
    if args.cell:
        return main_cell()
    try:
        asked = json.load(sys.stdin)
        if asked["version"] != INPUT_VERSION:
            raise ValueError("it comes from another version of treewide")
        rules_of(asked)                 # wrong rules are told once
        found = audit(asked, args.jobs)
        write(report.render(found, args.format), args.output)
    except (RulesError, OSError) as e:
        error("treewide: error", str(e))
        return FATAL
    except (ValueError, KeyError) as e:
        error("treewide: error",
              f"what the driver found cannot be used: {e}")
        return FATAL
    whole = all(c["read"] for c in found["cells"]) \
        and not found["archs_without_cell"]
    return OK if whole else INCOMPLETE
