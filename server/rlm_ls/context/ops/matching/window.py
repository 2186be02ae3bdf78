"""Whole lines of a Document with every line end as `\\n`, and where each byte of them lies in the Document."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from copy import copy
from itertools import accumulate, pairwise
from typing import NamedTuple

MOST_PARTS = 800
"""Parts that a window with lines that are not ASCII is taken into; with more such lines it stays whole."""

_GLANCE = 1 << 12
"""Bytes looked at together for one that is not ASCII."""


Spans = list[tuple[int, int]]
"""A match and each of its groups as bytes of `Window.text`; (-1, -1) where a group took no part."""


class Others(NamedTuple):
    """Some lines of a window as one of their own: what is at `runs[i]` in it is at `places[i]` in the `text` of the
    other."""

    window: Window
    runs: list[int]
    places: list[int]

    def moved(self, spans: Spans) -> Spans:
        """A match, where it is in the other."""
        run = bisect_right(self.runs, spans[0][0]) - 1
        by = self.places[run] - self.runs[run]
        return [(start + by, end + by) if start >= 0 else (start, end) for start, end in spans]


class Window:
    """Whole lines of a Document. `runs[i]` in `text` is `origins[i]` in the Document, ascending.

    A window that is a piece of a very long line has matches only from `begin` on and before `own`, and `resume` is
    where the last of them ended.
    """

    __slots__ = (
        "_edges",
        "ascii",
        "begin",
        "carriage",
        "origins",
        "own",
        "raw",
        "resume",
        "runs",
        "start",
        "text",
        "utf8_known",
    )

    def __init__(self, start: int, raw: bytes) -> None:
        self.start = start
        self.raw = raw
        self.ascii = raw.isascii()
        self.carriage = b"\r" in raw
        # Same length, so offsets stay: the phantom empty line within each `\r\n` is told apart by `phantom`.
        self.text = raw.replace(b"\r\n", b"\n\n").replace(b"\r", b"\n") if self.carriage else raw
        self.runs = [0]
        self.origins = [start]
        self.begin = self.resume = 0
        self.own = len(raw) + 1
        self.utf8_known: bool | None = True if self.ascii else None
        self._edges: tuple[bytes, list[int]] | None = None

    @property
    def is_piece(self) -> bool:
        return self.begin > 0 or self.own <= len(self.text)

    @property
    def verbatim(self) -> bool:
        """Whether `text` is whole lines just as they stand in the Document from `start` on."""
        return self.text is self.raw and not self.is_piece

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    @property
    def utf8(self) -> bool:
        """Whether all of it is proper UTF-8."""
        if self.utf8_known is None:
            try:
                self.raw.decode("utf-8")
                self.utf8_known = True
            except UnicodeDecodeError:
                self.utf8_known = False
        return self.utf8_known

    @property
    def edges(self) -> list[int]:
        """`_edges` of `text`, looked for once."""
        if self._edges is None or self._edges[0] is not self.text:
            self._edges = self.text, _edges(self.text)
        return self._edges[1]

    @property
    def mixed(self) -> bool:
        """Whether some lines are ASCII and some are not, as far as that was looked into."""
        return len(self.edges) > 2 and self.edges[1:3] != [0, len(self.text)]

    def as_ascii(self) -> Window:
        """The same, for an engine that finds what is in lines that are ASCII."""
        window = copy(self)
        window.ascii = window.utf8_known = True
        return window

    def in_ascii(self, at: int) -> bool:
        """Whether byte `at` of `text` is on a line that is ASCII."""
        return bool(bisect_right(self.edges, min(at, len(self.text) - 1)) & 1)

    def others(self) -> Others:
        """The lines that are not."""
        ranges = [(start, end) for start, end in list(pairwise(self.edges))[1::2] if start < end]
        joined = Window(0, b"".join([self.text[start:end] for start, end in ranges]))
        return Others(joined, [0, *accumulate([end - start for start, end in ranges[:-1]])], [at for at, _ in ranges])

    def origin(self, at: int) -> int:
        """Where byte `at` of `text` lies in the Document."""
        run = bisect_right(self.runs, at) - 1
        return self.origins[run] + at - self.runs[run]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a match lies in the Document. Its end belongs to the byte before it, not to the next run."""
        at = self.origin(start)
        if end > start:
            return at, self.origin(end - 1) + 1
        if self.raw[at - self.start - 1 : at - self.start + 1] == b"\r\n":
            at -= 1  # not within a line end
        return at, at

    def phantom(self, at: int) -> bool:
        """Whether `at` is on no line, so that an empty match there does not count: after the last line end, or between
        `\\r` and `\\n`."""
        if at == len(self.text):
            return self.text.endswith(b"\n")
        if not self.carriage or at == 0:
            return False
        before = self.origin(at - 1) - self.start
        return self.raw[before : before + 2] == b"\r\n" and self.origin(at) == self.start + before + 1

    def keep(self, ranges: list[tuple[int, int]]) -> None:
        """Leaves only these byte ranges of `text`."""
        runs: list[int] = []
        origins: list[int] = []
        length = 0
        if len(self.runs) == 1:
            runs = [0, *accumulate([end - start for start, end in ranges[:-1]])][: len(ranges)]
            origins = [self.origins[0] + start for start, _ in ranges]
        for start, end in ranges if len(self.runs) > 1 else ():
            # A range may take in several runs that an earlier filter has left.
            inner = self.runs[bisect_right(self.runs, start) : bisect_left(self.runs, end)]
            for low, high in pairwise([start, *inner, end]):
                runs.append(length)
                origins.append(self.origin(low))
                length += high - low
        self.text = b"".join([self.text[start:end] for start, end in ranges])
        self.runs, self.origins = runs, origins

    def position(self, offset: int) -> int:
        """Where byte `offset` of the Document lies in `text`, or the next byte that is there."""
        run = bisect_right(self.origins, offset) - 1
        if run < 0:
            return 0
        after = self.runs[run + 1] if run + 1 < len(self.runs) else len(self.text)
        return min(self.runs[run] + offset - self.origins[run], after)

    def fold_line_ends(self) -> None:
        """Makes each `\\r\\n` a single `\\n`, for patterns that cross lines."""
        if b"\r\n" not in self.raw or not self.text:
            return
        ends = [*self.runs[1:], len(self.text)]
        chunks: list[bytes] = []
        runs: list[int] = []
        origins: list[int] = []
        length = 0
        for run, end, origin in zip(self.runs, ends, self.origins, strict=True):
            chunk, at = self.raw[origin - self.start : origin - self.start + end - run], 0
            while at >= 0:
                # Each run but the first of a chunk starts at a `\\n` whose `\\r` is left out.
                found = chunk.find(b"\r\n", at)
                runs.append(length)
                origins.append(origin + at)
                chunks.append(chunk[at : found if found >= 0 else len(chunk)])
                length += len(chunks[-1])
                at = found + 1 if found >= 0 else -1
        self.text = b"".join(chunks).replace(b"\r", b"\n")
        self.runs, self.origins, self.carriage = runs, origins, False


