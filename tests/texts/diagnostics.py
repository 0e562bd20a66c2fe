#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The messages of the source against docs/diagnostics.md, both ways.

A message is what tw_error(), tw_error_at(), tw_warn() and tw_die() are given
in C, or what is added to the problems of a run, and what an error is raised with in the Python tools; what is filled in
at run time is "…".  In the document a message is the first column of a table,
in backquotes.  A message that several places share is there once.

    tests/texts/diagnostics.py          what is missing, what is stale
    tests/texts/diagnostics.py --list   all messages, by place
"""
from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
C_CALL = re.compile(r"\b(?:tw_error|tw_error_at|tw_warn|tw_die|problem)\("
                    r"|(?:problems|not_judged|x->res->unread|patch->unread),\s*g_strdup_printf\(")
C_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
C_HOLE = re.compile(r"%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j)?"
                    r"[a-zA-Z]")
# Classes whose text a user sees; what carries another error's text along
# adds nothing of its own.
ERRORS = re.compile(r"(Error|Incomplete)$")
QUIET = {"AssertionError", "NotImplementedError"}
HOLE = "…"


@dataclass(frozen=True)
class Message:
    text: str
    place: str


def plain(text: str) -> str:
    """One line, holes that touch as one."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(rf"{HOLE}(?: ?{HOLE})+", HOLE, text)


def of_c(source: str, name: str) -> list[Message]:
    found = []
    for call in C_CALL.finditer(source):
        if "G_GNUC" in source[call.end():source.find(";", call.end()) + 1] \
                or source[:call.start()].endswith(("int ", "void ")):
            continue
        depth, at, in_string = 1, call.end(), False
        while at < len(source) and depth:
            c = source[at]
            if in_string:
                at += c == "\\"
                in_string = source[at:at + 1] != '"' or c == "\\"
            elif c == '"':
                in_string = True
            depth += (c == "(") - (c == ")") if not in_string else 0
            at += 1
        args = source[call.end():at - 1]
        text = _format(args)
        if re.search(r"[a-z]{2}", text):
            line = source.count("\n", 0, call.start()) + 1
            found.append(Message(text, f"{name}:{line}"))
    return found


def _format(args: str) -> str:
    """The format of a call: its first run of string literals."""
    first = C_STRING.search(args)
    if not first:
        return ""
    text, at = "", first.start()
    while True:
        rest = args[at:]
        m = re.match(r'\s*"((?:[^"\\]|\\.)*)"', rest)
        if m:
            text += m[1]
            at += m.end()
            continue
        m = re.match(r"\s*(?:PRI\w+|G_G\w+_FORMAT)", rest)
        if m:
            text += "%d" if not text.endswith("%") else "d"
            at += m.end()
            continue
        m = re.match(r'\s*[A-Z][A-Z_]+(?=\s*")', rest)    # a macro's text
        if m:
            text += HOLE
            at += m.end()
            continue
        break
    # "%" PRIu64: the hole is the macro.
    text = C_HOLE.sub(HOLE, text.replace("%%d", "%d")).replace("%%", "%")
    text = re.sub(r"% ?%d|%(?= )", HOLE, text)
    return plain(text.replace("\\n", " ").replace('\\"', '"')
                 .replace("\\t", " ").replace("\\\\", "\\"))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(v) for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return HOLE


def of_python(source: str, name: str) -> list[Message]:
    found = []
    for node in ast.walk(ast.parse(source)):
        call = None
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            call = node.exc
            fn = call.func
            cls = fn.id if isinstance(fn, ast.Name) else \
                fn.attr if isinstance(fn, ast.Attribute) else ""
            if not ERRORS.search(cls) or cls in QUIET:
                continue
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) \
                and isinstance(node.value.func, ast.Attribute) \
                and node.value.func.attr == "error" \
                and isinstance(node.value.func.value, ast.Name) \
                and node.value.func.value.id == "parser":
            call = node.value
        if call is None or not call.args:
            continue
        text = plain(_text(call.args[0]))
        if re.search(r"[a-z]{2}", text):
            found.append(Message(text, f"{name}:{node.lineno}"))
    return found


def messages(top: Path) -> list[Message]:
    found: list[Message] = []
    for file in sorted(top.glob("src/**/*.c")):
        if file.name != "diag.c":
            found += of_c(file.read_text(), str(file.relative_to(top)))
    tools = [p for p in sorted(top.glob("tools/*")) if p.is_file()
             and p.read_bytes().startswith(b"#!/usr/bin/python3")]
    for file in [*tools, *sorted(top.glob("tools/twlib/**/*.py"))]:
        found += of_python(file.read_text(), str(file.relative_to(top)))
    return found


def documented(top: Path) -> list[str]:
    file = top / "docs/diagnostics.md"
    text = file.read_text() if file.is_file() else ""
    return [m[1].replace("\\|", "|") for m in re.finditer(
        r"(?m)^\| `` ?(.*?) ?`` \|", text)]


def compare(top: Path) -> tuple[list[Message], list[str]]:
    """(messages without a row, rows without a message)."""
    have = messages(top)
    rows = documented(top)
    texts = {m.text for m in have}
    missing, seen = [], set(rows)
    for m in have:
        if m.text not in seen:
            seen.add(m.text)
            missing.append(m)
    return missing, [r for r in rows if r not in texts]


def main() -> int:
    if "--list" in sys.argv:
        for m in messages(TOP):
            print(f"{m.place}\t{m.text}")
        return 0
    missing, stale = compare(TOP)
    for m in missing:
        print(f"missing  {m.place}\t{m.text}")
    for text in stale:
        print(f"stale    {text}")
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main())
