# SPDX-License-Identifier: GPL-2.0-only
"""What all files say together: the figures, the table and the JSON."""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .compare import FALLS, STANDS, Line, Phrase, Verdict

VERSION = 1
WHY = {
    "upstream-kept": "upstream left the line as it was",
    "other": "upstream wrote another line",
    "gone": "upstream has no such line any more",
}
STATES = {
    "same": "the converted code is upstream's, token for token",
    "only-this": "upstream replaced the same tokens, by others or not at all",
    "otherwise": "upstream changed more",
    "gone": "no such function, macro ... in the file any more",
}


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _rate(lines: Sequence[Line]) -> dict[str, int]:
    """How many of the lines have which verdict."""
    count = Counter(line.verdict for line in lines)
    out = {"lines": len(lines), "stand": sum(count[v] for v in STANDS)}
    out.update({v: count[v] for v in STANDS + FALLS})
    return out


def _unchanged(line: Line) -> bool:
    return line.item_state in ("same", "only-this") and line.place != "comment"


class Report:
    """The verdicts of all files that the conversion changed."""

    def __init__(self, verdicts: list[Verdict],
                 phrases: Counter[Phrase]) -> None:
        self.verdicts, self.phrases = verdicts, phrases
        self.lines = [x for v in verdicts for x in v.lines]
        self.judged = [x for v in verdicts if v.newer for x in v.lines]
        self.units = [u for v in verdicts for u in v.units]

    def figures(self) -> dict[str, Any]:
        newer = [v for v in self.verdicts if v.newer]
        places = sorted({x.place for x in self.judged})
        functions = [u for u in self.units
                     if u.kind == "function" and u.state != "untouched"]
        in_functions = [x for x in self.judged if x.place == "function"]
        return {
            "changed_files": {
                "all": len(self.verdicts),
                "in_newer": len(newer),
                "moved": sum(v.newer != v.path for v in newer),
                "gone": len(self.verdicts) - len(newer),
            },
            "changed_lines": len(self.lines),
            "judged": _rate(self.judged),
            "places": {p: _rate([x for x in self.judged if x.place == p])
                       for p in places},
            "functions": {
                "changed": len(functions),
                **{s: sum(u.state == s for u in functions) for s in STATES},
            },
            "functions_not_otherwise_changed":
                _rate([x for x in in_functions if _unchanged(x)]),
            "functions_identical":
                _rate([x for x in in_functions if x.item_state == "same"]),
            "items_not_otherwise_changed":
                _rate([x for x in self.judged if _unchanged(x)]),
            "missed": sum(len(u.missed) for u in self.units),
            "removed": {
                "lines": sum(v.removed for v in newer),
                "gone_in_newer": sum(v.removed_too for v in newer),
            },
        }

    def as_json(self, every: bool) -> str:
        files = []
        for v in self.verdicts:
            lines = [asdict(x) for x in v.lines
                     if every or x.verdict not in STANDS]
            missed = [{"kind": u.kind, "name": u.name, "missed": u.missed}
                      for u in v.units if u.missed]
            if lines or missed or v.newer != v.path or every:
                files.append({"path": v.path, "newer": v.newer, "lines": lines,
                              "missed": missed})
        words = [{"old": " ".join(old), "new": " ".join(new), "count": n}
                 for (old, new), n in self.phrases.most_common()]
        text = json.dumps({"version": VERSION, **self.figures(),
                           "replacements": words, "files": files}, indent=1)
        return text + "\n"

    def as_table(self, every: bool) -> str:
        return "\n".join([*self._head(), *self._files(), *self._list(every),
                          *self._missed()]) + "\n"

    def _head(self) -> list[str]:
        f = self.figures()
        files, judged = f["changed_files"], f["judged"]
        same, only = f["functions_identical"], \
            f["functions_not_otherwise_changed"]
        out = [
            f"files changed          {files['all']:7}",
            f"  in the newer tree    {files['in_newer']:7}, "
            f"of these under another path {files['moved']}",
            f"  gone                 {files['gone']:7}",
            f"lines changed          {f['changed_lines']:7}",
            f"  in files that are there {judged['lines']:4}",
            f"  stand there          {judged['stand']:7}  "
            f"{percent(judged['stand'], judged['lines'])}, of these "
            f"{judged['wrapped']} with other line ends, "
            f"{judged['elsewhere']} elsewhere in the file",
            f"functions changed      {f['functions']['changed']:7}: "
            + ", ".join(f"{s} {f['functions'][s]}" for s in STATES),
            f"  lines in functions that upstream did not otherwise change "
            f"{only['lines']}, stand {only['stand']}  "
            f"{percent(only['stand'], only['lines'])}, of these "
            f"{only['wrapped']} with other line ends",
            f"  in functions that are upstream's, token for token "
            f"{same['lines']}",
            f"lines removed          {f['removed']['lines']:7}, "
            f"gone in the newer tree, too {f['removed']['gone_in_newer']}",
            f"missed                 {f['missed']:7}",
            "", "place          lines   stand",
        ]
        out += [f"{p:13} {r['lines']:6}  {r['stand']:6}  "
                f"{percent(r['stand'], r['lines'])}"
                for p, r in f["places"].items()]
        out += ["", "do not stand   lines   in functions not otherwise changed"]
        out += [f"{v:13} {judged[v]:6}  {only[v]:6}  {WHY[v]}" for v in FALLS]
        return out

    def _files(self) -> list[str]:
        moved = [f"  {v.path} -> {v.newer}" for v in self.verdicts
                 if v.newer and v.newer != v.path]
        gone = [f"  {v.path}" for v in self.verdicts if not v.newer]
        return (["", "files under another path, found by their lines", *moved]
                if moved else []) + \
            (["", "files that are gone: their lines are not judged", *gone]
             if gone else [])

    def _list(self, every: bool) -> list[str]:
        """The lines that do not stand, by file; `!`: nothing else changed."""
        out = ["", "lines" if every else "lines that do not stand "
               "(!: in a function or the like that upstream did not otherwise "
               "change)"]
        for v in self.verdicts:
            rows = [x for x in v.lines
                    if v.newer and (every or x.verdict in FALLS)]
            if rows:
                out += ["", v.path if v.newer == v.path
                        else f"{v.path} -> {v.newer}"]
            for x in rows:
                mark = "!" if _unchanged(x) else " "
                where = f"{x.place} {x.item}" if x.item else x.place
                out.append(f"{mark}{x.number:6}: {x.verdict}, {where}")
                out += [f"        was  {s.strip()}" for s in x.was]
                out.append(f"        is   {x.text.strip()}")
                out += [f"        key  {s.strip()}" for s in x.instead]
        return out

    def _missed(self) -> list[str]:
        rows = [f"  {v.path}: {u.kind} {u.name}: {m}" for v in self.verdicts
                for u in v.units for m in u.missed]
        return ["", "missed: upstream did there what the conversion does in "
                "other places", *rows] if rows else []
