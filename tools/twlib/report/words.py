# SPDX-License-Identifier: GPL-2.0-only
"""Tables of a run that the page and the Markdown text share."""
from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..check.result import GRADES, MEANING, NOT_SEEN, ORDER
from .record import Cell, Run, plural

FATE_MEANING = {
    "converted": "changed by the patch",
    "kept": "left as it is, for the reason given",
    "refused": "not safe to change, with evidence",
    "unresolved": "without a fate: the conversion is incomplete"}

_STAGES = {
    "read": "libclang read the cell for the conversion",
    "handles": "declarations that carry a handle there",
    "build": "the touched code was built before and after",
    "messages": "new errors and warnings of the compiler",
    "sparse": "new messages of sparse",
    "objects": "objects that are the same code, of those built; the weakest "
               "grade",
    "lines": "changed lines of code that were compiled"}


@dataclass
class Stage:
    """A field of the table of cells.  @heat: good, part, bad, none (not done
    or not known) or n1 to n4, the more the darker."""
    text: str
    heat: str
    title: str = ""


def _amount(n: int, most: int) -> str:
    return "none" if not n else f"n{min(4, 1 + 4 * (n - 1) // max(most, 1))}"


def stages(run: Run) -> dict[str, str]:
    """The stages to show, and their meaning.  No declaration has an op or an
    entry for its type: without a handle there is no such stage."""
    return {s: what for s, what in _STAGES.items()
            if s != "handles" or any(c.handles for c in run.cells)}


def cell_stages(run: Run, cell: Cell) -> list[Stage]:
    """What each stage made of @cell, in the order of stages()."""
    shown = stages(run)
    return [s for name, s in zip(_STAGES, _all_stages(run, cell))
            if name in shown]


def _all_stages(run: Run, cell: Cell) -> list[Stage]:
    most_handles = max(c.handles for c in run.cells)
    read = {"read": Stage("read", "good"),
            "not read": Stage("not read", "bad", cell.read_why)}.get(
        cell.read, Stage("unknown", "none", "the run does not tell"))
    told = cell.read == "read"
    done = [read,
            Stage(str(cell.handles) if told else "–",
                  _amount(cell.handles, most_handles))]
    c = cell.check
    if c is None:
        left = run.check and cell.name in run.check["left_out"]
        why = "left out, for want of its compiler" if left \
            else "not checked in this run"
        return [*done, Stage("left out" if left else "–", "none", why),
                *(Stage("–", "none", why) for _ in range(4))]
    if c["state"] != "built":
        heat = {"failed": "bad", "not built": "part"}.get(c["state"], "none")
        return [*done, Stage(c["state"], heat, c["reason"]), _messages(c),
                *(Stage("–", "none", c["reason"]) for _ in range(3))]
    return [*done, Stage("built", "good", c.get("choice", "")), _messages(c),
            _sparse(c), _objects(c), _lines(run, c)]


def _messages(c: dict[str, Any]) -> Stage:
    errors, warnings = len(c["new_errors"]), len(c["new_warnings"])
    if not errors and not warnings:
        return Stage("0", "good") if c["state"] == "built" \
            else Stage("–", "none", c["reason"])
    said = [plural(n, word) for n, word in ((errors, "error"),
                                            (warnings, "warning")) if n]
    return Stage(", ".join(said), "bad",
                 "\n".join([*c["new_errors"], *c["new_warnings"]][:5]))


def _sparse(c: dict[str, Any]) -> Stage:
    if c["sparse"].startswith("not"):
        return Stage("not run", "part", c["sparse"])
    unknown = len(c.get("sparse_unknown", []))
    if c["new_sparse"]:
        return Stage(f"{len(c['new_sparse'])} new", "bad",
                     "\n".join(c["new_sparse"][:5]))
    if unknown:
        return Stage(f"0, {unknown} unknown", "part",
                     "\n".join(c["sparse_unknown"][:5]))
    return Stage("0", "good")


def _objects(c: dict[str, Any]) -> Stage:
    same = c["identical"] + c["normalised"]
    if not c["objects"]:
        return Stage("none", "part", "no object of this config is concerned")
    worst = max((g for g in GRADES if c["grades"].get(g)), key=GRADES.index,
                default="")
    title = ", ".join(f"{c['grades'][g]} {MEANING[g]}" for g in GRADES
                      if c["grades"].get(g))
    if c["objects"] < c.get("chosen_from", 0):
        title += f"; built {c['objects']} of {c['chosen_from']}"
    return Stage(f"{same}/{c['objects']} {worst}".rstrip(),
                 "good" if same == c["objects"] else "bad", title)


def _lines(run: Run, c: dict[str, Any]) -> Stage:
    assert run.check is not None
    n = sum(len(v) for v in c["lines"].values())
    return Stage(str(n), _amount(n, run.check["coverage"]["lines"]),
                 f"of {run.check['coverage']['lines']}")


