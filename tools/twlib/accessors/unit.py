# SPDX-License-Identifier: GPL-2.0-only
"""The unit that asks: each helper, each native form and each way to make an
entry as a small function of its own, on one line.

A line that the cell's headers do not take is left out, and remembered with
the compiler's message: so it is found out that a tree has no such thing.  All
functions have the same parameters, whether they need them or not, so that
their code can be compared.
"""
from __future__ import annotations

import re
import resource
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .rules import Rules

PREFIX = "tw_"
OUTSIDE = "tw_outside"
PARAMS = ("v", "v2", "vma", "addr", "p", "prot", "num", "flags", "other", "h",
          "size", "shift")
FIRST = "pte"           # the level as which hugetlb reads all others
HOLDS = "holds"         # of [limits], what is no macro
CLANG = "clang-19"
SECONDS = 120
MEMORY = 4 << 30
ROUNDS = 6

PRELUDE = """
typedef unsigned long long tw_u64;
void tw_outside(void) __attribute__((noreturn));
#define TW_PARAMS tw_u64 v, tw_u64 v2, struct vm_area_struct *vma, \\
	unsigned long addr, void *p, tw_u64 prot, unsigned long num, \\
	unsigned long flags, void *other, struct hstate *h, \\
	unsigned long size, unsigned int shift
#define TW_INT(x) __typeof__(__builtin_choose_expr( \\
	__builtin_classify_type(x) < 12, (x), __builtin_choose_expr( \\
	sizeof(x) <= sizeof(long), 0UL, 0ULL)))
#define TW_BITS(x) ({ __auto_type tw_r = (x); union { tw_u64 z; \\
	__typeof__(tw_r) r; TW_INT(tw_r) i; } tw_b = { 0 }; tw_b.r = tw_r; \\
	(tw_u64)tw_b.i; })
#define TW_MAKE(t, x) ({ union { unsigned long w; tw_u64 z; t r; } tw_b = \\
	{ 0 }; if (sizeof(t) <= sizeof(long)) tw_b.w = (x); else \\
	tw_b.z = (x); tw_b.r; })
"""


class UnitError(Exception):
    """A cell of which nothing can be compiled."""


@dataclass
class Form:
    """A function of the unit."""
    name: str               # "tw_n_12"
    call: str               # what it does, for messages
    uses: set[str]          # which parameters
    problem: str = ""       # why it could not be made


@dataclass
class Unit:
    """The text, and what is in it."""
    forms: dict[str, Form] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)  # form, text

    def add(self, form: Form, text: str) -> Form:
        self.forms[form.name] = form
        if not form.problem:
            self.lines.append((form.name, text))
        return form

    def text(self) -> str:
        return "".join(line + "\n" for _name, line in self.lines)


def _fill(text: str, level: str) -> str:
    return text.replace("{l}", level)


def _types(what: dict[str, Any], rules: Rules, level: str,
           stored: bool) -> list[str]:
    """The types of the parameters; a macro's by their names, and what is no
    name that is known is an entry, or where one is @stored."""
    entry = "{l}_t *" if stored else "{l}_t"
    names = {_fill(k, level): v for k, v in rules.names.items()}
    out = []
    for p in what.get("params", []):
        kind = p["type"]
        if not kind:
            kind = names.get(p["name"].strip("_"), entry)
        kind = re.sub(r"^const ", "", _fill(kind, level)).replace(
            "_Bool", "int")
        out.append("int" if kind in ("bool", "unsigned") else kind)
    return out


def arguments(what: dict[str, Any], rules: Rules, level: str,
              stored: bool = False) -> tuple[list[str], str]:
    """What a function or macro is called with, or why it cannot be."""
    known = {_fill(k, level): [_fill(x, level) for x in v]
             for k, v in rules.arguments.items()}
    taken: dict[str, int] = {}
    out = []
    for kind in _types(what, rules, level, stored):
        choices = known.get(kind)
        n = taken.get(kind, 0)
        if not choices or n >= len(choices):
            return [], f"nothing to give to its parameter of type '{kind}'"
        taken[kind] = n + 1
        out.append(choices[n])
    return out, ""


