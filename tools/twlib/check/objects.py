# SPDX-License-Identifier: GPL-2.0-only
"""
What a build left behind: objects, their dependency files, diagnostics.

Two objects are compared as files first.  Where the bytes differ, everything
that reaches the running kernel is compared: allocated sections, the
relocations for them, symbols.  The first difference is named by section,
offset and symbol, so that a reader can look it up with objdump.  Nothing is
masked here: see linemark.py for how line numbers are dealt with.
"""
from __future__ import annotations

import dataclasses
import re
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

IDENTICAL = "identical"
SAME_CODE = "same code"     # only sections that are not loaded differ
DIFFERENT = "different"


class ObjectError(Exception):
    """A file that should be an object is none."""


@dataclass
class _Loaded:
    sections: dict[str, tuple[Any, bytes]]
    relocations: dict[str, list[tuple[Any, ...]]]
    symbols: list[tuple[Any, ...]]


def _load(path: Path) -> _Loaded:
    try:
        with open(path, "rb") as stream:
            elf = ELFFile(stream)
            every = list(elf.iter_sections())
            keys: list[str] = []
            seen: Counter[str] = Counter()
            for section in every:
                seen[section.name] += 1
                keys.append(f"{section.name}#{seen[section.name]}"
                            if seen[section.name] > 1 else section.name)
            sections = {}
            for key, section in zip(keys, every):
                if section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                    data = b"" if section["sh_type"] == "SHT_NOBITS" \
                        else section.data()
                    sections[key] = ((section["sh_type"], section["sh_flags"],
                                      section["sh_addralign"],
                                      section["sh_size"]), data)
            symbols: list[tuple[Any, ...]] = []
            relocations: dict[str, list[tuple[Any, ...]]] = {}

            def place(symbol: Any) -> str:
                index = symbol["st_shndx"]
                return keys[index] if isinstance(index, int) else str(index)

            def called(symbol: Any) -> str:
                """A local's name without the number that only counts the
                declarations before it."""
                name = str(symbol.name)
                if symbol["st_info"]["bind"] != "STB_LOCAL":
                    return name
                name = re.sub(r"(?<=\w)\.\d+$", "", name)
                return re.sub(r"\d+$", "", name) \
                    if name.startswith("__UNIQUE_ID_") else name

            for section in every:
                if isinstance(section, SymbolTableSection):
                    for s in section.iter_symbols():
                        where = place(s)
                        if where in keys and where not in sections:
                            continue
                        symbols.append((called(s) or where, s["st_value"],
                                        s["st_size"], s["st_info"]["type"],
                                        s["st_info"]["bind"],
                                        s["st_other"]["visibility"], where))
            for section in every:
                if not isinstance(section, RelocationSection):
                    continue
                target = keys[section["sh_info"]]
                if target not in sections:
                    continue
                table = every[section["sh_link"]]
                rows: list[tuple[Any, ...]] = []
                for r in section.iter_relocations():
                    s = table.get_symbol(r["r_info_sym"])
                    rows.append((r["r_offset"], r["r_info_type"],
                                 called(s) or place(s), s["st_value"],
                                 r["r_addend"] if r.is_RELA() else 0))
                relocations[target] = rows
            return _Loaded(sections, relocations, symbols)
    except (ELFError, OSError, LookupError, ValueError, TypeError,
            AttributeError, AssertionError, ArithmeticError, MemoryError,
            struct.error) as err:   # a stranger's file: pyelftools trusts it
        raise ObjectError(f"{path}: not an object: {err}") from err


def _owner(obj: _Loaded, section: str, offset: int) -> str:
    """The function or variable of @section that holds @offset."""
    best = ""
    for name, value, size, kind, _, _, where in obj.symbols:
        if where == section and kind in ("STT_FUNC", "STT_OBJECT") \
                and value <= offset < value + max(size, 1):
            best = name
    return f" in {best}" if best else ""


def _names(names: set[str]) -> str:
    some = sorted(names)
    return ", ".join(some[:3]) + (", ..." if len(some) > 3 else "")


