# SPDX-License-Identifier: GPL-2.0-only
"""treewide-tree and treewide-run from the outside, offline.

The distribution is a made-up apt-get on PATH that serves a small real .deb;
the driver of the main job is a made-up one too.  Both log what they are asked,
so that "the second run fetches nothing" is a fact and not a hope.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).resolve().parents[2]
TREE = TOP / "tools" / "treewide-tree"
RUN = TOP / "tools" / "treewide-run"

FAKE_APT = """#!/bin/sh
echo "$*" >>"$M/apt.log"
case "$*" in
*--print-uris*) echo "'http://x/p_1.deb' p_1.deb 1000 SHA256:0" ;;
*update*)
	cat ../sources/mirror.sources >>"$M/sources"
	[ ! -e "$M/offline" ] || { echo 'E: no network'; exit 100; } ;;
*download*) cp "$M/deb" "$PWD/linux-source-6.12_6.12.1-1_all.deb" ;;
esac
"""


def load(path: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_"), str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


def make_tree(top: Path) -> Path:
    """The least that counts as a kernel tree."""
    for folder in ("mm", "arch/toy", "include/linux"):
        (top / folder).mkdir(parents=True)
    (top / "Makefile").write_text(
        "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\nEXTRAVERSION =\n")
    (top / "Kbuild").write_text("obj-y += mm/\n")
    (top / "mm" / "toy.c").write_text("int toy;\n")
    (top / "mm" / "link.c").symlink_to("toy.c")
    (top / "include" / "linux" / "toy.h").write_text("extern int toy;\n")
    return top


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up machine: apt, its sources, a .deb of a kernel source package."""
    m = tmp_path / "m"
    (m / "bin").mkdir(parents=True)
    apt = m / "bin" / "apt-get"
    apt.write_text(FAKE_APT)
    apt.chmod(0o755)
    config = m / "bin" / "apt-config"
    config.write_text(f"#!/bin/sh\necho \"D='{m}/etc/'\"\n")
    config.chmod(0o755)
    lists = m / "etc" / "sources.list.d"
    lists.mkdir(parents=True)
    (lists / "debian.sources").write_text(
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: stable "
        f"{load(TREE).codename()}\nComponents: main\nSigned-By: /key.gpg\n")
    tree = make_tree(m / "linux-source-6.12")
    root = m / "deb-root"
    (root / "usr" / "src").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN" / "control").write_text(
        "Package: linux-source-6.12\nVersion: 6.12.1-1\nArchitecture: all\n"
        "Maintainer: t <t@example.org>\nDescription: t\n")
    subprocess.run(["tar", "-cJf", root / "usr/src/linux-source-6.12.tar.xz",
                    "-C", m, tree.name], check=True)
    subprocess.run(["dpkg-deb", "-b", root, m / "deb"], check=True,
                   stdout=subprocess.DEVNULL)
    monkeypatch.setenv("M", str(m))
    monkeypatch.setenv("PATH", f"{m}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TREEWIDE_DATA", raising=False)
    return m


def get(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TREE, "get", *args], capture_output=True, text=True,
                          check=False)


def apt_calls(machine: Path) -> list[str]:
    log = machine / "apt.log"
    return log.read_text().splitlines() if log.exists() else []


def entry(machine: Path) -> Path:
    return machine.parent / "cache/treewide/trees/linux-source-6.12_6.12.1-1"


# ------------------------------------------------------------------------ trees


def test_fetch_then_reuse(machine: Path) -> None:
    first = get("6.12")
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{entry(machine)}\n"
    assert (entry(machine) / "mm/toy.c").read_text() == "int toy;\n"
    assert os.readlink(entry(machine) / "mm/link.c") == "toy.c"
    calls = apt_calls(machine)
    assert len(calls) == 3
    assert not any("allow" in c.lower() for c in calls)
    source = (machine / "sources").read_text()
    assert "URIs: http://mirror.example/debian\n" in source
    assert "Suites: bookworm-backports\n" in source
    assert "Signed-By: /key.gpg\n" in source
    (machine / "offline").touch()
    second = get("6.12")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert second.stderr == ""
    assert apt_calls(machine) == calls
    left = {p.name for p in entry(machine).parent.iterdir()}
    assert left == {".lock", entry(machine).name, entry(machine).name + ".stamp"}


