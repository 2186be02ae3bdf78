"""What the parent sends to a worker: which bytes of which file."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from rlm_ls.context.document import Source

Filters = tuple[tuple[str, bool], ...]

Stretch = tuple[str, int, int]
"""Of a file that nothing takes the place of: its path, an offset, and how many bytes from there."""


@dataclass(frozen=True, slots=True)
class File:
    """A Document's bytes for a worker. `identity` (device, inode) is given where the path alone could be replaced."""

    name: str
    source: Source
    identity: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class NodePath:
    """A file, a folder or a pattern of files on a node: `path` is absolute, there; `host` as the cluster knows it."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of bytes `low` to `high` of a Document that start at `start` or later and before `end`.

    `base` is a byte at or before `start` and the number of lines that start after byte 0 and not after it, `later` that
    number for each CHECKPOINT bytes on from there, as far as it is known.
    """

    doc: int
    file: File
    low: int
    high: int
    start: int
    end: int
    base: tuple[int, int]
    filters: Filters = ()
    later: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Whole small Documents in one file: what a Piece says of each, packed so that thousands are sent in no time.

    `names` are joined by NUL. Where one Document starts a byte after the end of another, that byte is a line end.
    """

    path: str
    docs: array[int]
    offsets: array[int]
    sizes: array[int]
    names: str
    filters: Filters

    def after(self, doc: int) -> Bundle:
        """Those behind one of its Documents."""
        at = self.docs.index(doc) + 1
        names = "\0".join(self.names.split("\0")[at:])
        return Bundle(self.path, self.docs[at:], self.offsets[at:], self.sizes[at:], names, self.filters)


Item = TypeVar("Item")


def together(items: Iterable[Item], place: Callable[[Item], str], most: int) -> Iterator[list[Item]]:
    """`most` items to a request, in order, all of which can be read at the same place."""
    batch: list[Item] = []
    for item in items:
        if batch and (len(batch) >= most or place(batch[0]) != place(item)):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


Pieces = list[Piece] | Bundle
"""What a search in a worker goes through."""


def size_of(pieces: Pieces) -> int:
    """Bytes of text."""
    return sum(pieces.sizes) if isinstance(pieces, Bundle) else sum(one.end - one.start for one in pieces)


def docs_of(pieces: Pieces) -> set[int]:
    return set(pieces.docs) if isinstance(pieces, Bundle) else {one.doc for one in pieces}


BUNDLE = 16 << 20
"""Bytes of a Bundle at which the next one is begun."""


class Bundling:
    """Builds a Bundle."""

    __slots__ = ("_filters", "_names", "_offsets", "_path", "_size", "_sizes", "docs")

    def __init__(self) -> None:
        self.docs = array("q")
        self._offsets, self._sizes = array("q"), array("q")
        self._names: list[str] = []
        self._size = 0
        self._path = ""
        self._filters: Filters = ()

    def takes(self, pack: str, filters: Filters) -> bool:
        """Whether a Document may be added to those that are there."""
        return pack == self._path and filters == self._filters and self._size < BUNDLE

    def add(self, doc: int, stretch: Stretch, name: str, filters: Filters) -> None:
        self._path, offset, size = stretch
        self._filters = filters
        self.docs.append(doc)
        self._offsets.append(offset)
        self._sizes.append(size)
        self._names.append(name)
        self._size += size

    def made(self) -> Bundle:
        return Bundle(self._path, self.docs, self._offsets, self._sizes, "\0".join(self._names), self._filters)
