# SPDX-License-Identifier: GPL-2.0-only
"""What a run holds, as page and Markdown read it.  Texts pass through visible()
when they are read, so no page shows characters that hide or reverse others."""
from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..check.result import GRADES

FATES = ("converted", "kept", "refused", "unresolved")


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


def _text(raw: bytes) -> str:
    return visible(raw.decode("utf-8", "replace"))


def strings(value: Any) -> list[str]:
    """@value, if it is a list of texts."""
    return [visible(v) for v in value if isinstance(v, str)] \
        if isinstance(value, list) else []


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
    return dict(_seen(value))


def _seen(value: Any) -> Any:
    """All texts of @value as visible() has them."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [_seen(v) for v in value]
    if isinstance(value, dict):
        return {visible(k): _seen(v) for k, v in value.items()}
    return value


def _latin(text: str) -> str:
    """patchset reads latin-1, which keeps the bytes."""
    return visible(text.encode("latin-1", "replace").decode("utf-8",
                                                            "replace"))


def plural(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def grade_rank(grade: str) -> int:
    """The weaker, the higher; what was not compared is the weakest."""
    return GRADES.index(grade) if grade in GRADES else len(GRADES)
