# SPDX-License-Identifier: GPL-2.0-only
"""Runs two forms of a helper on entries, where neither their code nor a solver
tells whether they give the same answer: the third method, and the weakest.

The unit's code, made for the cell's processor, and a loop around it become a
program without a library and without system calls.  QEMU's user emulation runs
it in the sandbox, as it is a stranger's code; it is started, stopped and read
through QEMU's debugger stub, so that nothing here depends on the processor.

The entries are all that the arch's constructors make: each kind, with every
combination of the steps and every protection, for some page numbers.  What the
kernel would patch at boot is not patched, its variables are zeros, and code that
needs more of the kernel crashes: then there is no answer.  The same answers on all
entries are no proof.
"""
from __future__ import annotations

import random
import re
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from . import llvmir as ir
from .unit import CLANG, OUTSIDE, PARAMS, PREFIX
from ..base.sandbox import BUILD, GIB, Sandbox, SandboxError

SECONDS = 60            # for one question, of the clock
START_SECONDS = 20      # until the emulator listens
NUMBERS = 24            # page numbers that are tried
FEW = 6                 # of them, when there is much else to combine
RESTARTS = 400          # behind page numbers that no entry holds
ENTRIES = 32            # of a run, as for the solver
ROOM = 4096             # bytes of a variable of the kernel
# What a form may be given; a VMA and another page are zeros.
FORMS = {"v", "v2", "p", "prot", "num", "flags", "addr", "size", "shift",
         "vma", "other"}
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
DONE, LEFT = 1, 2       # states; 3: they differ
TRAP = 5                # the signal of a breakpoint, as the debugger counts

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


# ---- the debugger's side ----

