# SPDX-License-Identifier: GPL-2.0-only
"""What `treewide audit accessors` says: a table, Markdown, JSON (its schema is
in docs/audit.md)."""
from __future__ import annotations

import json
from typing import Any

VERSION = 1
SAME = {"yes": "same", "truth": "same as yes or no", "no": "DIFFERS",
        "unknown": "unknown"}


def stub_text(stub: dict[str, Any] | None) -> str:
    """"gives 0", "stops (BUG)"."""
    if not stub:
        return ""
    text = {"constant": f"gives {stub['value']}", "argument":
            "gives its argument", "nothing": "does nothing",
            "stops": "stops (BUG)"}[stub["stub"]]
    return text + (", after a warning or call" if stub.get("calls") else "")


def short(row: dict[str, Any]) -> str:
    """A cell of the table."""
    if row["state"] == "itself":
        return "-"
    if row["state"] == "missing":
        return "missing"
    text = SAME.get(row["same"], "unknown")
    if row["same"] == "no" and "present" in row["same_for"]:
        text = "same for present"
    if row["method"]:
        text += f" ({row['method']})"
    if row["in_table"]:
        text += "; in the table: " + SAME.get(row["in_table"]["same"],
                                              "unknown")
    if row["native_is"]:
        text = f"stub: {stub_text(row['native_is'])}; {text}"
    if row["state"] == "declared only":
        text = f"no body; {text}"
    return text


def columns(cell: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(x["level"], x["size"]) for x in cell["levels"]]


def _head(level: str, size: int | None) -> str:
    if size is None:
        return f"{level} (run time)"
    for bits, unit in ((30, "G"), (20, "M"), (10, "K")):
        if size >= 1 << bits:
            return f"{level} {size >> bits}{unit}"
    return f"{level} {size}"


def matrix(cell: dict[str, Any]) -> list[list[str]]:
    """A line a helper, a column a level."""
    cols = columns(cell)
    lines = [["helper", *[_head(*c) for c in cols]]]
    byhelper: dict[str, dict[Any, str]] = {}
    for row in cell["rows"]:
        byhelper.setdefault(row["helper"], {})[(row["level"], row["size"])] \
            = short(row)
    for helper, found in byhelper.items():
        texts = [found.get(c, "") for c in cols]
        if any(t not in ("-", "") for t in texts):
            lines.append([helper, *texts])
    return lines


def example(d: dict[str, Any]) -> str:
    """A difference in one line."""
    entries = ", ".join(f"{e['name']} = {e['value']} ({e['made']})"
                        for e in d["entries"])
    text = f"{entries}: huge form {d['huge']}, native form {d['native']}" \
        if entries else f"huge form {d['huge']}, native form {d['native']}"
    if "huge_stores" in d:
        text += f"; stores {d['huge_stores']} and {d['native_stores']}"
    if d.get("with"):
        text += "; with " + ", ".join(f"{k} {v}"
                                      for k, v in d["with"].items())
    return text


def _differs(found: dict[str, Any], before: str) -> str:
    """The difference, behind @before, and what it is not about."""
    text = ""
    if found["difference"]:
        text = before + example(found["difference"])
    if found["same_for"]:
        text += f"; the same for {', '.join(found['same_for'])}"
    return text


def details(cell: dict[str, Any]) -> list[str]:
    """Where forms are defined, and what the table has no room for."""
    out = []
    for row in cell["rows"]:
        if row["state"] in ("itself", "missing"):
            continue
        name = f"{row['helper']} at {_head(row['level'], row['size'])}"
        text = f"{name}: {row['native']}"
        if row["at"]:
            text += f", {row['at']}"
        if row["huge_at"]:
            text += f" (huge form: {row['huge_at']})"
        text += f": {SAME.get(row['same'], 'unknown')}"
        if row["domain"]:
            text += f" on {row['domain']}" if row["domain"] == "every value" \
                else f" on entries of {row['domain']}"
        if row["native_is"]:
            text += f"; a stub that {stub_text(row['native_is'])}"
            if row["huge_is"]:
                text += f", as the huge form {stub_text(row['huge_is'])}"
        text += _differs(row, "; ")
        table = row["in_table"]
        if table:
            text += "; through the table " + SAME.get(table["same"], "unknown")
            text += _differs(table, ": ")
        if row["why"]:
            text += f"; {row['why']}"
        if row["same"] != "yes" or row["native_is"] or table:
            out.append(text)
    return out


def _cell(cell: dict[str, Any], markdown: bool) -> list[str]:
    lines = [f"## {cell['cell']}" if markdown else cell["cell"], ""]
    if not cell["read"]:
        return [*lines, f"not read: {cell['reason']}", ""]
    for x in cell["levels"]:
        lines.append(
            f"{'- ' if markdown else '  '}{_head(x['level'], x['size'])}: "
            + (f"{x['entries']} entries, " if (x["entries"] or 1) > 1 else "")
            + f"read as {x['form']}, {x['when']}; {x['stored']}; entries: "
            + (", ".join(x["made"]) or "none could be made")
            + "".join(f"; left out: {k} ({v})"
                      for k, v in x["left_out"].items()))
    if not cell["levels"]:
        lines.append("no huge page of any size")
    d = cell["domain"]
    lines.append(f"{'- ' if markdown else '  '}made with "
                 + ", ".join([*d["protections"], *d["steps"]]))
    lines.append("")
    rows = matrix(cell)
    if markdown:
        for i, row in enumerate(rows):
            lines.append("| " + " | ".join(row) + " |")
            if not i:
                lines.append("|" + "---|" * len(row))
    else:
        width = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
        for row in rows:
            lines.append("  ".join(t.ljust(w) for t, w in zip(row, width))
                         .rstrip())
    lines.append("")
    lines += [f"{'- ' if markdown else '  '}{t}"
              for t in [*details(cell), *cell["notes"]]]
    return [*lines, ""]


def render(found: dict[str, Any], form: str) -> str:
    """The whole report."""
    if form == "json":
        return json.dumps(found, indent=1) + "\n"
    md = form == "markdown"
    lines = [f"{'# ' if md else ''}Accessors of huge entries in Linux "
             f"{found['release']}: {len(found['cells'])} cells", ""]
    for cell in found["cells"]:
        lines += _cell(cell, md)
    for arch in found["archs_without_cell"]:
        lines += [f"not answered: arch/{arch} has no cell (docs/cells.md says "
                  "how to add one)", ""]
    for a in found["absent"]:
        lines += [f"not in this tree: {a['cell']}: {a['reason']}", ""]
    return "\n".join(lines)
