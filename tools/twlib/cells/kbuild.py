# SPDX-License-Identifier: GPL-2.0-only
"""Prepares cells: runs a tree's Kconfig and the part of kbuild that generates
headers, in the sandbox, into the cache.

A prepared cell serves every tree that configures the same way, wherever it
lies: its key is made of the contents that config and generated headers come
from, and the sandbox shows every tree at one place.  Refuses a tree that was
built in place (kbuild would) and never writes to a tree.  What the config
did not take, what kbuild could not make and what Clang could not parse is
part of the result.
"""
from __future__ import annotations

import contextlib
import functools
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base import cache
from .cellfile import Cell, fragment_path
from ..base.sandbox import BIN, BUILD, ENV, SRC, TOOLCHAIN, Sandbox
from .tree import tree_groups, tree_key

# Raise when what is written into an entry changes.
FORMAT = "2"

LLVM = "-19"
CLANG = f"clang{LLVM}"

# Parsed in every cell to show that its flags work.
PROBES = ("mm/memory.c", "mm/pgtable-generic.c")

# Of a Clang that compiles for another assembler's constraints: the AST is
# whole, so they are counted apart.
ASM_ERROR = re.compile(
    r"\basm\b|inline assembly|(input|output) constraint|unknown register name"
    r"|out of range for constraint|expects an integer constant expression"
    r"|invalid use of a cast in a inline asm|constraint '")

MODES = ("read", "build")


@functools.cache
def program_version(program: str, folder: str = "") -> str | None:
    """The first line that @program --version prints; None if missing."""
    path = shutil.which(program,
                        path=folder or "/usr/bin:/bin:/usr/sbin:/sbin")
    if not path:
        return None
    out = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, check=False).stdout
    return out.splitlines()[0] if out else ""


def cell_tools(cell: Cell, mode: str) -> list[str]:
    """The programs that @cell cannot do without, compiler first."""
    if mode == "read":
        return [CLANG, f"ld.lld{LLVM}", f"llvm-ar{LLVM}", f"llvm-nm{LLVM}",
                f"llvm-objcopy{LLVM}"]
    assert cell.build
    if cell.build.llvm:
        return [cell.build.compiler, f"ld.lld{cell.build.llvm}"]
    return [cell.build.compiler, f"{cell.build.cross}ld"]


def toolchain(cell: Cell, mode: str) -> tuple[list[str], list[str]]:
    """Versions of the cell's programs, and the names of missing ones."""
    versions, missing = [], []
    chain = cell.build.toolchain if mode == "build" and cell.build else None
    folder = chain.built() if chain else None
    if chain and not folder:
        return [], [f"toolchain {chain.name}"]
    if chain:
        versions.append(f"toolchain: {chain.key()}")
    for program in [*cell_tools(cell, mode), "gcc", "make", "flex", "bison",
                    "bc", "perl"]:
        own = folder and chain and program.startswith(chain.cross)
        version = program_version(program, f"{folder}/bin" if own else "")
        if version is None:
            missing.append(program)
        else:
            versions.append(f"{program}: {version}")
    return versions, missing


def cell_packages(cell: Cell, mode: str) -> list[str]:
    """The Debian packages that @cell's programs come from."""
    base = ["make", "gcc", "flex", "bison", "bc", "perl", "libelf-dev",
            "libssl-dev"]
    if mode == "read" or (cell.build and cell.build.llvm):
        return [CLANG, f"lld{LLVM}", f"llvm{LLVM}", *base]
    assert cell.build
    return [*cell.build.packages, *base]


def cell_sandbox(cell: Cell, mode: str, tree: Path | None,
                 build: Path | None) -> Sandbox:
    """The sandbox in which kbuild runs for @cell."""
    box = Sandbox(tree, build)
    if mode == "build" and cell.build and cell.build.toolchain:
        box.ro[TOOLCHAIN] = cell.build.toolchain.folder()
        box.env["PATH"] = f"{TOOLCHAIN}/bin:{ENV['PATH']}"
    if mode == "read":
        read = cell.read
        assert read
        if read.poses == "gcc":
            box.ro[f"{BIN}/readcc"] = cache.tools_dir() / "readcc"
            box.links[f"{BIN}/readcc-ld"] = "readcc"
            box.env.update(READCC_CLANG=f"/usr/bin/{CLANG}",
                           READCC_TARGET=read.target,
                           READCC_DEFINES=" ".join(read.defines),
                           READCC_UNDEF=" ".join(read.undef))
    return box


