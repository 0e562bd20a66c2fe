# SPDX-License-Identifier: GPL-2.0-only
"""Do two functions give the same answer?

First their optimised code is compared; then a solver is asked, for every
value; then for the entries that hugetlb can store.  What is said to differ
comes with a value for which it does; what cannot be settled is unknown, and
says why.
"""
from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import z3

from . import llvmir as ir
from .irmemory import Outcome, Store, Unsupported, names_in
from .unit import PARAMS
from .prover import (MAX_ENTRIES, SOLVER_MS, Entries, Level, Prover, contains)

SMALL_SECONDS = 2       # to find an example that reads well


# ---- stubs ----


# ---- the comparison ----

@dataclass
class Question:
    """Two forms at one level, on entries."""
    huge: str
    native: str
    uses: set[str]
    level: Level
    entries: Entries
    protections: Any
    steps: list[str]
    swap_steps: list[str]
    hardware: list[str]
    entry_size: int
    truth: bool             # the answer may be meant as yes or no
    store: Any = None       # what is in the table, over v; None: v itself
    entry: bool = False     # the answer is an entry
    in_table: bool = False  # the native form is given what is in the table


def same_code(module: ir.Module, one: str, two: str) -> bool:
    """Whether the optimised code is the same."""
    a, b = module.function(one), module.function(two)
    return bool(a and b and ir.body_text(a) == ir.body_text(b))


