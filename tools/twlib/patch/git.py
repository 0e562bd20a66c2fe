# SPDX-License-Identifier: GPL-2.0-only
"""
Patches of a series through git, in a repository of its own that holds only the
touched files.  Dates are fixed and the user's settings are left out, so that
the same tree gives the same bytes.
"""
from __future__ import annotations

import hashlib
import os
import subprocess
from email.utils import parseaddr
from pathlib import Path


class GitError(Exception):
    """git failed; the text is what it said."""


class Git:
    """A repository of touched files."""

    def __init__(self, folder: Path, author: str, date: str) -> None:
        self.folder = folder
        name, mail = parseaddr(author)
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C",
            "HOME": str(folder), "TZ": "UTC",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CEILING_DIRECTORIES": str(folder.parent),
            "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail,
            "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        self("init", "-q", "-b", "series")
        for key, value in (("core.autocrlf", "false"),
                           ("core.quotepath", "false"),
                           ("core.fileMode", "true"),
                           ("commit.gpgsign", "false"),
                           ("core.attributesFile", "/dev/null")):
            self("config", key, value)

    def __call__(self, *args: str, data: bytes | None = None) -> bytes:
        done = subprocess.run(["git", *args], cwd=self.folder, env=self.env,
                              input=data, capture_output=True, check=False)
        if done.returncode:
            raise GitError(f"git {args[0]}: " + done.stderr.decode(
                "utf-8", "replace").strip()[-400:])
        return done.stdout

    def put(self, path: str, text: bytes | None, mode: int) -> None:
        file = self.folder / path
        if text is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
        os.chmod(file, 0o755 if mode & 0o111 else 0o644)

    def commit(self, message: str) -> str:
        self("add", "-A", "-f", ".")
        self("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-",
             data=message.encode("utf-8"))
        return self("rev-parse", "HEAD").decode().strip()


def diff_part(text: bytes) -> bytes:
    """The diffs of a patch, without message and numbers."""
    at = text.find(b"\ndiff --git ")
    return text[at + 1:].strip(b"\n") if at >= 0 else b""


def prefix_hashes(diffs: list[bytes]) -> list[str]:
    """What identifies the tree after each patch, given the tree before."""
    total, result = hashlib.sha256(), []
    for diff in diffs:
        total.update(diff + b"\n")
        result.append(total.hexdigest())
    return result
