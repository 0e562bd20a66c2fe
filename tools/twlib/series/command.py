# SPDX-License-Identifier: GPL-2.0-only
"""
treewide series: a conversion as patches that can go to the list as they are.

Converts the tree, or takes a run of `treewide convert`, splits the patch as
the conversion's series.ini says (seriesplan.py), writes the messages and the
cover letter (seriestext.py) and makes mails of it (seriesmail.py).  The tree
is only read.  The same tree, run and options give the same bytes.

Refuses what would not be whole: a conversion that is incomplete, a plan that
does not come to the converted text, a series that `git am` does not take.
"""
from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from . import mailing, wording
from ..base.options import Parser
from ..base.say import error, error_text, out as tell, progress
from ..base.status import FATAL, FINDINGS, INCOMPLETE, INTERRUPTED, OK
from ..cells.tree import TreeError, tree_of
from ..patch.git import Git, GitError, prefix_hashes
from ..patch.patchset import PatchError
from ..base.sandbox import Sandbox, SandboxError
from .plan import patches
from .record import Change, Patch, Plan, SeriesError
from .smpl import put
from .wording import Made, load_checked
from .inputs import (Incomplete, changes_of, conversion_folder,
                     conversion_of_run, convert, is_made,
                     load_run, plan_of)

VERSION = 1
ABOUT = "about"
MAX_PATCHES = 25
MAX_CC = 32


def number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def arguments() -> Parser:
    parser = Parser(
        prog="treewide series",
        usage="treewide series CONVERSION --tree DIR -o DIR [OPTIONS]",
        description="Makes a bisectable patch series of a conversion, with a "
        "cover letter, ready for git am and git send-email.  The tree is only "
        "read.",
        epilog="Exit status: 0 the series is there; 1 it is there, and the "
        "tree's checkpatch.pl says something new of it; 2 the conversion is "
        "incomplete, and there is no series; 128 fatal; 129 usage.")
    parser.add_argument("conversion", metavar="CONVERSION", nargs="?",
                        help="its name, its folder with a / in it, or a "
                        "semantic patch (FILE.cocci); none with --rename, or "
                        "with the --run of one")
    parser.add_argument("--rename", metavar="OLD=NEW", action="append",
                        default=[],
                        help="as for 'treewide convert' (repeatable)")
    parser.add_argument("--comments", action="store_true",
                        help="as for 'treewide convert'")
    parser.add_argument("--allow-scripts", action="store_true",
                        help="as for 'treewide convert'")
    parser.add_argument("-C", dest="chdir", metavar="DIR",
                        help="change to DIR first")
    parser.add_argument("--tree", metavar="DIR", help="the kernel tree")
    parser.add_argument("-o", "--output", metavar="DIR",
                        help="where the series goes: a new folder, or one of "
                        "an earlier series, which is replaced")
    parser.add_argument("--run", metavar="DIR",
                        help="the run of a 'treewide convert' of this tree to "
                        "make it of (default: convert now)")
    parser.add_argument("--policy", metavar="NAME",
                        help="the policy to convert with")
    parser.add_argument("--scope", metavar="NAME",
                        help="the scope to convert with, for conversions that "
                        "have scopes")
    parser.add_argument("--accessors", metavar="FILE",
                        help="what 'treewide audit accessors --format json' "
                        "said of the tree, for 'treewide convert'")
    parser.add_argument("--series", metavar="FILE",
                        help="a series.ini of yours, over the conversion's: "
                        "split, subjects and texts")
    parser.add_argument("--check", metavar="RUN", action="append", default=[],
                        help="a run of 'treewide check' of the patch, or with "
                        "--each of the series: what it found is told "
                        "(repeatable)")
    parser.add_argument("--since", metavar="DIR",
                        help="an earlier series: tell what became of its "
                        "patches")
    parser.add_argument("-v", dest="reroll", metavar="N", type=number,
                        default=0, help="mark it as version N: [PATCH vN]")
    parser.add_argument("--author", metavar="'NAME <MAIL>'",
                        help="who sends it (default: git's user.name and "
                        "user.email)")
    parser.add_argument("--signoff", action="store_true",
                        help="add the author's Signed-off-by")
    parser.add_argument("--max-patches", metavar="N", type=number,
                        default=MAX_PATCHES,
                        help="more patches than N become batches, each a "
                        f"folder (default: {MAX_PATCHES})")
    parser.add_argument("--max-cc", metavar="N", type=number, default=MAX_CC,
                        help="at most N addresses a mail; the rest is listed "
                        f"(default: {MAX_CC})")
    parser.add_argument("--no-cc", action="store_true",
                        help="do not ask the tree's get_maintainer.pl")
    parser.add_argument("--no-checkpatch", action="store_true",
                        help="do not run the tree's checkpatch.pl")
    parser.add_argument("-j", "--jobs", metavar="N", type=number,
                        help="how many jobs at once, when it converts")
    return parser


