# SPDX-License-Identifier: GPL-2.0-only
"""
The parts of `treewide check` that need no kernel: patches, mounts, line
markers, the names on changed lines, diagnostics and verdicts.
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.check import command as check, linemark  # noqa: E402
from twlib.check.inputs import Inputs  # noqa: E402
from twlib.patch import declnames, patchset  # noqa: E402
from twlib.patch.mounts import mounts  # noqa: E402
from twlib.check.result import (CellResult, load_result,  # noqa: E402
                                save_result, verdict)
from twlib.patch.patchset import (FileChange, LineChange,  # noqa: E402
                                  PatchError)

MODIFY = b"""--- a/mm/a.c
+++ b/mm/a.c
@@ -1,3 +1,4 @@
 one
+new
 two
 three
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, text in {"mm/a.c": "one\ntwo\nthree\n", "mm/b.c": "b\n",
                       "mm/sub/d.c": "d\n", "include/x.h": "x\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "mm/link.c").symlink_to("b.c")
    (root / "linked").symlink_to("mm")
    return root


def parse(data: bytes) -> list[FileChange]:
    return patchset.parse(data, "p.patch")


def test_modify(tree: Path, tmp_path: Path) -> None:
    changes = parse(MODIFY)
    assert changes == [FileChange("mm/a.c", "mm/a.c")]
    stage = tmp_path / "stage"
    patchset.apply_to(tree, MODIFY, "p.patch", changes, stage)
    assert (stage / "mm/a.c").read_text() == "one\nnew\ntwo\nthree\n"
    assert (tree / "mm/a.c").read_text() == "one\ntwo\nthree\n"
    assert patchset.line_changes(tree / "mm/a.c", stage / "mm/a.c") == [
        LineChange(1, 0, 1, 1)]
    assert mounts(tree, stage, changes, tmp_path / "shadow") == [
        (stage / "mm/a.c", "mm/a.c")]


def test_add_delete_rename(tree: Path, tmp_path: Path) -> None:
    data = b"""diff --git a/mm/a.c b/mm/c.c
similarity index 100%
rename from mm/a.c
rename to mm/c.c
diff --git a/mm/b.c b/mm/b.c
deleted file mode 100644
--- a/mm/b.c
+++ /dev/null
@@ -1 +0,0 @@
-b
diff --git a/mm/new/e.c b/mm/new/e.c
new file mode 100644
--- /dev/null
+++ b/mm/new/e.c
@@ -0,0 +1 @@
+e
diff --git a/mm/sub/d.c b/mm/sub/d.c
--- a/mm/sub/d.c
+++ b/mm/sub/d.c
@@ -1 +1 @@
-d
+D
"""
    changes = parse(data)
    assert [c.kind for c in changes] == ["renamed", "deleted", "added",
                                         "modified"]
    stage = tmp_path / "stage"
    patchset.apply_to(tree, data, "p.patch", changes, stage)
    shown = mounts(tree, stage, changes, tmp_path / "shadow")
    assert [path for _, path in shown] == ["mm", "mm/sub", "mm/sub/d.c"]
    folder = shown[0][0]
    assert sorted(p.name for p in folder.iterdir()) == [
        "c.c", "link.c", "new", "sub"]
    assert (folder / "new/e.c").read_text() == "e\n"
    assert (folder / "link.c").is_symlink()
    assert (folder / "c.c").read_text() == "one\ntwo\nthree\n"


def test_new_file_beside_modified_one(tree: Path, tmp_path: Path) -> None:
    data = MODIFY + b"--- /dev/null\n+++ b/mm/n.c\n@@ -0,0 +1 @@\n+n\n"
    changes = parse(data)
    stage = tmp_path / "stage"
    patchset.apply_to(tree, data, "p.patch", changes, stage)
    shown = dict((p, s) for s, p in mounts(
        tree, stage, changes, tmp_path / "shadow"))
    assert (shown["mm"] / "n.c").read_text() == "n\n"
    assert (shown["mm"] / "a.c").read_text() == "one\nnew\ntwo\nthree\n"


def test_no_index_header_of_a_new_file() -> None:
    data = (b"diff --git a/mm/a.c b/mm/a.c\n" + MODIFY
            + b"diff --git b/mm/n.c b/mm/n.c\nnew file mode 100644\n"
            + b"--- /dev/null\n+++ b/mm/n.c\n@@ -0,0 +1 @@\n+n\n")
    assert parse(data) == [FileChange("mm/a.c", "mm/a.c"),
                           FileChange(None, "mm/n.c")]


@pytest.mark.parametrize("data, why", [
    (MODIFY.replace(b"b/mm", b"b/../mm"), "out of the tree"),
    (MODIFY.replace(b"a/mm/a.c", b"/etc/passwd"), "absolute"),
    (MODIFY.replace(b"a/mm/a.c", b"a.c"), "no leading folder"),
    (b"diff --git a/x.bin b/x.bin\nGIT binary patch\nliteral 1\n",
     "p.patch:2: a binary patch"),
    (b"Binary files a/x and b/x differ\n", "binary"),
    (b"diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n"
     b"@@ -0,0 +1 @@\n+/etc\n", "symbolic link"),
    (b"just words\n", "no diff in it"),
    (MODIFY + MODIFY, "touched twice"),
    (MODIFY[:-8], "ends within the hunk of line"),
])
def test_refused(data: bytes, why: str) -> None:
    with pytest.raises(PatchError, match=why):
        parse(data)


@pytest.mark.parametrize("data, why", [
    (MODIFY.replace(b" two", b" twos"), "mm/a.c:1: the hunk does not apply"),
    (MODIFY.replace(b"/mm/a.c", b"/linked/a.c"), "symbolic link"),
    (MODIFY.replace(b"/mm/a.c", b"/mm/none.c"), "no such file"),
    (b"--- /dev/null\n+++ b/mm/b.c\n@@ -0,0 +1 @@\n+n\n", "there already"),
])
def test_does_not_apply(tree: Path, tmp_path: Path, data: bytes,
                        why: str) -> None:
    with pytest.raises(PatchError, match=why):
        patchset.apply_to(tree, data, "p.patch", parse(data),
                          tmp_path / "stage")


def neutral(before: str, after: str, tmp_path: Path) -> str:
    (tmp_path / "b").write_text(before)
    (tmp_path / "a").write_text(after)
    changes = patchset.line_changes(tmp_path / "b", tmp_path / "a")
    return linemark.neutralise(after.encode(), changes).decode()


def test_neutral_plain(tmp_path: Path) -> None:
    assert neutral("a;\nb;\nc;\n", "a;\nx;\ny;\nb;\nc;\n", tmp_path) == \
        "a;\nx;\ny;\n#line 2\nb;\nc;\n"
    assert neutral("a;\nb;\nc;\n", "a;\nc;\n", tmp_path) == \
        "a;\n#line 3\nc;\n"
    assert neutral("a;\nb;\n", "a;\nc;\n", tmp_path) == "a;\nc;\n"


def test_neutral_stays_out_of_macros_comments_and_calls(tmp_path: Path
                                                        ) -> None:
    macro = "#define M(x) \\\n\tf(x); \\\n\tg(x)\nint a;\n"
    assert neutral(macro, macro.replace("f(x)", "f(x); \\\n\th(x)"),
                   tmp_path).endswith("g(x)\n#line 4\nint a;\n")
    comment = "/*\n * one\n * two\n */\nint a;\n"
    assert neutral(comment, comment.replace(" * one", " * x\n * one"),
                   tmp_path).endswith(" */\n#line 5\nint a;\n")
    call = "\tf(a,\n\t  \")\",\n\t  c);\n\tg();\n"
    assert neutral(call, call.replace("f(a,", "f(a,\n\t  b,"),
                   tmp_path).endswith("c);\n#line 4\n\tg();\n")


def test_neutral_after_a_skipped_arm(tmp_path: Path) -> None:
    """The directive within the arm does nothing when the arm is skipped."""
    before = "#ifndef A\na;\nb;\n#endif\nc;\nd;\n"
    assert neutral(before, before.replace("a;", "a;\nx;"), tmp_path) == \
        "#ifndef A\na;\nx;\n#line 3\nb;\n#endif\n#line 5\nc;\nd;\n"


def test_neutral_compiles_to_the_same_bytes(tmp_path: Path) -> None:
    before = ("#define W(x) do { if (x) report(__FILE__, __LINE__); } "
              "while (0)\nvoid report(const char *, int);\n"
              "void f(int a)\n{\n\tW(a);\n\tW(\n\t  a + 1);\n}\n"
              "void g(int a)\n{\n\tW(a);\n}\n")
    after = before.replace("void f", "/* why */\nvoid f").replace(
        "\tW(\n", "\t/* two\n\t * lines */\n\tW(\n")
    objects = []
    for text in (before, after, neutral(before, after, tmp_path)):
        (tmp_path / "t.c").write_text(text)
        subprocess.run(["gcc", "-O2", "-c", "t.c", "-o", "t.o"],
                       cwd=tmp_path, check=True)
        objects.append((tmp_path / "t.o").read_bytes())
    assert objects[0] != objects[1]
    assert objects[0] == objects[2]


HEADER = b"""/* a comment with words (and) parens; */
#ifndef X_H
#define X_H
struct ptdesc;
#define pmd_pgtable(pmd) \\
\tfirst(pmd); \\
\tsecond(pmd)
typedef struct ptdesc *table_t;
typedef void (*walk_fn)(int a);
extern pgtable_t alloc_one(struct mm *mm);
static inline void free_one(struct mm *mm,
\t\t\t    pgtable_t t)
{
\tint counter = 0;
\trelease(t);
}
struct walk {
\tint plain;
\tpgtable_t table, other;
\tint (*entry)(int a);
};
extern int limit;
#endif
"""


@pytest.mark.parametrize("line, names", [
    (0, set()), (3, set()), (4, {"pmd_pgtable"}), (6, {"pmd_pgtable"}),
    (7, {"table_t"}), (8, {"walk_fn"}), (9, {"alloc_one"}),
    (11, {"free_one"}), (14, {"free_one"}), (17, {"plain"}),
    (18, {"table", "other"}), (19, {"entry"}), (21, {"limit"}),
])
def test_declared(line: int, names: set[str]) -> None:
    got = declnames.declared(HEADER, line, 1)
    if line == 3:
        got.discard("ptdesc")
    assert got == names


@pytest.mark.parametrize("added, names", [
    (b"struct other {\n\tint addr;\n\tint level;\n};\n", {"other"}),
    (b"enum other {\n\tOTHER_A,\n};\n", {"OTHER_A"}),
    (b"typedef struct {\n\tint addr;\n} other_t;\n", {"other_t"}),
    (b"#define addr(x)\t(x)\n", {"addr"}),
])
def test_declared_added(added: bytes, names: set[str]) -> None:
    """Only a type's own name can be met elsewhere, not its new fields."""
    text = HEADER.replace(b"extern int limit;", added)
    first = text[:text.index(added)].count(b"\n")
    assert declnames.declared(text, first, added.count(b"\n"),
                              HEADER) == names


@pytest.mark.parametrize("line, names", [
    (b"\tint fresh;\n", {"walk"}),             # users of the type
    (b"\tlong plain;\n", {"plain"}),           # users of the field
    (b"\tint fresh; long plain;\n", {"walk", "plain"}),
])
def test_declared_field(line: bytes, names: set[str]) -> None:
    text = HEADER.replace(b"\tint plain;\n", line)
    assert declnames.declared(text, 17, 1, HEADER) == names


def test_definitions_at() -> None:
    assert declnames.definitions_at(HEADER, {5}) == {"pmd_pgtable"}
    assert declnames.definitions_at(HEADER, {14}) == {"free_one"}
    assert declnames.definitions_at(HEADER, {9}) == set()


@pytest.mark.parametrize("cells, expected", [
    ([CellResult("a/b", "built", objects=1, identical=1)], "ok"),
    ([CellResult("a/b", "built", different=1)], "failed"),
    ([CellResult("a/b", "built", new_warnings=["w"])], "failed"),
    ([CellResult("a/b", "not built"), CellResult("c/d", "built")],
     "incomplete"),
    ([CellResult("a/b", "not built"), CellResult("c/d", "failed")], "failed"),
    ([CellResult("a/b", "absent"), CellResult("c/d", "built")], "ok"),
    ([CellResult("a/b", "absent"), CellResult("c/d", "not built")],
     "incomplete"),
    ([CellResult("a/b", "built", not_built_before=["x.o"])], "incomplete"),
    ([], "ok"),
])
def test_verdict(cells: list[CellResult], expected: str) -> None:
    assert verdict(cells) == expected


@pytest.mark.parametrize("args, status", [
    ([], 129), (["--tree", ".", "--patch", "p", "-j", "0"], 129),
    (["--tree", ".", "--patch", "p", "--format", "xml"], 129),
    (["--tree", ".", "--patch", "p", "--cells", "arm64/5k"], 129),
    (["--tree", ".", "--patch", "p", "--cells", ","], 129),
])
def test_usage(args: list[str], status: int) -> None:
    with pytest.raises(SystemExit) as stop:
        check.main(args)
    assert stop.value.code == status


@pytest.mark.parametrize("args, message", [
    (["--tree", "TREE/none"], "no such folder"),
    (["--tree", "TREE"], "no kernel tree"),
])
def test_fatal(tree: Path, tmp_path: Path, args: list[str], message: str,
               monkeypatch: pytest.MonkeyPatch,
               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "p.patch").write_bytes(MODIFY)
    args = [a.replace("TREE", str(tree)) for a in args]
    assert check.main([*args, "--patch", str(tmp_path / "p.patch")]) == 128
    assert message in capsys.readouterr().err


def test_result_survives_the_cache(tmp_path: Path) -> None:
    one = CellResult("a/b", "built", differences=[{"object": "x", "what": ""}])
    save_result(tmp_path / "r.json", one)
    assert load_result(tmp_path / "r.json") == one
    (tmp_path / "r.json").write_text("{")
    assert load_result(tmp_path / "r.json") is None


def test_documentation_builds_nothing(tree: Path, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]
                                      ) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tree / "Documentation").mkdir(exist_ok=True)
    (tree / "Documentation" / "a.rst").write_text("one\n")
    (tree / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\n")
    (tree / "Kconfig").write_text("")
    (tree / "arch").mkdir(exist_ok=True)
    (tree / "scripts" / "kconfig").mkdir(parents=True, exist_ok=True)
    patch = tmp_path / "p.patch"
    patch.write_text("--- a/Documentation/a.rst\n+++ b/Documentation/a.rst\n"
                     "@@ -1 +1 @@\n-one\n+two\n")
    assert check.main(["--tree", str(tree), "--patch", str(patch),
                       "--cells", "arm64/4k"]) == 0
    assert "documentation only" in capsys.readouterr().out


@pytest.mark.parametrize("old, new, moves", [
    ("mm/a.c", "mm/a.c", False), (None, "mm/a.c", True),
    ("mm/a.c", None, True), ("include/x.h", "include/x.h", False),
    (None, "include/x.h", False), ("include/x.h", None, False),
    ("include/x.h", "include/y.h", False), ("include/x.h", "mm/x.c", True),
    ("mm/Makefile", "mm/Makefile", True), (None, "mm/Kbuild", True)])
def test_what_moves_entries(old: str | None, new: str | None,
                            moves: bool) -> None:
    """Only then is kbuild asked again what the config builds."""
    inputs = Inputs(Path(), Path(), b"", [FileChange(old, new)], [], Path())
    assert inputs.moves_entries == moves
