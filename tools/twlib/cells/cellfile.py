# SPDX-License-Identifier: GPL-2.0-only
"""Cells as data: corpus/cells/ARCH/NAME.ini, one arch x config x toolchain.

A cell that has a [build] section can be built, one that has a [read] section
can be read.  What is known about an arch is in these files and nowhere else.
An unknown section or key is an error: a misspelt key must not be silence.
"""
from __future__ import annotations

import configparser
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..base import cache
from .toolchains import Toolchain, ToolchainError, toolchain_get

KEYS = {
    "cell": {"name", "arch", "srcarch", "defconfig", "fragments", "options",
             "make"},
    "build": {"cross", "packages", "llvm", "toolchain"},
    "read": {"target", "poses", "undef", "defines", "units"},
}


class CellError(Exception):
    """A cell that does not exist or whose file is wrong."""


class CellNameError(CellError):
    """A name that is no cell's: wrong usage."""


@dataclass(frozen=True)
class Build:
    """How a cell is built: a GNU toolchain's prefix, or LLVM's suffix."""
    cross: str              # "" for the machine's own compiler
    packages: tuple[str, ...]
    llvm: str               # "" for GCC, else the suffix: "-19"
    toolchain: Toolchain | None     # one that Debian has not

    @property
    def compiler(self) -> str:
        return f"clang{self.llvm}" if self.llvm else f"{self.cross}gcc"


@dataclass(frozen=True)
class Read:
    """How a cell is read by Clang."""
    target: str             # Clang's, maybe a stand-in of the same shape
    poses: str              # "clang", or "gcc": answers kbuild as GCC does
    undef: tuple[str, ...]
    defines: tuple[str, ...]
    units: str              # "all" generic units, or a "cover" of the symbols


@dataclass(frozen=True)
class Cell:
    name: str               # "arm64/4k"
    arch: str               # kbuild's ARCH
    srcarch: str            # the folder under arch/
    defconfig: str
    fragments: tuple[str, ...]
    options: tuple[str, ...]        # what it stands for: "CONFIG_X=y"
    make: tuple[str, ...]   # further variables of make: "SUBARCH=x86_64"
    build: Build | None
    read: Read | None

    @property
    def shape(self) -> str:
        """The options as a piece of a .config."""
        return "".join(
            f"# {o[:-2]} is not set\n" if o.endswith("=n") else f"{o}\n"
            for o in self.options)

    def key(self, mode: str) -> str:
        """What of the file a prepared cell depends on: how a cell is built
        is no matter of one that was prepared for reading."""
        build = self.build if mode == "build" else None
        read = self.read if mode == "read" else None
        return repr((self.name, self.arch, self.srcarch, self.defconfig,
                     self.fragments, self.options, self.make,
                     build, read and replace(read, units="")))

    def has(self, mode: str) -> bool:
        return (self.build if mode == "build" else self.read) is not None


def _items(text: str) -> tuple[str, ...]:
    return tuple(i.strip() for i in text.split(";") if i.strip())


def _build(ini: configparser.ConfigParser, path: Path,
           need: Callable[[str, str], str]) -> Build:
    llvm = ini.get("build", "llvm", fallback="")
    if name := ini.get("build", "toolchain", fallback=""):
        for key in ("cross", "packages", "llvm"):
            if ini.get("build", key, fallback=""):
                raise CellError(f"{path}: [build] has toolchain and {key}; "
                                "the toolchain says all")
        try:
            chain = toolchain_get(name)
        except ToolchainError as e:
            raise CellError(f"{path}: {e}") from e
        return Build(chain.cross, (), "", chain)
    return Build(ini.get("build", "cross", fallback=""),
                 _items(need("build", "packages")), llvm, None)


