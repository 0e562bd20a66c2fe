# SPDX-License-Identifier: GPL-2.0-only
"""
A patch as data: which files it touches, their text after it, and the mounts
that show a tree with it.

The user's tree is never written to: the touched files are copied to a
directory of our own, `git apply` runs there (outside any repository), and the
result is laid over the tree with read-only bind mounts.  A bind mount can
replace a file but not add or remove one, so a folder that gains or loses an
entry is mounted as a copy of its own files.  Overlayfs would do as well, but
not on each file system that a user keeps a tree on.

A patch may be a mailbox of several that touch a file one after another, and
its lines may be off; then its hunks are those between the tree and what came
out.  Refused: binary patches, symbolic links, submodules, absolute paths,
`..`, paths through a symbolic link, fuzz.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import unidiff


class PatchError(Exception):
    """The patch cannot be used; the message names the place and the cause."""


@dataclass(frozen=True)
class FileChange:
    """One touched file; paths are relative to the tree, None: not there."""
    old: str | None
    new: str | None
    copied: str | None = None       # what an added file is a copy of

    @property
    def kind(self) -> str:
        if self.old is None:
            return "added"
        if self.new is None:
            return "deleted"
        return "modified" if self.old == self.new else "renamed"


def paths(changes: Iterable[FileChange]) -> set[str]:
    """What the files that @changes touch are called, before or after."""
    return {p for c in changes for p in (c.old, c.new) if p}


@dataclass(frozen=True)
class LineChange:
    """Lines [old, old + old_n) became [new, new + new_n), 0 based."""
    old: int
    old_n: int
    new: int
    new_n: int


@dataclass(frozen=True)
class Hunk:
    """A hunk of the patch; lines are 1 based."""
    number: int             # in the patch, from 1
    old_file: str | None
    file: str               # its name after the patch; before, if deleted
    old: int
    new: int
    removed: tuple[int, ...]
    added: tuple[int, ...]
    function: str           # what diff wrote behind @@
    lines: tuple[str, ...] = ()     # each with its " ", "+", "-"; latin-1

    @property
    def place(self) -> str:
        return f"{self.file}:{self.new or self.old}"


_REFUSED = (
    (re.compile(r"^(GIT binary patch|Binary files .* differ)"),
     "a binary patch"),
    (re.compile(r"^(new file mode|new mode|deleted file mode|old mode) 120000"
                r"|^index .* 120000"), "a patch of a symbolic link"),
    (re.compile(r"^(new file mode|deleted file mode) 160000"
                r"|^index .* 160000"), "a patch of a submodule"),
)
_DIFF_GIT = re.compile(r"^diff --git (?:a/(.*) b/(.*)$)?")


def is_code(path: str) -> bool:
    """Is the file one that a cell's compiler may read?"""
    return path.endswith((".c", ".h", ".S")) \
        and not path.startswith("Documentation/")


def is_text(path: str) -> bool:
    """Is the file one that is only read by people?"""
    return path.startswith(("Documentation/", "LICENSES/")) \
        and not path.endswith((".c", ".h")) \
        or path.endswith((".rst", ".txt", ".md")) \
        or path in ("MAINTAINERS", "CREDITS", "COPYING", ".mailmap")


def _strip(path: str, where: str) -> str | None:
    """The path of a header line without its first part (as -p1)."""
    if path == "/dev/null":
        return None
    if path.startswith('"'):
        raise PatchError(f"{where}: the quoted path {path} is not supported; "
                         "rename the file")
    if path.startswith("/"):
        raise PatchError(f"{where}: {path} is an absolute path; paths must "
                         "be relative to the tree, as git diff writes them")
    head, sep, rest = path.partition("/")
    if not sep or not rest:
        raise PatchError(f"{where}: {path} has no leading folder to strip; "
                         "make the patch with a/ and b/ prefixes (-p1)")
    return _safe(rest, where)


