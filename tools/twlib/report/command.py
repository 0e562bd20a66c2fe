# SPDX-License-Identifier: GPL-2.0-only
"""
treewide report: a page, or a Markdown text, of a run.

The run is only read.  The same run gives the same bytes: there is no time of
the day in them.
"""
from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path

from ..base.options import Parser
from ..base.rundir import runs_dir
from ..base.say import error, error_text, progress
from ..base.status import FATAL, INTERRUPTED, OK
from ..base.output import write_whole
from .record import RunError
from .run import load, verdict


def arguments() -> Parser:
    parser = Parser(
        prog="treewide report", add_help=True,
        usage="treewide report [RUN] [-o FILE] [--format html|markdown]",
        description="One page of a run: the verdict, cells and stages, sites "
        "by fate, edits with grade and explanation, archs, what is kept or "
        "refused, how to replay.  HTML is one file that fetches nothing.",
        epilog="Exit status: 0 the report was written, whatever it says; 128 "
        "fatal: no such run, a piece of it cannot be read, the report cannot "
        "be written; 129 usage.")
    parser.add_argument("run", metavar="RUN", nargs="?",
                        help="a run directory (default: the last of convert)")
    parser.add_argument("-C", dest="chdir", metavar="DIR",
                        help="change to DIR first")
    parser.add_argument("--run", dest="run_option", metavar="DIR",
                        help="the same as RUN")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="write to FILE, not to standard output")
    parser.add_argument("--format", choices=("html", "markdown"),
                        help="default: markdown for FILE.md, else html")
    return parser


def run_path(name: str | None) -> Path:
    if name is not None:
        path = Path(name)
        if not path.is_dir():
            raise RunError(f"{name}: no such run; a run is a folder that "
                           "'treewide convert --run DIR' made")
        return path
    last = runs_dir() / "last"
    if not last.is_dir():
        raise RunError(f"{last}: there is no last run; name one, or make one "
                       "with 'treewide convert'")
    return last.resolve()


def write(text: str, output: str | None) -> None:
    data = text.encode("utf-8", "replace")
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.is_dir():
        raise RunError(f"{output}: is a folder; -o names a file")
    write_whole(path, data)


def main(argv: list[str] | None = None) -> int:
    parser = arguments()
    args = parser.parse_args(argv)
    if args.run and args.run_option:
        parser.error("give the run once")
    how = args.format or ("markdown" if (args.output or "").endswith(".md")
                          else "html")
    if args.output is None and how == "html" and sys.stdout.isatty():
        parser.error("-o FILE is needed: a page is no text for a terminal")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if args.chdir:
            os.chdir(args.chdir)
        run = load(run_path(args.run or args.run_option))
        if how == "html":
            from .page import html as render
        else:
            from .markdown import markdown as render
        write(render(run), args.output)
        progress("treewide report: " + verdict(run)[2])
        return OK
    except (RunError, sqlite3.Error, OSError) as err:
        error("treewide report: error", error_text(err))
        return FATAL
    except KeyboardInterrupt:
        error("treewide report", "interrupted")
        return INTERRUPTED
