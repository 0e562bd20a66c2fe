# SPDX-License-Identifier: GPL-2.0-only
"""Numbers, lists and tables as text."""
from __future__ import annotations

from collections.abc import Iterable, Sequence


def count_of(number: int, what: str) -> str:
    """1 object, 2 objects."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def some(names: Iterable[str]) -> str:
    """The first five names; an ellipsis stands for the rest."""
    every = list(names)
    return ", ".join(every[:5]) + (", ..." if len(every) > 5 else "")


def columns(rows: Sequence[tuple[str, ...]], left: int = 2) -> list[str]:
    """The lines of a table; the first @left columns are flush left."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  ".join(v.ljust(w) if i < left else v.rjust(w)
                      for i, (v, w) in enumerate(zip(r, widths))).rstrip()
            for r in rows]
