# SPDX-License-Identifier: GPL-2.0-only
"""
Aligns two sequences: lines of two files, or tokens of two functions.

Patience diff: elements that occur once on both sides are anchors, and the parts
between them are aligned in the same way; a part without anchors goes to
difflib.  difflib alone takes quadratic time on files with thousands of equal
lines such as "}".  A part without anchors that is too long for difflib is left
unaligned.
"""
from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Up to this product of lengths a part without anchors goes to difflib.
SMALL = 400_000


@dataclass(frozen=True)
class Region:
    """Elements [a0, a1) of the one side became [b0, b1) of the other."""
    a0: int
    a1: int
    b0: int
    b1: int


def _anchors(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """The longest chain of elements that are unique on both sides."""
    in_a, in_b = Counter(a), Counter(b)
    where = {s: j for j, s in enumerate(b) if in_b[s] == 1 and in_a[s] == 1}
    pairs = [(i, where[s]) for i, s in enumerate(a) if s in where]
    tails: list[int] = []               # the last j of a chain of each length
    ends: list[int] = []                # which pair that is
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        at = bisect.bisect_left(tails, j)
        tails[at:at + 1] = [j]
        ends[at:at + 1] = [n]
        before.append(ends[at - 1] if at else -1)
    chain = []
    n = ends[-1] if ends else -1
    while n >= 0:
        chain.append(pairs[n])
        n = before[n]
    return chain[::-1]


def pairs(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Which element of @a is which of @b, in order."""
    out: list[tuple[int, int]] = []
    todo = [(0, len(a), 0, len(b))]
    while todo:
        a0, a1, b0, b1 = todo.pop()
        while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
            out.append((a0, b0))
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
            a1, b1 = a1 - 1, b1 - 1
            out.append((a1, b1))
        if a0 == a1 or b0 == b1:
            continue
        part_a, part_b = a[a0:a1], b[b0:b1]
        anchors = _anchors(part_a, part_b)
        if anchors:
            last = (a0, b0)
            for i, j in anchors:
                todo.append((last[0], a0 + i, last[1], b0 + j))
                out.append((a0 + i, b0 + j))
                last = (a0 + i + 1, b0 + j + 1)
            todo.append((last[0], a1, last[1], b1))
        elif len(part_a) * len(part_b) <= SMALL:
            for m in SequenceMatcher(None, part_a, part_b,
                                     False).get_matching_blocks():
                out += [(a0 + m.a + k, b0 + m.b + k) for k in range(m.size)]
    return sorted(out)


def regions(matched: Sequence[tuple[int, int]], len_a: int,
            len_b: int) -> list[Region]:
    """What lies between the pairs: the parts that differ."""
    out = []
    i = j = 0
    for x, y in [*matched, (len_a, len_b)]:
        if x > i or y > j:
            out.append(Region(i, x, j, y))
        i, j = x + 1, y + 1
    return out