class Stub:
    """A program in the emulator, stopped where it begins."""

    def __init__(self, work: Path, emulator: str):
        self.work = work
        path = work / "gdb"
        path.unlink(missing_ok=True)
        box = Sandbox(None, work, memory=64 * GIB)
        self.proc = subprocess.Popen(
            box.command([emulator, "-g", f"{BUILD}/gdb", f"{BUILD}/asked"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError as e:
                if self.proc.poll() is not None or time.monotonic() > end:
                    said = self.end()
                    raise NotRun(f"{emulator} does not run: {said or e}"
                                   ) from e
                time.sleep(0.01)
        self.data = b""
        self.signal = 0
        self.until = time.monotonic() + SECONDS

    def end(self) -> str:
        self.socket.close()
        self.proc.kill()
        said = self.proc.communicate()[1].decode(errors="replace").strip()
        return said.splitlines()[-1] if said else ""

    def more(self) -> None:
        self.socket.settimeout(max(0.01, self.until - time.monotonic()))
        try:
            part = self.socket.recv(1 << 16)
        except OSError as e:
            raise NotRun(f"not done in {SECONDS} s") from e
        if not part:
            raise NotRun("the emulator ended")
        self.data += part

    def ask(self, what: str) -> str:
        """One packet there, one back."""
        body = what.encode()
        self.socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 255))
        while True:
            m = re.search(rb"\$([^#]*)#..", self.data)
            if m:
                self.data = self.data[m.end():]
                self.socket.sendall(b"+")
                return m[1].decode(errors="replace")
            self.more()

    def order(self, what: str) -> None:
        answer = self.ask(what)
        if answer != "OK":
            raise NotRun(f"the emulator's debugger does not take "
                           f"{what.partition(',')[0]}: {answer}")

    def read(self, address: int, size: int) -> bytes:
        out = b""
        while len(out) < size:
            n = min(1024, size - len(out))
            out += bytes.fromhex(self.ask(f"m{address + len(out):x},{n:x}"))
        return out

    def write(self, address: int, data: bytes) -> None:
        for i in range(0, len(data), 512):
            part = data[i:i + 512]
            self.order(f"M{address + i:x},{len(part):x}:{part.hex()}")


# ---- the program ----

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


def numbers() -> list[int]:
    """Page numbers, in huge pages: small ones, and some of each length."""
    r = random.Random(1)
    return [0, 1, 2, *[r.getrandbits(n) | 1 << (n - 1) for n in range(
        3, 3 + NUMBERS - 3)]]


class Runner:
    """Questions to a program."""

    def __init__(self, program: Program):
        self.p = program
        self.fits: dict[tuple[int, int], bytes] = {}
        self.number = numbers()

    def start(self, values: dict[str, int], fits: bytes) -> Stub:
        s = Stub(self.p.work, self.p.emulator)
        try:
            s.order(f"Z0,{self.p.at['tw_stop'] & ~1:x},4")
            order = self.p.order
            s.write(self.p.at["tw_numbers"], struct.pack(
                f"{order}{len(self.number)}Q", *self.number))
            s.write(self.p.at["tw_fits"], fits)
            s.write(self.p.at["tw_io"], struct.pack(
                f"{order}{len(IO)}Q", *[values.get(n, 0) for n in IO]))
            stopped = s.ask("c")
            if stopped[:1] not in "TS":
                raise NotRun(f"it ends when it is run ({stopped})")
            s.signal = int(stopped[1:3], 16)
        except NotRun:
            s.end()
            raise
        return s

    def io(self, s: Stub) -> dict[str, int]:
        raw = s.read(self.p.at["tw_io"], 8 * len(IO))
        return dict(zip(IO, struct.unpack(f"{self.p.order}{len(IO)}Q", raw)))

    def probe(self, size: int, shift: int) -> bytes:
        """Which kinds hold which page numbers."""
        known = self.fits.get((size, shift))
        if known is not None:
            return known
        skip, fits = 0, bytes(64 * 64)
        for _n in range(RESTARTS):
            s = self.start({"probe": 1, "skip": skip, "size": size,
                            "shift": shift, "limit": len(self.number),
                            "kinds": (1 << len(self.p.kinds)) - 1}, fits)
            try:
                got = self.io(s)
                fits = s.read(self.p.at["tw_fits"], len(fits))
            finally:
                s.end()
            if got["state"] == DONE:
                break
            skip = got["index"] + 1
            if s.signal != TRAP:
                # Not made by itself, whatever the number.
                fits = fits[:64 * got["kind"]] + bytes(64) + \
                    fits[64 * (got["kind"] + 1):]
                skip = (got["kind"] + 1) * len(self.number)
        else:
            raise NotRun("no page number fits")
        self.fits[(size, shift)] = fits
        return fits

    def one(self, q: Any, kinds: int, truth: bool) -> dict[str, int]:
        """A run over all entries of @kinds (bits)."""
        size, shift = q.level.size, q.level.size.bit_length() - 1
        much = bool({"v2", "prot", "num"} & q.uses) or "p" in q.uses
        hardware = sum(1 << i for i, step in enumerate(q.steps)
                       if step in q.hardware)
        s = self.start({
            "ask": self.p.pairs.index((q.huge, q.native)), "size": size,
            "shift": shift, "kinds": kinds, "truth": truth,
            "limit": FEW if much else len(self.number),
            "entries": min(q.level.entries or 1, ENTRIES)
            if "p" in q.uses else 0,
            "hardware": hardware, "each_second": "v2" in q.uses,
            "each_prot": "prot" in q.uses, "each_num": "num" in q.uses},
            self.probe(size, shift))
        try:
            if s.signal != TRAP:
                raise NotRun("it crashes when it is run by itself (signal "
                               f"{s.signal})")
            got = self.io(s)
        finally:
            s.end()
        if got["state"] == LEFT:
            raise NotRun("an entry of it cannot be made")
        return got

    def answer(self, q: Any, kinds: list[str]) -> dict[str, Any]:
        """As the solver's, for entries of @kinds, or all; {"why"} when there
        is none."""
        try:
            return self.settle(q, [k for k in self.p.kinds
                                   if not kinds or k in kinds])
        except (NotRun, SandboxError, OSError, ValueError) as e:
            return {"why": str(e)}

    def settle(self, q: Any, names: list[str]) -> dict[str, Any]:
        if q.uses - FORMS:
            raise NotRun("it wants " + ", ".join(sorted(q.uses - FORMS))
                           + ", which nobody can make up")
        if q.level.size is None:
            raise NotRun("its size is known at run time only")
        if not {"v", "v2", "p"} & q.uses:
            raise NotRun("it is asked of no entry")
        if (q.huge, q.native) not in self.p.pairs:
            raise NotRun("it names a register")
        size = q.level.size
        bits = {n: 1 << i for i, n in enumerate(self.p.kinds)}
        fits = self.probe(size, size.bit_length() - 1)
        for i, name in enumerate(self.p.kinds):
            if name in names and not any(fits[64 * i:64 * i + FEW]):
                raise NotRun(f"an entry of it ({name}) cannot be made by "
                               "itself")
        mask = sum(bits[n] for n in names)
        got = self.one(q, mask, False)
        if got["state"] == DONE and not got["count"]:
            raise NotRun("no entry of this size could be made")
        found = {"method": "run", "domain": f"hugetlb: {got['count']} tried"}
        if got["state"] == DONE:
            return {**found, "same": "yes"}
        found.update(same="no", domain="hugetlb",
                     difference=self.example(q, got))
        if q.truth:
            again = self.one(q, mask, True)
            if again["state"] == DONE:
                return {**found, "same": "truth",
                        "domain": f"hugetlb: {again['count']} tried"}
        same = [n for n in names
                if self.one(q, bits[n], q.truth)["state"] == DONE]
        return {**found, "same_for": same}

    def example(self, q: Any, got: dict[str, int]) -> dict[str, Any]:
        kind = got["kind"]
        steps = q.swap_steps if kind else q.steps

        def made(bits: int) -> str:
            return ", ".join([self.p.kinds[kind], *[
                s for i, s in enumerate(steps) if bits >> i & 1]])

        entries = []
        if "p" in q.uses:
            entries.append({"name": "entry 0", "value": hex(got["first"]),
                            "made": made(got["steps"])})
            if got["other"] != got["first"]:
                entries.append({"name": "entry 1", "value": hex(got["other"]),
                                "made": "changed by the processor"})
        if "v" in q.uses:
            entries.append({"name": "v", "value": hex(got["first"]),
                            "made": made(got["steps"])})
        if "v2" in q.uses:
            entries.append({"name": "v2", "value": hex(got["second"]),
                            "made": "like it"})
        out: dict[str, Any] = {"entries": entries, "huge": hex(got["huge"]),
                               "native": hex(got["native"])}
        if got["huge"] == got["native"]:
            out["huge_stores"] = hex(got["huge_stores"])
            out["native_stores"] = hex(got["native_stores"])
        given = {n: hex(got[k]) for n, k in (
            ("prot", "prot2"), ("num", "num"), ("flags", "flags"))
            if n in q.uses}
        if given:
            out["with"] = given
        return out


assert OUTSIDE == "tw_outside" and len(PARAMS) == 12    # as in BODY