def edit(e: Path) -> None:
    (e / "mm/toy.c").write_text("int yot;\n")


def cut_off(e: Path) -> None:
    (e / "Kbuild").write_text("")


def delete(e: Path) -> None:
    (e / "include/linux/toy.h").unlink()


def add(e: Path) -> None:
    (e / "mm/toy.o").write_text("")


def relink(e: Path) -> None:
    (e / "mm/link.c").unlink()
    (e / "mm/link.c").symlink_to("/etc")


def no_stamp(e: Path) -> None:
    e.with_name(e.name + ".stamp").unlink()


def half_stamp(e: Path) -> None:
    e.with_name(e.name + ".stamp").write_text('{"version": 1')


def odd_stamp(e: Path) -> None:
    e.with_name(e.name + ".stamp").write_text("[]")


def no_tree(e: Path) -> None:
    shutil.rmtree(e)


def file_for_tree(e: Path) -> None:
    shutil.rmtree(e)
    e.write_text("")


@pytest.mark.parametrize("damage", [edit, cut_off, delete, add, relink, no_stamp,
                                    half_stamp, odd_stamp, no_tree, file_for_tree])
def test_damage_is_replaced(machine: Path,
                            damage: Callable[[Path], None]) -> None:
    assert get("6.12").returncode == 0
    damage(entry(machine))
    again = get("6.12")
    assert again.returncode == 0, again.stderr
    assert "is broken" in again.stderr
    assert (entry(machine) / "mm/toy.c").read_text() == "int toy;\n"
    assert len(apt_calls(machine)) == 6
    assert get("6.12").stderr == ""


def test_killed_runs_are_tidied_up(machine: Path) -> None:
    cache = entry(machine).parent
    (cache / ".unpack-x" / "half").mkdir(parents=True)
    scratch = machine.parent / ".treewide-apt-x"
    scratch.mkdir()
    (cache / ".scratch").write_text(str(scratch))
    assert get("6.12").returncode == 0
    assert not scratch.exists()
    assert not (cache / ".unpack-x").exists()


def test_offline_without_cache(machine: Path) -> None:
    (machine / "offline").touch()
    done = get("6.12")
    assert done.returncode == 128
    assert "E: no network" in done.stderr
    assert "TREE=/path/to/linux" in done.stderr
    assert not entry(machine).exists()


