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
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any


from .harness import IO, NotRun, Program
from .unit import OUTSIDE, PARAMS
from ..base.sandbox import BUILD, GIB, Sandbox, SandboxError

SECONDS = 60            # for one question, of the clock
START_SECONDS = 20      # until the emulator listens
NUMBERS = 24            # page numbers that are tried
FEW = 6                 # of them, when there is much else to combine
RESTARTS = 400          # behind page numbers that no entry holds
ENTRIES = 32            # of a run, as for the solver
# What a form may be given; a VMA and another page are zeros.
FORMS = {"v", "v2", "p", "prot", "num", "flags", "addr", "size", "shift",
         "vma", "other"}


DONE, LEFT = 1, 2       # states; 3: they differ
TRAP = 5                # the signal of a breakpoint, as the debugger counts


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
        found: dict[str, Any] = {
            "method": "run", "domain": f"hugetlb: {got['count']} tried"}
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
