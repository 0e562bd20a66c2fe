# SPDX-License-Identifier: GPL-2.0-only
"""
What the patches of a series say: subject and prefix, message with the semantic
patch that made the change and what was checked, and the cover letter.

Nothing is claimed that was not found out: without a check of this very patch,
the text says nothing of builds.
"""
from __future__ import annotations

import configparser
import fnmatch
import hashlib
import json
import re
import sqlite3
import subprocess
import tempfile
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.cache import data_dir
from ..check.result import failed
from .record import Change, Patch, Plan, SeriesError, Step
from .rules import HOLE, spatch
from .smpl import blocks, named, put, referred, shown, smpl

WIDTH = 72
GRADES = (("tokens", "same tokens"), ("bytes", "same bytes"),
          ("code", "same code"), ("size", "same size"),
          ("differs", "differs"))


@dataclass
class Made:
    """What the run of convert says of the conversion."""
    conversion: str
    release: str
    policy: str
    head: list[str]                 # the lines before the patch
    fill: dict[str, str]            # %TYPE% and the like
    edits: dict[str, list[dict[str, Any]]]      # of each file
    cocci: Path                     # the conversion's folder
    fates: dict[str, int] = field(default_factory=dict)
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    notes: list[tuple[str, int, str]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)

    def version(self, what: str) -> str:
        m = re.search(rf"\b{what} ([0-9][0-9.]*)", "\n".join(self.head))
        return f"{what} {m[1]}" if m else what


@dataclass
class Checked:
    """A check of the whole patch, and one of each prefix."""
    whole: dict[str, Any] | None = None
    each: dict[str, dict[str, Any]] = field(default_factory=dict)


def _join(known: dict[str, Any], found: dict[str, Any]) -> None:
    """Another check of the same prefix, of the same cells or of others."""
    cells = {c["cell"]: c for c in [*known["cells"], *found["cells"]]}
    known["cells"] = [cells[c] for c in sorted(cells)]


def load_checked(runs: list[Path], patch: bytes) -> Checked:
    """check.json and each.json of @runs, for this patch only."""
    result = Checked()
    for run in runs:
        found = False
        for name in ("check.json", "check/check.json", "each.json"):
            file = run / name if run.is_dir() else run
            if not file.is_file():
                continue
            found = True
            try:
                value = json.loads(file.read_text("utf-8"))
                if "prefixes" in value:
                    for p in value["prefixes"]:
                        _join(result.each.setdefault(
                            p["sha256"], {"cells": []}), p)
                elif value["patch"]["sha256"] == \
                        hashlib.sha256(patch).hexdigest():
                    result.whole = value
                else:
                    raise SeriesError(
                        f"{file}: a check of another patch; check this one: "
                        "treewide check --patch RUN/CONVERSION.patch")
            except (OSError, ValueError, KeyError, TypeError) as err:
                raise SeriesError(f"{file}: no check that can be read: {err}"
                                  ) from err
            if run.is_file():
                break
        if not found:
            raise SeriesError(f"{run}: no check in it; --check names the run "
                              "of a 'treewide check'")
    return result


# Subjects

