# SPDX-License-Identifier: GPL-2.0-only
"""The program that runs two forms of a helper on entries: its C text, compiled
and linked for the arch of a cell."""
from __future__ import annotations

import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from . import llvmir as ir
from .unit import CLANG, PREFIX


ROOM = 4096             # bytes of a variable of the kernel
LINKER = "ld.lld-19"
EXTRACT = "llvm-extract-19"
# ELF's machine, bits, and whether the low byte is first.
EMULATORS = {
    (3, 32, True): "i386", (62, 64, True): "x86_64",
    (40, 32, True): "arm", (40, 32, False): "armeb",
    (183, 64, True): "aarch64", (183, 64, False): "aarch64_be",
    (8, 32, False): "mips", (8, 32, True): "mipsel",
    (8, 64, False): "mips64", (8, 64, True): "mips64el",
    (20, 32, False): "ppc", (21, 64, False): "ppc64",
    (21, 64, True): "ppc64le", (22, 64, False): "s390x",
    (243, 64, True): "riscv64", (243, 32, True): "riscv32",
    (43, 64, False): "sparc64", (2, 32, False): "sparc",
    (18, 32, False): "sparc32plus", (4, 32, False): "m68k",
    (258, 64, True): "loongarch64", (164, 32, True): "hexagon",
}
# What the program and this tell each other, 64 bits each.
IO = ("ask", "state", "skip", "index", "count", "size", "shift", "kinds",
      "truth", "entries", "hardware", "limit", "probe", "kind", "steps",
      "prot", "prot2", "flags", "number", "num", "first", "other", "second",
      "huge", "native", "huge_stores", "native_stores", "each_second",
      "each_prot", "each_num", "each_entry", "every")