def _difference(a: _Loaded, b: _Loaded) -> str:
    gone, come = set(a.sections) - set(b.sections), \
        set(b.sections) - set(a.sections)
    code_first = sorted(a.sections, key=lambda s: (not s.startswith(".text"),
                                                   s))
    for name in code_first:
        if name not in b.sections:
            continue
        (meta_a, data_a), (meta_b, data_b) = a.sections[name], b.sections[name]
        if data_a != data_b:
            at = next((i for i, (x, y) in enumerate(zip(data_a, data_b))
                       if x != y), min(len(data_a), len(data_b)))
            sizes = "" if len(data_a) == len(data_b) else \
                f" (size {len(data_a)} became {len(data_b)})"
            owner = _owner(a, name, at) or _owner(b, name, at)
            return f"section {name} at {at:#x}{owner}{sizes}"
        if meta_a != meta_b:
            return f"section {name}: type, flags, alignment or size"
    if gone or come:
        return "; ".join(
            ([f"sections gone: {_names(gone)}"] if gone else [])
            + ([f"sections new: {_names(come)}"] if come else []))
    for name in sorted(set(a.relocations) | set(b.relocations)):
        rows_a = a.relocations.get(name, [])
        rows_b = b.relocations.get(name, [])
        if rows_a != rows_b:
            row = next((x for x, y in zip(rows_a, rows_b) if x != y),
                       (rows_a + rows_b)[min(len(rows_a), len(rows_b)) - 1])
            return (f"relocation for {name} at {row[0]:#x}"
                    f"{_owner(a, name, row[0])}")
    if Counter(a.symbols) != Counter(b.symbols):    # their order is free
        odd = (Counter(a.symbols) - Counter(b.symbols)) \
            + (Counter(b.symbols) - Counter(a.symbols))
        return f"symbols: {_names({s[0] for s in odd})}"
    return ""


def compare(before: Path, after: Path) -> tuple[str, str]:
    """
    How two objects relate: (IDENTICAL, ""), (SAME_CODE, "") or (DIFFERENT,
    the first difference).
    """
    if before.read_bytes() == after.read_bytes():
        return IDENTICAL, ""
    what = _difference(_load(before), _load(after))
    return (DIFFERENT, what) if what else (SAME_CODE, "")


@dataclass
class Function:
    """A function that is not the same before and after; None: not there."""
    name: str
    section: str
    size_before: int | None
    size_after: int | None
    insns_before: int | None = None
    insns_after: int | None = None

    @property
    def same_size(self) -> bool:
        return self.size_before == self.size_after \
            and self.insns_before == self.insns_after


def _functions(obj: _Loaded) -> dict[tuple[str, str], tuple[int, Any]]:
    """Size and contents (bytes, relocations) of each function."""
    result: dict[tuple[str, str], tuple[int, Any]] = {}
    for name, value, size, kind, _, _, where in obj.symbols:
        start = value & ~1 if value & 1 else value      # Thumb's mark
        if where == ".opd":     # powerpc's first ABI: a descriptor
            for row in obj.relocations.get(where, []):
                if row[0] == value:
                    where, start = row[2], row[3] + row[4]
                    break
        if kind != "STT_FUNC" or where not in obj.sections:
            continue
        data = obj.sections[where][1][start:start + size]
        rows = [(r[0] - start, *r[1:3], *r[4:])
                for r in obj.relocations.get(where, [])
                if start <= r[0] < start + size]
        result[(_plain(name), where)] = (size, (data, rows))
    return result


def _plain(name: str) -> str:
    """A function's name without the number that GCC gives a clone."""
    return re.sub(r"\.(constprop|isra|part|cold)\.\d+\b", r".\1", name)


def functions(before: Path, after: Path) -> list[Function]:
    """The functions that differ, in size, bytes or relocations, by name."""
    one, two = _functions(_load(before)), _functions(_load(after))
    result = []
    for key in sorted(set(one) | set(two)):
        a, b = one.get(key), two.get(key)
        if a is None or b is None or a != b:
            result.append(Function(key[0], key[1], a[0] if a else None,
                                   b[0] if b else None))
    return result


_LABEL = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
_INSN = re.compile(r"^\s*[0-9a-f]+:\s+(\S.*)$")


def disassembly(text: str) -> dict[str, list[str]]:
    """What objdump -dr --no-show-raw-insn printed, by function: instructions
    and, indented, their relocations."""
    result: dict[str, list[str]] = {}
    rows: list[str] | None = None
    for line in text.splitlines():
        label = _LABEL.match(line)
        if label:
            # With descriptors the code itself has a dot before its name.
            rows = result.setdefault(_plain(label[1].lstrip(".")), [])
            continue
        m = _INSN.match(line)
        if not m or rows is None:
            continue
        if re.match(r"R_|\S*RELOC", m[1]):
            rows.append("    " + m[1])
        else:
            rows.append(re.sub(r"\s+", " ", m[1]))
    return result


def plain_rows(rows: list[str]) -> list[str]:
    """Instructions without what shifts when something before them grows:
    addresses, and places within a section that has no symbol there."""
    return [re.sub(r"(\s\.[\w.]+)[+-]0x[0-9a-f]+$", r"\1", re.sub(
        r"\b(0x)?[0-9a-f]+ <([^>+]+)([+-]0x[0-9a-f]+)?>", r"<\2>", row))
        for row in rows]


_DEPS = re.compile(r"^deps_\S+ := \\\n((?:.*\\\n)*.*)", re.MULTILINE)
_SOURCE = re.compile(r"^source_\S+ := (.*)$", re.MULTILINE)


