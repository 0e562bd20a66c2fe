# SPDX-License-Identifier: GPL-2.0-only
"""
treewide check: what a patch does to a kernel tree, in each cell.

Takes any patch and any tree.  In each cell it cross-builds what the patch
concerns, before and after, lets sparse read it, finds out which changed lines
were compiled, and grades how much the objects differ.

Refuses what cannot be judged: a patch that does not apply as it stands, a tree
built in place.  A cell without its compiler is `not built`; code that was not
compiled never counts as passed.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ..base.options import Parser, jobs_value
from ..base.output import inside, write_whole
from ..base.rundir import new_run_dir
from ..base.sandbox import Sandbox, SandboxError
from ..base.say import error, error_text, out, progress
from ..base.status import FATAL, FINDINGS, INCOMPLETE, INTERRUPTED, OK
from ..cells.cellfile import CellError
from ..cells.tree import TreeError, tree_of
from ..patch.patchset import PatchError
from . import each
from .checking import Check, folders, run, run_job, work_folder
from .choose import cell_names, cells_wanted, in_order
from .inputs import Inputs
from .job import CheckError, Job
from .result import CellResult
from .sarif import sarif
from .show import last_run, list_cells, show
from .table import table
from .users import ToolError

EXIT = {"ok": OK, "failed": FINDINGS, "incomplete": INCOMPLETE}


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
        "sarif": json.dumps(sarif(result, cells), indent=1) + "\n",
        "table": table(result, cells)}
    write_whole(Path(result["run"]) / "check.json", texts["json"])
    if output and (output.endswith("/") or Path(output).is_dir()):
        Path(output).mkdir(parents=True, exist_ok=True)
        for kind, name in (("json", "check.json"), ("sarif", "check.sarif"),
                           ("table", "check.txt")):
            write_whole(Path(output) / name, texts[kind])
    elif output:
        write_whole(Path(output).absolute(), texts[how])
    else:
        if how == "table":
            out(texts[how])
        else:               # escaped by json.dumps()
            sys.stdout.write(texts[how])
            sys.stdout.flush()


def do_job(file: Path) -> int:
    job = Job.read(file)
    with work_folder("check-job-") as work:
        Sandbox(None, None).check()
        inputs = Inputs.read(tree_of(job.tree), Path(job.patch), job.patch,
                             work / "stage")
        inputs.say, inputs.whole = progress, job.whole
        result = run_job(job, inputs)
    out(f"{Path(job.out) / 'result.json'}\n")
    return EXIT[result.verdict]


def do_check(args: argparse.Namespace) -> int:
    tree_of(args.tree)
    if args.patch != "-" and not Path(args.patch).is_file():
        raise CheckError(f"{args.patch}: no such file; --patch names a "
                         "unified diff")
    run_dir = Path(args.run).absolute() if args.run else new_run_dir("check")
    run_dir.mkdir(parents=True, exist_ok=True)
    with work_folder("check-stage-") as work:
        check = make_check(args, run_dir, work / "stage")
        if args.plan:
            for cell in check.cells:
                job = check.job(cell)
                job.write(job.path)
                out(f"{job.path}\n")
            return OK
        result = run(check)
    cells = result["cells"]
    if args.object and cells and not any(c["objects"] for c in cells) \
            and all(c["state"] in ("built", "absent") for c in cells):
        raise CheckError(f"--object: {cells[0]['cell']}: "
                         f"{cells[0]['reason']}")
    if args.show:
        write_whole(run_dir / "check.json", json.dumps(result, indent=1))
        out(show(args.show, run_dir, None))
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
            out(list_cells())
            return OK
        if args.job:
            return do_job(Path(args.job).absolute())
        if args.show and not args.patch:
            where = Path(args.run).absolute() if args.run else last_run()
            out(show(args.show, where, args.cells))
            return OK
        if args.each:
            return each.run(args)
        return do_check(args)
    except (CheckError, PatchError, CellError, TreeError, SandboxError,
            ToolError, OSError) as err:
        error("treewide check", error_text(err))
        return FATAL
    except KeyboardInterrupt:
        error("treewide check",
              "interrupted; the same command goes on where it was")
        return INTERRUPTED