def cell_read(path: Path) -> Cell:
    """The cell in the file @path; CellError says what is wrong where."""
    text = path.read_text(encoding="utf-8")
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                    comment_prefixes=("#",))
    ini.optionxform = str  # type: ignore[assignment]
    try:
        ini.read_string(text, str(path))
    except configparser.Error as e:
        raise CellError(f"{path}: {e}") from e
    for section in ini.sections():
        if section not in KEYS:
            raise CellError(f"{path}: unknown section [{section}]; known: "
                            + ", ".join(KEYS))
        for key in ini[section]:
            if key not in KEYS[section]:
                raise CellError(f"{path}: unknown key {key} in [{section}]; "
                                "known: " + ", ".join(sorted(KEYS[section])))

    def need(section: str, key: str) -> str:
        value = ini.get(section, key, fallback="")
        if not value:
            raise CellError(f"{path}: [{section}] has no {key}")
        return value

    build = read = None
    if ini.has_section("build"):
        build = _build(ini, path, need)
    if ini.has_section("read"):
        poses = need("read", "poses")
        if poses not in ("gcc", "clang"):
            raise CellError(f"{path}: poses={poses}: gcc or clang")
        units = ini.get("read", "units", fallback="cover")
        if units not in ("all", "cover"):
            raise CellError(f"{path}: units={units}: all or cover")
        read = Read(need("read", "target"), poses,
                    _items(ini.get("read", "undef", fallback="")),
                    _items(ini.get("read", "defines", fallback="")), units)
    cell = Cell(need("cell", "name"), need("cell", "arch"),
                need("cell", "srcarch"), need("cell", "defconfig"),
                _items(ini.get("cell", "fragments", fallback="")),
                _items(ini.get("cell", "options", fallback="")),
                _items(ini.get("cell", "make", fallback="")),
                build, read)
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+", cell.name):
        raise CellError(f"{path}: name={cell.name}: must be ARCH/CONFIG")
    if path.with_suffix("").parts[-2:] != tuple(cell.name.split("/")):
        raise CellError(f"{path}: name={cell.name} is not the file's name")
    for option in cell.options:
        if not re.fullmatch(r"CONFIG_\w+=\S+", option):
            raise CellError(f"{path}: options: {option}: must be CONFIG_X=y, "
                            "=n or a value")
    for fragment in cell.fragments:
        if not fragment_path(fragment).is_file():
            raise CellError(f"{path}: no fragment {fragment} in "
                            f"{fragment_path('')}")
    return cell


def fragment_path(name: str) -> Path:
    return cache.data_dir() / "corpus" / "fragments" / name


def cells_load(folder: Path | None = None) -> dict[str, Cell]:
    """All cells by name, in the order of their names."""
    where = folder or cache.data_dir() / "corpus" / "cells"
    found = [cell_read(p) for p in sorted(where.glob("*/*.ini"))]
    if not found:
        raise CellError(f"{where}: no cells (*/*.ini)")
    return {c.name: c for c in found}


def archs_without(cells: dict[str, Cell], tree: Path) -> list[str]:
    """The folders under arch/ of @tree that no cell stands for."""
    have = {c.srcarch for c in cells.values()}
    return sorted(p.name for p in (tree / "arch").iterdir()
                  if p.is_dir() and p.name not in have)


def cells_select(cells: dict[str, Cell], names: Iterable[str],
                 mode: str) -> list[Cell]:
    """The cells that are named, or without names all that have @mode.  A
    name without a slash means every cell of that arch."""
    wanted = list(names)
    if not wanted:
        return [c for c in cells.values() if c.has(mode)]
    chosen: dict[str, Cell] = {}
    for name in wanted:
        hits = [c for c in cells.values()
                if name in (c.name, c.name.split("/")[0])]
        if hits and "/" not in name:
            others, hits = hits, [c for c in hits if c.has(mode)]
            if not hits:
                raise CellNameError(
                    f"{name}: no cell of this arch has a [{mode}] section: "
                    + ", ".join(c.name for c in others))
        if not hits:
            near = difflib.get_close_matches(name, list(cells), 1)
            raise CellNameError(f"no cell {name}"
                            + (f"; the nearest is {near[0]}" if near else "")
                            + " (treewide cell list shows all)")
        chosen.update((c.name, c) for c in hits)
    return list(chosen.values())
