# SPDX-License-Identifier: GPL-2.0-only
"""Where run directories are, unless --run names one."""
from __future__ import annotations

import os
import time
from pathlib import Path


def runs_dir() -> Path:
    """$XDG_STATE_HOME/treewide/runs; it need not exist."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local/state"
    return root / "treewide" / "runs"


def new_run_dir(command: str) -> Path:
    """The name of a new run of @command; it is not made."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return runs_dir() / f"{command}-{stamp}-{os.getpid()}"
