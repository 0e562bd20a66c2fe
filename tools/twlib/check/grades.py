# SPDX-License-Identifier: GPL-2.0-only
"""
How much the objects differ, as a grade for each object and each hunk.

An object that differs is built again with the old line numbers, and then
without some of the hunks, to tell which hunk is to blame.
"""
from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from ..base.output import write_whole
from ..base.sandbox import BUILD
from ..cells import kbuild
from ..cells.cellfile import Cell
from ..patch import patchset
from ..patch.patchset import Hunk
from . import apart, linemark, objects
from .builds import messages_path
from .lines import Lines
from .result import BROKEN, GRADES

KEPT = 40               # objects that differ: disassembled, kept for --show


class Grades(Lines):
    """A job that grades what it built."""

    def _lines_move(self) -> bool:
        return any(line.old_n != line.new_n
                   for moves in self.inputs.moves.values() for line in moves)

    def _compare(self, before: Path, after: Path, common: list[str],
                 same: set[str]) -> None:
        result = self.result
        odd: dict[str, str] = {}
        graded: dict[str, str] = {}
        for name in common:
            how, what = objects.compare(before / name, after / name)
            if how == objects.IDENTICAL:
                result.identical += 1
                graded[name] = "bytes"
            elif how == objects.SAME_CODE:
                result.normalised += 1
                graded[name] = "code"
            else:
                odd[name] = what
        if odd and self._lines_move():
            left = self._without_line_numbers(before, after, odd)
            for name in set(odd) - set(left):
                graded[name] = "code"
                result.normalised += 1
            odd = left
        for name in same & set(graded):
            graded[name] = "tokens"
        result.different = len(odd)
        for number, (name, what) in enumerate(sorted(odd.items())):
            item: dict[str, Any] = {"object": name, "what": what,
                                    "functions": []}
            graded[name] = "differs"
            if number < KEPT:
                found = self._functions(before, after, name)
                item["functions"] = [
                    {**dataclasses.asdict(f)} for f in found]
                if found and all(f.same_size for f in found):
                    graded[name] = "size"
                for side, folder in (("before", before), ("after", after)):
                    kept = self.out / "objects" / side / name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(folder / name, kept)
            item["grade"] = graded[name]
            result.differences.append(item)
        result.graded = dict(sorted(graded.items()))
        count = Counter(graded.values())
        result.grades = {g: count[g] for g in GRADES}
        self._grade_hunks(graded, self._apart(before, after, graded)
                          if self.inputs.apart else {})

    def _hunk_objects(self, graded: dict[str, str]) -> dict[int, set[str]]:
        """The objects that see each hunk: that compile a line of it; of one
        that adds no code, that read its file.  An object that differs may
        miss what a hunk takes away."""
        where: dict[tuple[str, int], set[int]] = {}
        for m in self.inputs.marks.marks:
            where.setdefault((m.file, m.line + 1), set()).add(m.number)
        found: dict[int, set[str]] = {}
        for h in self.inputs.hunks:
            numbers = set().union(*(where.get((h.file, n), set())
                                    for n in h.added), set())
            reads = {o for o, d in self.deps.items()
                     if {h.file, h.old_file} & d}
            hit = {o for o, s in self.seen.items() if s & numbers}
            if not numbers:
                hit = reads
            elif h.removed:
                hit |= {o for o in reads
                        if graded.get(o) in ("size", "differs")}
            found[h.number] = hit
        return found

    def _grade_hunks(self, graded: dict[str, str],
                     apart_: dict[str, dict[int, str]]) -> None:
        """A hunk's grade is the weakest among the objects that see it; in
        those of @apart_ it has one of its own."""
        result = self.result
        files = {h.number: {h.file, h.old_file} for h in self.inputs.hunks}
        for number, hit in self._hunk_objects(graded).items():
            # Of an object that does not build it is known what it read.
            if any(files[number] & self.deps.get(o, set())
                   for o in result.not_built_after):
                result.hunks[str(number)] = BROKEN
                continue
            if not hit:
                continue
            own = {o: apart_.get(o, {}).get(number, graded[o])
                   for o in hit if o in graded}
            result.hunks[str(number)] = max(
                own.values(), key=GRADES.index) if own \
                else "nothing to compare"
            result.hunk_objects[str(number)] = sorted(
                o for o, g in own.items() if g in ("size", "differs"))
            told = sorted(o for o in own if number in apart_.get(o, {}))
            if told:
                result.hunks_apart[str(number)] = told

    def _apart(self, before: Path, after: Path, graded: dict[str, str]
               ) -> dict[str, dict[int, str]]:
        """The hunks that do nothing in an object that differs."""
        inputs = self.inputs
        same_name = {c.new for c in inputs.changes if c.kind == "modified"}
        ours = {h.number: h for h in inputs.hunks if h.file in same_name
                and patchset.is_code(h.file)}
        odd: dict[str, set[int]] = {o: set() for o, g in graded.items()
                                    if g in ("size", "differs")}
        for number, hit in self._hunk_objects(graded).items():
            for obj in hit & set(odd):
                if number in ours:
                    odd[obj].add(number)
        functions = {f["name"].split(".")[0] for d in self.result.differences
                     for f in d["functions"]}
        suspects = {n for n in set().union(*odd.values(), set())
                    if self._stands_in(ours[n], functions)}

        def attempt(left_out: frozenset[int], objs: list[str]
                    ) -> dict[str, str]:
            return self._without_hunks(
                before, after, [ours[n] for n in sorted(left_out)], objs)

        return apart.tell(odd, suspects, attempt)

    def _stands_in(self, h: Hunk, functions: set[str]) -> bool:
        old = (self.inputs.tree / h.file).read_bytes()
        return apart.stands_in(old, set(h.removed), functions) \
            or apart.stands_in(self.inputs.after(h.file), set(h.added),
                               functions)

    def _without_hunks(self, before: Path, after: Path, left_out: list[Hunk],
                       objs: list[str]) -> dict[str, str]:
        """Build @objs without some hunks; the grade of each that is the same
        as before."""
        note = self.dir / "neutral.json"
        known = set(json.loads(note.read_text("utf-8"))) \
            if note.is_file() else set()
        write_whole(note, json.dumps(sorted(known | set(objs))))
        kept = self.dir / "apart"
        shutil.rmtree(self.dir / "apart-files", ignore_errors=True)
        for name in objs:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            os.rename(after / name, kept / name)
            messages_path(after, name).unlink(missing_ok=True)

        def text_of(path: str) -> bytes:
            some = [h for h in left_out if h.file == path]
            if not some:
                return self._neutral(path)
            old = inputs.tree / path
            text = apart.without(old.read_bytes(), inputs.after(path), some)
            new = self.dir / "apart.text"
            new.write_bytes(text)
            return linemark.neutralise(text, patchset.line_changes(old, new))

        inputs = self.inputs
        self.say(f"telling hunks apart, in {len(objs)} objects")
        self._compile(after, self._mounts("apart", text_of), "apart", objs,
                      check=False)
        found: dict[str, str] = {}
        for name in objs:
            if (after / name).is_file():
                how = objects.compare(before / name, after / name)[0]
                if how != objects.DIFFERENT:
                    found[name] = "bytes" if how == objects.IDENTICAL \
                        else "code"
            os.replace(kept / name, after / name)
        return found

    def _functions(self, before: Path, after: Path,
                   name: str) -> list[objects.Function]:
        """The functions that differ, with their numbers of instructions."""
        found = objects.functions(before / name, after / name)
        if found:
            texts = [objects.disassembly(self.disassemble(folder, name))
                     for folder in (before, after)]
            for f in found:
                counts = [sum(not row.startswith(" ") for row in t[f.name])
                          if f.name in t else None for t in texts]
                f.insns_before = counts[0] if f.size_before is not None \
                    else None
                f.insns_after = counts[1] if f.size_after is not None \
                    else None
            # One whose code only refers to what has moved is not to blame.
            to_blame = [f for f in found if not f.same_size
                        or objects.plain_rows(texts[0].get(f.name, []))
                        != objects.plain_rows(texts[1].get(f.name, []))]
            return to_blame or found
        return found

    def disassemble(self, folder: Path, name: str) -> str:
        return disassemble(self.cell, folder, name)

    def _without_line_numbers(self, before: Path, after: Path,
                              odd: dict[str, str]) -> dict[str, str]:
        """Build @odd again with the old line numbers; what still differs.
        Leaves the objects of that build, where there are any."""
        kept = self.dir / "differing"
        write_whole(self.dir / "neutral.json", json.dumps(sorted(odd)))
        for name in odd:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            os.rename(after / name, kept / name)
            messages_path(after, name).unlink(missing_ok=True)
        shutil.rmtree(self.dir / "neutral-files", ignore_errors=True)
        self._compile(after, self._mounts("neutral", self._neutral),
                      "neutral", sorted(odd), check=False)
        left: dict[str, str] = {}
        for name, what in odd.items():
            if not (after / name).is_file():
                left[name] = what + " (with the old line numbers it does " \
                    f"not build: see {self.out}/neutral.log)"
                os.rename(kept / name, after / name)
                continue
            how, still = objects.compare(before / name, after / name)
            if how == objects.DIFFERENT:
                left[name] = still
        return left


def objdump(cell: Cell) -> str:
    assert cell.build
    return f"llvm-objdump{cell.build.llvm}" if cell.build.llvm \
        else f"{cell.build.cross}objdump"


def disassemble(cell: Cell, folder: Path, name: str) -> str:
    """What objdump says of an object; it reads a stranger's file, so in the
    sandbox.  Empty where it fails."""
    box = kbuild.cell_sandbox(cell, "build", None, folder)
    log = folder / ".objdump.out"
    log.unlink(missing_ok=True)
    done = box.run([objdump(cell), "-dr", "--no-show-raw-insn",
                    f"{BUILD}/{name}"], log, timeout=120)
    text = log.read_text("utf-8", "replace")
    log.unlink()
    return text if done.ok else ""
