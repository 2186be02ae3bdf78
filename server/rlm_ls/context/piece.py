"""What the parent sends to a worker: which bytes of which file."""

from __future__ import annotations

from dataclasses import dataclass

from rlm_ls.context.document import Source

Filters = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class File:
    """A Document's bytes for a worker. `identity` (device, inode) is given where the path alone could be replaced."""

    name: str
    source: Source
    identity: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """The lines of bytes `low` to `high` of a Document that start at `start` or later and before `end`.

    `base` is a byte at or before `start` and the number of lines that start after byte 0 and not after it.
    """

    doc: int
    file: File
    low: int
    high: int
    start: int
    end: int
    base: tuple[int, int]
    filters: Filters = ()
