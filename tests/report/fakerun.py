# SPDX-License-Identifier: GPL-2.0-only
"""
Makes run directories of any size, with the files that convert, check, audit
and `make run` leave.  Every text of a stranger (names, reasons, lines of the
patch, messages) can be a hostile one.
"""
from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

HOSTILE = ('</script><script>window.pwned=1</script><img src=x '
           'onerror="window.pwned=2"><!--\u202eevil\u2069 [a](http://x.invalid)'
           ' | `x` &lt; \x1b[31m \u2028')

TABLES = """
PRAGMA application_id = 1953983591;
PRAGMA user_version = 3;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE symbols (name TEXT, kind TEXT, origin TEXT);
CREATE TABLE sites (id INTEGER PRIMARY KEY, file TEXT, line INTEGER,
	col INTEGER, offset INTEGER, symbol TEXT, context TEXT, fate TEXT,
	reason TEXT, evidence TEXT, ast TEXT, smpl TEXT, outcome TEXT,
	condition TEXT);
CREATE TABLE skipped (path TEXT, why TEXT);
CREATE TABLE notes (file TEXT, line INTEGER, note TEXT);
CREATE TABLE edits (file TEXT, line INTEGER, old TEXT, new TEXT, rule TEXT);
CREATE TABLE flow (cell TEXT, key TEXT, name TEXT, func TEXT, file TEXT,
	line INTEGER, handle INTEGER, why TEXT, via TEXT, parent TEXT);
CREATE TABLE frontier (file TEXT, line INTEGER, kind TEXT, source TEXT,
	target TEXT, cells TEXT);
CREATE TABLE blind (engine TEXT, file TEXT, line INTEGER, why TEXT);
"""

CELLS = ["x86/64", "arm64/4k", "s390/64", "m68k/sun3", "csky/generic"]
GRADES = ["bytes", "code", "tokens", "size", "differs", "not seen"]
KEPT = ["opaque: follows the type without a change",
        "a comment that stays true: the name stays",
        "no handle on this line: only the name"]


def site(n: int, bad: str) -> tuple[Any, ...]:
    """Site @n of 10 lines each; a third is converted, one in 50 refused."""
    file = f"arch/{('x86', 'arm64', 's390', 'm68k')[n % 4]}/mm/file{n // 40}.c" \
        if n % 5 else f"mm/file{n // 40}.c"
    line, symbol = 10 + 20 * (n % 40), ("pgtable_t", "pte_free", "pmd_pgtable")[n % 3]
    if n % 50 == 7:
        return (file, line, 3, n, symbol, "code", "refused",
                f"its address is taken {bad}", f"mm/other.c:{n} {bad}",
                "change", "keep", "one-sided", f"CONFIG_{n % 7} {bad}")
    if n % 3 == 0:
        return (file, line, 3, n, symbol, "macro" if n % 2 else "code",
                "converted", "ptdesc/50-bridge", "x86/64, arm64/4k", "change",
                "change", "agree", None)
    return (file, line, 3, n, symbol, "comment" if n % 7 == 0 else "code",
            "kept", KEPT[n % 3] + bad, None, "keep", "keep", "agree", None)


def make(path: Path, sites: int = 60, bad: str = "", check: bool = True,
         audit: bool = True, convert: bool = True) -> list[tuple[Any, ...]]:
    """A run in the new folder @path; its sites are returned."""
    path.mkdir(parents=True)
    rows = [site(n, bad) for n in range(sites)]
    db = sqlite3.connect(path / "ledger.sqlite")
    db.executescript(TABLES)
    meta = {"conversion": "ptdesc", "tree": f"/trees/linux {bad}",
            "release": "6.12.95", "policy": "handle", "treewide": "0.1"}
    db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    db.executemany("INSERT INTO sites VALUES (NULL, ?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   rows)
    db.execute("INSERT INTO notes VALUES (?, 3, ?)",
               ("mm/note.c", f"says so {bad}"))
    db.execute("INSERT INTO skipped VALUES (?, ?)", ("a/link", f"link {bad}"))
    db.execute("INSERT INTO blind VALUES ('spatch', 'mm/b.c', 4, ?)",
               (f"no parse {bad}",))
    converted = sorted((r for r in rows if r[6] == "converted"),
                       key=lambda r: (r[0], r[1]))
    for r in converted:
        db.execute("INSERT INTO edits VALUES (?, ?, '', 'ptdesc_page(', ?)",
                   (r[0], r[1], "ptdesc/50-bridge"))
        key = f"p:c:@F@fn{r[3]}#1"
        for cell in CELLS[:3]:
            db.execute("INSERT INTO flow VALUES (?,?,?,?,?,?,1,?,?,?)",
                       (cell, key, f"pte{bad}", f"fn{r[3]}", r[0], r[1],
                        "a handle goes into it: the field f", "mm/x.c:5",
                        "f:c:@S@s@FI@f"))
        # Another arch has a function of that name.
        db.execute("INSERT INTO flow VALUES ('alpha/generic',?,'other','fn',"
                   "'arch/alpha/x.h',1,1,'another',NULL,NULL)", (key,))
        db.execute("INSERT INTO frontier VALUES (?,?,'handle to old type',?,"
                   "'p:c:mm.h@F@page_address#0','x86/64')", (r[0], r[1], key))
    for cell in CELLS[:3]:
        db.execute("INSERT INTO flow VALUES (?,'f:c:@S@s@FI@f','f','',"
                   "'mm/x.h',9,1,'it is declared so',NULL,NULL)", (cell,))
    db.commit()
    db.close()
    patch = make_patch(converted, bad)
    (path / "ptdesc.patch").write_bytes(patch)
    if convert:
        fates = Counter(r[6] for r in rows)
        dump(path / "convert.json", {
            "version": 1, "conversion": "ptdesc", "tree": meta["tree"],
            "release": "6.12.95", "cells": CELLS[:4],
            "cells_unread": [f"csky/generic: no config {bad}",
                             "x86/highpte (no CONFIG_HIGHPTE in this tree)"],
            "unseen": [f"mm/dark.c:4: pgtable_t, kept {bad}"],
            "problems": [f"mm/p.c:1:1: trouble {bad}"] if bad else [],
            "sites": {f: fates[f] for f in ("converted", "kept", "refused",
                                            "unresolved")}})
    if check:
        dump(path / "check.json", make_check(converted, patch, bad))
    if audit:
        dump(path / "audit.json", make_audit(bad))
    return rows


def dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), "utf-8")


