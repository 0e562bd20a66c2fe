# SPDX-License-Identifier: GPL-2.0-only
"""Which rules of a semantic patch a message of a series shows."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.seriesplan import Change  # noqa: E402 (needs the path above)
from twlib.seriestext import fits, smpl  # noqa: E402

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


@pytest.mark.parametrize("words,want", [
    ({"join", "stash_of"}, True),
    ({"join", "other"}, False),         # nothing that gives one
    ({"stash_of"}, False),              # no join()
])
def test_fits_words(words: set[str], want: bool) -> None:
    assert fits(CALL, words, {"GIVES": "stash_of|stash_at"}) is want


def test_fits_one_arm() -> None:
    assert fits(WALK, {"for_each_back"}, {})
    assert fits(WALK, {"for_each"}, {})
    assert not fits(WALK, {"for_all"}, {})


def test_bad_pattern_is_no_reason() -> None:
    assert fits(CALL, {"join"}, {"GIVES": "*"})


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
