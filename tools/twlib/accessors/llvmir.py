# SPDX-License-Identifier: GPL-2.0-only
"""LLVM's intermediate code as Python sees it, through LLVM's C interface.

Bitcode is read, linked and optimised in this process: who does that to a
stranger's code does it in a child.  Values are handles of the library; what
is asked of them here is what irexec needs and no more.
"""
from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Iterator
from ctypes import POINTER, c_bool, c_char_p, c_int, c_size_t, c_uint
from ctypes import c_ulonglong, c_void_p
from pathlib import Path

LIBRARY = "libLLVM.so.19.1"

# What the C interface calls opcodes, kinds of values and of types.
OPCODES = {1: "ret", 2: "br", 3: "switch", 4: "indirectbr", 5: "invoke",
           7: "unreachable", 67: "callbr", 66: "fneg", 8: "add", 9: "fadd",
           10: "sub", 11: "fsub", 12: "mul", 13: "fmul", 14: "udiv",
           15: "sdiv", 16: "fdiv", 17: "urem", 18: "srem", 19: "frem",
           20: "shl", 21: "lshr", 22: "ashr", 23: "and", 24: "or", 25: "xor",
           26: "alloca", 27: "load", 28: "store", 29: "getelementptr",
           30: "trunc", 31: "zext", 32: "sext", 33: "fptoui", 34: "fptosi",
           35: "uitofp", 36: "sitofp", 37: "fptrunc", 38: "fpext",
           39: "ptrtoint", 40: "inttoptr", 41: "bitcast",
           60: "addrspacecast", 42: "icmp", 43: "fcmp", 44: "phi",
           45: "call", 46: "select", 49: "vaarg", 50: "extractelement",
           51: "insertelement", 52: "shufflevector", 53: "extractvalue",
           54: "insertvalue", 68: "freeze", 55: "fence", 56: "cmpxchg",
           57: "atomicrmw"}
PREDICATES = {32: "eq", 33: "ne", 34: "ugt", 35: "uge", 36: "ult", 37: "ule",
              38: "sgt", 39: "sge", 40: "slt", 41: "sle"}
RMW = {0: "xchg", 1: "add", 2: "sub", 3: "and", 4: "nand", 5: "or", 6: "xor"}
(ARGUMENT, _BLOCK, _USE, _DEF, _PHI, FUNCTION, ALIAS, _IFUNC, VARIABLE,
 _ADDR, EXPRESSION, ARRAY, STRUCT, _VECTOR, UNDEF, ZERO, DATA_ARRAY,
 _DATA_VECTOR, INTEGER, _FLOAT, NULL, _NONE, _METADATA, ASM, INSTRUCTION,
 POISON) = range(26)
T_INT, T_STRUCT, T_ARRAY, T_POINTER, T_VECTOR, T_VOID = 8, 10, 11, 12, 13, 0
INTERNAL, EXTERNAL = 8, 0

# Then branches become choices, as far as they have no effects: a choice is one
# way through the code, and a branch in a loop is many.
PASSES = (b"globaldce,default<O2>,simplifycfg<bonus-inst-threshold=64;"
          b"sink-common-insts>,instcombine,simplifycfg,globaldce")
OPTIONS = [b"treewide", b"-two-entry-phi-node-folding-threshold=64",
           b"-phi-node-folding-threshold=64", b"-vectorize-slp=false",
           b"-vectorize-loops=false"]

class IRError(Exception):
    """Code that LLVM will not take."""


