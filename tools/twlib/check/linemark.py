# SPDX-License-Identifier: GPL-2.0-only
"""
A variant of a patched source whose unchanged lines have their old numbers.

Some archs compile line numbers into code (each WARN of m68k and sparc passes
__LINE__), so a patch that moves lines changes objects that mean the same.
`#line` directives behind each change give the following lines their old
numbers; when the object of this variant is the object of before, byte for
byte, then line numbers were all that differed.  This proves it with the
compiler itself, where masking bytes in the object would be a guess.

A directive only goes where the language takes one: never into a macro's
continuation lines, a comment, a string or a parenthesis (which may be a
macro's arguments).  Lines up to that place keep their new numbers.
"""
from __future__ import annotations

import re

from ..patch.patchset import LineChange


def safe_lines(text: bytes) -> list[bool]:
    """For each line, and for the end: may a directive stand before it?"""
    result: list[bool] = []
    comment = directive = False
    depth = 0
    quote = 0
    lines = text.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for line in lines:
        continued = directive or quote
        result.append(not (comment or continued or depth > 0))
        if not comment and not continued:
            if line.startswith(b"}"):
                depth = 0       # unbalanced by #if arms: start anew
            directive = line.lstrip().startswith(b"#")
        i, n = 0, len(line)
        while i < n:
            c = line[i]
            if comment:
                if line.startswith(b"*/", i):
                    comment = False
                    i += 1
            elif quote:
                if c == 0x5c:
                    i += 1
                elif c == quote:
                    quote = 0
            elif line.startswith(b"/*", i):
                comment = True
                i += 1
            elif line.startswith(b"//", i):
                break
            elif c in b"\"'":
                quote = c
            elif not directive and c in b"([":
                depth += 1
            elif not directive and c in b")]":
                depth = max(0, depth - 1)
            i += 1
        spliced = line.rstrip(b"\r").endswith(b"\\")
        if not spliced:
            quote = 0           # a string ends with its line
            if not comment:
                directive = False
        elif not directive and not comment and not quote:
            directive = True    # a spliced line of code: stay out of it
    result.append(not (comment or directive or quote or depth > 0))
    return result


ARM_END = re.compile(rb"\s*#\s*(endif|else|elif)\b")


def directives(after: bytes, changes: list[LineChange]) -> dict[int, int]:
    """Where a #line directive belongs: line (0 based) -> the number that it
    has to give, behind each change that moves lines."""
    lines = after.split(b"\n")
    safe = safe_lines(after)
    count = len(safe) - 1
    marks: dict[int, int] = {}
    shown = 0               # by how much lines are moved, as compiled
    for number, change in enumerate(changes):
        shift = (change.old + change.old_n) - (change.new + change.new_n)
        limit = changes[number + 1].new if number + 1 < len(changes) else count
        place = change.new + change.new_n
        # A directive in an arm that is skipped does nothing: say it again
        # wherever an arm ends.
        for i in range(place + 1, min(limit, count)):
            if shift and safe[i] and ARM_END.match(lines[i - 1]):
                marks[i] = i + shift + 1
        if shift == shown:
            continue
        while place < limit and not safe[place]:
            place += 1
        if place < count and safe[place] and place <= limit:
            marks[place] = place + shift + 1
            shown = shift
    return marks


def neutralise(after: bytes, changes: list[LineChange]) -> bytes:
    """@after with its #line directives."""
    marks = directives(after, changes)
    result: list[bytes] = []
    for place, line in enumerate(after.split(b"\n")):
        if place in marks:
            result.append(b"#line %d" % marks[place])
        result.append(line)
    return b"\n".join(result)
