"""Going through pieces of documents: open, read, match. Shared by every search."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import add

from rlm_ls.context.document import Source
from rlm_ls.context.ops.matching.compiled_pattern import CompiledPattern, Raw
from rlm_ls.context.ops.matching.window import Spans, Window
from rlm_ls.context.ops.matching.windows import (
    WINDOW,
    ascii_apart,
    bounds,
    character_start,
    compiled,
    matching_runs,
    whole_lines,
    windows,
)
from rlm_ls.context.ops.reader import Reader, opened
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.context.workers.piece import Bundle, File, Piece, Pieces

REACH = 1 << 20
"""A match that crosses lines is found if it is at most this many bytes long; a longer one may be cut or missed."""

ACROSS = 4 * REACH


class Scan:
    """One operation's way through its pieces; `searched` counts the bytes it got through."""

    def __init__(self, deadline: Deadline, pieces: Pieces) -> None:
        self.deadline = deadline
        self.searched = 0
        self._pieces = pieces

    def pieces(self, test: CompiledPattern | None = None) -> Iterator[tuple[Piece, Reader]]:
        """Each piece, open. With `test` those of a bundle are left out, as searched, that hold no match of it."""
        if isinstance(self._pieces, Bundle):
            yield from self._bundle(self._pieces, test)
            return
        for piece in self._pieces:
            if self.deadline.late():
                return
            with opened(piece.file, piece.end) as reader:
                yield piece, reader

    def blocks(self, test: CompiledPattern) -> Iterator[tuple[Window, list[int], list[int]]] | None:
        """A bundle's documents many at a time, as one text each time: their numbers, and where they start in it.

        None where a match could not be told from one in the line ends between them; then use `pieces`.
        """
        bundle = self._pieces
        if not isinstance(bundle, Bundle) or bundle.filters or test.multiline:
            return None
        if test.first(Window(0, b"\n"), self.deadline) is not None:
            return None
        return self._blocks(bundle)

    def _blocks(self, bundle: Bundle) -> Iterator[tuple[Window, list[int], list[int]]]:
        for raw, first, stop in self._runs(bundle):
            start = bundle.offsets[first]
            window = Window(0, raw)
            yield window, list(bundle.docs[first:stop]), [offset - start for offset in bundle.offsets[first:stop]]
            if not self.deadline.stopped:
                self.searched += sum(bundle.sizes[first:stop])

    def _runs(self, bundle: Bundle) -> Iterator[tuple[bytes, int, int]]:
        """The bytes of documents that lie side by side, and from which to which they are."""
        offsets, sizes = bundle.offsets, bundle.sizes
        end = max(map(add, offsets, sizes))
        first, count = 0, len(bundle.docs)
        with opened(File("", Source(bundle.path, 0, end))) as pack:
            while first < count and not self.deadline.late():
                start, stop = offsets[first], first + 1
                behind = start + sizes[first]
                # Where one starts a byte after the end of another, that byte is a line end. Else there may be anything.
                while stop < count and offsets[stop] == behind + 1 and behind + 1 - start < WINDOW:
                    behind += 1 + sizes[stop]
                    stop += 1
                yield pack.read(start, behind), first, stop
                first = stop

    def _bundle(self, bundle: Bundle, test: CompiledPattern | None) -> Iterator[tuple[Piece, Reader]]:
        names = bundle.names.split("\0")
        for raw, first, stop in self._runs(bundle):
            start = bundle.offsets[first]
            for number in self._holding(bundle, raw, first, stop, test):
                offset, size = bundle.offsets[number], bundle.sizes[number]
                file = File(names[number], Source(bundle.path, offset, size))
                reader = Reader(-1, file, raw[offset - start : offset - start + size])
                yield Piece(bundle.docs[number], file, 0, size, 0, size, (0, 0), bundle.filters), reader
                if self.deadline.stopped:
                    return

    def _holding(
        self, bundle: Bundle, raw: bytes, first: int, stop: int, test: CompiledPattern | None
    ) -> Iterator[int]:
        """Documents `first` to `stop` that may hold a match: all of them are looked through as one text."""
        if test is None or test.multiline or stop == first + 1:
            yield from range(first, stop)
            return
        window = Window(bundle.offsets[first], raw)
        number, at = first, 0
        while number < stop:
            found = test.first(window, self.deadline, at)
            if self.deadline.stopped:
                return
            # A match in the line end between two is the first one's, which will not find it.
            to = stop if found is None else bisect_right(bundle.offsets, window.start + found[0], number, stop) - 1
            self.searched += sum(bundle.sizes[number:to])
            if to < stop:
                yield to
            number = to + 1
            if number < stop:
                at = bundle.offsets[number] - window.start

    def windows(self, reader: Reader, piece: Piece) -> Iterator[Window]:
        """The piece in windows."""
        begin, stop = bounds(reader, piece)
        at = begin
        for window in windows(reader, piece, self.deadline):
            at = window.start
            yield window
        self.searched += (at if self.deadline.stopped else stop) - begin

    def matches(
        self, test: CompiledPattern, reader: Reader, piece: Piece, captures: bool = True
    ) -> Iterator[tuple[Window, Spans]]:
        """Every match in the piece, with its window."""
        if test.multiline:
            yield from self._across(test, reader, piece, captures)
            return
        for window in self.windows(reader, piece):
            for spans in test.matches(window, self.deadline, 0, captures):
                yield window, spans

    def values(
        self, test: CompiledPattern, reader: Reader, piece: Piece, in_order: bool = True
    ) -> Iterator[Iterable[Raw]]:
        """What the matches capture (`CompiledPattern.values`), a batch for each window, or each kind of its lines."""
        if test.multiline:
            yield (
                value
                for window, spans in self._across(test, reader, piece, True)
                for value in test.captured(window.text, [spans])
            )
            return
        for window in self.windows(reader, piece):
            for part in [window] if in_order or not test.mixed(window) else ascii_apart(window):
                yield test.values(part, self.deadline)

    def _across(
        self, test: CompiledPattern, reader: Reader, piece: Piece, captures: bool
    ) -> Iterator[tuple[Window, Spans]]:
        filters = compiled(piece.filters)
        first, stop = bounds(reader, piece)
        at = begin = first
        while at < stop and not self.deadline.late():
            window = Window(at, whole_lines(reader, at, stop, ACROSS + REACH))
            for line_test, keep in filters:
                window.keep(matching_runs(line_test, window, keep, self.deadline))
            window.fold_line_ends()
            last = window.end >= stop
            # Matches that start near the end might go on after it: the next window looks at those again.
            mine = stop if last else character_start(window, max(window.end - REACH, begin + 4))
            resume = mine
            found = test.matches(window, self.deadline, window.position(begin), captures) if window.text else ()
            for spans in found:  # a filter may have left nothing, not even a place for an empty match
                start, end = window.span(*spans[0])
                if start >= mine and not last:
                    break
                resume = max(resume, end)
                yield window, spans
            if self.deadline.stopped:
                break
            line = reader.line_start(resume, at)
            begin = resume
            at = stop if last else line if line > at else resume  # `resume` within a line longer than a window
        self.searched += min(at, stop) - first
