# SPDX-License-Identifier: GPL-2.0-only
"""
How a conversion's patch becomes several: which patch changes which files, and
to what text.

The plan is data: `series.ini` of the conversion, and the user's, which changes
it by section and path.  A patch brings files to one of three forms: the
converted text; the text that rules of the conversion make of it (code in the
middle of the series, removed by a later patch); or the text with a snippet
put behind a macro, which a later patch takes out.  After the last patch each
file has its converted text, byte for byte, or there is no series.

Files are the smallest piece: two patches never share the edits of a file,
unless one of them is a form in between.
"""
from __future__ import annotations

import configparser
import dataclasses
import fnmatch
import re
from pathlib import Path
from typing import Any
from .record import Change, Override, Patch, Plan, SeriesError, Step
from .rules import fold, spaced, spatch

# What spatch 1.1 calls a failure: no rule can match, so it does not look.


KEYS = {
    "series": {"subject", "text", "patches", "followed", "places", "cc"},
    "patch": {"paths", "form", "rules", "insert", "into", "after", "remove",
              "each", "prefix", "subject", "text"},
    "path": {"patch", "prefix", "subject", "text"},
    "on": {"text"},
}


def words(value: str) -> list[str]:
    return [w.strip() for w in value.split(";") if w.strip()]


def prose(value: str) -> str:
    """A text of several lines without the indentation of the key file."""
    return "\n".join(line.removeprefix("\t") for line
                     in value.strip("\n").split("\n")).strip()


def _keep_indent(text: str) -> str:
    """configparser strips continuation lines: keep what lies behind the
    first tab, for lists and quoted code."""
    return re.sub(r"(?m)^\t([ \t]+)", lambda m: "\t\ue000" + m[1].replace(
        "\t", "\ue001").replace(" ", "\ue002"), text)


def _restore(text: str) -> str:
    return text.translate({0xe000: None, 0xe001: "\t", 0xe002: " "})


def read_ini(path: Path) -> configparser.ConfigParser:
    ini = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                    comment_prefixes=("#",), strict=True)
    ini.optionxform = str       # type: ignore[assignment]
    try:
        ini.read_string(_keep_indent(path.read_text("utf-8")), str(path))
    except OSError as err:
        raise SeriesError(f"{path}: cannot be read: {err.strerror}") from err
    except (configparser.Error, UnicodeDecodeError) as err:
        raise SeriesError(f"{path}: {err}") from err
    return ini


def load(plan: Plan, path: Path) -> None:
    """Put what @path says over @plan."""
    ini = read_ini(path)
    for section in ini.sections():
        kind, _, name = section.partition(" ")
        name = name.strip()
        values = {k: _restore(v) for k, v in ini[section].items()}
        if kind == "together":
            plan.together.update(values)
            continue
        if kind not in KEYS or bool(name) == (kind == "series"):
            raise SeriesError(f"{path}: [{section}]: there is no such "
                              "section; there are [series], [patch NAME], "
                              "[path GLOB], [on FILE] and [together]")
        for key in values.keys() - KEYS[kind]:
            raise SeriesError(f"{path}: [{section}] {key}: there is no such "
                              f"key; there are "
                              f"{', '.join(sorted(KEYS[kind]))}")
        if kind == "series":
            plan.subject = values.get("subject", plan.subject)
            plan.followed = values.get("followed", plan.followed)
            plan.places = values.get("places", plan.places)
            plan.text = prose(values["text"]) if "text" in values \
                else plan.text
            if "patches" in values:
                plan.order = words(values["patches"])
            if "cc" in values:
                plan.cc = words(values["cc"])
        elif kind == "on":
            plan.on[name] = prose(values.get("text", ""))
        elif kind == "path":
            if "text" in values:
                values["text"] = prose(values["text"])
            own: dict[str, Any] = values        # read_ini() knows the keys
            plan.overrides.append(Override(name, str(path), **own))
        else:
            _load_step(plan, path, name, values)
    for name in plan.order:
        if name not in plan.steps:
            raise SeriesError(f"{path}: 'patches' names {name}, and there is "
                              f"no [patch {name}]")
    for o in plan.overrides:
        if o.patch and o.patch not in plan.order:
            raise SeriesError(f"{o.where}: [path {o.glob}] patch: there is no "
                              f"[patch {o.patch}] in the series")