def test_broken_download(machine: Path) -> None:
    deb = (machine / "deb").read_bytes()
    (machine / "deb").write_bytes(deb[:len(deb) // 2])
    done = get("6.12")
    assert done.returncode == 128
    assert not entry(machine).exists()
    assert done.stdout == ""


def test_no_mirror(machine: Path) -> None:
    (machine / "etc/sources.list.d/debian.sources").unlink()
    done = get("6.12")
    assert done.returncode == 128
    assert "no Debian mirror" in done.stderr
    assert apt_calls(machine) == []


def test_own_tree(machine: Path, tmp_path: Path) -> None:
    mine = make_tree(tmp_path / "my linux")
    assert get(str(mine)).stdout == f"{mine}\n"
    (tmp_path / "link").symlink_to(mine)
    assert get(str(tmp_path / "link")).stdout == f"{mine}\n"
    assert apt_calls(machine) == []


@pytest.mark.parametrize("name,words", [
    ("5.5", "not among the versions"), ("/nonexistent/tree", "is no folder"),
    ("/usr", "is no kernel tree"),
])
def test_bad_trees(machine: Path, name: str, words: str) -> None:
    done = get(name)
    assert done.returncode == 128
    assert words in done.stderr


def test_usage(machine: Path) -> None:
    assert get().returncode == 129
    assert get("6.12", "--frob").returncode == 129


def test_sources_are_read() -> None:
    tw = load(TREE)
    one = list(tw.read_one_line(
        "# deb http://no.example bookworm main\n"
        "deb-src http://no.example bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian bookworm main contrib\n"
        "deb http://b.example bookworm-pgdg main # other\n"))
    assert [(s.uri, s.suites, s.signed_by) for s in one] == [
        ("http://a.example/debian", ("bookworm",), "/k.gpg"),
        ("http://b.example", ("bookworm-pgdg",), "")]
    assert one[0].components == ("main", "contrib")
    deb822 = list(tw.read_deb822(
        "Types: deb deb-src\n# note\nURIs: http://c.example http://d.example\n"
        "Suites: bookworm bookworm-updates\nComponents: main\nSigned-By:\n"
        " -----BEGIN\n .\n -----END\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://e.example\nSuites: bookworm\n"
        "Components: main\n"))
    assert [s.uri for s in deb822] == ["http://c.example", "http://d.example"]
    assert deb822[0].signed_by == "\n -----BEGIN\n .\n -----END"
    other = tw.Source("http://other.example", ("bookworm",), ("main",), "")
    mirrors = tw.debian_mirrors([other, *one, *deb822], "bookworm")
    assert [m.uri for m in mirrors] == ["http://c.example", "http://d.example",
                                        "http://other.example",
                                        "http://a.example/debian"]


# ----------------------------------------------------------------- the main job

FAKE_DRIVER = """#!/usr/bin/python3
import json, os, sys
m, args = os.environ["M"], sys.argv[1:]
open(m + "/driver.log", "a").write(" ".join(args) + "\\n")
plan = json.load(open(m + "/plan.json")).get(args[0], {})
if args[0] == "convert":
    patch = args[args.index("-o") + 1]
    open(patch, "w").write(plan.get("patch", "--- a/x\\n+++ b/x\\n"))
    print(json.dumps({"version": 1, "sites": {"converted": 7, "kept": 3,
          "refused": 1, "unresolved": plan.get("unresolved", 0)}, "files": 2,
          "added": 5, "removed": 4, "patch": patch, "cells": []}))
if args[0] == "check" and not plan.get("silent"):
    cells = args[args.index("--cells") + 1].split(",")
    rows = [{"cell": c, "state": "built", "reason": "", "objects": 10,
             "identical": 9, "normalised": 1, "different": 0, "new_warnings": 0,
             "new_errors": 0, "seconds": 1.5, "cached": False} for c in cells]
    rows = rows[plan.get("drop", 0):]
    if "first" in plan:
        rows[0].update(plan["first"])
    json.dump({"version": 1, "cells": rows, "verdict": "x"},
              open(args[args.index("-o") + 1], "w"))
if "signal" in plan:
    os.kill(os.getpid(), plan["signal"])
sys.exit(plan.get("exit", 0))
"""


@pytest.fixture
def checkout(machine: Path) -> Path:
    """A copy of the programs and data beside a made-up driver."""
    top = machine / "checkout"
    (top / "tools").mkdir(parents=True)
    shutil.copytree(TOP / "corpus", top / "corpus")
    for program in (TREE, RUN):
        shutil.copy2(program, top / "tools")
    shutil.copytree(TOP / "tools/twlib", top / "tools/twlib")
    (top / "treewide").write_text(FAKE_DRIVER)
    (top / "treewide").chmod(0o755)
    ini = top / "corpus" / "run.ini"
    ini.write_text("[run]\nconversion=ptdesc\ntree=6.12\ncells=a/1;b/2\n"
                   "[need]\nmemory_mb=1\nstate_mb=1\ncache_mb=1\n")
    return top


def main_job(checkout: Path, plan: dict[str, object],
             *args: str) -> subprocess.CompletedProcess[str]:
    (checkout.parent / "plan.json").write_text(json.dumps(plan))
    return subprocess.run([checkout / "tools/treewide-run", *args], text=True,
                          capture_output=True, check=False)


def runs(machine: Path) -> list[Path]:
    return sorted((machine.parent / "state/treewide/runs").iterdir())


def test_main_job(machine: Path, checkout: Path) -> None:
    done = main_job(checkout, {}, "-j", "3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^converted +7 ", done.stdout, re.M)
    for words in ("changes 2 files: 5 lines added, 4 removed",
                  "2 of 2", "20 of 20 objects are the same", "ptdesc.patch",
                  "What to do next"):
        assert words in done.stdout
    commands = (machine / "driver.log").read_text().splitlines()
    assert [c.split()[0] for c in commands] == ["scan", "convert", "check"]
    assert all("-j 3" in c for c in commands)
    assert "--cells a/1,b/2" in commands[2]
    [run] = runs(machine)
    assert run.name.startswith("ptdesc-6.12.1-")
    stages = json.loads((run / "run.json").read_text())["stages"]
    assert [s["name"] for s in stages] == ["tree", "scan", "convert", "check"]
    main_job(checkout, {})
    assert len(runs(machine)) == 2


@pytest.mark.parametrize("plan,status,words", [
    ({"convert": {"exit": 2, "unresolved": 4}}, 2, "Incomplete"),
    ({"check": {"exit": 1, "first": {"different": 1, "identical": 8}}}, 1,
     "19 of 20"),
    ({"check": {"exit": 1, "first": {"new_warnings": ["toy.c:1: warning: w"]}}}, 1,
     "a/1: new: toy.c:1: warning: w"),
    ({"check": {"exit": 2, "first": {"state": "not built", "reason": "no cc"}}}, 2,
     "a/1: no cc"),
    ({"check": {"drop": 1}}, 2, "a/1: check did not report it"),
    ({"check": {"exit": 1}, "convert": {"exit": 2}}, 2, "Incomplete"),
    ({"scan": {"exit": 128}}, 128, "did not finish"),
    ({"convert": {"signal": 9}}, 128, "did not finish"),
    ({"convert": {"patch": ""}}, 0, "nothing is left to convert"),
])
def test_exit_status(machine: Path, checkout: Path, plan: dict[str, object],
                     status: int, words: str) -> None:
    done = main_job(checkout, plan)
    assert done.returncode == status, done.stderr
    assert words in done.stdout
    if status:
        assert "replay: " in done.stderr or "did not report" in words


def test_a_fatal_stage_ends_the_job(machine: Path, checkout: Path) -> None:
    main_job(checkout, {"scan": {"exit": 128}})
    assert len((machine / "driver.log").read_text().splitlines()) == 1


def test_no_report_is_fatal(machine: Path, checkout: Path) -> None:
    done = main_job(checkout, {"check": {"silent": True}})
    assert done.returncode == 128
    assert "left no report" in done.stderr


@pytest.mark.parametrize("key,words", [
    ("memory_mb", "of memory"), ("state_mb", "XDG_STATE_HOME"),
    ("cache_mb", "XDG_CACHE_HOME")])
def test_small_machine(machine: Path, checkout: Path, key: str, words: str) -> None:
    ini = checkout / "corpus/run.ini"
    ini.write_text(ini.read_text().replace(f"{key}=1", f"{key}=999999999"))
    done = main_job(checkout, {})
    assert done.returncode == 128
    assert words in done.stderr and "999999999 MB" in done.stderr
    assert apt_calls(machine) == []


def test_main_job_usage(checkout: Path) -> None:
    assert main_job(checkout, {}, "--frob").returncode == 129
    assert main_job(checkout, {}, "--tree", "5.5").returncode == 128