class Comparison:
    """One question to the solver."""

    def __init__(self, prover: Prover, q: Question):
        self.p, self.q, self.m = prover, q, prover.machine
        self.made: list[tuple[Any, dict[str, Any]]] = []
        self.args = prover.arguments(q.level)

    def run(self, name: str) -> list[Outcome]:
        f = self.p.module.function(name)
        assert f
        args = self.args
        if self.q.in_table and name == self.q.native:
            args = [self.put(a) if p in ("v", "v2") else a
                    for p, a in zip(PARAMS, args)]
        # What was done before the kernel stopped is no matter any more.
        ways = [replace(o, events=()) if o.end == "stop" else o
                for o in self.m.run(f, args) if o.end != "outside"]
        if self.q.in_table and self.q.entry and name == self.q.huge:
            ways = [replace(o, value=self.put(o.value))
                    if o.end == "ret" else o for o in ways]
        return ways

    def put(self, value: Any) -> Any:
        """What is in the table when @value was stored there."""
        if self.q.store is None:
            return value
        return z3.simplify(z3.substitute(
            self.q.store, (self.p.params["v"], value)))

    # ---- the domain ----

    def entry(self, value: Any, index: int, like: dict[str, Any] | None = None
              ) -> tuple[list[Any], dict[str, Any]]:
        """@value is an entry that hugetlb can make; @like: one of the same
        run, which the processor may have changed on its own."""
        params = self.p.params
        table = value
        if index >= 10 and self.q.store is not None:
            # What stands in the table is another format.
            value = z3.BitVec(f"entry#{index}", 64)
        pfn, sel, flags, prot, kind = (
            z3.BitVec(f"{n}#{index}", w) for n, w in (
                ("pfn", 64), ("steps", self.m.pointer),
                ("flags", self.m.pointer), ("prot", 64), ("kind", 8)))
        swap = [(params["v"], pfn), (params["num"], sel),
                (params["flags"], flags), (params["prot"], prot)]
        ways = []
        for k, (_name, _group, outs) in enumerate(self.q.entries.kinds):
            for o in outs:
                bits = z3.substitute(o.value, swap)
                value_at = bits
                ways.append(z3.And(
                    kind == k, value == value_at,
                    *[z3.substitute(c, swap) for c in o.conditions]))
        facts = [z3.Or(*ways) if ways else z3.BoolVal(False),
                 z3.substitute(self.q.protections, [(params["prot"], prot)])]
        if value is not table:
            facts.append(table == self.put(value))
        known = {"pfn": pfn, "steps": sel, "flags": flags, "prot": prot,
                 "kind": kind, "value": table}
        if like:
            free = sum(1 << i for i, s in enumerate(self.q.steps)
                       if s in self.q.hardware)
            facts += [like[n] == known[n]
                      for n in ("kind", "pfn", "flags", "prot")]
            facts.append((like["steps"] | free) == (sel | free))
        return facts, known

    def domain(self) -> list[Any]:
        """Entries that are given and entries that are stored."""
        facts: list[Any] = []
        made = self.made
        for i, name in enumerate(("v", "v2")):
            if name in self.q.uses:
                f, known = self.entry(self.p.params[name], i)
                facts += f
                made.append((name, known))
        if "prot" in self.q.uses:
            facts.append(self.q.protections)
        if "p" in self.q.uses:
            # Of a run the processor changes some, all in the same way.
            n = min(self.q.level.entries or 1, MAX_ENTRIES)
            stored = [self.stored(i) for i in range(n)]
            f, first = self.entry(stored[0], 10)
            facts += f
            made.append(("entry 0", first))
            if n > 1:
                other = z3.BitVec("other", 64)
                f, known = self.entry(other, 11, first)
                facts += f
                facts += [z3.Or(x == stored[0], x == other)
                          for x in stored[1:]]
                made += [(f"entry {i}", {**known, "value": x})
                         for i, x in enumerate(stored[1:], 1)]
        return facts

    def stored(self, i: int) -> Any:
        """The bits of the entry @i of the run."""
        size = min(self.q.entry_size, 8)
        x = self.m.first("", self.p.params["p"] + i * self.q.entry_size, size)
        return x if size == 8 else z3.ZeroExt(64 - 8 * size, x)

    # ---- asking ----

    def check(self, facts: list[Any]) -> tuple[str, Any]:
        answer, model = self.solve(facts)
        if answer != "yes":
            return answer, None
        # A value that reads well, if there is one: as little as possible.
        small = [known[key] == 0 for _name, known in self.made[:2]
                 for key in ("steps", "pfn", "flags")]
        if "addr" in self.q.uses:
            small.append(self.p.params["addr"] == 0)
        end = time.monotonic() + SMALL_SECONDS
        for fact in small:
            if time.monotonic() > end:
                break
            again, better = self.solve([*facts, fact])
            if again == "yes":
                facts, model = [*facts, fact], better
        return "yes", model

    def solve(self, facts: list[Any]) -> tuple[str, Any]:
        """One question, to a solver that is made for bits."""
        s = z3.SolverFor("QF_UFBV")
        s.set("timeout", SOLVER_MS)
        for f in [*self.m.facts, *facts]:
            s.add(f)
        answer = s.check()
        if answer == z3.sat:
            return "yes", s.model()
        return ("no" if answer == z3.unsat else "unknown"), None

    def differ(self, a: Outcome, b: Outcome, truth: bool) -> Any:
        """When two ways give another answer."""
        if a.end != b.end:
            return z3.BoolVal(True)
        if a.end == "stop":
            return z3.BoolVal(False)
        if truth:
            parts = [(a.value != 0) != (b.value != 0)]
        else:
            parts = [a.value != b.value]
        return z3.Or(*parts, *self.stored_apart(a.memory, b.memory))

    def stored_apart(self, a: Store, b: Store) -> list[Any]:
        """When they leave something else in memory."""
        out = []
        for address, size, _value in {
                (x.get_id(), n): (x, n, v)
                for x, n, v in [*a.written, *b.written]}.values():
            c = z3.simplify(self.m.load(a, address, size)
                            != self.m.load(b, address, size))
            if not z3.is_false(c):
                out.append(c)
        return out

    def apart(self, a: Outcome, b: Outcome) -> Any:
        """When two ways do not do the same that cannot be seen into."""
        if [e.name for e in a.events] != [e.name for e in b.events]:
            return z3.BoolVal(True)
        parts = []
        for x, y in zip(a.events, b.events):
            if len(x.args) != len(y.args) or any(
                    s.size() != t.size() for s, t in zip(x.args, y.args)):
                return z3.BoolVal(True)
            parts += [s != t for s, t in zip(x.args, y.args)]
            parts += self.stored_apart(Store("", x.stores),
                                       Store("", y.stores))
        return z3.Or(*parts) if parts else z3.BoolVal(False)

    def compare(self, one: list[Outcome], two: list[Outcome],
                facts: list[Any], truth: bool) -> dict[str, Any]:
        quiet = [(a, b) for a in one for b in two
                 if not a.events and not b.events]
        unknown = ""
        for a, b in quiet:
            d = self.differ(a, b, truth)
            if z3.is_false(z3.simplify(d)):
                continue
            answer, model = self.check([*facts, *a.conditions, *b.conditions,
                                        d])
            if answer == "yes":
                terms = [t for t in [*a.conditions, *b.conditions, a.value,
                                     b.value, *facts] if t is not None]
                asm = [n for n in names_in(terms)
                       if n in self.m.assembly]
                if asm:
                    unknown = "it depends on what assembly gives: " + \
                        self.m.assembly[asm[0]].strip().split("\n")[0]
                    continue
                return {"same": "no", "difference": self.example(
                    model, a, b, terms)}
            if answer == "unknown":
                unknown = "the solver did not settle it in time"
        if unknown:
            return {"same": "unknown", "why": unknown}
        for a in one:
            for b in two:
                if not a.events and not b.events:
                    continue
                d = z3.simplify(z3.Or(self.apart(a, b),
                                      self.differ(a, b, truth)))
                answer, _m = self.solve([*facts, *a.conditions,
                                         *b.conditions, d])
                if answer != "no":
                    return {"same": "unknown", "why": _events(a, b)}
        return {"same": "yes"}

    def answer(self) -> dict[str, Any]:
        """{"same": yes|truth|no|unknown, "domain", "difference", "why"}"""
        if "p" in self.q.uses:
            # A loop over a run ends where the entries say.
            for fact in self.domain():
                self.m.solver.add(fact)
            self.made = []
        try:
            one, two = self.run(self.q.huge), self.run(self.q.native)
        except Unsupported as e:
            return {"same": "unknown", "why": f"not run: {e}"}
        if not one or not two:
            return {"same": "unknown",
                    "why": "no way through the code at this size"}
        try:
            return self.settle(one, two)
        except Unsupported as e:
            return {"same": "unknown", "why": f"not compared: {e}"}

    def settle(self, one: list[Outcome], two: list[Outcome]
               ) -> dict[str, Any]:
        if all(o.events for o in one) or all(o.events for o in two):
            # Nothing can be said to differ; only equal ways are of use.
            names = [{tuple(e.name for e in o.events) for o in side}
                     for side in (one, two)]
            if names[0] != names[1]:
                return {"same": "unknown", "why": _events(one[0], two[0])}
        every = {"same": "no"} if "p" in self.q.uses else \
            self.compare(one, two, [], False)
        if every["same"] == "yes":
            return {**every, "domain": "every value"}
        self.made = []
        domain = self.domain()      # notes what is made, for the example
        if not self.q.entries.kinds and {"v", "v2", "p"} & self.q.uses:
            return {"same": "unknown", "why": "the entries that hugetlb "
                    "stores here cannot be made"}
        s, _model = self.solve(domain)
        if s != "yes":
            return {"same": "unknown", "why": "no entry of this size could "
                    "be made" if s == "no" else
                    "the solver did not settle it in time"}
        found = self.compare(one, two, domain, False)
        if found["same"] == "no" and self.q.truth:
            truth = self.compare(one, two, domain, True)
            if truth["same"] == "yes":
                found = {**found, "same": "truth"}
        if found["same"] == "no" and {"v", "v2", "p"} & self.q.uses:
            found = {**found, **self.by_kind(one, two)}
        return {**found, "domain": "hugetlb"}

    def by_kind(self, one: list[Outcome], two: list[Outcome]
                ) -> dict[str, Any]:
        """For which kinds of entries alone the answers are the same."""
        same = []
        every = self.q.entries
        for name in every.names:
            self.q.entries = every.only([name])
            self.made = []
            got = self.compare(one, two, self.domain(), False)
            if got["same"] == "no" and self.q.truth:
                got = self.compare(one, two, self.domain(), True)
            if got["same"] == "yes":
                same.append(name)
        self.q.entries = every
        return {"same_for": same}

    # ---- showing ----

    def example(self, model: Any, a: Outcome, b: Outcome,
                terms: list[Any]) -> dict[str, Any]:
        def number(t: Any) -> str:
            return hex(model.eval(t, model_completion=True).as_long())

        out: dict[str, Any] = {"entries": []}
        for name, known in self.made:
            out["entries"].append({
                "name": name, "value": number(known["value"]),
                "made": self.recipe(model, known)})
        if not self.made:
            out["entries"] = [{"name": n, "value": number(self.p.params[n]),
                               "made": "any"} for n in ("v", "v2")
                              if n in self.q.uses]
        out["entries"] = _first_and_others(out["entries"])
        for side, o in (("huge", a), ("native", b)):
            out[side] = "stops (BUG)" if o.end == "stop" else number(o.value)
        for address, size, _v in [*a.memory.written, *b.memory.written]:
            both = [number(self.m.load(o.memory, address, size))
                    for o in (a, b)]
            if both[0] != both[1]:
                out["huge_stores"], out["native_stores"] = both
                break
        given = {}
        for name in ("prot", "num", "flags"):
            if name in self.q.uses:
                given[name] = number(self.p.params[name])
        for key, x in self.m.choices.items():
            if x.decl().name() in names_in(terms):
                label = x.decl().name().partition(": ")[2]
                given[label] = "taken" if model.eval(
                    x, model_completion=True).as_long() else "not taken"
        for label, x in self.m.loads.items():
            if contains(terms, x):
                given[label] = number(x)
        if given:
            out["with"] = given
        return out

    def recipe(self, model: Any, known: dict[str, Any]) -> str:
        kinds = self.q.entries.kinds
        k = model.eval(known["kind"], model_completion=True).as_long()
        if k >= len(kinds):
            return "?"
        name, group, _ways = kinds[k]
        steps = self.q.steps if group == "steps" else self.q.swap_steps
        bits = model.eval(known["steps"], model_completion=True).as_long()
        done = [s for i, s in enumerate(steps) if bits >> i & 1]
        return ", ".join([name, *done])


def _first_and_others(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a run: the first, and one of each that is not like it."""
    kept: list[dict[str, Any]] = []
    for e in entries:
        if not e["name"].startswith("entry ") or e["name"] == "entry 0" or \
                e["value"] not in [x["value"] for x in kept]:
            kept.append(e)
    return kept


def _events(a: Outcome, b: Outcome) -> str:
    first, second = ([e.name for e in o.events] for o in (a, b))
    for x, y in zip([*first, ""], [*second, ""]):
        if x != y:
            said = " and ".join(
                f"the {side} form does {n.split('|')[0]}" for side, n in
                (("huge", x), ("native", y)) if n)
            if said:
                return said + ", which is not seen into"
    return f"both do {first[0].split('|')[0]}, which is not seen into, with " \
           "other values" if first else "what is not seen into differs"
