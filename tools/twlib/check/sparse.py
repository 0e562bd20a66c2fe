# SPDX-License-Identifier: GPL-2.0-only
"""
What sparse said before and after a patch.

kbuild runs sparse with the flags of each file (make C=1); in its place stands
tools/checkcc, which writes what sparse says beside the object and never fails
the build.  A message counts as the same when the line that it is about is the
same line, moved or not; a message about a line that the patch changed may
have its twin in the same change only, so that one that goes away somewhere
does not hide a new one elsewhere.
"""
from __future__ import annotations

import dataclasses
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ..patch.patchset import LineChange

PROGRAM = "/usr/bin/sparse"
TIMEOUT = 120               # seconds for a file

_MESSAGE = re.compile(r"^([^\s:][^:]*):(\d+):(?:(\d+):)? ?(.*)$")
_SEVERE = re.compile(r"^(warning|error): (.*)$")


@dataclass(frozen=True)
class Message:
    """One thing that sparse said, with the lines that belong to it."""
    severity: str
    file: str
    line: int
    column: int
    message: str
    object: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: sparse: {self.severity}: " \
            + self.message


def flags() -> list[str]:
    """What this sparse needs beside the kernel's flags."""
    extra = ["-fmax-errors=unlimited", "-fmax-warnings=unlimited"]
    probe = b"static int f(const int *q){__typeof_unqual__(*q) v=*q;return v;}"
    done = subprocess.run([PROGRAM, "-"], input=probe, check=False,
                          capture_output=True, timeout=30)
    if b"error" in done.stderr:
        # Without its qualifier-dropping a type is a little stricter, before
        # and after alike; without the word nothing would be parsed.
        extra.append("-D__typeof_unqual__=__typeof__")
    return extra


def result_path(build: Path, obj: str) -> Path:
    """Where checkcc writes for @obj."""
    path = build / obj
    return path.with_name(f".{path.name}.sparse")


def read(build: Path, obj: str, tree_mount: str
         ) -> tuple[list[Message], str]:
    """Sparse's messages on @obj, and why there are none if it did not end."""
    try:
        text = result_path(build, obj).read_text("utf-8", "replace")
    except OSError:
        return [], "sparse was not run"
    lines = text.splitlines()
    m = re.fullmatch(r"status (\d+)", lines[-1]) if lines else None
    if not m:
        return [], "sparse was not run to its end"
    status = int(m[1])
    if status in (124, 137):
        return [], f"sparse took more than {TIMEOUT} s"
    if status > 124:
        return [], f"sparse crashed (status {status})"
    found = parse(lines[:-1], tree_mount, obj)
    if status and not any(m.severity == "error" for m in found):
        return [], f"sparse failed: {' '.join(lines[:1])}"
    return found, ""


def parse(lines: list[str], tree_mount: str, obj: str) -> list[Message]:
    """The messages in sparse's output, each once."""
    found: list[Message] = []
    for line in lines:
        m = _MESSAGE.match(line)
        if not m:
            continue
        path = re.sub(r"^(\.\./)+", "", m[1]).removeprefix(tree_mount + "/")
        text = m[4].replace(tree_mount + "/", "")
        severe = _SEVERE.match(text)
        if severe:
            found.append(Message(severe[1], path, int(m[2]), int(m[3] or 0),
                                 severe[2], obj))
        elif found and text.strip():
            # "expected ..., got ..." belong to what stands before them; the
            # places they name move.
            extra = re.sub(r"\S+\.[chS]:\d+(:\d+)?:? ?", "", text).strip()
            found[-1] = dataclasses.replace(
                found[-1], message=f"{found[-1].message}; {extra}")
    return list(dict.fromkeys(found))


def _place(line: int, changes: list[LineChange], after: bool
           ) -> tuple[str, int]:
    """A line (1 based) of one side as ("line", its number after) or, where
    the patch changes it, ("change", which one)."""
    shift = 0
    for number, c in enumerate(changes):
        start, count = (c.new, c.new_n) if after else (c.old, c.old_n)
        if line - 1 < start:
            break
        if line - 1 < start + count:
            return "change", number
        shift += c.new_n - c.old_n
    return "line", line if after else line + shift


def compare(before: list[Message], after: list[Message],
            changes: dict[str, list[LineChange]], renamed: dict[str, str]
            ) -> tuple[list[Message], list[Message]]:
    """What is new and what is gone.  @changes are by the file's name after
    the patch, @renamed gives that for names of before."""
    def group(messages: list[Message], is_after: bool
              ) -> dict[tuple[object, ...], list[Message]]:
        result: dict[tuple[object, ...], list[Message]] = defaultdict(list)
        seen = set()
        for m in messages:
            file = m.file if is_after else renamed.get(m.file, m.file)
            # A header's message comes once for each object.
            once = (m.severity, file, m.line, m.column, m.message)
            if once in seen:
                continue
            seen.add(once)
            place = _place(m.line, changes.get(file, []), is_after)
            result[(m.severity, file, m.message, *place)].append(m)
        return result

    old, new = group(before, False), group(after, True)
    more = [m for key, some in new.items()
            for m in some[len(old.get(key, [])):]]
    less = [m for key, some in old.items()
            for m in some[len(new.get(key, [])):]]
    return more, less
