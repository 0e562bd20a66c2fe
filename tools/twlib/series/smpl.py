# SPDX-License-Identifier: GPL-2.0-only
"""Which semantic patches made a patch, as text for its message: a block of a
.cocci file is shown if its change is among the edits."""
from __future__ import annotations

import re
from pathlib import Path

from .record import Change
from .rules import HOLE


def put(text: str, fill: dict[str, str]) -> str:
    return HOLE.sub(lambda m: fill.get(m[1], m[0]), text)


def blocks(path: Path) -> list[str]:
    """The rules of a semantic patch, without comments of whole lines."""
    lines = [line for line in path.read_text("utf-8").splitlines()
             if not line.startswith("//")]
    return [b.strip("\n") for b in re.split(
        r"(?m)^(?=@[^@\n]*@$)(?!@@$\n(?!.*\n?@@))", "\n".join(lines))
        if b.strip()]


def named(block: str) -> str:
    m = re.match(r"@ *(\w*)[^@]*@", block)
    return m[1] if m else ""


def referred(name: str, others: list[str]) -> bool:
    """Does one of @others take a metavariable of the rule @name?"""
    return bool(name) and any(re.search(rf"\b{name}\.\w", o)
                              or re.search(rf"depends on[^@]*\b{name}\b", o)
                              for o in others)


def metavariables(head: str) -> set[str]:
    """What the head of a rule declares that stands for something else."""
    own = re.sub(r'"[^"]*"|\{[^}]*\}', "", re.sub(
        r"(?m)^(?:typedef|symbol|\w+ name) .*$", "", head))
    return set(re.findall(r"(\w+)(?= *(?:[,;!]|=~|= *\{))", own))


def squeezed(text: str) -> str:
    return re.sub(r"\\\n|\s+", "", text)


def runs(line: str, declared: set[str]) -> list[str]:
    """What stands in a line of a rule between what stands for something
    else, without blanks, if there is a word in it."""
    found = [""]
    for token in re.findall(r'\.\.\.|"[^"]*"|\w+|[^\w\s]', line):
        if token in declared or token == "...":
            found.append("")
        else:
            found[-1] += token
    return [r for r in found if re.search(r"[A-Za-z_]\w", r)]


def fits(block: str, text: str, fill: dict[str, str]) -> bool:
    """Does what the rule needs stand in @text, a file before and behind the
    change?  Lines by themselves: another rule may have made a part.  A word
    that a regular expression describes is any that it matches."""
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    text = squeezed(text)
    head, _, body = block.partition("\n@@")
    for pattern in re.findall(r'=~ *"([^"]*)"', head):
        try:
            if not any(re.search(put(pattern, fill), w) for w in words):
                return False
        except re.error:
            continue
    declared = metavariables(head) | {"when", "any", "exists", "forall"}
    # The arms of a disjunction, of which one is enough.
    parts = re.split(r"(?ms)^\((.*?)^\)", body)
    arms = [[p] for p in parts[::2]] + [
        re.split(r"(?m)^\|", p) for p in parts[1::2]]
    return all(any(all(
        r in text for line in re.sub(r"//.*", "", arm).splitlines()
        if not line.startswith("+")
        for r in runs(line.removeprefix("-"), declared)) for arm in of)
        for of in arms)


def changed_words(block: str) -> tuple[set[str], set[str]]:
    """Words that a rule takes away and that it adds."""
    head, _, body = block.partition("\n@@")
    declared = metavariables(head)
    sides = [set(re.findall(r"[A-Za-z_]\w*", " ".join(
        re.findall(rf"(?m)^[{mark}](.*)", body)))) for mark in "-+"]
    return sides[0] - sides[1] - declared, sides[1] - sides[0] - declared


def may_have_made(block: str, edits: list[tuple[str, str]]) -> bool:
    """Could the rule have made one of the edits (old, new)?"""
    gone, come = changed_words(block)
    old = set(re.findall(r"\w+", " ".join(e[0] for e in edits)))
    new = set(re.findall(r"\w+", " ".join(e[1] for e in edits)))
    return gone <= old and come <= new


def shown(every: list[str], used: list[str]) -> str:
    """The rules @used of @every as a semantic patch of its own, with what
    they refer to."""
    keep = [b for b in every if b in used]
    for block in reversed(every):
        if block not in keep and referred(named(block), keep):
            keep.append(block)
    keep = [b for b in every if b in keep]
    types = re.findall(r"(?m)^typedef .*;$", "\n".join(every))
    if keep and types and types[0] not in "\n".join(keep):
        head, at, rest = keep[0].partition("\n")
        keep[0] = head + at + types[0] + "\n" + rest
    # What git would take for the end of the message.
    return re.sub(r"(?m)^(?=---|diff -|Index: )", " ", "\n\n".join(keep))


def smpl(path: Path, edits: dict[str, list[tuple[str, str]]],
         base: dict[str, Change], fill: dict[str, str]) -> str:
    """Of a semantic patch the rules that may have made @edits (by file)."""
    every = blocks(path)
    text = {p: ((base[p].old or b"") + (base[p].new or b"")).decode(
        "utf-8", "replace") for p in edits}
    by_name = {named(b): b for b in every}

    def matches(block: str, path: str) -> bool:
        """With the rules whose metavariables it takes over."""
        head = block.partition("\n@@")[0]
        others = re.findall(r"(?m)^\w[^!=\n]*\b(\w+)\.\w+;", head)
        return fits(block, text[path], fill) and all(
            matches(by_name[o], path) for o in others if o in by_name)

    used = [b for b in every if re.search(r"(?m)^[-+]", b)
            and any(may_have_made(b, made) and matches(b, p)
                    for p, made in edits.items())]
    return shown(every, used or every)
