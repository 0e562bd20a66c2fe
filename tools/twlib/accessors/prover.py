# SPDX-License-Identifier: GPL-2.0-only
"""
What the optimised code of a cell says about values that are not known: the
levels of page tables, the entries that can stand there, functions that are
stubs.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import z3

from . import llvmir as ir
from .irexec import Machine
from .irmemory import Outcome, Unsupported, is_const, names_in
from .unit import FIRST, OUTSIDE, PARAMS


WIDTH = {"v": 64, "v2": 64, "prot": 64, "shift": 32}
REGIONS = ("vma", "p", "h")
MAX_ENTRIES = 32        # of a run that are said something about
SOLVER_MS = 4000
STUB_LINES = 40         # no stub is longer


@dataclass
class Entries:
    """The entries that hugetlb can store at a level: ways to make one, each
    with what must hold."""
    kinds: list[tuple[str, str, list[Outcome]]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    unmade: list[str] = field(default_factory=list)
    #           # kinds that hugetlb makes, and of which not all are here

    def only(self, kinds: list[str]) -> Entries:
        """Those of some kinds; of none named: all."""
        return Entries([k for k in self.kinds if not kinds or k[0] in kinds],
                       self.left_out,
                       [k for k in self.unmade if not kinds or k in kinds])

    @property
    def names(self) -> list[str]:
        return [name for name, _group, _ways in self.kinds]


@dataclass
class Level:
    """Where hugetlb can have a leaf."""
    name: str               # "cont-PMD"
    letter: str             # "pmd"
    size: int | None        # bytes; None: decided at run time
    entries: int | None
    when: str               # "always", or what it depends on
    size_term: Any
    shift_term: Any


class Prover:
    """The functions of one cell's unit."""

    def __init__(self, module: ir.Module, traps: list[re.Pattern[str]]):
        self.module = module
        self.machine = Machine(module, OUTSIDE, traps)
        m = self.machine
        self.params = {p: m.region(p) if p in REGIONS else z3.BitVec(
            p, WIDTH.get(p, m.pointer)) for p in PARAMS}

    # ---- constants of the cell ----

    def number(self, name: str) -> tuple[int | None, Any]:
        """What a function without parameters gives: constant, or a term."""
        f = self.module.function(name)
        if not f:
            return None, None
        ways = [o for o in self.machine.run(f, []) if o.end == "ret"
                and not o.events]
        if len(ways) != 1:
            return None, None
        x = z3.simplify(ways[0].value)
        return (x.as_long() if is_const(x) else None), x

    def valid(self, size: Any) -> str | None:
        """Can a huge page have this size: None, or when."""
        f = self.module.function("tw_valid")
        if not f:
            return None
        m = self.machine
        yes, no = [], []
        for o in m.run(f, [size]):
            c = z3.And(*o.conditions, o.value != 0) if o.value is not None \
                else z3.BoolVal(False)
            if o.end == "ret":
                yes.append(c)
                no.append(z3.And(*o.conditions, o.value == 0))
        if not yes or not m.possible((z3.Or(*yes),)):
            return None
        if not m.possible((z3.Or(*no),)):
            return "always"
        return "depends on " + self.waits_for(yes)

    def waits_for(self, terms: list[Any]) -> str:
        names = names_in(terms)
        said = [n.partition(": branch ")[2] for n in names
                if n.startswith("choice ")]
        ids = {t.get_id() for t in terms}
        for label, value in self.machine.loads.items():
            if value.get_id() in ids or contains(terms, value):
                said.append(label)
        said += [self.machine.assembly[n].split("\n")[0] for n in names
                 if n in self.machine.assembly]
        return ", ".join(dict.fromkeys(said)) or "what the kernel finds out"

    def levels(self, letters: list[str]) -> list[Level]:
        """Sizes of huge pages, and which entries they are made of."""
        at: list[tuple[str, int | None, Any, Any]] = []
        for letter in letters:
            size, term = self.number(f"tw_size_{letter}")
            _n, shift = self.number(f"tw_shift_{letter}")
            if term is None or shift is None:
                continue
            if size is not None and any(s == size for _l, s, _t, _h in at):
                continue        # folded into the level below
            at.append((letter, size, term, shift))
        found = []
        for letter, size, term, shift in at[1:]:
            when = self.valid(term)
            if when:
                found.append(Level(letter.upper(), letter, size, 1, when,
                                   term, shift))
        m = self.machine
        for (letter, size, _t, _s), above in zip(at, [*at[1:], None]):
            top = above[1] if above else None
            if size is None or (above and top is None):
                continue
            first = size.bit_length()
            last = top.bit_length() - 1 if top else m.pointer - 1
            for bit in range(first, last):
                term = z3.BitVecVal(1 << bit, m.pointer)
                when = self.valid(term)
                if when:
                    found.append(Level(
                        f"cont-{letter.upper()}", letter, 1 << bit,
                        (1 << bit) // size, when, term,
                        z3.BitVecVal(bit, 32)))
        order = {letter: i for i, letter in enumerate(letters)}
        return sorted(found, key=lambda x: (order[x.letter],
                                            x.name.startswith("cont-")
                                            == (x.letter != letters[0]),
                                            x.size or 0))

    # ---- entries ----

    def protections(self, names: list[str]) -> tuple[Any, list[str]]:
        """What prot can be, and the names that count."""
        p = self.params["prot"]
        parts, said = [], []
        for i, name in enumerate(names):
            f = self.module.function(f"tw_prot_{i}")
            if not f:
                continue
            try:
                ways = self.machine.run(f, [])
            except Unsupported:
                continue
            parts += [z3.And(*o.conditions, p == o.value) for o in ways
                      if o.end == "ret" and not o.events]
            said.append(name)
        return (z3.Or(*parts) if parts else z3.BoolVal(True)), said

    def arguments(self, level: Level) -> list[Any]:
        """What all functions are called with at a level."""
        return [{"size": level.size_term, "shift": level.shift_term}.get(
            p, self.params[p]) for p in PARAMS]

    def entries(self, kinds: list[str], level: Level) -> Entries:
        """Run what makes entries, in the size of @level."""
        out = Entries()
        for i, kind in enumerate(kinds):
            f = self.module.function(f"tw_kind_{i}")
            if not f:
                out.left_out[kind] = "this tree or config does not make it"
                continue
            try:
                ways = self.machine.run(f, self.arguments(level))
            except Unsupported as e:
                out.left_out[kind] = f"not run: {e}"
                out.unmade.append(kind)
                continue
            good = [o for o in ways if o.end == "ret" and not o.events]
            if any(o.events for o in ways if o.end == "ret"):
                out.left_out[kind] = "some of them: made with " + next(
                    e.name for o in ways for e in o.events)
                out.unmade.append(kind)
            if good:
                out.kinds.append((kind, "steps" if i == 0 else "swap", good))
        return out


    def stored(self, level: Level) -> tuple[Any, str, str]:
        """What is in the table after v was stored, as a term over v (None: v
        itself, or taken to be); the format: same, other, run or unknown; and
        the same in words."""
        assumed = "taken to be stored as they are: "
        if level.letter == FIRST or (level.entries or 1) > 1:
            return None, "run", assumed + "a run"
        f = self.module.function(f"tw_store_{level.letter}")
        if not f:
            return None, "unknown", assumed + "no such function"
        self.machine.steps = 0
        try:
            empty = self.empty(level)
            ways = [o for o in self.machine.run(f, [
                empty if p == "v2" and empty is not None else a
                for p, a in zip(PARAMS, self.arguments(level))])
                    if o.end != "outside"]
        except Unsupported as e:
            return None, "unknown", f"{assumed}not run: {e}"
        # What else it does is no matter, if what it stores does not hang on it.
        plain = [z3.And(*[c for c in o.conditions if not _after(c)])
                 for o in ways]
        if not ways or any(o.end != "ret" or _after(o.value) for o in ways) \
                or "v2" in names_in([o.value for o in ways] + plain) \
                or not self.apart(ways, plain):
            return None, "unknown", f"{assumed}what is stored hangs on " \
                "something that cannot be seen into"
        term = ways[-1].value
        for c, o in zip(plain[-2::-1], ways[-2::-1]):
            term = z3.If(c, o.value, term)
        term = z3.simplify(term)
        if _same_low(term, self.params["v"]) or term.eq(self.params["v"]):
            return None, "same", "stored as they are"
        return term, "other", "stored in another format"


    def empty(self, level: Level) -> Any:
        """The bits of an entry of the level that is none; None: not known."""
        f = self.module.function(f"tw_empty_{level.letter}")
        if not f:
            return None
        m, v = self.machine, self.params["v"]
        s = z3.SolverFor("QF_UFBV")
        s.set("timeout", SOLVER_MS)
        s.add(*m.facts)
        s.add(z3.Or(False, *[
            z3.And(*o.conditions, o.value != 0)
            for o in m.run(f, self.arguments(level))
            if o.end == "ret" and not o.events]))
        return s.model().eval(v, True) if s.check() == z3.sat else None


    def apart(self, ways: list[Outcome], plain: list[Any]) -> bool:
        """No two of @ways, each when @plain, store another value."""
        s = z3.SolverFor("QF_UFBV")
        s.set("timeout", SOLVER_MS)
        s.add(*self.machine.facts)
        s.add(z3.Or(False, *[
            z3.And(plain[i], plain[k], a.value != b.value)
            for i, a in enumerate(ways) for k, b in enumerate(ways[:i])]))
        return bool(s.check() == z3.unsat)


