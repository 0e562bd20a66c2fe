# SPDX-License-Identifier: GPL-2.0-only
"""What tests/behaviour/run makes of two boots; no kernel is built here."""
from __future__ import annotations

import re
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "behaviour"
sys.path.insert(0, str(HERE))
loader = SourceFileLoader("behaviour_run", str(HERE / "run"))
spec = spec_from_loader("behaviour_run", loader)
assert spec
run = module_from_spec(spec)
sys.modules["behaviour_run"] = run      # dataclasses look there
loader.exec_module(run)

SAID = ["== start", "  mincore 0..512 1", "hits in look: mincore_hugetlb 7",
        "hits in swap: mincore_hugetlb 2", "hits in damon: young some",
        "locks in look: mincore_hugetlb: no lock", "== end"]


def boot(said: list[str], complaints: list[str] | None = None,
         ended: bool = True) -> object:
    return run.Boot.read(said, complaints or [], ended)


def test_equal() -> None:
    assert run.compare(boot(SAID), boot(SAID)) == []
    # What the kernel before complained of is no news.
    assert run.compare(boot(SAID, ["BUG: x"]), boot(SAID, ["BUG: x"])) == []


def test_differs() -> None:
    other = [x.replace("512 1", "512 0") for x in SAID]
    found = run.compare(boot(SAID), boot(other))
    assert "-  mincore 0..512 1" in found and "+  mincore 0..512 0" in found
    lost = [x for x in SAID if not x.startswith("locks")]
    assert run.compare(boot(SAID), boot(lost))
    fewer = [x.replace("hugetlb 7", "hugetlb 6") for x in SAID]
    assert run.compare(boot(SAID), boot(fewer))
    assert run.compare(boot(SAID), boot(SAID, ["WARNING: bad unlock"]))
    assert "did not end" in run.compare(boot(SAID), boot([], ended=False))[0]


ONE = "locks in hmm: fault: <a>"
TWO = "locks in hmm: fault: <a> <b>"
LEFT = "left out in hmm: fault 1"


class Booted:
    """A kernel whose boots are known."""

    def __init__(self, *boots: list[str]) -> None:
        self.left = [boot(b) for b in boots]
        self.result = self.left.pop(0)

    def again(self) -> None:
        self.result.join(self.left.pop(0))      # type: ignore[attr-defined]


def test_left_out() -> None:
    whole = ["== start", ONE, TWO]
    part = ["== start", ONE, LEFT]
    assert run.settle(Booted(whole), Booted(whole + [LEFT])) == []
    assert run.settle(Booted(whole), Booted(part, part, whole)) == []
    assert run.settle(Booted(part, whole), Booted(whole)) == []
    # Nothing was left out, or another call, or by another function.
    for lack in ((), ("left out in fork: fault 1",),
                 ("left out in hmm: faul 1",)):
        assert run.settle(Booted(whole), Booted(
            ["== start", ONE, *lack])) == [f"-{TWO}"]
    # A lock that is lost stays lost, whatever else was left out.
    lost = ["== start", ONE, LEFT]
    assert run.settle(Booted(whole), Booted(lost, lost, lost, lost, lost)) == [
        f"-{TWO}"]
    assert run.settle(Booted(["== start", TWO]),
                      Booted(part, ["== start", ONE])) == [f"-{TWO}", f"+{ONE}"]


def test_unsteady() -> None:
    try:
        run.settle(Booted(["== start", ONE, TWO]),
                   Booted(["== start", ONE, LEFT], ["== another", ONE, TWO]))
    except run.UnsteadyError:
        return
    raise AssertionError("two boots of one kernel differ, and nobody said so")


def test_hits() -> None:
    assert boot(SAID).hits == {             # type: ignore[attr-defined]
        "mincore_hugetlb": {"look": "7", "swap": "2"},
        "young": {"damon": "some"}}


