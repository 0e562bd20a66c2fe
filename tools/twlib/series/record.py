# SPDX-License-Identifier: GPL-2.0-only
"""What a plan and its patches are made of."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class SeriesError(Exception):
    """There is no series; the message names the place and the cause."""


@dataclass
class Change:
    """A file of the conversion; None: not there."""
    path: str
    old: bytes | None
    new: bytes | None
    mode: int = 0o644


@dataclass
class Step:
    """A section [patch NAME] of series.ini."""
    name: str
    where: str                      # file, for messages
    folder: Path                    # what its paths are relative to
    paths: list[str] = field(default_factory=lambda: ["*"])
    form: str = "converted"         # or "rules"
    rules: list[str] = field(default_factory=list)
    insert: str = ""
    into: list[str] = field(default_factory=list)
    after: str = ""
    remove: str = ""
    each: int = 0
    prefix: str = ""
    subject: str = ""
    text: str = ""


@dataclass
class Override:
    """A section [path GLOB] of the user's series.ini."""
    glob: str
    where: str
    patch: str = ""
    prefix: str = ""
    subject: str = ""
    text: str = ""
    used: bool = False


@dataclass
class Patch:
    """A patch to be: what each of its files is afterwards."""
    step: Step
    owner: str                      # a folder, or ""
    files: dict[str, bytes | None]
    prefix: str = ""
    subject: str = ""
    text: str = ""


@dataclass
class Plan:
    subject: str = ""
    text: str = ""
    steps: dict[str, Step] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    together: dict[str, str] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    followed: str = "the values of the type"
    places: str = "Places that name the type or carry it"
    cc: list[str] = field(default_factory=list)
    on: dict[str, str] = field(default_factory=dict)    # file -> text
