# SPDX-License-Identifier: GPL-2.0-only
"""The patched files as mounts of the sandbox, over the tree as it is."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

from .patchset import FileChange


def mounts(tree: Path, stage: Path, changes: list[FileChange], shadow: Path,
           times: bool = False) -> list[tuple[Path, str]]:
    """
    The read-only bind mounts (source, path below the tree's mount) that turn
    the tree into the patched one, in the order in which they must be made.
    Folders that gain or lose an entry are built in @shadow.  With @times all
    is as old as in @stage, for make to take what was built from it as built.
    """
    result: list[tuple[Path, str]] = []
    gone = {c.old for c in changes if c.old is not None and c.old != c.new}
    come = {c.new for c in changes if c.new is not None and c.old != c.new}
    touched = {c.new for c in changes if c.new is not None}
    folders: set[str] = set()
    for path in gone | come:
        folder = os.path.dirname(path)
        while folder and not (tree / folder).is_dir():
            folder = os.path.dirname(folder)
        folders.add(folder)
    for number, folder in enumerate(sorted(folders)):
        copy = shadow / str(number)
        copy.mkdir(parents=True)
        for entry in sorted(os.scandir(tree / folder), key=lambda e: e.name):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if path in gone or path in touched:
                continue
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), copy / entry.name)
            elif entry.is_dir():
                (copy / entry.name).mkdir()
                result.append((Path(entry.path), path))
            elif entry.is_file():
                shutil.copy2(entry.path, copy / entry.name)
        result.append((copy, folder))
    for path in sorted(touched):
        holder = os.path.dirname(path)
        while holder not in folders and holder \
                and not (tree / holder).is_dir():
            holder = os.path.dirname(holder)
        if holder in folders:
            number = sorted(folders).index(holder)
            inside = path[len(holder) + 1:] if holder else path
            target = shadow / str(number) / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copy2 if times else shutil.copy)(stage / path, target)
        else:
            result.append((stage / path, path))
    return sorted(result, key=lambda m: len(Path(m[1]).parts) if m[1] else 0)
