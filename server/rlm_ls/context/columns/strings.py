"""Many strings, packed: of a million addresses or versions some bytes each, where objects would take a hundred."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

BLOCK = 64
"""Strings that are packed together: to look at one, so many are unpacked."""

MOST_UNPACKED = 1 << 20
"""Bytes of a block that somebody else packed."""

_END = "\0"


class Strings(Sequence[str]):
    """Strings in blocks, each compressed. Going through them in order costs half a microsecond each, looking at any
    one some twenty. A NUL in one is U+FFFD."""

    __slots__ = ("_count", "_last", "blocks")

    def __init__(self, blocks: Sequence[bytes], count: int) -> None:
        self.blocks = blocks
        self._count = count
        self._last: tuple[int, list[str]] = (-1, [])

    @classmethod
    def of(cls, texts: Iterable[str]) -> Strings:
        packing = Packing()
        for text in texts:
            packing.add(text)
        return packing.made()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(self._count)[number]]
        block, at = divmod(range(self._count)[number], BLOCK)
        last, texts = self._last
        if last != block:
            texts = _unpacked(self.blocks[block])
            self._last = block, texts
        return texts[at]

    def __iter__(self) -> Iterator[str]:
        for block in self.blocks:
            yield from _unpacked(block)

    def same(self, other: Strings) -> bool:
        """Whether they are packed alike: then they are the same strings."""
        return self._count == other._count and self.blocks == other.blocks


class Packing:
    """Packs strings that come one by one."""

    __slots__ = ("_block", "_blocks", "_count")

    def __init__(self) -> None:
        self._block: list[str] = []
        self._blocks: list[bytes] = []
        self._count = 0

    def add(self, text: str) -> None:
        self._block.append(text)
        if len(self._block) == BLOCK:
            self._pack()

    def made(self) -> Strings:
        if self._block:
            self._pack()
        return Strings(self._blocks, self._count)

    def _pack(self) -> None:
        block, self._block = self._block, []
        joined = _END.join(block)
        if joined.count(_END) >= len(block):
            joined = _END.join([text.replace(_END, "\ufffd") for text in block])
        self._blocks.append(zlib.compress(joined.encode("utf-8", "surrogatepass"), 1))
        self._count += len(block)


def foreign(blocks: object, count: int) -> Iterator[str]:
    """The strings that others packed. Raises ValueError where they are not `count` in good order, or too long."""
    left = count
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, bytes):
            raise ValueError("no block")
        unpacking = zlib.decompressobj()
        try:
            raw = unpacking.decompress(block, MOST_UNPACKED)
        except zlib.error:
            raise ValueError("a broken block") from None
        texts = raw.decode("utf-8", "surrogatepass").split(_END)
        if not unpacking.eof or len(texts) != min(BLOCK, left):
            raise ValueError("a broken block")
        left -= len(texts)
        yield from texts
    if left:
        raise ValueError("too few blocks")


def _unpacked(block: bytes) -> list[str]:
    return zlib.decompress(block).decode("utf-8", "surrogatepass").split(_END)
