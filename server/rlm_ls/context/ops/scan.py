"""Going through pieces of documents: open, read, match. Shared by every search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rlm_ls.context.clock import Clock
from rlm_ls.context.ops.program import Program, Spans
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.ops.windows import Window, bounds, character_start, compiled, matching_runs, whole_lines, windows
from rlm_ls.context.piece import Piece

REACH = 1 << 20
"""A match that crosses lines is found if it is at most this many bytes long; a longer one may be cut or missed."""

ACROSS = 4 * REACH


class Scan:
    """One operation's way through its pieces; `searched` counts the bytes it got through."""

    def __init__(self, clock: Clock, pieces: list[Piece]) -> None:
        self.clock = clock
        self.searched = 0
        self._pieces = pieces

    def pieces(self) -> Iterator[tuple[Piece, Reader]]:
        for piece in self._pieces:
            if self.clock.late():
                return
            with opened(piece.file) as reader:
                yield piece, reader

    def windows(self, reader: Reader, piece: Piece) -> Iterator[Window]:
        begin, stop = bounds(reader, piece)
        at = begin
        for window in windows(reader, piece, self.clock):
            at = window.start
            yield window
        self.searched += (at if self.clock.stopped else stop) - begin

    def matches(
        self, test: Program, reader: Reader, piece: Piece, captures: bool = True
    ) -> Iterator[tuple[Window, Spans]]:
        """Every match in the piece, with its window."""
        if test.multiline:
            yield from self._across(test, reader, piece, captures)
            return
        for window in self.windows(reader, piece):
            for spans in test.matches(window, self.clock, 0, captures):
                yield window, spans

    def values(self, test: Program, reader: Reader, piece: Piece) -> Iterator[Iterable[bytes]]:
        """What the matches capture: the first group, or the whole match; a batch for each window."""
        if test.multiline:
            yield (
                value
                for window, spans in self._across(test, reader, piece, True)
                for value in test.captured(window.text, [spans])
            )
            return
        for window in self.windows(reader, piece):
            yield test.values(window, self.clock)

    def _across(self, test: Program, reader: Reader, piece: Piece, captures: bool) -> Iterator[tuple[Window, Spans]]:
        filters = compiled(piece.filters)
        first, stop = bounds(reader, piece)
        at = begin = first
        while at < stop and not self.clock.late():
            window = Window(at, whole_lines(reader, at, stop, ACROSS + REACH))
            for line_test, keep in filters:
                window.keep(matching_runs(line_test, window, keep, self.clock))
            window.fold_line_ends()
            last = window.end >= stop
            # Matches that start near the end might go on after it: the next window looks at those again.
            mine = stop if last else character_start(window, max(window.end - REACH, begin + 4))
            resume = mine
            for spans in test.matches(window, self.clock, window.position(begin), captures):
                start, end = window.span(*spans[0])
                if start >= mine and not last:
                    break
                resume = max(resume, end)
                yield window, spans
            if self.clock.stopped:
                break
            line = reader.line_start(resume, at)
            begin = resume
            at = stop if last else line if line > at else resume  # `resume` within a line longer than a window
        self.searched += min(at, stop) - first