# What the series is made of


# Identity and date: from the input, not from the clock

def git_says(tree: Path, *args: str) -> str:
    cmd = ["git", "-c", "core.fsmonitor=false", "-c",
           "core.hooksPath=/dev/null", "-C", str(tree), *args]
    done = subprocess.run(cmd, capture_output=True, text=True, check=False,
                          errors="replace")
    return done.stdout.strip() if done.returncode == 0 else ""


def author_of(given: str | None, tree: Path) -> str:
    author = given or "{} <{}>".format(
        os.environ.get("GIT_AUTHOR_NAME") or git_says(
            tree, "config", "user.name"),
        os.environ.get("GIT_AUTHOR_EMAIL") or git_says(
            tree, "config", "user.email"))
    name, mail = parseaddr(author)
    if not name or not re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", mail):
        if given:
            raise SeriesError(f"--author {given}: 'NAME <MAIL>' is wanted")
        raise SeriesError("there is no author: give --author 'NAME <MAIL>', "
                          "or set git's user.name and user.email")
    return f"{name} <{mail}>"


def date_of(tree: Path) -> str:
    """Of the tree, so that the same tree gives the same bytes."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not said.isdigit() and (tree / ".git").exists():
        said = git_says(tree, "log", "-1", "--format=%ct")
    if not said.isdigit():
        said = str(int((tree / "Makefile").stat().st_mtime))
    return f"@{said} +0000"


def base_commit(tree: Path, paths: list[str]) -> str:
    """The commit that the series applies to; "" when the tree is in no git,
    or a file of @paths is not as it is there."""
    if not (tree / ".git").exists():
        return ""
    if git_says(tree, "--literal-pathspecs", "status", "--porcelain",
                "--no-renames", "--", *paths):
        return ""
    said = git_says(tree, "rev-parse", "--verify", "HEAD^{commit}")
    return said if re.fullmatch(r"[0-9a-f]{40,64}", said) else ""


# An earlier series

def read_series(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / ABOUT / "series.json").read_text("utf-8"))
        if value["version"] != VERSION:
            raise ValueError(f"version {value['version']}")
        return dict(value)
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise SeriesError(f"{folder}: no series of treewide in it: "
                          f"{error_text(err)}") from err


def account(before: dict[str, Any], now: list[dict[str, Any]]) -> str:
    """What became of each patch of an earlier series, by its subject."""
    old = {p["subject"]: p for p in before["patches"]}
    lines = [f"Since the series for Linux {before['release']}:"]
    rows = []
    for p in now:
        was = old.pop(p["subject"], None)
        if was is None:
            rows.append(f"  -: -- > {p['number']}: new      {p['subject']}")
            continue
        what = "same    " if was["content"] == p["content"] else "changed "
        rows.append(f"  {was['number']}: -- > {p['number']}: {what} "
                    f"{p['subject']}")
        if was["content"] != p["content"]:
            files = sorted(f for f in {**was["files"], **p["files"]}
                           if was["files"].get(f) != p["files"].get(f))
            rows.append(f"        in {wording.listed(files, 6)}")
    rows += [f"  {p['number']}: -- > -: gone     {p['subject']}"
             for p in old.values()]
    return "\n".join([*lines, *rows])


# The series

def contents(git: Git, ids: list[str]) -> list[bytes]:
    return [git("diff", "--abbrev=12", "--no-renames", a, b).strip(b"\n")
            for a, b in zip(ids, ids[1:])]


def file_hashes(diff: bytes) -> dict[str, str]:
    """A hash for what a patch does to each file, wherever the lines are."""
    result = {}
    for part in re.split(rb"(?m)^(?=diff --git )", diff):
        m = re.search(rb"(?m)^\+\+\+ b/(.*)$", part) or re.search(
            rb"(?m)^--- a/(.*)$", part)
        if m:
            body = re.sub(rb"(?m)^(@@ .*|index .*)$", b"", part)
            result[m[1].decode("utf-8", "replace")] = hashlib.sha256(
                body).hexdigest()
    return result


def split(count: int, most: int) -> list[range]:
    """Patch numbers, from 0, in batches of nearly the same size."""
    n = -(-count // most)
    edges = [count * i // n for i in range(n + 1)]
    return [range(a, b) for a, b in zip(edges, edges[1:])]


def people_of(args: Any, tree: Path, todo: list[Patch], also: list[str]
              ) -> list[mailing.People] | None:
    """Who gets each patch, and @also whatever the tree says; None: unknown."""
    if args.no_cc:
        return None
    result = []
    own = None
    for n, patch in enumerate(todo, 1):
        own = patch.files.get("MAINTAINERS", own)
        found = mailing.maintainers(tree, sorted(patch.files), own)
        if found is None:
            progress("Cc: unknown: the tree has no scripts/get_maintainer.pl")
            return None
        found += [(a, "list") for a in also]
        result.append(mailing.choose(found, args.max_cc))
        progress(f"get_maintainer.pl: {n} of {len(todo)}")
    return result


def of_all(people: list[mailing.People], most: int) -> mailing.People:
    """Who gets the cover letter: all lists, then those who get most
    patches."""
    return mailing.choose(
        [(a, "list" if a in p.lists else "maintainer")
         for p in people for a in [*p.to, *p.left]], most, "list")


def make(args: Any, tree: Path, folder: Path, run: Path, out: Path,
         work: Path) -> dict[str, Any]:
    """The series into the empty folder @out; what series.json says."""
    made, data = load_run(run, folder, tree, args.policy or args.scope)
    since = read_series(Path(args.since)) if args.since else None
    author, date = author_of(args.author, tree), date_of(tree)
    checked = load_checked([Path(c) for c in args.check], data)
    plan = plan_of(folder, args.series)
    plan.text = "\n\n".join([plan.text] + [
        plan.on[f] for f in sorted(plan.on) if (tree / f).exists()])
    changes = changes_of(tree, data, f"{made.conversion}.patch",
                         work / "stage")
    if not changes:
        raise SeriesError("the conversion changes nothing in this tree: there "
                          "is nothing to send")
    todo = patches(plan, changes, tree, made.fill)
    wording.name_patches(plan, todo, made, tree)
    base = {c.path: c for c in changes}
    for patch in todo:
        for path in patch.files:
            if path not in base:
                at = tree / path
                base[path] = Change(path, at.read_bytes(), at.read_bytes(),
                                    at.stat().st_mode & 0o777)
    files = [base[p] for p in sorted(base)]
    (work / "draft").mkdir()
    draft = Git(work / "draft", author, date)
    diffs = contents(draft, mailing.commits(
        draft, files, todo, ["draft\n"] * len(todo)))
    hashes = prefix_hashes(diffs)
    seen: set[str] = set()
    texts = []
    for patch, sha in zip(todo, hashes):
        texts.append(wording.message(
            patch, made, checked, sha, base, patch.step.form == "converted"
            and bool(seen & set(patch.files)), author if args.signoff else "",
            plan.followed))
        if patch.step.form == "rules":
            seen |= set(patch.files)
    (work / "git").mkdir()
    git = Git(work / "git", author, date)
    ids = mailing.commits(git, files, todo, texts)
    people = people_of(args, tree, todo, plan.cc)
    mails: list[Path] = []
    entries: list[dict[str, Any]] = []
    batches = split(len(todo), args.max_patches)
    for b, batch in enumerate(batches, 1):
        where = out / f"batch-{b}" if len(batches) > 1 else out
        got = mailing.format_patches(
            git, ids[batch[0]], ids[batch[-1] + 1], where, args.reroll)
        for n, mail in zip(batch, got):
            if people:
                mailing.add_header(mail, mailing.address_header(
                    "Cc", people[n].to))
            entries.append({
                "number": n + 1, "file": str(mail.relative_to(out)),
                "subject": f"{todo[n].prefix}: {todo[n].subject}",
                "content": hashlib.sha256(json.dumps(
                    file_hashes(diffs[n]), sort_keys=True).encode()
                ).hexdigest(),
                "files": file_hashes(diffs[n]), "prefix": hashes[n],
                "cc": people[n].to if people else None,
                "cc_left": people[n].left if people else None})
        mails += got
    mailing.try_am(git, ids[0], mails, git(
        "rev-parse", f"{ids[-1]}^{{tree}}").decode().strip())
    told = account(since, entries) if since else ""
    everybody = of_all(people, args.max_cc) if people else None
    commit = base_commit(tree, sorted(base))
    for b, batch in enumerate(batches, 1):
        cover(args, plan, made, checked, todo, git, ids, batch,
              (b, len(batches)), out, author, told, everybody, hashes,
              commit)
    style = None if args.no_checkpatch else check_style(
        args, tree, git, ids, mails)
    return {
        "version": VERSION, "conversion": made.conversion,
        "release": made.release, "policy": made.policy or None,
        "patch_sha256": hashlib.sha256(data).hexdigest(),
        "patches": entries, "checkpatch": style,
        "look_at": [{"file": f, "line": n, "why": why}
                    for f, n, why in made.notes],
        "cover_cc": everybody.to if everybody else None,
        "cover_cc_left": everybody.left if everybody else None}


def cover(args: Any, plan: Plan, made: Made, checked: wording.Checked,
          todo: list[Patch], git: Git, ids: list[str],
          batch: range, numbers: tuple[int, int], out: Path, author: str,
          told: str, everybody: mailing.People | None,
          hashes: list[str], commit: str) -> None:
    first, last = ids[batch[0]], ids[batch[-1] + 1]
    stat = git("diff", "--stat=72", "--no-renames", "--summary", first,
               last).decode("utf-8", "replace")
    name = parseaddr(author)[0]
    log = f"{name} ({len(batch)}):\n" + "".join(
        f"  {todo[n].prefix}: {todo[n].subject}\n" for n in batch)
    body = wording.cover(plan, todo, made, checked, numbers, stat, log,
                            told if numbers[0] == 1 else "",
                            everybody.left if everybody else [], hashes,
                            b"// <smpl>" in git("log", "--format=%b",
                                                f"{ids[0]}..{ids[-1]}"))
    if commit and numbers[0] == 1:
        body += f"\n\nbase-commit: {commit}"
    version = f" v{args.reroll}" if args.reroll else ""
    digits = len(str(len(batch)))
    tag = f"[PATCH{version} {0:0{digits}}/{len(batch)}]"
    subject = put(plan.subject or todo[0].subject, made.fill)
    if numbers[1] > 1:
        subject += f", batch {numbers[0]} of {numbers[1]}"
    where = out / f"batch-{numbers[0]}" if numbers[1] > 1 else out
    name = f"v{args.reroll}-0000" if args.reroll else "0000"
    (where / f"{name}-cover-letter.patch").write_bytes(mailing.cover_mail(
        author, mailing.mail_date(git, ids[0]), tag, subject, body,
        mailing.address_header("Cc", everybody.to) if everybody else ""))


def check_style(args: Any, tree: Path, git: Git, ids: list[str],
                mails: list[Path]) -> list[str] | None:
    found: list[str] = []
    for n, mail in enumerate(mails):
        fresh = mailing.style(tree, git, ids[n + 1], mail, args.signoff)
        if fresh is None:
            progress("checkpatch: not run: the tree has no "
                     "scripts/checkpatch.pl")
            return None
        for text in fresh:
            found.append(f"{mail.name}: {text.partition(': ')[2]}")
        progress(f"checkpatch.pl: {n + 1} of {len(mails)}")
    return found


def place(out: Path, made: Path) -> None:
    """Put the whole series at @out, in place of an earlier one."""
    old = None
    if out.exists():
        old = out.with_name(f".{out.name}.old.{os.getpid()}")
        out.rename(old)
    try:
        made.rename(out)
    except OSError:
        if old:
            old.rename(out)
        raise
    if old:
        shutil.rmtree(old)


def check_output(out: Path) -> None:
    if out.exists() and (not out.is_dir() or (
            any(out.iterdir()) and not (out / ABOUT / "series.json")
            .is_file())):
        raise SeriesError(f"{out}: is there and no series of treewide; -o "
                          "names a new folder, or one of an earlier series")
    if not out.parent.is_dir():
        raise SeriesError(f"{out.parent}: no such folder")


def do_series(args: Any) -> int:
    own = is_made(args)
    folder = None if own else conversion_folder(args.conversion)
    tree = tree_of(args.tree)
    out = Path(args.output).absolute()
    check_output(out)
    if tree in [out, *out.parents]:
        raise SeriesError(f"{out}: is in the tree; name a folder outside")
    author_of(args.author, tree)
    Sandbox(None, None).check()
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.",
                                     dir=out.parent) as name:
        work = Path(name)
        run = Path(args.run).absolute() if args.run else work / "run"
        if not args.run:
            run.mkdir()
            convert(args, tree, run)
        elif not run.is_dir():
            raise SeriesError(f"{args.run}: no such run")
        made = work / "series"
        if folder is None:
            folder = conversion_of_run(run)
        about = make(args, tree, folder, run, made, work)
        (made / ABOUT).mkdir()
        (made / ABOUT / "series.json").write_text(
            json.dumps(about, indent=1, sort_keys=True) + "\n", "utf-8")
        place(out, made)
    tell(f"{len(about['patches'])} patches in {out}\n")
    if about["cover_cc_left"]:
        tell(f"{len(about['cover_cc_left'])} addresses are not in Cc of the "
             "cover letter, which lists them\n")
    for note in about["look_at"]:
        tell(f"look at: {note['file']}:{note['line']}: {note['why']}\n")
    for text in about["checkpatch"] or []:
        tell(f"checkpatch: {text}\n")
    return FINDINGS if about["checkpatch"] else OK


def main(argv: list[str] | None = None) -> int:
    parser = arguments()
    args = parser.parse_args(argv)
    if not args.tree or not args.output:
        parser.error("--tree and -o are needed")
    if not args.conversion and not args.rename and not args.run:
        parser.error("give a conversion, or --rename")
    if args.conversion and args.rename:
        parser.error("a conversion and --rename are two conversions")
    if args.accessors and args.run:
        parser.error("--accessors is for converting now; give it to the "
                     "convert that makes the --run")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if args.chdir:
            os.chdir(args.chdir)
        return do_series(args)
    except Incomplete as err:
        error("treewide series: error", str(err))
        return INCOMPLETE
    except (SeriesError, PatchError, GitError, TreeError, SandboxError,
            OSError) as err:
        error("treewide series: error", error_text(err))
        return FATAL
    except KeyError as err:
        error("treewide series: error",
              f"the manifest or the run lacks {err}; convert again")
        return FATAL
    except KeyboardInterrupt:
        error("treewide series", "interrupted")
        return INTERRUPTED


