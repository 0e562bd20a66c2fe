# SPDX-License-Identifier: GPL-2.0-only
"""Semantic patches of a step on one file: which names they need, spatch, and
the layout of what it writes."""
from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from .record import SeriesError

NO_MATCH = b"there are no modified files"
LIMIT, MOST = 80, 100       # columns: wanted, and what checkpatch.pl bears
SPATCH_SECONDS = 300


HOLE = re.compile(r"%([A-Z]+[0-9]*)%")


def names(cocci: Path, ran: Path) -> dict[str, str]:
    """What a run put for %YIELDS% and the like, from its rules: those of the
    conversion have the holes, those of the run what was put there."""
    found: dict[str, str] = {}
    for template in sorted(cocci.glob("*.cocci")):
        file = ran / template.name
        if not file.is_file():
            continue
        pattern, seen = "", set()
        at = 0
        text = template.read_text("utf-8")
        for hole in HOLE.finditer(text):
            pattern += re.escape(text[at:hole.start()])
            pattern += f"(?P={hole[1]})" if hole[1] in seen \
                else f"(?P<{hole[1]}>.*?)"
            seen.add(hole[1])
            at = hole.end()
        if not seen:
            continue
        m = re.fullmatch(pattern + re.escape(text[at:]),
                         file.read_text("utf-8"), re.S)
        if not m:
            raise SeriesError(f"{file}: was not made from {template}; run "
                              "convert again")
        found.update(m.groupdict())
    return found


def spatch(rule: Path, text: bytes, path: str, fill: dict[str, str]) -> bytes:
    """@text after the semantic patch @rule."""
    source = rule.read_text("utf-8")

    def put(m: re.Match[str]) -> str:
        if m[1] not in fill:
            raise SeriesError(f"{rule}: {m[0]}: no rule of the conversion has "
                              "such a list")
        # A list may be empty: a name that nothing has.
        return fill[m[1]] or "treewide_none"
    with tempfile.TemporaryDirectory(prefix="treewide-series-") as work:
        sp, src, out = (Path(work) / n for n in
                        ("rule.cocci", Path(path).name, "out"))
        sp.write_text(HOLE.sub(put, source), "utf-8")
        src.write_bytes(text)
        cmd = ["spatch", "--very-quiet", "--no-includes", "--include-headers",
               "--sp-file", str(sp), str(src), "-o", str(out)]
        try:
            done = subprocess.run(cmd, capture_output=True, check=False,
                                  timeout=SPATCH_SECONDS)
        except FileNotFoundError as err:
            raise SeriesError("spatch is missing: apt-get install "
                              "coccinelle") from err
        except subprocess.TimeoutExpired as err:
            raise SeriesError(f"{path}: spatch took more than "
                              f"{SPATCH_SECONDS} s on {rule}") from err
        if done.returncode and NO_MATCH not in done.stderr:
            raise SeriesError(
                f"{path}: spatch failed on {rule}: "
                f"{done.stderr.decode('utf-8', 'replace').strip()[-300:]}")
        return out.read_bytes() if out.is_file() else text


def spaced(text: bytes, before: bytes) -> bytes:
    """@text with a blank in the function pointers that spatch 1.1 adds as
    "int(*f)(", and the lines that go on below them one column on."""
    known = set(before.split(b"\n"))
    out: list[bytes] = []
    inside = False
    for line in text.split(b"\n"):
        if line in known:
            inside = False
        elif inside:
            bare = line.lstrip()
            column = len(line[:-len(bare)].expandtabs(8)) + 1 if bare else 0
            line = b"\t" * (column // 8) + b" " * (column % 8) + bare
        else:
            line, changed = re.subn(rb"^(\s*\w[\w *]*\w)(\(\*\w+\)\()",
                                    rb"\1 \2", line)
            inside = changed > 0
        inside = inside and not line.endswith(b";")
        out.append(line)
    return b"\n".join(out)


def fold(text: bytes, before: bytes) -> bytes:
    """Break the lines of @text that are too long and not in @before."""
    known = set(before.split(b"\n"))
    out: list[str] = []
    for raw in text.split(b"\n"):
        line = raw.decode("latin-1")
        if raw in known or "\\" in line:
            out.append(line)
            continue
        while line:
            head, line = _break(line)
            out.append(head)
        if not raw:
            out.append("")
    return "\n".join(out).encode("latin-1")


def _column(text: str) -> int:
    return len(text.expandtabs(8))


def _break(line: str) -> tuple[str, str]:
    """@line up to where it is broken best, and the rest, laid out."""
    if _column(line) <= LIMIT:
        return line, ""
    opened: list[int] = []
    points: list[tuple[int, int, int]] = []     # depth, place, column
    for i, c in enumerate(line):
        if c in "([":
            opened.append(_column(line[:i + 1]))
        elif c in ")]" and opened:
            opened.pop()
        elif c == "," and opened:
            points.append((len(opened), i + 1, opened[-1]))
        elif c == "=" and not opened and line[i:i + 2] == "= ":
            tabs = _column(line[:len(line) - len(line.lstrip())])
            points.append((0, i + 1, tabs + 8))
    for most in (LIMIT, MOST):
        fit = [p for p in points if _column(line[:p[1]]) <= most
               and line[p[1]:].strip()]
        if fit:
            _, at, col = min(fit, key=lambda p: (p[0], -p[1]))
            rest = "\t" * (col // 8) + " " * (col % 8) + line[at:].lstrip()
            if _column(rest) < _column(line):
                return line[:at], rest
    return line, ""
