# SPDX-License-Identifier: GPL-2.0-only
"""What the check of one cell found: the record that check.json holds."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..base.output import write_whole

# Grades, strongest first.
GRADES = ("tokens", "bytes", "code", "size", "differs")
BROKEN = "does not build"       # of a hunk: weaker than any grade
NOT_SEEN = "not seen"           # of a hunk that no object reads
ORDER = (*GRADES, BROKEN)
MEANING = {
    "tokens": "same tokens", "bytes": "same bytes", "code": "same code",
    "size": "same size", "differs": "differs"}
AUTOCONF = "include/generated/autoconf.h"


@dataclasses.dataclass
class CellResult:
    """What came out for a cell; the fields are those of the JSON."""
    cell: str
    state: str = "failed"
    reason: str = ""
    objects: int = 0
    chosen_from: int = 0
    choice: str = ""
    identical: int = 0
    normalised: int = 0
    different: int = 0
    added: list[str] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    differences: list[dict[str, Any]] = dataclasses.field(
        default_factory=list)
    grades: dict[str, int] = dataclasses.field(default_factory=dict)
    graded: dict[str, str] = dataclasses.field(default_factory=dict)
    hunks: dict[str, str] = dataclasses.field(default_factory=dict)
    hunk_objects: dict[str, list[str]] = dataclasses.field(
        default_factory=dict)
    hunks_apart: dict[str, list[str]] = dataclasses.field(
        default_factory=dict)
    lines: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    lines_defined: dict[str, list[int]] = dataclasses.field(
        default_factory=dict)
    lines_unknown: dict[str, list[int]] = dataclasses.field(
        default_factory=dict)
    not_built_before: list[str] = dataclasses.field(default_factory=list)
    not_built_after: list[str] = dataclasses.field(default_factory=list)
    not_in_config: list[str] = dataclasses.field(default_factory=list)
    uncovered_headers: list[str] = dataclasses.field(default_factory=list)
    header_sources: list[str] = dataclasses.field(default_factory=list)
    generated: list[str] = dataclasses.field(default_factory=list)
    options: list[str] = dataclasses.field(default_factory=list)
    new_warnings: list[str] = dataclasses.field(default_factory=list)
    vanished_warnings: list[str] = dataclasses.field(default_factory=list)
    new_errors: list[str] = dataclasses.field(default_factory=list)
    vanished_errors: list[str] = dataclasses.field(default_factory=list)
    sparse: str = "not asked for"
    sparse_files: int = 0
    sparse_errors: int = 0
    new_sparse: list[str] = dataclasses.field(default_factory=list)
    vanished_sparse: list[str] = dataclasses.field(default_factory=list)
    sparse_unknown: list[str] = dataclasses.field(default_factory=list)
    messages: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    covered: list[str] = dataclasses.field(default_factory=list)
    times: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    cached: bool = False
    replay: str = ""
    log: str = ""
    key: str = ""

    @property
    def verdict(self) -> str:
        """ok, failed or incomplete."""
        if self.state == "failed" or self.different or self.new_warnings \
                or self.new_errors or self.not_built_after or self.new_sparse:
            return "failed"
        # A tree that has no such config loses nothing without the cell.
        if self.state == "absent":
            return "ok"
        if self.state != "built" or self.not_built_before or self.unseen \
                or self.sparse.startswith("not run"):
            return "incomplete"
        return "ok"

    @property
    def unseen(self) -> list[str]:
        """Generated headers and options that are not as before, whose users
        nobody looked for."""
        return self.options + [g for g in self.generated if g != AUTOCONF]

    @property
    def only_differs(self) -> bool:
        """Did all build without a new message, to other code?"""
        return self.state == "built" and bool(self.different) and not (
            self.new_warnings or self.new_errors or self.new_sparse
            or self.not_built_after)

    @staticmethod
    def of(value: dict[str, Any]) -> CellResult:
        """From JSON; fields of other versions are left out."""
        names = {f.name for f in dataclasses.fields(CellResult)}
        return CellResult(**{k: v for k, v in value.items() if k in names})


def load_result(path: Path) -> CellResult | None:
    """A result from a file; None when there is none or it is damaged."""
    try:
        return CellResult.of(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def save_result(path: Path, result: CellResult) -> None:
    write_whole(path, json.dumps(dataclasses.asdict(result), indent=1))


def verdict(cells: Iterable[CellResult]) -> str:
    found = {c.verdict for c in cells}
    for worst in ("failed", "incomplete"):
        if worst in found:
            return worst
    return "ok"


def failed(cell: dict[str, Any]) -> bool:
    """Did @cell of each.json not build, or warn anew?  Other code is what
    some conversions are for."""
    return cell["state"] == "failed" or bool(cell["new"])
