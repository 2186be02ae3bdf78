"""Reading a text where it lies, by ranges, of one version only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rlm_ls.context.remote.addresses import without_password
from rlm_ls.context.remote.fetch import file_system, told, version_of
from rlm_ls.errors import DocumentChanged

FIRST_BLOCK = 1 << 17
LARGEST_BLOCK = 4 << 20
"""Bytes asked for at a time: a few for one line, more and more for a text that is gone through."""


class Ranges:
    """The bytes of the object at `url`. The last two blocks are kept: searches look back a little."""

    __slots__ = ("_blocks", "_files", "_next", "_place", "_until", "_url", "_version")

    def __init__(self, url: str, version: str, files: Any, place: str, until: int) -> None:
        self._until = until
        self._url, self._version, self._files, self._place = url, version, files, place
        self._blocks: list[tuple[int, bytes]] = []
        self._next = FIRST_BLOCK

    def read(self, length: int, start: int) -> bytes:
        """At most `length` bytes from `start` on; none at the end."""
        for at, block in self._blocks:
            if at <= start < at + len(block):
                return block[start - at : start - at + length]
        follows = any(start == at + len(block) for at, block in self._blocks[-1:])
        self._next = min(2 * self._next, LARGEST_BLOCK) if follows else FIRST_BLOCK
        most = self._until - start + FIRST_BLOCK if start <= self._until else LARGEST_BLOCK
        end = start + max(min(self._next, most), length)
        with told(self._url):
            found: bytes = self._files.cat_file(self._place, start=start, end=end)
        self._blocks = [*self._blocks[-1:], (start, found)]
        return found[:length]

    def check(self) -> None:
        """Raises DocumentChanged where it is not of its version (any more): what was read may be of two."""
        with told(self._url):
            self._files.invalidate_cache()
            now = version_of(self._files.info(self._place))
        if now != self._version:
            raise DocumentChanged(
                f"{without_password(self._url)} was replaced meanwhile.", "Ask again to read it afresh."
            )


@contextmanager
def ranges(url: str, version: str, until: int = 0) -> Iterator[Ranges]:
    """`until`: about how far it is going to be read; 0 if that is not known.

    Raises DocumentChanged, DocumentMissing, RemoteFailed.
    """
    with told(url):
        files, place = file_system(url)
    found = Ranges(url, version, files, place, until)
    found.check()
    yield found
    found.check()
