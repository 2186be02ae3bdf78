"""Finding a string among a million: by sorted hashes, twelve bytes each, where a dictionary would take a hundred."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise


class Index:
    """Where each string is in a sequence that does not change; of equal ones the last, as in a dictionary."""

    __slots__ = ("_hashes", "_numbers", "_strings")

    def __init__(self, strings: Sequence[str]) -> None:
        hashes = array("q", map(hash, strings))
        self._strings = strings
        self._numbers = array("I", sorted(range(len(hashes)), key=hashes.__getitem__))
        self._hashes = array("q", map(hashes.__getitem__, self._numbers))

    def get(self, text: str) -> int | None:
        wanted = hash(text)
        at = bisect_left(self._hashes, wanted)
        found = None
        while at < len(self._hashes) and self._hashes[at] == wanted:
            number = self._numbers[at]
            if self._strings[number] == text:
                found = number
            at += 1
        return found


def repeated(hashes: Iterable[int]) -> set[int]:
    """Those that occur more than once."""
    return {one for one, other in pairwise(sorted(hashes)) if one == other}