def history_prefix(tree: Path, paths: list[str]) -> str:
    """What most commits of these files begin with, in the tree's history."""
    if not (tree / ".git").exists():
        return ""
    cmd = ["git", "-c", "core.fsmonitor=false", "-c",
           "core.hooksPath=/dev/null", "-C", str(tree), "log", "-n", "40",
           "--no-merges", "--format=%s", "--", *paths]
    try:
        done = subprocess.run(cmd, capture_output=True, check=False,
                              timeout=60, text=True, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = [m[1] for line in done.stdout.splitlines()
             if (m := re.match(r"(?!Revert )([\w/+.,: -]{1,32}?): \S", line))]
    if not found:
        return ""
    prefix, n = sorted(Counter(found).items(), key=lambda i: (-i[1], i[0]))[0]
    return prefix if n >= 3 and n * 3 >= len(found) else ""


def known_prefixes() -> dict[str, str]:
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    ini.optionxform = str       # type: ignore[assignment]
    ini.read(data_dir() / "corpus" / "prefixes.ini", "utf-8")
    return dict(ini["prefixes"]) if ini.has_section("prefixes") else {}


def path_prefix(path: str, known: dict[str, str]) -> str:
    at = path
    while at:
        if at in known:
            return known[at]
        at = at.rpartition("/")[0]
    parts = path.split("/")
    if parts[0] == "arch" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ["include", "linux"]:
        return Path(parts[-1]).stem
    return parts[-2] if len(parts) > 1 else Path(path).stem


def prefix(patch: Patch, tree: Path, known: dict[str, str]) -> str:
    paths = sorted(patch.files)
    said = history_prefix(tree, paths)
    if said:
        return said
    count = Counter(path_prefix(p, known) for p in paths)
    return sorted(count.items(), key=lambda i: (-i[1], i[0]))[0][0]


def name_patches(plan: Plan, patches: list[Patch], made: Made,
                 tree: Path) -> None:
    """Fill in prefix, subject and text of each patch."""
    known = known_prefixes()
    for patch in patches:
        step = patch.step
        patch.prefix = step.prefix
        patch.subject, patch.text = step.subject, step.text
        for o in plan.overrides:
            hit = [p for p in patch.files if fnmatch.fnmatchcase(p, o.glob)]
            if not hit or step.insert or step.remove \
                    or step.form != "converted" or (
                        o.patch and o.patch != step.name):
                continue
            patch.prefix = o.prefix or patch.prefix
            patch.subject = o.subject or patch.subject
            patch.text = o.text or patch.text
        if not patch.prefix:
            patch.prefix = prefix(patch, tree, known)
        fill = {**made.fill, "OWNER": patch.owner.rpartition("/")[2]}
        if not patch.subject:
            raise SeriesError(f"{step.where}: [patch {step.name}] subject: "
                              "is missing")
        patch.subject = put(patch.subject, fill)
        patch.text = put(patch.text, fill)


# Messages

def wrap(text: str) -> str:
    """Paragraphs at 72 columns; what is indented or a list stays."""
    out = []
    for part in re.split(r"\n{2,}", text.strip()):
        if re.search(r"(?m)^[ \t*-]", part):
            out.append(part)
        else:
            out.append(textwrap.fill(" ".join(part.split()), WIDTH,
                                     break_long_words=False,
                                     break_on_hyphens=False))
    return "\n\n".join(out)


def listed(items: list[str], most: int = 12) -> str:
    if len(items) > most:
        return ", ".join(items[:most]) + f" and {len(items) - most} more"
    return ", ".join(items)


def needed(step: Step, rule: str, pairs: list[tuple[str, bytes]],
           fill: dict[str, str]) -> str:
    """Of a rule of a step those blocks without which its result for @pairs
    (path, text) would be another."""
    every = blocks(step.folder / rule)
    want = [spatch(step.folder / rule, text, path, fill)
            for path, text in pairs]
    pairs = [p for p, w in zip(pairs, want) if w != p[1]]
    want = [spatch(step.folder / rule, text, path, fill)
            for path, text in pairs]
    keep = list(every)
    with tempfile.TemporaryDirectory(prefix="treewide-series-") as work:
        attempt = Path(work) / "rule.cocci"
        for block in reversed(every):
            rest = [b for b in keep if b is not block]
            if not rest or referred(named(block), rest):
                continue
            attempt.write_text(shown(every, rest) + "\n", "utf-8")
            if all(spatch(attempt, text, path, fill) == w
                   for (path, text), w in zip(pairs, want)):
                keep = rest
    return shown(every, keep)


def rules_of(patch: Patch, made: Made, base: dict[str, Change]
             ) -> tuple[list[str], list[str]]:
    """The semantic patches that made it, and the kinds of the driver's own
    edits."""
    if patch.step.insert or patch.step.remove:
        return [], []
    edits = [e for p in patch.files for e in made.edits.get(p, [])]
    found = []
    for file in sorted(made.cocci.glob("*.cocci")):
        of: dict[str, list[tuple[str, str]]] = {}
        for e in edits:
            if e["rule"] == f"{made.conversion}/{file.stem}":
                of.setdefault(e["file"], []).append((e["old"], e["new"]))
        if of:
            found.append(smpl(file, of, base, made.fill))
    if patch.step.form == "rules":
        pairs = [(p, base[p].new or b"") for p in sorted(patch.files)
                 if p.endswith((".c", ".h"))]
        found += [needed(patch.step, r, pairs, made.fill)
                  for r in patch.step.rules]
    return found, sorted({e["rule"].partition("/")[2] for e in edits
                          if e["rule"].startswith("driver/")})


OWN = {"typedef": "the typedef", "declaration": "declarations",
       "rename": "names of variables", "comment": "comments",
       "bridge": "conversions where no rule has one",
       "forward": "forward declarations", "spelled": "spelled-out types",
       "signature": "signatures", "member": "initialisers and assignments",
       "parameter": "uses of parameters",
       "locals": "variables in place of parameters",
       "read": "calls that read a value", "question": "calls that ask about one",
       "native": "calls of native functions", "include": "includes",
       "base": "values that come from elsewhere"}


def enumeration(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


def message(patch: Patch, made: Made, checked: Checked, sha: str,
            base: dict[str, Change], again: bool, signoff: str,
            followed: str) -> str:
    """The commit message, subject and all; @followed: see docs/series.md."""
    parts = [f"{patch.prefix}: {patch.subject}", wrap(patch.text)]
    found, own = ([], []) if again else rules_of(patch, made, base)
    if found or own:
        what = "The transitional code was made" \
            if patch.step.form == "rules" else "Made"
        text = f"{what} by treewide"
        if found:
            text += f" ({made.version('spatch')}) with the semantic patch " \
                "below"
            if any(HOLE.search(f) for f in found):
                text += ", where a name between percent signs stands for a " \
                    "list of functions that the tool finds"
            text += "; it is shown the body of a macro as a function whose " \
                "parameters have types."
        if own:
            kinds = [OWN.get(o, o) for o in own]
            text += ("  Following" if found else ", following") \
                + f" {followed} through all files" \
                + (", it changed " if found else "; it changed ") \
                + enumeration(kinds) + "."
        parts.append(wrap(text))
    for text in found:
        parts.append(f"// <smpl>\n{text}\n// </smpl>")
    each = checked.each.get(sha)
    if each:
        parts.append(wrap(each_text(each)))
    if signoff:
        parts.append(f"Signed-off-by: {signoff}")
    return "\n\n".join(p for p in parts if p) + "\n"


def each_text(each: dict[str, Any]) -> str:
    """What was found of the tree with the series up to a patch."""
    built = [c for c in each["cells"] if c["state"] == "built"]
    bad = [c["cell"] for c in each["cells"] if failed(c)]
    if not built and not bad:
        return "Not built here."
    objects = sum(c["objects"] for c in built)
    same = sum(c["grades"].get("tokens", 0) + c["grades"].get("bytes", 0)
               for c in built)
    text = f"What it concerns was built here, with the patches before it, for " \
        f"{listed([c['cell'] for c in built] or ['no cell'])}"
    if bad:
        return text + f"; it FAILED for {listed(bad)}."
    if not objects:
        return f"It concerns no object of {listed([c['cell'] for c in built])}."
    text += ", without a new warning of compiler or sparse" if all(
        not c.get("sparse", "").startswith(("not", "off")) for c in built) \
        else ", without a new warning of the compiler"
    if same == objects:
        return text + f"; all {objects} objects are byte-identical to those " \
            "before the series."
    return text + (f"; of {objects} objects {same or 'none'} is byte-identical "
                   "to what it was before the series." if same < 2 else
                   f"; of {objects} objects {same} are byte-identical to "
                   "those before the series.")


# The cover letter

def cells_table(check: dict[str, Any]) -> str:
    rows = [("cell", "state", "objects", *(g[0] for g in GRADES),
             "warnings", "errors")]
    for c in sorted(check["cells"], key=lambda c: str(c["cell"])):
        rows.append((c["cell"], c["state"], str(c["objects"]),
                     *(str(c["grades"].get(g[0], 0)) for g in GRADES),
                     str(len(c["new_warnings"]) + len(c["new_sparse"])),
                     str(len(c["new_errors"]))))
    width = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  " + "  ".join(
        v.ljust(w) if i < 2 else v.rjust(w)
        for i, (v, w) in enumerate(zip(r, width))).rstrip() for r in rows)


