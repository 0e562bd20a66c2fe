# SPDX-License-Identifier: GPL-2.0-only
"""
A run as a reader wants it: the pieces of a run directory, joined.

The ledger says what became of each site and why, the patch holds the edits,
check.json what compilers made of them.  Here hunks of the patch, edits and
flow of the ledger, and grades of the check are brought together by file and
line; how that looks is the business of reportpage and reportmd.

A piece that is not there is None and is named in @missing, so that a page can
say what it does not know.  A piece that is there and cannot be read is an
error: half of it would pass for all of it.  The check and the patch must be
of each other, or the grades would be those of other edits.
"""
from __future__ import annotations

import hashlib
import json
import re
import shlex
import sqlite3
import urllib.parse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..patch import patchset
from ..check.cellcheck import GRADES

LEDGER_APP, LEDGER_VERSION = 1953983591, 3
FATES = ("converted", "kept", "refused", "unresolved")
MAX_CHAIN = 64      # as in src/cmd/explain.c


class RunError(Exception):
    """The run cannot be reported; the message names the file and the cure."""


# What a reader would not see, or see as something else: control characters,
# and those that turn the direction of a line or have no width.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160"
                     "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
                     "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
                     "\ufff9-\ufffb\U000e0000-\U000e0fff]")


def visible(text: str) -> str:
    """@text with what cannot be seen spelled out, as <U+202E>."""
    return _HIDDEN.sub(lambda m: f"<U+{ord(m[0]):04X}>", text)


def _text(raw: bytes) -> str:
    return visible(raw.decode("utf-8", "replace"))


@dataclass
class Site:
    file: str
    line: int
    col: int
    symbol: str
    context: str
    fate: str
    reason: str
    evidence: str
    ast: str
    smpl: str
    outcome: str
    condition: str
    hunk: int = 0       # number of the hunk that changes its line, or 0


@dataclass
class Line:
    """A line of a diff.  @state of an added line: compiled, unknown or not
    compiled when the check says so, else empty."""
    kind: str           # " ", "+", "-", "\\"
    old: int
    new: int
    text: str
    state: str = ""
    cells: list[str] = field(default_factory=list)
    condition: str = ""


@dataclass
class Hunk:
    number: int
    file: str
    old: int
    new: int
    function: str
    lines: list[Line]
    grade: str = ""     # empty: no check of this patch
    cells: dict[str, str] = field(default_factory=dict)
    differs_in: dict[str, list[str]] = field(default_factory=dict)
    edits: list[tuple[int, str, str, str]] = field(default_factory=list)
    why: list[tuple[int, list[str]]] = field(default_factory=list)

    @property
    def rules(self) -> list[str]:
        return sorted({e[3] for e in self.edits})

    def touches(self) -> set[int]:
        """Lines of the old file that it removes or adds beside."""
        return {line.old for line in self.lines if line.kind in "+-"}


@dataclass
class Cell:
    name: str
    read: str = ""          # "read", "not read", or "" for unknown
    read_why: str = ""
    handles: int = 0        # declarations that carry a handle there
    check: dict[str, Any] | None = None


