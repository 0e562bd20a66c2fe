# SPDX-License-Identifier: GPL-2.0-only
"""
The Markdown text of a run, for a mail or a merge request: what a reader needs
to decide whether to open the page.  Texts of the tree are escaped: nothing in
them becomes a heading, a table, HTML or an image.
"""
from __future__ import annotations

import re

from ..base.words import some
from .record import Run, grade_rank, plural, strings
from .run import verdict
from .words import (FATE_MEANING, atlas, cell_stages, commands, facts,
                    grade_rows, stages)

SHOWN = 40      # rows of what may be long

# What makes markup.  An underscore within a word does not.
_SPECIAL = re.compile(r"([\\`*<>\[\]|~&$]|:(?=//)|(?<=www)\.|(?<![^\W_])_|_(?![^\W_])"
                      r"|^[-+#=](?=\s|$|[-+#=])|^\d+(?=[.)]))")
# What a site may make a link of, wherever it stands, but not within code.
_LINK = re.compile(r"://|www\.|mailto:|@\w|#\d|\w@", re.IGNORECASE)


def text(value: str) -> str:
    """@value as plain text on one line."""
    value = re.sub(r"\s+", " ", value).strip()
    if _LINK.search(value) and "|" not in value:
        return code(value)
    return _SPECIAL.sub(lambda m: m[0] + "\\" if m[0].isdigit()
                        else "\\" + m[0], value)


def code(value: str) -> str:
    """@value as a code span, also in a table."""
    value = re.sub(r"\s+", " ", value).strip()
    if not value:
        return ""
    if "|" in value:
        return text(value)      # in a table, no span can hold a bar
    longest = max((len(m) for m in re.findall("`+", value)), default=0)
    mark = "`" * (longest + 1)
    pad = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{mark}{pad}{value}{pad}{mark}"


def table(heads: list[str], rows: list[list[str]], right: str = "") -> list[str]:
    """@right: the numbers of the columns that are counts."""
    return ["| " + " | ".join(heads) + " |",
            "|" + "|".join(" --: " if str(i) in right else " --- "
                           for i in range(len(heads))) + "|",
            *("| " + " | ".join(r) + " |" for r in rows), ""]


def _more(n: int, where: str) -> list[str]:
    return [f"…and {n} more, in {where}.", ""] if n > 0 else []


def markdown(run: Run) -> str:
    _, label, sentence = verdict(run)
    out = [f"# {text(label)}", "", text(sentence), ""]
    out += [f"- {text(m)}" for m in run.missing]
    out += [""] if run.missing else []
    problems = run.problems() or []
    if problems:
        out += ["## What convert complained of", ""]
        out += [f"- {text(p)}" for p in problems[:SHOWN]]
        out += ["", *_more(len(problems) - SHOWN, "convert.json")]
    if run.meta:
        out += ["## Sites", ""]
        out += table(["fate", "sites", ""], [
            [f, str(n), FATE_MEANING[f]] for f, n in run.fates().items()], "1")
    if run.hunks:
        added, removed = run.changed_lines()
        files = len({h.file for h in run.hunks})
        out += [f"The patch: {plural(files, 'file')}, "
                f"{plural(len(run.hunks), 'hunk')}, +{added} −{removed} "
                "lines.", ""]
    grades = grade_rows(run)
    if grades:
        out += ["## Hunks, by their weakest grade in any cell", ""]
        out += table(["grade", "hunks"], [[m, str(n)] for _, m, n in grades],
                     "1")
        out += _weak(run)
    if run.cells:
        out += ["## Cells and stages", ""]
        out += table(["cell", *stages(run)], [
            [text(c.name), *(text(s.text) for s in cell_stages(run, c))]
            for c in run.cells])
        for c in run.cells:
            if c.check and c.check["state"] != "built":
                out.append(f"- {text(c.name)}: {text(c.check['state'])}: "
                           f"{text(c.check['reason'])}")
            elif c.read == "not read":
                out.append(f"- {text(c.name)}: not read: {text(c.read_why)}")
            for m in (c.check or {}).get("new_errors", [])[:3]:
                out.append(f"- {text(c.name)}: {text(m)}")
            for m in (c.check or {}).get("new_warnings", [])[:3]:
                out.append(f"- {text(c.name)}: {text(m)}")
            for m in (c.check or {}).get("new_sparse", [])[:3]:
                out.append(f"- {text(c.name)}: {text(m)}")
        out.append("")
    reasons = run.reasons()
    if reasons:
        out += ["## Kept or refused, and why", ""]
        out += table(["fate", "sites", "reason", "for example"], [
            [fate, str(n), text(reason) or "no reason is recorded",
             code(f"{sites[0].file}:{sites[0].line}")]
            for fate, reason, n, sites in reasons[:SHOWN]], "1")
        out += _more(len(reasons) - SHOWN, "the ledger")
    if run.audit is not None:
        out += [f"## What {code(str(run.audit.get('type', 'the type')))} is",
                ""]
        out += table(["arch", "it is", "cells", "tables a page", "policies"], [
            [text(a["arch"]), code(a["is"]), text(a["cells"]),
             text(a["sharing"]), text(a["policies"])] for a in atlas(run)])
    out += _notes(run)
    out += ["## Replay", ""]
    out += [f"- {k}: {code(v)}" for k, v in facts(run)]
    out += [f"- {text(p)}" for p in run.provenance] + [""]
    for name, command, how in commands(run):
        out += [f"- {text(name)}" + (f" ({text(how)})" if how else "")
                + f": {code(command)}"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).rstrip() + "\n"


def _weak(run: Run) -> list[str]:
    """Hunks that are not shown to be the same code."""
    weak = [h for h in run.hunks if h.grade and grade_rank(h.grade) > 2]
    rows = []
    for h in weak[:SHOWN]:
        why = "; ".join(f"{name}() in {some(cells)}"
                        for name, cells in list(h.differs_in.items())[:3])
        rows.append(f"- {code(f'{h.file}:{h.new or h.old}')}: "
                    f"{text(h.grade)}" + (f": {text(why)}" if why else ""))
    return [*rows, "", *_more(len(weak) - SHOWN, "the page")] if rows else []


def _notes(run: Run) -> list[str]:
    out: list[str] = []
    unseen = strings((run.convert or {}).get("unseen"))
    if run.notes:
        out += ["## Comments and documents that may be untrue now", ""]
        out += [f"- {code(f'{f}:{n}')}: {text(note)}"
                for f, n, note in run.notes[:SHOWN]]
        out += ["", *_more(len(run.notes) - SHOWN, "the ledger")]
    if unseen:
        out += ["## Sites in code that no cell reads", ""]
        out += [f"- {text(u)}" for u in unseen[:SHOWN]]
        out += ["", *_more(len(unseen) - SHOWN, "convert.json")]
    return out
