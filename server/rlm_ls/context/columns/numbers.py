"""A set of small numbers, a byte for each up to the largest: of documents there may be a million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableSet


class Numbers(MutableSet[int]):
    """Numbers from 0 on."""

    __slots__ = ("_flags",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._flags = bytearray()
        self.update(numbers)

    def update(self, numbers: Iterable[int]) -> None:
        if isinstance(numbers, range) and numbers.start == 0 and numbers.step == 1:
            size = min(len(numbers), len(self._flags))
            self._flags[:size] = b"\1" * size
            self._flags.extend(b"\1" * (len(numbers) - size))
            return
        for number in numbers:
            self.add(number)

    def add(self, value: int) -> None:
        if value >= len(self._flags):
            self._flags.extend(bytes(value + 1 - len(self._flags)))
        self._flags[value] = 1

    def discard(self, value: int) -> None:
        if value in self:
            self._flags[value] = 0

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and 0 <= value < len(self._flags) and bool(self._flags[value])

    def __iter__(self) -> Iterator[int]:
        return (number for number, there in enumerate(self._flags) if there)

    def __len__(self) -> int:
        return self._flags.count(1)
