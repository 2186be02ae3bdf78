"""Sequences made of others: several as one, a stretch of one, some of its items."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Generic, TypeVar

from rlm_ls.context.columns.rows import Made

One = TypeVar("One")


class Joined(Made[One], Generic[One]):
    """The items of each segment, one after the other; none is copied."""

    __slots__ = ("_ends", "segments")

    def __init__(self, segments: Sequence[Sequence[One]]) -> None:
        self.segments = [segment for segment in segments if len(segment)]
        self._ends = list(accumulate(map(len, self.segments)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def made(self, number: int) -> One:
        segment = bisect_right(self._ends, number)
        return self.segments[segment][number - (self._ends[segment - 1] if segment else 0)]

    def __iter__(self) -> Iterator[One]:
        return chain.from_iterable(self.segments)


class Picked(Made[One], Generic[One]):
    """Some items of a sequence, in an order."""

    __slots__ = ("_numbers", "_of")

    def __init__(self, of: Sequence[One], numbers: Sequence[int]) -> None:
        self._of = of
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def made(self, number: int) -> One:
        return self._of[self._numbers[number]]
