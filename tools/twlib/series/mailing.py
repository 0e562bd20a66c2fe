# SPDX-License-Identifier: GPL-2.0-only
"""
The series as mails: git makes the patches, the tree's own scripts say who gets
them and look at their style.

git works in a repository of its own that holds the touched files only, with
fixed dates and without the user's settings, so that the same tree gives the
same bytes.  get_maintainer.pl and checkpatch.pl belong to the tree and may be
a stranger's: they run in the sandbox.
"""
from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from email.header import Header
from email.utils import formataddr, parseaddr
from pathlib import Path

from ..base.sandbox import SRC, Sandbox
from ..patch.git import Git
from .record import Change, Patch, SeriesError

SECONDS = 120


def commits(git: Git, base: list[Change], patches: list[Patch],
            messages: list[str]) -> list[str]:
    """The base and each patch as a commit; their ids, the base's first."""
    modes = {c.path: c.mode for c in base}
    for c in base:
        git.put(c.path, c.old, c.mode)
    ids = [git.commit("base\n")]
    for patch, text in zip(patches, messages):
        for path, new in patch.files.items():
            git.put(path, new, modes[path])
        ids.append(git.commit(text))
    return ids


def format_patches(git: Git, first: str, last: str, out: Path,
                   reroll: int) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    cmd = ["format-patch", "-q", "-n", "--zero-commit", "--no-signature",
           "--abbrev=12", "--stat=72", "--no-renames", "-o", str(out)]
    if reroll:
        cmd += ["-v", str(reroll)]
    git(*cmd, f"{first}..{last}")
    return sorted(out.glob("*.patch"))


def try_am(git: Git, base: str, files: list[Path], tree_id: str) -> None:
    """`git am` of the very files on a clean base must give the tree."""
    git("checkout", "-q", "-b", "try", base)
    git("am", "-q", *[str(f) for f in files])
    got = git("rev-parse", "HEAD^{tree}").decode().strip()
    if got != tree_id:
        raise SeriesError("git am of the series gives another tree than the "
                          "conversion; please report this")


def mail_date(git: Git, commit: str) -> str:
    return git("show", "-s", "--format=%aD", commit).decode().strip()


# Who gets it

@dataclass
class People:
    """Addresses of a patch, the most concerned first."""
    to: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)


def maintainers(tree: Path, paths: list[str], own: bytes | None = None
                ) -> list[tuple[str, str]] | None:
    """(address, role) by the tree's get_maintainer.pl; None: it has none.
    @own: the tree's MAINTAINERS as the series has it by then, which may say
    who looks after a file that is new."""
    if not (tree / "scripts" / "get_maintainer.pl").is_file():
        return None
    known = sorted(p for p in paths if (tree / p).exists())
    fresh = sorted(set(paths) - set(known))
    with tempfile.TemporaryDirectory(prefix="treewide-cc-") as name:
        work, over = Path(name), {}
        if own is not None:
            (work / "MAINTAINERS").write_bytes(own)
            over[f"{SRC}/MAINTAINERS"] = work / "MAINTAINERS"
        # A file that is not there is taken from the head of a patch only.
        (work / "new.patch").write_text(
            "".join(f"--- /dev/null\n+++ b/{p}\n" for p in fresh),
            encoding="utf-8", errors="surrogateescape")
        found = []
        for what in (["-f", *known] if known else [],
                     ["/treewide/data/new.patch"] if fresh else []):
            if not what:
                continue
            out = _script(tree, [
                "perl", f"{SRC}/scripts/get_maintainer.pl", "--no-git",
                "--no-git-fallback", "--roles", *what], work, over=over)
            if out is None:
                raise SeriesError(
                    f"{tree}: its get_maintainer.pl failed or took more than "
                    f"{SECONDS} s; --no-cc does without it")
            found += [(m[1].strip(), m[2]) for line in out.splitlines()
                      if (m := re.match(
                          r"(.+?) \(((?:[^()]|\([^()]*\))*)\)\s*$", line))]
    return found


def _script(tree: Path, argv: list[str], data: Path | None = None,
            ok: tuple[int, ...] = (0,),
            over: dict[str, Path] | None = None) -> str | None:
    """What a script of the tree prints; None if it did not end well.  @data:
    a folder for it; @over: files that it sees in place of the tree's."""
    box = Sandbox(tree, None, timeout=SECONDS)
    box.ro.update(over or {})
    if data:
        box.ro["/treewide/data"] = data
    cmd = box.command(argv)
    at = cmd.index("--chdir")
    cmd[at + 1] = SRC
    try:
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode not in ok:
        return None
    return done.stdout.decode("utf-8", "replace")


