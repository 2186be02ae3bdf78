"""What searches mean, said as plainly as Python can: slow, and right by inspection."""

from __future__ import annotations

import random
import re
from pathlib import Path

from hypothesis import strategies as st

from rlm_ls.context.document import Source
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Piece

LOST = "\U00010400"
"""A capital beyond U+FFFF, which CPython loses in a set when case is ignored: for it `a|𐐀` does not match `𐐀`."""

ALPHABET = (
    "aAbBkKsSiI01_ .-\t\n\r\u00e9\u0301\u00df\u1e9e\u0130\u0131\u212a\u017f\u00b5\u03bc\u0660\u00a0\x85\x1c\u2028"
    "\U0001d518\U00010400\U00010428"
)
TEXT = st.one_of(
    st.text(st.sampled_from(ALPHABET), max_size=40),
    st.text(st.sampled_from("abAB01_ .-\n\r"), max_size=40),
    st.lists(st.sampled_from(["ab", "\r\n", "\n", "\r", "a1", "", " b", "é", "𝔘"]), max_size=12).map("".join),
)
"""Every kind of line end and none, characters of one to four bytes, odd cases and combining marks, empty lines."""

LINE_END = re.compile(r"\r\n|\n|\r")


def lines_of(text: str) -> list[tuple[int, str]]:
    """Where each line starts (in characters), and its text without its end."""
    found, at = [], 0
    for match in LINE_END.finditer(text):
        found.append((at, text[at : match.start()]))
        at = match.end()
    if at < len(text):
        found.append((at, text[at:]))
    return found


def matches_of(pattern: str, text: str, flags: int = 0) -> list[tuple[int, int, tuple[str | None, ...]]]:
    """Start and end (characters of the text) and groups of every match, line by line."""
    return [
        (at + match.start(), at + match.end(), match.groups())
        for at, line in lines_of(text)
        for match in re.finditer(pattern, line, flags)
    ]


def byte_at(text: str, character: int) -> int:
    return len(text[:character].encode())


def file_of(folder: Path, text: str | bytes, name: str = "text.txt") -> File:
    raw = text.encode() if isinstance(text, str) else text
    path = folder / "source"
    path.write_bytes(raw)
    return File(name, Source(str(path), 0, len(raw)))


def number_of(text: str, at: int) -> int:
    """The number of the line, from 1, that a character is on."""
    return sum(start <= at for start in starts_of(text))


def starts_of(text: str) -> list[int]:
    """Where lines start, in characters; a line end at the end of the text starts another, as in an editor."""
    return [0, *(match.end() for match in LINE_END.finditer(text))]


def piece_of(folder: Path, text: str | bytes, filters: tuple[tuple[str, bool], ...] = ()) -> Piece:
    file = file_of(folder, text)
    return Piece(0, file, 0, file.source.size, 0, file.source.size, (0, 0), filters)


def clock(seconds: float = 60.0) -> Deadline:
    return Deadline(seconds)


SLOW = r"(?:[a-z]+.{0,100}){1,9}[0-9]{19}"
"""RE2 runs it at 0.1 MB/s over `slow_text`: linear, and in one engine call for each window."""


def slow_text(size: int) -> str:
    letters = "".join(random.Random(0).choices("abcdefghij klm0123", k=200_000))
    return (letters * (size // len(letters) + 1))[:size]
