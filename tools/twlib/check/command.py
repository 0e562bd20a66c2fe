# SPDX-License-Identifier: GPL-2.0-only
"""
treewide check: what a patch does to a kernel tree, in each cell.

Takes any patch and any tree.  In each cell it cross-builds what the patch
concerns, before and after, lets sparse read it, finds out which changed lines
were compiled, and grades how much the objects differ.  The work of a cell is
a job of its own (cellcheck.py); this chooses and orders the cells, runs their
jobs one after another and merges what came out (report.py).

Refuses what cannot be judged: a patch that does not apply as it stands, a
tree built in place.  A cell without its compiler is `not built`; nothing
that was not compiled counts as passed.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import difflib
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

from ..base import cache
from ..cells import kbuild
from . import cellcheck, objects, summary, users
from ..patch import patchset
from .cellcheck import CellCheck, CellResult, CheckError, Inputs, Job
from ..cells.cellfile import Cell, CellError, cells_load, cells_select
from ..base.output import inside, write_whole
from ..patch.patchset import PatchError
from .summary import verdict
from ..base.sandbox import GIB, Sandbox, SandboxError

VERSION = 1
FREE = 2 * GIB          # wanted on the disk of the cache, bytes
# What the cache may hold: results, and build folders of trees as they are.
LIMITS = {"check": 1 * GIB, "before": 12 * GIB, "units": GIB // 10}

OK, FAILED, INCOMPLETE, FATAL, USAGE = 0, 1, 2, 128, 129
EXIT = {"ok": OK, "failed": FAILED, "incomplete": INCOMPLETE}


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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


# Which cells, in which order

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


# The check

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


# --show and --list-cells

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
            rows = [objects.disassembly(cellcheck.disassemble(
                known[c["cell"]], folder / side, d["object"])).get(
                    function, []) for side in ("before", "after")]
            shown.append(f"== {c['cell']}: {d['object']}: "
                         f"{summary.function_text(hit[0])}\n"
                         + side_by_side(*rows) + "\n")
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
    return "\n".join(summary.columns(rows, 4)) + "\n"


# The command

class Parser(argparse.ArgumentParser):
    """argparse with the exit status of treewide for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def jobs_value(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


jobs_value.__name__ = "number of jobs"


def arguments() -> Parser:
    parser = Parser(
        prog="treewide check", description="Apply a patch to a private copy "
        "and cross-build what it concerns, before and after, in each cell: "
        "compiler, sparse, which changed lines were compiled, how much the "
        "objects differ.  The tree is only read.",
        epilog="Exit status: 0 all cells built and no object differs; 1 "
        "something failed, differs or warns anew; 2 a cell was not built or "
        "not fully checked; 128 fatal; 129 usage.")
    parser.add_argument("-C", dest="chdir", metavar="DIR",
                        help="change to DIR first")
    parser.add_argument("--tree", metavar="DIR", help="the kernel tree")
    parser.add_argument("--patch", metavar="FILE",
                        help="a unified diff with a/ and b/ (- for standard "
                        "input)")
    parser.add_argument("--each", metavar="DIR",
                        help="in place of --patch: a series; the tree is "
                        "checked with its first patch, with the first two, "
                        "and so on")
    parser.add_argument("--cells", metavar="LIST", action="append",
                        help="auto (default): all that the patch concerns and "
                        "that have their compiler; all; or cells and archs, "
                        "separated by commas")
    parser.add_argument("--cover", metavar="RUN",
                        help="with --each: of these cells the fewest that "
                        "between them compiled all lines in RUN, a check of "
                        "the whole patch")
    parser.add_argument("--whole", metavar="DIRS", action="append",
                        default=[], help="build all that the config builds in "
                        "these folders, too")
    parser.add_argument("--object", metavar="NAME", action="append",
                        default=[], help="of what would be built only this "
                        "object: mm/memory.o")
    parser.add_argument("-W", dest="extra_warnings", action="store_true",
                        help="more warnings (kbuild's W=1)")
    parser.add_argument("--no-sparse", action="store_true",
                        help="do not run sparse")
    parser.add_argument("-j", "--jobs", type=jobs_value, metavar="N",
                        default=len(os.sched_getaffinity(0)),
                        help="compilers at once (default: the processors)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the build folders in the run")
    parser.add_argument("--no-cache", action="store_true",
                        help="build also what was checked before")
    parser.add_argument("--format", choices=("table", "json", "sarif"),
                        default="table", help="the report (default: table)")
    parser.add_argument("-o", "--output", metavar="PATH",
                        help="write the report to the file PATH; if that is a "
                        "folder, all three formats into it")
    parser.add_argument("--run", metavar="DIR",
                        help="where jobs, logs and the result go (default: a "
                        "new folder below the state directory)")
    parser.add_argument("--list-cells", action="store_true",
                        help="show the cells, their compilers and packages")
    parser.add_argument("--show", metavar="FUNCTION",
                        help="show its disassembly before and after, side by "
                        "side: of this check, or without --patch of the run "
                        "(default: the last)")
    parser.add_argument("--plan", action="store_true",
                        help="write the jobs of the cells (RUN/cells/*/"
                        "job.json) and do none; a check with the same --run "
                        "takes what has been done since")
    parser.add_argument("--job", metavar="FILE",
                        help="do the one job that FILE holds; result.json is "
                        "beside it")
    return parser


def runs_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local/state"
    return root / "treewide" / "runs"


def new_run_dir() -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return runs_dir() / f"check-{stamp}-{os.getpid()}"


def error_text(err: BaseException) -> str:
    """An error in words: no number of the system's."""
    if isinstance(err, OSError) and err.strerror:
        what = f"{err.filename}: " if err.filename else ""
        return f"{what}{err.strerror}"
    return str(err)


def folders(tree: Path, lists: list[str]) -> list[str]:
    """The folders that --whole names."""
    found = []
    for name in (n.strip().strip("/") for text in lists
                 for n in text.split(",")):
        if not name or not (tree / name).is_dir() or ".." in name.split("/"):
            raise CheckError(f"--whole {name}: no such folder in {tree}")
        found.append(name)
    return found


def tree_of(name: str) -> Path:
    tree = Path(name).resolve()
    if not tree.is_dir():
        raise CheckError(f"{name}: no such folder; --tree names a kernel "
                         "tree")
    kbuild.tree_check(tree)
    return tree


def make_check(args: argparse.Namespace, run_dir: Path,
               stage: Path) -> Check:
    """Everything that is needed before the first cell."""
    tree = tree_of(args.tree)
    patch = Path(args.patch).absolute()
    if args.patch == "-":
        patch = run_dir / "check.patch"
        patch.write_bytes(sys.stdin.buffer.read())
    whole = folders(tree, args.whole)
    inputs = Inputs.read(tree, patch, args.patch if args.patch != "-"
                         else "standard input", stage)
    inputs.say, inputs.whole = progress, whole
    cells, left_out = cells_wanted(args.cells, inputs)
    template = Job(str(tree), str(patch), "", "", args.jobs, whole,
                   list(args.object), args.extra_warnings,
                   not args.no_sparse, args.no_cache, args.keep)
    return Check(inputs, in_order(cells, inputs), left_out, run_dir, template)


def write_report(result: dict[str, Any], how: str, output: str | None) -> None:
    cells = [CellResult.of(c) for c in result["cells"]]
    texts = {
        "json": json.dumps(result, indent=1) + "\n",
        "sarif": json.dumps(summary.sarif(result, cells), indent=1) + "\n",
        "table": summary.table(result, cells)}
    write_whole(Path(result["run"]) / "check.json", texts["json"])
    if output and (output.endswith("/") or Path(output).is_dir()):
        Path(output).mkdir(parents=True, exist_ok=True)
        for kind, name in (("json", "check.json"), ("sarif", "check.sarif"),
                           ("table", "check.txt")):
            write_whole(Path(output) / name, texts[kind])
    elif output:
        write_whole(Path(output).absolute(), texts[how])
    else:
        sys.stdout.write(texts[how])
        sys.stdout.flush()


def do_job(file: Path) -> int:
    job = Job.read(file)
    with tempfile.TemporaryDirectory(
            prefix="check-job-", dir=cache.cache_dir("work")) as work:
        Sandbox(None, None).check()
        inputs = Inputs.read(tree_of(job.tree), Path(job.patch), job.patch,
                             Path(work) / "stage")
        inputs.say, inputs.whole = progress, job.whole
        result = run_job(job, inputs)
    print(Path(job.out) / "result.json")
    return EXIT[result.verdict]


def do_check(args: argparse.Namespace) -> int:
    tree_of(args.tree)
    if args.patch != "-" and not Path(args.patch).is_file():
        raise CheckError(f"{args.patch}: no such file; --patch names a "
                         "unified diff")
    run_dir = Path(args.run).absolute() if args.run else new_run_dir()
    run_dir.mkdir(parents=True, exist_ok=True)
    where = cache.cache_dir("work")
    remove_leftovers(where)
    if shutil.disk_usage(where).free < FREE:
        raise CheckError(f"{where}: less than {FREE // GIB} GiB free; "
                         "make room or set XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory(prefix="check-stage-",
                                     dir=where) as work:
        check = make_check(args, run_dir, Path(work) / "stage")
        if args.plan:
            for cell in check.cells:
                job = check.job(cell)
                job.write(job.path)
                print(job.path)
            return OK
        result = run(check)
    cells = result["cells"]
    if args.object and cells and not any(c["objects"] for c in cells) \
            and all(c["state"] in ("built", "absent") for c in cells):
        raise CheckError(f"--object: {cells[0]['cell']}: "
                         f"{cells[0]['reason']}")
    if args.show:
        write_whole(run_dir / "check.json", json.dumps(result, indent=1))
        sys.stdout.write(show(args.show, run_dir, None))
    else:
        write_report(result, args.format, args.output)
    return EXIT[str(result["verdict"])]


def main(argv: list[str] | None = None) -> int:
    parser = arguments()
    args = parser.parse_args(argv)
    if not (args.list_cells or args.job or (args.show and not args.patch)) \
            and not (args.tree and (args.patch or args.each)):
        parser.error("--tree and --patch (or --each) are needed")
    for option, path in (("-o", args.output), ("--run", args.run)):
        if args.tree and path and inside(path, args.tree):
            parser.error(f"{option} {path}: is in the tree, which is only "
                         "read; name another place")
    if args.each and (args.patch or args.plan or args.show
                      or args.format == "sarif"):
        parser.error("--each goes with none of --patch, --plan, --show and "
                     "--format sarif")
    if args.cover and not args.each:
        parser.error("--cover goes with --each")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cell_names(args.cells)
    except CellError as err:
        parser.error(str(err))
    try:
        if args.chdir:
            os.chdir(args.chdir)
        if args.list_cells:
            sys.stdout.write(list_cells())
            return OK
        if args.job:
            return do_job(Path(args.job).absolute())
        if args.show and not args.patch:
            where = Path(args.run).absolute() if args.run else last_run()
            sys.stdout.write(show(args.show, where, args.cells))
            return OK
        if args.each:
            from . import each
            return each.run(args)
        return do_check(args)
    except (CheckError, PatchError, CellError, kbuild.TreeError,
            SandboxError, users.ToolError, OSError) as err:
        print(f"treewide check: {error_text(err)}", file=sys.stderr)
        return FATAL
    except KeyboardInterrupt:
        print("treewide check: interrupted; the same command goes on where "
              "it was", file=sys.stderr)
        return 130
