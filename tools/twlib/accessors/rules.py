# SPDX-License-Identifier: GPL-2.0-only
"""accessors.ini of a conversion: the part that says how helpers are called and
how entries are made.  (Which names count is the driver's part, src/accessors.)
"""
from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from typing import Any


KNOWN = {"accessors", "levels", "helpers", "expressions", "skip", "arguments",
         "names", "hstate", "protections", "entries", "steps", "swap steps",
         "asked of", "store", "hardware", "limits", "traps"}


class RulesError(Exception):
    """A file of rules that is wrong; the text says where."""


def _items(text: str) -> list[str]:
    return [i.strip() for i in text.split(";") if i.strip()]


@dataclass(frozen=True)
class Rules:
    """What accessors.ini says."""
    text: str
    include: list[str]
    flags: list[str]
    valid: str
    levels: dict[str, tuple[str, str]]      # "pmd" -> size, shift
    expressions: dict[str, str]
    arguments: dict[str, list[str]]
    names: dict[str, str]
    hstate: str
    protections: dict[str, str]
    entries: dict[str, str]
    steps: dict[str, str]
    swap_steps: dict[str, str]
    hardware: list[str]
    limits: dict[str, str]
    kinds: dict[str, list[str]]
    store: str
    empty: str
    traps: list[re.Pattern[str]]

    def asked_of(self, helper: str) -> list[str]:
        """The kinds of entries that the helper is ever given; none: all."""
        return self.kinds.get(helper, [])

    @staticmethod
    def parse(text: str, path: str) -> Rules:
        """The rules in the text of @path, as the driver read it: it has put in
        the names that the tree uses.  RulesError says what is wrong."""
        ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                        comment_prefixes=("#",))
        ini.optionxform = str  # type: ignore[assignment]
        try:
            ini.read_string(text, path)
        except configparser.Error as e:
            raise RulesError(f"{path}: {e}") from e
        for section in ini.sections():
            if section not in KNOWN:
                raise RulesError(f"{path}: unknown section [{section}]")

        def part(name: str) -> dict[str, str]:
            return dict(ini[name]) if ini.has_section(name) else {}

        levels = {}
        for name, value in part("levels").items():
            both = _items(value)
            if len(both) != 2:
                raise RulesError(f"{path}: [levels] {name}: wants a size and "
                                 "its logarithm")
            levels[name] = (both[0], both[1])
        try:
            traps = [re.compile(v) for v in part("traps").values()]
        except re.error as e:
            raise RulesError(f"{path}: [traps]: {e}") from e
        if any(t.groups != 1 for t in traps):
            raise RulesError(f"{path}: [traps]: each wants one group, the "
                             "number of the operand")
        general = part("accessors")
        return Rules(
            text, _items(general.get("include", "")),
            _items(general.get("flags", "")), general.get("valid", "1"),
            levels, part("expressions"),
            {k: _items(v) for k, v in part("arguments").items()},
            part("names"), part("hstate").get("shift", ""),
            part("protections"), part("entries"), part("steps"),
            part("swap steps"), _items(part("hardware").get("steps", "")),
            part("limits"),
            {k: _items(v) for k, v in part("asked of").items()},
            part("store").get("value", ""), part("store").get("empty", ""),
            traps)


def rules_of(asked: dict[str, Any]) -> Rules:
    """The rules in what the driver asks; RulesError says what is wrong."""
    return Rules.parse(asked["rules"],
                       f"cocci/{asked['conversion']}/accessors.ini")
