# SPDX-License-Identifier: GPL-2.0-only
"""Runs optimised code on values that are not known, for a solver.

A function becomes its outcomes: for each way through it the condition, the
result, what it stored and, in their order, the *events*: whatever it did that
cannot be seen here (a call of something without a body, inline assembly that
has effects).  Which way a static branch goes is unknown, and the same for both
sides of a comparison.  Code that this does not know raises Unsupported: the
question is then not answered by it.
"""
from __future__ import annotations

import operator
import re
from dataclasses import dataclass, replace
from typing import Any

import z3

from . import llvmir as ir
from .irmemory import (BINARY, MAX_OUTCOMES, STACK, Event, Frame, Memory,
                       Outcome, Store, Unsupported, is_const)

MAX_STEPS = 6000


@dataclass
class Machine(Memory):
    """Runs functions."""

    # ---- running ----

    def run(self, function: int, args: list[Any],
            start: Outcome | None = None, depth: int = 0) -> list[Outcome]:
        """All ways through @function."""
        if depth > 24:
            raise Unsupported("calls that are too deep")
        if depth == 0:
            self.steps = 0
        env = {ir.call("GetParam", function, i): a
               for i, a in enumerate(args)}
        first = next(ir.blocks(function))
        todo = [Frame(first, 0, 0, env, start or Outcome())]
        done: list[Outcome] = []
        while todo:
            self.block(todo.pop(), todo, done, depth)
            if len(done) + len(todo) > MAX_OUTCOMES:
                raise Unsupported("too many ways through the code")
        return self.merged(done, start or Outcome())

    def merged(self, done: list[Outcome], start: Outcome) -> list[Outcome]:
        """Ways that did the same to what is outside as one, whose result
        depends on the conditions."""
        groups: dict[Any, list[Outcome]] = {}
        for o in done:
            if o.end != "ret" or isinstance(o.value, list):
                groups[id(o)] = [o]
                continue
            key = (o.memory.epoch, len(o.events), tuple(
                (a.get_id(), n, v.get_id()) for a, n, v in o.memory.written),
                tuple(id(e) for e in o.events))
            groups.setdefault(key, []).append(o)
        return [g[0] if len(g) == 1 else self.one_of(g, start)
                for g in groups.values()]

    def one_of(self, ways: list[Outcome], start: Outcome) -> Outcome:
        n = len(start.conditions)
        when = [z3.And(*o.conditions[n:]) for o in ways]
        value, stack = ways[-1].value, dict(ways[-1].memory.stack)
        for c, o in zip(when[-2::-1], ways[-2::-1]):
            if value is not None:
                value = z3.If(c, o.value, value)
            for at, byte in dict(o.memory.stack).items():
                old = stack.get(at)
                stack[at] = byte if old is None or old.eq(byte) \
                    else z3.If(c, byte, old)
        return Outcome(
            (*start.conditions, z3.simplify(z3.Or(*when))),
            replace(ways[0].memory, stack=tuple(stack.items())),
            ways[0].events, "ret",
            None if value is None else z3.simplify(value))

    def fork(self, f: Frame, ways: list[tuple[Any, int]],
             todo: list[Frame]) -> None:
        """Go on in each block whose condition can hold."""
        open_ways = []
        for condition, block in ways:
            c = z3.simplify(condition)
            if z3.is_false(c):
                continue
            open_ways.append((c, block))
        for c, block in open_ways:
            out = f.out
            if not z3.is_true(c):
                out = replace(out, conditions=out.conditions + (c,))
                if len(open_ways) > 1 and not self.possible(out.conditions):
                    continue
            todo.append(Frame(block, f.block, 0, dict(f.env), out))

    def block(self, f: Frame, todo: list[Frame], done: list[Outcome],
              depth: int) -> None:
        code = ir.instructions(f.block)
        if f.at == 0:
            incoming = {}
            for i in code:
                if ir.opcode(i) != "phi":
                    break
                for k in range(ir.call("CountIncoming", i)):
                    if ir.call("GetIncomingBlock", i, k) == f.before:
                        incoming[i] = self.value(
                            ir.call("GetIncomingValue", i, k), f.env)
            f.env.update(incoming)
        while True:
            i = code[f.at]
            f.at += 1
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise Unsupported("too many steps: a loop without a bound")
            name = ir.opcode(i)
            if name == "phi":
                continue
            if name == "ret":
                ops = ir.operands(i)
                done.append(replace(f.out, value=self.value(ops[0], f.env)
                                    if ops else None))
                return
            if name == "unreachable":
                done.append(replace(f.out, end="stop"))
                return
            if name in ("br", "switch", "callbr"):
                self.fork(f, getattr(self, name)(i, f), todo)
                return
            if name == "call":
                if not self.call(i, f, todo, done, depth):
                    return
                continue
            self.simple(name, i, f)

    def simple(self, name: str, i: int, f: Frame) -> None:
        if name == "load":
            ops = ir.operands(i)
            ty = ir.type_of(i)
            n = self.bits(ty)
            size = self.module.store_size(ty)
            x = self.load(f.out.memory, self.value(ops[0], f.env), size)
            f.env[i] = z3.simplify(z3.Extract(n - 1, 0, x)) \
                if n < 8 * size else x
        elif name == "store":
            value, address = (self.value(o, f.env) for o in ir.operands(i))
            if isinstance(value, list):
                raise Unsupported("a structure that is stored")
            f.out = replace(f.out, memory=self.store(f.out.memory, address,
                                                     value))
        elif name == "alloca":
            if self.module.size(ir.call("GetAllocatedType", i)) > STACK:
                raise Unsupported("a large local variable")
            self.stack_top += 1
            f.env[i] = z3.BitVecVal((1 << (self.pointer - 2))
                                    + (self.stack_top - 1) * STACK,
                                    self.pointer)
        elif name == "atomicrmw":
            self.atomic(i, f)
        elif name == "cmpxchg":
            address, old, new = (self.value(o, f.env)
                                 for o in ir.operands(i)[:3])
            was = self.load(f.out.memory, address, old.size() // 8)
            same = was == old
            f.out = replace(f.out, memory=self.store(
                f.out.memory, address, z3.If(same, new, was)))
            f.env[i] = [was, z3.If(same, z3.BitVecVal(1, 1),
                                   z3.BitVecVal(0, 1))]
        elif name == "fence":
            pass
        else:
            f.env[i] = self.compute(name, i, f.env)

    def atomic(self, i: int, f: Frame) -> None:
        address, x = (self.value(o, f.env) for o in ir.operands(i)[:2])
        what = ir.RMW.get(ir.call("GetAtomicRMWBinOp", i))
        was = self.load(f.out.memory, address, x.size() // 8)
        if what == "xchg":
            new = x
        elif what == "nand":
            new = ~(was & x)
        elif what in BINARY:
            new = BINARY[what](was, x)
        else:
            raise Unsupported("an atomic operation")
        f.out = replace(f.out, memory=self.store(f.out.memory, address,
                                                 z3.simplify(new)))
        f.env[i] = was

    def br(self, i: int, f: Frame) -> list[tuple[Any, int]]:
        n = ir.call("GetNumSuccessors", i)
        to = [ir.call("GetSuccessor", i, k) for k in range(n)]
        if n == 1:
            return [(z3.BoolVal(True), to[0])]
        c = self.value(ir.operands(i)[0], f.env) == 1
        return [(c, to[0]), (z3.Not(c), to[1])]

    def switch(self, i: int, f: Frame) -> list[tuple[Any, int]]:
        ops = ir.operands(i)
        x = self.value(ops[0], f.env)
        ways, others = [], []
        for k in range(2, len(ops), 2):
            c = x == self.value(ops[k], f.env)
            ways.append((c, ir.call("GetSuccessor", i, k // 2)))
            others.append(z3.Not(c))
        ways.append((z3.And(*others) if others else z3.BoolVal(True),
                     ir.call("GetSuccessor", i, 0)))
        return ways

    def assembly_key(self, i: int, f: Frame) -> tuple[str, str, list[Any]]:
        """Text, constraints and inputs of an inline assembly."""
        text, constraints = ir.asm_text(ir.call("GetCalledValue", i))
        args = [self.value(o, f.env) for o in ir.operands(i)
                [:ir.call("GetNumArgOperands", i)]]
        return text, constraints, args

    def callbr(self, i: int, f: Frame) -> list[tuple[Any, int]]:
        """asm goto: a static branch, one way or the other for the kernel's
        whole life."""
        text, constraints, args = self.assembly_key(i, f)
        args = [z3.simplify(a) for a in args]
        key = f"{text}|{constraints}|{args}"
        label = "branch " + (", ".join(
            str(a).lstrip("@") for a in args) or text.split("\n")[0].strip())
        n = ir.call("GetNumSuccessors", i)
        x = self.choices.setdefault(
            key, z3.BitVec(f"choice {len(self.choices)}: {label}", 8))
        if ir.type_kind(ir.type_of(i)) != ir.T_VOID:
            f.env[i] = self.any_of(ir.type_of(i), f"asm goto {label}")
            self.assembly[f"asm goto {label}"] = text
        ways = [(x == k, ir.call("GetSuccessor", i, k)) for k in range(1, n)]
        ways.append((z3.And(*[x != k for k in range(1, n)]),
                     ir.call("GetSuccessor", i, 0)))
        return ways

    def event(self, f: Frame, name: str, args: list[Any],
              ty: int) -> Any:
        """It may have changed all memory, and what it gives is anything."""
        flat = [a for a in _flat(args) if a is not None]
        m = f.out.memory
        n = len(f.out.events)
        f.out = replace(
            f.out, events=f.out.events + (Event(name, tuple(flat),
                                                m.written),),
            memory=Store(f"{m.epoch}/{name}", (), m.stack))
        return self.any_of(ty, f"{m.epoch}/{name}() {n}")

    def call(self, i: int, f: Frame, todo: list[Frame], done: list[Outcome],
             depth: int) -> bool:
        """False: the frame is gone, and others go on."""
        callee = ir.call("GetCalledValue", i)
        ty = ir.type_of(i)
        if ir.kind(callee) == ir.ASM:
            trap = self.trap(i, f)
            if trap is not None:
                return self.go_on(f, trap == 0, done)
            self.asm(i, f, ty)
            return True
        raw = ir.operands(i)[:ir.call("GetNumArgOperands", i)]
        name = ir.name_of(callee) if ir.kind(callee) == ir.FUNCTION else ""
        if name.startswith("llvm."):
            return self.intrinsic(name, i, raw, f)
        args = [self.value(o, f.env) for o in raw]
        if not name:
            f.env[i] = self.event(f, "an indirect call", args, ty)
            return True
        if name == self.outside:
            done.append(replace(f.out, end="outside"))
            return False
        if ir.call("IsDeclaration", callee):
            if ir.says_error(callee):
                done.append(replace(f.out, end="stop"))
                return False
            f.env[i] = self.event(f, f"{name}()", args, ty)
            return True
        for out in self.run(callee, args, f.out, depth + 1):
            if out.end != "ret":
                done.append(out)
                continue
            env = dict(f.env)
            env[i] = out.value
            todo.append(Frame(f.block, f.before, f.at, env,
                              replace(out, value=None)))
        return False

    def trap(self, i: int, f: Frame) -> Any:
        """Of assembly that stops the kernel unless it is 0: what it is given."""
        text, constraints, args = self.assembly_key(i, f)
        m = next((m for t in self.traps if (m := t.match(text.strip()))), None)
        return args[int(m[1])] if m and "=" not in constraints \
            and int(m[1]) < len(args) else None

    def go_on(self, f: Frame, condition: Any, done: list[Outcome]) -> bool:
        """Stop where @condition does not hold; False: it never does."""
        c = z3.simplify(condition)
        other = replace(f.out, conditions=f.out.conditions + (z3.Not(c),))
        if not z3.is_true(c) and self.possible(other.conditions):
            done.append(replace(other, end="stop"))
        f.out = replace(f.out, conditions=f.out.conditions + (c,))
        return z3.is_true(c) or self.possible(f.out.conditions)

    def asm(self, i: int, f: Frame, ty: int) -> None:
        text, constraints, args = self.assembly_key(i, f)
        void = ir.type_kind(ty) == ir.T_VOID
        parts = [c.strip() for c in constraints.split(",")]
        if not text.strip():
            # A barrier for the compiler, or a value that it must not know.
            tied = [p for p in parts if p.isdigit()]
            if void:
                return
            if len(args) == 1 and tied == ["0"]:
                f.env[i] = args[0]
                return
        same = _unpatched(text, parts, args)
        if same is not None and not void:
            f.env[i] = same
            self.unpatched.add(" ".join(text.split())[:60])
            return
        key = f"asm {' '.join(text.split())[:200]}|{constraints}"
        memory = "~{memory}" in parts or any(p.lstrip("=+").startswith("*")
                                             for p in parts)
        if void or memory:
            f.env[i] = self.event(f, key, args, ty)
            return
        if ir.type_kind(ty) == ir.T_STRUCT:
            f.env[i] = self.event(f, key, args, ty)
            return
        flat = [z3.simplify(a) for a in args]
        # It reads a register of the machine; or it is given numbers only, and
        # what it gives is decided when the kernel boots, as by an alternative.
        if all(is_const(a) for a in flat):
            label = " ".join(["asm", *text.split(), *map(str, flat)])
            f.env[i] = z3.BitVec(label, self.bits(ty))
            self.loads[label[:60]] = f.env[i]
            return
        fn = z3.Function(key, *[a.sort() for a in flat],
                         z3.BitVecSort(self.bits(ty)))
        f.env[i] = fn(*flat)
        self.assembly[key] = text

    def intrinsic(self, name: str, i: int, raw: list[int], f: Frame) -> bool:
        plain = name.split(".")[1]
        if plain in ("assume", "lifetime", "dbg", "experimental", "donothing",
                     "prefetch", "sideeffect"):
            return True
        if plain in ("memcpy", "memset", "memmove"):
            self.copy(plain, raw, f)
            return True
        if plain in ("trap", "ubsantrap", "debugtrap"):
            f.env[i] = self.event(f, name, [], ir.type_of(i))
            return True
        ops = [self.value(o, f.env) for o in raw]
        if plain in ("fshl", "fshr"):
            n = ops[0].size()
            both, by = z3.Concat(ops[0], ops[1]), z3.ZeroExt(n, z3.URem(
                ops[2], z3.BitVecVal(n, n)))
            x = z3.Extract(2 * n - 1, n, both << by) if plain == "fshl" \
                else z3.Extract(n - 1, 0, z3.LShR(both, by))
        elif plain in MINMAX:
            x = z3.If(MINMAX[plain](ops[0], ops[1]), ops[0], ops[1])
        elif plain == "abs":
            x = z3.If(ops[0] < 0, -ops[0], ops[0])
        elif plain == "bswap":
            n = ops[0].size()
            x = z3.Concat(*[z3.Extract(8 * k + 7, 8 * k, ops[0])
                            for k in range(n // 8)])
        elif plain == "expect":
            x = ops[0]
        elif plain == "ctpop":
            n = ops[0].size()
            x = z3.BitVecVal(0, n)
            for k in range(n):
                x = x + z3.ZeroExt(n - 1, z3.Extract(k, k, ops[0]))
        elif plain in ("ctlz", "cttz"):
            n = ops[0].size()
            x = z3.BitVecVal(n, n)
            order = range(n) if plain == "ctlz" else range(n - 1, -1, -1)
            for k in order:
                x = z3.If(z3.Extract(k, k, ops[0]) == 1,
                          z3.BitVecVal(n - 1 - k if plain == "ctlz" else k,
                                       n), x)
        elif plain == "is" and ".constant" in name:
            x = z3.BitVecVal(0, 1)
        elif plain in ("uadd", "usub", "sadd", "ssub", "umul") and \
                ".with.overflow" in name:
            f.env[i] = _overflow(plain, ops)
            return True
        else:
            raise Unsupported(f"the intrinsic {name}")
        f.env[i] = z3.simplify(x)
        return True

    def copy(self, what: str, raw: list[int], f: Frame) -> None:
        to, second, n = (self.value(o, f.env) for o in raw[:3])
        n = z3.simplify(n)
        if not is_const(n) or n.as_long() > 4096:
            raise Unsupported(f"{what} of a size that is not known")
        parts = []
        for k in range(n.as_long()):
            parts.append(second if what == "memset"
                         else self.load(f.out.memory, second + k, 1))
        for k, b in enumerate(parts):
            f.out = replace(f.out, memory=self.store(f.out.memory, to + k, b))


def _unpatched(text: str, parts: list[str], args: list[Any]) -> Any:
    """Assembly that does nothing until the kernel patches it: what it was
    given, or None."""
    before = re.split(r"\.(?:pushsection|subsection|section)\b", text)[0]
    if before == text:
        return None
    for line in re.split(r"[\n;]", before):
        line = re.sub(r"^\s*\w+\s*:", "", line).strip()
        if line and line != "nop" and not line.startswith("."):
            return None
    inputs = [p for p in parts if not p.startswith(("=", "~"))]
    return args[inputs.index("0")] if "0" in inputs and \
        sum(p.startswith("=") for p in parts) == 1 else None


def _flat(values: list[Any]) -> list[Any]:
    out: list[Any] = []
    for v in values:
        out += _flat(v) if isinstance(v, list) else [v]
    return out


def _overflow(plain: str, ops: list[Any]) -> list[Any]:
    a, b = ops
    n = a.size()
    wide = z3.SignExt if plain[0] == "s" else z3.ZeroExt
    op = {"add": operator.add, "sub": operator.sub,
          "mul": operator.mul}[plain[1:]]
    big = op(wide(n, a), wide(n, b))
    x = z3.Extract(n - 1, 0, big)
    return [x, z3.If(wide(n, x) == big, z3.BitVecVal(0, 1),
                     z3.BitVecVal(1, 1))]


MINMAX: dict[str, Any] = {
    "umin": z3.ULE, "umax": z3.UGE, "smin": lambda a, b: a <= b,
    "smax": lambda a, b: a >= b,
}
