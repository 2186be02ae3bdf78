"""Getting text into a module's linear memory with no copy in Python: mapped there, or read there by the system.

A page of the file that lies beside the text is never shown to a program: the bytes around it on the first and the last
page are overwritten with zeros, in this process's private copy of those pages.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import tempfile
from functools import cache

from wasmtime import Memory, Store, WasmtimeError

from rlm_ls.context.ops.reader import Reader
from rlm_ls.errors import ProgramLimit

PAGE = 1 << 16
"""Bytes of a page of linear memory."""

MAPPED = 1 << 20
"""A shorter text is read: that is as quick, and no file can be cut short under it."""

MOST = (1 << 31) - PAGE
"""Bytes of text that fit: a Rust slice has at most 2^31 - 1 on a 32-bit machine."""

MAP_FIXED = 0x10
FAILED = ctypes.c_void_p(-1).value


class TextMemory:
    """The place of the text in one instance's memory. Written before each call, not while the program runs.

    The same pages are used for one text after the other.
    """

    def __init__(self, store: Store, memory: Memory) -> None:
        self._store = store
        self._memory = memory
        self._pages = self._room = 0  # where our pages begin, and how many bytes they are
        self.start = 0
        """The text's address, for the program."""
        self.size = 0

    def clear(self) -> None:
        self.start, self.size = self._pages, 0

    def append(self, reader: Reader, start: int, end: int) -> None:
        """Bytes `start` to `end` of a Document after what is there."""
        self._reserve(self.size + end - start)
        while start < end:
            step = min(end - start, 1 << 26)
            reader.fill(self._view(step), start)
            self.size += step
            start += step

    def end_line(self) -> None:
        """A line end, where the text has none at its end."""
        if self.size and self._byte(self.size - 1) not in (10, 13):
            self._reserve(self.size + 1)
            self._view(1)[0] = 10
            self.size += 1

    def map(self, reader: Reader, start: int, end: int) -> bool:
        """Bytes `start` to `end` of a Document as the whole text, mapped; False where that cannot be done."""
        descriptor, offset = reader.place
        if end - start < MAPPED or descriptor < 0 or not can_map():
            return False
        first = (offset + start) // mmap.PAGESIZE * mmap.PAGESIZE
        before = offset + start - first
        length = before + end - start
        self.clear()
        self._reserve(length)
        base = self._base() + self._pages
        if not _map(base, length, descriptor, first):
            return False
        ctypes.memset(base, 0, before)
        ctypes.memset(base + length, 0, -length % mmap.PAGESIZE)
        self.start, self.size = self._pages + before, end - start
        return True

    def _reserve(self, size: int) -> None:
        """Pages for a text of so many bytes. Where what is there cannot grow, a text that is not begun moves on."""
        if size > MOST:
            raise ProgramLimit(
                "The text is longer than the 2 GB that one call can take.",
                "Use map_reduce(NAME, …), or write init, feed and finish.",
            )
        if size <= self._room:
            return
        more = -(-(size - self._room) // PAGE)
        before = self._grow(more)
        if before != self._pages + self._room:  # the first text, or the program has taken memory since the last
            assert not self.size
            self._pages, self._room = before, 0
            if more * PAGE < size:
                self._grow(-(-size // PAGE) - more)
                more = -(-size // PAGE)
            self.start = before
        self._room += more * PAGE

    def _grow(self, pages: int) -> int:
        """Adds pages to the program's memory; the address of the first."""
        try:
            return self._memory.grow(self._store, pages) * PAGE
        except WasmtimeError:
            raise ProgramLimit("The text does not fit into the program's memory.", "Use map_reduce(NAME, …).") from None

    def _base(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)

    def _view(self, length: int) -> memoryview:
        """Writable bytes behind the text. Not valid after the memory has grown."""
        room = (ctypes.c_ubyte * length).from_address(self._base() + self.start + self.size)
        return memoryview(room).cast("B")

    def _byte(self, at: int) -> int:
        return int(ctypes.c_ubyte.from_address(self._base() + self.start + at).value)


def _map(address: int, length: int, descriptor: int, offset: int) -> bool:
    """Maps a file privately over pages of our own. Only ever called with memory that `grow` has just given us."""
    library = _library()
    if library is None:
        return False
    mapped = library.mmap(
        address, length, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | MAP_FIXED, descriptor, offset
    )
    return bool(mapped == address)


@cache
def _library() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    return library


@cache
def can_map() -> bool:
    """Whether mapping works here, tried once on pages of our own: the file seen, changes private, no address moved."""
    if _library() is None or mmap.PAGESIZE > PAGE:
        return False
    size = 2 * mmap.PAGESIZE
    own = mmap.mmap(-1, size)
    room = (ctypes.c_ubyte * size).from_buffer(own)
    address = ctypes.addressof(room)
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"a" * mmap.PAGESIZE + b"b" * 10)
            file.flush()
            if not _map(address, mmap.PAGESIZE + 10, file.fileno(), 0):
                return False
            room[0] = ord("z")
            seen = bytes(room[mmap.PAGESIZE : mmap.PAGESIZE + 11])
            return room[1] == ord("a") and seen == b"b" * 10 + b"\0" and os.pread(file.fileno(), 1, 0) == b"a"
    finally:
        del room
        own.close()
