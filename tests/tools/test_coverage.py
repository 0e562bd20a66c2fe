# SPDX-License-Identifier: GPL-2.0-only
"""Marks on lines, what they must not change, and sparse's messages."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.check import coverage, linemark, summary, sparse  # noqa: E402
from twlib.patch.patchset import LineChange  # noqa: E402
from twlib.check.sparse import Message  # noqa: E402

SOURCE = b"""#ifndef GUARD_H
#define GUARD_H
/* a comment
 * int not_code; */
#define EMPTY
#define PLAIN 7
#define CALL(x) \\
	f(x, \\
	  #x) /* why */ \\

#define WIDE(a, \\
	     b) a##b
#define DROP(x) do { } while (0)
#if PLAIN > 8
int dead;
#elif defined(ARCH)
int arch;
#else
int live;
#endif
int f(int, const char *);
static inline int user(void)
{
	DROP(
		never());
	return CALL(
		WIDE(u,
		     ser)());
}
#ifdef __ASSEMBLY__
.macro none
#endif
#endif
"""


def preprocess(folder: Path, text: bytes) -> tuple[bytes, bool]:
    (folder / "t.c").write_bytes(text)
    done = subprocess.run(["gcc", "-E", "-P", "-w", "t.c"], cwd=folder,
                          capture_output=True, check=False)
    return done.stdout, done.returncode == 0


def marked(skip_step: int = 0) -> tuple[coverage.Marks, bytes]:
    marks = coverage.Marks()
    marks.add("t.c", SOURCE, range(SOURCE.count(b"\n")))
    return marks, marks.apply("t.c", SOURCE, marks.without(skip_step), {})


def lines(marks: coverage.Marks, seen: set[int]) -> set[int]:
    return {m.line + 1 for m in marks.marks if m.number in seen
            and m.kind != coverage.DIRECTIVE}


def test_what_is_code() -> None:
    marks, _ = marked()
    every = {m.line + 1 for m in marks.marks}
    assert every == set(range(1, 34)) - {3, 4, 10}


def test_marks(tmp_path: Path) -> None:
    marks, text = marked()
    assert not preprocess(tmp_path, text)[1]    # PLAIN, in an #if
    marks, text = marked(1)
    output, ok = preprocess(tmp_path, text)
    assert ok
    seen, glued = coverage.seen(output)
    # A mark that ## glues to a name shows its line, and is left out then.
    assert {m.line + 1 for m in marks.marks if m.number in glued} == {28}
    got = lines(marks, seen)
    # Dead arms, a dropped argument, a macro that had to go without.
    assert {15, 17, 25, 6, 31}.isdisjoint(got)
    assert 13 in got            # expanded
    assert {1, 2, 5, 7, 8, 9, 11, 14, 16, 18, 19, 20, 21, 22, 24, 26, 27, 28,
            30, 32, 33} <= got
    # The directives of a macro that is there are seen, expanded or not.
    assert 6 in {m.line + 1 for m in marks.marks if m.number in seen}


def test_marks_change_nothing(tmp_path: Path) -> None:
    marks, text = marked(1)
    glued = coverage.seen(preprocess(tmp_path, text)[0])[1]
    text = marks.apply("t.c", SOURCE, marks.without(1) | glued, {})
    plain = preprocess(tmp_path, SOURCE)[0]
    with_marks = preprocess(tmp_path, text)[0]
    assert with_marks != plain
    assert coverage.canonical(with_marks) == coverage.canonical(plain)


def test_line_numbers_stay(tmp_path: Path) -> None:
    before = b"#define L __LINE__\nint a = L;\nint b = L;\n"
    after = before.replace(b"int a", b"int n;\n#define N 1\nint a")
    changes = [LineChange(1, 0, 1, 2)]
    marks = coverage.Marks()
    marks.add("t.c", after, [1, 2])
    text = marks.apply("t.c", after, set(),
                       linemark.directives(after, changes))
    output = preprocess(tmp_path, text)[0]
    assert b"a = 2" in output and b"b = 3" in output


@pytest.mark.parametrize("one, two, same", [
    (b"a = b;", b"a=b ;", True), (b"int a;", b"inta;", False),
    (b"a + +b", b"a ++b", False), (b'f("a b")', b'f("ab")', False),
    (b"f( x )", b"f(x)", True), (b"'\"' x", b"'\"'  x", True),
    (b"f(x)", b"f(y)", False),
])
def test_canonical(one: bytes, two: bytes, same: bool) -> None:
    assert (coverage.canonical(one) == coverage.canonical(two)) is same


def test_conditions() -> None:
    info = coverage.read_lines(
        b"#ifdef CONFIG_A\n#ifndef CONFIG_B\nx;\n#else\ny;\n#endif\n"
        b"#elif CONFIG_C > 2\nz;\n#else\nw;\n#endif\nv;\n")
    said = {n: info[n].conditions for n in (2, 4, 7, 9, 11)}
    assert said == {2: ("CONFIG_A", "!CONFIG_B"), 4: ("CONFIG_A", "CONFIG_B"),
                    7: ("!CONFIG_A && (CONFIG_C > 2)",),
                    9: ("!CONFIG_A && !(CONFIG_C > 2)",), 11: ()}


def test_built_if(tmp_path: Path) -> None:
    for name, text in {
            "drivers/Makefile": "obj-$(CONFIG_NET) += net/\n",
            "drivers/net/Makefile": "obj-$(CONFIG_X) += card.o\ncard-y := \\\n"
            "\tone.o\ncard-$(CONFIG_Y) += two.o\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    none = tmp_path / "none"
    assert summary.built_if(tmp_path, none, "drivers/net/one.c") == [
        "CONFIG_X", "CONFIG_NET"]
    assert summary.built_if(tmp_path, none, "drivers/net/two.c") == [
        "CONFIG_Y", "CONFIG_X", "CONFIG_NET"]
    assert summary.built_if(tmp_path, none, "drivers/net/three.c") == [
        "CONFIG_NET"]


def test_sparse_output() -> None:
    found = sparse.parse([
        "/t/src/mm/a.c:5:7: warning: incorrect type in argument 1 (x)",
        "/t/src/mm/a.c:5:7:    expected void *p",
        "/t/src/mm/a.c:5:7:    got void [noderef] __user *q",
        "../src/mm/a.c: note: in included file:",
        "/t/src/include/b.h:3:1: error: typename in expression",
        "/t/src/include/b.h:3:1: error: typename in expression",
    ], "/t/src", "mm/a.o")
    assert [(m.severity, m.file, m.line, m.message) for m in found] == [
        ("warning", "mm/a.c", 5, "incorrect type in argument 1 (x); expected "
         "void *p; got void [noderef] __user *q"),
        ("error", "include/b.h", 3, "typename in expression")]


def test_sparse_compared() -> None:
    def at(line: int, text: str = "w", file: str = "a.c") -> Message:
        return Message("warning", file, line, 1, text)

    # Line 5 became lines 5 to 7; two lines more behind it.
    moves = {"a.c": [LineChange(4, 1, 4, 3)]}

    def compare(old: list[Message], new: list[Message]) -> tuple[int, int]:
        more, less = sparse.compare(old, new, moves, {"old.c": "a.c"})
        return len(more), len(less)

    assert compare([at(3), at(9)], [at(3), at(11)]) == (0, 0)
    assert compare([at(9)], [at(9)]) == (1, 1)      # not the same line
    assert compare([at(5)], [at(7)]) == (0, 0)      # within the change
    assert compare([at(5)], [at(6), at(7)]) == (1, 0)
    assert compare([at(5)], [at(11)]) == (1, 1)     # gone here, new there
    assert compare([at(3)], [at(3, "v")]) == (1, 1)
    assert compare([at(9, file="old.c")], [at(11)]) == (0, 0)
    # A header's message comes once for each object.
    assert compare([at(3)], [at(3), at(3)]) == (0, 0)