def _load_step(plan: Plan, path: Path, name: str,
               values: dict[str, str]) -> None:
    step = plan.steps.get(name) or Step(name, str(path), path.parent)
    for key, value in values.items():
        if key in ("paths", "rules", "into"):
            setattr(step, key, words(value))
        elif key == "each":
            if not value.isdigit():
                raise SeriesError(f"{path}: [patch {name}] each: a number of "
                                  f"folders is wanted, not '{value}'")
            step.each = int(value)
        elif key == "text":
            step.text = prose(value)
        else:
            setattr(step, key, value.strip())
        if key in ("insert", "rules"):
            step.folder = path.parent
    if step.form not in ("converted", "rules") \
            or (step.form == "rules") != bool(step.rules):
        raise SeriesError(f"{path}: [patch {name}] form: 'converted', or "
                          "'rules' with the key 'rules'")
    if step.insert and not (step.into and step.after):
        raise SeriesError(f"{path}: [patch {name}] insert: 'into' (a file) "
                          "and 'after' (a macro) are needed")
    plan.steps[name] = step


def default_plan(summary: str) -> Plan:
    """A conversion without series.ini: one patch."""
    step = Step("all", "", Path(), subject=summary, text="")
    return Plan(summary, "", {"all": step}, ["all"])


# Which files

def matches(globs: list[str], path: str) -> bool:
    """Does @path match one of @globs and none with a ! before it?"""
    yes = [g for g in globs if not g.startswith("!")] or ["*"]
    return any(fnmatch.fnmatchcase(path, g) for g in yes) and not any(
        fnmatch.fnmatchcase(path, g[1:]) for g in globs if g.startswith("!"))


def owner(plan: Plan, path: str, depth: int) -> str:
    """The folder that @path belongs to, of @depth names."""
    if not depth:
        return ""
    for folder, other in plan.together.items():
        if path.startswith(folder + "/"):
            return other
    parts = path.split("/")
    return "/".join(parts[:min(depth, len(parts) - 1)])


# Snippets

def macro_end(text: bytes, macro: str) -> int | None:
    """Where the line after the definition of @macro begins."""
    m = re.search(rb"(?m)^[ \t]*#[ \t]*define[ \t]+"
                  + re.escape(macro.encode()) + rb"\b", text)
    if not m:
        return None
    at = m.start()
    while True:
        end = text.find(b"\n", at)
        if end < 0:
            return len(text)
        if not text[at:end].rstrip(b"\r").endswith(b"\\"):
            return end + 1
        at = end + 1


def with_snippet(text: bytes, macro: str, snippet: bytes) -> bytes | None:
    at = macro_end(text, macro)
    if at is None:
        return None
    return text[:at] + b"\n" + snippet.rstrip(b"\n") + b"\n" + text[at:]


# Rules


# The plan, carried out

def patches(plan: Plan, changes: list[Change], tree: Path,
            fill: dict[str, str]) -> list[Patch]:
    """The patches, in order; SeriesError when they would not come to the
    converted text."""
    steps = [plan.steps[n] for n in plan.order]
    by_path = {c.path: c for c in changes}
    moved = _moved(plan, by_path)
    now: dict[str, bytes | None] = {c.path: c.old for c in changes}
    done: set[str] = set()
    snippets: dict[str, tuple[str, str, bytes]] = {}
    for step in steps:
        if step.insert:
            snippets[step.name] = _snippet(step, tree, by_path)
    active: list[str] = []
    result: list[Patch] = []

    def text_of(path: str) -> bytes | None:
        text = now[path]
        for name in active:
            file, macro, snippet = snippets[name]
            if file == path and text is not None:
                text = with_snippet(text, macro, snippet)
                if text is None:
                    raise SeriesError(f"{path}: #define {macro} is not in the "
                                      "converted text")
        return text

    for file, _, _ in snippets.values():
        if file not in now:
            now[file] = (tree / file).read_bytes()
    for step in steps:
        groups: dict[str, list[str]] = {}
        if step.insert:
            active.append(step.name)
            groups[""] = [snippets[step.name][0]]
        elif step.remove:
            if step.remove not in active:
                raise SeriesError(f"{step.where}: [patch {step.name}] remove: "
                                  f"no patch before it inserts {step.remove}")
            active.remove(step.remove)
            groups[""] = [snippets[step.remove][0]]
        else:
            for path in sorted(by_path):
                if path in done and step.form == "converted":
                    continue
                if moved.get(path, step.name) == step.name \
                        if step.form == "converted" and path in moved \
                        else matches(step.paths, path):
                    groups.setdefault(owner(plan, path, step.each),
                                      []).append(path)
        for own in sorted(groups):
            before = {p: (result_text(result, p, by_path, tree))
                      for p in groups[own]}
            if not step.insert and not step.remove:
                for path in groups[own]:
                    c = by_path[path]
                    now[path] = c.new if step.form == "converted" else \
                        _by_rules(step, c, fill)
                    if step.form == "converted":
                        done.add(path)
            after = {p: text_of(p) for p in groups[own]}
            files = {p: after[p] for p in groups[own]
                     if after[p] != before[p]}
            if files:
                result.append(Patch(step, own, files))
    _check_end(result, by_path, tree, active)
    unused = _unused(result, snippets)
    if unused:
        rest = [n for n in plan.order if n not in unused
                and plan.steps[n].remove not in unused]
        return patches(dataclasses.replace(plan, order=rest), changes, tree,
                       fill)
    return result


