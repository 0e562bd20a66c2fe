# SPDX-License-Identifier: GPL-2.0-only
"""Cells as data, their cache and the sandbox, without a kernel tree; with
TREEWIDE_TEST_TREE=DIR one cell is also prepared for real, twice."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from twlib.base import cache  # noqa: E402
from twlib.cells import kbuild, tree as kerneltree  # noqa: E402
from twlib.cells.cellfile import (CellError, cell_read,  # noqa: E402
                                  cells_load, cells_select)
from twlib.base.sandbox import BUILD, SRC, Result, Sandbox  # noqa: E402

# Archs, and configs that change the shape of a page table: each has a cell.
SHAPES = {"x86/64", "x86/32", "x86/pae", "x86/highpte", "um/64", "arm/v7",
          "arm/lpae", "arm/highpte", "arm64/4k", "arm64/64k", "s390/64",
          "powerpc/ppc64", "powerpc/ppc64_4k", "powerpc/book3s32",
          "powerpc/8xx_16k", "powerpc/corenet64", "powerpc/44x",
          "m68k/multi", "m68k/sun3", "m68k/coldfire", "sparc/64", "sparc/32",
          "alpha/generic", "sh/shx3", "parisc/32", "parisc/64", "mips/32",
          "mips/64", "mips/64_huge", "riscv/64", "riscv/32", "arc/hs",
          "openrisc/or1ksim", "xtensa/iss", "loongarch/64", "hexagon/comet",
          "csky/generic", "microblaze/mmu", "nios2/10m50"}
# These read all generic units; more of them make every conversion slower.
ALL_UNITS = {"x86/64", "arm64/4k", "s390/64", "powerpc/ppc64", "m68k/multi",
             "m68k/sun3", "sparc/64", "riscv/64"}
ARCHS = {"alpha", "arc", "arm", "arm64", "csky", "hexagon", "loongarch",
         "m68k", "microblaze", "mips", "nios2", "openrisc", "parisc",
         "powerpc", "riscv", "s390", "sh", "sparc", "um", "x86", "xtensa"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOOLS / "treewide-cell", *args], text=True,
                          capture_output=True, check=False)


def test_shipped_cells() -> None:
    cells = cells_load()
    assert {c.name for c in cells.values() if c.build} >= SHAPES
    assert {c.name for c in cells.values() if c.read} >= SHAPES
    assert {c.name for c in cells.values()
            if c.read and c.read.units == "all"} == ALL_UNITS
    assert {c.srcarch for c in cells.values() if c.read} == ARCHS


def test_select() -> None:
    cells = cells_load()
    assert {c.name for c in cells_select(cells, [], "build")} == {
        c.name for c in cells.values() if c.build}
    assert [c.name for c in cells_select(cells, ["m68k"], "build")] == [
        "m68k/coldfire", "m68k/multi", "m68k/sun3"]
    with pytest.raises(CellError, match="nearest is arm64/4k"):
        cells_select(cells, ["arm64/4K"], "read")


GOOD = """[cell]
name=toy/one
arch=toy
srcarch=toy
defconfig=defconfig