def test_complaints() -> None:
    def found(line: str) -> str:
        m = run.COMPLAINT.search(line)
        return str(run.PLACE.sub("", m[1]).strip()) if m else ""

    assert found("[ 1.0] WARNING: bad unlock balance detected!")
    assert found("[ 1.0] WARNING: possible recursive locking detected")
    assert found("[ 1.0] BUG: kernel NULL pointer dereference, address: 0")
    assert found("[ 1.0] Kernel panic - not syncing: Attempted to kill init!")
    assert not found("[ 1.0] INFO: lockdep is turned off.")
    assert not found("[ 1.0] Memory failure: 0x1: recovery action for huge page")
    # The same finding elsewhere, by another process, is the same.
    assert (found("WARNING: CPU: 0 PID: 1 at mm/a.c:10 f+0x10/0x20")
            == found("WARNING: CPU: 1 PID: 9 at mm/a.c:12 f+0x14/0x24"))


def test_mistakes() -> None:
    made = run.mistakes()
    assert len(made) >= 10
    for name, planted in made.items():
        assert planted.made, name
        assert planted.where.endswith("_leaf.h"), name
        assert set(planted.noticed) <= {"compiler", "kernel", "output"}, name
        for file, text, instead in planted.made:
            assert file.endswith((".c", ".h")), name
            groups = re.compile(text, re.DOTALL).groups
            assert all(int(g) <= groups
                       for g in re.findall(r"\\(\d)", instead)), name


OLD = """int first(int a)
{
	return a;
}

static int second(struct x *s,
		  int b)
{
out:
	return b;
}
"""
PATCH = """--- a/mm/a.c
+++ b/mm/a.c
@@ -7,5 +7,5 @@
 		  int b)
 {
 out:
-	return b;
+	return b + 1;
 }
"""
NEXT = PATCH.replace("return b;", "return b + 1;").replace(
    "+	return b + 1;", "+	return b + 2;")


def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/mm").mkdir(parents=True, exist_ok=True)
    (tmp_path / "tree/mm/a.c").write_text(OLD)
    (tmp_path / "tree/mm/Makefile").write_text("obj-y += a.o\n")
    return tmp_path / "tree"


def test_edited(tmp_path: Path) -> None:
    patch = tmp_path / "p"
    patch.write_text(PATCH)
    assert run.edited(tree(tmp_path), [patch]) == ["second"]
    # Lines of a later patch count in what the one before left.
    longer, later = tmp_path / "longer", tmp_path / "later"
    longer.write_text("--- a/mm/a.c\n+++ b/mm/a.c\n@@ -1,3 +1,9 @@\n"
                      " int first(int a)\n {\n"
                      + 6 * "+	a++;\n" + " 	return a;\n")
    later.write_text("--- a/mm/a.c\n+++ b/mm/a.c\n@@ -7,4 +7,4 @@\n 	a++;\n"
                     " 	a++;\n-	return a;\n+	return -a;\n }\n")
    assert run.edited(tree(tmp_path), [longer, later]) == ["first"]


def stage(tmp_path: Path, mistake: list[tuple[str, str, str]]) -> Path:
    builder = run.Builder.__new__(run.Builder)
    builder.tree = tree(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    changes = builder._stage(work, [("one", PATCH.encode()),
                                    ("two", NEXT.encode())], mistake)
    assert sorted(c.new for c in changes) == [
        "mm/Makefile", "mm/a.c", "mm/treewide_probe.c"]
    return work / "stage"


def test_stage(tmp_path: Path) -> None:
    made = stage(tmp_path, [("mm/a.c", r"return (b)", r"return -\1")])
    assert "	return -b + 2;\n" in (made / "mm/a.c").read_text()
    assert (made / "mm/Makefile").read_text() == (
        "obj-y += a.o\nobj-y += treewide_probe.o\n")
    assert (tmp_path / "tree/mm/a.c").read_text() == OLD


def test_mistake_not_there(tmp_path: Path) -> None:
    try:
        stage(tmp_path, [("mm/a.c", "no such text", "")])
    except run.MistakeError:
        return
    raise AssertionError("a mistake that cannot be made was made")