@dataclass
class Run:
    path: Path
    meta: dict[str, str] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)
    loose: list[tuple[str, int, str, str, str]] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    notes: list[tuple[str, int, str]] = field(default_factory=list)
    blind: list[tuple[str, str, int, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    symbols: list[tuple[str, str, str]] = field(default_factory=list)
    provenance: list[str] = field(default_factory=list)
    patch_name: str = ""
    patch_sha: str = ""
    convert: dict[str, Any] | None = None
    check: dict[str, Any] | None = None
    audit: dict[str, Any] | None = None
    stages: list[dict[str, Any]] | None = None
    missing: list[str] = field(default_factory=list)

    def fates(self) -> dict[str, int]:
        count = Counter(s.fate for s in self.sites)
        return {f: count[f] for f in FATES}

    def problems(self) -> list[str] | None:
        """What convert complained of; None: the run does not tell."""
        if self.convert is not None:
            return strings(self.convert.get("problems"))
        return None

    def reasons(self) -> list[tuple[str, str, int, list[Site]]]:
        """What is not converted, by fate and reason; the gravest first."""
        groups: dict[tuple[str, str], list[Site]] = defaultdict(list)
        for s in self.sites:
            if s.fate != "converted":
                groups[s.fate, s.reason].append(s)
        return [(fate, reason, len(sites), sites) for (fate, reason), sites
                in sorted(groups.items(), key=lambda g: (
                    -FATES.index(g[0][0]), -len(g[1]), g[0][1]))]

    def changed_lines(self) -> tuple[int, int]:
        kinds = Counter(ln.kind for h in self.hunks for ln in h.lines)
        return kinds["+"], kinds["-"]


def strings(value: Any) -> list[str]:
    """@value, if it is a list of texts."""
    return [visible(v) for v in value if isinstance(v, str)] \
        if isinstance(value, list) else []


# Pieces

def read_json(path: Path, what: str, version: int | None = 1) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as err:
        raise RunError(f"{path}: cannot be read: {err.strerror}") from err
    except (ValueError, RecursionError) as err:
        raise RunError(f"{path}: no JSON, as {what} should be: {err}") from err
    if not isinstance(value, dict):
        raise RunError(f"{path}: is not what {what} should be")
    if version is not None and value.get("version") != version:
        raise RunError(f"{path}: version {value.get('version')!r} of {what}, "
                       f"and this treewide reads version {version}; make it "
                       "anew with this treewide")
    return _seen(value)


def _seen(value: Any) -> Any:
    """All texts of @value as visible() has them."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [_seen(v) for v in value]
    if isinstance(value, dict):
        return {visible(k): _seen(v) for k, v in value.items()}
    return value


def open_ledger(path: Path) -> sqlite3.Connection:
    name = urllib.parse.quote(str(path))
    try:
        db = sqlite3.connect(f"file:{name}?mode=ro", uri=True)
        db.text_factory = _text
        app = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if app != LEDGER_APP:
            raise RunError(f"{path}: no ledger of treewide")
        if version != LEDGER_VERSION:
            raise RunError(
                f"{path}: a ledger of version {version}, and this treewide "
                f"reads version {LEDGER_VERSION}; run convert again")
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise RunError(f"{path}: the ledger is damaged; run convert again")
    except sqlite3.Error as err:
        raise RunError(f"{path}: the ledger cannot be read: {err}; run "
                       "convert again") from err
    return db


def read_ledger(run: Run, path: Path) -> Flow:
    db = open_ledger(path)
    flow = Flow()
    try:
        run.meta = dict(db.execute("SELECT key, value FROM meta"))
        run.sites = [Site(*(v if isinstance(v, int) else v or "" for v in row))
                     for row in db.execute(
            "SELECT file, line, col, symbol, context, fate, reason, evidence,"
            " ast, smpl, outcome, condition FROM sites ORDER BY file, offset")]
        run.notes = db.execute("SELECT DISTINCT file, line, note FROM notes "
                               "ORDER BY 1, 2, 3").fetchall()
        run.blind = db.execute("SELECT engine, file, line, why FROM blind "
                               "ORDER BY 1, 2, 3").fetchall()
        run.skipped = db.execute("SELECT path, why FROM skipped "
                                 "ORDER BY 1").fetchall()
        run.symbols = db.execute("SELECT name, kind, origin FROM symbols "
                                 "ORDER BY 1").fetchall()
        flow.edits = db.execute("SELECT file, line, old, new, rule FROM edits "
                                "ORDER BY rowid").fetchall()
        for row in db.execute(
                "SELECT DISTINCT cell, key, name, func, file, line, handle, "
                "why, via, parent FROM flow ORDER BY cell, file, line, key"):
            flow.add(Step(*row))
        for file, line, kind, source, target, cells in db.execute(
                "SELECT DISTINCT file, line, kind, source, target, cells "
                "FROM frontier ORDER BY 1, 2, 3, 4, 5"):
            flow.fronts[file, line].append((kind, source, target, cells))
    except (sqlite3.Error, TypeError) as err:
        raise RunError(f"{path}: the ledger cannot be read: {err}; run "
                       "convert again") from err
    finally:
        db.close()
    for s in run.sites:
        if s.fate not in FATES:
            raise RunError(f"{path}: a site with the fate '{s.fate}', which "
                           "this treewide does not know")
    return flow


# Why: the same account as --explain gives, see src/cmd/explain.c

@dataclass(frozen=True)
class Step:
    cell: str
    key: str
    name: str
    func: str
    file: str
    line: int
    handle: int
    why: str
    via: str | None
    parent: str | None


_LAST_NAME = re.compile(r"@([A-Za-z_]\w*)$")


def key_text(key: str) -> str:
    """A key of the flow (src/read/ast.h) in words, as far as it tells them."""
    kind, _, rest = key.partition(":")
    usr, _, number = rest.partition("#")
    name = _LAST_NAME.search(usr)
    if kind == "p" and name and number.isdigit():
        return f"parameter {int(number) + 1} of {name[1]}()"
    if kind == "r" and name:
        return f"the result of {name[1]}()"
    if kind == "f" and name:
        return f"the field {name[1]}"
    if kind == "g" and name:
        return f"the variable {name[1]}"
    return {"H": "a handle", "P": "a value of the old type",
            "G": "a _Generic selector", "V": "a void pointer",
            "K": "a cast to the handle type", "N": "a test",
            "A": "its address", "X": "another use"}.get(key, "") or {
            "U": f"a cast through {rest}", "m": "a member of it",
            "C": f"a cast to {rest}", "v": "a local variable"}.get(kind, key)


class Flow:
    def __init__(self) -> None:
        self.edits: list[tuple[str, int, str, str, str]] = []
        self.fronts: dict[tuple[str, int], list[tuple[str, str, str, str]]] = \
            defaultdict(list)
        self.at: dict[tuple[str, int], list[Step]] = defaultdict(list)
        self.by_key: dict[str, list[Step]] = defaultdict(list)
        self.in_cell: dict[tuple[str, str], Step] = {}

    def add(self, step: Step) -> None:
        self.at[step.file, step.line].append(step)
        self.by_key[step.key].append(step)
        self.in_cell.setdefault((step.cell, step.key), step)

    def chain(self, step: Step) -> list[str]:
        said: list[str] = []
        here: Step | None = step
        for _ in range(MAX_CHAIN):
            if here is None:
                break
            said.append("  " + (f"{here.via}: " if here.via else "")
                        + here.why)
            here = self.in_cell.get((here.cell, here.parent)) \
                if here.parent else None
            if here:
                said.append(f"  {here.file}:{here.line}: {here.name}")
        return said

    def name_of(self, key: str) -> str:
        step = next(iter(self.by_key.get(key, [])), None)
        if key.startswith("v:") and step:
            return step.name or "a local variable"
        return key_text(key)

    def explain(self, file: str, line: int) -> list[str]:
        said: list[str] = []
        done: set[tuple[str, int]] = set()
        for step in self.at.get((file, line), []):
            if (step.key, step.handle) in done:
                continue
            done.add((step.key, step.handle))
            # Static functions of two archs can have one key.
            cells = sorted({s.cell for s in self.by_key[step.key]
                            if s.handle == step.handle
                            and (s.file, s.line) == (file, line)})
            more = f" and {len(cells) - 1} more cells" if len(cells) > 1 \
                else ""
            said.append(
                (step.name or "(no name)")
                + (f" of {step.func}" if step.func else "")
                + (" carries a handle" if step.handle else " stays as it is")
                + f", in {step.cell}{more}")
            said += self.chain(step)
        for kind, source, target, cells in self.fronts.get((file, line), []):
            said.append(f"frontier: {kind}: {self.name_of(source)} → "
                        f"{self.name_of(target)}, in {cells}")
            # The value's own history, from the first cell of these that
            # tells it; what another arch has by that name is another value.
            named = cells.partition(" and ")[0].split(", ")
            for key in (source, target):
                told = (self.in_cell.get((c, key)) for c in named)
                for step in [s for s in told if s][:1]:
                    said.append(f"  {step.file}:{step.line}: {step.name} "
                                + ("carries a handle" if step.handle
                                   else "stays"))
                    said += self.chain(step)
        return said


# The patch

def _latin(text: str) -> str:
    """patchset reads latin-1, which keeps the bytes."""
    return visible(text.encode("latin-1", "replace").decode("utf-8",
                                                            "replace"))


def read_patch(run: Run, path: Path) -> None:
    try:
        data = path.read_bytes()
        changes = patchset.parse(data, str(path))
        found = patchset.hunks(data, changes)
    except OSError as err:
        raise RunError(f"{path}: cannot be read: {err.strerror}") from err
    except patchset.PatchError as err:
        raise RunError(f"the patch of the run cannot be read: {err}") from err
    run.patch_name = path.name
    run.patch_sha = hashlib.sha256(data).hexdigest()
    head = data.partition(b"\ndiff --git ")[0]
    if not data.startswith(b"diff --git ") and data:
        run.provenance = [v for ln in head.split(b"\n") if (v := _text(ln))]
    for h in found:
        lines, old, new = [], h.old, h.new
        for text in h.lines:
            kind = text[:1] or " "
            # What stands behind an added line is where it came to be.
            lines.append(Line(kind, old if kind != "\\" else 0,
                              new if kind in " +" else 0, _latin(text[1:])))
            old += kind in " -"
            new += kind in " +"
        run.hunks.append(Hunk(h.number, _latin(h.file), h.old, h.new,
                              _latin(h.function), lines))


def join_edits(run: Run, flow: Flow) -> None:
    """Give each hunk its edits and their explanation, each site its hunk."""
    by_file: dict[str, list[Hunk]] = defaultdict(list)
    for h in run.hunks:
        by_file[h.file].append(h)
    touched = {h.number: h.touches() for h in run.hunks}
    span = {h.number: range(h.old, max(ln.old for ln in h.lines) + 1)
            for h in run.hunks}

    def hunk_of(file: str, line: int) -> Hunk | None:
        near = None
        for h in by_file.get(file, []):
            if line in touched[h.number]:
                return h
            if line in span[h.number]:
                near = h
        return near

    for file, line, old, new, rule in flow.edits:
        h = hunk_of(file, line)
        if h:
            h.edits.append((line, old, new, rule))
        elif run.patch_name:
            run.loose.append((file, line, old, new, rule))
    for s in run.sites:
        if s.fate == "converted" and (h := hunk_of(s.file, s.line)):
            s.hunk = h.number
    for h in run.hunks:
        for line in sorted(touched[h.number] | {e[0] for e in h.edits}):
            if said := flow.explain(h.file, line):
                h.why.append((line, said))


def join_check(run: Run, path: Path) -> None:
    check = read_json(path, "the report of a check")
    bad = RunError(f"{path}: is not what the report of a check should be; run "
                   "the check again")
    try:
        if run.patch_sha and check["patch"]["sha256"] != run.patch_sha:
            run.missing.append(
                f"{path.name} is of another patch than that of this run, and "
                "nothing is taken from it: grades and cells that compiled the "
                "edits are not known. Run the check again.")
            return
        grades = {g["number"]: g for g in check["hunks"]}
        cells: dict[tuple[str, int], list[str]] = {}
        for r in check["coverage"]["ranges"]:
            for n in range(r["first"], min(r["last"], r["first"] + 10000) + 1):
                cells[r["file"], n] = r["cells"]
        lost = {(u["file"], u["line"]): u
                for u in check["coverage"]["uncompiled"]}
        for h in run.hunks:
            g = grades.get(h.number)
            if g:
                if g["file"] != h.file:
                    raise bad
                h.grade, h.cells = g["grade"], dict(g["cells"])
                h.differs_in = dict(g["differs_in"])
            for line in h.lines:
                if line.kind != "+":
                    continue
                line.cells = cells.get((h.file, line.new), [])
                if line.cells:
                    line.state = "compiled"
                elif (h.file, line.new) in lost:
                    line.state = lost[h.file, line.new]["state"]
                    line.condition = lost[h.file, line.new]["condition"]
        known = {c.name: c for c in run.cells}
        for c in check["cells"]:
            if c["cell"] not in known:
                known[c["cell"]] = Cell(c["cell"])
                run.cells.append(known[c["cell"]])
            known[c["cell"]].check = c
            # Looked at here, so that who prints it need not.
            str(c["state"] + c["reason"] + c["sparse"] + c["replay"])
            sum(c["grades"].values())
            len(c["new_errors"]) + len(c["new_warnings"])
            len(c["new_sparse"]) + sum(map(len, c["lines"].values()))
            c["objects"] + c["identical"] + c["normalised"] + c["different"]
        for name in check["left_out"]:
            if name not in known:
                known[name] = Cell(name)
                run.cells.append(known[name])
        str(check["sentence"] + check["verdict"])
        int(check["coverage"]["lines"]) - int(check["coverage"]["compiled"])
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise bad from err
    run.check = check


def join_cells(run: Run, flow: Flow) -> None:
    """The cells that convert knows of.  One with a place in the flow was
    read; of others only convert.json tells."""
    cells: dict[str, Cell] = {}

    def cell(name: str) -> Cell:
        return cells.setdefault(name, Cell(name))

    handles: dict[str, set[str]] = defaultdict(set)
    for steps in flow.by_key.values():
        for s in steps:
            cell(s.cell).read = "read"
            if s.handle:
                handles[s.cell].add(s.key)
    if run.convert is not None:
        for name in strings(run.convert.get("cells")):
            cell(name).read = "read"
        for text in strings(run.convert.get("cells_unread")):
            # "NAME: WHY", or "NAME (WHY)" of what the tree has not.
            m = re.fullmatch(r"([^\s:]+)(?:: (.*)| \((.*)\))?", text.strip(),
                             re.S)
            name = m[1] if m else text.strip()
            cell(name).read = "not read"
            cell(name).read_why = (m and (m[2] or m[3])) or ""
    for name, keys in handles.items():
        cells[name].handles = len(keys)
    run.cells = sorted(cells.values(), key=lambda c: c.name)


def first_of(run: Path, *names: str) -> Path | None:
    return next((run / n for n in names if (run / n).is_file()), None)


def load(path: Path) -> Run:
    """The run in the folder @path."""
    run = Run(path)
    ledger = first_of(path, "ledger.sqlite")
    check = first_of(path, "check.json", "check/check.json")
    if not ledger and not check:
        raise RunError(f"{path}: no run: neither ledger.sqlite nor check.json "
                       "is in it; 'treewide convert' and 'treewide check' "
                       "make runs (--run DIR)")
    flow = Flow()
    if ledger:
        flow = read_ledger(run, ledger)
    else:
        run.missing.append("There is no ledger.sqlite: this is the run of a "
                           "check alone, and knows no sites.")
    if made := first_of(path, "convert.json"):
        run.convert = read_json(made, "the summary of convert")
        if ledger and (run.convert.get("sites") != run.fates() or any(
                run.convert.get(k) != run.meta.get(k)
                for k in ("conversion", "release", "tree"))):
            run.convert = None
            run.missing.append("convert.json is of another conversion than "
                               "the ledger; nothing is taken from it.")
    elif ledger and "policy" in run.meta:
        run.missing.append("There is no convert.json: which cells were read "
                           "or not, and what convert complained of, is known "
                           "only as far as the ledger tells.")
    if ledger and "policy" not in run.meta:
        run.missing.append("The ledger is that of a scan: nothing was "
                           "converted.")
    name = run.meta.get("conversion", "")
    patch = path / f"{name}.patch" if re.fullmatch(r"[\w.-]+", name) else None
    if ledger and patch and patch.is_file():
        read_patch(run, patch)
    elif ledger:
        run.missing.append(f"There is no {name or 'CONVERSION'}.patch: edits "
                           "are not shown.")
    join_edits(run, flow)
    join_cells(run, flow)
    if check:
        join_check(run, check)
    else:
        run.missing.append(
            "There is no check.json: nothing was built, and no edit has a "
            "grade. To make one: " + shlex.join(
                ["treewide", "check", "--tree", run.meta.get("tree", "TREE"),
                 "--patch", str(path / (run.patch_name or "PATCH")),
                 "--run", str(path)]))
    if audit := first_of(path, "audit.json"):
        run.audit = read_json(audit, "the report of audit typedefs")
        if run.audit.get("audit") != "typedefs" or \
                not isinstance(run.audit.get("cells"), list) or \
                not isinstance(run.audit.get("typedefs"), list):
            raise RunError(f"{audit}: no report of 'treewide audit typedefs "
                           "--format json'")
    else:
        tree = run.meta.get("tree") or (run.check or {}).get("tree", "TREE")
        run.missing.append(
            "There is no audit.json, so there is no atlas of the archs. To "
            "make one: " + shlex.join(
                ["treewide", "audit", "typedefs", "--tree", tree, "--format",
                 "json", "-o", str(path / "audit.json")]))
    if made := first_of(path, "run.json"):
        stages = read_json(made, "the record of a run").get("stages")
        run.stages = [s for s in stages if isinstance(s, dict)] \
            if isinstance(stages, list) else []
    run.cells.sort(key=lambda c: c.name)
    return run


# Verdict

GOOD, PART, BAD = "good", "part", "bad"


def verdict(run: Run) -> tuple[str, str, str]:
    """How it went (GOOD, PART or BAD), in a word or two, in a sentence."""
    said: list[str] = []
    level, label = GOOD, "complete"

    def worse(to: str, word: str) -> None:
        nonlocal level, label
        order = (GOOD, PART, BAD)
        if order.index(to) > order.index(level):
            level, label = to, word

    if run.meta:
        fates = run.fates()
        total, open_ = len(run.sites), fates["unresolved"]
        counts = ", ".join(f"{n} {f}" for f, n in fates.items() if n)
        if open_ and "policy" not in run.meta:
            worse(PART, "scanned only")
            said.append(f"{total} sites were found, none of them has a fate "
                        "yet")
        elif open_:
            worse(BAD, "incomplete")
            said.append(f"{open_} of {total} sites are without a fate "
                        f"({counts})")
        else:
            said.append(f"each of {total} sites has a fate ({counts})"
                        if total else "there is no site")
        problems = run.problems()
        if problems:
            worse(BAD, "incomplete")
            said.append(f"convert met {plural(len(problems), 'problem')}")
        elif problems is None and "policy" in run.meta:
            worse(PART, "not fully known")
            said.append("what convert complained of is not recorded")
    empty = bool(run.patch_name) and not run.hunks
    if run.check:
        cells = [c for c in run.check["cells"] if c["state"] == "built"]
        total = sum(c["objects"] for c in cells)
        same = sum(c["identical"] + c["normalised"] for c in cells)
        asked = len(run.check["cells"])
        said.append(f"{len(cells)} of {plural(asked, 'cell')} built, {same} "
                    f"of {plural(total, 'object')} are the same code before "
                    "and after")
        cover = run.check["coverage"]
        if cover["lines"]:
            said.append(f"{cover['compiled']} of {cover['lines']} changed "
                        "lines of code were compiled")
            if cover["compiled"] < cover["lines"]:
                worse(PART, "checked in part")
        if run.check["verdict"] == "failed":
            bad = sum(c["state"] == "failed" or bool(
                          c["new_errors"] or c["new_warnings"]
                          or c["new_sparse"]) for c in run.check["cells"])
            differ = sum(bool(c["different"]) for c in run.check["cells"])
            worse(BAD, "findings")
            said.append("something failed or warns anew in "
                        + plural(bad, "cell") if bad
                        else "nothing failed or warns anew")
            if differ:
                said.append(f"the code differs in {plural(differ, 'cell')}")
        elif run.check["verdict"] != "ok":
            worse(PART, "checked in part")
            said.append("not every cell was fully checked")
    elif empty:
        said.append("the patch is empty")
    elif run.hunks:
        worse(PART, "not checked")
        said.append("the patch was built in no cell")
    what = " ".join(v for v in (
        run.meta.get("conversion") or "check of a patch",
        "on Linux", run.meta.get("release")
        or (run.check or {}).get("release", "")) if v)
    return level, label, f"{what}: {'; '.join(said) or 'nothing is known'}."


def plural(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def grade_rank(grade: str) -> int:
    """The weaker, the higher; what was not compared is the weakest."""
    return GRADES.index(grade) if grade in GRADES else len(GRADES)
