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
    rb"|\x1b[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)"  # titles, links, pictures, what is meant for the terminal alone
    rb"|\x1b[ -/]*[0-Z\\-~]"
    rb"|\xc2\x9b[0-?]*[ -/]*[@-~]"  # the same in one character
    rb"|\xc2[\x90\x98\x9d-\x9f](?:[^\x07\x1b\r\n\xc2]|\xc2[^\x90\x98\x9c-\x9f])*(?:\x07|\xc2\x9c)"
    rb"|\xc2[\x80-\x84\x86-\x9f]"
    rb"|\x1b|[\x0e\x0f]"
)
_RIGHT = re.compile(rb"\x1b\[(\d{0,3})C")
_BACK = re.compile(rb"\x08|\x1b\[\d{0,3}[DG]")
_STEP = re.compile(r"\x08|\x1b\[(\d{0,3})([CDGK])|.", re.DOTALL)
_OTHER = re.compile(rb"(\x1b\[\d{0,3}[CDGK])|" + _SEQUENCE.pattern, re.DOTALL)
_ERASED = re.compile(rb"\x1b\[[0-2]?[JK]")
_LONE = re.compile(rb"\r(?!\n)")
_LINE = re.compile(rb"[^\r\n]+")
_PROGRESS = re.compile(rb"[\d#=>.\-|\\/ \t*:%()\[\],<?]+|\xe2[\x94-\x96\xa0-\xa3][\x80-\xbf]")
_SHARE = re.compile(rb"\d ?(?:%|/ ?\d)")
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")

_APART = b"\xff"
"""No byte of UTF-8."""

FURTHEST = 200
"""Columns: as far as the cursor is moved at once, and beyond a line's end."""
LONGEST = 1 << 20
"""Bytes of a line in which the cursor is followed back."""
MOST_HELD = 4 << 20
"""Bytes of one line that are held to be looked at together."""


def may_draw(raw: bytes) -> bool:
    """Whether bytes (in UTF-8) look as if a terminal was to draw them. `drawn` may still leave them as they are."""
    return _has_signs(raw) or (b"\n" in raw and _has_lone(raw))


# Each text is looked at, and hardly any has these: single bytes are found thirty times as quickly as by a pattern.
def _has_signs(raw: bytes) -> bool:
    return b"\x1b" in raw or b"\x08" in raw or b"\0" in raw or (not raw.isascii() and _C1.search(raw) is not None)


def _has_lone(raw: bytes) -> bool:
    return b"\r" in raw and raw.count(b"\r") > raw.count(b"\r\n")


def drawn(text: bytes) -> bytes:
    """Whole lines of a text in UTF-8 as a reader sees them, with as many line ends as before, each the same."""
    if b"\0" in text:  # which nobody sees: where a log was truncated under its writer, thousands come before a line
        text = text.replace(b"\0", b"")
    if b"\n" in text and _has_lone(text):
        text = b"\n".join([_last_states(line) if b"\r" in line[:-1] else line for line in text.split(b"\n")])
    if not _has_signs(text):
        return text
    # What stands between `\r` and `\n` may all go, and they are two line ends, not one.
    text = _LONE.sub(b"\r" + _APART, text)
    if _BACK.search(text):
        text = _LINE.sub(_moved, text)
    text = _RIGHT.sub(lambda move: b" " * min(FURTHEST, int(move[1] or b"1")), text)
    text = _SEQUENCE.sub(b"", text).replace(b"\x08", b"")
    return text.replace(_APART + b"\n", b" \n").replace(_APART, b"")


def _moved(match: re.Match[bytes]) -> bytes:
    """A line in which the cursor goes back: what is written later stands there. What is struck by `_` stays."""
    if len(match[0]) > LONGEST or not _BACK.search(match[0]):
        return match[0]
    mark, line = match[0][: match[0].startswith(_APART)], match[0].removeprefix(_APART)
    cells: list[str] = []
    at, struck = 0, False
    for step in _STEP.finditer(_OTHER.sub(rb"\1", line).decode("utf-8", "replace")):
        count, move = int(step[1] or 1), step[2]
        if step[0] == "\b" or move == "D":
            at, struck = max(0, at - count), step[0] == "\b"
        elif move == "C":
            at = min(at + count, max(len(cells), FURTHEST))
        elif move == "G":
            at = min(max(0, count - 1), FURTHEST)
        elif move == "K" and step[1] == "1":
            cells[: at + 1] = " " * min(at + 1, len(cells))
        elif move == "K":
            del cells[0 if step[1] == "2" else at :]
        else:
            cells += " " * (at - len(cells))
            if not (struck and step[0] == "_" and cells[at : at + 1] > [" "]):
                cells[at : at + 1] = step[0]
            at += 1
    return mark + "".join(cells).rstrip(" ").encode()


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
    """Whether the next state was drawn over this one, and is not just another line: it erases it, or covers it with
    blanks, or differs in numbers and bars only, and in what comes behind a share that was done."""
    if _ERASED.search(after) is not None or (after.endswith(b"  ") and len(after) >= len(state)):
        return True
    before, now = _bare(state), _bare(after)
    return before == now or (before != b"" and now.startswith(before) and _SHARE.search(state) is not None)


def _bare(state: bytes) -> bytes:
    return _PROGRESS.sub(b"", _SEQUENCE.sub(b"", state))