@functools.cache
def lib() -> ctypes.CDLL:
    """The library, its functions declared."""
    so = ctypes.CDLL(LIBRARY)
    v, u = c_void_p, c_uint
    for name, (result, args) in {
            "ContextCreate": (v, []),
            "CreateMemoryBufferWithContentsOfFile":
                (c_int, [c_char_p, POINTER(v), POINTER(v)]),
            "ParseIRInContext": (c_int, [v, v, POINTER(v), POINTER(v)]),
            "LinkModules2": (c_int, [v, v]),
            "CreatePassBuilderOptions": (v, []),
            "RunPasses": (v, [v, c_char_p, v, v]),
            "GetErrorMessage": (v, [v]),
            "GetFirstFunction": (v, [v]), "GetNextFunction": (v, [v]),
            "GetFirstGlobal": (v, [v]), "GetNextGlobal": (v, [v]),
            "GetNamedFunction": (v, [v, c_char_p]),
            "GetFirstBasicBlock": (v, [v]), "GetNextBasicBlock": (v, [v]),
            "GetFirstInstruction": (v, [v]), "GetNextInstruction": (v, [v]),
            "GetInstructionOpcode": (c_int, [v]),
            "GetConstOpcode": (c_int, [v]),
            "GetNumOperands": (c_int, [v]), "GetOperand": (v, [v, u]),
            "TypeOf": (v, [v]), "GetTypeKind": (c_int, [v]),
            "GlobalGetValueType": (v, [v]),
            "GetIntTypeWidth": (u, [v]),
            "GetElementType": (v, [v]), "GetArrayLength2": (c_ulonglong, [v]),
            "CountStructElementTypes": (u, [v]),
            "StructGetTypeAtIndex": (v, [v, u]),
            "GetModuleDataLayout": (v, [v]),
            "ABISizeOfType": (c_ulonglong, [v, v]),
            "StoreSizeOfType": (c_ulonglong, [v, v]),
            "OffsetOfElement": (c_ulonglong, [v, v, u]),
            "PointerSize": (u, [v]), "ByteOrder": (c_int, [v]),
            "GetICmpPredicate": (c_int, [v]),
            "CountIncoming": (u, [v]), "GetIncomingValue": (v, [v, u]),
            "GetIncomingBlock": (v, [v, u]),
            "GetNumSuccessors": (u, [v]), "GetSuccessor": (v, [v, u]),
            "GetInstructionParent": (v, [v]),
            "ConstIntGetZExtValue": (c_ulonglong, [v]),
            "GetValueKind": (c_int, [v]),
            "GetValueName2": (c_char_p, [v, POINTER(c_size_t)]),
            "GetCalledValue": (v, [v]), "GetNumArgOperands": (u, [v]),
            "GetInlineAsmAsmString": (v, [v, POINTER(c_size_t)]),
            "GetInlineAsmConstraintString": (v, [v, POINTER(c_size_t)]),
            "GetInlineAsmHasSideEffects": (c_bool, [v]),
            "GetInitializer": (v, [v]), "IsGlobalConstant": (c_bool, [v]),
            "IsDeclaration": (c_bool, [v]), "GetLinkage": (c_int, [v]),
            "SetLinkage": (None, [v, c_int]),
            "GetGEPSourceElementType": (v, [v]),
            "GetNumIndices": (u, [v]), "GetIndices": (POINTER(u), [v]),
            "GetAllocatedType": (v, [v]), "GetParam": (v, [v, u]),
            "CountParams": (u, [v]), "GetReturnType": (v, [v]),
            "GetAggregateElement": (v, [v, u]),
            "IsConstant": (c_bool, [v]),
            "GetAtomicRMWBinOp": (c_int, [v]),
            "PrintValueToString": (v, [v]), "DisposeMessage": (None, [v]),
            "GetStringAttributeAtIndex": (v, [v, c_int, c_char_p, u]),
            "AliasGetAliasee": (v, [v]),
            "StripModuleDebugInfo": (c_bool, [v]),
            "ParseCommandLineOptions": (None, [c_int, POINTER(c_char_p),
                                               c_char_p]),
            "WriteBitcodeToFile": (c_int, [v, c_char_p]),
            "SetVisibility": (None, [v, c_int]),
            "PassBuilderOptionsSetLoopVectorization": (None, [v, c_int]),
            "PassBuilderOptionsSetSLPVectorization": (None, [v, c_int]),
    }.items():
        fn = getattr(so, "LLVM" + name)
        fn.restype, fn.argtypes = result, args
    return so


