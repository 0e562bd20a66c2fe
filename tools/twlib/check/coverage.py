# SPDX-License-Identifier: GPL-2.0-only
"""
Which changed lines a compiler really compiled.

A file that was read proves little: the line may stand in an #if arm that was
skipped, or in a macro that nobody expands.  So each changed line of code gets
a mark, a name that occurs nowhere else, before its first token, and the
object is preprocessed again with the flags it was compiled with.  A mark that
comes out went to the compiler: the arm was live, the macro was expanded, the
argument was not dropped.  A directive is marked by a line of its own before
it, which says that the preprocessor obeyed it.

Marks must not change what is compiled.  One that comes out glued to another
name (## did it) has shown what it was for; the source is preprocessed again
without it.  Where the preprocessor fails (an #if evaluates a macro with a
mark) fewer marks are set, and a line that had to go without is `unknown`,
never covered (see Marks.without()).
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

MARK = "__treewide_%d__"
_MARK = re.compile(rb"__treewide_(\d+)__")
_WORD = re.compile(rb"\w")

_LITERAL = re.compile(
    rb"/\*.*?\*/|/\*.*|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL)
_DIRECTIVE = re.compile(
    rb"\s*#\s*(define|undef|include_next|include|ifdef|ifndef|if|elifdef"
    rb"|elifndef|elif|else|endif|error|warning|pragma|line|ident)\b")
_DEFINE = re.compile(rb"\s*#\s*define\s+(\w+)(\()?")
_FIRST = re.compile(rb"[A-Za-z_]\w*|\d[\w.]*|\"x*\"|'x*'|\S")

CODE, DIRECTIVE, MACRO = "code", "directive", "macro"


def masked(text: bytes) -> bytes:
    """@text with comments turned to spaces and literals to x; each byte and
    each line stays where it is."""
    def blank(m: re.Match[bytes]) -> bytes:
        got = m[0]
        if got[:1] == b"/":
            return re.sub(rb"[^\n]", b" ", got)
        return got[:1] + re.sub(rb"[^\n]", b"x", got[1:-1]) + got[-1:]
    return _LITERAL.sub(blank, text)


@dataclass
class Line:
    """A line of a source, as the preprocessor reads it."""
    kind: str = ""              # "": no code in it
    first: int = 0              # of a directive or macro: its first line
    last: int = 0
    name: str = ""              # the directive
    macro: str = ""             # the macro that it is part of
    function_like: bool = False
    chain: int = -1             # of #elif, #else, #endif: the line of its #if
    conditions: tuple[str, ...] = ()    # of the #if arms around it


def _condition(line: bytes, name: str) -> str:
    text = re.sub(rb"^\s*#\s*\w+", b"", line).replace(b"\\", b" ")
    words = " ".join(text.decode("utf-8", "replace").split())
    if name in ("ifdef", "elifdef"):
        return words if words.startswith("CONFIG_") else f"defined({words})"
    if name in ("ifndef", "elifndef"):
        return f"!{words}" if words.startswith("CONFIG_") \
            else f"!defined({words})"
    return words


def _not(text: str) -> str:
    if text.startswith("!") and re.fullmatch(r"!(\w+|defined\(\w+\))", text):
        return text[1:]
    return f"!{text}" if re.fullmatch(r"\w+|defined\(\w+\)", text) \
        else f"!({text})"


def read_lines(text: bytes) -> list[Line]:
    """All lines of a source or header."""
    raw = masked(text).split(b"\n")
    result: list[Line] = []
    stack: list[tuple[int, list[str], str | None]] = []
    i = 0
    while i < len(raw):
        here = tuple(c for _, _, c in stack if c)
        m = _DIRECTIVE.match(raw[i])
        if not m:
            kind = CODE if raw[i].strip().strip(b"\\") else ""
            result.append(Line(kind, i, i, conditions=here))
            i += 1
            continue
        last = i
        while raw[last].rstrip().endswith(b"\\") and last + 1 < len(raw):
            last += 1
        name = m[1].decode()
        whole = b"\n".join(raw[i:last + 1])
        item = Line(DIRECTIVE, i, last, name, conditions=here)
        d = _DEFINE.match(raw[i])
        if d:
            item.kind, item.macro = MACRO, d[1].decode()
            item.function_like = bool(d[2])
        elif name in ("if", "ifdef", "ifndef"):
            cond: str | None = _condition(whole, name)
            if name == "ifndef" and _is_guard(raw, last, whole):
                cond = None
            stack.append((i, [cond or ""], cond))
        elif name.startswith("el") and stack:
            first, before, _ = stack.pop()
            item.chain = first
            item.conditions = tuple(c for _, _, c in stack if c)
            parts = [_not(c) for c in before if c]
            if name != "else":
                cond = _condition(whole, name)
                before = [*before, cond]
                parts.append(cond if re.fullmatch(r"[\w!()]+", cond)
                             else f"({cond})")
            stack.append((first, before, " && ".join(parts) or None))
        elif name == "endif" and stack:
            item.chain = stack.pop()[0]
            item.conditions = tuple(c for _, _, c in stack if c)
        for n in range(i, last + 1):
            code = raw[n].strip().strip(b"\\").strip()
            result.append(item if code else Line(
                "", n, n, conditions=item.conditions))
        i = last + 1
    return result


def _is_guard(raw: list[bytes], at: int, whole: bytes) -> bool:
    """Is the #ifndef that ends at @at a header's guard?"""
    name = re.sub(rb"^\s*#\s*ifndef\s+", b"", whole).strip()
    for line in raw[at + 1:at + 4]:
        if line.strip():
            return re.match(rb"\s*#\s*define\s+" + re.escape(name) + rb"\b",
                            line) is not None
    return False


