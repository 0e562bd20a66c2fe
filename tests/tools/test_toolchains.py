# SPDX-License-Identifier: GPL-2.0-only
"""treewide-toolchains on sources of a few lines, whose `make` takes no time:
what is built, resumed, refused, and what a cell says of it."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOLS = TOP / "tools"
sys.path.insert(0, str(TOOLS))

from twlib.cells import kbuild  # noqa: E402
from twlib.cells.cellfile import cells_load  # noqa: E402
from twlib.cells.toolchains import (ToolchainError,  # noqa: E402
                                    toolchains_load)

DATA = """[sources]
binutils={src}/binutils-*.tar
gcc={src}/gcc-*.tar
disk_mb=1

[toy]
target=toy-linux-gnu
machine={machine}
binutils=--with-toy
gcc=
"""

# Writes a Makefile that installs the machine's own compiler by another name,
# and counts how often each was built.
CONFIGURE = """#!/bin/sh
set -e
for a; do case $a in --prefix=*) prefix=${a#*=} ;; esac; done
mkdir -p gcc
echo "$@" >options
cat >Makefile <<END
all-%:
	@test ! -e {src}/broken
	echo built >>{src}/count
install-%:
	mkdir -p $prefix/bin
	for p in gcc as ld; do \\
		printf '#!/bin/sh\\nexec %s "\\$\\$@"\\n' \\$\\$p \\
			>$prefix/bin/toy-linux-gnu-\\$\\$p; \\
		chmod +x $prefix/bin/toy-linux-gnu-\\$\\$p; done
END
cp Makefile gcc/
"""


class Place:
    """A data folder, sources and a cache of the test's own."""

    def __init__(self, tmp_path: Path) -> None:
        self.data, self.src = tmp_path / "data", tmp_path / "src"
        self.cache = tmp_path / "cache"
        (self.data / "corpus/cells/toy").mkdir(parents=True)
        (self.data / "cocci").mkdir()
        self.src.mkdir()
        self.write(62)      # x86-64
        for name in ("binutils", "gcc"):
            folder = tmp_path / f"{name}-1"
            folder.mkdir()
            (folder / "configure").write_text(
                CONFIGURE.replace("{src}", str(self.src)))
            (folder / "configure").chmod(0o755)
            with tarfile.open(self.src / f"{name}-1.tar", "w") as tar:
                tar.add(folder, folder.name)

    def write(self, machine: int) -> None:
        (self.data / "corpus/toolchains.ini").write_text(
            DATA.format(src=self.src, machine=machine))

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "TREEWIDE_DATA": str(self.data),
               "XDG_CACHE_HOME": str(self.cache)}
        return subprocess.run([TOOLS / "treewide-toolchains", *args],
                              text=True, capture_output=True, check=False,
                              env=env)

    def state(self) -> str:
        line = json.loads(self.run("--list", "--format=json").stdout)
        return str(line["state"])

    def builds(self) -> int:
        count = self.src / "count"
        return len(count.read_text().split()) if count.exists() else 0


@pytest.fixture(name="place")
def place_fixture(tmp_path: Path) -> Place:
    if os.uname().machine != "x86_64":
        pytest.skip("the toy compiler is the machine's own, an x86-64 one")
    return Place(tmp_path)


def test_builds_once(place: Place) -> None:
    assert place.state() == "not built"
    done = place.run()
    assert done.returncode == 0, done.stderr
    assert place.state() == "built" and place.builds() == 4
    folder = place.cache / "treewide/toolchains/toy"
    assert (folder / "bin/toy-linux-gnu-gcc").exists()
    assert "--with-toy" in (folder / "build.log").read_text()
    assert sorted(p.name for p in folder.parent.iterdir()
                  if p.is_dir()) == ["toy"], "sources or work were left"
    assert "there" in place.run().stderr and place.builds() == 4
    # Without the sources it is there, too.
    for tar in place.src.glob("*.tar"):
        tar.unlink()
    assert place.run().returncode == 0
    (folder / "bin/toy-linux-gnu-as").write_text("damaged")
    assert place.state() == "not built"
    again = place.run()
    assert again.returncode == 128 and "make toolchains" in again.stderr


def test_goes_on(place: Place) -> None:
    """What was done before a failure is not done again."""
    done = place.run()
    assert done.returncode == 0
    whole = place.builds()
    shutil.rmtree(place.cache)
    (place.src / "count").unlink()
    (place.src / "broken").touch()
    failed = place.run()
    assert failed.returncode == 1
    assert "binutils-make failed" in failed.stderr
    assert "again by hand: cd " in failed.stderr
    assert place.state() == "not built"
    configured = (place.cache / "treewide/toolchains/toy.work"
                  / "done-binutils-configure")
    before = configured.stat().st_mtime_ns
    # What a kill leaves half-written is made again; what is old is whole.
    build = configured.parent / "binutils"
    for name, text, age in (("empty.o", "", 900), ("half.a", "x", 0),
                            ("whole.o", "x", 900)):
        (build / name).write_text(text)
        then = time.time() - age
        os.utime(build / name, (then, then))
    (place.src / "broken").unlink()
    left = place.src / "left"
    configure = (build / "Makefile").read_text()
    (build / "Makefile").write_text(configure.replace(
        "\techo built", f"\tls *.o *.a >{left} 2>&1 || true\n\techo built", 1))
    done = place.run()
    assert done.returncode == 0 and "going on" in done.stderr
    assert "whole.o" in left.read_text()
    assert "empty.o" not in left.read_text()
    assert "half.a" not in left.read_text()
    assert "binutils-configure" not in done.stderr and before
    assert "unpacking" in failed.stderr and "unpacking" not in done.stderr
    assert place.builds() == whole


def test_wrong_machine(place: Place) -> None:
    """A compiler for another machine than the data says is none."""
    place.write(252)
    done = place.run()
    assert done.returncode == 1 and "machine 62, not 252" in done.stderr
    assert place.state() == "not built"
    # Data that changed asks for another toolchain.
    place.write(62)
    assert place.run().returncode == 0 and place.state() == "built"
    place.write(252)
    assert place.state() == "not built"


def test_usage(place: Place) -> None:
    assert place.run("--nosuch").returncode == 129
    done = place.run("nosuch")
    assert done.returncode == 128 and "it has toy" in done.stderr
    (place.data / "corpus/toolchains.ini").write_text(
        DATA.format(src="/x", machine=1).replace("machine", "machin"))
    done = place.run("--list")
    assert done.returncode == 128 and "must have the keys" in done.stderr


def test_shipped_data() -> None:
    found, sources = toolchains_load()
    named = {c.build.toolchain for c in cells_load().values()
             if c.build and c.build.toolchain}
    assert {t.name for t in named} == set(found), "each is for a cell"
    assert set(sources) == {"binutils", "gcc", "disk_mb"}
    with pytest.raises(ToolchainError, match="cannot read"):
        toolchains_load(Path("/nonexistent"))


def test_cell_without_toolchain(tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tree = tmp_path / "tree"
    cell = cells_load()["csky/generic"]
    (tree / "arch/csky").mkdir(parents=True)
    monkeypatch.setattr(kbuild, "cell_absent", lambda *_: "")
    done = kbuild.Preparation(cell, "build", tree, {}, 1,
                              lambda _text: None).run()
    assert (done["state"], done["reason"]) == (
        "not built", "no toolchain (make toolchains)")
