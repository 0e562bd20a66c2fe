# SPDX-License-Identifier: GPL-2.0-only
"""
Files that are there whole or as before: written beside and renamed.

A rename over a device or a FIFO would replace it, and one over a link the
link: those are written through.  src/base/output.c does the same for the driver.
"""
from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str | bytes) -> None:
    """Write @path, text as UTF-8.  OSError if it cannot be: a file that was
    there is as it was then."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if path.exists() and not path.is_file():    # /dev/stdout and the like
        path.write_bytes(data)
        return
    path = Path(os.path.realpath(path))
    tmp = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        tmp.write_bytes(data)
        os.replace(tmp, path)
    finally:
        tmp.unlink(missing_ok=True)


def inside(path: str, top: str) -> bool:
    """Is @path in the folder @top, by whatever links?"""
    at = Path(path).absolute()
    real = at.resolve() if at.is_dir() else at.parent.resolve()
    return Path(top).resolve() in [real, *real.parents]