def choose(found: list[tuple[str, str]], most: int,
           first: str = "maintainer") -> People:
    """Of (address, role) the @most to write to: the role @first before the
    others, then who is found more often."""
    count = Counter(key(a) for a, _ in found)
    best: dict[str, tuple[int, str, bool]] = {}
    for address, role in found:
        kind = role.partition(":")[0]
        # An address without a name is no person's.
        is_list = kind.endswith("list") or not parseaddr(address)[0]
        kind = "list" if is_list else kind.replace("supporter", "maintainer")
        order = [first] + [k for k in ("maintainer", "list") if k != first]
        rank = order.index(kind) if kind in order else len(order)
        if key(address) not in best or rank < best[key(address)][0]:
            best[key(address)] = (rank, address, is_list)
    people = People()
    for n, k in enumerate(sorted(best, key=lambda k: (best[k][0], -count[k],
                                                      k))):
        (people.to if n < most else people.left).append(best[k][1])
        if best[k][2]:
            people.lists.append(best[k][1])
    return people


def key(address: str) -> str:
    return (parseaddr(address)[1] or address).lower()


def address_header(name: str, addresses: list[str]) -> str:
    """A header line, folded and encoded as mail wants it."""
    said = []
    for address in addresses:
        real, mail = parseaddr(address)
        if not mail or not re.fullmatch(r"[^\s<>@,]+@[^\s<>@,]+", mail):
            continue
        said.append(formataddr((str(Header(real, "utf-8")) if not
                                real.isascii() else real, mail)))
    return f"{name}: " + ",\n ".join(said) + "\n" if said else ""


def add_header(file: Path, header: str) -> None:
    """Put @header before the subject of the mail in @file."""
    text = file.read_bytes()
    at = text.index(b"\nSubject: ") + 1
    file.write_bytes(text[:at] + header.encode("utf-8") + text[at:])


def cover_mail(author: str, date: str, tag: str, subject: str, body: str,
               to: str) -> bytes:
    name, mail = parseaddr(author)
    sender = formataddr((str(Header(name, "utf-8")) if not name.isascii()
                         else name, mail))
    title = f"{tag} {subject}"
    text = ("From 0000000000000000000000000000000000000000 Mon Sep 17 "
            "00:00:00 2001\n"
            f"From: {sender}\nDate: {date}\n{to}"
            "Subject: " + (title if title.isascii() else Header(
                title, "utf-8").encode()) + "\n")
    if not body.isascii():
        text += ("MIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=UTF-8\n"
                 "Content-Transfer-Encoding: 8bit\n")
    body = re.sub(r"(?m)^(?=From |---$)", " ", body)
    return (text + "\n" + body.rstrip("\n") + "\n").encode("utf-8")


# Style

def style(tree: Path, git: Git, commit: str, file: Path,
          signoff: bool) -> list[str] | None:
    """What checkpatch.pl --strict says anew of a patch; None: the tree has
    no checkpatch.pl."""
    if not (tree / "scripts" / "checkpatch.pl").is_file():
        return None
    with tempfile.TemporaryDirectory(prefix="treewide-style-") as name:
        work = Path(name)
        (work / "new.patch").write_bytes(file.read_bytes())
        (work / "old.patch").write_bytes(
            git("diff", "--no-renames", commit, f"{commit}^"))
        new = _findings(tree, work, "new.patch", [] if signoff else
                        ["MISSING_SIGN_OFF"])
        old = Counter((k, where) for k, where, _ in _findings(
            tree, work, "old.patch", ["COMMIT_MESSAGE", "MISSING_SIGN_OFF"]))
    fresh = []
    for kind, where, text in new:
        if old[kind, where] > 0:
            old[kind, where] -= 1
        else:
            fresh.append(text)
    return fresh


def _findings(tree: Path, work: Path, name: str, ignore: list[str]
              ) -> list[tuple[str, str, str]]:
    """(type, file, text) of each finding."""
    cmd = ["perl", f"{SRC}/scripts/checkpatch.pl", "--strict", "--no-summary",
           "--terse", "--show-types", "--no-tree"]
    if ignore:
        cmd += ["--ignore", ",".join(ignore)]
    out = _script(tree, [*cmd, f"/treewide/data/{name}"], work, (0, 1))
    if out is None:
        raise SeriesError(f"{tree}: its checkpatch.pl failed; --no-checkpatch "
                          "does without it")
    text = (work / name).read_text("utf-8", "replace").split("\n")
    found = []
    for line in out.splitlines():
        m = re.match(r"/?\S*?:(\d+): (ERROR|WARNING|CHECK):([A-Z0-9_]+): (.*)",
                     line)
        if not m:
            continue
        number = int(m[1])
        where = next((t[6:] for t in reversed(text[:number])
                      if t.startswith("+++ b/")), "")
        found.append((m[3], where, f"{name.partition('.')[0]}:{number}: "
                      f"{m[2]}: {m[3]}: {m[4]}"))
    return found