[read]
target=x86_64-linux-gnu
poses=gcc
defines=__toy__=1;__toy=1
"""


def cell_file(tmp_path: Path, text: str, name: str = "one") -> Path:
    path = tmp_path / "toy" / f"{name}.ini"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_cell_read(tmp_path: Path) -> None:
    cell = cell_read(cell_file(tmp_path, GOOD))
    assert cell.build is None and cell.has("read") and not cell.has("build")
    assert cell.read and cell.read.defines == ("__toy__=1", "__toy=1")


@pytest.mark.parametrize("change, message", [
    (("poses=gcc", "poses=icc"), "gcc or clang"),
    (("poses=", "pose="), "unknown key pose"),
    (("[read]", "[reed]"), "unknown section"),
    (("target=x86_64-linux-gnu\n", ""), "no target"),
    (("name=toy/one", "name=toy/two"), "not the file's name"),
    (("poses=gcc", "poses=gcc\nunits=some"), "all or cover"),
    (("defconfig=defconfig", "defconfig=d\noptions=BIG=y"), "must be CONFIG_"),
    (("[read]", "[build]\ntoolchain=nosuch\n[read]"), "no toolchain nosuch"),
    (("[read]", "[build]\ntoolchain=csky\ncross=a-\n[read]"), "and cross"),
    (("defconfig=defconfig", "defconfig=d\nfragments=nosuch"), "nosuch"),
])
def test_wrong_cell(tmp_path: Path, change: tuple[str, str],
                    message: str) -> None:
    with pytest.raises(CellError, match=message):
        cell_read(cell_file(tmp_path, GOOD.replace(*change)))


def test_stamp_notices_damage(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    cache.write_stamp(tmp_path, ["a"], {"state": "ready"})
    assert cache.read_stamp(tmp_path) == {"state": "ready"}
    (tmp_path / "a").write_text("y")
    assert cache.read_stamp(tmp_path) is None
    (tmp_path / "a").unlink()
    assert cache.read_stamp(tmp_path) is None
    (tmp_path / cache.STAMP).write_text('{"version": 1, "fil')
    assert cache.read_stamp(tmp_path) is None


def test_prune_oldest_first(tmp_path: Path) -> None:
    for i, name in enumerate(("old", "new")):
        entry = tmp_path / name
        entry.mkdir()
        (entry / "data").write_bytes(b"x" * 65536)
        cache.write_stamp(entry, ["data"], {})
        os.utime(entry / cache.STAMP, (i, i))
    (tmp_path / "dead.tmp-1").mkdir()
    removed = {p.name for p in cache.prune(tmp_path, 100000)}
    assert removed == {"old", "dead.tmp-1"}
    assert (tmp_path / "new").is_dir()


def test_prune_leaves_what_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "data").write_bytes(b"x" * 65536)
    with cache.locked(tmp_path / "busy.lock"):
        assert cache.prune(tmp_path, 0) == []
    assert [p.name for p in cache.prune(tmp_path, 0)] == ["busy"]


def test_config_dropped() -> None:
    fragment = ("CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n"
                "# CONFIG_D is not set\nCONFIG_E=y\n")
    config = "CONFIG_A=y\nCONFIG_C=y\nCONFIG_E=m\n"
    assert kbuild.config_dropped(fragment, config) == ["CONFIG_B=y",
                                                       "CONFIG_C=n"]


def test_flags_filter(tmp_path: Path) -> None:
    cmd = tmp_path / ".x.cmd"
    cmd.write_text(
        "savedcmd_x := gcc -Wp,-MMD,.x.d -nostdinc -I./include "
        f"-I{SRC}/include -include {SRC}/include/linux/kconfig.h -Wall "
        "-std=gnu11 -funsigned-char -DA='\"$$x $(pound)\"' -m64 "
        "-fno-pie -c -o x.o x.c ; ./tool x.o\n")
    flags = kbuild.flags_filter(kbuild.cmd_file_argv(cmd))
    assert flags == ["-nostdinc", f"-I{BUILD}/include", f"-I{SRC}/include",
                     "-include", f"{SRC}/include/linux/kconfig.h",
                     "-std=gnu11", "-funsigned-char", '-DA="$x #"', "-m64"]


def test_flags_expand() -> None:
    assert kbuild.flags_expand("-I@TREE@/i\n-I@BUILD@/i\n", "/t", "/b") == [
        "-I/t/i", "-I/b/i"]


def test_parse_errors() -> None:
    out = ("a.h:1:2: error: invalid output constraint '=Q' in asm\n"
           "a.c:3:4: error: unknown type name 'foo_t'\n"
           "a.c:5:6: warning: error: not one\n1 error generated.\n")
    asm, other = kbuild.parse_errors(out)
    assert asm == 1 and [e.split(":")[1] for e in other] == ["3"]


def toy_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for name in ("arch/toy/include/asm", "arch/other", "scripts/kconfig",
                 "include/asm-generic", "kernel"):
        (tree / name).mkdir(parents=True)
    for name in ("Makefile", "Kconfig", "arch/toy/Kconfig",
                 "arch/other/Kconfig", "arch/toy/include/asm/page.h",
                 "kernel/bounds.c", "kernel/fork.c", "scripts/x.sh"):
        (tree / name).write_text(name)
    return tree


@pytest.mark.parametrize("file, same", [
    ("Makefile", False), ("arch/toy/Kconfig", False), ("scripts/x.sh", False),
    ("kernel/bounds.c", False), ("arch/toy/include/asm/new.h", False),
    ("arch/toy/include/asm/page.h", True), ("kernel/fork.c", True),
    ("arch/other/Kconfig", True)])
def test_key_follows_inputs(tmp_path: Path, file: str, same: bool) -> None:
    tree = toy_tree(tmp_path)
    before = kerneltree.tree_key(kerneltree.tree_inputs(tree), "toy")
    moved = tree.rename(tmp_path / "elsewhere")
    assert kerneltree.tree_key(kerneltree.tree_inputs(moved), "toy") == before
    (moved / file).write_text("changed")
    after = kerneltree.tree_key(kerneltree.tree_inputs(moved), "toy")
    assert (after == before) == same


def test_tree_built_in_place(tmp_path: Path) -> None:
    tree = toy_tree(tmp_path)
    kerneltree.tree_check(tree)
    (tree / ".config").write_text("")
    done = run("prepare", "--tree", str(tree), "--mode", "read", "x86/64")
    assert done.returncode == 128
    assert f"{tree}/.config" in done.stderr and "mrproper" in done.stderr


def test_no_tree(tmp_path: Path) -> None:
    done = run("prepare", "--tree", str(tmp_path), "--mode", "read")
    assert done.returncode == 128 and "no kernel tree" in done.stderr


def test_usage() -> None:
    assert run("prepare", "--mode", "read").returncode == 129
    assert run("nosuch").returncode == 129
    assert run("prepare", "--tree", "/", "--mode", "read",
               "nosuch/cell").returncode == 129


def test_list_json() -> None:
    done = run("list", "--format", "json")
    lines = [json.loads(ln) for ln in done.stdout.splitlines()]
    assert {ln["cell"] for ln in lines if "build" in ln["modes"]} >= SHAPES
    assert {ln["units"] for ln in lines if "read" in ln["modes"]} == {
        "all", "cover"}


def test_list_of_a_tree(tmp_path: Path) -> None:
    """An arch without a cell is said, and so is a cell without its config."""
    tree = toy_tree(tmp_path)
    for arch in (*ARCHS, "novel"):
        (tree / "arch" / arch).mkdir(exist_ok=True)
    done = run("list", "--tree", str(tree))
    said = [ln for ln in done.stdout.splitlines() if ln.startswith("novel/")]
    assert done.returncode == 2 and len(said) == 1 and "no cell" in said[0]
    assert "no CONFIG_ARM64_64K_PAGES in this tree" in done.stdout
    done = run("list", "--tree", str(tree), "--format", "json")
    lines = [json.loads(ln) for ln in done.stdout.splitlines()]
    assert [ln["srcarch"] for ln in lines if not ln["cell"]] == [
        p.name for p in sorted((tree / "arch").iterdir())
        if p.name not in ARCHS]
    for left in {ln["srcarch"] for ln in lines if not ln["cell"]}:
        shutil.rmtree(tree / "arch" / left)
    assert run("list", "--tree", str(tree)).returncode == 0
    assert run("list", "--tree", str(tmp_path / "none")).returncode == 128


def test_options_are_no_wish(tmp_path: Path) -> None:
    """What a cell stands for is in the config, or the cell is not ready, and
    absent where no Kconfig has it."""
    text = GOOD.replace("defconfig=defconfig", "defconfig=defconfig\n"
                        "options=CONFIG_BIG=y;CONFIG_SMALL=n")
    cell = cell_read(cell_file(tmp_path, text))
    assert cell.shape == "CONFIG_BIG=y\n# CONFIG_SMALL is not set\n"
    tree = tmp_path / "tree"
    (tree / "arch/toy").mkdir(parents=True)
    (tree / "arch/else").mkdir()
    (tree / "arch/toy/Kconfig").write_text("config BIGGER\n\tbool\n")
    (tree / "arch/else/Kconfig").write_text("config BIG\n\tbool\n")

    def absent() -> str:
        return kbuild.cell_absent(cell, tree, kerneltree.tree_inputs(tree))

    assert absent() == "no CONFIG_BIG in this tree"
    (tree / "Kconfig").write_text("menuconfig BIG\n\tbool\n")
    assert absent() == ""
    shutil.rmtree(tree / "arch/toy")
    assert absent() == "no arch/toy in this tree"


def test_dropped_option_fails(tmp_path: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    """A kbuild that forgets an option: the cell must not be ready."""
    text = GOOD.replace("defconfig=defconfig", "defconfig=defconfig\n"
                        "options=CONFIG_BIG=y;CONFIG_SMALL=n")
    cell = cell_read(cell_file(tmp_path, text))
    tree = tmp_path / "tree"
    (tree / "arch/toy").mkdir(parents=True)
    (tree / "arch/toy/Makefile").write_text("")
    (tree / "Kconfig").write_text("config BIG\n\tbool\n")
    kept = ""

    def make(self: Sandbox, argv: list[str], log: Path | None = None,
             **_more: object) -> Result:
        assert self.build
        if argv[-1] == "olddefconfig":
            assert "CONFIG_BIG=y" in (self.build / ".config").read_text()
            (self.build / ".config").write_text(kept)
        if log:
            log.touch()
        return Result(0, 0.0, False, "")

    monkeypatch.setattr(Sandbox, "run", make)
    monkeypatch.setattr(kbuild, "toolchain", lambda *_: (["cc"], []))

    def prepare() -> dict[str, Any]:
        return kbuild.Preparation(cell, "read", tree,
                                  kerneltree.tree_inputs(tree), 1,
                                  lambda _text: None).run()

    for kept, lost in (("# CONFIG_BIG is not set\n", "CONFIG_BIG=y"),
                       ("CONFIG_BIG=y\nCONFIG_SMALL=y\n", "CONFIG_SMALL=n")):
        done = prepare()
        assert done["state"] == "failed"
        assert done["reason"].endswith(f"stands for: {lost}")
    # With them it comes as far as this kbuild does.
    kept = "CONFIG_BIG=y\n"
    assert "kbuild did not make" in prepare()["reason"]


def test_sandbox_shuts(tmp_path: Path) -> None:
    tree, build = toy_tree(tmp_path), tmp_path / "build"
    build.mkdir()
    box = Sandbox(tree, build)
    assert box.run(["sh", "-c", f"echo x > {BUILD}/out"]).ok
    assert (build / "out").read_text() == "x\n"
    assert not box.run(["sh", "-c", f"echo x > {SRC}/Makefile"]).ok
    assert not box.run(["sh", "-c", "echo x > /file"]).ok
    assert not box.run(["test", "-e", str(Path.home())]).ok
    log = tmp_path / "log"
    box.run(["grep", "-c", ":", "/proc/net/dev"], log)
    assert log.read_text().splitlines()[-1] == "1", "more than loopback"
    late = box.run(["sleep", "60"], timeout=0.5)
    assert late.timed_out and not late.ok and late.seconds < 10


def test_readcc_poses() -> None:
    env = {"PATH": "/usr/bin:/bin", "READCC_CLANG": f"/usr/bin/{kbuild.CLANG}",
           "READCC_TARGET": "x86_64-linux-gnu", "READCC_UNDEF": "__x86_64__",
           "READCC_DEFINES": "__toy__=7"}

    def cc(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run([TOOLS / "readcc", *args], input=stdin, env=env,
                              text=True, capture_output=True, check=False)

    out = cc("-E", "-P", "-x", "c", "-", stdin="""
