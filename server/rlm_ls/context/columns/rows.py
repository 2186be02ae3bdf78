"""Sequences whose items are made when somebody asks for them, for there may be a million."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar, overload

One = TypeVar("One")


class Made(Sequence[One], Generic[One]):
    """A stretch of it is made at once."""

    __slots__ = ()

    @abstractmethod
    def made(self, number: int) -> One:
        """The item of this number, from 0 on."""

    @overload
    def __getitem__(self, number: int) -> One: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[One, ...]: ...
    def __getitem__(self, number: int | slice) -> One | tuple[One, ...]:
        if isinstance(number, slice):
            return tuple([self.made(one) for one in range(len(self))[number]])
        return self.made(range(len(self))[number])
