# SPDX-License-Identifier: GPL-2.0-only
"""What is written with -o: whole, and through links and devices."""
from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from twlib.base.output import write_whole  # noqa: E402
from twlib.base.say import error, out, printable, progress  # noqa: E402


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    write_whole(file, "ä")
    assert file.read_bytes() == "ä".encode()
    assert os.listdir(tmp_path) == ["a"]


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there/a", tmp_path / "link"
    link.symlink_to(target)
    for text in (b"new", b"again"):     # the file is made, then replaced
        write_whole(link, text)
        assert link.is_symlink() and target.read_bytes() == text


def test_a_device_is_written_through(tmp_path: Path) -> None:
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    write_whole(link, "nothing")
    assert link.is_symlink() and link.is_char_device()


def test_a_fifo_is_written_through(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write_whole(fifo, "said")
    reader.join(10)
    assert read == [b"said"] and fifo.is_fifo()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_whole(tmp_path / "no/such/folder", "x")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("raw, said", [
    ("plain \u00e9\t\n", "plain \u00e9\t\n"),
    ("\x1b]0;title\x07", "\\x1b]0;title\\x07"), ("\x9b2J", "\\u009b2J"),
    ("a\u202eb", "a\\u202eb"), ("\r", "\\x0d"),
    (os.fsdecode(b"a\x9b"), "a\\x9b")])
def test_printable(raw: str, said: str,
                   capsys: pytest.CaptureFixture[str]) -> None:
    """No way to print lets a control character through."""
    assert printable(raw) == said
    out(raw)
    assert capsys.readouterr().out == said
    progress(raw)
    error("treewide", raw)
    assert capsys.readouterr().err == f"{said}\ntreewide: {said}\n"