def _call(name: str, what: dict[str, Any], args: list[str]) -> str:
    if what["kind"] == "macro" and "params" not in what:
        # Another name for something of one argument.
        args = args or [_fill("__{l}(v)", FIRST)]
    return f"{name}({', '.join(args)})"


def used(text: str) -> set[str]:
    words = set(re.findall(r"\b\w+\b", text))
    return {p for p in PARAMS if p in words} | (
        {"h"} if "TW_HSTATE" in text else set())


def form(unit: Unit, name: str, helper: str, what: dict[str, Any],
         rules: Rules, level: str, void: bool, stored: bool = False) -> Form:
    """The helper or native form @helper at @level as a function; @stored: it
    is about an entry in a table."""
    args, problem = arguments(what, rules, level, stored)
    call = helper if problem else _call(helper, what, args)
    f = Form(name, call, used(call), problem)
    return unit.add(f, function(name, call, void))


def function(name: str, call: str, void: bool) -> str:
    body = f"{call}; return 0;" if void else f"return TW_BITS({call});"
    return f"tw_u64 {name}(TW_PARAMS) {{ {body} }}"


def head(rules: Rules) -> str:
    text = "".join(f"#if __has_include(<{i}>)\n#include <{i}>\n#endif\n"
                   for i in rules.include)
    guard = f"if (({rules.hstate}) != shift) tw_outside();" \
        if rules.hstate else ""
    return text + PRELUDE + \
        f"#define TW_HSTATE(h) ({{ {guard} h; }})\n"


def add_domain(unit: Unit, rules: Rules) -> None:
    """Sizes, protections and entries; [steps] on a bit of num each."""
    for level, (size, shift) in rules.levels.items():
        unit.add(Form(f"tw_size_{level}", size, set()),
                 f"unsigned long tw_size_{level}(void) {{ return {size}; }}")
        unit.add(Form(f"tw_shift_{level}", shift, set()),
                 f"unsigned int tw_shift_{level}(void) {{ return {shift}; }}")
        for what, rule in (("store", rules.store), ("empty", rules.empty)):
            if rule and level != FIRST:
                call = _fill(rule, level)
                unit.add(Form(f"tw_{what}_{level}", f"the {what}", used(call)),
                         function(f"tw_{what}_{level}", call, False))
    unit.add(Form("tw_entry_size", "", set()),
             "unsigned long tw_entry_size(void) { return sizeof(pte_t); }")
    unit.add(Form("tw_valid", rules.valid, set()),
             "tw_u64 tw_valid(unsigned long size) "
             f"{{ return !!({rules.valid}); }}")
    for i, (name, expr) in enumerate(rules.protections.items()):
        unit.add(Form(f"tw_prot_{i}", name, set()),
                 f"tw_u64 tw_prot_{i}(void) {{ return pgprot_val({expr}); }}")
    for group, steps in (("s", rules.steps), ("w", rules.swap_steps)):
        for i, (name, expr) in enumerate(steps.items()):
            unit.add(Form(f"tw_step_{group}{i}", name, set()),
                     f"static inline pte_t tw_step_{group}{i}"
                     f"(pte_t e) {{ return {expr}; }}")
    limits = "".join(f"\n#ifdef {k}\n\tif (pfn >= ({v})) tw_outside();\n"
                     "#endif" for k, v in rules.limits.items() if k != HOLDS)
    if HOLDS in rules.limits:
        unit.add(Form("tw_holds", "the limit of page numbers", set()),
                 "static inline int tw_holds(unsigned long pfn) { return "
                 f"{rules.limits[HOLDS]}; }}")
    unit.lines.append(("", "static inline void tw_limit(unsigned long pfn, "
                       "unsigned long size) {\n\tif (pfn & ((size / PAGE_SIZE)"
                       f" - 1)) tw_outside();{limits}\n}}"))
    for i, (name, expr) in enumerate(rules.entries.items()):
        unit.add(Form(f"tw_make_{i}", name, used(expr)),
                 f"static inline pte_t tw_make_{i}(unsigned "
                 "long pfn, tw_u64 prot, unsigned long flags, unsigned long "
                 f"size, unsigned int shift) {{ return {expr}; }}")


