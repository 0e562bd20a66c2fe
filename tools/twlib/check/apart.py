# SPDX-License-Identifier: GPL-2.0-only
"""
Which hunks of a patch are to blame for an object that differs.

Line tables would be a guess: a change in one function can alter another by
inlining, and much of what a hunk changes leaves no line behind.  So the
object is built again without some of the hunks.  What comes out the same as
before shows that the hunks which stayed do nothing there, all of them
together.  First those are left out that stand in a function which differs;
where that is not it, each hunk is tried alone, and then all that were
harmless alone together.  What this does not tell keeps the grade of the
object, which is on the safe side.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from ..patch import declnames
from ..patch.patchset import Hunk

TRIES = 8               # hunks tried alone, in a cell

# The hunks that are left out, the objects to build -> for each object that
# is the same as before, its grade.
Attempt = Callable[[frozenset[int], list[str]], dict[str, str]]


def without(before: bytes, after: bytes, hunks: list[Hunk]) -> bytes:
    """@after, without the @hunks."""
    old, new = before.split(b"\n"), after.split(b"\n")
    for h in sorted(hunks, key=lambda h: -h.new):
        sides = []
        for start, mark in ((h.old, "-"), (h.new, "+")):
            count = sum(x[:1] in ("", " ", mark) for x in h.lines)
            first = start - 1 if count else start
            sides.append((first, first + count))
        new[sides[1][0]:sides[1][1]] = old[sides[0][0]:sides[0][1]]
    return b"\n".join(new)


def stands_in(text: bytes, lines: set[int], functions: set[str]) -> bool:
    """Is one of @lines (1 based) of a source in a definition that seems to
    be one of @functions?  A guess: some macros make up names, such as
    __do_sys_x of x."""
    every = text.split(b"\n")
    for item in declnames.constructs(text):
        if not any(item.first < n <= item.last + 1 for n in lines):
            continue
        head = b" ".join(every[item.first:item.first + 3])
        words = item.names | set(re.findall(r"\w+", head.decode("latin-1")))
        if any(f == w or f.endswith("_" + w) for w in words
               for f in functions):
            return True
    return False


def tell(seen: dict[str, set[int]], suspects: set[int],
         attempt: Attempt) -> dict[str, dict[int, str]]:
    """
    For each object the hunks that do nothing in it, with the grade that they
    have together.  @seen: the hunks that each object which differs sees;
    @suspects: those that are likely to be to blame.
    """
    seen = {o: hs for o, hs in seen.items() if len(hs) > 1}
    every = set().union(*seen.values(), set())
    told: dict[str, dict[int, str]] = {}
    objs = [o for o, hs in sorted(seen.items()) if hs - suspects]
    if suspects & every and objs:
        got = attempt(frozenset(suspects), objs)
        told = {o: dict.fromkeys(seen[o] - suspects, g)
                for o, g in got.items()}
    left = {o: hs for o, hs in seen.items()
            if o not in told and (hs - suspects or not suspects & every)}
    single = sorted(set().union(*left.values(), set()))
    if not left or len(single) > TRIES:
        return told
    alone: dict[str, dict[int, str]] = {o: {} for o in left}
    for h in single:
        got = attempt(frozenset(every - {h}),
                      sorted(o for o, hs in left.items() if h in hs))
        for o, grade in got.items():
            alone[o][h] = grade
    harmless = set().union(*(set(hs) for hs in alone.values()))
    several = sorted(o for o in alone if len(alone[o]) > 1)
    got = attempt(frozenset(every - harmless), several) if several else {}
    for o, hs in alone.items():
        if len(hs) == 1:
            told[o] = hs
        elif o in got:
            told[o] = dict.fromkeys(seen[o] & harmless, got[o])
    return told
