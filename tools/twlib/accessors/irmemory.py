# SPDX-License-Identifier: GPL-2.0-only
"""The values and the memory of code that runs on values that are not known.

Memory is bytes of which nothing is known: a variable of the kernel may hold any
value, and both sides of a comparison see the same.
"""
from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field, replace
from typing import Any

import z3

from . import llvmir as ir

MAX_OUTCOMES = 64
MAX_CONTENT = 1024      # bytes of a constant that is indexed by a variable
STACK = 1 << 16         # room of a local variable


class Unsupported(Exception):
    """Code that this cannot run; the text says what."""


@dataclass(frozen=True)
class Event:
    """Something that cannot be seen into."""
    name: str
    args: tuple[Any, ...]
    stores: tuple[tuple[Any, int, Any], ...]    # what was stored before


@dataclass(frozen=True)
class Store:
    """What a way through the code has done to memory."""
    epoch: str = ""         # which events came before
    written: tuple[tuple[Any, int, Any], ...] = ()
    stack: tuple[tuple[int, Any], ...] = ()     # address -> byte, last wins


@dataclass(frozen=True)
class Outcome:
    """One way through a function."""
    conditions: tuple[Any, ...] = ()
    memory: Store = Store()
    events: tuple[Event, ...] = ()
    end: str = "ret"        # "ret", "stop" (BUG), "outside"
    value: Any = None


@dataclass
class Frame:
    block: int
    before: int
    at: int
    env: dict[int, Any]
    out: Outcome


def is_const(x: Any) -> bool:
    return bool(z3.is_bv_value(x))


def names_in(terms: list[Any]) -> dict[str, Any]:
    """The unknowns that occur in @terms."""
    found: dict[str, Any] = {}
    seen = set()
    todo = [t for t in terms if isinstance(t, z3.AstRef)]
    while todo:
        t = todo.pop()
        if t.get_id() in seen:
            continue
        seen.add(t.get_id())
        if z3.is_const(t) and t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[t.decl().name()] = t
        elif z3.is_app(t) and t.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found.setdefault(t.decl().name(), t)
        todo += t.children()
    return found