def close_domain(unit: Unit, rules: Rules, bad: dict[str, str]) -> str:
    """The functions that make entries of the steps that compiled.  v is the
    page number."""
    out = []
    holds = "if (!tw_holds(pfn)) tw_outside(); " if HOLDS in rules.limits \
        and "tw_holds" not in bad else ""
    for i, name in enumerate(rules.entries):
        if f"tw_make_{i}" in bad:
            continue
        group = "s" if i == 0 else "w"
        steps = "".join(
            f"if (num & {1 << k}) e = tw_step_{group}{k}(e); "
            for k in range(len(rules.steps if i == 0 else rules.swap_steps))
            if f"tw_step_{group}{k}" not in bad)
        out.append(
            f"tw_u64 tw_kind_{i}(TW_PARAMS) {{ unsigned long pfn = v; pte_t e;"
            f" {holds}tw_limit(pfn, size); e = tw_make_{i}(pfn, prot, flags, size, "
            f"shift); {steps}return TW_BITS(pte_val(e)); }}")
    return "".join(line + "\n" for line in out)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def clang(args: list[str], rules: Rules, source: Path, out: Path, build: str
          ) -> str:
    """Compile to code that is not optimised yet; the messages."""
    try:
        done = subprocess.run(
            [CLANG, *args, *rules.flags, "-Xclang", "-disable-llvm-passes",
             "-fno-caret-diagnostics", "-fno-color-diagnostics",
             "-emit-llvm", "-c", "-o", str(out), str(source)], cwd=build,
            capture_output=True, text=True, errors="replace", check=False,
            timeout=SECONDS, stdin=subprocess.DEVNULL, preexec_fn=_limit)
    except subprocess.TimeoutExpired:
        return f"{source}:1:1: error: not compiled in {SECONDS} s"
    except OSError as e:
        raise UnitError(f"{CLANG} cannot be run: {e}") from e
    if done.returncode and not re.search(r": (fatal )?error: ", done.stderr):
        return f"{source}:1:1: error: the compiler ended with " \
               f"{done.returncode}: {done.stderr[-200:].strip()}"
    return done.stderr


def compile_unit(unit: Unit, rules: Rules, args: list[str], build: str,
                 work: Path) -> Path:
    """The unit's bitcode; forms that did not compile get their problem."""
    source, out = work / "unit.c", work / "unit.bc"
    bad: dict[str, str] = {}
    for _round in range(ROUNDS):
        text, at = head(rules), {}
        for name, line in unit.lines:
            if name in bad:
                continue
            first = text.count("\n") + 1
            at.update({first + k: name
                       for k in range(line.count("\n") + 1)})
            text += line + "\n"
        first = text.count("\n") + 1
        closing = close_domain(unit, rules, bad)
        source.write_text(text + closing, encoding="utf-8")
        said = clang(args, rules, source, out, build)
        fresh, other = {}, ""
        for m in re.finditer(r"(?m)^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$",
                             said):
            name = at.get(int(m[2]), "") if m[1] == str(source) else ""
            if name and name not in fresh:
                fresh[name] = m[3]
            elif not name and not other:
                other = f"{m[1]}:{m[2]}: {m[3]}"
        if not fresh:
            if other:
                raise UnitError(other)
            for name, why in bad.items():
                unit.forms[name].problem = why
            return out
        bad.update(fresh)
    raise UnitError("its headers take none of the questions: "
                    + next(iter(bad.values())))
