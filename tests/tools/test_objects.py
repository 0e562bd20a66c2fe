# SPDX-License-Identifier: GPL-2.0-only
"""Objects compared, dependency files read, compiler messages matched."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.check import objects, users  # noqa: E402

BASE = """extern int limit;
extern void other(int);
static const int table[] = { 1, 2, 3 };
int first(int a) { return a + limit; }
int second(int a) { other(a); return table[a & 1]; }
"""


def build(folder: Path, name: str, text: str, *flags: str,
          cc: str = "gcc") -> Path:
    (folder / "t.c").write_text(text)
    out = folder / name
    subprocess.run([cc, "-O2", "-ffunction-sections", *flags, "-c", "t.c",
                    "-o", str(out)], cwd=folder, check=True)
    return out


@pytest.mark.parametrize("old, new, how, what", [
    ("", "", objects.IDENTICAL, ""),
    ("a + limit", "a - limit", objects.DIFFERENT, "in first"),
    ("other(a);", "", objects.DIFFERENT, ".text.second"),
    ("1, 2, 3", "1, 4, 3", objects.DIFFERENT, "section .rodata"),
    ("limit", "bound", objects.DIFFERENT, "relocation for .text.first"),
    ("int first", "long first", objects.DIFFERENT, "first"),
])
def test_compare(tmp_path: Path, old: str, new: str, how: str,
                 what: str) -> None:
    one = build(tmp_path, "a.o", BASE)
    two = build(tmp_path, "b.o", BASE.replace(old, new) if old else BASE)
    got, where = objects.compare(one, two)
    assert got == how
    assert what in where


def test_renamed_symbol(tmp_path: Path) -> None:
    one = build(tmp_path, "a.o", "int x;\n")
    two = build(tmp_path, "b.o", "int y;\n")
    assert objects.compare(one, two) == (objects.DIFFERENT, "symbols: x, y")


def test_unloaded_sections_do_not_count(tmp_path: Path) -> None:
    one = build(tmp_path, "a.o", BASE, "-g")
    two = build(tmp_path, "b.o", "\n" + BASE, "-g")
    assert one.read_bytes() != two.read_bytes()
    assert objects.compare(one, two) == (objects.SAME_CODE, "")


def functions(one: Path, two: Path) -> set[str]:
    return {f.name for f in objects.functions(one, two)}


@pytest.mark.parametrize("cc, flags", [
    ("gcc", []), ("gcc", ["-m32"]), ("powerpc64-linux-gnu-gcc",
                                     ["-mabi=elfv1"]),
    ("arm-linux-gnueabihf-gcc", []), ("s390x-linux-gnu-gcc", [])])
def test_functions(tmp_path: Path, cc: str, flags: list[str]) -> None:
    """Named by their code, or by what they refer to."""
    if not shutil.which(cc):
        pytest.skip(f"no {cc}")
    flags = ["-fno-function-sections", *flags]
    one = build(tmp_path, "a.o", BASE, *flags, cc=cc)
    for old, new, names in (("a + limit", "a - limit", {"first"}),
                            ("other(a);", "another(a);", {"second"}),
                            ("int first", "int third", {"first", "third"}),
                            ("1, 2, 3", "1, 4, 3", set())):
        two = build(tmp_path, "b.o", BASE.replace(old, new).replace(
            "void other", "void another(int); extern void other"), *flags,
            cc=cc)
        assert functions(one, two) == names
    dump = cc.removesuffix("gcc") + "objdump"
    if shutil.which(dump):
        text = subprocess.run([dump, "-dr", "--no-show-raw-insn", "b.o"],
                              cwd=tmp_path, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        rows = objects.disassembly(text)
        assert set(rows) >= {"first", "second"}
        assert all(any(not r.startswith(" ") for r in rows[f])
                   for f in ("first", "second"))


def test_order_and_numbers_of_locals_are_free(tmp_path: Path) -> None:
    """GCC numbers the statics of functions, in the order in which it comes
    to them."""
    text = "int f(void)\n{\n\tstatic int seen;\n\treturn seen++;\n}\n"
    one = build(tmp_path, "a.o", text)
    two = tmp_path / "b.o"
    subprocess.run(["objcopy", "--redefine-sym", "seen.0=seen.17", one, two],
                   check=True)
    assert one.read_bytes() != two.read_bytes()
    assert objects.compare(one, two) == (objects.SAME_CODE, "")
    subprocess.run(["objcopy", "--redefine-sym", "seen.0=other.0", one, two],
                   check=True)
    assert objects.compare(one, two)[0] == objects.DIFFERENT


def test_not_an_object(tmp_path: Path) -> None:
    one = build(tmp_path, "a.o", BASE)
    (tmp_path / "b.o").write_text("no")
    with pytest.raises(objects.ObjectError, match="b.o: not an object"):
        objects.compare(one, tmp_path / "b.o")


def test_dependencies(tmp_path: Path) -> None:
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/.a.o.cmd").write_text(
        "savedcmd_mm/a.o := gcc -c -o mm/a.o ../src/mm/a.c\n\n"
        "source_mm/a.o := ../src/mm/a.c\n\n"
        "deps_mm/a.o := \\\n"
        "    $(wildcard include/config/MMU) \\\n"
        "  /t/src/include/linux/mm.h \\\n"
        "  ../src/arch/x86/../x86/include/asm/page.h \\\n"
        "  include/generated/bounds.h \\\n\n"
        "mm/a.o: $(deps_mm/a.o)\n")
    assert objects.dependencies(tmp_path, "mm/a.o", "/t/src", "/t/build") == {
        "mm/a.c", "include/linux/mm.h", "arch/x86/include/asm/page.h"}
    assert objects.dependencies(tmp_path, "mm/b.o", "/t/src",
                                "/t/build") == set()


LOG = """  CC      mm/a.o
In file included from /t/src/include/linux/mm.h:5,
                 from /t/src/mm/a.c:3:
