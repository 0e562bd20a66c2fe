# SPDX-License-Identifier: GPL-2.0-only
"""Toolchains as data (corpus/toolchains.ini), and where they are when built.

A toolchain that tools/treewide-toolchains has built is a folder of the cache
with a stamp; whoever uses it compares the stamp with the data, so that a
changed line of data means a new build and not an old compiler.
"""
from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path

from ..base import cache

# Raise when the way in which toolchains are built changes.
FORMAT = "1"

KEYS = {"target", "machine", "binutils", "gcc"}
SOURCE_KEYS = {"binutils", "gcc", "disk_mb"}


class ToolchainError(Exception):
    """Data that is wrong, or a toolchain that does not exist."""


@dataclass(frozen=True)
class Toolchain:
    """A section of corpus/toolchains.ini."""
    name: str
    target: str                 # "csky-linux-gnu"
    machine: int                # e_machine of its objects
    binutils: tuple[str, ...]   # options of configure
    gcc: tuple[str, ...]

    @property
    def cross(self) -> str:
        return f"{self.target}-"

    @property
    def programs(self) -> list[str]:
        """What the stamp holds the hashes of, below the folder."""
        return [f"bin/{self.cross}{p}" for p in ("gcc", "as", "ld")]

    def folder(self) -> Path:
        return cache.cache_dir("toolchains") / self.name

    def key(self) -> str:
        return cache.hash_bytes(repr((FORMAT, self)).encode())

    def built(self) -> Path | None:
        """The folder, if it holds what the data says."""
        stamp = cache.read_stamp(self.folder())
        return (self.folder() if stamp and stamp.get("key") == self.key()
                else None)


def _read(path: Path) -> configparser.ConfigParser:
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                    comment_prefixes=("#",))
    try:
        with open(path, encoding="utf-8") as f:
            ini.read_file(f)
    except (OSError, configparser.Error) as e:
        raise ToolchainError(f"cannot read the toolchains in {path}: {e}"
                             ) from e
    for section in ini.sections():
        keys = SOURCE_KEYS if section == "sources" else KEYS
        if set(ini[section]) != keys:
            raise ToolchainError(
                f"{path}: [{section}] must have the keys "
                f"{', '.join(sorted(keys))}, and has "
                f"{', '.join(sorted(ini[section]))}")
    return ini


def toolchains_load(path: Path | None = None
                    ) -> tuple[dict[str, Toolchain], dict[str, str]]:
    """All toolchains by name, and the section [sources]."""
    where = path or cache.data_dir() / "corpus" / "toolchains.ini"
    ini = _read(where)
    if not ini.has_section("sources"):
        raise ToolchainError(f"{where}: no section [sources]")
    found = {}
    for name in ini.sections():
        if name == "sources":
            continue
        s = ini[name]
        try:
            machine = int(s["machine"])
        except ValueError as e:
            raise ToolchainError(f"{where}: [{name}] machine: {e}") from e
        found[name] = Toolchain(name, s["target"], machine,
                                tuple(s["binutils"].split()),
                                tuple(s["gcc"].split()))
    return found, dict(ini["sources"])


def toolchain_get(name: str) -> Toolchain:
    """The toolchain @name; ToolchainError lists those that exist."""
    found, _sources = toolchains_load()
    if name not in found:
        raise ToolchainError(f"no toolchain {name} in corpus/toolchains.ini; "
                             f"it has {', '.join(found)}")
    return found[name]
