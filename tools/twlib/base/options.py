# SPDX-License-Identifier: GPL-2.0-only
"""The command lines: argparse with treewide's exit status for wrong usage."""
from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from .say import printable
from .status import USAGE


class Parser(argparse.ArgumentParser):
    """A parser that ends with USAGE when the command line is wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, printable(f"{self.prog}: {message}\n"))


def jobs_value(text: str) -> int:
    """The argument of -j: at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


jobs_value.__name__ = "number of jobs"      # argparse names it in its message