def _after(term: Any) -> bool:
    """Whether it hangs on something that cannot be seen into."""
    return any("() " in n or "memory/" in n or "]/" in n or "!" in n
               for n in names_in([term]))


def contains(terms: list[Any], part: Any) -> bool:
    seen: set[int] = set()
    todo = list(terms)
    while todo:
        t = todo.pop()
        if t.get_id() == part.get_id():
            return True
        if t.get_id() not in seen:
            seen.add(t.get_id())
            todo += t.children()
    return False


def stub(prover: Prover, name: str, value_too: bool) -> dict[str, Any] | None:
    """What is no implementation: it gives a constant, or its argument back,
    or stops the kernel, whatever it is given."""
    f = prover.module.function(name)
    if not f:
        return None
    text = ir.body_text(f)
    if not re.search(r"(?m)^\s*ret ", text):
        return {"stub": "stops", "value": None}
    if text.count("\n") > STUB_LINES:
        return None
    try:
        ways = [o for o in prover.machine.run(
            f, [prover.params[p] for p in PARAMS]) if o.end != "outside"]
    except Unsupported:
        return None
    returns = [o for o in ways if o.end == "ret"]
    if not ways:
        return None
    if not returns:
        return {"stub": "stops", "value": None}
    if any(o.memory.written for o in returns):
        return None
    events = sorted({e.name for o in returns for e in o.events})
    extra = {"calls": events} if events else {}
    values = {str(z3.simplify(o.value)) for o in returns}
    if not value_too:
        return None if events else {"stub": "nothing", "value": None}
    first = z3.simplify(returns[0].value)
    if len(values) == 1 and is_const(first):
        return {"stub": "constant", "value": hex(first.as_long()), **extra}
    v = prover.params["v"]
    if not events and all(z3.is_true(z3.simplify(
            o.value == v)) or _same_low(o.value, v) for o in returns):
        return {"stub": "argument", "value": None}
    return None


def _same_low(value: Any, v: Any) -> bool:
    """The argument, cut to the size of an entry."""
    for bits in (16, 32):
        cut = z3.ZeroExt(v.size() - bits, z3.Extract(bits - 1, 0, v))
        if value.size() == cut.size() and z3.is_true(
                z3.simplify(value == cut)):
            return True
    return False