def cell_make(cell: Cell, mode: str, jobs: int) -> list[str]:
    """The command, without targets, that makes in @cell's build folder."""
    argv = ["make", "-C", SRC, f"O={BUILD}", f"-j{jobs}",
            f"ARCH={cell.arch}", "HOSTCC=gcc", "HOSTCXX=g++", *cell.make]
    if mode == "read":
        read = cell.read
        assert read
        if read.poses == "clang":
            return [*argv, f"LLVM={LLVM}"]
        return [*argv, f"CC={BIN}/readcc", f"LD={BIN}/readcc-ld",
                *(f"{v}=llvm-{v.lower()}{LLVM}" for v in (
                    "AR", "NM", "OBJCOPY", "OBJDUMP", "READELF", "STRIP"))]
    build = cell.build
    assert build
    if build.llvm:
        return [*argv, f"LLVM={build.llvm}"]
    return [*argv, f"CROSS_COMPILE={build.cross}"]


def config_parse(text: str) -> dict[str, str]:
    """Options of a .config or fragment: "y", "m", a value, or "n"."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if m := re.match(r"# (CONFIG_\w+) is not set$", line):
            found[m[1]] = "n"
        elif m := re.match(r"(CONFIG_\w+)=(.*)$", line):
            found[m[1]] = m[2]
    return found


def config_dropped(fragment: str, config: str) -> list[str]:
    """What @fragment asks for and @config has not, as NAME=WANTED; a module
    where =y was asked for is code that is built, and counts as taken."""
    have = config_parse(config)
    return [f"{name}={want}" for name, want in config_parse(fragment).items()
            if have.get(name, "n") not in (want, "m" if want == "y" else want)]


_KEEP_ONE = re.compile(
    r"-(I|isystem|iquote|include|imacros|D|U).+|-nostdinc|-std=.*"
    r"|-f(un)?signed-char|-f(no-)?short-wchar|-fms-.*|-fshort-enums"
    r"|-f(no-)?strict-flex-arrays.*|-ffreestanding|-fgnuc-version=.*"
    r"|-O[0-9sz]?|--target=.*|-m.+")
_KEEP_TWO = ("-I", "-isystem", "-iquote", "-include", "-imacros", "-D", "-U")
_PATHS = ("-isystem", "-iquote", "-include", "-imacros", "-I")


def flags_filter(argv: list[str]) -> list[str]:
    """What of a compiler's command line says how a source reads, paths made
    absolute against the build folder."""
    def place(path: str) -> str:
        return os.path.normpath(os.path.join(BUILD, path))

    flags: list[str] = []
    args = iter(argv[1:])
    for arg in args:
        if arg.startswith("-Wp,-D") or arg.startswith("-Wp,-U"):
            arg = arg[4:]
        if arg in _KEEP_TWO:
            value = next(args, "")
            flags += ([arg, place(value)] if arg in _PATHS
                      else [arg + value])
        elif _KEEP_ONE.fullmatch(arg):
            for option in _PATHS:
                if arg.startswith(option):
                    arg = option + place(arg[len(option):])
                    break
            flags.append(arg)
    return flags


def cmd_file_argv(path: Path) -> list[str]:
    """The command line in one of kbuild's .cmd files."""
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        if m := re.match(r"(?:saved)?cmd_\S+ := (.*)$", line):
            text = m[1].replace("$(pound)", "#").replace("$$", "$")
            return shlex.split(text.split(" ; ")[0])
    raise ValueError(f"{path}: no command in it")


def _to_template(flags: list[str]) -> list[str]:
    return [f.replace(BUILD, "@BUILD@").replace(SRC, "@TREE@") for f in flags]


def flags_expand(template: str, tree: str, build: str) -> list[str]:
    """The arguments in a `flags` file for a tree and a build folder."""
    return [f.replace("@TREE@", tree).replace("@BUILD@", build)
            for f in template.splitlines() if f]


