# SPDX-License-Identifier: GPL-2.0-only
"""
A C file as lines, tokens and named items: functions, macros, types, variables
and declarations at file scope.

This is a reader for a report, not a parser: it knows no types and expands no
macro.  Both arms of an #if are read, each from the depth of braces at the #if,
and a brace in the first column brings it back to file scope, so an odd place
costs one item and not the rest of the file.  An item that it cannot name is
left out; its lines count as file scope.
"""
from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

_COMMENT = r"/\*.*?(?:\*/|\Z)|//[^\n]*"
_STRING = r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?"
_DIRECTIVE = r"^[ \t]*\#(?:\\\r?\n|[^\n])*"
_WORD = r"[A-Za-z_]\w*"
_HIDDEN = re.compile(f"(?P<comment>{_COMMENT})|{_STRING}", re.S)
_VISIBLE = re.compile(r"[^\n]")
_TOKEN = re.compile(
    rf"{_WORD}|{_STRING}|\.?[0-9][\w.]*"
    r"|->|\+\+|--|<<=?|>>=?|[-+*/%&|^=!<>]=|&&|\|\||\.\.\.|\#\#|\S")
# What is read outside of functions, in a text without comments and strings.
_OUTSIDE = re.compile(
    rf"(?P<directive>{_DIRECTIVE})|(?P<word>{_WORD})|[!=<>]=|\S", re.M)
_IN_BODY = re.compile(rf"{_DIRECTIVE}|^\}}", re.M)
_DEFINE = re.compile(r"\s*#\s*define\s+(\w+)")
_CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b")
_BLANK = re.compile(r"\s+")
# The mark at the begin of a comment's lines, which re-filling moves.
_MARK = re.compile(r"^\s*\*(?!/)")
_OPEN = {"(": ")", "[": "]", "{": "}"}
_SPLICE = re.compile(r"\\\r?\n")
_SHOUT = re.compile(r"[A-Z][A-Z0-9_]+$")
_RECORD = {"struct", "union", "enum"}


@dataclass(frozen=True)
class Item:
    """A named thing at file scope; its lines are 0 based and inclusive."""
    kind: str               # function, macro, type, data, declaration
    name: str
    number: int             # of those with this kind and name, from 0
    first: int
    last: int


def is_c(path: str) -> bool:
    return path.endswith((".c", ".h"))


def squeeze(line: str) -> str:
    """The line without its white space: what two lines are compared by."""
    return _BLANK.sub("", line)


def squeeze_all(lines: list[str]) -> str:
    """Some lines in one, also without the marks of a comment's lines."""
    return "".join(squeeze(_MARK.sub("", s)) for s in lines)


def mask(text: str, strings: bool = True) -> str:
    """Blanks in place of comments and of what is in strings."""
    def hide(m: re.Match[str]) -> str:
        return _VISIBLE.sub(" ", m[0]) if strings or m["comment"] else m[0]
    return _HIDDEN.sub(hide, text)


def code(text: str) -> list[str]:
    """The tokens of @text, directives too, without comments."""
    return _TOKEN.findall(_SPLICE.sub(" ", mask(text, False)))


@dataclass
class _Group:
    """A pair of parentheses at depth 0 of an item."""
    before: str             # the word in front
    words: list[str] = field(default_factory=list)


@dataclass
class _Open:
    """The item that is being read."""
    first: int
    words: list[str] = field(default_factory=list)      # at depth 0
    groups: list[_Group] = field(default_factory=list)
    assigned: bool = False
    body: str = ""          # function, or other braces
    last: str = ""


