"""Documents in windows of whole lines, as the engines want to see them.

A window's `text` has every line end as `\\n` and only the lines that the filters let through; `origin` says where in
the Document a byte of it lies. Engines run over whole windows, so no Python code runs per line that does not match.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rlm_ls.context.ops.fields.filtering import FieldTest, line_test
from rlm_ls.context.ops.matching.compiled_pattern import LEAP, CompiledPattern
from rlm_ls.context.ops.matching.window import Window
from rlm_ls.context.ops.reader import Reader
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Filters, Piece

WINDOW = 1 << 18
"""Bytes in a window: fits the processor's cache, and a slow engine comes back to look at the clock."""

LONGEST = 1 << 24
"""A line longer than this is searched in pieces of this size, each of which counts as a line of its own."""

REACH = 1 << 20
"""How far a match may go on in the next piece of such a line. A longer one may be cut."""

DENSE = 16
"""Lines of a window found one by one before the others are counted many at a time."""

LineTest = CompiledPattern | FieldTest
"""What is asked of a line."""

_TAIL = 1 << 11
"""Bytes in which the last line end of a window is looked for first."""

_BEHIND = 64
"""Bytes before a piece that are there to be looked back at."""


def windows(reader: Reader, piece: Piece, deadline: Deadline) -> Iterator[Window]:
    """The piece's lines, filtered. Ends early when the clock says so; windows left empty by a filter are left out."""
    filters = compiled(piece.filters)
    begin, stop = bounds(reader, piece)
    at = begin
    while begin < stop and not deadline.late():
        # To where a checkpoint is, and in any case much: lines are counted from one on, in what has been read.
        size = (at + WINDOW + WINDOW // 2) // WINDOW * WINDOW - at
        window = Window(at, whole_lines(reader, at, stop, size))
        reader.hold(at, window.raw)
        cut = window.end < stop and window.raw[-1:] not in (b"\n", b"\r")
        own = character_start(window, max(window.end - REACH, begin + 4)) if cut else window.end
        if cut:
            window.own = own - at
        for test, keep in filters:
            window.keep(matching_runs(test, window, keep, deadline))
        window.begin = window.position(begin)
        if window.text and not deadline.stopped:
            yield window
        begin = max(own, window.origin(window.resume) if cut and window.text else 0)
        at = max(at, character_start(window, begin - _BEHIND)) if cut else begin


def ascii_apart(window: Window) -> list[Window]:
    """The lines that are ASCII, and the others, each as a window: one accent in a log must not send 200 KB of it
    through Python's engine. For what does not depend on order."""
    edges = window.edges
    if len(edges) == 2:
        return [window]
    parts = []
    for first in (0, 1):
        part = Window(window.start, window.raw)
        part.text, part.runs, part.origins = window.text, window.runs, window.origins
        part.keep([(start, end) for start, end in list(pairwise(edges))[first::2] if start < end])
        part.ascii = first == 0
        parts.append(part)
    return [part for part in parts if part.text]


def character_start(window: Window, at: int) -> int:
    """The byte of the Document where the character that holds byte `at` starts."""
    at = min(max(at, window.start), window.end)
    while window.start < at < window.end and window.raw[at - window.start] & 0xC0 == 0x80:
        at -= 1
    return at


def bounds(reader: Reader, piece: Piece) -> tuple[int, int]:
    """Where the lines of the piece start and end."""
    start = piece.low if piece.start <= piece.low else reader.next_line(piece.start, piece.high)
    end = piece.high if piece.end >= piece.high else reader.next_line(piece.end, piece.high)
    return start, end


def compiled(filters: Filters) -> list[tuple[LineTest, bool]]:
    return [(line_test(pattern), keep) for pattern, keep in filters]


def matching_runs(test: LineTest, window: Window, keep: bool, deadline: Deadline) -> list[tuple[int, int]]:
    """Byte ranges of `window.text` whose lines match, or do not; neighbouring lines share a range."""
    text, runs = window.text, [(0, 0)]
    for start, end in matching_lines(test, window, deadline):
        if runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    if keep:
        return runs if runs[0][1] else runs[1:]
    edges = [edge for run in runs for edge in run]
    gaps = zip(edges[1::2], [*edges[2::2], len(text)], strict=True)
    return [(start, end) for start, end in gaps if start < end]


def matching_lines(test: LineTest, window: Window, deadline: Deadline) -> Iterator[tuple[int, int]]:
    """Start and end (after the line end) of each line of `window.text` that holds a match."""
    for start, end, _ in line_matches(test, window, deadline):
        yield start, end


def line_matches(
    test: LineTest, window: Window, deadline: Deadline, at: int = 0
) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Like `matching_lines` from the line start `at` on, with the first match in each."""
    text = window.text
    size = len(text)
    if isinstance(test, CompiledPattern) and test.literal and not (window.is_piece or window.carriage):
        yield from _lines_with(test, window, deadline, at)
        return
    seen = 0
    while (found := test.first(window, deadline, at)) is not None:
        start = text.rfind(b"\n", 0, found[0]) + 1
        end = text.find(b"\n", found[0]) + 1 or size
        if window.carriage and text[end : end + 1] == b"\n" and window.phantom(end):
            end += 1  # the other half of `\r\n`
        yield start, end, found
        at = end
        seen += 1
        if at >= size or (seen % 64 == 0 and deadline.late()):
            return


def _lines_with(
    test: CompiledPattern, window: Window, deadline: Deadline, at: int
) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """`line_matches` of a text."""
    text, held, places = window.text, test.literal, test.places(window)
    size, seen = len(text), 0
    rare = iter(places) if places is not None else None
    while (place := text.find(held, at) if rare is None else next(rare, -1)) >= 0:
        if place < at:
            continue  # on a line that was told
        at = text.find(b"\n", place) + 1 or size
        yield text.rfind(b"\n", 0, place) + 1, at, (place, place + len(held))
        seen += 1
        if at >= size or (seen % 64 == 0 and deadline.late()):
            return


def line_count(test: CompiledPattern, window: Window, deadline: Deadline) -> int:
    """How many lines `line_matches` has: where they are many, many in one call of the engine."""
    if window.carriage and not window.is_piece and len(window.text) == len(window.raw):
        # Nothing is left out and nobody asks where: without the phantom lines.
        window = Window(0, window.raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    if (held := test.held(window)) is not None:
        return held
    if (every := test.dense_again(window, lines=True)) is not None:
        return every
    count = at = 0
    for _, end, _ in line_matches(test, window, deadline):
        count, at = count + 1, end
        if count == DENSE and (others := _dense_lines(test, window, at, deadline)) is not None:
            return count + others
    return count


def _dense_lines(test: CompiledPattern, window: Window, at: int, deadline: Deadline) -> int | None:
    """Those from the line start `at` on; None where they had better be found one by one."""
    left = len(window.text) - at
    if window.carriage or window.is_piece or DENSE * left < 2 * LEAP * at:
        return None
    count = test.dense(window, at, lines=True)
    if count is not None:
        return count
    rest = Window(0, window.text[at:])
    return sum(_leaping(test, part, deadline) for part in ascii_apart(rest))


def _leaping(test: CompiledPattern, window: Window, deadline: Deadline) -> int:
    count = at = 0
    leap = test.leap(window)
    while leap is not None and not deadline.late() and (end := leap(at)) > 0:
        count, at = count + LEAP, end
    if at >= len(window.text) or deadline.stopped:
        return count
    return count + sum(1 for _ in line_matches(test, window, deadline, at))


def match_count(test: CompiledPattern, window: Window, deadline: Deadline) -> int:
    """How many matches `CompiledPattern.matches` has: where they are many, all in one call of the engine."""
    if test.literal or window.carriage or window.is_piece or not test.prefers_ascii:
        return test.count(window, deadline)
    if (every := test.dense_again(window, lines=False)) is not None:
        return every
    count, near = 0, len(window.text) // 4
    for spans in test.matches(window, deadline, captures=False):
        count += 1
        if count == DENSE and spans[0][1] < near:
            every = test.dense(window, 0, lines=False)
            if every is not None:
                return every
            return sum(_count(test, part, deadline) for part in ascii_apart(window))
    return count


def _count(test: CompiledPattern, window: Window, deadline: Deadline) -> int:
    every = test.dense(window, 0, lines=False) if window.ascii else None
    return test.count(window, deadline) if every is None else every


def whole_lines(reader: Reader, at: int, stop: int, size: int) -> bytes:
    """Bytes from `at` up to the last line end within `size`; more if a line is longer."""
    if at + size < stop:  # read up to there, where the end is near: of all of it no second copy is made
        near = at + size - min(_TAIL, size)
        if cut := _last_line_end(reader.read(near, at + size)):
            return reader.read(at, near + cut)
    while True:
        raw = reader.read(at, min(at + size, stop))
        if at + len(raw) >= stop:
            return raw
        if cut := _last_line_end(raw):
            return raw[:cut]
        if len(raw) >= LONGEST:
            return _whole_characters(raw)
        size *= 4


def _last_line_end(raw: bytes) -> int:
    """Where the last line end ends, 0 if there is none. A `\r` in last place is not taken for one, as a `\n` may be
    next."""
    return max(raw.rfind(b"\n"), raw.rfind(b"\r", 0, len(raw) - 1)) + 1


def _whole_characters(raw: bytes) -> bytes:
    cut = len(raw)
    while cut > 1 and raw[cut - 1] & 0xC0 == 0x80:
        cut -= 1
    return raw[: cut - 1] if raw[cut - 1] & 0xC0 == 0xC0 else raw
