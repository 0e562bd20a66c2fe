# SPDX-License-Identifier: GPL-2.0-only
"""A kernel tree as kbuild sees it: whether it takes a build folder of its own,
and hashes of what configs and generated headers come from."""
from __future__ import annotations

import os
import re
from pathlib import Path

from ..base import cache


class TreeError(Exception):
    """A tree that cells cannot be prepared for; the text says what to do."""


def tree_layout_check(tree: Path) -> None:
    """Raise TreeError unless @tree looks like a kernel tree."""
    for name in ("Makefile", "Kconfig", "arch", "scripts/kconfig"):
        if not (tree / name).exists():
            raise TreeError(f"{tree}: no kernel tree: it has no {name}")


def tree_check(tree: Path) -> None:
    """Raise TreeError unless kbuild would take @tree with O=."""
    tree_layout_check(tree)
    for left in (".config", "include/config", "include/generated"):
        if (tree / left).exists():
            raise TreeError(
                f"{tree}/{left}: the tree was built in place, and kbuild "
                "refuses it with a build folder of its own: run `make "
                "mrproper` in it, or in a copy of it if you need that build")
    if any((tree / "arch").glob("*/include/generated")):
        raise TreeError(
            f"{tree}/arch/*/include/generated: the tree was built in place: "
            "run `make mrproper` in it, or in a copy of it")


def tree_of(name: str) -> Path:
    """The tree that --tree names; TreeError says why it cannot be one."""
    tree = Path(name).resolve()
    if not tree.is_dir():
        raise TreeError(f"{name}: no such folder; --tree names a kernel "
                        "tree")
    tree_check(tree)
    return tree


_WANTED = re.compile(r"^(Makefile|Kconfig|Kbuild)|\.tbl$|_defconfig$")
_FOLDERS = ("scripts", "tools/scripts", "tools/build", "tools/include")
_FILES = ("kernel/bounds.c", "kernel/time/timeconst.bc", "localversion")
_ARCH_FOLDERS = ("configs", "tools", "scripts", "boot/tools")
_SKIP_TOP = {"Documentation", ".git", "LICENSES", "samples"}


def tree_inputs(tree: Path) -> dict[str, dict[str, str]]:
    """Hashes of the files that config and generated headers come from, by
    path: under "" what all archs share, under the folder's name what one
    arch adds.  Headers count by name only (a wrapper is generated where an
    arch lacks one): which of them asm-offsets.h came from is checked by
    kbuild itself when the build folder is used."""
    shared: dict[str, str] = {}
    arch: dict[str, dict[str, str]] = {}

    def add(rel: str, content: bool = True) -> None:
        parts = rel.split("/")
        group = (arch.setdefault(parts[1], {})
                 if parts[0] == "arch" and len(parts) > 2 else shared)
        try:
            path = tree / rel
            group[rel] = (cache.hash_file(path) if content and path.is_file()
                          else "")
        except OSError as e:
            group[rel] = f"unreadable: {e.errno}"

    for base, dirs, files in os.walk(tree):
        here = os.path.relpath(base, tree)
        here = "" if here == "." else here + "/"
        if not here:
            dirs[:] = [d for d in dirs if d not in _SKIP_TOP]
        whole = here.startswith(tuple(f + "/" for f in _FOLDERS))
        parts = here.split("/")
        if parts[0] == "arch" and len(parts) > 2:
            rest = "/".join(parts[2:])
            whole = whole or rest.startswith(
                tuple(f + "/" for f in _ARCH_FOLDERS))
        names_only = here.endswith("include/asm/") or here in (
            "include/asm-generic/", "include/uapi/asm-generic/")
        for name in files:
            rel = here + name
            if (whole or _WANTED.search(name) or rel in _FILES
                    or name in ("asm-offsets.c", "cpufeatures.h")):
                add(rel)
            elif names_only:
                add(rel, content=False)
    return {"": shared, **arch}


def tree_groups(srcarch: str) -> list[str]:
    """The groups of tree_inputs() that a cell under arch/@srcarch reads:
    Kconfig sources and Makefiles of other archs do not reach it, except where
    um and x86 share."""
    return ["", srcarch] + (["x86"] if srcarch == "um" else [])


def tree_key(inputs: dict[str, dict[str, str]], srcarch: str) -> str:
    """The hash of @inputs that a cell under arch/@srcarch depends on."""
    text = "".join(f"{p}\0{h}\n" for g in tree_groups(srcarch)
                   for p, h in sorted(inputs.get(g, {}).items()))
    return cache.hash_bytes(text.encode("utf-8", "surrogateescape"))