def _safe(path: str, where: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        raise PatchError(f"{where}: {path} leads out of the tree; refused")
    if "" in parts or "." in parts or ".git" in parts:
        raise PatchError(f"{where}: {path} is not a plain path; refused")
    return path


def _scan(lines: list[str], name: str) -> list[FileChange]:
    """Renames, modes and paths: what stands between the hunks."""
    changes: list[FileChange] = []
    cur: dict[str, str | None] = {}
    started = False
    left_old = left_new = 0

    def flush(where: str) -> None:
        nonlocal cur, started
        if started:
            if "old" not in cur or "new" not in cur:
                raise PatchError(f"{where}: a file header is not complete")
            if cur["old"] is None and cur["new"] is None:
                raise PatchError(f"{where}: /dev/null on both sides")
            changes.append(FileChange(cur["old"], cur["new"],
                                      cur.get("copied")))
        cur, started = {}, False

    hunk_at = 0
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        if not line and number == len(lines):
            break               # what follows the last newline is no line
        if left_old > 0 or left_new > 0:
            if line.startswith("\\"):
                continue
            mark = line[:1]
            left_old -= mark != "+"
            left_new -= mark != "-"
            continue
        line = line.rstrip("\r\n")
        for pattern, what in _REFUSED:
            if pattern.match(line):
                raise PatchError(f"{where}: {what} is not supported; "
                                 "leave that file out")
        git = _DIFF_GIT.match(line)
        if git:
            flush(where)
            started = True
            if git[1] and git[1] == git[2]:
                path = _safe(git[1], where)
                cur = {"old": path, "new": path}
        elif line.startswith("new file mode"):
            cur["old"] = None
        elif line.startswith("deleted file mode"):
            cur["new"] = None
        elif line.startswith(("rename from ", "copy from ")):
            cur["old"] = _safe(line.split(" from ", 1)[1], where)
            if line.startswith("copy"):
                cur["copied"], cur["old"] = cur["old"], None
        elif line.startswith(("rename to ", "copy to ")):
            cur["new"] = _safe(line.split(" to ", 1)[1], where)
        elif (line.startswith("--- ") and number < len(lines)
              and lines[number].startswith("+++ ")):
            old = _strip(line[4:].split("\t")[0].rstrip(), where)
            new = _strip(lines[number][4:].rstrip("\r\n").split("\t")[0]
                         .rstrip(), f"{name}:{number + 1}")
            if started and "hunks" in cur:
                flush(where)
            started = True
            if not ("old" in cur and cur["old"] is None and old is not None):
                cur["old"] = old
            cur["new"] = new
        else:
            hunk = unidiff.constants.RE_HUNK_HEADER.match(line)
            if hunk and started:
                cur["hunks"] = ""
                left_old = int(hunk[2] or 1) if hunk[2] != "0" else 0
                left_new = int(hunk[4] or 1) if hunk[4] != "0" else 0
                hunk_at = number
    if left_old > 0 or left_new > 0:
        raise PatchError(f"{name}:{len(lines)}: the patch ends within the hunk "
                         f"of line {hunk_at}: it was cut off, or the hunk's "
                         "counts are wrong")
    flush(f"{name}:{len(lines)}")
    return changes


def _unidiff(lines: list[str]) -> unidiff.PatchSet:
    """@lines parsed.  Unidiff takes two new files in a row for one unless
    git's header stands between them."""
    text: list[str] = []
    for n, line in enumerate(lines):
        if line.rstrip() == "--- /dev/null" \
                and "".join(lines[n + 1:n + 2]).startswith("+++ "):
            path = lines[n + 1][4:].rstrip().partition("/")[2]
            text.append(f"diff --git a/{path} b/{path}\n")
        text.append(line + "\n")
    if text:
        text[-1] = text[-1][:-1]
    return unidiff.PatchSet(text)


def unmailed(data: bytes) -> bytes:
    """A patch without the carriage returns that a mailer gave each line, as
    git am reads it.  git itself never ends a header so."""
    every = data.count(b"\n")
    return data.replace(b"\r\n", b"\n") \
        if every and data.count(b"\r\n") == every else data


def parse(data: bytes, name: str, once: bool = True) -> list[FileChange]:
    """The files that the patch @data touches; @name is for messages.  Unless
    @once, patches in a row may touch the same file: what comes out is what
    they do together."""
    text = data.decode("latin-1")
    lines = text.split("\n")
    changes = _scan(lines, name)
    try:
        _unidiff(lines)
    except unidiff.UnidiffParseError as err:
        raise PatchError(f"{name}: not a whole unified diff: {err}") from err
    if not once:
        changes = _together(changes, name)
    seen: set[str] = set()
    for change in changes:
        for path in paths([change]):
            if path in seen:
                raise PatchError(f"{name}: {path} is touched twice; give one "
                                 "diff between two trees, not a series")
            seen.add(path)
    if not changes and data.strip():
        raise PatchError(f"{name}: no diff in it; a unified diff with a/ and "
                         "b/ prefixes is expected")
    return changes


def _together(changes: list[FileChange], name: str) -> list[FileChange]:
    """What patches in a row do to each file."""
    now: dict[str, str | None] = {}     # a file's name -> its first name
    gone: list[str] = []
    for c in changes:
        if c.old is not None and c.old in gone:
            raise PatchError(f"{name}: {c.old} is patched after it was "
                             "removed")
        first = now.pop(c.old, c.old) if c.old is not None else None
        if c.new is None:
            gone += [first] if first else []
            continue
        if c.new in now:
            raise PatchError(f"{name}: {c.new} is created twice")
        if first is None and c.new in gone:
            gone.remove(c.new)
            first = c.new
        now[c.new] = first
    copies = {c.new: c.copied for c in changes if c.copied}
    return [FileChange(first, new, None if first else copies.get(new))
            for new, first in now.items()] + [
        FileChange(path, None) for path in gone]


def hunks(data: bytes, changes: list[FileChange]) -> list[Hunk]:
    """The hunks of a patch that parse() took."""
    lines = data.decode("latin-1").split("\n")
    by_name = {name: c for c in changes for name in (c.old, c.new) if name}
    result: list[Hunk] = []
    for file in _unidiff(lines):
        for name in (file.target_file, file.source_file):
            name = name.split("\t")[0].rstrip().partition("/")[2]
            change = by_name.get(name)
            if change:
                break
        else:
            continue        # a rename alone
        for h in file:
            result.append(Hunk(
                len(result) + 1, change.old,
                change.new or change.old or "", h.source_start,
                h.target_start if change.new else 0,
                tuple(x.source_line_no for x in h if x.is_removed),
                tuple(x.target_line_no for x in h if x.is_added),
                h.section_header.strip(),
                tuple(str(x).removesuffix("\n") for x in h)))
    return result


CONTEXT = 3


def hunks_between(tree: Path, stage: Path,
                  changes: list[FileChange]) -> list[Hunk]:
    """The hunks between the tree and what a patch made of it: for patches
    whose own numbers are not those of the tree."""
    result: list[Hunk] = []
    for change in changes:
        old = tree / change.old if change.old else Path("/dev/null")
        new = stage / change.new if change.new else Path("/dev/null")
        texts = [p.read_bytes().decode("latin-1").split("\n")
                 for p in (old, new)]
        ends = [len(t) - (not t[-1]) for t in texts]
        found = line_changes(old, new)
        while found:
            some = [found.pop(0)]
            while found and found[0].old - some[-1].old - some[-1].old_n \
                    <= 2 * CONTEXT:
                some.append(found.pop(0))
            start = max(some[0].old - CONTEXT, 0)
            end = min(some[-1].old + some[-1].old_n + CONTEXT, ends[0])
            lines: list[str] = []
            at = start
            for c in some:
                lines += [" " + t for t in texts[0][at:c.old]]
                at = c.old + c.old_n
                lines += ["-" + t for t in texts[0][c.old:at]]
                lines += ["+" + t for t in texts[1][c.new:c.new + c.new_n]]
            lines += [" " + t for t in texts[0][at:end]]
            head = next((t for t in texts[0][start - 1::-1]
                         if re.match(r"[A-Za-z_$]", t)), "") if start else ""
            result.append(Hunk(
                len(result) + 1, change.old, change.new or change.old or "",
                start + 1 if change.old else 0,
                some[0].new - (some[0].old - start) + 1 if change.new else 0,
                tuple(n + 1 for c in some
                      for n in range(c.old, c.old + c.old_n)),
                tuple(n + 1 for c in some
                      for n in range(c.new, c.new + c.new_n)),
                head[:80].strip(), tuple(lines)))
    return result


def _no_links(tree: Path, path: str, name: str) -> None:
    here = tree
    for part in path.split("/"):
        here = here / part
        if here.is_symlink():
            raise PatchError(f"{name}: {path} goes through the symbolic link "
                             f"{here}; patch the file it points to")


def apply_to(tree: Path, data: bytes, name: str,
             changes: list[FileChange], stage: Path) -> bool:
    """
    Fill the empty directory @stage with the touched files as they are after
    the patch.  The tree is only read.  True when all hunks were where the
    patch says.
    """
    stage.mkdir(parents=True)
    for change in changes:
        for path in paths([change]) | {change.copied or ""} - {""}:
            _no_links(tree, path, name)
        if change.new is not None and change.old != change.new \
                and (tree / change.new).exists():
            raise PatchError(f"{name}: {change.new} is to be created, but "
                             f"{tree / change.new} is there already")
        first = change.old or change.copied
        if first is None:
            continue
        source = tree / first
        if not source.is_file():
            raise PatchError(f"{name}: {first}: no such file in {tree}")
        target = stage / first
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        os.chmod(target, 0o755 if os.access(source, os.X_OK) else 0o644)
    if not changes:
        return True
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C",
           "GIT_CEILING_DIRECTORIES": str(stage.resolve().parent),
           "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

    def git_apply(*args: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "apply", "-p1", "--whitespace=nowarn", *args, "-"],
            cwd=stage, input=data, env=env, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    done = git_apply("--verbose")
    if done.returncode:
        hint = "make the patch against this tree"
        if not git_apply("--check", "--reverse").returncode:
            hint = "the tree has the patch already; check it on a tree " \
                "without it, such as `git worktree add DIR BASE` makes"
        elif not git_apply("--check", "--ignore-whitespace").returncode:
            hint = "it would but for white space, which a mailer may have " \
                "changed"
        elif not git_apply("--check", "--unidiff-zero").returncode:
            hint = "a diff without context (-U0) is not taken"
        lines = [line.removeprefix("error: ") for line in
                 done.stderr.decode("utf-8", "replace").splitlines()
                 if line.startswith("error: ")]
        places = [line.removeprefix("patch failed: ") for line in lines
                  if line.startswith("patch failed: ")]
        if places:
            raise PatchError(
                f"{', '.join(places)}: the hunk does not apply to {tree}"
                f"{_hunk_places(data, name, changes, places)}; {hint}")
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = "; ".join(lines) or (
            f"git apply was ended by signal {-done.returncode}"
            if done.returncode < 0 else
            f"git apply ended with {done.returncode}: "
            f"{said[-1] if said else 'no word why'}")
        raise PatchError(f"{name}: does not apply to {tree}: {why}; {hint}")
    for change in changes:
        if change.new is not None and not (stage / change.new).is_file():
            raise PatchError(f"{name}: {change.new} did not come out of it")
        if change.old is not None and change.old != change.new \
                and (stage / change.old).exists():
            raise PatchError(f"{name}: {change.old} was not removed by it")
    return b"(offset " not in done.stderr


def _hunk_places(data: bytes, name: str, changes: list[FileChange],
                 places: list[str]) -> str:
    """Where in the patch the hunks for @places (FILE:LINE) stand."""
    heads = [n for n, line in enumerate(data.split(b"\n"), 1)
             if line.startswith(b"@@ ")]
    found = hunks(data, changes)
    if len(heads) != len(found):
        return ""           # a text of the patch looks like a head
    said = [f"{name}:{head}" for head, h in zip(heads, found)
            if f"{h.old_file}:{h.old}" in places]
    return f" (hunk at {', '.join(said)})" if said else ""


_DIFF_LINE = re.compile(rb"^(\d+)(?:,(\d+))?([acd])(\d+)(?:,(\d+))?$")


def line_changes(before: Path, after: Path) -> list[LineChange]:
    """What diff(1) says changed between two files, in order."""
    done = subprocess.run(["diff", "--text", "--", str(before), str(after)],
                          stdout=subprocess.PIPE, check=False,
                          env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                               "LC_ALL": "C"})
    if done.returncode > 1:
        raise PatchError(f"{before}: cannot be compared with {after}")
    result = []
    for line in done.stdout.split(b"\n"):
        m = _DIFF_LINE.match(line)
        if not m:
            continue
        o1, n1 = int(m[1]), int(m[4])
        o2, n2 = int(m[2] or o1), int(m[5] or n1)
        if m[3] == b"a":
            result.append(LineChange(o1, 0, n1 - 1, n2 - n1 + 1))
        elif m[3] == b"d":
            result.append(LineChange(o1 - 1, o2 - o1 + 1, n1, 0))
        else:
            result.append(LineChange(o1 - 1, o2 - o1 + 1,
                                     n1 - 1, n2 - n1 + 1))
    return result


