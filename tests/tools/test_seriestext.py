# SPDX-License-Identifier: GPL-2.0-only
"""Which rules of a semantic patch a message of a series shows."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.series.record import Change  # noqa: E402
from twlib.series.smpl import fits, smpl  # noqa: E402

CALL = """@call@
typedef stash_t;
stash_t h;
identifier give =~ "^(%GIVES%)$";
symbol old_list, new_list;
@@
  join(give(h),
- old_list
+ new_list
  )"""

WALK = """@walk@
iterator name for_each, for_each_back;
stash_t h;
statement S;
@@
(
  for_each(h,
- old_list
+ new_list
  ) S
|
  for_each_back(h,
- old_list
+ new_list
  ) S
)"""


@pytest.mark.parametrize("text,want", [
    ("join(stash_of(h), new_list);", True),
    ("join(other(h), new_list);", False),       # nothing that gives one
    ("x = stash_of(h); old_list = new_list;", False),   # no join()
])
def test_fits_words(text: str, want: bool) -> None:
    text += " old_list"
    assert fits(CALL, text, {"GIVES": "stash_of|stash_at"}) is want


def test_fits_one_arm() -> None:
    assert fits(WALK, "for_each_back(h, old_list)", {})
    assert fits(WALK, "for_each(h, old_list)", {})
    assert not fits(WALK, "for_all(h, old_list)", {})


def test_fits_what_stands_together() -> None:
    rule = """@second@
identifier f;
expression e, t;
@@
  f(t, as_page(e))"""
    assert fits(rule, "put(tlb, as_page(x));", {})
    assert fits(rule, "put(tlb,\n    as_page(x));", {})
    assert not fits(rule, "put(as_page(x));", {})


def test_bad_pattern_is_no_reason() -> None:
    assert fits(CALL, "join(a(h), old_list)", {"GIVES": "*"})


def test_shows_what_may_have_made_it(tmp_path: Path) -> None:
    rules = tmp_path / "r.cocci"
    rules.write_text(f"// What.\n\n{CALL}\n\n{WALK}\n", "utf-8")
    fill = {"GIVES": "stash_of"}

    def text(code: bytes) -> str:
        return smpl(rules, {"a.c": [("old_list", "new_list")]},
                    {"a.c": Change("a.c", code, code, 0o644)}, fill)

    assert "@call@" in text(b"join(stash_of(h), old_list);")
    assert "@walk@" not in text(b"join(stash_of(h), old_list);")
    assert "@walk@" in text(b"for_each_back(h, old_list) f();")
    assert "@call@" not in text(b"for_each_back(h, old_list) f();")
    # Nothing fits: better all than none.
    assert "@call@" in text(b"x();") and "@walk@" in text(b"x();")


def test_shows_no_heir_of_what_matches_nothing(tmp_path: Path) -> None:
    rules = tmp_path / "r.cocci"
    rules.write_text("""@first@
identifier f;
expression e, t;
@@
  f(t, as_page(e))

@heir@
stash_t h;
identifier first.f;
expression t;
@@
  f(t,
- h
+ as_page(h)
  )

@plain@
stash_t h;
@@
  put(
- h
+ as_page(h)
  )
""", "utf-8")

    def text(old: bytes, new: bytes) -> str:
        return smpl(rules, {"a.c": [("", "as_page("), ("", ")")]},
                    {"a.c": Change("a.c", old, new, 0o644)}, {})

    assert "heir" not in text(b"put(h);", b"put(as_page(h));")
    assert "heir" in text(b"put(h); f(t, h);",
                          b"put(as_page(h)); f(t, as_page(h));")
