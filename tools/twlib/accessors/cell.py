# SPDX-License-Identifier: GPL-2.0-only
"""`treewide audit accessors`, the part that proves: for each cell, each helper
and each level whether the native form gives the same answer.

A cell is a child with limits, and so is each question to the solver: a crash
or a hang costs one answer.  A cell's answers are kept in the cache; they hold
while what the driver found, the rules and these programs are the same.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..base import cache
from ..cells import cellfile as cells
from .rules import Rules, rules_of
from .unit import (FIRST, PREFIX, Form, Unit, UnitError, add_domain, clang,
                   compile_unit, form, function, used)

CPU_SECONDS = 5         # for one question
SECONDS = 120           # of the clock: the machine may be busy
MEMORY = 6 << 30        # address space of one
FORMAT = 1
# Results that may be meant as yes or no.
SCALARS = ("bool", "_Bool", "int", "unsigned int", "long", "unsigned long")


def cell_key(cell: dict[str, Any], rules: Rules) -> str:
    """Changes when an answer may be another."""
    h = hashlib.blake2b(digest_size=16)
    here = Path(__file__).resolve().parent
    for name in sorted(here.glob("*.py")):
        h.update(name.read_bytes())
    facts = {k: v for k, v in cell["facts"].items() if k != "stamp"}
    h.update(json.dumps([FORMAT, cell["cell"], cell["args"], facts],
                        sort_keys=True).encode())
    h.update(rules.text.encode())
    for program in [Path("/usr/bin/clang-19"), Path("/usr/bin/ld.lld-19"),
                    *sorted(Path("/usr/bin").glob("qemu-*"))]:
        with contextlib.suppress(OSError):
            st = program.stat()
            h.update(f"{program} {st.st_size} {st.st_mtime_ns}".encode())
    return h.hexdigest()


# ---- one question, in a child ----

def in_child(work: Any, seconds: float = SECONDS) -> dict[str, Any]:
    """What @work() returns, as far as it ends: it may crash or hang."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU,
                               (CPU_SECONDS, CPU_SECONDS))
            text = json.dumps(work()).encode()
            while text:
                text = text[os.write(w, text):]
            status = 0
        except MemoryError:
            status = 3
        except BaseException as e:      # noqa: BLE001 (told to the parent)
            with contextlib.suppress(OSError):
                os.write(w, json.dumps({
                    "same": "unknown",
                    "why": f"not answered: {type(e).__name__}: {e}"[:300]
                }).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(w)
    data, end = b"", time.monotonic() + seconds
    timed_out = False
    while True:
        ready, _w, _x = select.select([r], [], [], max(
            0, end - time.monotonic()))
        if not ready:
            timed_out = True
            os.kill(pid, signal.SIGKILL)
            break
        part = os.read(r, 1 << 16)
        if not part:
            break
        data += part
    os.close(r)
    _pid, status = os.waitpid(pid, 0)
    if timed_out or status & 127 in (signal.SIGXCPU, signal.SIGKILL):
        return {"same": "unknown",
                "why": f"not settled in {CPU_SECONDS} s of work"}
    if status:
        return {"same": "unknown", "why": "the child that asked "
                + (f"crashed (signal {status & 127})" if status & 127
                   else "ran out of memory")}
    return dict(json.loads(data))


# ---- a cell ----

@dataclass
class Row:
    """A helper and what stands for it at the level of a letter."""
    helper: str
    letter: str
    huge: Form
    native: str             # "" for none
    form: Form | None
    tried: list[str]


class CellAudit:
    """All questions about one cell."""

    def __init__(self, cell: dict[str, Any], rules: Rules, tree: str):
        self.cell, self.rules, self.tree = cell, rules, tree
        self.facts = cell["facts"]
        self.names: dict[str, Any] = self.facts["names"]
        self.unit = Unit()
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self.runner: Any = None         # an answer to why there is none, too
        self.work = Path()

    def result(self, helper: str) -> str:
        """The type of what it gives; a macro's is taken to be a number."""
        return str(self.names.get(helper, {}).get("result", "int"))

    def void(self, helper: str) -> bool:
        return self.result(helper) == "void"

    def plan(self) -> None:
        """The functions of the unit."""
        n = 0
        for helper, levels in sorted(self.facts["helpers"].items()):
            if "skipped" in levels:
                continue
            what = self.names.get(helper)
            if what:
                huge = form(self.unit, f"{PREFIX}h_{n}", helper, what,
                            self.rules, FIRST, self.void(helper))
            else:
                call = self.rules.expressions[helper].replace(
                    "@", f"__{FIRST}(v)")
                huge = self.unit.add(
                    Form(f"{PREFIX}h_{n}", call, used(call)),
                    function(f"{PREFIX}h_{n}", call, False))
            n += 1
            for letter, names in levels.items():
                self.rows.append(self.row(helper, letter, huge, names, n))
                n += 1

    def row(self, helper: str, letter: str, huge: Form,
            names: dict[str, Any], n: int) -> Row:
        best: tuple[int, str, Form] | None = None
        for k, native in enumerate(names["found"]):
            if native == helper:
                continue
            f = form(self.unit, f"{PREFIX}n_{n}_{k}", native,
                     self.names[native], self.rules, letter,
                     self.void(helper),
                     "p" in huge.uses and "v" not in huge.uses)
            # One that wants nothing that the helper is not given.
            extra = len(f.uses - huge.uses - {"vma"})
            if "vma" in f.uses and "vma" not in huge.uses:
                extra += 1
            worse = (100 if f.problem else 0) + extra
            if best is None or worse < best[0]:
                best = (worse, native, f)
        return Row(helper, letter, huge, best[1] if best else "",
                   best[2] if best else None, names["tried"])

    def sources(self) -> list[str]:
        """Files with bodies that are asked about."""
        return sorted({o["source"] for o in self.names.values()
                       if o.get("source")})

    def build(self, work: Path) -> Any:
        from . import llvmir    # loads a large library
        self.plan()
        add_domain(self.unit, self.rules)
        module = llvmir.Module(compile_unit(
            self.unit, self.rules, self.cell["args"], self.cell["build"],
            work))
        for i, source in enumerate(self.sources()):
            out = work / f"source{i}.bc"
            said = clang(self.cell["args"], self.rules,
                         Path(self.tree) / source, out, self.cell["build"])
            if not out.exists():
                first = next((m for m in said.splitlines()
                              if " error: " in m), "no code came out")
                self.notes.append(f"{source}: not compiled: {first}")
                continue
            try:
                module.link(llvmir.Module(out))
            except llvmir.IRError as e:
                raise UnitError(f"{source}: {e}") from e
        module.optimise(PREFIX)
        return module

    # ---- the answers ----

    def ask_by_run(self, module: Any, q: Any, row: Row) -> dict[str, Any]:
        """What running both forms says; {"why"} when they cannot be run."""
        from . import harness, running
        if self.runner is None:
            pairs = sorted({(r.huge.name, r.form.name) for r in self.rows
                            if r.form and not r.huge.problem
                            and not r.form.problem})
            kinds = [(kind, f"tw_kind_{i}", len(
                self.rules.swap_steps if i else self.rules.steps))
                for i, kind in enumerate(self.rules.entries)
                if module.function(f"tw_kind_{i}")]
            prots = [f"tw_prot_{i}" for i in range(len(
                self.rules.protections)) if module.function(f"tw_prot_{i}")]
            try:
                self.runner = running.Runner(harness.build(
                    module, self.cell["args"], self.cell["build"],
                    self.work / "run", pairs, kinds, prots, self.entry_size,
                    cross_of(self.cell["cell"])))
            except (harness.NotRun, OSError) as e:
                self.runner = str(e)
        if isinstance(self.runner, str):
            return {"why": self.runner}
        return dict(self.runner.answer(q, self.rules.asked_of(row.helper)))

    def run(self, work: Path) -> dict[str, Any]:
        from . import proof
        from .prover import Prover
        self.work = work
        module = self.build(work)
        prover = Prover(module, self.rules.traps)
        rules = self.rules
        levels = prover.levels(list(rules.levels))
        protections, said = prover.protections(list(rules.protections))
        entries = {f"{x.name} {x.size}": prover.entries(list(rules.entries), x)
                   for x in levels}
        size, _term = prover.number("tw_entry_size")
        self.entry_size = size or 8
        stores = {f"{x.name} {x.size}": prover.stored(x) for x in levels}
        steps, left = [], {}
        for name, f in self.unit.forms.items():
            if name.startswith("tw_step_"):
                if f.problem:
                    left[f.call] = f.problem
                else:
                    steps.append(f.call)
            elif name.startswith(("tw_make_", "tw_holds")) and f.problem:
                left[f.call] = f.problem
        self.notes += [f"taken not to be patched: asm {a}" for a in
                       sorted(prover.machine.unpatched)]
        rows: list[dict[str, Any]] = []
        stubs: dict[str, Any] = {}
        for row in self.rows:
            at = [x for x in levels if x.letter == row.letter]
            for level in at:
                kinds = rules.asked_of(row.helper)
                q = proof.Question(
                    row.huge.name, row.form.name if row.form else "",
                    row.huge.uses | (row.form.uses if row.form else set()),
                    level, entries[f"{level.name} {level.size}"].only(kinds),
                    protections, list(rules.steps),
                    list(rules.swap_steps), rules.hardware,
                    self.entry_size,
                    self.result(row.helper) in SCALARS,
                    stores[f"{level.name} {level.size}"][0],
                    self.result(row.helper) == f"{FIRST}_t")
                rows.append(self.answer(prover, row, q, stubs))
        return {
            "cell": self.cell["cell"], "arch": self.cell["arch"],
            "read": True, "errors": self.facts["errors"],
            "levels": [{"level": x.name, "form": x.letter, "size": x.size,
                        "entries": x.entries, "when": x.when,
                        "format": stores[f"{x.name} {x.size}"][1],
                        "stored": stores[f"{x.name} {x.size}"][2],
                        "made": e.names, "left_out": e.left_out}
                       for x in levels
                       for e in [entries[f"{x.name} {x.size}"]]],
            "domain": {"steps": steps, "protections": said,
                       "left_out": left},
            "skipped": {h: v["skipped"] for h, v in
                        self.facts["helpers"].items() if "skipped" in v},
            "notes": self.notes, "rows": rows}

    def answer(self, prover: Any, row: Row, q: Any,
               stubs: dict[str, Any]) -> dict[str, Any]:
        from . import proof
        from .prover import stub
        what = self.names.get(row.native, {})
        huge = self.names.get(row.helper, {})
        out: dict[str, Any] = {
            "helper": row.helper, "huge_at": _place(huge),
            "level": q.level.name, "size": q.level.size,
            "native": row.native or None, "at": _place(what),
            "state": "defined", "native_is": None, "huge_is": None,
            "same": None, "method": None, "domain": None, "why": "",
            "difference": None, "same_for": [], "in_table": None}
        if not row.native:
            missing = [t for t in row.tried if t != row.helper]
            out["state"] = "missing" if missing else "itself"
            if missing:
                out["why"] = "no " + ", no ".join(missing)
            return out
        assert row.form
        for f in (row.huge, row.form):
            if f.problem:
                out.update(same="unknown", state="not callable",
                           why=f"{f.call}: {f.problem}")
                return out
        if what.get("declared_only"):
            out["state"] = "declared only"
        value = not self.void(row.helper)
        for key, f in (("native_is", row.form), ("huge_is", row.huge)):
            if f.name not in stubs:
                stubs[f.name] = in_child(
                    lambda f=f: {"is": stub(prover, f.name, value)}
                ).get("is")
            out[key] = stubs[f.name]
        if out["native_is"]:
            out["state"] = "fallback"
        if proof.same_code(prover.module, q.huge, q.native):
            out.update(same="yes", method="code", domain="every value")
        else:
            out.update(in_child(
                lambda: proof.Comparison(prover, q).answer()))
        if out["same"] == "unknown":
            got = self.ask_by_run(prover.module, q, row)
            why = got.pop("why", "")
            out.update(got)
            out["why"] = f"{out['why']}; not run: {why}" if why else ""
        if q.store is not None and "v" in q.uses and "p" not in q.uses:
            q = replace(q, in_table=True)
            got = in_child(lambda: proof.Comparison(prover, q).answer())
            out["in_table"] = {k: got.get(k) for k in
                               ("same", "difference", "same_for", "why")}
        kinds = self.rules.asked_of(row.helper)
        if (out["domain"] or "").startswith("hugetlb") and kinds:
            out["domain"] += (", " if ":" in out["domain"] else ": ") \
                + ", ".join(kinds)
        if (out["domain"] or "").startswith("hugetlb") and q.entries.unmade:
            out["domain"] += f", without {', '.join(q.entries.unmade)}"
        if out["same"] != "unknown" and not out["method"]:
            out["method"] = "solver"
        return out


def cross_of(name: str) -> str:
    """The prefix of the cell's GNU tools, or ""."""
    try:
        build = cells.cells_load()[name].build
    except (cells.CellError, KeyError):
        return ""
    return build.cross if build and not build.llvm else ""


def _place(what: dict[str, Any]) -> str | None:
    return f"{what['file']}:{what['line']}" if what.get("file") else None


def audit_cell(cell: dict[str, Any], rules: Rules, tree: str
               ) -> dict[str, Any]:
    """One cell, through the cache; in a process of its own."""
    path = cache.cache_dir("facts") / f"accessors-proof-{cell_key(cell, rules)}"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        os.utime(path)
        return dict(known)
    except (OSError, ValueError):
        pass
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="treewide-accessors-") as name:
        try:
            found = CellAudit(cell, rules, tree).run(Path(name))
        except UnitError as e:
            return {"cell": cell["cell"], "arch": cell["arch"],
                    "read": False, "reason": str(e)}
    found["seconds"] = round(time.monotonic() - start, 1)
    tmp = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    tmp.write_text(json.dumps(found), encoding="utf-8")
    os.replace(tmp, path)
    return found


def main_cell() -> int:
    """The child of a cell: the cell on stdin, the answers on stdout."""
    asked = json.load(sys.stdin)
    found = audit_cell(asked["cell"], rules_of(asked), asked["tree"])
    json.dump(found, sys.stdout)
    return 0