HEAD = """
typedef unsigned long long u64;
typedef u64 fn(u64, u64, void *, unsigned long, void *, u64, unsigned long,
	       unsigned long, void *, void *, unsigned long, unsigned int);
volatile u64 tw_io[64];
u64 tw_numbers[64];
unsigned char tw_fits[64][64];
static union { u64 all[64]; unsigned char bytes[512]; } room[2]
	__attribute__((__aligned__(4096)));
static unsigned char zeros[8192] __attribute__((__aligned__(4096)));
"""
BODY = """
__attribute__((__noinline__)) void tw_stop(void)
{
	for (;;)
		tw_io[63]++;
}

__attribute__((__noreturn__)) void tw_outside(void)
{
	tw_io[IO_state] = 2;
	tw_stop();
	__builtin_unreachable();
}

static u64 page(unsigned long n)
{
	return tw_numbers[n] * (tw_io[IO_size] / tw_size_pte());
}

static u64 make(unsigned long kind, u64 pfn, u64 prot, unsigned long steps,
		unsigned long flags)
{
	return kinds[kind](pfn, 0, 0, 0, room, prot, steps, flags, 0, 0,
			   tw_io[IO_size], tw_io[IO_shift]);
}

static void put(unsigned char *at, u64 e)
{
	if (sizeof(u64) == ENTRY_SIZE)
		*(u64 *)at = e;
	else
		*(unsigned int *)at = e;
}

static u64 get(const unsigned char *at)
{
	return sizeof(u64) == ENTRY_SIZE ? *(const u64 *)at :
					   *(const unsigned int *)at;
}

/* 1: they differ, and where is noted. */
static int compare(u64 e, u64 other, u64 second, u64 prot, unsigned long num,
		   unsigned long flags)
{
	unsigned long n = tw_io[IO_entries];
	u64 r[2];

	for (int side = 0; side < 2; side++) {
		for (unsigned long i = 0; i < n; i++)
			put(room[side].bytes + i * ENTRY_SIZE, i ? other : e);
		r[side] = pairs[tw_io[IO_ask]].forms[side](e, second, zeros, 0,
			room[side].bytes, prot, num, flags, zeros, 0,
			tw_io[IO_size], tw_io[IO_shift]);
	}
	tw_io[IO_count]++;
	if (tw_io[IO_truth]) {
		r[0] = !!r[0];
		r[1] = !!r[1];
	}
	if (r[0] == r[1]) {
		unsigned long i;

		for (i = 0; i < n; i++)
			if (get(room[0].bytes + i * ENTRY_SIZE) !=
			    get(room[1].bytes + i * ENTRY_SIZE))
				break;
		if (i == n)
			return 0;
		tw_io[IO_huge_stores] = get(room[0].bytes + i * ENTRY_SIZE);
		tw_io[IO_native_stores] = get(room[1].bytes + i * ENTRY_SIZE);
	}
	tw_io[IO_first] = e;
	tw_io[IO_other] = other;
	tw_io[IO_second] = second;
	tw_io[IO_prot2] = prot;
	tw_io[IO_num] = num;
	tw_io[IO_flags] = flags;
	tw_io[IO_huge] = r[0];
	tw_io[IO_native] = r[1];
	return 1;
}

/* With each second entry, protection and number that the forms take. */
static int combine(unsigned long kind, u64 pfn, u64 prot, unsigned long steps,
		   unsigned long flags, u64 e, u64 other)
{
	unsigned long n2 = tw_io[IO_each_second] ? n_steps[kind] + 3 : 1;
	unsigned long np = tw_io[IO_each_prot] ? n_prots : 1;
	unsigned long nn = tw_io[IO_each_num] ? 2 : 1;

	for (unsigned long i = 0; i < n2; i++) {
		u64 second = !i ? e : i == 1 ? 0 : i == 2 ?
			make(kind, page(0), prot, steps, flags) :
			make(kind, pfn, prot, steps ^ 1UL << (i - 3), flags);

		for (unsigned long p = 0; p < np; p++)
			for (unsigned long k = 0; k < nn; k++)
				if (compare(e, other, second,
					    n_prots ? prots[p](0, 0, 0, 0, 0, 0,
						0, 0, 0, 0, 0, 0) : 0, k, flags))
					return 1;
	}
	return 0;
}

static int each(unsigned long kind, unsigned long number)
{
	unsigned long steps, p, hw, flags, limit = kind ? 1 : n_prots;
	u64 pfn = page(number);

	for (p = 0; p < (limit ? limit : 1); p++)
	for (flags = 0; flags < 2; flags++)
	for (steps = 0; steps >> n_steps[kind] == 0; steps++) {
		u64 prot = n_prots ? prots[p](0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
				   : 0;
		u64 e = make(kind, pfn, prot, steps, -flags);

		tw_io[IO_steps] = steps;
		tw_io[IO_prot] = p;
		/* What the processor does to others of a run. */
		for (hw = 0; ; hw = (hw - tw_io[IO_hardware]) &
				    tw_io[IO_hardware]) {
			u64 other = hw ? make(kind, pfn, prot, steps ^ hw,
					      -flags) : e;

			if (combine(kind, pfn, prot, steps, -flags, e, other))
				return 1;
			if (kind || tw_io[IO_entries] < 2 ||
			    hw == tw_io[IO_hardware])
				break;
		}
	}
	return 0;
}

/* The stack is as the loader left it: only some processors know this word. */
__attribute__((__force_align_arg_pointer__)) void _start(void)
{
	u64 index = 0;

	for (unsigned long kind = 0; kind < n_kinds; kind++)
	for (unsigned long n = 0; n < tw_io[IO_limit]; n++, index++) {
		if (!(tw_io[IO_kinds] >> kind & 1) || index < tw_io[IO_skip])
			continue;
		tw_io[IO_index] = index;
		tw_io[IO_kind] = kind;
		tw_io[IO_number] = n;
		if (tw_io[IO_probe]) {
			make(kind, page(n), n_prots ? prots[0](0, 0, 0, 0, 0, 0,
				0, 0, 0, 0, 0, 0) : 0, 0, 0);
			tw_fits[kind][n] = 1;
		} else if (tw_fits[kind][n] && each(kind, n)) {
			tw_io[IO_state] = 3;
			tw_stop();
		}
	}
	tw_io[IO_state] = 1;
	tw_stop();
}
"""


class NotRun(Exception):
    """It cannot be run; the text says why."""


def harness(pairs: list[tuple[str, str]], kinds: list[tuple[str, int]],
            prots: list[str], entry_size: int) -> str:
    """The program around the unit's code."""
    names = sorted({n for p in pairs for n in p} | {k for k, _n in kinds}
                   | set(prots))
    text = HEAD + "".join(f"#define IO_{n} {i}\n" for i, n in enumerate(IO))
    text += f"#define ENTRY_SIZE {entry_size}\n"
    text += "unsigned long tw_size_pte(void);\n"
    text += "".join(f"fn {n};\n" for n in names)

    def table(kind: str, name: str, items: list[str]) -> str:
        return f"static {kind}{name}[] = {{ {', '.join(items) or '0'} }};\n"

    text += "struct pair { fn *forms[2]; };\n"
    text += table("const struct pair ", "pairs",
                  [f"{{ {{ {a}, {b} }} }}" for a, b in pairs])
    text += table("fn *const ", "kinds", [k for k, _n in kinds])
    text += table("const unsigned int ", "n_steps",
                  [str(n) for _k, n in kinds])
    text += table("fn *const ", "prots", prots)
    text += f"enum {{ n_kinds = {len(kinds)}, n_prots = {len(prots)} }};\n"
    return text + BODY