def cover(plan: Plan, patches: list[Patch], made: Made, checked: Checked,
          numbers: tuple[int, int], stat: str, shortlog: str, since: str,
          left: list[str], shas: list[str], smpl: bool) -> str:
    """The body of the cover letter; @numbers: this batch, of how many; @smpl:
    does a message have a semantic patch?"""
    batch, batches = numbers
    parts = [wrap(put(plan.text, made.fill))]
    if batches > 1:
        parts.append(wrap(
            f"This is batch {batch} of {batches}; it applies "
            + (f"after batch {batch - 1}." if batch > 1
               else f"to Linux {made.release}.")))
    if batch == 1:
        parts.append(wrap(
            f"Made by treewide convert {made.conversion} "
            + (f"({made.policy}) " if made.policy else "")
            + f"from Linux {made.release} with "
            + (f"{made.version('spatch')} and " if smpl else "")
            + f"{made.version('libclang')}; {len(made.cells)} configurations "
            "of all architectures were read."
            + ("  Semantic patches are in the messages of the patches that "
               "they made." if smpl else "")))
        if checked.each:
            parts.append(wrap(steps_text(checked, shas)))
        if checked.whole:
            parts.append("After the last patch, objects by how much they are "
                         "the same:\n\n" + cells_table(checked.whole))
            parts.append(wrap(str(checked.whole.get("sentence", ""))))
        parts.append(fates(made, plan.places))
    if since:
        parts.append(since)
    if left:
        parts.append("Not in Cc, for the length of the list:\n"
                     + "\n".join("  " + a for a in left))
    return "\n\n".join(p for p in parts if p) + "\n\n" + shortlog + "\n" \
        + stat


