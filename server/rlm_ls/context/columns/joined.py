"""Sequences made of others: several as one, a stretch of one, some of its items."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Generic, TypeVar, overload

One = TypeVar("One")


class Joined(Sequence[One], Generic[One]):
    """The items of each segment, one after the other; none is copied."""

    __slots__ = ("_ends", "segments")

    def __init__(self, segments: Sequence[Sequence[One]]) -> None:
        self.segments = [segment for segment in segments if len(segment)]
        self._ends = list(accumulate(map(len, self.segments)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, number: int) -> One: ...
    @overload
    def __getitem__(self, number: slice) -> list[One]: ...
    def __getitem__(self, number: int | slice) -> One | list[One]:
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        number = range(len(self))[number]
        segment = bisect_right(self._ends, number)
        return self.segments[segment][number - (self._ends[segment - 1] if segment else 0)]

    def __iter__(self) -> Iterator[One]:
        return chain.from_iterable(self.segments)


class Picked(Sequence[One], Generic[One]):
    """Some items of a sequence, in an order."""

    __slots__ = ("_numbers", "_of")

    def __init__(self, of: Sequence[One], numbers: Sequence[int]) -> None:
        self._of = of
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, number: int) -> One: ...
    @overload
    def __getitem__(self, number: slice) -> list[One]: ...
    def __getitem__(self, number: int | slice) -> One | list[One]:
        if isinstance(number, slice):
            return [self[one] for one in range(len(self))[number]]
        return self._of[self._numbers[number]]
