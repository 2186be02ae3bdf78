"""Lines, positions, and text of known places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Any

from rlm_ls.context.document import Document, Hit, Span, base_of, line_want
from rlm_ls.context.search.rows import ROOM, path_of
from rlm_ls.context.search.scanner import Scanner
from rlm_ls.context.snapshot.limits import byte_of
from rlm_ls.context.workers.piece import together
from rlm_ls.errors import ProgramError, SearchTimeout

LONGEST_TEXT = 16 << 20
"""Bytes of text that may be brought out of a document at once."""

ROWS = 500
"""Hits whose lines around are read by one request."""


class Places(Scanner):
    """Lookups of known places. Documents are given by number, spans by path."""

    async def lines(self, doc: int, start: int, end: int) -> Hit:
        """Lines `start` to `end`, from 1, inclusive; negative numbers count from the end; `end` is clamped.

        Raises ProgramError when `start` is beyond the end.
        """
        document = self.context.documents[doc]
        first, last = self._line_numbers(document, start, end)
        low, high, text = await self.call(
            "places.lines",
            file=self.context.files[doc],
            first=line_want(document, first),
            last=line_want(document, last),
            longest=LONGEST_TEXT,
        )
        _check_size(high - low)
        return Hit(Span(document.path, low, high, first, last), text)

    async def read(self, span: Span) -> str:
        """The text of a span. Raises ProgramError for a span of no document, or one too long."""
        _check_size(span.end - span.start)
        text: str = await self.call(
            "places.read", file=self.context.files[self.doc(span.doc)], start=span.start, end=span.end
        )
        return text

    async def texts(self, doc: int, ranges: Sequence[tuple[int, int]]) -> list[str]:
        """The texts of byte ranges. Raises ProgramError for what is too long together."""
        _check_size(sum(end - start for start, end in ranges))
        found: list[str] = await self.call("places.texts", file=self.context.files[doc], ranges=list(ranges))
        return found

    async def characters(self, doc: int, first: int, last: int) -> str:
        """Characters `first` to `last` of a document, from 0, exclusive. Raises ProgramError for too many."""
        _check_size(last - first)
        text: str = await self.call(
            "places.characters", file=self.context.files[doc], first=first, last=last, longest=LONGEST_TEXT
        )
        return text

    async def around(self, span: Span, before: int, after: int) -> Hit:
        """The span's lines with some lines before and after."""
        document = self.context.documents[self.doc(span.doc)]
        first = max(1, span.line - max(0, before))
        last = max(first, min(document.lines, span.end_line + max(0, after)))
        return await self.lines(self.doc(span.doc), first, last)

    async def with_lines_around(self, rows: Sequence[str], lines: int, seconds: float) -> tuple[list[str], int]:
        """Hits whose text is their lines with `lines` before and after; their spans stay, so that citing one cites the
        hit. Of how many there is room and time for: the rest is as it was."""
        numbers, files = self.context.number, self.context.files

        def payloads() -> Iterator[dict[str, Any]]:
            for some in asked:
                known = {path: files[number] for path in map(path_of, some) if (number := numbers(path)) is not None}
                yield {"rows": some, "files": known, "lines": lines, "room": max(0, room)}

        def place(row: str) -> str:
            number = numbers(path_of(row))
            return "" if number is None else files.place(number)

        asked = list(together(rows, place, ROWS))
        told = iter(asked)
        found: list[str] = []
        room = ROOM
        async with aclosing(self.pool.map("places.lines_around", payloads(), seconds)) as results:
            async for result in results:
                if isinstance(result, SearchTimeout):
                    break
                for row in result:
                    room -= len(row)
                    if room < 0:
                        break
                    found.append(row)
                if room < 0 or len(result) < len(next(told)):
                    break
        return [*found, *rows[len(found) :]], len(found)

    async def span_at(self, doc: int, start: int, end: int) -> Span:
        """The span of some bytes, clamped to the document."""
        return (await self.spans_at(doc, [(start, end)]))[0]

    async def spans_at(self, doc: int, ranges: Sequence[tuple[int, int]]) -> list[Span]:
        """The spans of byte ranges, clamped to the document."""
        document = self.context.documents[doc]
        wanted = []
        for start, end in ranges:
            start = max(0, min(start, document.size))
            wanted.append((start, max(start, min(end, document.size)), *base_of(document, start)))
        found: list[Span] = await self.call("places.spans", file=self.context.files[doc], ranges=wanted)
        return found

    async def line_span(self, doc: int, first: int, last: int) -> Span:
        """The span of a range of lines, numbered as for `lines`."""
        document = self.context.documents[doc]
        first, last = self._line_numbers(document, first, last)
        start, end = await self.call(
            "places.line_range",
            file=self.context.files[doc],
            first=line_want(document, first),
            last=line_want(document, last),
        )
        return Span(document.path, start, end, first, last)

    async def positions(self, doc: int, offsets: Sequence[int]) -> list[tuple[int, int]]:
        """Line and UTF-16 column of byte offsets, both from 0."""
        document = self.context.documents[doc]
        clamped = [max(0, min(at, document.size)) for at in offsets]
        found: list[tuple[int, int]] = await self.call(
            "places.positions",
            file=self.context.files[doc],
            offsets=[(at, *base_of(document, at)) for at in clamped],
        )
        return found

    async def byte_of(self, doc: int, line: int, utf16_character: int) -> int:
        """The byte offset of a position from 0, clamped as LSP says: to the line's end, and to the text's."""
        document, file = self.context.documents[doc], self.context.files[doc]
        return await byte_of(document, file, self.pool, line, utf16_character, self.deadline_seconds)

    def doc(self, path: str) -> int:
        """The number of a document by its path. Raises ProgramError."""
        number = self.context.number(path)
        if number is None:
            raise ProgramError(f"There is no document {path!r}.", "docs() lists them.")
        return number

    @staticmethod
    def _line_numbers(document: Document, start: int, end: int) -> tuple[int, int]:
        first = start if start > 0 else document.lines + 1 + start
        last = end if end > 0 else document.lines + 1 + end
        if start == 0 or end == 0:
            raise ProgramError("There is no line 0: lines count from 1.", "Use 1 for the first line, -1 for the last.")
        if first > document.lines:
            raise ProgramError(
                f"Line {start:,} is beyond the end: {document.path} has {document.lines:,} lines.",
                "Use -1 for the last line.",
            )
        first, last = max(1, first), min(last, document.lines)
        if last < first:
            raise ProgramError(f"The lines {start:,} to {end:,} are none: the end is before the start.", "Swap them.")
        return first, last


def _check_size(size: int) -> None:
    if size > LONGEST_TEXT:
        raise ProgramError(
            f"That is {size / (1 << 20):,.0f} MiB of text; at most {LONGEST_TEXT >> 20} MiB can be read at once.",
            "Search in it instead, or read a smaller range.",
        )
