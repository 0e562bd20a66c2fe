# SPDX-License-Identifier: GPL-2.0-only
"""
Judges each line that a conversion changed in one file by the newer tree's file.

A line stands if the newer file has it, white space aside, at the place that an
alignment of the two files gives, or else in a line that the alignment left
over: each line of the newer file answers for one line only.  A line that is not
there as one line but with line ends at other places is `wrapped`.

Whether upstream changed a function otherwise is told by comparing tokens.  The
conversion replaced some tokens of the old function, and so did upstream.  Each
replacement of upstream must be of tokens that the conversion replaced, too, or
one that the conversion makes in other places and left out here (`missed`); else
upstream changed the function otherwise.
"""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from . import align
from .ctext import Item, Source, code, squeeze, squeeze_all
from .trees import Change

# A replacement of more tokens than this is not a word of the conversion.
PHRASE = 12
# What stands instead of a line is at least so much like it.
RESEMBLES = 0.5
# In a gap of the alignment this many lines are looked at.
NEARBY = 200

STANDS = ("stands", "elsewhere", "wrapped")
FALLS = ("upstream-kept", "other", "gone")

Phrase = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass
class Line:
    """A line that the conversion wrote."""
    number: int             # in the converted file, 1 based
    text: str
    was: list[str]          # the old lines of its hunk that resemble it
    place: str              # function, macro, type, data, comment, text ...
    item: str               # name of the function or the like; may be empty
    verdict: str = ""       # one of STANDS or FALLS; empty: not judged
    instead: list[str] = field(default_factory=list)
    item_state: str = ""    # see Unit.state; empty: there is no item


@dataclass
class Unit:
    """A function, or another named item, with lines that were changed."""
    kind: str
    name: str
    # same: tokens are those of the newer tree; only-this: upstream replaced the
    # same tokens, or left them; otherwise: it changed more; gone: not there.
    state: str
    missed: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """All about one file."""
    path: str
    newer: str | None       # its path in the newer tree; None: gone
    lines: list[Line]
    units: list[Unit] = field(default_factory=list)
    removed: int = 0        # old lines that the conversion took out
    removed_too: int = 0    # of these, lines that the newer file lacks, too


def has_word(line: str) -> bool:
    """Is there more in the line than punctuation?"""
    return any(c.isalnum() or c == "_" for c in line)


def _resembling(line: str, others: list[str]) -> list[str]:
    """The one of @others that is most like @line, if any is."""
    best = RESEMBLES
    out: list[str] = []
    match = SequenceMatcher(None, "", squeeze(line), False)
    for other in others[:NEARBY]:
        match.set_seq1(squeeze(other))
        if match.real_quick_ratio() >= best and match.quick_ratio() >= best:
            ratio = match.ratio()
            if ratio > best or not out and ratio == best:
                best, out = ratio, [other]
    return out


class _Flat:
    """Some lines without any white space and line ends."""

    def __init__(self, lines: list[str]) -> None:
        parts = [squeeze_all([s]) for s in lines]
        self.text = "".join(parts)
        self.lines = set()
        at = 0
        for s in parts:
            self.lines.add((at, at + len(s)))
            at += len(s)

    def has(self, before: str, text: str, after: str) -> bool:
        """Is @text there between the two, and not as a line of its own?"""
        at = self.text.find(before + text + after)
        while at >= 0:
            start = at + len(before)
            if (start, start + len(text)) not in self.lines:
                return True
            at = self.text.find(before + text + after, at + 1)
        return False


def phrases_of(change: Change) -> Counter[Phrase]:
    """The replacements of tokens that the conversion made in a file."""
    out: Counter[Phrase] = Counter()
    old, new = (change.old or "").split("\n"), (change.new or "").split("\n")
    for e in align.regions(align.pairs(old, new), len(old), len(new)):
        a, b = code("\n".join(old[e.a0:e.a1])), code("\n".join(new[e.b0:e.b1]))
        for r in align.regions(align.pairs(a, b), len(a), len(b)):
            was, is_now = tuple(a[r.a0:r.a1]), tuple(b[r.b0:r.b1])
            if is_now and len(was) + len(is_now) <= PHRASE \
                    and has_word("".join(was)):
                out[was, is_now] += 1
    return out