def call(name: str, *args: object) -> int:
    """LLVM's function @name."""
    return getattr(lib(), "LLVM" + name)(*args)     # type: ignore[no-any-return]


def _text(message: int | None) -> str:
    if not message:
        return ""
    text = ctypes.cast(message, c_char_p).value or b""
    call("DisposeMessage", message)
    return text.decode(errors="replace")


class Module:
    """A unit's code; lives as long as the process."""

    def __init__(self, path: Path):
        self.context = _context()
        buffer, error = c_void_p(), c_void_p()
        if call("CreateMemoryBufferWithContentsOfFile", str(path).encode(),
                ctypes.byref(buffer), ctypes.byref(error)):
            raise IRError(_text(error.value))
        self.ref = c_void_p()
        if call("ParseIRInContext", self.context, buffer,
                ctypes.byref(self.ref), ctypes.byref(error)):
            raise IRError(_text(error.value))
        self.layout = call("GetModuleDataLayout", self.ref)
        self.pointer_bits = 8 * call("PointerSize", self.layout)
        self.little = call("ByteOrder", self.layout) == 1

    def link(self, other: Module) -> None:
        """Take all of @other, which is gone then."""
        if call("LinkModules2", self.ref, other.ref):
            raise IRError("the units cannot be linked: both define a name")
        self.layout = call("GetModuleDataLayout", self.ref)

    def optimise(self, keep: str) -> None:
        """What an optimising compiler makes of the functions whose names begin
        with @keep.  Variables stay what any other unit may have made of them:
        none is taken to have its initial value."""
        call("StripModuleDebugInfo", self.ref)
        for g in _each("GetFirstGlobal", "GetNextGlobal", self.ref):
            if not call("IsDeclaration", g) and \
                    not call("IsGlobalConstant", g) and \
                    call("GetLinkage", g) != EXTERNAL:
                call("SetLinkage", g, EXTERNAL)
        for f in self.functions():
            if call("IsDeclaration", f) or name_of(f).startswith("llvm."):
                continue
            call("SetLinkage", f,
                 EXTERNAL if name_of(f).startswith(keep) else INTERNAL)
        options = call("CreatePassBuilderOptions")
        call("PassBuilderOptionsSetLoopVectorization", options, 0)
        call("PassBuilderOptionsSetSLPVectorization", options, 0)
        error = call("RunPasses", self.ref, PASSES, None, options)
        if error:
            raise IRError(_text(call("GetErrorMessage", error)))

    def write(self, path: Path) -> bool:
        """As bitcode, in which nothing is hidden: what is missing may be."""
        for first, after in (("GetFirstFunction", "GetNextFunction"),
                             ("GetFirstGlobal", "GetNextGlobal")):
            for g in _each(first, after, self.ref):
                call("SetVisibility", g, 0)
        return not call("WriteBitcodeToFile", self.ref, str(path).encode())

    def variables(self) -> dict[str, bool]:
        """The names of variables; whether they are defined here."""
        return {name_of(g): not call("IsDeclaration", g)
                for g in _each("GetFirstGlobal", "GetNextGlobal", self.ref)}

    def names_registers(self, prefix: str) -> tuple[set[str], set[str]]:
        """In two: of the functions whose names begin with @prefix those that
        name a register, which the kernel's own code may only, or call what
        does; and the others, with all that they call."""
        calls: dict[str, set[str]] = {}
        for f in self.functions():
            if not call("IsDeclaration", f):
                calls[name_of(f)] = set(re.findall(
                    r'@"?([\w.$]+)', printed(f).partition("{")[2]))
        bad: set[str] = set()
        more = {n for used in calls.values() for n in used
                if re.match(r"llvm\.(read|write)\w*_register\.", n)}
        while more:
            bad |= more
            more = {n for n, used in calls.items() if used & bad} - bad
        ours = {n for n in calls if n.startswith(prefix)}
        kept: set[str] = set()
        more = ours - bad
        while more:
            kept |= more
            more = {n for k in more for n in calls[k]
                    if n in calls} - kept
        return ours & bad, kept

    def functions(self) -> Iterator[int]:
        return _each("GetFirstFunction", "GetNextFunction", self.ref)

    def function(self, name: str) -> int | None:
        """The function's definition, or None."""
        f = call("GetNamedFunction", self.ref, name.encode())
        return f if f and not call("IsDeclaration", f) else None

    def size(self, ty: int) -> int:
        return call("ABISizeOfType", self.layout, ty)

    def store_size(self, ty: int) -> int:
        return call("StoreSizeOfType", self.layout, ty)

    def offset(self, ty: int, i: int) -> int:
        return call("OffsetOfElement", self.layout, ty, i)