class _Items:
    """Finds the items of one text; @masked is without comments and strings."""

    def __init__(self, masked: str, starts: list[int]) -> None:
        self.text, self.starts = masked, starts
        self.out: list[Item] = []
        self.seen: dict[tuple[str, str], int] = {}
        self.stack: list[str] = []
        self.saved: list[list[str]] = []
        self.item: _Open | None = None

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def add(self, kind: str, name: str, first: int, last: int) -> None:
        n = self.seen.get((kind, name), 0)
        self.seen[kind, name] = n + 1
        self.out.append(Item(kind, name, n, self.line(first), self.line(last)))

    def directive(self, text: str, start: int) -> None:
        define = _DEFINE.match(text)
        if define:
            self.add("macro", define[1], start, start + len(text.rstrip()) - 1)
            return
        condition = _CONDITION.match(text)
        if not condition:
            return
        if condition[1].startswith("if"):
            self.saved.append(list(self.stack))
        elif condition[1] == "endif":
            if self.saved:
                self.saved.pop()
        elif self.saved:
            self.stack = list(self.saved[-1])

    def close(self, end: int) -> None:
        item, self.item = self.item, None
        if item:
            kind, name = _name(item)
            if name:
                self.add(kind, name, item.first, end)

    def read(self) -> list[Item]:
        at = 0
        while True:
            m = _OUTSIDE.search(self.text, at)
            if not m:
                break
            at = m.end()
            if m["directive"]:
                self.directive(m[0], m.start())
            elif self.token(m[0], m.start(), m.lastgroup == "word"):
                at = self.body(at)
        self.close(len(self.text) - 1)
        return sorted(self.out, key=lambda i: (i.first, i.last))

    def body(self, at: int) -> int:
        """Skips a function's body up to its brace in the first column."""
        for m in _IN_BODY.finditer(self.text, at):
            if m[0] == "}":
                self.stack = []
                self.close(m.start())
                return m.end()
            self.directive(m[0], m.start())
        return len(self.text)

    def token(self, text: str, start: int, is_word: bool) -> bool:
        """Takes a token; says whether a function's body begins with it."""
        column0 = start == 0 or self.text[start - 1] == "\n"
        if column0 and text in ("{", "}"):
            self.stack = ["}"] if text == "}" else []
        item = self.item
        if column0 and not self.stack and item and text != "{" \
                and _is_call(item):
            self.close(start - 1)
            item = None
        if item is None:
            if text in (";", "}"):
                self.stack = []
                return False
            item = self.item = _Open(start)
        if self.stack:
            self.inside(text, start, item)
        else:
            self.outside(text, start, item, is_word)
        item.last = text
        return column0 and text == "{" and item.body == "function"

    def outside(self, text: str, start: int, item: _Open,
                is_word: bool) -> None:
        if text == ";":
            self.close(start)
        elif text in _OPEN:
            if text == "(":
                item.groups.append(_Group(item.last))
            elif text == "{" and not item.body:
                record = item.words and item.words[0] in _RECORD | {"typedef"} \
                    and item.last != ")"
                item.body = "braces" if item.assigned or record \
                    or not item.groups else "function"
            self.stack.append(_OPEN[text])
        elif text == "=":
            item.assigned = True
        elif is_word and not item.assigned:
            item.words.append(text)

    def inside(self, text: str, start: int, item: _Open) -> None:
        if self.stack == [")"] and item.groups:
            item.groups[-1].words.append(text)
        if text in _OPEN:
            self.stack.append(_OPEN[text])
        elif text in (")", "]", "}"):
            while self.stack and self.stack.pop() != text:
                pass
            if not self.stack and text == "}" and item.body == "function":
                self.close(start)


def _is_call(item: _Open) -> bool:
    """A macro's call without a semicolon, such as EXPORT_SYMBOL(x)."""
    return len(item.words) == 1 and len(item.groups) == 1 \
        and not item.assigned and not item.body and item.last == ")"


def _name(item: _Open) -> tuple[str, str]:
    """Kind and name of an item; the name is empty if there is none."""
    words, groups = item.words, item.groups
    if item.assigned or (not groups and item.body != "braces"):
        # "struct a b __attr = {": the last word that is no attribute.
        own = [w for w in words if not w.startswith("__")] or words
        return "data", own[-1] if own and own[-1] not in _RECORD else ""
    if item.body == "braces":
        at = next((i for i, w in enumerate(words) if w in _RECORD), -1)
        names = words[at + 1:at + 2] if at >= 0 else []
        return "type", f"{words[at]} {names[0]}" if names else ""
    named = [g for g in groups if re.match(r"[A-Za-z_]", g.before)]
    plain = [g for g in named if not g.before.startswith("__")] or named
    if not plain:
        return "declaration", ""
    group = plain[0]
    name = group.before
    if item.body == "function":
        # "module_init(x) int f(void) {": the last one in front of the body.
        group = plain[-1]
        name = group.before
    elif group.words[:1] == ["*"] and len(group.words) > 1:
        name = group.words[1]
    if _SHOUT.match(name) and group.words:
        name = f"{name}({group.words[0]})"
    return "function" if item.body == "function" else "declaration", name


class Source:
    """A text with its lines and, if it is C, its items, read when asked for."""

    def __init__(self, path: str, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.squeezed = [squeeze(s) for s in self.lines]
        self.c = is_c(path)

    @cached_property
    def _masked(self) -> str:
        return mask(self.text)

    @cached_property
    def _no_comments(self) -> list[str]:
        return mask(self.text, False).split("\n")

    @cached_property
    def items(self) -> list[Item]:
        if not self.c:
            return []
        starts = [0]
        for s in self.lines:
            starts.append(starts[-1] + len(s) + 1)
        return _Items(self._masked, starts).read()

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Item]]:
        out: dict[tuple[str, str], list[Item]] = {}
        for item in self.items:
            out.setdefault((item.kind, item.name), []).append(item)
        return out

    @cached_property
    def _owner(self) -> dict[int, Item]:
        # Macros last: one inside a function is the smaller item.
        return {n: item for item in sorted(self.items,
                                           key=lambda i: i.kind == "macro")
                for n in range(item.first, item.last + 1)}

    def item_at(self, line: int) -> Item | None:
        return self._owner.get(line)

    def place(self, line: int) -> str:
        """What kind of text the line stands in."""
        if not self.c:
            return "text"
        if not self._no_comments[line].strip():
            return "comment"
        item = self._owner.get(line)
        return item.kind if item else "file scope"

    def find(self, kind: str, name: str) -> list[Item]:
        return self._by_name.get((kind, name), [])

    def raw(self, item: Item) -> str:
        return "\n".join(self.lines[item.first:item.last + 1])

    def code(self, item: Item) -> list[str]:
        """The tokens of an item, without comments."""
        return code(self.raw(item))