class FileJudge:
    """Compares the three texts of one file."""

    def __init__(self, change: Change, key: tuple[str, str] | None) -> None:
        self.change, self.key_path = change, key[0] if key else None
        self.old = Source(change.old_path or change.path, change.old or "")
        self.new = Source(change.path, change.new or "")
        self.key = Source(key[0], key[1]) if key else None
        self.edits = align.regions(
            align.pairs(self.old.lines, self.new.lines),
            len(self.old.lines), len(self.new.lines))
        self.taken = [n for e in self.edits for n in range(e.a0, e.a1)
                      if has_word(self.old.lines[n])]

    def judge(self, phrases: Counter[Phrase]) -> Verdict:
        verdict = Verdict(self.change.path, self.key_path, self._lines())
        if not self.key:
            return verdict
        verdict.removed = len(self.taken)
        kept = {i for i, _ in align.pairs(self.old.squeezed, self.key.squeezed)}
        verdict.removed_too = sum(n not in kept for n in self.taken)
        self._judge_lines(verdict.lines, self.key)
        self._judge_units(verdict, self.key, phrases)
        return verdict

    def _lines(self) -> list[Line]:
        out = []
        for e in self.edits:
            was = [s for s in self.old.lines[e.a0:e.a1] if has_word(s)]
            for n in range(e.b0, e.b1):
                text = self.new.lines[n]
                if has_word(text):
                    item = self.new.item_at(n)
                    out.append(Line(n + 1, text, _resembling(text, was),
                                    self.new.place(n),
                                    item.name if item else ""))
        return out

    def _judge_lines(self, lines: list[Line], key: Source) -> None:
        matched = align.pairs(self.new.squeezed, key.squeezed)
        at = dict(matched)
        left: dict[str, list[int]] = defaultdict(list)
        used = {j for _, j in matched}
        for j, text in enumerate(key.squeezed):
            if j not in used:
                left[text].append(j)
        gaps = align.regions(matched, len(self.new.lines), len(key.lines))
        flat: dict[tuple[int, int], _Flat] = {}
        for line in lines:
            n = line.number - 1
            spare = left[self.new.squeezed[n]]
            if n in at:
                line.verdict = "stands"
            elif spare:
                here = [j for j in spare if self._same_item(n, key, j)]
                spare.remove(here[0] if here else spare[0])
                line.verdict = "stands" if here else "elsewhere"
            else:
                self._falls(line, key, gaps, flat)

    def _surrounded(self, n: int) -> tuple[str, str, str]:
        """The line without white space, and the characters around it."""
        before = squeeze_all(self.new.lines[max(0, n - 5):n])
        after = squeeze_all(self.new.lines[n + 1:n + 6])
        return before[-1:], squeeze_all([self.new.lines[n]]), after[:1]

    def _same_item(self, n: int, key: Source, j: int) -> bool:
        mine, other = self.new.item_at(n), key.item_at(j)
        return mine is not None and other is not None \
            and (mine.kind, mine.name) == (other.kind, other.name)

    def _falls(self, line: Line, key: Source, gaps: list[align.Region],
               flat: dict[tuple[int, int], _Flat]) -> None:
        """What stands where the line does not, unless only line ends differ."""
        gap = next((g for g in gaps if g.a0 <= line.number - 1 < g.a1), None)
        item = self.new.item_at(line.number - 1)
        home = _counterpart(item, key) if item else None
        span = (home.first, home.last + 1) if home else (0, len(key.lines))
        if span not in flat:
            flat[span] = _Flat(key.lines[span[0]:span[1]])
        around = key.lines[gap.b0:gap.b1] if gap else []
        if flat[span].has(*self._surrounded(line.number - 1)):
            line.verdict = "wrapped"
            return
        near = [s for s in around if has_word(s)]
        own = key.lines[span[0]:span[1]] if home else []
        old = {squeeze(s) for s in line.was}
        for lines in (near, own):
            kept = [s for s in lines if squeeze(s) in old]
            if kept:
                line.verdict, line.instead = "upstream-kept", kept[:1]
                return
        line.instead = _resembling(line.text, near) \
            or _resembling(line.text, own)
        line.verdict = "other" if line.instead else "gone"

    def _judge_units(self, verdict: Verdict, key: Source,
                     phrases: Counter[Phrase]) -> None:
        done: dict[Item, Unit] = {}
        for line in verdict.lines:
            item = self.new.item_at(line.number - 1)
            if item is None:
                continue
            if item not in done:
                done[item] = self._unit(item, key, phrases)
                verdict.units.append(done[item])
            line.item_state = done[item].state
        self._missed(verdict, key, phrases, set(done))

    def _unit(self, item: Item, key: Source, phrases: Counter[Phrase]) -> Unit:
        before = self._before(item)
        other = _counterpart(item, key) or (
            _counterpart(before, key) if before else None)
        if other is None:
            return Unit(item.kind, item.name, "gone")
        new, newer = self.new.code(item), key.code(other)
        if new == newer:
            return Unit(item.kind, item.name, "same")
        old = self.old.code(before) if before else []
        state, missed = _others(old, new, newer, phrases)
        return Unit(item.kind, item.name, state, missed)

    def _before(self, item: Item) -> Item | None:
        """The item in the old text: by its name, or else by its place."""
        same = [i for i in self.old.find(item.kind, item.name)
                if i.number == item.number]
        if same:
            return same[0]
        shift = 0
        for e in self.edits:
            if e.b0 > item.last:
                break
            if e.b0 <= item.first < e.b1:
                shift = e.a0 - item.first
                break
            if e.b1 <= item.first:
                shift = e.a1 - e.b1
        found = self.old.item_at(item.first + shift) \
            if 0 <= item.first + shift < len(self.old.lines) else None
        return found if found and found.kind == item.kind else None

    def _missed(self, verdict: Verdict, key: Source, phrases: Counter[Phrase],
                done: set[Item]) -> None:
        """Functions that the conversion did not touch, and upstream did so."""
        words = re.compile("|".join(sorted(
            {rf"\b{w}\b" for old, _ in phrases for w in old if has_word(w)})))
        if not words.pattern:
            return
        for item in self.new.items:
            if item in done or item.kind != "function":
                continue
            other = _counterpart(item, key)
            if other and words.search(self.new.raw(item)):
                text = self.new.code(item)
                missed = _others(text, text, key.code(other), phrases)[1]
                if missed:
                    verdict.units.append(Unit(item.kind, item.name, "untouched",
                                              missed))


