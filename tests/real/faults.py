#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Writes patches by hand against a real kernel tree: faults that `treewide
check` must name, and patches from elsewhere that it must take.

    tests/real/faults.py TREE OUT [NAME...]

Each is a small edit whose place is found by a pattern, not by a line, so that
the patches fit any release whose code still looks so.  No kernel source is
kept here but the words of the patterns.  A pattern that is not there is an
error that names it: then the patch wants another place.
"""
from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Maker:
    """Diffs against one tree."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def read(self, path: str) -> str:
        return (self.tree / path).read_bytes().decode("latin-1")

    def sub(self, path: str, pattern: str, new: str) -> str:
        """@path's text with the first match of @pattern replaced."""
        text, count = re.subn(pattern, new, self.read(path), count=1,
                              flags=re.MULTILINE)
        if not count:
            raise SystemExit(f"{self.tree / path}: nothing like {pattern!r}")
        return text

    def diff(self, path: str, text: str | None, to: str = "",
             context: int = 3) -> str:
        """A diff that makes @path @text (None: removes it), or renames it."""
        there = (self.tree / path).exists()
        old, new = self.read(path) if there else "", text or ""
        to = to or path
        head = f"diff --git a/{path} b/{to}\n"
        if not there:
            head += "new file mode 100644\n"
        if text is None:
            head += "deleted file mode 100644\n"
        if to != path:
            head += f"rename from {path}\nrename to {to}\n"
        return head + "".join(difflib.unified_diff(
            old.splitlines(True), new.splitlines(True),
            f"a/{path}" if there else "/dev/null",
            f"b/{to}" if text is not None else "/dev/null", n=context))

    def edit(self, path: str, pattern: str, new: str, **more: Any) -> str:
        return self.diff(path, self.sub(path, pattern, new), **more)


# Faults

def type_8xx(m: Maker) -> str:
    """Generic code that reads an entry as one word: on 8xx with pages of
    16k it is four."""
    return m.edit("mm/mincore.c", r"\bptep_get\(ptep\)", "READ_ONCE(*ptep)")


def header_8xx(m: Maker) -> str:
    """A type error in a header that only 8xx reads."""
    return m.edit("arch/powerpc/include/asm/nohash/32/pte-8xx.h",
                  r"^\t\treturn SZ_8M;", "\t\treturn pmd;")


def sparse(m: Maker) -> str:
    """User memory is read as if it were the kernel's."""
    return m.edit("mm/mincore.c", r"^\tif \(!access_ok\(vec, pages\)\)",
                  "\tif (*vec == 3 && !access_ok(vec, pages))")


def config(m: Maker) -> str:
    """A line in an #if arm, and one in a file, that need other configs."""
    arm = r"(#if defined\(CONFIG_GUP_GET_PXX_LOW_HIGH\) && \\\n.*\n)"
    return m.edit("kernel/kcsan/core.c", r"^(#include .*\n)",
                  r"int treewide_kcsan;\n\1") \
        + m.edit("mm/pgtable-generic.c", arm, r"\1int treewide_arm;\n")


def off_by_one(m: Maker) -> str:
    """One entry of each new table of s390 is left as it was."""
    return m.edit("arch/s390/include/asm/pgalloc.h",
                  r"(memset64\(.*), _CRST_ENTRIES\)",
                  r"\1, _CRST_ENTRIES - 1)")


def no_apply(m: Maker) -> str:
    """A line of the context is not what it is in the tree."""
    return sparse(m).replace("\n  *", "\n  * Other words:", 1).replace(
        "\n \n", "\n /* no such line */\n", 1)


def header_user(m: Maker) -> str:
    """A field is renamed in the header, and not where it is used."""
    return m.edit("include/linux/pagewalk.h", r"\(\*pte_hole\)",
                  "(*pte_holes)")


# From elsewhere

def drivers(m: Maker) -> str:
    return m.edit("drivers/base/core.c", r"^(#include <linux/acpi.h>\n)",
                  r"\1/* nothing */\n")


def kernel(m: Maker) -> str:
    return m.edit("kernel/fork.c", r"^int nr_threads;", "int (nr_threads);")


def mix(m: Maker) -> str:
    """A Makefile, a Kconfig, a new file, a deletion and a rename."""
    makefile = m.sub("mm/Makefile", r"\bmincore\.o\b", "incore.o")
    makefile, count = re.subn(
        r"^obj-\$\(CONFIG_MEMTEST\).*$",
        "obj-$(CONFIG_TREEWIDE_TRY)\t+= treewide_try.o", makefile,
        flags=re.MULTILINE)
    assert count
    return m.diff("mm/Makefile", makefile) + m.edit(
        "mm/Kconfig", r'^(menu "Memory.*\n)',
        r"\1\nconfig TREEWIDE_TRY\n\tdef_bool y\n") + m.diff(
        "mm/treewide_try.c", "// SPDX-License-Identifier: GPL-2.0\n"
        "#include <linux/mm.h>\n\nint treewide_try(struct mm_struct *mm);\n"
        "int treewide_try(struct mm_struct *mm)\n{\n"
        "\treturn mm->map_count;\n}\n") \
        + m.diff("mm/memtest.c", None) \
        + m.edit("mm/mincore.c", r"access_ok\(vec, pages\)",
                 "access_ok(vec, (pages))", to="mm/incore.c")


def two_functions(m: Maker) -> str:
    """Two hunks of one object: only one changes code."""
    text = m.sub("mm/mincore.c", r"(pages = len >> PAGE_SHIFT);",
                 r"\1 + 1;")
    text, count = re.subn(r"^(\treturn present);", r"\1 + 0;", text, count=1,
                          flags=re.MULTILINE)
    assert count
    return m.diff("mm/mincore.c", text)


def crlf(m: Maker) -> str:
    """As a mailer made it."""
    return kernel(m).replace("\n", "\r\n")


def mode(m: Maker) -> str:
    return "diff --git a/mm/mincore.c b/mm/mincore.c\n" \
        "old mode 100644\nnew mode 100755\n"


def binary(m: Maker) -> str:
    return "diff --git a/mm/x.bin b/mm/x.bin\nnew file mode 100644\n" \
        "index 000000000000..1234567890ab\nBinary files /dev/null and " \
        "b/mm/x.bin differ\n"


def empty(m: Maker) -> str:
    return ""


def mail(m: Maker) -> str:
    """A mail with its head and signature."""
    return "From 1234567890123456789012345678901234567890 Mon Sep 17 " \
        "00:00:00 2001\nFrom: A <a@example.org>\nDate: Mon, 1 Jan 2024 " \
        "00:00:00 +0000\nSubject: [PATCH] fork: parentheses\n\nWhy.\n---\n" \
        " kernel/fork.c | 2 +-\n 1 file changed\n\n" + kernel(m) \
        + "-- \n2.39.5\n\n"


def mbox(m: Maker) -> str:
    """A cover letter and two mails."""
    def head(subject: str) -> str:
        return "From 1234567890123456789012345678901234567890 Mon Sep 17 " \
            "00:00:00 2001\nFrom: A <a@example.org>\nSubject: " \
            f"{subject}\n\nWords.\n"
    return head("[PATCH 0/2] cover") + "\n A (2):\n  one\n  two\n\n" \
        " kernel/fork.c | 2 +-\n\n-- \n2.39.5\n\n" \
        + head("[PATCH 1/2] one") + "---\n" + kernel(m) + "-- \n2.39.5\n\n" \
        + head("[PATCH 2/2] two") + "---\n" + drivers(m) + "-- \n2.39.5\n\n"


def mbox_twice(m: Maker) -> str:
    """Two mails that touch one file."""
    third = kernel(m).replace("-int nr", "-int (nr)").replace(
        "-int (nr)_threads", "-int (nr_threads)").replace(
        "+int (nr_threads)", "+int ((nr_threads))")
    return mbox(m) + "From 1234567890123456789012345678901234567890 Mon " \
        "Sep 17 00:00:00 2001\nSubject: three\n\n---\n" + third


def outside(m: Maker) -> str:
    return "--- a/../etc/x\n+++ b/../etc/x\n@@ -1 +1 @@\n-a\n+b\n"


def texts(m: Maker) -> str:
    return m.diff("Documentation/treewide.rst", "A\n=\n")


def scripts(m: Maker) -> str:
    """A host program."""
    return m.edit("scripts/kallsyms.c", r"^(#include <stdio.h>\n)",
                  r"\1/* nothing */\n")


def assembly(m: Maker) -> str:
    return m.edit("arch/arm64/lib/memset.S", r"^(#include <linux.*\n)",
                  r"\1/* nothing */\n")


def dts(m: Maker) -> str:
    name = sorted((m.tree / "arch/arm64/boot/dts/arm").glob("*.dts"))[0]
    return m.edit(str(name.relative_to(m.tree)), r"\Z", "/* nothing */\n")


def bounds(m: Maker) -> str:
    """A source that a generated header is made of."""
    return m.edit("kernel/bounds.c", r"\bDEFINE\(NR_PAGEFLAGS, (\w+)\)",
                  r"DEFINE(NR_PAGEFLAGS, \1 + 1)")


def syscalls(m: Maker) -> str:
    """A table that headers are generated from."""
    return m.edit("arch/s390/kernel/syscalls/syscall.tbl", r"\Z",
                  "# nothing\n")


def uapi(m: Maker) -> str:
    return m.edit("include/uapi/linux/mman.h",
                  r"^(#define MAP_SHARED)\s.*$", r"\1 (0x01)")


def kconfig_only(m: Maker) -> str:
    return m.edit("mm/Kconfig", r'^(menu "Memory.*\n)',
                  r"\1\nconfig TREEWIDE_TRY\n\tbool\n")


def makefile_flags(m: Maker) -> str:
    """Other flags for one object, and no source is touched."""
    return m.edit("mm/Makefile", r"\A((?:#.*\n)+)",
                  r"\1CFLAGS_mincore.o += -O1\n")


def makefile_drop(m: Maker) -> str:
    """An object that is no longer built."""
    return m.edit("mm/Makefile", r"\bmincore\.o\b", "")


def header_gone(m: Maker) -> str:
    return m.diff("include/linux/pagewalk.h", None)


def rust(m: Maker) -> str:
    return m.edit("rust/kernel/lib.rs", r"\Z", "// nothing\n")


PATCHES: dict[str, Callable[[Maker], str]] = {
    f.__name__.replace("_", "-"): f for f in (
        type_8xx, header_8xx, sparse, config, off_by_one, no_apply,
        header_user, drivers, kernel, mix, two_functions, crlf, mode, binary,
        empty, mail, mbox, mbox_twice, outside, texts, scripts, assembly, dts,
        bounds, syscalls, uapi, kconfig_only, makefile_flags, makefile_drop,
        header_gone, rust)}


def main() -> int:
    if len(sys.argv) < 3:
        print("usage: tests/real/faults.py TREE OUT [NAME...]\nnames: "
              + " ".join(PATCHES), file=sys.stderr)
        return 129
    maker, out = Maker(Path(sys.argv[1])), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[3:] or PATCHES:
        (out / f"{name}.patch").write_bytes(
            PATCHES[name](maker).encode("latin-1"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