@dataclass
class Mark:
    """A mark for a line; several lines may share a place."""
    number: int
    file: str
    line: int                   # 0 based
    kind: str                   # what the mark proves: CODE, MACRO or, of a
                                # macro, DIRECTIVE: that it is defined
    macro: str = ""
    function_like: bool = False


@dataclass
class Marks:
    """All marks of a patch, and where they go."""
    marks: list[Mark] = field(default_factory=list)
    # file -> line -> what is inserted: (column, mark), or (-1, mark) for a
    # line of its own before it
    places: dict[str, dict[int, list[tuple[int, int]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    lines: dict[str, list[Line]] = field(default_factory=dict)

    def add(self, file: str, text: bytes, wanted: Iterable[int]) -> None:
        """Mark the lines @wanted (0 based) of @file as far as they are
        code."""
        info = self.lines[file] = read_lines(text)
        raw = masked(text).split(b"\n")

        def put(line: int, kind: str, column: int, at: int,
                item: Line) -> None:
            number = len(self.marks)
            self.marks.append(Mark(number, file, line, kind, item.macro,
                                   item.function_like))
            self.places[file][at].append((column, number))

        for n in sorted(set(wanted)):
            if n >= len(info) or not info[n].kind:
                continue
            item = info[n]
            if item.kind == CODE:
                put(n, CODE, _column(raw, n, 0), n, item)
                continue
            if item.kind == DIRECTIVE:
                at = item.chain if item.chain >= 0 else item.first
                put(n, CODE, -1, at, item)
                continue
            place = _body(raw, item, n)
            if place is None:           # an empty macro cannot be seen used
                put(n, CODE, -1, item.first, item)
                continue
            put(n, DIRECTIVE, -1, item.first, item)
            put(n, MACRO, place[1], place[0], item)

    def wanted(self) -> dict[str, list[int]]:
        """The lines of code, 0 based, by file."""
        found: dict[str, set[int]] = defaultdict(set)
        for m in self.marks:
            found[m.file].add(m.line)
        return {f: sorted(lines) for f, lines in found.items()}

    def apply(self, file: str, text: bytes, skip: set[int],
              directives: dict[int, int]) -> bytes:
        """@text with its marks but @skip, and with the #line directives
        that linemark.directives() wants."""
        result: list[bytes] = []
        shift = 1
        for n, line in enumerate(text.split(b"\n")):
            own = False
            if n in directives:
                shift = directives[n] - n
                result.append(b"#line %d" % directives[n])
            for column, mark in sorted(self.places[file].get(n, []),
                                       reverse=True):
                if mark in skip:
                    continue
                name = (MARK % mark).encode()
                if column < 0:
                    result.append(name)
                    own = True
                else:
                    line = (line[:column] + b" " + name + b" "
                            + line[column:])
            if own:
                result.append(b"#line %d" % (n + shift))
            result.append(line)
        return b"\n".join(result)

    def without(self, step: int) -> set[int]:
        """The marks to leave out when they get in the way: at step 1 those
        in the bodies of macros without parameters (an #if may evaluate
        them), at step 2 those in all macro bodies."""
        return {m.number for m in self.marks if m.kind == MACRO
                and (step > 1 or (step and not m.function_like))}


def _column(raw: list[bytes], n: int, start: int) -> int:
    """Where in line @n, from @start, a mark may stand: not between a macro's
    name and its parenthesis, nor beside ##."""
    line = raw[n]
    m = _FIRST.search(line, start)
    if not m:
        return len(line)
    before = raw[n - 1].rstrip().rstrip(b"\\").rstrip() if n else b""
    if line.startswith(b"##", m.start()):
        nxt = _FIRST.search(line, m.start() + 2)
        return nxt.end() if nxt else len(line)
    if m[0] == b"(" or (before.endswith(b"##") and not start):
        return m.end()
    return m.start()


def _body(raw: list[bytes], item: Line, n: int) -> tuple[int, int] | None:
    """The place (line, column) of the mark for line @n of a macro; None: the
    macro has no body."""
    m = _DEFINE.match(raw[item.first])
    assert m
    line, column = item.first, m.end()
    if m[2]:                    # to the end of the parameters
        while b")" not in raw[line][column:]:
            line, column = line + 1, 0
            if line > item.last:
                return None
        column = raw[line].index(b")", column) + 1
    if n > line and raw[n].strip().rstrip(b"\\").strip():
        return n, _column(raw, n, 0)
    while not raw[line][column:].rstrip().rstrip(b"\\").strip():
        line, column = line + 1, 0
        if line > item.last:
            return None
    return line, _column(raw, line, column)


def seen(output: bytes) -> tuple[set[int], set[int]]:
    """The marks in what the preprocessor wrote, and those of them that are
    glued to another name."""
    found: set[int] = set()
    glued: set[int] = set()
    for m in _MARK.finditer(output):
        found.add(int(m[1]))
        if _WORD.match(output[max(m.start() - 1, 0):m.start()]) \
                or _WORD.match(output[m.end():m.end() + 1]):
            glued.add(int(m[1]))
    return found, glued


# Tokens

_OWN = re.compile(rb"__treewide_\d+__ ?")
_MARKER = re.compile(rb"^# \d+ .*\n", re.MULTILINE)
_STRINGS = re.compile(rb"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')")
# A blank is needed between two words and between two operators only.
_BLANK = re.compile(
    rb" (?=[()\[\]{},;])|(?<=[()\[\]{},;]) |(?<=\w) (?!\w)|(?<!\w) (?=\w)")


def canonical(output: bytes) -> bytes:
    """What the preprocessor wrote as tokens: without line markers, marks and
    blanks that mean nothing.  Equal results are equal tokens; operators that
    are spaced otherwise come out different, which is the safe side."""
    text = _OWN.sub(b"", _MARKER.sub(b"", output))
    parts = _STRINGS.split(text)
    for i in range(0, len(parts), 2):
        parts[i] = _BLANK.sub(b"", b" ".join(parts[i].split()))
    return b"\0".join(parts)