def _counterpart(item: Item, key: Source) -> Item | None:
    """The item of that kind and name; of several the one of that number."""
    found = key.find(item.kind, item.name)
    for other in found:
        if other.number == item.number:
            return other
    return found[0] if found else None


def _inside(inner: align.Region, outer: align.Region) -> bool:
    return outer.a0 <= inner.a0 and inner.a1 <= outer.a1


def _holds(long: list[str], short: list[str]) -> bool:
    """Is @short a part of @long, with something around it?"""
    n = len(short)
    return len(long) > n > 0 and any(long[i:i + n] == short
                                     for i in range(len(long) - n + 1))


def _others(old: list[str], new: list[str], newer: list[str],
            phrases: Counter[Phrase]) -> tuple[str, list[str]]:
    """Whether upstream changed more than the conversion; what is missed."""
    mine = align.regions(align.pairs(old, new), len(old), len(new))
    theirs = align.regions(align.pairs(old, newer), len(old), len(newer))
    state = "only-this"
    missed = []
    for t in theirs:
        text = newer[t.b0:t.b1]
        same = [m for m in mine if _inside(t, m)]
        if same:
            if _holds(text, new[same[0].b0:same[0].b1]):
                state = "otherwise"
        elif (tuple(old[t.a0:t.a1]), tuple(text)) in phrases:
            missed.append(" ".join(old[t.a0:t.a1]) + " -> " + " ".join(text))
        else:
            state = "otherwise"
    return state, missed
