"""Making Hits: line numbers, columns and the text to show for a match."""

from __future__ import annotations

from rlm_ls.context.document import CHECKPOINT, Hit, Span
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.search.rows import row, row_of
from rlm_ls.context.workers.piece import Piece

LONG_LINE = 500
"""Bytes from which on a hit shows a window of its line instead of all of it."""

AROUND = 150
"""Characters shown on either side of a match in a long line."""

LONGEST_MATCH = 1000
"""Characters shown of a long match."""

LONGEST_GROUP = 100_000

CONTINUATION = bytes(range(0x80, 0xC0))
"""UTF-8: bytes that do not start a character."""


class Hits:
    """Makes Hits of one piece. Quick when asked in ascending order: it counts on from the last one."""

    def __init__(self, reader: Reader, piece: Piece) -> None:
        self._reader = reader
        self._piece = piece
        self._counted, self._lines = piece.base
        self._known = (piece.base[1], *piece.later)
        self._line = (0, -1)
        self._column = (0, 0)

    def line(self, at: int) -> int:
        """The number of the line that byte `at` is on, from 1."""
        if at < self._counted:
            self._counted, self._lines = self._piece.base if at >= self._piece.base[0] else (0, 0)
        self._leap(at)
        self._lines += self._reader.line_starts(self._counted, at)
        self._counted = max(at, self._counted)
        return self._lines + 1

    def row(
        self, window: Window, start: int, end: int, groups: tuple[str | None, ...] = (), word: str | None = None
    ) -> str:
        """`row_of` the hit for a match of bytes `start` to `end` of `window.text`, a window of whole lines.

        As most are: in a line of moderate length that stands in the window as it is, of which nothing is read again.
        """
        text, low = window.text, self._piece.low
        first = text.rfind(b"\n", 0, start) + 1
        last = text.find(b"\n", start)
        last = len(text) if last < 0 else last
        at = window.start + first
        whole = at > low or low == 0  # a region may begin within a line
        if not (whole and end <= last <= first + LONG_LINE and window.verbatim):
            return row_of(self.hit(*window.span(start, end), groups, word))
        place = window.start + start
        self._leap(place)
        if window.start <= self._counted <= place:
            self._lines += text.count(b"\n", self._counted - window.start, start)
            self._counted, number = place, self._lines + 1
        else:
            number = self.line(place)
        column, matched = _length(text[first:start]) + 1, text[start:end]
        name, shown = self._piece.file.name, _decode(text[first:last])
        end_column = column + _length(matched)
        found = (shown, column, end_column, groups, word, _decode(matched), 0)
        return row(name, number, number, at, window.start + last, *found)

    def _leap(self, at: int) -> None:
        """To the last byte up to `at` of which it is known how many lines start before it."""
        base = self._piece.base[0]
        number = min((at - base) // CHECKPOINT, len(self._known) - 1)
        if number >= 0 and self._counted < (checkpoint := base + number * CHECKPOINT):
            self._counted, self._lines = checkpoint, self._known[number]

    def hit(self, start: int, end: int, groups: tuple[str | None, ...] = (), word: str | None = None) -> Hit:
        """For a match of bytes `start` to `end` of the Document."""
        reader, high = self._reader, self._piece.high
        line_start, line_end = self._line
        if not line_start <= start <= line_end:
            line_start = reader.line_start(start)
            line_end = reader.line_end(start, high)
            self._line, self._column = (line_start, line_end), (line_start, 0)
        if end <= line_end <= line_start + LONG_LINE:
            return self._on_one_line(start, end, groups, word)
        column = self._characters_to(start)
        line = end_line = self.line(start)
        last_start, last_end, end_column = line_start, line_end, column
        if end <= line_end:
            end_column += self._count(start, end)
        else:
            tail = end - 1  # a match that ends with a line end is not yet on the next line
            last_start = reader.line_start(tail)
            last_end = reader.line_end(last_start, high)
            end_line += reader.line_starts(start, tail)
            end_column = self._count(last_start, min(end, last_end))
        shown_start = max(line_start, self._piece.low)
        text, shown_start, last_end = self._text(start, end, shown_start, last_end)
        span = Span(self._piece.file.name, shown_start, last_end, line, end_line)
        match = _decode(reader.peek(start, min(end, start + 4 * LONGEST_MATCH)))[:LONGEST_MATCH]
        return Hit(span, text, column + 1, end_column + 1, groups, word, match)

    def _on_one_line(self, start: int, end: int, groups: tuple[str | None, ...], word: str | None) -> Hit:
        """As most are: the line is shown whole, and read once."""
        first, last = self._line
        line = self._reader.peek(first, last)
        column = _length(line[: start - first]) + 1
        matched = line[start - first : end - first]
        low, number = max(first, self._piece.low), self.line(start)
        return Hit(
            Span(self._piece.file.name, low, last, number, number),
            _decode(line[low - first :]),
            column,
            column + _length(matched),
            groups,
            word,
            _decode(matched),
        )

    def whole_line(self, at: int) -> Hit:
        """The line that byte `at` is on, without columns."""
        start = self._reader.line_start(at, self._piece.low)
        end = self._reader.line_end(at, self._piece.high)
        text, shown_start, shown_end = self._text(start, start, start, end)
        line = self.line(start)
        return Hit(Span(self._piece.file.name, shown_start, shown_end, line, line), text)

    def _text(self, start: int, end: int, low: int, high: int) -> tuple[str, int, int]:
        """What to show of bytes `low` to `high` around a match, and which bytes that is."""
        if high - low <= LONG_LINE:
            return _decode(self._reader.peek(low, high)), low, high
        match = _decode(self._reader.peek(start, min(end, start + 4 * LONGEST_MATCH)))
        cut = len(match) > LONGEST_MATCH or end > start + 4 * LONGEST_MATCH
        if cut:
            match = match[:LONGEST_MATCH]
            end = start + len(match.encode())
        before = _decode(_from_character(self._reader.peek(max(low, start - 4 * AROUND), start)))[-AROUND:]
        after = "" if cut else _decode(self._reader.peek(end, min(high, end + 4 * AROUND + 4)))[:AROUND]
        low_shown, high_shown = start - len(before.encode()), end + len(after.encode())
        text = ("…" if low_shown > low else "") + before + match + after + ("…" if high_shown < high else "")
        return text, low_shown, high_shown

    def _characters_to(self, at: int) -> int:
        """Characters from the start of the current line."""
        known, characters = self._column
        if at < known:
            known, characters = self._line[0], 0
        characters += self._count(known, at)
        self._column = (at, characters)
        return characters

    def _count(self, start: int, end: int) -> int:
        count = 0
        while start < end:
            stop = min(start + (1 << 20), end)
            count += _length(self._reader.peek(start, stop))
            start = stop
        return count


def groups_of(window: Window, spans: list[tuple[int, int]]) -> tuple[str | None, ...]:
    """The groups of a match as text."""
    return tuple(
        _decode(window.text[start : min(end, start + LONGEST_GROUP)]) if start >= 0 else None
        for start, end in spans[1:]
    )


def _length(raw: bytes) -> int:
    """Characters."""
    return len(raw) if raw.isascii() else len(raw.translate(None, CONTINUATION))


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _from_character(raw: bytes) -> bytes:
    """Without the rest of a character that was cut at the start."""
    at = 0
    while at < min(4, len(raw)) and raw[at] & 0xC0 == 0x80:
        at += 1
    return raw[at:]
