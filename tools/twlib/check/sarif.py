# SPDX-License-Identifier: GPL-2.0-only
"""The report of a check for CI, as SARIF 2.1.0."""
from __future__ import annotations

from typing import Any

from ..base.words import some
from .result import MEANING, CellResult

RULES = {
    "compile-error": ("error", "An object does not build after the patch."),
    "new-warning": ("warning", "The compiler warns of something new."),
    "new-sparse": ("warning", "Sparse warns of something new."),
    "object-differs": ("warning", "An object is not the same code."),
    "line-not-compiled": ("note", "No cell compiled a changed line."),
    "cell-failed": ("error", "A cell could not be checked."),
    "cell-not-built": ("note", "A cell was not built."),
}


def sarif(result: dict[str, Any], cells: list[CellResult]) -> dict[str, Any]:
    """The findings for CI; the same finding of many cells is one result."""
    found: dict[tuple[str, str, int, str], list[str]] = {}

    def add(rule: str, file: str, line: int, text: str, cell: str) -> None:
        found.setdefault((rule, file, line, text), []).append(cell)

    for c in cells:
        for m in c.messages:
            if m["kind"] == "new":
                rule = "new-sparse" if m["tool"] == "sparse" else \
                    "compile-error" if m["severity"] == "error" \
                    else "new-warning"
                add(rule, m["file"], m["line"], m["message"] + (
                    f" (used at {m['used_at']})" if m["used_at"] else ""),
                    c.cell)
        if c.state in ("not built", "absent"):
            add("cell-not-built", "", 0, f"{c.cell}: {c.reason}", c.cell)
        elif c.state == "failed" and not c.new_errors:
            add("cell-failed", "", 0, f"{c.cell}: {c.reason}", c.cell)
    for h in result.get("hunks", []):
        if h["grade"] in ("size", "differs"):
            for c in cells:
                if h["cells"].get(c.cell) in ("size", "differs"):
                    names = [f for f, where in h["differs_in"].items()
                             if c.cell in where]
                    add("object-differs", h["file"], h["line"],
                        f"{MEANING[h['grade']]}: " + (some(names) or "data"),
                        c.cell)
    for m in result.get("coverage", {}).get("uncompiled", []):
        add("line-not-compiled", m["file"], m["line"],
            f"{m['state']}; would be with: {m['condition']}", "")
    results = []
    for (rule, file, line, text), where in found.items():
        names = sorted({w for w in where if w})
        item: dict[str, Any] = {
            "ruleId": rule, "ruleIndex": list(RULES).index(rule),
            "level": RULES[rule][0],
            "message": {"text": text + (f" [{', '.join(names)}]"
                                        if names and file else "")},
            "properties": {"cells": names}}
        if file:
            place: dict[str, Any] = {"artifactLocation": {
                "uri": file, "uriBaseId": "SRCROOT"}}
            if line:
                place["region"] = {"startLine": line}
            item["locations"] = [{"physicalLocation": place}]
        results.append(item)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "treewide check",
                "rules": [{"id": rule, "shortDescription": {"text": text},
                           "defaultConfiguration": {"level": level}}
                          for rule, (level, text) in RULES.items()]}},
            "originalUriBaseIds": {"SRCROOT": {
                "description": {"text": "The kernel tree."}}},
            "columnKind": "unicodeCodePoints",
            "invocations": [{"executionSuccessful": True}],
            "results": results}]}