#if defined(__clang__) || defined(__x86_64__)
clang
#endif
__GNUC__ __toy__
""").stdout
    assert out.split() == ["12", "7"]
    assert cc("--version").stdout.startswith("gcc (posed")
    # A probe hears of an unknown option, a source is compiled without it.
    assert cc("-fno-such-option", "-c", "-x", "c", "/dev/null", "-o",
              "/dev/null").returncode != 0


def test_readcc_drops_options(tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int a;\n")
    env = {"PATH": "/usr/bin:/bin", "READCC_CLANG": f"/usr/bin/{kbuild.CLANG}",
           "READCC_TARGET": "x86_64-linux-gnu"}
    done = subprocess.run(
        [TOOLS / "readcc", "-fno-such-option", "-ffixed-8", "-mno-such", "-S", "-o",
         str(tmp_path / "a.s"), str(source)], env=env, check=False,
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.s").exists()


def test_readcc_offsets_without_asm(tmp_path: Path) -> None:
    """A stand-in target cannot have an arch's constraints: the marks of
    kbuild are made all the same, and nothing else of the assembly."""
    source = tmp_path / "a.c"
    source.write_text(r"""
struct v { long counter; };
register struct v *current asm("q9");
static inline long f(struct v *v)
{
	register long r asm("$8") = v->counter;
	__asm__ __volatile__("x %0 ! \"a)\"" : "=&z" (v->counter) : "YZ" (r));
	return r;
}
int main(void)
{
	struct v v;
	asm volatile("\n.ascii \"->" "SIZE" " %0 size\"" : : "i" (sizeof(v)));
	return f(&v);
}
""")
    env = {"PATH": "/usr/bin:/bin", "READCC_CLANG": f"/usr/bin/{kbuild.CLANG}",
           "READCC_TARGET": "mips-linux-gnu"}
    out = tmp_path / "a.s"
    done = subprocess.run([TOOLS / "readcc", "-S", "-o", str(out),
                           str(source)], env=env, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "->SIZE 4 size" in out.read_text()


@pytest.mark.skipif("TREEWIDE_TEST_TREE" not in os.environ,
                    reason="TREEWIDE_TEST_TREE=DIR names a kernel tree")
def test_prepare_for_real() -> None:
    args = ("prepare", "--tree", os.environ["TREEWIDE_TEST_TREE"], "--mode",
            "read", "m68k/sun3")
    first = run(*args)
    assert first.returncode == 0, first.stderr
    one = json.loads(first.stdout)
    assert one["state"] == "ready" and one["seconds"] > 1
    assert all(e["other"] == 0 for e in one["errors"].values())
    again = json.loads(run(*args).stdout)
    assert again["build"] == one["build"] and again["seconds"] < 2
    Path(one["build"], ".config").write_text("damaged\n")
    third = json.loads(run(*args).stdout)
    assert third["state"] == "ready" and third["seconds"] > 1