def _edges(text: bytes) -> list[int]:
    """Where lines that are ASCII begin (perhaps none), where others do, and so on in turn, and the end.

    Just the start and the end where more than half of MOST_PARTS lines are not ASCII.
    """
    edges, at, size = [0], 0, len(text)
    while at < size:
        some = text[at : at + _GLANCE]
        if some.isascii():
            at += _GLANCE
            continue
        try:
            some.decode("ascii")  # tells where at once; a regular expression looks at each byte
        except UnicodeDecodeError as error:
            at += error.start
        start = text.rfind(b"\n", edges[-1], at) + 1 or edges[-1]
        at = text.find(b"\n", at) + 1 or size
        if start == edges[-1] and len(edges) > 1:
            edges[-1] = at
        else:
            edges += [start, at]
        if len(edges) > MOST_PARTS:
            return [0, size]
    return [*edges, size]


def characters_to_bytes(line: bytes, text: str, offset: int) -> Callable[[int], int]:
    """From a character of `text` to its byte, plus `offset`. Quick for ascending questions."""
    if len(line) == len(text):
        return lambda character: offset + character
    last = [0, 0]

    def place(character: int) -> int:
        if character < last[0]:
            last[:] = [0, 0]
        last[:] = [character, last[1] + len(text[last[0] : character].encode("utf-8", "replace"))]
        return offset + last[1]

    return place
