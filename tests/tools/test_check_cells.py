# SPDX-License-Identifier: GPL-2.0-only
"""
`treewide check` from end to end on a tree of a few lines (faketree.py): each
fault that a patch can have must be named, and what is no fault must not be.
"""
from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import faketree  # noqa: E402
from twlib.base import cache  # noqa: E402
from twlib.cells import kbuild  # noqa: E402
from twlib.check import command as check, sparse  # noqa: E402
from twlib.check.cell import CellCheck  # noqa: E402

Edits = dict[str, "tuple[str, str] | str | None"]


class Place:
    """A tree, cells and a cache of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = faketree.make_tree(root / "tree")
        faketree.make_cells(root / "data")
        self.runs = 0

    def check(self, edits: Edits | str, *args: str, status: int,
              cells: str = "x86/64,x86/32") -> dict[str, Any]:
        """Check a patch; the report.  The status must be as said."""
        patch = self.root / "p.patch"
        patch.write_text(edits if isinstance(edits, str)
                         else faketree.diff(edits))
        self.runs += 1
        self.run = self.root / f"run{self.runs}"
        got = check.main(["--tree", str(self.tree), "--patch", str(patch),
                          "--run", str(self.run), "--cells", cells, *args])
        file = self.run / "check.json"
        result: dict[str, Any] = json.loads(file.read_text()) \
            if file.is_file() else {}
        assert got == status, json.dumps(result, indent=1)
        return result


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("check"))


@pytest.fixture
def place(shared: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The cells are prepared once for all tests."""
    for name, value in (("TREEWIDE_DATA", "data"), ("XDG_CACHE_HOME", "cache"),
                        ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(name, str(shared.root / value))
    return shared


def cell(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in result["cells"] if c["cell"] == name)


def test_comment_has_the_same_tokens(place: Place) -> None:
    r = place.check({"mm/a.c": ("int total;", "/* what\n * why */\nint  total;"
                                )}, status=0)
    for c in r["cells"]:
        assert c["graded"] == {"mm/a.o": "tokens"}
        assert c["normalised"] == 1     # table_line() holds its line number
    assert [h["grade"] for h in r["hunks"]] == ["tokens"]
    assert r["coverage"]["lines"] == r["coverage"]["compiled"] == 1


def test_other_tokens_same_bytes(place: Place) -> None:
    r = place.check({"mm/b.c": ("return t->count;", "return (t)->count;")},
                    status=0)
    assert cell(r, "x86/64")["graded"] == {"mm/b.o": "bytes"}
    assert r["hunks"][0]["grade"] == "bytes"


def test_type_error_in_one_cell(place: Place,
                                capsys: pytest.CaptureFixture[str]) -> None:
    r = place.check({"mm/a.c": (
        "int table_small(struct table *t)\n{\n\treturn t->count;",
        "int table_small(struct table *t)\n{\n\treturn t->number;")},
        status=1)
    assert cell(r, "x86/64")["new_errors"] == []
    bad = cell(r, "x86/32")
    assert "mm/a.c:29: error: 'struct table' has no member named 'number'" \
        in bad["new_errors"][0]
    assert bad["not_built_after"] == ["mm/a.o"]
    replay = next(m["replay"] for m in bad["messages"]
                  if m["severity"] == "error")
    assert "--cells x86/32" in replay and "--object mm/a.o" in replay
    # What no object was made of is not compiled.
    assert r["coverage"]["compiled"] == 0
    assert "objects that build" in r["coverage"]["uncompiled"][0]["condition"]
    assert "number" in capsys.readouterr().out


def test_new_sparse_warning(place: Place) -> None:
    r = place.check({"mm/b.c": ("? *q : 0", "? *p : 0")}, status=1)
    for c in r["cells"]:
        assert [m for m in c["new_sparse"] if "mm/b.c:10" in m
                and "dereference of noderef" in m]
        assert not c["new_warnings"]


def test_moved_sparse_warning_is_none(place: Place) -> None:
    """b.c has one warning to begin with: total has no declaration."""
    r = place.check({"mm/a.c": ("#include <linux/pt.h>\n",
                                "#include <linux/pt.h>\n/* one */\n")},
                    status=0)
    assert all(c["new_sparse"] == c["vanished_sparse"] == []
               and c["sparse_files"] == 1 for c in r["cells"])


def test_line_under_a_config_that_no_cell_has(place: Place) -> None:
    r = place.check({
        "mm/a.c": ("table_never(struct table *t)\n{\n\treturn t->count;",
                   "table_never(struct table *t)\n{\n\treturn t->cuont;"),
        "mm/never.c": ("return 0;", "return 1;")}, status=0)
    missing = {(m["file"], m["line"]): m["condition"]
               for m in r["coverage"]["uncompiled"]}
    assert missing == {("mm/a.c", 22): "CONFIG_NEVER",
                       ("mm/never.c", 2): "CONFIG_NEVER"}
    assert r["coverage"]["percent"] == 0
    assert [h["grade"] for h in r["hunks"]] == ["not seen", "not seen"]
    assert cell(r, "x86/64")["not_in_config"] == ["mm/never.c"]


def test_lines_of_an_arch_without_a_cell(
        place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    r = place.check({"arch/zz/mm/z.c": "int z;\nint y;\n",
                     "mm/a.c": ("int total;", "int  total;")}, status=0)
    assert [m["condition"] for m in r["coverage"]["uncompiled"]] == [
        "arch zz", "arch zz"]
    assert "arch/zz: 2 changed lines, and no cell of it was built" in \
        capsys.readouterr().out


def test_line_of_one_arm(place: Place) -> None:
    r = place.check({"arch/x86/include/asm/page.h": (
        "return n << 10;", "return n << (10);")}, status=0)
    assert r["coverage"]["ranges"] == [{
        "file": "arch/x86/include/asm/page.h", "first": 12, "last": 12,
        "cells": ["x86/32"]}]
    # The other cell reads the file, and sees no difference.
    assert r["hunks"][0]["cells"] == {"x86/32": "bytes"}


def test_macros(place: Place) -> None:
    """Expanded: covered.  Defined and never used: not, and that is said.
    Evaluated by an #if: covered, though a mark would change the #if."""
    r = place.check({
        "include/linux/pt.h": (
            "(i) < table_read(t); (i)++)\n"
            "#define never_used(t)	table_read(t)",
            "(i) < table_read((t)); (i)++)\n"
            "#define never_used(t)	table_read((t))"),
        "arch/x86/include/asm/page.h": ("SHIFT	9", "SHIFT	(9)")}, status=0)
    (missing,) = r["coverage"]["uncompiled"]
    assert missing["file"] == "include/linux/pt.h"
    assert "never_used expanded (it is defined" in missing["condition"]
    assert r["coverage"]["compiled"] == 2
    assert cell(r, "x86/64")["lines"]["arch/x86/include/asm/page.h"] == [3]


def test_off_by_one_in_an_arch_header(place: Place,
                                      capsys: pytest.CaptureFixture[str]
                                      ) -> None:
    r = place.check({"arch/x86/include/asm/page.h": (
        "return n << TABLE_SHIFT;", "return n << TABLE_SHIFT << 1;")},
        status=1)
    good, bad = cell(r, "x86/32"), cell(r, "x86/64")
    assert good["different"] == 0 and not bad["new_errors"]
    named = {f["name"] for d in bad["differences"] for f in d["functions"]}
    assert named == {"slots", "table_sum"}
    (h,) = r["hunks"]
    assert h["differs_in"]["slots"] == ["x86/64"]
    assert h["grade"] in ("size", "differs")
    out = capsys.readouterr().out
    assert "page.h:7: " in out and "slots, table_sum in x86/64" in out
    assert "builds and the code is not the same in 1 of 2 cells" in out
    # The same command line with --show prints the code side by side.
    assert check.main(["--show", "slots", "--run", str(place.run)]) == 0
    out = capsys.readouterr().out
    assert "0x600" in out and "0xc00" in out and " ! " in out
    assert check.main(["--show", "slot", "--run", str(place.run)]) == 128
    assert "near it: slots" in capsys.readouterr().err


def test_hunks_are_told_apart(place: Place) -> None:
    """Two hunks of one object, of which one alters it; and a third, in a
    header, that alters another object."""
    text = faketree.FILES["mm/b.c"]
    new = text.replace("return t->count;", "return (t)->count;").replace(
        "*q : 0", "*q : 8")
    patch = "".join(difflib.unified_diff(
        text.splitlines(True), new.splitlines(True), "a/mm/b.c", "b/mm/b.c",
        n=1)) + faketree.diff({"arch/x86/include/asm/page.h": (
            "return n << TABLE_SHIFT;", "return n << TABLE_SHIFT << 1;")})
    r = place.check(patch, status=1, cells="x86/64")
    c = cell(r, "x86/64")
    assert [h["grade"] for h in r["hunks"]] == ["bytes", "differs", "size"]
    assert c["hunks_apart"]["1"] == ["mm/b.o"]
    assert r["hunks"][0]["differs_in"] == {}
    assert list(r["hunks"][1]["differs_in"]) == ["table_get"]
    assert "table_get" not in r["hunks"][2]["differs_in"]
    assert r["hunks"][1]["line"] == 10


def test_hunks_that_cannot_be_told_apart(place: Place) -> None:
    """Each does nothing without the other: both keep the object's grade."""
    text = faketree.FILES["kernel/c.c"]
    new = text.replace("\n\n", "\n#define MORE 0\n/* 1 */\n/* 2 */\n", 1)
    (place.tree / "kernel/c.c").write_text(new.replace(
        "t->count;", "t->count + MORE;"))
    try:
        old = (place.tree / "kernel/c.c").read_text()
        out = old.replace("MORE 0", "MORE (0 * WHAT)").replace(
            "\treturn", "#define WHAT 1\n\treturn")
        patch = "".join(difflib.unified_diff(
            old.splitlines(True), out.splitlines(True), "a/kernel/c.c",
            "b/kernel/c.c", n=1))
        r = place.check(patch, status=0, cells="x86/64")
        patch = patch.replace("0 * WHAT", "2 * WHAT")
        r = place.check(patch, status=1, cells="x86/64")
    finally:
        (place.tree / "kernel/c.c").write_text(text)
    # Without WHAT the one does not compile; WHAT alone does nothing.
    assert [h["grade"] for h in r["hunks"]] == ["differs", "bytes"]


def test_a_hunk_that_breaks_a_build(place: Place,
                                    capsys: pytest.CaptureFixture[str]
                                    ) -> None:
    """It has no grade of an object, also where another cell is content."""
    r = place.check({"mm/b.c": ("*q : 0", "*q : sizeof(int[9 - sizeof(long)"
                                " * 2])")}, status=1)
    (h,) = r["hunks"]
    assert h["grade"] == h["cells"]["x86/64"] == "does not build"
    assert h["cells"]["x86/32"] in ("size", "differs")
    out = capsys.readouterr().out
    assert "mm/b.c:10: does not build: what reads it, in x86/64" in out
    assert "1 object does not build: mm/b.o" in out


def test_a_message_from_within_a_macro(place: Place) -> None:
    r = place.check({"include/linux/pt.h": (
        "#define never_used(t)\ttable_read(t)",
        "#define never_used(t)\ttable_read(t)\n#define no_such(t)\t(t)->what"),
        "mm/b.c": ("return t->count;", "return no_such(t);")}, status=1)
    c = cell(r, "x86/64")
    (m,) = [m for m in c["messages"] if m["severity"] == "error"]
    assert (m["file"], m["used_at"]) == ("include/linux/pt.h", "mm/b.c:5")
    assert "used at mm/b.c:5" in c["new_errors"][0]


def test_lines_that_are_off(place: Place) -> None:
    """A patch for a tree with other lines above; as a mailer sends it."""
    patch = faketree.diff({"mm/b.c": ("*q : 0", "*q : 9")})
    patch = re.sub(r"@@ -(\d+),(\d+) \+(\d+),", r"@@ -5\1,\2 +5\3,", patch)
    r = place.check(patch.replace("\n", "\r\n"), status=1, cells="x86/64")
    assert r["coverage"]["ranges"] == [{
        "file": "mm/b.c", "first": 10, "last": 10, "cells": ["x86/64"]}]
    assert r["hunks"][0]["line"] == 10


def test_patches_in_a_row(place: Place) -> None:
    """A mailbox of two that touch the same line."""
    def mail(old: str, new: str) -> str:
        body = faketree.diff({"mm/b.c": ("*q : 0", f"*q : {new}")}).replace(
            "-\treturn p != (int __user *)0 ? *q : 0;",
            f"-\treturn p != (int __user *)0 ? *q : {old};")
        return "From x Mon Sep 17 00:00:00 2001\nSubject: y\n\n" \
            f"{body}-- \n2\n\n"

    r = place.check(mail("0", "3") + mail("3", "(0)"), status=0)
    assert r["coverage"]["lines"] == r["coverage"]["compiled"] == 1
    assert [(h["line"], h["grade"]) for h in r["hunks"]] == [(10, "bytes")]


def test_an_object_that_there_is_not(place: Place,
                                     capsys: pytest.CaptureFixture[str]
                                     ) -> None:
    place.check({"mm/b.c": ("*q : 0", "*q : 4")}, "--object", "mm/c.o",
                status=128)
    err = capsys.readouterr().err
    assert "none is mm/c.o; near it: mm/b.o" in err


def test_size_is_told(place: Place) -> None:
    r = place.check({"kernel/c.c": ("return t->count;",
                                    "return t->count * 77 + 1;")}, status=1)
    (d,) = cell(r, "x86/64")["differences"]
    (f,) = d["functions"]
    assert d["grade"] == "differs" and f["name"] == "count_of"
    assert f["size_after"] > f["size_before"]
    assert f["insns_after"] > f["insns_before"]


def test_functions_that_only_moved_are_not_named(place: Place) -> None:
    """A call within the file holds the distance to another function."""
    text = "static __attribute__((noinline)) int late(int n)\n" \
        "{\n\t__asm__ volatile(\"\" : : : \"memory\");\n\treturn n;\n}\n"
    new = "static int late(int n);\nint early(int n);\nint mid(int n);\n" \
        "int mid(int n)\n{\n\treturn n * 3;\n}\n" \
        "int early(int n)\n{\n\treturn late(n) + 1;\n}\n" + text
    (place.tree / "mm/never.c").write_text(new)
    (place.tree / "mm/Makefile").write_text("obj-y += a.o b.o never.o\n")
    try:
        patch = "".join(difflib.unified_diff(
            new.splitlines(True),
            new.replace("n * 3", "n / 77 + n / 1001 + n % 17").splitlines(
                True),
            "a/mm/never.c", "b/mm/never.c"))
        r = place.check(patch, status=1, cells="x86/64")
    finally:
        for name in ("mm/never.c", "mm/Makefile"):
            (place.tree / name).write_text(faketree.FILES[name])
    (d,) = cell(r, "x86/64")["differences"]
    assert [f["name"] for f in d["functions"]] == ["mid"]


def test_header_breaks_a_file_that_is_not_touched(place: Place) -> None:
    r = place.check({"include/linux/pt.h": ("\tint count;", "\tint number;"),
                     "mm/b.c": ("t->count", "t->number"),
                     "mm/a.c": ("return t->count;", "return t->number;")},
                    status=1)
    errors = cell(r, "x86/64")["new_errors"]
    assert any(e.startswith("kernel/c.c:5: error:") for e in errors)
    assert cell(r, "x86/64")["not_built_after"] == ["kernel/c.o"]


def test_does_not_apply(place: Place,
                        capsys: pytest.CaptureFixture[str]) -> None:
    patch = faketree.diff({"mm/b.c": ("return t->count;", "return 1;")})
    place.check(patch.replace("int table_read", "int table_write"),
                status=128)
    err = capsys.readouterr().err
    assert "mm/b.c:2: the hunk does not apply" in err
    assert "p.patch:3" in err


def test_new_deleted_renamed(place: Place) -> None:
    r = place.check({
        "mm/Makefile": ("a.o b.o", "a.o d.o e.o"), "mm/b.c": None,
        "mm/d.c": faketree.FILES["mm/b.c"],
        "mm/e.c": "#include <linux/pt.h>\nint e(void);\n"
                  "int e(void)\n{\n\treturn 5;\n}\n"}, status=0)
    for c in r["cells"]:
        assert c["added"] == ["mm/d.o", "mm/e.o"]
        assert c["removed"] == ["mm/b.o"]
    assert {h["grade"] for h in r["hunks"] if h["file"] != "mm/b.c"} == {
        "nothing to compare"}
    assert "nothing to be compared with: 6" in r["sentence"]
    assert r["coverage"]["percent"] == 100


def test_renamed(place: Place) -> None:
    """What sparse said of the old name is not new under the new one."""
    r = place.check(
        "diff --git a/mm/a.c b/mm/z.c\nsimilarity index 100%\n"
        "rename from mm/a.c\nrename to mm/z.c\n"
        "diff --git a/mm/Makefile b/mm/Makefile\n"
        + faketree.diff({"mm/Makefile": ("a.o b.o", "z.o b.o")}), status=0)
    assert cell(r, "x86/64")["added"] == ["mm/z.o"]
    assert cell(r, "x86/64")["sparse_files"] == 1
    assert r["hunks"] == []


def test_config(place: Place) -> None:
    """A Makefile alone, which makes an object go away, or another come."""
    r = place.check({"mm/Makefile": ("a.o b.o", "a.o")}, status=2)
    assert r["verdict"] == "incomplete"
    assert cell(r, "x86/64")["removed"] == ["mm/b.o"]
    r = place.check({"mm/Makefile": ("a.o b.o", "a.o b.o never.o")}, status=1)
    assert cell(r, "x86/64")["added"] == ["mm/never.o"]
    assert "'never' was not declared" in cell(r, "x86/64")["new_sparse"][0]
    r = place.check({"mm/Makefile": ("a.o b.o", "a.o")}, "--whole", "mm",
                    status=0)
    assert cell(r, "x86/64")["removed"] == ["mm/b.o"]
    assert cell(r, "x86/64")["objects"] == 2


def test_flags_in_a_makefile(place: Place) -> None:
    """No source is touched; one object is compiled otherwise."""
    r = place.check({"mm/Makefile": ("obj-y += a.o", "mm/b.o: private EXTRA ="
                                     " -fstack-protector-all\n"
                                     "obj-y += a.o")}, status=1,
                    cells="x86/64")
    c = cell(r, "x86/64")
    assert list(c["graded"]) == ["mm/b.o"]
    assert "compiles otherwise" in c["choice"]


def test_generated_headers(place: Place,
                           capsys: pytest.CaptureFixture[str]) -> None:
    """Of an option whose value is another all users may change."""
    base = "config HUGE\n\tbool\n"
    r = place.check({"Kconfig": (base, base + "config MORE\n\tbool\n"),
                     "mm/b.c": ("count;", "count   ;")}, status=0)
    assert cell(r, "x86/64")["generated"] == []
    edit: Edits = {"arch/x86/configs/x86_64": ("HUGE=y", "HUGE=n"),
                   "mm/b.c": ("count;", "count   ;")}
    assert "not as before" not in capsys.readouterr().out
    r = place.check(edit, status=0)     # a defconfig is no Kconfig
    make = faketree.FILES["Makefile"]
    (place.tree / "table").write_text("1\n")
    (place.tree / "Makefile").write_text(make.replace(
        "prepare:\n", "prepare:\n\t@mkdir -p include/generated; cp "
        "$(srctree)/table include/generated/table.h\n"))
    try:
        r = place.check("--- a/table\n+++ b/table\n@@ -1 +1 @@\n-1\n+2\n",
                        status=2)
        assert cell(r, "x86/64")["generated"] == [
            "include/generated/table.h"]
        assert "not as before: include/generated/table.h" in \
            capsys.readouterr().out
    finally:
        (place.tree / "Makefile").write_text(make)
        (place.tree / "table").unlink()


def test_whole_folders(place: Place,
                       capsys: pytest.CaptureFixture[str]) -> None:
    edit: Edits = {"kernel/c.c": ("count;", "count ;")}
    r = place.check(edit, "--whole", "mm,arch", status=0)
    assert set(cell(r, "x86/64")["graded"]) == {
        "mm/a.o", "mm/b.o", "kernel/c.o", "arch/x86/mm/init.o"}
    place.check(edit, "--whole", "nn", status=128)
    assert "--whole nn: no such folder" in capsys.readouterr().err


def test_extra_warnings(place: Place) -> None:
    edit: Edits = {"kernel/c.c": ("return", "unsigned u = 1;\n\n\tif (u > "
                                  "t->count)\n\t\treturn 2;\n\treturn")}
    assert not cell(place.check(edit, status=1), "x86/64")["new_warnings"]
    r = place.check(edit, "-W", status=1)
    assert "sign-compare" in cell(r, "x86/64")["new_warnings"][0]


def test_again_and_another_patch(place: Place) -> None:
    """The same check is not made again; another patch builds only what comes
    after it."""
    first: Edits = {"mm/b.c": ("*q : 0", "*q : 1")}
    place.check(first, status=1)
    r = place.check(first, status=1)
    assert all(c["cached"] and c["different"] == 1 for c in r["cells"])
    # What is built already is no less chosen, in another set of folders.
    r = place.check({"mm/b.c": ("*q : 0", "*q : 1"),
                     "kernel/c.c": ("count;", "count    ;")}, status=1)
    assert cell(r, "x86/64")["objects"] == 2
    assert (place.run / "cells/x86-64/objects/after/mm/b.o").is_file()
    place.check({"mm/b.c": ("*q : 0", "*q : 2")}, status=1)
    assert not (place.run / "cells/x86-64/before.log").exists()
    assert (place.run / "cells/x86-64/after.log").exists()
    place.check(first, "--no-cache", status=1)
    assert (place.run / "cells/x86-64/before.log").exists()


def test_goes_on_after_an_interruption(
        place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    edit: Edits = {"mm/b.c": ("*q : 0", "*q : 3"),
                   "mm/a.c": ("int total;", "\n\nint total;")}

    def stop(*args: Any) -> Any:
        raise KeyboardInterrupt

    # Both objects are built by the first point; by the second, those with
    # the old line numbers have taken their place, and must go.
    for point, built in (("_cover", []), ("_functions", ["a", "b"])):
        with monkeypatch.context() as m:
            m.setattr(CellCheck, point, stop)
            place.check(edit, status=130, cells="x86/64")
        r = place.check(edit, status=1, cells="x86/64")
        graded = cell(r, "x86/64")["graded"]
        assert (graded["mm/a.o"], graded["mm/b.o"]) == ("tokens", "differs")
        log = place.run / "cells/x86-64/after.log"
        text = log.read_text() if log.exists() else ""
        assert [x for x in ("a", "b") if f"mm/{x}.o\n" in text] == built
        edit = {**edit, "kernel/c.c": ("count;", "count   ;")}


def test_messages_outlive_an_interruption(
        place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after make, before its log was read."""
    edit: Edits = {"mm/b.c": ("\treturn t", "\tint unused_b;\n\n\treturn t")}
    real = CellCheck._make

    def stop(self: Any, box: Any, log: Any, args: Any) -> Any:
        done = real(self, box, log, args)
        if log.name == "after.log":
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as m:
        m.setattr(CellCheck, "_make", stop)
        place.check(edit, status=130, cells="x86/64")
    objs = (place.root / "cache/treewide/work").glob("check-*/after/mm/b.o")
    (old,) = [p.stat().st_mtime_ns for p in objs]
    seen = []
    real_collect = CellCheck._collect

    def collect(self: Any, build: Path, log: Path, names: Any) -> Any:
        if build.name == "after" and (build / "mm/b.o").is_file():
            seen.append((build / "mm/b.o").stat().st_mtime_ns)
        return real_collect(self, build, log, names)

    monkeypatch.setattr(CellCheck, "_collect", collect)
    r = place.check(edit, status=1, cells="x86/64")
    assert "unused_b" in cell(r, "x86/64")["new_warnings"][0]
    assert set(seen[:2]) == {old}       # not built again


def test_the_tree_changes_meanwhile(place: Place,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """No verdict, and nothing of it is kept for the next time."""
    edit: Edits = {"mm/b.c": ("*q : 0", "*q : (0)   ")}
    new = place.tree / "mm/new.h"
    real = CellCheck._make

    def change(self: Any, box: Any, log: Any, args: Any) -> Any:
        new.write_text("")
        return real(self, box, log, args)

    with monkeypatch.context() as m:
        m.setattr(CellCheck, "_make", change)
        r = place.check(edit, status=1, cells="x86/64")
    assert "the tree changed" in cell(r, "x86/64")["reason"]
    new.unlink()
    r = place.check(edit, status=0, cells="x86/64")
    assert not cell(r, "x86/64")["cached"]


def test_what_a_script_says_at_each_make(place: Place) -> None:
    """It is of no object, and as old as the build that is in the cache."""
    said = place.tree / "scripts/reminder"
    said.write_text("<stdin>:9:2: warning: #warning nobody wrote it\n")
    try:
        for blanks in ("  ", "   "):
            r = place.check({"mm/b.c": ("*q : 0", f"*q :{blanks}0")},
                            status=0, cells="x86/64")
            assert cell(r, "x86/64")["new_warnings"] == []
        for path in (place.root / "cache/treewide/before").rglob(
                ".make.messages"):
            path.unlink()       # a build of an older treewide
        r = place.check({"mm/b.c": ("*q : 0", "*q :    0")}, status=0,
                        cells="x86/64")
        assert cell(r, "x86/64")["new_warnings"] == []
    finally:
        said.unlink()


def test_a_job_by_hand(place: Place) -> None:
    """Planned, done elsewhere, collected."""
    edit: Edits = {"mm/b.c": ("*q : 0", "*q : 4")}
    place.check(edit, "--plan", status=0)
    jobs = sorted((place.run / "cells").glob("*/job.json"))
    assert len(jobs) == 2
    program = Path(__file__).resolve().parents[2] / "tools/treewide-check"
    env = {**os.environ, "XDG_CACHE_HOME": str(place.root / "elsewhere")}
    for job in jobs:
        done = subprocess.run([str(program), "--job", str(job)], env=env,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert done.stdout == f"{job.parent}/result.json\n"
    shutil.rmtree(place.root / "elsewhere")
    planned = place.run
    assert check.main(["--tree", str(place.tree), "--patch",
                       str(place.root / "p.patch"), "--run", str(planned),
                       "--cells", "x86/64,x86/32"]) == 1
    result = json.loads((planned / "check.json").read_text())
    assert all(c["cached"] for c in result["cells"])


@pytest.mark.parametrize("trap", ["ln -sfn / mm/kept", "ln -sf /x mm/b.o",
                                  "mkfifo mm/.b.o.i"])
def test_a_makefile_that_leaves_a_trap(place: Place, trap: str) -> None:
    """What is read or replaced after the build would lie elsewhere."""
    r = place.check({"mm/Makefile": (
        "obj-y += a.o", f"$(shell mkdir -p mm; {trap})\nobj-y += a.o"),
        "mm/b.c": ("count;", "count  ;")}, status=1, cells="x86/64")
    assert "make left " in cell(r, "x86/64")["reason"]


def test_a_full_cache_costs_no_result(
        place: Place, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    real = cache.write_stamp

    def full(entry: Path, *args: Any) -> None:
        if ".tmp-" in entry.name:
            raise OSError(28, "No space left on device")
        real(entry, *args)

    monkeypatch.setattr(cache, "write_stamp", full)
    place.check({"mm/b.c": ("*q : 0", "*q : (0) ")}, status=0, cells="x86/64")
    assert "not kept in the cache: No space left" in capsys.readouterr().err


def test_two_checks_of_one_patch_at_once(place: Place) -> None:
    """The second waits and takes what the first has found."""
    edit: Edits = {"mm/b.c": ("*q : 0", "*q : (0)  ")}
    (place.root / "two.patch").write_text(faketree.diff(edit))
    program = Path(__file__).resolve().parents[2] / "tools/treewide-check"
    both = [subprocess.Popen(
        [str(program), "--tree", str(place.tree), "--patch",
         str(place.root / "two.patch"), "--cells", "x86/64", "--run",
         str(place.root / f"two{n}")], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL) for n in (1, 2)]
    assert [p.wait() for p in both] == [0, 0]
    cached = [json.loads((place.root / f"two{n}/check.json").read_text())
              ["cells"][0]["cached"] for n in (1, 2)]
    assert sorted(cached) == [False, True]


def test_damaged_cache(place: Place) -> None:
    edit: Edits = {"mm/b.c": ("*q : 0", "*q : 5")}
    place.check(edit, status=1)
    for path in (place.root / "cache/treewide/check").glob("*/stamp.json"):
        path.write_text("{")
    for path in (place.root / "cache/treewide/before").glob("*/build/mm/b.o"):
        path.write_text("no object")
    r = place.check(edit, status=1)
    assert "not an object" in cell(r, "x86/64")["reason"]
    r = place.check({"mm/b.c": ("*q : 0", "*q : 6")}, status=1)
    assert cell(r, "x86/64")["graded"] == {"mm/b.o": "differs"}


def test_cells(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    edit: Edits = {"mm/b.c": ("count;", "count ;")}
    r = place.check(edit, status=0, cells="auto")
    assert [c["cell"] for c in r["cells"]] == ["x86/32", "x86/64"]
    assert r["left_out"] == ["x86/none"]
    r = place.check(edit, status=2, cells="all")
    assert cell(r, "x86/none")["state"] == "not built"
    assert "no-such-arch-gcc" in cell(r, "x86/none")["reason"]
    with pytest.raises(SystemExit) as stop:
        place.check(edit, status=129, cells=" ,")
    assert stop.value.code == 129
    assert "--cells names no cell" in capsys.readouterr().err
    assert check.main(["--list-cells"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("x86/none") and "apt-get install gcc" in line
               and " no " in line for line in listed)


def test_likeliest_failure_first(place: Place) -> None:
    """The cell that failed the last time comes first."""
    place.check({"mm/a.c": ("#ifndef CONFIG_64BIT", "#ifdef CONFIG_64BIT\n"
                            "#error no\n#endif\n#ifndef CONFIG_64BIT")},
                status=1)
    r = place.check({"mm/b.c": ("count;", "count  ;")}, status=0)
    assert [c["cell"] for c in r["cells"]] == ["x86/64", "x86/32"]


def test_nothing_of_the_machine_in_messages(
        place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--tree", str(place.tree), "--patch", "/nonexistent",
                       "--cells", "x86/64"]) == 128
    err = capsys.readouterr().err
    assert "/nonexistent: no such file" in err and "Errno" not in err


def test_the_tree_is_not_written_to(place: Place) -> None:
    before = {p: p.stat().st_mtime_ns for p in place.tree.rglob("*")}
    place.check({"mm/b.c": ("*q : 0", "*q : 7")}, status=1)
    assert {p: p.stat().st_mtime_ns for p in place.tree.rglob("*")} == before


def test_sarif(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.check({"mm/b.c": ("? *q : 0", "? *p : 1"),
                 "mm/never.c": ("return 0;", "return 1;")}, "--format",
                "sarif", status=1)
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    (one,) = log["runs"]
    rules = [r["id"] for r in one["tool"]["driver"]["rules"]]
    found = {}
    for r in one["results"]:
        assert rules[r["ruleIndex"]] == r["ruleId"]
        place_ = r["locations"][0]["physicalLocation"]
        assert place_["region"]["startLine"] > 0
        assert not place_["artifactLocation"]["uri"].startswith("/")
        found[r["ruleId"]] = r
    assert set(found) == {"new-sparse", "object-differs", "line-not-compiled"}
    # Both cells say it; it is one result.
    assert found["object-differs"]["properties"]["cells"] == [
        "x86/32", "x86/64"]


def test_json_is_as_documented(place: Place, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(__file__).resolve().parents[2]
                         / "docs/check-schema.json").read_text())
    out = tmp_path / "out"
    out.mkdir()
    place.check({"mm/b.c": ("? *q : 0", "? *p : 1"),
                 "mm/never.c": ("return 0;", "return 1;")}, "-o", str(out),
                status=1, cells="all")
    assert sorted(p.name for p in out.iterdir()) == [
        "check.json", "check.sarif", "check.txt"]
    result = json.loads((out / "check.json").read_text())
    jsonschema.validate(result, schema)
    result["cells"][0]["state"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(result, schema)


# Sparse, without a build

def checkcc(folder: Path, script: str, *args: str) -> int:
    (folder / "sp").write_text("#!/bin/sh\n" + script)
    (folder / "sp").chmod(0o755)
    program = Path(__file__).resolve().parents[2] / "tools/checkcc"
    return subprocess.run(
        [str(program), *args], cwd=folder, check=False, env={
            **os.environ, "SPARSE": str(folder / "sp"), "SPARSE_FLAGS": "-x",
            "SPARSE_TIMEOUT": "1"}).returncode


@pytest.mark.parametrize("script, why", [
    ("kill -SEGV $$", "sparse crashed"), ("sleep 9", "sparse took more than"),
    ("echo what\nexit 1", "sparse failed: what"), ("exit 0", "")])
def test_a_bad_sparse_costs_a_file(tmp_path: Path, script: str, why: str
                                   ) -> None:
    assert checkcc(tmp_path, script, "-Wp,-MMD,./.a.o.d", "a.c") == 0
    messages, got = sparse.read(tmp_path, "a.o", "/t/src")
    assert messages == [] and got.startswith(why) and bool(got) == bool(why)
    assert sparse.read(tmp_path, "b.o", "/t/src")[1] == "sparse was not run"


def test_checkcc_is_sparse_otherwise(tmp_path: Path) -> None:
    assert checkcc(tmp_path, "exit 7", "a.c") == 7


def test_kbuild_tries_sparse_with_split_words(tmp_path: Path) -> None:
    """Linux 7.2's checker-valid.sh splits "-DX=unsigned short"."""
    assert checkcc(tmp_path, 'test "$*" = "-x a.c" || exit 7',
                   "-DX=unsigned", "short", "a.c") == 0


def test_sparse_that_knows_no_such_march(tmp_path: Path) -> None:
    script = """case "$*" in
*-march=*) echo "invalid argument to '-march': '_zicsr'"; exit 1 ;;
esac
echo "a.c:1:2: warning: $*"
"""
    assert checkcc(tmp_path, script, "-Wp,-MMD,./.a.o.d", "-DA=b c",
                   "-march=rv64_zicsr", "-O2", "a.c") == 0
    messages, why = sparse.read(tmp_path, "a.o", "/t/src")
    assert not why
    assert [m.message for m in messages] == \
        ["-x -Wp,-MMD,./.a.o.d -DA=b c -O2 a.c"]


def test_unqualified_types() -> None:
    """Linux 7.2 wants a word that sparse 0.6.4 does not know."""
    if kbuild.program_version(sparse.PROGRAM) is None:
        pytest.skip("no sparse")
    probe = "static int f(const int *q)" \
        "{\n\t__typeof_unqual__(*q) v = *q;\n\treturn v;\n}\n"
    done = subprocess.run([sparse.PROGRAM, *sparse.flags(), "-"], input=probe,
                          text=True, capture_output=True, check=False)
    assert "error" not in done.stderr
