# SPDX-License-Identifier: GPL-2.0-only
"""
The names that a changed header line declares or defines.

To compile a changed line of a header it must be included; to compile what
the change means, the users of the changed declaration must be compiled.  The
users are found by name, so this reads a header as tokens (no preprocessor:
each arm of an #if counts) and says which functions, macros, types and fields
the changed lines belong to.  Too many names cost build time only; a name
missed would cost coverage, so doubtful ones are kept.
"""
from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

_BLANK = re.compile(
    rb"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL)
_TOKEN = re.compile(rb"[A-Za-z_]\w*|[{}();,=\[\]*:#]|\n|[^\s\w]|\d\w*")
_DEFINE = re.compile(rb"\s*#\s*define\s+([A-Za-z_]\w*)")
_KEYWORDS = frozenset(
    b"void char short int long float double signed unsigned const volatile "
    b"static extern inline struct union enum typedef if else for while do "
    b"switch case default return goto break continue sizeof typeof asm "
    b"register restrict bool u8 u16 u32 u64 s8 s16 s32 s64 size_t "
    b"__attribute__ __always_inline noinline __must_check __init __exit "
    b"__iomem __user __rcu __percpu __read_mostly __ro_after_init "
    b"__aligned __printf __packed notrace asmlinkage NULL true false".split())


@dataclass
class Construct:
    """A top-level piece of a header: lines [first, last], 0 based."""
    first: int
    last: int
    names: set[str]
    body: bool              # has code of its own: a macro or a function
    members: bool = False   # fields are a struct's or union's, not an enum's
    fields: dict[int, set[str]] = field(default_factory=dict)


def blank(text: bytes) -> bytes:
    """@text with comments and literals turned to spaces, lines kept."""
    return _BLANK.sub(
        lambda m: re.sub(rb"[^\n]", b" ", m[0]) if m[0][:1] == b"/"
        else b'""', text)


def _ident(token: bytes) -> bool:
    return (token[:1].isalpha() or token[:1] == b"_") \
        and token not in _KEYWORDS


def _finish(tokens: list[tuple[bytes, int]]) -> Construct | None:
    if not tokens:
        return None
    words = [t for t, _ in tokens]
    item = Construct(tokens[0][1], tokens[-1][1], set(), False)
    depth = braces = 0
    member = b""            # the function's pointer that is declared
    head = words[:words.index(b"{")] if b"{" in words else []
    aggregate = bool(head) and head[-1] != b")" and b"=" not in head and \
        any(w in (b"struct", b"union", b"enum") for w in head)
    item.members = aggregate and b"enum" not in head
    function = False
    for i, (word, line) in enumerate(tokens):
        before = words[i - 1] if i else b""
        if word == b"{":
            if not braces and not aggregate:
                item.body = True
            braces += 1
            if not braces - 1 and aggregate and _ident(before):
                item.names.add(before.decode())
        elif word == b"}":
            braces = max(0, braces - 1)
        elif braces and aggregate:
            if word == b"(":
                if not depth and words[i + 1:i + 2] == [b"*"] \
                        and i + 2 < len(words) and _ident(words[i + 2]):
                    member = words[i + 2]
                    item.fields.setdefault(line, set()).add(member.decode())
                depth += 1
            elif word == b")":
                depth = max(0, depth - 1)
            elif depth:
                if member:      # parameters of a function's pointer
                    item.fields.setdefault(line, set()).add(member.decode())
            elif word in (b";", b",", b"[", b":", b"=", b"}") \
                    and _ident(before):
                item.fields.setdefault(tokens[i - 1][1],
                                       set()).add(before.decode())
            if word == b";" and not depth:
                member = b""
        elif not braces:
            if word == b"(":
                if not depth and _ident(before):
                    item.names.add(before.decode())
                    function = True
                if words[i + 1:i + 2] == [b"*"] and i + 2 < len(words) \
                        and _ident(words[i + 2]) and not depth:
                    item.names.add(words[i + 2].decode())
                depth += 1
            elif word == b")":
                depth = max(0, depth - 1)
            elif not depth and word in (b";", b"=", b"[", b",") \
                    and _ident(before) and not function:
                item.names.add(before.decode())
    return item


@functools.lru_cache(maxsize=4)
def constructs(text: bytes) -> list[Construct]:
    """The top-level pieces of a header, in order; shared, not to be changed."""
    result: list[Construct] = []
    lines = blank(text).split(b"\n")
    tokens: list[tuple[bytes, int]] = []
    braces = 0
    function = False
    i = 0

    def close() -> None:
        nonlocal braces, function
        item = _finish(tokens)
        if item and (item.names or item.fields):
            result.append(item)
        tokens.clear()
        braces, function = 0, False

    while i < len(lines):
        line = lines[i]
        if line.lstrip().startswith(b"#"):
            last = i
            while lines[last].rstrip().endswith(b"\\") \
                    and last + 1 < len(lines):
                last += 1
            m = _DEFINE.match(line)
            if m:
                result.append(Construct(i, last, {m[1].decode()}, True))
            i = last + 1
            continue
        if line.startswith((b"}", b"{")) and not tokens:
            i += 1              # extern "C" and what is left of odd code
            continue
        for token in _TOKEN.findall(line):
            if token == b"\n":
                continue
            tokens.append((token, i))
            if token == b"{":
                if not braces:
                    words = [t for t, _ in tokens]
                    function = b"(" in words and b"=" not in words and \
                        words[0] not in (b"typedef", b"struct", b"union",
                                         b"enum") or words[-2:-1] == [b")"]
                braces += 1
            elif token == b"}":
                braces -= 1
                if braces <= 0 and function:
                    close()
            elif token == b";" and braces <= 0:
                close()
        i += 1
    close()
    return result


def declared(text: bytes, first: int, count: int,
             old: bytes | None = None) -> set[str]:
    """
    The names that lines [first, first + count) of the header @text declare,
    define or are part of the definition of; none for comments and blanks.

    @old is the header before, if @text is the one after.  Nothing that the
    patch leaves alone can name a field that it adds; what it does to the
    whole (its size, its initialisers) concerns the users of the type.
    """
    if not count:
        return set()
    lines = blank(text).split(b"\n")
    wanted = {n for n in range(first, min(first + count, len(lines)))
              if lines[n].strip()}
    names: set[str] = set()
    for item in constructs(text):
        hit = {n for n in wanted if item.first <= n <= item.last}
        if not hit:
            continue
        inside = set().union(*(item.fields.get(n, set()) for n in hit))
        if old is not None and item.members and item.names:
            had = _members(old, item.names)
            inside = inside & had | (item.names if inside - had else set())
        names |= inside or item.names
    return names


def _members(text: bytes, names: set[str]) -> set[str]:
    """The fields that the struct or union of one of @names has in @text."""
    return set().union(*(some for c in constructs(text)
                         if c.members and c.names & names
                         for some in c.fields.values()), set())


def definitions_at(text: bytes, lines: set[int]) -> set[str]:
    """The macros and functions with a body that cover any of @lines."""
    return set().union(*(c.names for c in constructs(text)
                         if c.body and any(c.first <= n <= c.last
                                           for n in lines)), set())