def grade_rows(run: Run) -> list[tuple[str, str, int]]:
    """Grade, its meaning, how many hunks; empty without a check."""
    if not run.check:
        return []
    count = Counter(h.grade for h in run.hunks)
    names = (*ORDER, "nothing to compare", NOT_SEEN)
    rows = [(g, MEANING.get(g, g), count[g]) for g in names if count[g]]
    if count[""]:
        rows.append(("", "no code", count[""]))
    return rows


def facts(run: Run) -> list[tuple[str, str]]:
    """Where the run comes from."""
    rows = [("conversion", run.meta.get("conversion", "")),
            ("policy", run.meta.get("policy", "")),
            ("tree", run.meta.get("tree")
             or (run.check or {}).get("tree", "")),
            ("release", run.meta.get("release")
             or (run.check or {}).get("release", "")),
            ("git commit", run.meta.get("git_head", "")),
            ("treewide", run.meta.get("treewide", "")),
            ("patch", run.patch_name),
            ("SHA-256 of the patch", run.patch_sha
             or (run.check or {}).get("patch", {}).get("sha256", ""))]
    return [(k, v) for k, v in rows if v]


def options(run: Run) -> list[str]:
    """Those of convert; none from a ledger that somebody damaged."""
    try:
        return shlex.split(run.meta.get("options", ""))
    except ValueError:
        return []


def commands(run: Run) -> list[tuple[str, str, str]]:
    """What makes the run again: a name, the command, how it ended."""
    if run.stages:
        found = [(str(s.get("name", "")), str(s.get("command", "")),
                  f"status {s.get('status')}, {s.get('seconds')} s")
                 for s in run.stages]
    else:
        found = []
        if run.meta.get("policy"):
            found.append(("convert", shlex.join(
                ["treewide", "convert", run.meta["conversion"], "--tree",
                 run.meta["tree"]]
                + options(run)
                + ["-o", run.patch_name or "PATCH"]), ""))
    for cell in run.cells:
        if cell.check and cell.check["replay"]:
            found.append((f"check of {cell.name}", cell.check["replay"],
                          cell.check["state"]))
    return found


def atlas(run: Run) -> list[dict[str, str]]:
    """The audit, a row for each place that defines the type and all cells
    that say the same of it."""
    if run.audit is None:
        return []
    rows: dict[tuple[str, ...], list[str]] = {}
    more: dict[tuple[str, ...], str] = {}
    unread = []
    for c in run.audit["cells"]:
        if not isinstance(c, dict):
            continue
        if not c.get("read"):
            unread.append({"arch": str(c.get("arch", "")), "is": "not read",
                           "place": str(c.get("reason", "")),
                           "cells": str(c.get("cell", "")), "table": "",
                           "sharing": "", "address": "", "policies": "",
                           "evidence": ""})
            continue
        handle, sharing = _dict(c, "handle"), _dict(c, "sharing")
        address = _dict(c, "kernel_address")
        verdict = str(sharing.get("verdict", "unknown"))
        tables = sharing.get("tables")
        if verdict == "run-time":
            told = [str(a.get("tables") or "?")
                    for a in sharing.get("alternatives", [])
                    if isinstance(a, dict)]
            said = " or ".join(told) + " (run time)" if told else "run time"
        else:
            said = str(tables) if tables else verdict
        key = (str(c.get("arch", "")), str(handle.get("is", "")),
               f"{handle.get('file', '')}:{handle.get('line', '')}",
               f"{c.get('table') or 'run time'} of "
               f"{c.get('page') or 'run time'}", said,
               str(address.get("verdict", "unknown")),
               ", ".join(str(p.get("policy"))
                         + (" (planned)" if p.get("planned") else "")
                         for p in c.get("policies", [])
                         if isinstance(p, dict) and p.get("can")) or "none")
        rows.setdefault(key, []).append(str(c.get("cell", "")))
        more.setdefault(key, "\n".join(_evidence(c, address)))
    names = ("arch", "is", "place", "table", "sharing", "address", "policies")
    return [dict(zip(names, key), cells=", ".join(cells), evidence=more[key])
            for key, cells in sorted(rows.items())] + unread


def _evidence(c: dict[str, Any], address: dict[str, Any]) -> list[str]:
    """Of the first cell of a row: sharing, address, who does what, policies."""
    lines = [f"in {c.get('cell')}:", f"sharing: {c.get('evidence', '')}",
             f"kernel address: {address.get('why') or '-'}"]
    for role, who in sorted(_dict(c, "roles").items()):
        names = [f"{w.get('name')} {w.get('file')}:{w.get('line')}"
                 + (" (declared only)" if w.get("declared_only") else "")
                 for w in who if isinstance(w, dict)]
        lines.append(f"{role}: {', '.join(names)}")
    return lines + [f"policy {p.get('policy')}: "
                    + ("can" if p.get("can") else "cannot")
                    + (f", {p['why']}" if p.get("why") else "")
                    for p in c.get("policies", []) if isinstance(p, dict)]


def _dict(value: dict[str, Any], key: str) -> dict[str, Any]:
    got = value.get(key)
    return got if isinstance(got, dict) else {}