def parse_errors(output: str) -> tuple[int, list[str]]:
    """Of Clang's output: how many inline-assembly errors, and the others."""
    errors = [ln for ln in output.splitlines()
              if re.match(r"([^:]+:\d+:\d+|clang[^:]*): (fatal )?error: ", ln)]
    other = [ln for ln in errors if not ASM_ERROR.search(ln)]
    return len(errors) - len(other), other


@functools.cache
def _kconfig_names(tree: Path,
                   files: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The options that @files (with their hashes) of @tree define."""
    names: set[str] = set()
    for rel, _hash in files:
        with contextlib.suppress(OSError):
            text = (tree / rel).read_text("utf-8", "replace")
            names.update(re.findall(r"^\s*(?:menu)?config\s+(\w+)", text,
                                    re.MULTILINE))
    return frozenset(names)


def cell_absent(cell: Cell, tree: Path,
                inputs: dict[str, dict[str, str]]) -> str:
    """Why @tree has no such cell, or "": it lacks the arch, or no Kconfig that
    the arch reads has an option that the cell stands for."""
    if not (tree / "arch" / cell.srcarch).is_dir():
        return f"no arch/{cell.srcarch} in this tree"
    wanted = {o.split("=")[0].removeprefix("CONFIG_")
              for o in cell.options if not o.endswith("=n")}
    # The arch first: the other files are many, and seldom needed.
    for group in sorted(tree_groups(cell.srcarch), reverse=True):
        if wanted:
            wanted -= _kconfig_names(tree, tuple(
                (p, h) for p, h in inputs.get(group, {}).items()
                if os.path.basename(p).startswith("Kconfig")))
    return f"no CONFIG_{min(wanted)} in this tree" if wanted else ""


class Preparation:
    """One cell on its way into the cache."""

    def __init__(self, cell: Cell, mode: str, tree: Path,
                 inputs: dict[str, dict[str, str]], jobs: int,
                 progress: Callable[[str], None],
                 cached: bool = False) -> None:
        self.cell, self.mode, self.tree = cell, mode, tree
        self.cached = cached
        self.inputs, self.jobs, self.progress = inputs, jobs, progress
        self.result: dict[str, Any] = {
            "cell": cell.name, "mode": mode, "srcarch": cell.srcarch,
            "units": cell.read.units if cell.read else "",
            "state": "failed", "reason": "",
            "build": "", "flags": "", "log": "", "replay": "", "dropped": [],
            "notes": [], "errors": {}, "seconds": 0.0}

    def fail(self, state: str, reason: str) -> dict[str, Any]:
        self.result.update(state=state, reason=reason)
        return self.result

    def key(self, versions: list[str]) -> str:
        posing = (self.mode == "read" and self.cell.read
                  and self.cell.read.poses == "gcc")
        tools = ([cache.hash_file(cache.tools_dir() / "readcc")] if posing
                 else [])
        fragments = [fragment_path(f).read_text(encoding="utf-8")
                     for f in self.cell.fragments]
        return cache.hash_bytes("\0".join([
            FORMAT, self.mode, self.cell.key(self.mode), *fragments, *versions, *tools,
            tree_key(self.inputs, self.cell.srcarch)]).encode())

    def run(self) -> dict[str, Any]:
        """Prepare the cell, or find it prepared; the result for printing."""
        start = time.monotonic()
        try:
            return self._run()
        finally:
            self.result["seconds"] = round(time.monotonic() - start, 1)

    def _run(self) -> dict[str, Any]:
        cell, mode = self.cell, self.mode
        if not cell.has(mode):
            return self.fail("not built", f"{cell.name} has no [{mode}] "
                             "section in its cell file")
        versions, missing = toolchain(cell, mode)
        where = cache.cache_dir("cells")
        entry = where / f"{mode}-{self.key(versions)}"
        # What was prepared before is there; else it takes reading Kconfig.
        if missing or not (entry / cache.STAMP).exists():
            if absent := cell_absent(cell, self.tree, self.inputs):
                return self.fail("absent", absent)
        if missing and cell.build and cell.build.toolchain \
                and mode == "build" and not versions:
            return self.fail("not built", "no toolchain (make toolchains)")
        if missing:
            return self.fail(
                "not built", f"missing: {', '.join(missing)}; apt-get install "
                + " ".join(cell_packages(cell, mode)))
        with cache.locked(entry.with_suffix(".lock")):
            stamp = cache.read_stamp(entry)
            if stamp:
                self.result = {**stamp, **self._places(entry),
                               "units": self.result["units"]}
                return self.result
            if self.cached:
                return self.fail("not built", "not prepared yet")
            cache.remove(entry)
            for left in where.glob(f"{entry.name}.tmp-*"):
                cache.remove(left)
            work = where / f"{entry.name}.tmp-{os.getpid()}"
            (work / "build").mkdir(parents=True)
            failed = entry.with_suffix(".failed")
            reason = self._prepare(work, entry, failed)
            if reason:
                cache.remove(failed)
                os.rename(work, failed)
                self.result.update(log=str(failed / "log"),
                                   build=str(failed / "build"))
                return self.fail("failed", reason)
            self.result.update(state="ready")
            files = ["build/.config", "build/include/generated/autoconf.h"]
            if mode == "read":
                files.append("flags")
            cache.write_stamp(work, files, self.result)
            os.rename(work, entry)
            cache.remove(failed)
            self.result.update(self._places(entry))
            return self.result

    def _places(self, entry: Path) -> dict[str, str]:
        flags = str(entry / "flags") if self.mode == "read" else ""
        return {"build": str(entry / "build"), "flags": flags,
                "log": str(entry / "log")}

    def _prepare(self, work: Path, entry: Path, failed: Path) -> str:
        """Make everything in @work; the reason if it cannot be used."""
        cell, build, log = self.cell, work / "build", work / "log"
        box = cell_sandbox(cell, self.mode, self.tree, build)
        make = cell_make(cell, self.mode, self.jobs)
        shown = {str(work): str(failed)}

        def step(what: str, targets: list[str], go_on: bool = False) -> bool:
            self.progress(f"{cell.name}: {what}")
            argv = [*make, *(["-k"] if go_on else []), *targets]
            done = box.run(argv, log, shown=shown)
            if not done.ok:
                self.result["replay"] = done.replay
            return done.ok

        if not step("config", [cell.defconfig]):
            return f"make {cell.defconfig} failed:\n{log_tail(log)}"
        config = build / ".config"
        fragment = "".join(
            fragment_path(f).read_text(encoding="utf-8") + "\n"
            for f in cell.fragments)
        with open(config, "a", encoding="utf-8") as f:
            f.write(fragment + cell.shape)
        if not step("config with fragments", ["olddefconfig"]):
            return f"make olddefconfig failed:\n{log_tail(log)}"
        self.result["dropped"] = config_dropped(
            fragment, config.read_text(encoding="utf-8"))
        # A cell that is not what its name says proves nothing.
        if lost := config_dropped(cell.shape,
                                  config.read_text(encoding="utf-8")):
            return ("the config did not take what the cell stands for: "
                    + ", ".join(lost))
        if self.mode == "build":
            if not step("generated headers", ["prepare"]):
                return f"make prepare failed:\n{log_tail(log)}"
            return ""
        return self._prepare_read(work, step)

    def _prepare_read(self, work: Path,
                      step: Callable[..., bool]) -> str:
        build, log, notes = work / "build", work / "log", self.result["notes"]
        read = self.cell.read
        assert read
        # Not `prepare`: it builds tools for linking too, which take long.
        targets = ["prepare0"]
        makefile = self.tree / "arch" / self.cell.srcarch / "Makefile"
        if read.poses == "clang" and makefile.is_file() and re.search(
                r"^vdso_prepare:", makefile.read_text(errors="replace"),
                re.MULTILINE):
            targets.append("vdso_prepare")
        if not step("generated headers", targets, go_on=True):
            if lost := make_failures(log):
                notes.append(f"make -k {' '.join(targets)} did not make "
                             + "; ".join(lost))
        for need in ("include/generated/autoconf.h",
                     "include/generated/bounds.h",
                     f"arch/{self.cell.srcarch}/include/generated/asm"):
            if not (build / need).exists():
                return f"kbuild did not make {need}:\n{log_tail(log)}"
        if not (build / "include/generated/asm-offsets.h").exists():
            notes.append("no asm-offsets.h: headers that include it in C "
                         "are in error")
        try:
            flags = self._flags(work)
        except (OSError, ValueError) as e:
            return f"no flags for the reader: {e}"
        (work / "flags").write_text("\n".join(_to_template(flags)) + "\n",
                                    encoding="utf-8")
        self._verify(work, flags)
        return ""

    def _clang(self, work: Path, argv: list[str]) -> str:
        """Clang's messages on @argv, run in the sandbox."""
        assert self.cell.read
        box = cell_sandbox(self.cell, "read", self.tree, work / "build")
        out = work / "clang.out"
        out.unlink(missing_ok=True)
        box.run([f"/usr/bin/{CLANG}", "-fsyntax-only", *argv], out,
                timeout=300)
        text = out.read_text(encoding="utf-8", errors="replace")
        out.unlink()
        return text.split("\n", 1)[1]

    def _flags(self, work: Path) -> list[str]:
        """The arguments with which Clang reads a source of this cell."""
        build, read = work / "build", self.cell.read
        assert read
        for name in ("kernel/.bounds.s.cmd", "scripts/mod/.empty.o.cmd"):
            if (build / name).is_file():
                flags = flags_filter(cmd_file_argv(build / name))
                break
        else:
            raise ValueError("kbuild left no command line to take them from")
        flags = [f for f in flags if not f.startswith("--target=")]
        flags = [f for f in flags
                 if not f.startswith(("-DKBUILD_MODFILE", "-DKBUILD_BASENAME",
                                      "-DKBUILD_MODNAME", "-D__KBUILD_MOD"))]
        flags += ['-DKBUILD_MODFILE="treewide"', '-DKBUILD_MODNAME="treewide"',
                  '-DKBUILD_BASENAME="treewide"',
                  "-D__KBUILD_MODNAME=kmod_treewide"]
        head = [f"--target={read.target}"]
        if read.poses == "gcc":
            head += ["-fgnuc-version=12.2.0", "-U__clang__",
                     "-U__clang_major__", "-U__clang_minor__",
                     "-U__clang_patchlevel__", "-U__clang_version__"]
        head += [f"-U{name}" for name in read.undef]
        head += [f"-D{define}" for define in read.defines]
        flags = [*head, *flags, "-Wno-everything", "-ferror-limit=0"]
        probe = ["-x", "c", "/dev/null"]
        if "error:" in self._clang(work, [*flags, *probe]):
            # Some option is another compiler's: keep what Clang takes.
            base = [f for f in flags if not _machine(f)]
            for flag in (f for f in flags if _machine(f)):
                if "error:" in self._clang(
                        work, [*head, "-Wno-everything", flag, *probe]):
                    self.result["notes"].append(f"Clang does not take {flag}")
                else:
                    base.insert(len(base) - 2, flag)
            flags = base
        return flags

    def _verify(self, work: Path, flags: list[str]) -> None:
        for name in PROBES:
            if not (self.tree / name).exists():
                continue
            self.progress(f"{self.cell.name}: parsing {name}")
            asm, other = parse_errors(
                self._clang(work, [*flags, f"{SRC}/{name}"]))
            self.result["errors"][name] = {
                "asm": asm, "other": len(other), "first": other[:5]}


def _machine(flag: str) -> bool:
    return flag.startswith(("-m", "-f", "-std="))


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of @log, without the commands that we wrote there."""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([ln for ln in text if not ln.startswith("$ ")][-lines:])


def make_failures(log: Path) -> list[str]:
    """The targets that make -k gave up, from @log, without the goals that
    fail of them and without the check for system calls, which makes none."""
    text = log.read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^make.*\*\*\* \[[^\]]*: (\S+)\] Error", text, re.M)
    own = [f for f in dict.fromkeys(found)
           if f not in ("prepare0", "__sub-make")
           and not f.endswith("missing-syscalls")]
    return own
