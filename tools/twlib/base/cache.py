# SPDX-License-Identifier: GPL-2.0-only
"""Where treewide's data and cache are, and how the cache stays whole.

An entry is a folder that is made under another name and renamed when it is
complete, with a lock file beside it, so that of two runs that want it one
makes it and the other waits.  The stamp inside is written last and holds
hashes of what matters; an entry whose stamp does not match counts as absent.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STAMP = "stamp.json"
STAMP_VERSION = 1


def data_dir() -> Path:
    """The folder that holds corpus/ and cocci/ (as tw_data_dir() in C)."""
    if env := os.environ.get("TREEWIDE_DATA"):
        return Path(env).absolute()
    tools = Path(__file__).resolve().parent.parent.parent
    for place in (tools.parent, tools.parent.parent / "share" / "treewide"):
        if (place / "corpus").is_dir():
            return place
    raise FileNotFoundError(
        f"no corpus/ beside {tools}: set TREEWIDE_DATA to the folder of "
        "treewide that holds it")


def tools_dir() -> Path:
    """The folder that holds the programs beside the driver."""
    return Path(__file__).resolve().parent.parent.parent


def cache_dir(*sub: str) -> Path:
    """$XDG_CACHE_HOME/treewide/SUB..., made if it is not there."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    path = root.joinpath("treewide", *sub)
    path.mkdir(parents=True, exist_ok=True)
    return path


def hash_bytes(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def hash_file(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(
            f, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None
           ) -> Iterator[None]:
    """Hold the lock file @path; waits for another holder to end, after it
    has called @waiting."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def write_stamp(entry: Path, files: list[str], result: dict[str, Any]) -> None:
    """Declare @entry complete: the hashes of @files (relative) and @result."""
    text = json.dumps({"version": STAMP_VERSION,
                       "files": {f: hash_file(entry / f) for f in files},
                       "result": result}, indent=1, sort_keys=True)
    tmp = entry / (STAMP + ".new")
    with open(tmp, "w", encoding="utf-8") as f:
        f.write(text + "\n")
        f.flush()
        os.fsync(f.fileno())
    os.replace(tmp, entry / STAMP)


def read_stamp(entry: Path) -> dict[str, Any] | None:
    """The result in @entry's stamp, or None when it is not whole."""
    try:
        stamp = json.loads((entry / STAMP).read_text(encoding="utf-8"))
        if stamp["version"] != STAMP_VERSION:
            return None
        for name, digest in stamp["files"].items():
            if hash_file(entry / name) != digest:
                return None
        os.utime(entry / STAMP)
        return dict(stamp["result"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remove(path: Path) -> None:
    """Remove a folder of the cache; first renamed, so never half an entry."""
    if not path.exists():
        return
    gone = path.with_name(f".gone-{os.getpid()}-{time.monotonic_ns()}")
    os.rename(path, gone)
    shutil.rmtree(gone, ignore_errors=True)


def folder_size(path: Path) -> int:
    """Bytes on disk of all files below @path."""
    total = 0
    for base, _dirs, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(base, name)).st_blocks * 512
    return total


def prune_files(where: Path, limit: int) -> list[Path]:
    """Remove the plain files of @where (facts, spatch's results) that were
    used longest ago until the rest is at most @limit bytes.  They are written
    beside and renamed, so that a reader sees a whole one or none."""
    entries = []
    for path in where.iterdir():
        with contextlib.suppress(OSError):
            st = path.stat()
            entries.append((st.st_mtime, st.st_blocks * 512, path))
    total = sum(size for _used, size, _path in entries)
    removed = []
    for _used, size, path in sorted(entries):
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            removed.append(path)
            total -= size
    return removed


def prune(where: Path, limit: int) -> list[Path]:
    """Remove the entries of @where that were used longest ago until the rest
    is at most @limit bytes.  An entry in use (its lock is held) stays.  What
    an interrupted run left goes too.  Returns what was removed."""
    removed = []
    entries = []
    for path in where.iterdir():
        if not path.is_dir():
            continue
        stamp = path / STAMP
        used = (stamp if stamp.exists() else path).stat().st_mtime
        entries.append((used, folder_size(path), path))
    total = sum(size for _used, size, _path in entries)
    for _used, size, path in sorted(entries, key=lambda e: (e[0], e[2])):
        stale = path.name.startswith(".gone-") or ".tmp-" in path.name
        if total <= limit and not stale:
            continue
        name = path.name.split(".tmp-")[0].removesuffix(".failed")
        fd = os.open(where / (name.lstrip(".") + ".lock"),
                     os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            remove(path)
            removed.append(path)
            total -= size
        finally:
            os.close(fd)
    return removed
