"""Cutting documents into spans, and drawing lines from them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

from rlm_ls.context.document import Hit, Span
from rlm_ls.context.ops.matching.compiled_pattern import compile_pattern
from rlm_ls.context.ops.matching.hits import Hits
from rlm_ls.context.ops.matching.scan import Scan
from rlm_ls.context.ops.matching.windows import matching_lines, windows
from rlm_ls.context.ops.places import nth_line
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import File, Piece, Pieces
from rlm_ls.errors import SearchTimeout


def matching_starts(deadline: Deadline, pieces: Pieces, pattern: str, most: int) -> tuple[array[int], array[int], int]:
    """Document and byte where each line that holds a match starts, `most` or a few more of them; bytes searched."""
    test = compile_pattern(pattern)
    scan = Scan(deadline, pieces)
    docs, starts = array("q"), array("q")
    for piece, reader in scan.pieces(test):
        for window in scan.windows(reader, piece):
            for start, _ in matching_lines(test, window, deadline):
                docs.append(piece.doc)
                starts.append(window.origin(start))
                if len(docs) > most:
                    return docs, starts, scan.searched
    return docs, starts, scan.searched


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes `start` to `end` of a document; `base` is a byte at or before `start` and the line starts up to it.

    `cuts` are line starts within it, ascending, where it is to be cut or would best be.
    """

    file: File
    start: int
    end: int
    base: tuple[int, int]
    cuts: list[int]


Columns = list[tuple[str, "array[int]"]]
"""Spans by document: its path, and of each span start, end, line and end_line, one after the other."""


def cut(_: Deadline, stretches: list[Stretch]) -> Columns:
    """Each stretch cut at each of its cuts."""
    found: Columns = []
    for one in stretches:
        with opened(one.file) as reader:
            ranges = list(pairwise([one.start, *one.cuts, one.end]))
            found.append(_column(one.file, spans_of(reader, one.file, ranges, one.base)))
    return found


def _column(file: File, spans: list[Span]) -> tuple[str, array[int]]:
    numbers = array("q")
    for span in spans:
        numbers.extend((span.start, span.end, span.line, span.end_line))
    return file.name, numbers


def chunks(deadline: Deadline, stretches: list[Stretch], size: int, overlap: int, lines: bool, most: int) -> Columns:
    """Each stretch in pieces of `size` lines or else bytes, the latter preferably cut at one of its cuts."""
    found: Columns = []
    count = 0
    for one in stretches:
        with opened(one.file) as reader:
            at = one.start
            ranges: list[tuple[int, int]] = []
            while at < one.end and count + len(ranges) <= most:
                if deadline.late():
                    raise SearchTimeout("Making the chunks took too long.", "Use a larger size or a smaller region.")
                stop, following = (_by_lines if lines else _by_bytes)(reader, one, at, size, overlap)
                ranges.append((at, stop))
                at = following
            count += len(ranges)
            found.append(_column(one.file, spans_of(reader, one.file, ranges, one.base)))
    return found


def _by_lines(reader: Reader, one: Stretch, at: int, size: int, overlap: int) -> tuple[int, int]:
    """Where a piece that starts at `at` ends, and where the next one starts."""
    stop = min(nth_line(reader, at, size), one.end)
    return stop, nth_line(reader, at, size - overlap) if overlap and stop < one.end else stop


def _by_bytes(reader: Reader, one: Stretch, at: int, size: int, overlap: int) -> tuple[int, int]:
    stop = _byte_cut(reader, at, min(at + size, one.end), one.end, one.cuts)
    return stop, _overlapped(reader, at, stop, overlap, one.end)


def samples(deadline: Deadline, wanted: list[tuple[Piece, list[int]]]) -> list[Hit]:
    """`_sample` of each piece."""
    return [hit for piece, targets in wanted for hit in _sample(deadline, piece, targets)]


def _sample(deadline: Deadline, piece: Piece, targets: list[int]) -> list[Hit]:
    """The line at each target byte; with filters, the next one that they let through. Each line once."""
    found: list[Hit] = []
    if deadline.late():
        return found
    with opened(piece.file) as reader:
        hits = Hits(reader, piece)
        last = -1
        for target in targets:
            if deadline.late():
                break
            at = reader.line_start(target, piece.low)
            if piece.filters:
                at = _next_kept(deadline, reader, piece, max(at, last + 1))
            if at > last:
                found.append(hits.whole_line(at))
                last = at
    return found


def _next_kept(deadline: Deadline, reader: Reader, piece: Piece, at: int) -> int:
    rest = replace(piece, start=at, end=piece.high)
    return next((window.origin(0) for window in windows(reader, rest, deadline)), -1)


def _byte_cut(reader: Reader, at: int, stop: int, end: int, cuts: list[int]) -> int:
    """The last place up to `stop` that is one of `cuts`, else the last line start, else between two characters."""
    if stop >= end:
        return end
    number = bisect_right(cuts, stop) - 1
    if number >= 0 and cuts[number] > at:
        return cuts[number]
    start = reader.line_start(stop, at)
    if start > at:
        return start
    while stop > at + 1 and reader.peek(stop, stop + 1)[0] & 0xC0 == 0x80:
        stop -= 1
    return stop


def _overlapped(reader: Reader, at: int, stop: int, overlap: int, end: int) -> int:
    """Where the next piece starts: `overlap` bytes back at a line start, but further than this one started."""
    if not overlap or stop >= end:
        return stop
    back = reader.next_line(max(at + 1, stop - overlap), stop)
    return back if at < back < stop else stop


def spans_of(reader: Reader, file: File, ranges: list[tuple[int, int]], base: tuple[int, int]) -> list[Span]:
    """Spans of ascending ranges, each without its last line end."""
    at, lines = base
    found: list[Span] = []
    for start, end in ranges:
        if start >= end:
            continue
        if start < at:  # pieces that overlap
            lines -= reader.line_starts(start, at)
        else:
            lines += reader.line_starts(at, start)
        at = start
        last = reader.line_starts(start, end - 1)
        tail = reader.peek(max(start, end - 2), end)
        whole = end - (2 if tail == b"\r\n" else 1 if tail[-1:] in (b"\n", b"\r") else 0)
        found.append(Span(file.name, start, whole, lines + 1, lines + 1 + last))
    return found