def dependencies(build: Path, obj: str, tree_mount: str,
                 build_mount: str) -> set[str]:
    """
    The files of the tree that @obj (below @build) was compiled from, by
    kbuild's .cmd file.  Mounts: where tree and build folder stood in the
    sandbox.  Empty when there is no such file.
    """
    folder, name = str(Path(obj).parent), Path(obj).name
    cmd = build / folder / f".{name}.cmd"
    try:
        text = cmd.read_text("utf-8", "surrogateescape")
    except OSError:
        return set()
    words: list[str] = []
    for m in _SOURCE.finditer(text):
        words.append(m[1].strip())
    deps = _DEPS.search(text)
    if deps:
        words += deps[1].replace("\\\n", " ").split()
    found = set()
    for word in words:
        if word.startswith("$(wildcard"):
            continue
        path = Path(word) if word.startswith("/") \
            else Path(build_mount) / word
        parts: list[str] = []
        for part in path.parts:
            if part == "..":
                parts.pop()
            else:
                parts.append(part)
        plain = "/".join(parts).replace("//", "/")
        if plain.startswith(tree_mount + "/"):
            found.add(plain[len(tree_mount) + 1:])
    return found


@dataclass(frozen=True)
class Diagnostic:
    """A compiler message; compared without its line."""
    severity: str
    file: str
    function: str
    message: str
    line: int = 0
    object: str = ""        # that was being built, where the log says so
    column: int = 0
    used_at: str = ""       # FILE:LINE, of a message from within a macro

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays the same when lines move."""
        return (self.severity, self.file, self.function, self.message)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        inside = [f"in {self.function}"] if self.function else []
        inside += [f"used at {self.used_at}"] if self.used_at else []
        return f"{place}: {self.severity}: {self.message}" + (
            f" ({', '.join(inside)})" if inside else "")


_MESSAGE = re.compile(
    r"^([^\s:][^:]*):(\d+)(?::(\d+))?: (fatal error|error|warning): (.*)$")
_ASSEMBLER = re.compile(
    r"^([^\s:][^:]*):(\d+)(?::(\d+))?: (Error|Warning): (.*)$")
_EXPANDED = re.compile(
    r"^([^\s:][^:]*):(\d+):\d+: note: in expansion of macro ")
_STEP = re.compile(r"^  ([A-Z]+)(?: \[M\])? +(\S+)$")
_INSIDE = re.compile(r"^\S+: In (?:function|member function) '([^']+)':$")
_LEAVE = re.compile(r"^\S+: (At top level|In .*):?$")
_ASM_HEAD = re.compile(r"^(\S+): Assembler messages:$")


def steps(text: str) -> set[str]:
    """The objects that make says it made; with -O it does when one is done."""
    return {m[2] for m in map(_STEP.match, text.splitlines()) if m}


def diagnostics(text: str, tree_mount: str) -> list[Diagnostic]:
    """The warnings and errors in what make printed, in order."""
    result: list[Diagnostic] = []
    function = obj = ""

    def plain(path: str) -> str:
        while path.startswith("../"):
            path = path[3:]
        return path.removeprefix(tree_mount + "/")

    for line in text.splitlines():
        step = _STEP.match(line)
        if step:
            if step[1] != "CHECK":      # names the source
                obj = step[2] if step[2].endswith(".o") else ""
            function = ""
            continue
        inside = _INSIDE.match(line)
        if inside:
            function = inside[1]
            continue
        if _LEAVE.match(line) or _ASM_HEAD.match(line):
            function = ""
            continue
        outer = _EXPANDED.match(line)
        if outer and result:        # the last of several is the outermost
            result[-1] = dataclasses.replace(
                result[-1], used_at=f"{plain(outer[1])}:{outer[2]}")
            continue
        m = _MESSAGE.match(line) or _ASSEMBLER.match(line)
        if not m:
            continue
        severity = m[4].lower().removeprefix("fatal ")
        result.append(Diagnostic(
            severity, plain(m[1]), function,
            re.sub(rf"(?<!\w){re.escape(tree_mount)}/", "", m[5]),
            int(m[2]), obj, int(m[3] or 0)))
    return result


def new_diagnostics(before: list[Diagnostic], after: list[Diagnostic]
                    ) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """What after has more of, and what it has less of."""
    def surplus(one: list[Diagnostic],
                other: list[Diagnostic]) -> list[Diagnostic]:
        left = Counter(d.key for d in other)
        extra = []
        for d in one:
            if left[d.key] > 0:
                left[d.key] -= 1
            else:
                extra.append(d)
        return extra
    # A header's message comes once for each object; once is enough to tell.
    first_before = list({d.key: d for d in reversed(before)}.values())[::-1]
    first_after = list({d.key: d for d in reversed(after)}.values())[::-1]
    return surplus(first_after, first_before), \
        surplus(first_before, first_after)