def _unused(result: list[Patch],
            snippets: dict[str, tuple[str, str, bytes]]) -> set[str]:
    """The snippets that no other patch needs."""
    return {name for name, (_, _, snippet) in snippets.items() if not any(
        macro in (text or b"").replace(snippet.rstrip(b"\n"), b"")
        for macro in re.findall(rb"(?m)^#define (\w+)", snippet)
        for patch in result for text in patch.files.values())}


def result_text(result: list[Patch], path: str, by_path: dict[str, Change],
                tree: Path) -> bytes | None:
    """The text of @path after the patches so far."""
    for patch in reversed(result):
        if path in patch.files:
            return patch.files[path]
    if path in by_path:
        return by_path[path].old
    return (tree / path).read_bytes()


def _moved(plan: Plan, by_path: dict[str, Change]) -> dict[str, str]:
    """Which patch the user wants a path in."""
    moved: dict[str, str] = {}
    for o in plan.overrides:
        hit = [p for p in by_path if fnmatch.fnmatchcase(p, o.glob)]
        if not hit:
            raise SeriesError(f"{o.where}: [path {o.glob}]: the conversion "
                              "changes no such file in this tree")
        if o.patch:
            step = plan.steps[o.patch]
            if step.insert or step.remove or step.form != "converted":
                raise SeriesError(f"{o.where}: [path {o.glob}] patch: "
                                  f"{o.patch} does not bring files to their "
                                  "converted text")
            moved.update(dict.fromkeys(hit, o.patch))
    return moved


def _snippet(step: Step, tree: Path, by_path: dict[str, Change]
             ) -> tuple[str, str, bytes]:
    try:
        snippet = (step.folder / step.insert).read_bytes()
    except OSError as err:
        raise SeriesError(f"{step.where}: [patch {step.name}] insert: "
                          f"{step.insert}: {err.strerror}") from err
    for path in step.into:
        try:
            text = (tree / path).read_bytes()
        except OSError:
            continue
        if macro_end(text, step.after) is None:
            continue
        for name in re.findall(rb"(?m)^#define (\w+)", snippet):
            if re.search(rb"\b" + name + rb"\b", text) or any(
                    re.search(rb"\b" + name + rb"\b", c.old or b"")
                    for c in by_path.values()):
                raise SeriesError(f"{path}: the tree has {name.decode()} "
                                  f"already; name it otherwise in "
                                  f"{step.folder / step.insert}")
        return path, step.after, snippet
    raise SeriesError(f"{step.where}: [patch {step.name}] into: none of "
                      f"{', '.join(step.into)} defines {step.after} in this "
                      "tree")


def _by_rules(step: Step, change: Change, fill: dict[str, str]
              ) -> bytes | None:
    if change.new is None or not change.path.endswith((".c", ".h")):
        return change.new
    text = change.new
    for rule in step.rules:
        text = spatch(step.folder / rule, text, change.path, fill)
    return fold(spaced(text, change.new), change.new)


def _check_end(result: list[Patch], by_path: dict[str, Change], tree: Path,
               active: list[str]) -> None:
    if active:
        raise SeriesError(f"no patch removes what {active[0]} inserts")
    for path, c in by_path.items():
        if result_text(result, path, by_path, tree) != c.new:
            raise SeriesError(f"{path}: no patch of the series brings it to "
                              "its converted text; add it to the 'paths' of "
                              "one")
    for patch in result:
        for path in patch.files:
            if path not in by_path and result_text(
                    result, path, by_path, tree) != \
                    (tree / path).read_bytes():
                raise SeriesError(f"{path}: is not as it was at the end")
