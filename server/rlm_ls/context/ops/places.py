"""Lines, positions and the text of places that are known."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from rlm_ls.context.document import Span
from rlm_ls.context.ops.matching.hits import CONTINUATION
from rlm_ls.context.ops.reader import BLOCK, Reader, opened
from rlm_ls.context.search.rows import hit_of, row_of
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File

LONGEST_AROUND = 1 << 20
"""Bytes of a hit with the lines around it."""

Want = tuple[int, int]
"""Where a line starts, for a worker: a byte to count from, and how many line starts to pass after it."""


def lines(_: Deadline, file: File, first: Want, last: Want, longest: int) -> tuple[int, int, str]:
    """Start, end and text of a range of lines, given as wants. Text that is longer than `longest` bytes is cut."""
    with opened(file) as reader:
        start = nth_line(reader, *first)
        end = reader.line_end(nth_line(reader, *last), reader.size)
        return start, end, _text(reader, start, min(end, start + longest))


def line_range(_: Deadline, file: File, first: Want, last: Want) -> tuple[int, int]:
    """Like `lines`, without the text."""
    with opened(file) as reader:
        return nth_line(reader, *first), reader.line_end(nth_line(reader, *last), reader.size)


def read(_: Deadline, file: File, start: int, end: int) -> str:
    """The text of some bytes."""
    with opened(file) as reader:
        return _text(reader, start, end)


def texts(_: Deadline, file: File, ranges: list[tuple[int, int]]) -> list[str]:
    """The texts of some ranges of bytes."""
    with opened(file) as reader:
        return [_text(reader, start, end) for start, end in ranges]


def lines_around(deadline: Deadline, rows: list[str], files: dict[str, File], lines: int, room: int) -> list[str]:
    """Rows of hits with the text of so many lines around, in order: as many as there is time and room for.

    Of lines too long for the room a row keeps its own text.
    """
    found: list[str] = []
    with ExitStack() as stack:
        readers: dict[str, Reader] = {}
        for row in rows:
            hit = hit_of(row)
            name = hit.span.doc
            if name not in readers:
                stack.pop_all().close()  # hits come document by document: one file is open at a time
                readers = {name: stack.enter_context(opened(files[name]))}
            around = _around(readers[name], hit.span.start, hit.span.end, lines, min(room, LONGEST_AROUND))
            made = row if around is None else row_of(replace(hit, text=around[0], first_line=hit.span.line - around[1]))
            room -= len(made)
            if room < 0 or deadline.late():
                break
            found.append(made)
    return found


def _around(reader: Reader, start: int, end: int, lines: int, room: int) -> tuple[str, int] | None:
    """The text, and how many of its lines are before `start`'s. None where that is more than `room` bytes."""
    low, high = reader.line_start(start), reader.line_end(end, reader.size)
    before = 0
    for _ in range(lines):
        if low == 0 or high - low > room:
            break
        low = reader.line_start(low - 1)
        before += 1
    for _ in range(lines):
        following = reader.next_line(high, reader.size)
        if following >= reader.size or high - low > room:
            break
        high = reader.line_end(following, reader.size)
    return None if high - low > room else (_text(reader, low, high), before)


def spans(_: Deadline, file: File, ranges: list[tuple[int, int, int, int]]) -> list[Span]:
    """Spans of byte ranges, each given as start, end, and a byte with its count of line starts at or before it."""
    with opened(file) as reader:
        found = []
        for start, end, base, count in ranges:
            line = count + reader.line_starts(base, start) + 1
            # The last line is the one of the last byte: a span that ends with a line end is not on the next line.
            found.append(Span(file.name, start, end, line, line + reader.line_starts(start, max(start, end - 1))))
        return found


def positions(_: Deadline, file: File, offsets: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Line and UTF-16 column, both from 0, of bytes, each given with a base as for `spans`."""
    with opened(file) as reader:
        return [
            (count + reader.line_starts(base, at), utf16_units(reader, reader.line_start(at), at))
            for at, base, count in offsets
        ]


def byte_of(_: Deadline, file: File, line: Want, character: int) -> int:
    """The byte of a UTF-16 column; the line's end if the line is shorter. Within a pair: before it."""
    with opened(file) as reader:
        at = nth_line(reader, *line)
        end = reader.line_end(at, reader.size)
        while at < end and character > 0:
            raw = reader.read(at, min(at + BLOCK, end))
            raw = raw if at + len(raw) >= end else raw[: _whole(raw)]
            units = _units(raw)
            if units > character:
                return at + _bytes_of_units(raw, character)
            at, character = at + len(raw), character - units
        return at


def characters(_: Deadline, file: File, first: int, last: int, longest: int) -> str:
    """Characters `first` to `last` (from 0, exclusive); at most `longest` bytes of them."""
    with opened(file) as reader:
        start = _nth_character(reader, 0, first)
        end = _nth_character(reader, start, last - first)
        return _text(reader, start, min(end, start + longest))


def _nth_character(reader: Reader, at: int, count: int) -> int:
    """The byte at which the `count`-th character after byte `at` begins; the size if there are fewer."""
    while count > 0 and at < reader.size:
        raw = reader.read(at, at + BLOCK)
        begun = len(raw.translate(None, CONTINUATION))
        if begun > count:
            leading = [offset for offset, byte in enumerate(raw) if byte & 0xC0 != 0x80]
            return at + leading[count]
        at, count = at + len(raw), count - begun
    while at < reader.size and reader.read(at, at + 1)[0] & 0xC0 == 0x80:
        at += 1  # the block ended inside a character
    return at


def nth_line(reader: Reader, at: int, count: int) -> int:
    """The `count`-th line start after byte `at`; `at` itself for 0; the size if there are fewer."""
    while count > 0 and at < reader.size:
        stop = min(at + BLOCK, reader.size)
        here = reader.line_starts(at, stop)
        if here < count:
            count -= here
            at = stop
            continue
        raw = reader.read(at, stop + 1)
        text = raw.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
        found = -1
        for _ in range(count):
            found = text.find(b"\n", found + 1)
        return at + found + 1
    return at


def utf16_units(reader: Reader, start: int, end: int) -> int:
    """UTF-16 code units of some bytes: one for each character, two for those of four bytes."""
    units = 0
    for at in range(start, end, 1 << 20):
        units += _units(reader.read(at, min(at + (1 << 20), end)))
    return units


def _units(raw: bytes) -> int:
    if raw.isascii():
        return len(raw)
    return len(raw.translate(None, CONTINUATION)) + len(raw.translate(None, _NOT_FOUR))


def _bytes_of_units(raw: bytes, units: int) -> int:
    """Bytes of as many whole characters as fit within some UTF-16 units."""
    if raw.isascii():
        return units
    at = 0
    for letter in raw.decode("utf-8", "replace"):
        units -= 2 if ord(letter) > 0xFFFF else 1
        if units < 0:
            break
        at += len(letter.encode("utf-8"))
    return at


_NOT_FOUR = bytes(byte for byte in range(256) if byte < 0xF0)
"""UTF-8: all bytes but those that start a character of four bytes."""


def _whole(raw: bytes) -> int:
    """Bytes of `raw` that are whole characters."""
    cut = len(raw)
    while cut > 0 and raw[cut - 1] & 0xC0 == 0x80:
        cut -= 1
    return cut - 1 if cut and raw[cut - 1] & 0xC0 == 0xC0 else len(raw)


def _text(reader: Reader, start: int, end: int) -> str:
    return reader.read(start, end).decode("utf-8", "replace")