/t/src/mm/a.c: In function 'walk':
/t/src/mm/a.c:10:7: warning: unused variable 'x' [-Wunused-variable]
   10 |   int x;
/t/src/mm/a.c: At top level:
/t/src/mm/a.c:20:1: error: 'y' undeclared
arch/m68k/mm/e.S: Assembler messages:
arch/m68k/mm/e.S:7: Error: operands mismatch
make[3]: *** [/t/src/scripts/Makefile.build:229: mm/a.o] Error 1
"""


def test_diagnostics() -> None:
    found = objects.diagnostics(LOG, "/t/src")
    assert [(d.severity, d.file, d.function, d.line) for d in found] == [
        ("warning", "mm/a.c", "walk", 10), ("error", "mm/a.c", "", 20),
        ("error", "arch/m68k/mm/e.S", "", 7)]
    assert str(found[0]) == ("mm/a.c:10: warning: unused variable 'x' "
                             "[-Wunused-variable] (in walk)")


def test_moved_diagnostic_is_not_new() -> None:
    old = objects.diagnostics(LOG, "/t/src")
    new = objects.diagnostics(LOG.replace(":10:", ":99:").replace(
        "'y' undeclared", "'z' undeclared"), "/t/src")
    more, less = objects.new_diagnostics(old, new)
    assert [d.message for d in more] == ["'z' undeclared"]
    assert [d.message for d in less] == ["'y' undeclared"]


def test_units() -> None:
    log = ("  set -e; gcc -Wp,-MMD,mm/.a.o.d -nostdinc -c -o mm/a.o "
           "/t/src/mm/a.c  ; ./tools/objtool mm/a.o\n"
           "gcc -Wp,-MMD,kvm/.x.nvhe.o.d -c -o kvm/x.nvhe.o ../src/kvm/x.c\n"
           "gcc -Wp,-MMD,lib/.g.o.d -c -o lib/g.o lib/g.c\n"
           "gcc -Wp,-MMD,kernel/.bounds.s.d -S -o kernel/bounds.s "
           "/t/src/kernel/bounds.c\n")
    assert users.units(log, "/t/src", "/t/build") == {
        "mm/a.c": ["mm/a.o"], "kvm/x.c": ["kvm/x.nvhe.o"]}


def test_pruned_keeps_what_kbuild_decides(tmp_path: Path) -> None:
    texts = {"Kbuild": b"obj-y += mm/ drivers/ net/ arch/x/ top.o\n",
             "drivers/Makefile": b"obj-y += a/ b/c/ b/d/\nobj-m += e/\n"}
    made = users.pruned({"mm", "drivers/b/c", "drivers/e", "arch/x/mm"},
                        texts.get)
    assert set(made) == {"Kbuild", "drivers/Makefile"}
    shown = {}
    for path, text in made.items():
        script = text + b"all:;@echo $(obj-y) / $(obj-m)\n"
        shown[path] = subprocess.run(
            ["make", "-s", "-f", "-"], input=script, check=True,
            capture_output=True).stdout.decode().split("\n")[0]
    assert shown == {"Kbuild": "mm/ drivers/ arch/x/ top.o /",
                     "drivers/Makefile": "b/c/ / e/"}
