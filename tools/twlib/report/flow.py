# SPDX-License-Identifier: GPL-2.0-only
"""The ledger of a run: sites, edits, and the declaration flow, which says why a
line had to change."""
from __future__ import annotations

import re
import sqlite3
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .record import FATES, Run, RunError, Site, _text

LEDGER_APP, LEDGER_VERSION = 1953983591, 3
MAX_CHAIN = 64      # as in src/cmd/explain.c


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
        rows: list[list[Any]] = [
            [v if isinstance(v, int) else v or "" for v in row]
            for row in db.execute(
                "SELECT file, line, col, symbol, context, fate, reason, "
                "evidence, ast, smpl, outcome, condition FROM sites "
                "ORDER BY file, offset")]
        run.sites = [Site(*row) for row in rows]
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
        for kind, source, target, names in self.fronts.get((file, line), []):
            said.append(f"frontier: {kind}: {self.name_of(source)} → "
                        f"{self.name_of(target)}, in {names}")
            # The value's own history, from the first cell of these that
            # tells it; what another arch has by that name is another value.
            named = names.partition(" and ")[0].split(", ")
            for end in (source, target):
                known = (self.in_cell.get((c, end)) for c in named)
                for step in [s for s in known if s][:1]:
                    said.append(f"  {step.file}:{step.line}: {step.name} "
                                + ("carries a handle" if step.handle
                                   else "stays"))
                    said += self.chain(step)
        return said
