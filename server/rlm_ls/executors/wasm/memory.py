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
    """The place of the text in one instance's memory. Written before each call, not while the program runs."""

    def __init__(self, store: Store, memory: Memory) -> None:
        self._store = store
        self._memory = memory
        self._start = self._capacity = 0
        self.size = 0

    @property
    def start(self) -> int:
        """The text's address, for the program."""
        return self._start

    def clear(self) -> None:
        self.size = 0

    def append(self, reader: Reader, start: int, end: int) -> None:
        """Bytes `start` to `end` of a Document after what is there."""
        self._reserve(end - start)
        while start < end:
            step = min(end - start, 1 << 26)
            reader.fill(self._view(step), start)
            self.size += step
            start += step

    def end_line(self) -> None:
        """A line end, where the text has none at its end."""
        if self.size and self._byte(self.size - 1) not in (10, 13):
            self._reserve(1)
            self._view(1)[0] = 10
            self.size += 1

    def map(self, reader: Reader, start: int, end: int) -> bool:
        """Bytes `start` to `end` of a Document as the whole text, mapped; False where that cannot be done."""
        descriptor, offset = reader.place
        if end - start < MAPPED or descriptor < 0 or not can_map():
            return False
        self.clear()
        first = (offset + start) // mmap.PAGESIZE * mmap.PAGESIZE
        before = offset + start - first
        length = before + end - start
        self._start = self._capacity = 0
        self._reserve(length)
        base = self._base() + self._start
        if not _map(base, length, descriptor, first):
            return False
        ctypes.memset(base, 0, before)
        ctypes.memset(base + length, 0, -length % mmap.PAGESIZE)
        self._start += before
        self._capacity -= before
        self.size = end - start
        return True

    def _reserve(self, more: int) -> None:
        needed = self.size + more
        if needed > MOST:
            raise ProgramLimit("The text is longer than the 2 GB that one call can take.")
        if needed <= self._capacity:
            return
        pages = -(-(needed - self._capacity) // PAGE)
        try:
            before = self._memory.grow(self._store, pages) * PAGE
        except WasmtimeError:
            raise ProgramLimit(
                "The text does not fit into the program's memory.", "Use map_reduce(), or init, feed and finish."
            ) from None
        if self._capacity and before == self._start + self._capacity:
            self._capacity += pages * PAGE
        elif not self.size:
            self._start, self._capacity = before, pages * PAGE
        else:  # the program has grown its memory in between: never during one text
            raise ProgramLimit("The text does not fit beside the program's own data.")
        if self._capacity < needed:
            self._reserve(more)

    def _base(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)

    def _view(self, length: int) -> memoryview:
        """Writable bytes behind the text. Not valid after the memory has grown."""
        room = (ctypes.c_ubyte * length).from_address(self._base() + self._start + self.size)
        return memoryview(room).cast("B")

    def _byte(self, at: int) -> int:
        return int(ctypes.c_ubyte.from_address(self._base() + self._start + at).value)


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
