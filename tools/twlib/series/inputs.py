# SPDX-License-Identifier: GPL-2.0-only
"""What a series is made from: a conversion's folder, its run, and the plan."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ..base.cache import data_dir, tools_dir
from ..base.say import error_text, progress
from ..patch import patchset
from . import wording
from .plan import default_plan, load, read_ini
from .record import Change, Plan, SeriesError
from .rules import names
from .wording import Made


def driver() -> Path:
    """The treewide that this program was called by, or belongs to."""
    if exe := os.environ.get("TREEWIDE_EXE"):
        return Path(exe)
    tools = tools_dir()
    return tools.parent / "treewide" if (tools.parent / "corpus").is_dir() \
        else tools.parent.parent / "bin" / "treewide"


def conversion_folder(name: str) -> Path:
    folder = Path(name).absolute() if "/" in name \
        else data_dir() / "cocci" / name
    if not (folder / "manifest.ini").is_file():
        raise SeriesError(f"{name}: no such conversion; it is a folder of "
                          f"{data_dir() / 'cocci'} with a manifest.ini, or "
                          "the path of one with a / in it")
    return folder


def is_made(args: Any) -> bool:
    """Is there no folder but the one that 'treewide convert' makes?"""
    return bool(args.rename) or not args.conversion \
        or args.conversion.endswith(".cocci")


def conversion_of_run(run: Path) -> Path:
    """The conversion that 'treewide convert' left in its run."""
    folder = run / "conversion"
    if not (folder / "manifest.ini").is_file():
        raise SeriesError(f"{run}: no run of a semantic patch or a rename; "
                          "name the conversion")
    return folder


def convert(args: Any, tree: Path, run: Path) -> None:
    """Convert now, into @run."""
    cmd = [str(driver()), "convert", "--tree", str(tree),
           "--run", str(run), "-o", str(run / "series.patch")]
    cmd += [args.conversion] if args.conversion else []
    for spec in args.rename:
        cmd += ["--rename", spec]
    cmd += ["--comments"] if args.comments else []
    cmd += ["--allow-scripts"] if args.allow_scripts else []
    cmd += ["--policy", args.policy] if args.policy else []
    cmd += ["--scope", args.scope] if args.scope else []
    cmd += ["--accessors", str(Path(args.accessors).absolute())] \
        if args.accessors else []
    cmd += ["-j", str(args.jobs)] if args.jobs else []
    progress("converting")
    try:
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.DEVNULL)
    except OSError as err:
        raise SeriesError(f"{driver()}: cannot be run: {err.strerror}; build "
                          "it with 'make'") from err
    if done.returncode == 2:
        raise Incomplete("the conversion is incomplete: see above; there is "
                         "no series until every site has a fate")
    if done.returncode:
        raise SeriesError("the conversion failed: see above")


class Incomplete(Exception):
    """The conversion is not complete."""


def load_run(run: Path, folder: Path, tree: Path, policy: str | None
             ) -> tuple[Made, bytes]:
    """What @run says, and its patch; @policy: the one, or scope, wanted."""
    manifest = read_ini(folder / "manifest.ini")
    name = manifest["conversion"]["name"].strip()
    try:
        summary = json.loads((run / "convert.json").read_text("utf-8"))
        edits = json.loads((run / "edits.json").read_text("utf-8"))
        data = (run / f"{name}.patch").read_bytes()
    except (OSError, ValueError) as err:
        raise SeriesError(f"{run}: no run of 'treewide convert {name}' that "
                          f"can be read: {error_text(err)}") from err
    if summary.get("version") != 1 or summary.get("conversion") != name:
        raise SeriesError(f"{run}: a run of {summary.get('conversion')}, "
                          f"version {summary.get('version')}; wanted is "
                          f"{name}, version 1")
    if policy and summary.get("policy") != policy:
        raise SeriesError(f"{run}: was made with "
                          f"'{summary.get('policy')}', not '{policy}'")
    if summary["problems"] or summary["sites"].get("unresolved"):
        raise Incomplete(f"{run}: the conversion is incomplete: "
                         + "; ".join(summary["problems"][:3])
                         + "; there is no series until every site has a fate")
    fill = names(folder, run / "rules")
    if manifest.has_section("handle"):
        fill |= {k.upper(): manifest["handle"][k].strip()
                 for k in ("type", "old", "new") if k in manifest["handle"]}
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        by_file.setdefault(edit["file"], []).append(edit)
    head = data.split(b"\ndiff ", 1)[0].decode("utf-8", "replace")
    made = Made(name, summary["release"], summary["policy"] or "",
                head.splitlines(), fill, by_file, folder,
                cells=summary["cells"])
    wording.read_ledger(made, run / "ledger.sqlite")
    return made, data


def changes_of(tree: Path, data: bytes, name: str, stage: Path
               ) -> list[Change]:
    """Old and new text of each file of the patch."""
    found = patchset.parse(data, name)
    patchset.apply_to(tree, data, name, found, stage)
    result: dict[str, Change] = {}
    for c in found:
        for path in patchset.paths([c]):
            old = tree / path if path == c.old else None
            new = stage / path if path == c.new else None
            at = old or new
            result[path] = Change(
                path, old.read_bytes() if old else None,
                new.read_bytes() if new else None,
                at.stat().st_mode & 0o777 if at else 0o644)
    return [result[p] for p in sorted(result)]


def plan_of(folder: Path, own: str | None) -> Plan:
    manifest = read_ini(folder / "manifest.ini")
    plan = default_plan(manifest["conversion"].get("summary", "").strip()
                        or "convert")
    if manifest.has_section("smpl"):
        plan.followed = "the references to the name"
    if (folder / "series.ini").is_file():
        plan = Plan()
        load(plan, folder / "series.ini")
    if own:
        load(plan, Path(own))
    return plan