def steps_text(checked: Checked, shas: list[str]) -> str:
    """How many of the steps @shas of the series were built."""
    done = [[c for c in checked.each.get(s, {"cells": []})["cells"]
             if c["state"] == "built" or failed(c)] for s in shas]
    bad = sum(any(map(failed, cells)) for cells in done)
    built = sum(bool(cells) for cells in done)
    text = f"Of the {len(shas)} steps of the series {built} were built, each " \
        f"in the cells that it concerns, {sum(map(len, done))} builds: " \
        + (f"{bad} FAILED." if bad else "none failed.")
    return text if built == len(shas) else \
        text + "  The others were not built here."


def fates(made: Made, places: str) -> str:
    total = ", ".join(f"{n} {f}" for f, n in made.fates.items())
    text = wrap(f"{places}: {total}.") + "\n"
    for fate in ("refused", "kept"):
        rows = [(r, n) for f, r, n in made.reasons if f == fate]
        if not rows:
            continue
        text += f"\n{fate.capitalize()}:\n"
        for reason, n in rows[:20]:
            text += textwrap.fill(
                f"{n:5}  {reason}", WIDTH, subsequent_indent=" " * 7,
                break_long_words=False, break_on_hyphens=False) + "\n"
        if len(rows) > 20:
            text += f"       and {len(rows) - 20} more reasons\n"
    return text.strip()


def read_ledger(made: Made, ledger: Path) -> None:
    """Fates, reasons and notes."""
    try:
        db = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        for fate, n in db.execute("SELECT fate, count(*) FROM sites "
                                  "GROUP BY 1 ORDER BY 1"):
            made.fates[fate] = n
        made.reasons = db.execute(
            "SELECT fate, coalesce(reason, ''), count(*) FROM sites "
            "WHERE fate != 'converted' GROUP BY 1, 2 ORDER BY 3 DESC, 2"
        ).fetchall()
        made.notes = db.execute("SELECT DISTINCT file, line, note FROM notes "
                                "ORDER BY 1, 2").fetchall()
        db.close()
    except sqlite3.Error as err:
        raise SeriesError(f"{ledger}: the ledger cannot be read: {err}; run "
                          "convert again") from err
