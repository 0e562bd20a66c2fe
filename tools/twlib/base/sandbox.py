# SPDX-License-Identifier: GPL-2.0-only
"""Runs a command of a tree where it can do no harm.

Trees and patches may be a stranger's, and kbuild runs what they hold.  In
the sandbox (bubblewrap) there is no network, no home, no other process; the
tree is at /treewide/src, read-only, the build folder at /treewide/build, and
nothing else can be written but a private /tmp.  Both places are the same for
every tree, so that what is built does not depend on where the tree lies.
Without bubblewrap or user namespaces nothing runs: there is no way around.
"""
from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

SRC = "/treewide/src"
BUILD = "/treewide/build"
BIN = "/treewide/bin"
TOOLCHAIN = "/treewide/toolchain"

# What a build reads of /etc: compiler alternatives and the loader's cache.
ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "perl",
       "ssl/openssl.cnf")

ENV = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
    "KBUILD_BUILD_USER": "treewide",
    "KBUILD_BUILD_HOST": "treewide",
    "KBUILD_BUILD_TIMESTAMP": "2000-01-01",
    "KBUILD_BUILD_VERSION": "1",
}

GIB = 1 << 30
FILE_SIZE = 2 * GIB     # of any file that is written, a log too


class SandboxError(Exception):
    """The sandbox itself cannot be set up; the text says what to do."""


@dataclass
class Result:
    """How a command ended."""
    status: int             # exit status; -N for a signal
    seconds: float
    timed_out: bool
    replay: str             # the whole command, for a shell

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.timed_out


@dataclass
class Sandbox:
    """A place to run commands: which tree, which build folder, what else."""
    tree: Path | None
    build: Path | None
    env: dict[str, str] = field(default_factory=dict)
    ro: dict[str, Path] = field(default_factory=dict)   # inside -> outside
    rw: dict[str, Path] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # inside -> target
    tree_writable: bool = False     # only for a private copy of a tree
    memory: int = 6 * GIB           # address space of each process, bytes
    timeout: float = 1800           # seconds

    def command(self, argv: list[str], cwd: str = BUILD) -> list[str]:
        """The whole command line that runs @argv inside."""
        for program in ("bwrap", "prlimit"):
            if not shutil.which(program):
                raise SandboxError(
                    f"{program} is missing: apt-get install bubblewrap "
                    "util-linux (nothing of a tree runs outside a sandbox)")
        cmd = ["prlimit", f"--as={self.memory}", f"--fsize={FILE_SIZE}",
               "--core=0", "bwrap",
               "--unshare-all", "--die-with-parent", "--new-session",
               "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
               "--ro-bind", "/usr", "/usr"]
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            path = Path("/") / name
            if path.is_symlink():
                cmd += ["--symlink", os.readlink(path), str(path)]
            elif path.is_dir():
                cmd += ["--ro-bind", str(path), str(path)]
        for name in ETC:
            if os.path.exists(f"/etc/{name}"):
                cmd += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
        if self.tree:
            cmd += ["--bind" if self.tree_writable else "--ro-bind",
                    str(self.tree), SRC]
        if self.build:
            cmd += ["--bind", str(self.build), BUILD]
        for inside, outside in sorted(self.ro.items()):
            cmd += ["--ro-bind", str(outside), inside]
        for inside, outside in sorted(self.rw.items()):
            cmd += ["--bind", str(outside), inside]
        for inside, target in sorted(self.links.items()):
            cmd += ["--symlink", target, inside]
        cmd += ["--remount-ro", "/", "--clearenv"]
        for name, value in sorted({**ENV, **self.env}.items()):
            cmd += ["--setenv", name, value]
        return [*cmd, "--chdir", cwd if self.build else "/tmp", *argv]

    def run(self, argv: list[str], log: Path | None = None, *,
            cwd: str = BUILD, timeout: float | None = None,
            shown: dict[str, str] | None = None) -> Result:
        """Run @argv; output goes to the end of @log (or nowhere).  @shown
        maps paths of now to the ones that the replay command should name,
        where a folder is renamed afterwards."""
        cmd = self.command(argv, cwd)
        replay = shlex.join(cmd)
        for now, later in (shown or {}).items():
            replay = replay.replace(now, later)
        start = time.monotonic()
        timed_out = False
        out = open(log, "ab") if log else open(os.devnull, "wb")
        with out:
            if log:
                out.write(f"$ {replay}\n".encode())
                out.flush()
            proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT,
                                    start_new_session=True)
            try:
                proc.wait(self.timeout if timeout is None else timeout)
            except subprocess.TimeoutExpired:
                timed_out = True
            finally:
                if proc.poll() is None:
                    os.killpg(proc.pid, signal.SIGKILL)
                    proc.wait()
        return Result(proc.returncode, time.monotonic() - start, timed_out,
                      replay)

    def check(self) -> None:
        """Raise SandboxError when a trivial command does not run inside."""
        cmd = self.command(["true"])
        proc = subprocess.run(cmd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if proc.returncode != 0:
            raise SandboxError(
                "bubblewrap cannot set up a sandbox: "
                f"{proc.stderr.strip() or f'status {proc.returncode}'}; "
                "user namespaces must be allowed (sysctl "
                "kernel.unprivileged_userns_clone=1), or run as root")