@dataclass
class Memory:
    """What both sides of a comparison share."""
    module: ir.Module
    outside: str = "tw_outside"
    traps: list[re.Pattern[str]] = field(default_factory=list)
    #                       # assembly that stops unless an operand is 0; the
    #                       # group is its number
    facts: list[Any] = field(default_factory=list)   # what always holds
    loads: dict[str, Any] = field(default_factory=dict)  # "variable" -> value
    choices: dict[str, Any] = field(default_factory=dict)  # static branches
    assembly: dict[str, str] = field(default_factory=dict)  # results -> text
    regions: set[str] = field(default_factory=set)   # do not overlap
    unpatched: set[str] = field(default_factory=set)    # alternatives
    steps: int = 0

    def __post_init__(self) -> None:
        self.pointer = self.module.pointer_bits
        self.solver = z3.Solver()
        self.solver.set("timeout", 500)
        self.fresh = itertools.count()
        self.contents: set[str] = set()
        self.stack_top = 0

    # ---- what holds always ----

    def assume(self, fact: Any) -> None:
        self.facts.append(fact)
        self.solver.add(fact)

    def region(self, name: str) -> Any:
        """An address of something of its own."""
        x = z3.BitVec(name, self.pointer)
        if name not in self.regions:
            self.regions.add(name)
            shift = 40 if self.pointer == 64 else 24
            tag = len(self.regions) | (0xffff00 if self.pointer == 64
                                       else 0xc0)
            self.assume(z3.LShR(x, shift) == tag)
            self.assume(x & 7 == 0)
        return x

    def possible(self, conditions: tuple[Any, ...]) -> bool:
        self.solver.push()
        for c in conditions:
            self.solver.add(c)
        answer = self.solver.check()
        self.solver.pop()
        return bool(answer != z3.unsat)

    def unknown(self, name: str, bits: int) -> Any:
        return z3.BitVec(f"{name}!{next(self.fresh)}", bits)

    # ---- memory ----

    def base(self, address: Any) -> tuple[str, int] | None:
        """A region or a variable, and an offset."""
        a = z3.simplify(address)
        offset = 0
        if a.decl().kind() == z3.Z3_OP_BADD and a.num_args() == 2 \
                and is_const(a.arg(0)):
            offset, a = a.arg(0).as_signed_long(), a.arg(1)
        if z3.is_const(a) and a.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            name = a.decl().name()
            if name.startswith("@") or name in self.regions:
                return name, offset
        return None

    def initial(self, epoch: str, address: Any, size: int) -> Any:
        """What is at an address of which nothing is known.  A word is taken
        to be read in one size only, and to overlap no other."""
        word = z3.Function(f"memory{epoch}:{8 * size}",
                           z3.BitVecSort(self.pointer),
                           z3.BitVecSort(8 * size))
        return word(z3.simplify(address))

    def bytes_of(self, value: Any) -> list[Any]:
        """In the order of addresses."""
        n = value.size()
        parts = [z3.Extract(8 * i + 7, 8 * i, value) for i in range(n // 8)]
        return parts if self.module.little else parts[::-1]

    def joined(self, parts: list[Any]) -> Any:
        if self.module.little:
            parts = parts[::-1]
        return z3.simplify(parts[0] if len(parts) == 1 else z3.Concat(*parts))

    def in_stack(self, address: Any) -> int | None:
        a = z3.simplify(address)
        if not is_const(a):
            return None
        n = a.as_long() - (1 << (self.pointer - 2))
        return a.as_long() if 0 <= n < (self.stack_top + 1) * STACK else None

    def load(self, m: Store, address: Any, size: int) -> Any:
        at = self.in_stack(address)
        if at is not None:
            known = dict(m.stack)
            return self.joined([known[at + i] if at + i in known
                                else self.unknown("uninitialised", 8)
                                for i in range(size)])
        place = self.base(address)
        if place and place[0].startswith("@"):
            content = self.constant(place[0], place[1], size)
            if content is not None:
                return content
        maybe: list[tuple[Any, Any]] = []   # what may be this word, last first
        for a, n, value in reversed(m.written):
            d = z3.simplify(address - a)
            if is_const(d):
                off = d.as_signed_long()
                if off >= n or -off >= size:
                    continue
                if off or n != size:
                    raise Unsupported("a part of what was stored is read")
                return self.either(maybe, value)
            other = self.base(a)
            if place and other and place[0] != other[0]:
                continue
            if n != size:
                raise Unsupported("words of two sizes that may be the same")
            maybe.append((d == 0, value))
        value = self.first(m.epoch, address, size)
        if place and place[0].startswith("@"):
            off = f"+{place[1]}" if place[1] else ""
            self.loads[f"{place[0][1:]}{off}"] = value
        return self.either(maybe, value)

    @staticmethod
    def either(maybe: list[tuple[Any, Any]], value: Any) -> Any:
        for condition, x in reversed(maybe):
            value = z3.If(condition, x, value)
        return z3.simplify(value)

    def first(self, epoch: str, address: Any, size: int) -> Any:
        """What memory holds before anything is stored.  Each byte of
        something of its own is an unknown of its own: who finds its address
        in memory is taken to find something else."""
        place = self.base(address)
        if place:
            return self.joined([
                z3.BitVec(f"{place[0]}[{place[1] + i}]{epoch}", 8)
                for i in range(size)])
        self.content_of(address, size)
        return self.initial(epoch, address, size)

    def variables(self) -> dict[str, int]:
        if not hasattr(self, "_variables"):
            self._variables = {
                ir.name_of(g): g for g in ir._each(
                    "GetFirstGlobal", "GetNextGlobal", self.module.ref)}
        return self._variables

    def constant(self, name: str, offset: int, size: int) -> Any:
        """Bytes of a constant of the module, or None."""
        g = self.variables().get(name[1:])
        if not g or not ir.call("IsGlobalConstant", g) \
                or ir.call("IsDeclaration", g):
            return None
        data = self.content(ir.call("GetInitializer", g))
        if data is None or offset < 0 or offset + size > len(data):
            return None
        return self.joined(data[offset:offset + size])

    def content_of(self, address: Any, size: int) -> None:
        """A constant that is indexed by something unknown: its words."""
        for name in names_in([address]):
            if not name.startswith("@") or f"{name} {size}" in self.contents:
                continue
            self.contents.add(f"{name} {size}")
            g = self.variables().get(name[1:])
            if not g or not ir.call("IsGlobalConstant", g) \
                    or ir.call("IsDeclaration", g):
                continue
            data = self.content(ir.call("GetInitializer", g))
            if data is None or len(data) > MAX_CONTENT:
                continue
            x = z3.BitVec(name, self.pointer)
            for i in range(0, len(data) - size + 1, size):
                self.assume(self.initial("", x + i, size) ==
                            self.joined(data[i:i + size]))

    def content(self, value: int) -> list[Any] | None:
        """The bytes of an initialiser."""
        ty = ir.type_of(value)
        size = self.module.size(ty)
        zero = z3.BitVecVal(0, 8)
        if size > 1 << 16:
            return None
        if ir.kind(value) in (ir.ZERO, ir.NULL, ir.UNDEF, ir.POISON):
            return [zero] * size
        what = ir.type_kind(ty)
        if what in (ir.T_INT, ir.T_POINTER):
            v = self.value(value, {})
            if v.size() % 8:
                v = z3.ZeroExt(8 - v.size() % 8, v)
            parts = self.bytes_of(z3.simplify(v))
            return parts + [zero] * (size - len(parts))
        if what not in (ir.T_STRUCT, ir.T_ARRAY):
            return None
        data = [zero] * size
        n = ir.call("CountStructElementTypes", ty) if what == ir.T_STRUCT \
            else ir.call("GetArrayLength2", ty)
        for i in range(n):
            part = self.content(ir.call("GetAggregateElement", value, i))
            if part is None:
                return None
            at = self.module.offset(ty, i) if what == ir.T_STRUCT \
                else i * self.module.size(ir.call("GetElementType", ty))
            data[at:at + len(part)] = part
        return data

    def store(self, m: Store, address: Any, value: Any) -> Store:
        if value.size() % 8:
            value = z3.ZeroExt(8 - value.size() % 8, value)
        at = self.in_stack(address)
        if at is not None:
            return replace(m, stack=m.stack + tuple(
                (at + i, b) for i, b in enumerate(self.bytes_of(value))))
        return replace(m, written=m.written + (
            (z3.simplify(address), value.size() // 8, value),))

    # ---- values ----

    def bits(self, ty: int) -> int:
        what = ir.type_kind(ty)
        if what == ir.T_INT:
            return ir.call("GetIntTypeWidth", ty)
        if what == ir.T_POINTER:
            return self.pointer
        raise Unsupported("a value that is no integer")

    def any_of(self, ty: int, name: str) -> Any:
        """Something of a type, nothing known."""
        what = ir.type_kind(ty)
        if what == ir.T_VOID:
            return None
        if what == ir.T_STRUCT:
            return [self.any_of(ir.call("StructGetTypeAtIndex", ty, i),
                                f"{name}.{i}")
                    for i in range(ir.call("CountStructElementTypes", ty))]
        if what == ir.T_ARRAY:
            return [self.any_of(ir.call("GetElementType", ty), f"{name}.{i}")
                    for i in range(ir.call("GetArrayLength2", ty))]
        return z3.BitVec(name, self.bits(ty))

    def value(self, v: int, env: dict[int, Any]) -> Any:
        if v in env:
            return env[v]
        what = ir.kind(v)
        ty = ir.type_of(v)
        if what == ir.INTEGER:
            width = ir.call("GetIntTypeWidth", ty)
            if width <= 64:
                return z3.BitVecVal(ir.call("ConstIntGetZExtValue", v), width)
            return z3.BitVecVal(int(ir.printed(v).split()[-1]), width)
        if what == ir.NULL:
            return z3.BitVecVal(0, self.pointer)
        if what in (ir.UNDEF, ir.POISON):
            return self.any_of(ty, f"undefined!{next(self.fresh)}")
        if what in (ir.FUNCTION, ir.VARIABLE):
            return z3.BitVec("@" + ir.name_of(v), self.pointer)
        if what == ir.ALIAS:
            return self.value(ir.call("AliasGetAliasee", v), env)
        if what == ir.ZERO:
            return self.zero(ty)
        if what in (ir.STRUCT, ir.ARRAY, ir.DATA_ARRAY):
            n = ir.call("CountStructElementTypes", ty) if \
                ir.type_kind(ty) == ir.T_STRUCT \
                else ir.call("GetArrayLength2", ty)
            return [self.value(ir.call("GetAggregateElement", v, i), env)
                    for i in range(n)]
        if what == ir.EXPRESSION:
            name = ir.OPCODES.get(ir.call("GetConstOpcode", v), "?")
            return self.compute(name, v, env)
        raise Unsupported(f"a value: {ir.printed(v)[:80]}")

    def zero(self, ty: int) -> Any:
        what = ir.type_kind(ty)
        if what == ir.T_STRUCT:
            return [self.zero(ir.call("StructGetTypeAtIndex", ty, i))
                    for i in range(ir.call("CountStructElementTypes", ty))]
        if what == ir.T_ARRAY:
            return [self.zero(ir.call("GetElementType", ty))] * \
                ir.call("GetArrayLength2", ty)
        return z3.BitVecVal(0, self.bits(ty))

    def address(self, v: int, ops: list[Any]) -> Any:
        """getelementptr"""
        ty = ir.call("GetGEPSourceElementType", v)
        p, rest = ops[0], ops[1:]

        def wide(x: Any) -> Any:
            if x.size() < self.pointer:
                return z3.SignExt(self.pointer - x.size(), x)
            return z3.Extract(self.pointer - 1, 0, x)

        p = p + wide(rest[0]) * self.module.size(ty)
        for x in rest[1:]:
            if ir.type_kind(ty) == ir.T_STRUCT:
                i = z3.simplify(x).as_long()
                p = p + self.module.offset(ty, i)
                ty = ir.call("StructGetTypeAtIndex", ty, i)
            else:
                ty = ir.call("GetElementType", ty)
                p = p + wide(x) * self.module.size(ty)
        return z3.simplify(p)

    def compute(self, name: str, v: int, env: dict[int, Any]) -> Any:
        ops = [self.value(o, env) for o in ir.operands(v)]
        if name == "getelementptr":
            return self.address(v, ops)
        if name in BINARY:
            return z3.simplify(BINARY[name](*ops))
        if name in ("trunc", "zext", "sext", "ptrtoint", "inttoptr",
                    "bitcast", "addrspacecast"):
            x, n = ops[0], self.bits(ir.type_of(v))
            if n == x.size():
                return x
            if n < x.size():
                return z3.simplify(z3.Extract(n - 1, 0, x))
            extend = z3.SignExt if name == "sext" else z3.ZeroExt
            return z3.simplify(extend(n - x.size(), x))
        if name == "icmp":
            p = ir.PREDICATES[ir.call("GetICmpPredicate", v)]
            return z3.simplify(z3.If(COMPARE[p](*ops), z3.BitVecVal(1, 1),
                                     z3.BitVecVal(0, 1)))
        if name == "select":
            if isinstance(ops[1], list):
                raise Unsupported("a choice of structures")
            return z3.simplify(z3.If(ops[0] == 1, ops[1], ops[2]))
        if name == "freeze":
            return ops[0]
        if name == "extractvalue":
            x = ops[0]
            for i in ir.indices(v):
                x = x[i]
            return x
        if name == "insertvalue":
            return _inserted(ops[0], ir.indices(v), ops[1])
        raise Unsupported(f"the instruction {name}")


def _inserted(whole: list[Any], at: list[int], x: Any) -> list[Any]:
    copy = list(whole)
    copy[at[0]] = x if len(at) == 1 else _inserted(copy[at[0]], at[1:], x)
    return copy


BINARY: dict[str, Any] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b, "udiv": z3.UDiv, "urem": z3.URem,
    "sdiv": lambda a, b: a / b, "srem": z3.SRem,
    "shl": lambda a, b: a << b, "lshr": z3.LShR, "ashr": lambda a, b: a >> b,
    "and": lambda a, b: a & b, "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}
COMPARE: dict[str, Any] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
    "ugt": z3.UGT, "uge": z3.UGE, "ult": z3.ULT, "ule": z3.ULE,
    "sgt": lambda a, b: a > b, "sge": lambda a, b: a >= b,
    "slt": lambda a, b: a < b, "sle": lambda a, b: a <= b,
}
