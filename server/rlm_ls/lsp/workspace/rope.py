"""A text as pieces of some 64,000 characters: an edit, or reading a line, costs about the same in 200 MB as in 200 KB.

Lines end at `\\n`, `\\r\\n` or a lone `\\r`: LSP's rule. (`str.splitlines` splits at `\\f`, `\\x1c`, U+2028 too.)
Characters of a line are counted in the units of one position encoding, the one negotiated with the client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PIECE = 1 << 16
SMALL = PIECE // 4
"""A piece left shorter than this by an edit is joined to its neighbour."""

_END = re.compile(r"\r\n|\n|\r")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def units(text: str, encoding: str) -> int:
    """Length of `text` in code units of `encoding`: "utf-8", "utf-16" or "utf-32"."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) >> 1


def characters(text: str, count: int, encoding: str) -> int:
    """How many characters of `text` its first `count` code units hold; a character that is cut is left out."""
    if encoding == "utf-32" or text.isascii():
        return min(max(count, 0), len(text))
    # The answer lies between count / (units of the widest character) and count; halve that.
    low, high = 0, min(max(count, 0), len(text))
    while low < high:
        middle = (low + high + 1) >> 1
        # Only what lies beyond `low` is measured anew.
        here = units(text[low:middle], encoding)
        if here <= count:
            low, count = middle, count - here
        else:
            high = middle - 1
    return low


def _whole_pairs(text: str) -> str:
    """Half of a surrogate pair is no UTF-8 and would fail later; its replacement is as wide in every encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _HALF_PAIR.sub("\ufffd", text)
    return text


def _count_ends(text: str, start: int, end: int) -> int:
    ends = text.count("\n", start, end)
    if "\r" in text:
        ends += text.count("\r", start, end) - text.count("\r\n", start, end)
    return ends


def _all_of(marks: tuple[str, ...], text: str) -> tuple[int, ...]:
    """Where each of the marks begins, in order."""
    found = []
    for mark in marks:
        at = text.find(mark)
        while at >= 0:
            found.append(at)
            at = text.find(mark, at + 1)
    return tuple(sorted(found))


@dataclass(slots=True)
class Piece:
    """A part of the text, which never changes."""

    text: str
    ends: int
    """Line ends in it. A `\\r\\n` never lies across two pieces."""
    units: int
    marked: tuple[int, ...] | None = None
    """Where the marks that were looked for last begin; None before."""


class Rope:
    """One text that is edited by ranges of (line, character) positions from 0. Not for use by two threads at once."""

    def __init__(self, text: str, encoding: str) -> None:
        self._encoding = encoding
        self._pieces = self._cut(text)

    def text(self) -> str:
        return "".join(piece.text for piece in self._pieces)

    def line(self, number: int, limit: int) -> str:
        """The first `limit` characters of a line, without its end; empty beyond the last line."""
        found = self._line_start(number)
        if found is None:
            return ""
        index, offset = found
        parts: list[str] = []
        while index < len(self._pieces) and limit > 0:
            text = self._pieces[index].text
            end = _END.search(text, offset, min(len(text), offset + limit))
            part = text[offset : end.start() if end else offset + limit]
            parts.append(part)
            if end is not None:
                break
            limit -= len(part)
            index, offset = index + 1, 0
        return "".join(parts)

    def marked_lines(self, marks: tuple[str, ...], most: int) -> list[int]:
        """The numbers of the first lines that hold one of some texts: always the same ones, of equal length and
        without line ends. After an edit only the pieces that it has touched are searched.
        """
        found: dict[int, None] = {}
        before, passed = "", 0
        longest = max(map(len, marks)) - 1
        for piece in self._pieces:
            # A mark may lie across two pieces; it is counted to the line that the second begins in.
            edge = before[-longest:] + piece.text[:longest]
            if any(mark in edge for mark in marks):
                found[passed] = None
            if piece.marked is None:
                piece.marked = _all_of(marks, piece.text)
            at, line = 0, passed
            for offset in piece.marked:
                line += _count_ends(piece.text, at, offset)
                found[line], at = None, offset
            if len(found) >= most:
                break
            before, passed = piece.text, passed + piece.ends
        return list(found)[:most]

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Put `text` in place of a range. Positions beyond a line's or the text's end mean that end (LSP's rule)."""
        first, head = self._locate(*start)
        last, tail = self._locate(*end)
        if (last, tail) < (first, head):
            last, tail = first, head
        pieces = self._pieces
        before = pieces[first].text[:head] if first < len(pieces) else ""
        after = pieces[last].text[tail:] if last < len(pieces) else ""
        text = before + text + after
        # A "\r\n" must not end up across two pieces, nor a text in crumbs.
        if first > 0 and (len(text) < SMALL or text[0] == "\n"):
            first -= 1
            text = pieces[first].text + text
        if last + 1 < len(pieces) and (not text or text[-1] == "\r"):
            last += 1
            text += pieces[last].text
        pieces[first : last + 1] = self._cut(text)

    def _cut(self, text: str) -> list[Piece]:
        pieces: list[Piece] = []
        start, size = 0, len(text)
        while start < size:
            end = size if size - start <= 2 * PIECE else start + PIECE
            if end < size and text[end - 1] == "\r" and text[end] == "\n":
                end += 1
            part = _whole_pairs(text[start:end])
            pieces.append(Piece(part, _count_ends(part, 0, len(part)), units(part, self._encoding)))
            start = end
        return pieces

    def _line_start(self, line: int) -> tuple[int, int] | None:
        """(piece, offset) of a line's first character, None beyond the last line."""
        if line <= 0:
            return 0, 0
        for index, piece in enumerate(self._pieces):
            if line <= piece.ends:
                ends = _END.finditer(piece.text)
                for _ in range(line - 1):
                    next(ends)
                return index, next(ends).end()
            line -= piece.ends
        return None

    def _locate(self, line: int, character: int) -> tuple[int, int]:
        """(piece, offset) of a position."""
        if line < 0:
            return 0, 0
        found = self._line_start(line)
        if found is None:
            return len(self._pieces), 0
        index, offset = found
        rest = max(character, 0)
        while index < len(self._pieces):
            piece = self._pieces[index]
            end = _END.search(piece.text, offset)
            if end is None and offset == 0 and piece.units < rest:
                rest -= piece.units
            else:
                part = piece.text[offset : end.start()] if end else piece.text[offset:]
                length = units(part, self._encoding)
                if end is not None or length >= rest:
                    return index, offset + characters(part, rest, self._encoding)
                rest -= length
            index, offset = index + 1, 0
        return index, 0
