# SPDX-License-Identifier: GPL-2.0-only
"""
The check of one cell as a job: a JSON file that names its inputs by path.

The outcome is result.json in the folder that the job names, and jobs share
nothing but the cache.  `treewide check` runs its cells this way; any scheduler
can run them elsewhere with treewide-check --job FILE.
"""
from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from ..base.output import write_whole
from . import objects

VERSION = 1


class CheckError(Exception):
    """The check cannot be made; the text says what to do."""


class TrapError(objects.ObjectError):
    """What make left in @build is not to be read outside the sandbox."""

    def __init__(self, text: str, build: Path) -> None:
        super().__init__(text)
        self.build = build


@dataclasses.dataclass
class Job:
    """All that a cell's check depends on.  Paths are absolute."""
    tree: str
    patch: str
    cell: str
    out: str                # folder for the result, logs and objects
    jobs: int = 1
    whole: list[str] = dataclasses.field(default_factory=list)
    objects: list[str] = dataclasses.field(default_factory=list)
    extra_warnings: bool = False    # W=1
    sparse: bool = True
    fresh: bool = False     # do not use what is cached
    keep: bool = False
    version: int = VERSION

    @staticmethod
    def read(path: Path) -> Job:
        try:
            job = Job(**json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError) as err:
            raise CheckError(f"{path}: not a job: {err}") from err
        if job.version != VERSION:
            raise CheckError(f"{path}: a job of version {job.version}, this "
                             f"is {VERSION}")
        return job

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(dataclasses.asdict(self), indent=1)
                    + "\n")

    @property
    def path(self) -> Path:
        return Path(self.out) / "job.json"
