# SPDX-License-Identifier: GPL-2.0-only
"""
The HTML page of a run: one file that fetches nothing.

What is short is written out by the template; sites and edits, which can be
thousands, are data in the page, and page/report.js shows those that are looked
at.  Trees and patches are a stranger's: the template escapes every text, the
data cannot end its <script> element, the script makes text nodes only, and a
content security policy lets nothing run but that one script.
"""
from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from ..check.result import MEANING, NOT_SEEN, ORDER
from .record import Cell, Hunk, Run, strings
from .run import verdict
from .words import (FATE_MEANING, atlas, cell_stages, commands, facts,
                    grade_rows, stages)

PAGE = Path(__file__).resolve().parent.parent.parent / "page"


class Words:
    """Texts that occur often are numbers in the data."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._index: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if text not in self._index:
            self._index[text] = len(self.list)
            self.list.append(text)
        return self._index[text]


def _hunk(h: Hunk, word: Words) -> dict[str, Any]:
    return {
        "n": h.number, "file": word(h.file), "old": h.old, "new": h.new,
        "fn": h.function, "grade": h.grade,
        "cells": [[word(c), word(g)] for c, g in sorted(h.cells.items())],
        "differs": [[f, c] for f, c in sorted(h.differs_in.items())],
        "lines": [[ln.kind, ln.old, ln.new, ln.text, ln.state,
                   word(", ".join(ln.cells)), word(ln.condition)]
                  for ln in h.lines],
        "edits": [[line, word(old), word(new), word(rule)]
                  for line, old, new, rule in h.edits],
        "why": [[line, [word(t) for t in said]] for line, said in h.why]}


def data(run: Run) -> dict[str, Any]:
    word = Words()
    sites = [[word(s.file), s.line, s.col, word(s.symbol), word(s.context),
              word(s.fate), word(s.reason), word(s.evidence), word(s.ast),
              word(s.smpl), word(s.outcome), word(s.condition), s.hunk]
             for s in run.sites]
    hunks = [_hunk(h, word) for h in run.hunks]
    return {"sites": sites, "hunks": hunks, "words": word.list,
            "checked": run.check is not None,
            "grades": [g for g in (*ORDER, "nothing to compare", NOT_SEEN)],
            "meaning": MEANING}


def embed(value: Any) -> markupsafe.Markup:
    """@value as JSON that cannot leave a <script> element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    # A lone surrogate has no UTF-8.
    return markupsafe.Markup(text.encode("utf-8", "replace").decode("utf-8"))


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(
        hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def _files(hunks: list[Hunk]) -> dict[str, int]:
    return dict(Counter(h.file for h in hunks))


def html(run: Run) -> str:
    style = (PAGE / "report.css").read_text("utf-8")
    script = (PAGE / "report.js").read_text("utf-8")
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(PAGE),
                             autoescape=True, trim_blocks=True,
                             lstrip_blocks=True, keep_trailing_newline=True,
                             undefined=jinja2.StrictUndefined)
    level, label, sentence = verdict(run)
    reasons = run.reasons()
    rows: list[tuple[Cell, list[Any]]] = [(c, cell_stages(run, c))
                                          for c in run.cells]
    added, removed = run.changed_lines()
    return env.get_template("report.html").render(
        run=run, level=level, label=label, sentence=sentence,
        fates=run.fates(), meaning=FATE_MEANING, rows=rows, facts=facts(run),
        grades=grade_rows(run), reasons=reasons[:200],
        more_reasons=len(reasons) - 200, files=len(_files(run.hunks)),
        added=added, removed=removed, atlas=atlas(run),
        stages=stages(run), unseen=strings((run.convert or {}).get("unseen")),
        lost=(run.check or {}).get("coverage", {}).get("uncompiled", []),
        commands=commands(run), data=embed(data(run)),
        style=markupsafe.Markup(style), script=markupsafe.Markup(script),
        policy=("default-src 'none'; base-uri 'none'; form-action 'none'; "
                f"script-src {_digest(script)}; style-src {_digest(style)}"))