@dataclass
class Program:
    """What can be asked of one cell."""
    work: Path
    emulator: str
    order: str              # "<" or ">"
    at: dict[str, int]      # symbols
    pairs: list[tuple[str, str]]
    kinds: list[str]        # names of the entries' kinds, in the order of bits


def _run(argv: list[str], cwd: str, what: str) -> None:
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True,
                              errors="replace", check=False, timeout=120,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise NotRun(f"{what}: {e}") from e
    if done.returncode:
        said = next((m for m in done.stderr.splitlines() if "error" in m),
                    done.stderr.strip().rpartition("\n")[2][-200:])
        raise NotRun(f"{what}: {said}")


def _header(path: Path) -> tuple[int, int, bool]:
    head = path.read_bytes()[:20]
    little = head[5] == 1
    machine, = struct.unpack("<H" if little else ">H", head[18:20])
    return machine, 64 if head[4] == 2 else 32, little


def _symbols(path: Path) -> dict[str, int]:
    """Where the program's own functions and variables are."""
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {s.name: s["st_value"] for s in table.iter_symbols()
                if s.name.startswith("tw_") and s["st_shndx"] != "SHN_UNDEF"} \
            if table else {}


def build(module: ir.Module, args: list[str], folder: str, work: Path,
          pairs: list[tuple[str, str]], kinds: list[tuple[str, str, int]],
          prots: list[str], entry_size: int, cross: str) -> Program:
    """The program: @kinds are a kind's name, its function and how many steps
    go with it."""
    work.mkdir()
    if not shutil.which(LINKER) and not cross:
        raise NotRun(f"{LINKER} is missing: apt-get install lld-19")
    code, source = work / "unit.bc", work / "asked.c"
    if not module.write(work / "all.bc"):
        raise NotRun("the unit's code cannot be written")
    out, kept = module.names_registers(PREFIX)
    pairs = [p for p in pairs if not out & set(p)]
    kinds = [k for k in kinds if k[1] not in out]
    # With the variables, whose values constants may be.
    names = module.variables()
    _run([EXTRACT, *(["--rglob=.*"] if names else []), "-o", str(code),
          *[f"--func={n}" for n in sorted(kept)], str(work / "all.bc")],
         folder, EXTRACT)
    source.write_text(harness(pairs, [(f, n) for _k, f, n in kinds], prots,
                              entry_size), encoding="utf-8")
    # The kernel's variables that no source here has: zeros.
    zeros = work / "zeros.c"
    zeros.write_text("".join(
        f"unsigned char {n}[{ROOM}] __attribute__((__aligned__(64)));\n"
        for n, defined in names.items()
        if not defined and re.fullmatch(r"[A-Za-z_]\w*", n)),
        encoding="utf-8")
    # Of the cell's flags those that make the processor and its calls.
    base = [CLANG, *[a for a in args if a.startswith(("--target", "-m"))],
            "-Wno-everything", "-ffreestanding", "-fno-stack-protector",
            "-O1", "-c", "-o"]
    _run([*base, str(work / "asked.o"), str(source)], folder,
         "the loop does not compile")
    _run([*base, str(work / "zeros.o"), str(zeros)], folder,
         "the variables do not compile")
    _run([*base, str(work / "unit.o"), str(code)], folder,
         "the code cannot be made")
    said = []
    for linker in [LINKER, *([f"{cross}ld"] if cross else [])]:
        try:
            _run([linker, "-static", "-e", "_start", "-z", "undefs",
                  "--unresolved-symbols=ignore-all", "--no-relax",
                  "--noinhibit-exec",
                  "-o", str(work / "asked"), str(work / "asked.o"),
                  str(work / "unit.o"), str(work / "zeros.o")],
                 folder, linker)
            break
        except NotRun as e:
            said.append(str(e))
    else:
        raise NotRun("; ".join(said))
    which = _header(work / "asked")
    name = EMULATORS.get(which)
    if not name:
        raise NotRun(f"no emulator is known for ELF's machine {which[0]}")
    if not shutil.which(f"qemu-{name}"):
        raise NotRun(f"qemu-{name} is missing: apt-get install qemu-user")
    try:
        at = _symbols(work / "asked")
    except ELFError as e:
        raise NotRun(f"the program cannot be read: {e}") from e
    for need in ("tw_io", "tw_stop", "tw_numbers", "tw_fits"):
        if need not in at:
            raise NotRun(f"no {need} in the program")
    return Program(work, f"qemu-{name}", "<" if which[2] else ">", at, pairs,
                   [k for k, _f, _n in kinds])
