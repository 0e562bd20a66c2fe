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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import cache

KEYS = {
    "cell": {"name", "arch", "srcarch", "defconfig", "fragments", "make"},
    "build": {"cross", "packages", "llvm"},
    "read": {"target", "poses", "undef", "defines"},
}


class CellError(Exception):
    """A cell that does not exist or whose file is wrong."""


@dataclass(frozen=True)
class Build:
    """How a cell is built: a GNU toolchain's prefix, or LLVM's suffix."""
    cross: str              # "" for the machine's own compiler
    packages: tuple[str, ...]
    llvm: str               # "" for GCC, else the suffix: "-19"

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


@dataclass(frozen=True)
class Cell:
    name: str               # "arm64/4k"
    arch: str               # kbuild's ARCH
    srcarch: str            # the folder under arch/
    defconfig: str
    fragments: tuple[str, ...]
    make: tuple[str, ...]   # further variables of make: "SUBARCH=x86_64"
    build: Build | None
    read: Read | None
    text: str               # the file itself, for cache keys

    def has(self, mode: str) -> bool:
        return (self.build if mode == "build" else self.read) is not None


def _items(text: str) -> tuple[str, ...]:
    return tuple(i.strip() for i in text.split(";") if i.strip())


def cell_read(path: Path) -> Cell:
    """The cell in the file @path; CellError says what is wrong where."""
    text = path.read_text(encoding="utf-8")
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                    comment_prefixes=("#",))
    ini.optionxform = str  # type: ignore[assignment,method-assign]
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
        build = Build(ini.get("build", "cross", fallback=""),
                      _items(need("build", "packages")),
                      ini.get("build", "llvm", fallback=""))
    if ini.has_section("read"):
        poses = need("read", "poses")
        if poses not in ("gcc", "clang"):
            raise CellError(f"{path}: poses={poses}: gcc or clang")
        read = Read(need("read", "target"), poses,
                    _items(ini.get("read", "undef", fallback="")),
                    _items(ini.get("read", "defines", fallback="")))
    cell = Cell(need("cell", "name"), need("cell", "arch"),
                need("cell", "srcarch"), need("cell", "defconfig"),
                _items(ini.get("cell", "fragments", fallback="")),
                _items(ini.get("cell", "make", fallback="")),
                build, read, text)
    if not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+", cell.name):
        raise CellError(f"{path}: name={cell.name}: must be ARCH/CONFIG")
    if path.with_suffix("").parts[-2:] != tuple(cell.name.split("/")):
        raise CellError(f"{path}: name={cell.name} is not the file's name")
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
        if "/" not in name:
            hits = [c for c in hits if c.has(mode)]
        if not hits:
            near = difflib.get_close_matches(name, list(cells), 1)
            raise CellError(f"no cell {name}"
                            + (f"; the nearest is {near[0]}" if near else "")
                            + " (treewide-cell list shows all)")
        chosen.update((c.name, c) for c in hits)
    return list(chosen.values())
