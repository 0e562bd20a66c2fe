# SPDX-License-Identifier: GPL-2.0-only
"""
What the programs print.

A file name, a message of a compiler or a subject may be a stranger's.  A
terminal acts on ESC, on the C1 controls and on characters that change the
direction of text, so everything that is printed passes through printable(),
which spells them out as src/base/printable.c does.  JSON needs no such care:
json.dumps() escapes them itself.
"""
from __future__ import annotations

import re
import sys

# All but newline and tab; undecodable bytes are lone surrogates.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f"
                      "\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _spelled(m: re.Match[str]) -> str:
    code = ord(m[0])
    if 0xdc80 <= code <= 0xdcff:        # os.fsdecode() of the byte
        return f"\\x{code - 0xdc00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def printable(text: str) -> str:
    """@text with every control character spelled out; tabs and newlines
    stay."""
    return _CONTROL.sub(_spelled, text)


def out(text: str) -> None:
    """Print a report, as it is laid out."""
    sys.stdout.write(printable(text))
    sys.stdout.flush()


def progress(text: str) -> None:
    print(printable(text), file=sys.stderr, flush=True)


def error(program: str, text: str) -> None:
    print(printable(f"{program}: {text}"), file=sys.stderr, flush=True)


def error_text(err: BaseException) -> str:
    """An error in words, without the system's error number."""
    if isinstance(err, OSError) and err.strerror:
        what = f"{err.filename}: " if err.filename else ""
        return f"{what}{err.strerror}"
    return str(err)
