"""What a terminal drew, as its reader saw it: without colours, with the last state of a line that was drawn again.

Lines stay where they are, so that a place in the text is on the same line of the file: a state of a progress bar that
was drawn over is an empty line, since a lone `\\r` ends a line for an editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, moves of the cursor, erasing
    rb"|\x1b[\]PX^_][^\x07\x1b\r\n]{0,4096}(?:\x07|\x1b\\)"  # titles, links, what is meant for the terminal alone
    rb"|\x1b[ -/]*[0-Z\\-~]"
    rb"|\xc2\x9b[0-?]*[ -/]*[@-~]"  # the same in one character
    rb"|\xc2[\x90\x98\x9d-\x9f][^\x07\x1b\r\n]{0,4096}?(?:\x07|\xc2\x9c)"
    rb"|\xc2[\x80-\x84\x86-\x9f]"
    rb"|\x1b|[\x0e\x0f]"
)
_RIGHT = re.compile(rb"\x1b\[(\d{0,3})C")
_STRUCK = re.compile(rb"(?:[\x20-\x7e\t]|[\xc2-\xf4][\x80-\xbf]{1,3})\x08")
_ERASED = re.compile(rb"\x1b\[[0-2]?[JK]")
_LONE = re.compile(rb"\r(?!\n)")
_PROGRESS = re.compile(rb"[\d#=>.\-|\\/ \t*:%]+|\xe2[\x96\xa0-\xa3][\x80-\xbf]")
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")

_APART = b"\xff"
"""No byte of UTF-8."""

MOST_STRIKES = 8
"""How often one character is struck over another, at most."""
MOST_HELD = 4 << 20
"""Bytes of one line that are held to be looked at together."""


def may_draw(raw: bytes) -> bool:
    """Whether bytes (in UTF-8) look as if a terminal was to draw them. `drawn` may still leave them as they are."""
    return _has_signs(raw) or (b"\n" in raw and _has_lone(raw))


# Each text is looked at, and hardly any has these: single bytes are found thirty times as quickly as by a pattern.
def _has_signs(raw: bytes) -> bool:
    return b"\x1b" in raw or b"\x08" in raw or (not raw.isascii() and _C1.search(raw) is not None)


def _has_lone(raw: bytes) -> bool:
    return b"\r" in raw and raw.count(b"\r") > raw.count(b"\r\n")


def drawn(text: bytes) -> bytes:
    """Whole lines of a text in UTF-8 as a reader sees them, with as many line ends as before, each the same."""
    if b"\n" in text and _has_lone(text):
        text = b"\n".join([_last_states(line) if b"\r" in line[:-1] else line for line in text.split(b"\n")])
    if not _has_signs(text):
        return text
    # What stands between `\r` and `\n` may all go, and they are two line ends, not one.
    text = _LONE.sub(b"\r" + _APART, text)
    text = _RIGHT.sub(lambda move: b" " * min(200, int(move[1] or b"1")), text)
    text = _SEQUENCE.sub(b"", text)
    for _ in range(MOST_STRIKES):
        if b"\x08" not in text:
            break
        text = _STRUCK.sub(b"", text)
    return text.replace(b"\x08", b"").replace(_APART + b"\n", b" \n").replace(_APART, b"")


def drawn_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a text in pieces, with little of it held at a time."""
    held = b""
    for chunk in chunks:
        held += chunk
        cut = held.rfind(b"\n") + 1
        if not cut and len(held) > MOST_HELD:
            cut = len(held)
        if cut:
            yield drawn(held[:cut])
            held = held[cut:]
    if held:
        yield drawn(held)


def _last_states(line: bytes) -> bytes:
    """A line without its `\\n`: of states that were drawn over one another, the last; the others are empty."""
    end = b"\r" if line.endswith(b"\r") else b""
    states = line[: len(line) - len(end)].split(b"\r")
    kept = [b"" if _over(state, after) else state for state, after in pairwise(states)]
    return b"\r".join([*kept, states[-1]]) + end


def _over(state: bytes, after: bytes) -> bool:
    """Whether the next state was drawn over this one, and is not just another line: it erases, or only numbers and bars
    differ."""
    return _ERASED.search(after) is not None or _bare(state) == _bare(after)


def _bare(state: bytes) -> bytes:
    return _PROGRESS.sub(b"", _SEQUENCE.sub(b"", state))
