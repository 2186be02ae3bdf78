"""Finding a quoted text again, after the document has been edited."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rlm_ls.context.search.scanner import Scanner
from rlm_ls.context.search.search import Search

_END = re.compile(r"\r\n|\r|\n")

Position = tuple[int, int]
"""Line and UTF-16 column, from 0."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quoted text and the range it had. `whole` is False if `text` is only the beginning of what was quoted."""

    text: str
    start: Position
    end: Position
    start_byte: int
    end_byte: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class QuotePosition:
    """Where a quote stands now. For "unmatched" the place is the old one."""

    state: Literal["verified", "moved", "unmatched"]
    start: Position
    end: Position
    start_byte: int
    end_byte: int


async def locate_quote(search: Search, doc: int, quoted: Quoted) -> QuotePosition:
    """Verified at its old range, else moved to its occurrence nearest to there, else unmatched.

    Line ends that are others now change nothing. Raises SearchTimeout, and RlmErrors of the document.
    """
    start = await search.byte_of(doc, *quoted.start)
    end = await search.byte_of(doc, *quoted.end)
    if await _holds(search, doc, quoted, start, end):
        return QuotePosition("verified", quoted.start, quoted.end, start, end)
    found = await nearest(search, doc, quoted.text, start)
    if found is None:
        return QuotePosition("unmatched", quoted.start, quoted.end, quoted.start_byte, quoted.end_byte)
    start, end = found
    (first,) = await search.positions(doc, [start])
    if not quoted.whole:
        line = first[0] + quoted.end[0] - quoted.start[0]
        column = quoted.end[1] + (first[1] - quoted.start[1] if line == first[0] else 0)
        end = await search.byte_of(doc, line, column)
    (last,) = await search.positions(doc, [end])
    return QuotePosition("moved", first, last, start, end)


async def nearest(scanner: Scanner, doc: int, text: str, near: int) -> tuple[int, int] | None:
    """Bytes of the occurrence of `text` nearest to byte `near`, with any line ends; None if there is none."""
    if not text:
        return None
    lines = _END.split(text)
    needles = dict.fromkeys([text, *(end.join(lines) for end in ("\n", "\r\n"))])
    found: tuple[int, int] | None = await scanner.call(
        "quotes.nearest",
        file=scanner.context.files[doc],
        needles=[needle.encode("utf-8", "replace") for needle in needles],
        near=near,
    )
    return found


async def _holds(search: Search, doc: int, quoted: Quoted, start: int, end: int) -> bool:
    if await search.positions(doc, [start, end]) != [quoted.start, quoted.end]:
        return False  # there is no such place any more
    # Four bytes a character at most, and each of them may be a line end that has become two bytes long.
    longest = 8 * len(quoted.text)
    if quoted.whole and end - start > longest:
        return False
    (span,) = await search.spans_at(doc, [(start, min(end, start + longest))])
    text, expected = ("\n".join(_END.split(one)) for one in (await search.read(span), quoted.text))
    return text == expected if quoted.whole else text.startswith(expected)
