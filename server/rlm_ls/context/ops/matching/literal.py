"""A text in a window: where it is rare it is leapt to, where it is frequent that is said at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Any

PROBE = 1 << 13
"""Bytes looked at first, in which a frequent text is told: one that stands there twice as often as is rare."""

STRIDE = 1 << 15
"""Bytes gone through first, then as many again as have been: of a text that begins to be frequent no more are found
than stand in so many."""

RARE = 1 << 11
"""Bytes for each occurrence, on average, where a text is rare. Aho-Corasick leaps over 16 GB a second, `bytes.find`
over 3, RE2 over 2; but it takes half a microsecond for each occurrence."""


class Literal:
    """A text, looked for in one window after another."""

    __slots__ = ("__dict__", "_ends", "_places", "_window", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._window: bytes | None = None
        self._places: list[int] | None = None
        self._ends: list[tuple[int, int]] | None = None

    def places(self, window: bytes) -> list[int] | None:
        """Where it stands, as `bytes.count` counts it; None where it is frequent. Quick for the same window again."""
        if window is not self._window:
            self._window, self._places, self._ends = window, self._found(window), None
        return self._places

    def lines(self, window: bytes) -> list[tuple[int, int]] | None:
        """Start and end (before the line end) of each line that holds it; None where it is frequent."""
        places = self.places(window)
        if places is None or self._ends is not None:
            return self._ends
        lines: list[tuple[int, int]] = []
        end, size = -1, len(window)
        for place in places:
            if place > end:
                start, end = window.rfind(b"\n", 0, place) + 1, window.find(b"\n", place)
                end = size if end < 0 else end
                lines.append((start, end))
        self._ends = lines
        return lines

    def find(self, window: bytes, at: int) -> int:
        """Where it stands next, from `at` on; -1 if nowhere."""
        places = self.places(window)
        if places is None:
            return window.find(self.text, at)
        number = bisect_left(places, at)
        if number and places[number - 1] + len(self.text) > at:
            return window.find(self.text, at)  # from within one, perhaps to one that overlaps it
        return places[number] if number < len(places) else -1

    def count(self, window: bytes) -> int:
        places = self.places(window)
        return window.count(self.text) if places is None else len(places)

    def _found(self, window: bytes) -> list[int] | None:
        size, width = len(window), len(self.text)
        if window.count(self.text, 0, PROBE) * RARE > 2 * PROBE:
            return None
        places: list[int] = []
        view, at = memoryview(window), 0
        stop = 0
        while stop < size:
            stop = min(size, 2 * stop or STRIDE)
            places += [at + start for _, start, _ in self._engine.find_matches_as_indexes(view[at:stop])]
            if len(places) * RARE > stop + STRIDE:
                return None
            # What begins before the next stretch may end in it.
            at = max(stop - width + 1, places[-1] + width if places else 0)
        return places

    @cached_property
    def _engine(self) -> Any:
        from ahocorasick_rs import BytesAhoCorasick, MatchKind

        return BytesAhoCorasick([self.text], MatchKind.Standard)


def lines_from(lines: list[tuple[int, int]], at: int) -> Iterator[tuple[int, int]]:
    """The lines, or what is left of one, from `at` on."""
    first = bisect_left(lines, at, key=itemgetter(1))
    return ((max(at, start), end) for start, end in islice(lines, first, None))