@functools.cache
def _context() -> int:
    argv = (c_char_p * len(OPTIONS))(*OPTIONS)
    call("ParseCommandLineOptions", len(OPTIONS), argv, None)
    return call("ContextCreate")


def _each(first: str, after: str, of: object) -> Iterator[int]:
    x = call(first, of)
    while x:
        following = call(after, x)
        yield x
        x = following


def blocks(function: int) -> Iterator[int]:
    return _each("GetFirstBasicBlock", "GetNextBasicBlock", function)


@functools.cache
def instructions(block: int) -> tuple[int, ...]:
    return tuple(_each("GetFirstInstruction", "GetNextInstruction", block))


def opcode(i: int) -> str:
    n = call("GetInstructionOpcode", i)
    return OPCODES.get(n, f"opcode {n}")


def operands(i: int) -> list[int]:
    return [call("GetOperand", i, k)
            for k in range(call("GetNumOperands", i))]


def kind(value: int) -> int:
    return call("GetValueKind", value)


def type_of(value: int) -> int:
    return call("TypeOf", value)


def type_kind(ty: int) -> int:
    return call("GetTypeKind", ty)


def name_of(value: int) -> str:
    n = c_size_t()
    raw = lib().LLVMGetValueName2(value, ctypes.byref(n))
    return (raw or b"").decode(errors="replace")


def asm_text(value: int) -> tuple[str, str]:
    """The text and the constraints of inline assembly."""
    found = []
    for name in ("GetInlineAsmAsmString", "GetInlineAsmConstraintString"):
        n = c_size_t()
        at = call(name, value, ctypes.byref(n))
        found.append(ctypes.string_at(at, n.value).decode(errors="replace")
                     if at else "")
    return found[0], found[1]


def indices(i: int) -> list[int]:
    at = lib().LLVMGetIndices(i)
    return [at[k] for k in range(call("GetNumIndices", i))]


def printed(value: int) -> str:
    return _text(call("PrintValueToString", value))


def says_error(function: int) -> bool:
    """Declared so that a call that stays is an error of the build."""
    return bool(call("GetStringAttributeAtIndex", function, -1,
                     b"dontcall-error", len(b"dontcall-error")))


def body_text(function: int) -> str:
    """The body without the names of what is in it, so that the same code has
    the same text."""
    text = printed(function).partition("{")[2]
    text = re.sub(r", ![\w.]+ !\d+|!srcloc !\d+|, !\w+ !\d+", "", text)
    text = re.sub(r"\) #\d+", ")", text)
    names: dict[str, str] = {}

    def plain(m: re.Match[str]) -> str:
        return names.setdefault(m[0], f"%v{len(names)}")

    # Arguments come first, in their order, also those that are not used.
    for i in range(call("CountParams", function)):
        arg = printed(call("GetParam", function, i)).rpartition("%")[2]
        names["%" + arg] = f"%a{i}"
    text = re.sub(r"(?m)^([\w.]+):.*$", r"%\1:", text)
    text = re.sub(r"; preds = .*", "", text)
    return re.sub(r'%(?:"[^"]*"|[\w.$-]+)', plain, text)