def make_patch(converted: list[tuple[Any, ...]], bad: str) -> bytes:
    bad = bad.replace("\u2028", "").replace("\x1b", "")
    out = ["Converted by treewide 0.1: ptdesc", f"Rules: 1234 {bad}", ""]
    last = None
    for r in converted:
        if r[0] != last:
            out += [f"diff --git a/{r[0]} b/{r[0]}", f"--- a/{r[0]}",
                    f"+++ b/{r[0]}"]
            last = r[0]
        out += [f"@@ -{r[1] - 1},3 +{r[1] - 1},3 @@ static int fn{r[3]}(void)",
                f" \tint a; /* {bad} */", f"-\tuse(page, {r[3]});",
                f"+\tuse(ptdesc_page(page), {r[3]}); {bad}", " \treturn 0;"]
    return "\n".join(out).encode() + b"\n"


def make_check(converted: list[tuple[Any, ...]], patch: bytes,
               bad: str) -> dict[str, Any]:
    hunks, ranges, lost = [], [], []
    for n, r in enumerate(converted, 1):
        grade = GRADES[n % len(GRADES)]
        seen = grade != "not seen"
        hunks.append({"number": n, "file": r[0], "old": r[1] - 1,
                      "new": r[1] - 1, "function": "", "grade": grade,
                      "cells": {"x86/64": grade} if seen else {},
                      "differs_in": {f"fn{bad}": ["x86/64"]}
                      if grade == "differs" else {}})
        if seen:
            ranges.append({"file": r[0], "first": r[1], "last": r[1],
                           "cells": ["arm64/4k", "x86/64"]})
        else:
            lost.append({"file": r[0], "line": r[1], "text": "use",
                         "state": "not compiled",
                         "condition": f"CONFIG_X {bad}"})

    def cell(name: str, state: str, **more: Any) -> dict[str, Any]:
        return {"cell": name, "state": state, "reason": "", "objects": 0,
                "chosen_from": 0, "identical": 0, "normalised": 0,
                "different": 0, "grades": {}, "graded": {}, "hunks": {},
                "lines": {}, "new_warnings": [], "new_errors": [],
                "new_sparse": [], "sparse": "0.6.4", "messages": [],
                "seconds": 1, "cached": False, "log": "",
                "replay": f"treewide check --cells {name} {bad}", **more}

    total = len(ranges) + len(lost)
    return {
        "version": 1, "tree": "/trees/linux", "release": "6.12.95",
        "run": "/runs/r", "left_out": ["csky/generic"], "uncompiled": [],
        "patch": {"path": "p", "files": 1,
                  "sha256": hashlib.sha256(patch).hexdigest()},
        "verdict": "failed", "sentence": f"The patch fails in 1 cell. {bad}",
        "coverage": {"lines": total, "compiled": len(ranges), "percent": 1.0,
                     "ranges": ranges, "uncompiled": lost},
        "hunks": hunks,
        "cells": [
            cell("x86/64", "built", objects=5, chosen_from=9, identical=3,
                 normalised=1, different=1, lines={"mm/a.c": [1, 2, 3]},
                 grades={"bytes": 3, "code": 1, "differs": 1}),
            cell("arm64/4k", "built", objects=4, identical=4,
                 grades={"bytes": 4}, new_warnings=[f"mm/a.c: warns {bad}"],
                 new_sparse=[f"mm/a.c: sparse {bad}"]),
            cell("s390/64", "failed", reason=f"no build {bad}",
                 new_errors=[f"mm/a.c: error {bad}"]),
            cell("m68k/sun3", "not built", reason=f"no compiler {bad}")]}


def make_audit(bad: str) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [{
        "arch": arch, "cell": name, "read": True,
        "handle": {"is": f"struct page * {bad}", "file": "arch/a/page.h",
                   "line": 38},
        "sharing": {"verdict": "one", "tables": 1}, "table": 2048,
        "page": 4096, "evidence": f"one table a page {bad}",
        "kernel_address": {"verdict": "always", "why": f"for {bad}"},
        "policies": [{"policy": "handle", "planned": False, "can": True,
                      "why": None}]}
        for arch, name in (("x86", "x86/64"), ("x86", "x86/32"),
                           ("arm64", "arm64/4k"))]
    cells.append({"arch": "csky", "cell": "csky/generic", "read": False,
                  "reason": f"no config {bad}"})
    return {"version": 1, "audit": "typedefs", "type": f"pgtable_t{bad}",
            "tree": "/trees/linux", "release": "6.12.95", "cells": cells,
            "typedefs": [], "archs_without_cell": ["nios2"], "absent": []}
