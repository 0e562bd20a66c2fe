# SPDX-License-Identifier: GPL-2.0-only
"""Which objects a changed header concerns."""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.check import users  # noqa: E402
from twlib.patch import patchset  # noqa: E402


def search(tmp: Path, old: dict[str, str], new: dict[str, str]) -> users.Search:
    """The search for users of the headers that are @new, in a tree @old."""
    for root, files in (("tree", old), ("stage", new)):
        for path, text in files.items():
            (tmp / root / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp / root / path).write_text(text)
    found = users.Search(tmp / "tree", [patchset.FileChange(
        p if p in old else None, p) for p in new], ["x"])
    found.run(tmp / "stage")
    return found


def test_includers(tmp_path: Path) -> None:
    """A header that only headers include is compiled by who includes these."""
    old = {"include/linux/types.h": "struct a;\n",
           "include/linux/mm.h": "#include <linux/types.h>\n",
           "include/linux/odd.h": "int odd;\n",
           "mm/a.c": "#include <linux/mm.h>\n",
           "mm/odd.c": "#include <linux/odd.h>\n"}
    new = {"include/linux/types.h": "struct a;\nint fresh(void);\n",
           "include/linux/odd.h": "int odd, more;\n"}
    found = search(tmp_path, old, new)
    assert found.includers == {
        "include/linux/types.h": {"include/linux/mm.h", "mm/a.c"},
        "include/linux/odd.h": {"mm/odd.c"}}
    chosen = users.choose(found, {"mm/a.c": ["mm/a.o"]}, "x")
    assert chosen.objects == ["mm/a.o"]


def test_new_type(tmp_path: Path) -> None:
    """Who says "addr" does not use the addr of a type that is new."""
    old = {"include/linux/walk.h": "int walk(int addr);\n",
           "mm/a.c": "int addr, walk;\n", "mm/b.c": "int addr;\n"}
    new = {"include/linux/walk.h": "struct state {\n\tint addr;\n};\n"
                                   "int walk(struct state *s);\n"}
    found = search(tmp_path, old, new)
    assert found.users("x") == {"mm/a.c": {"walk"}}
