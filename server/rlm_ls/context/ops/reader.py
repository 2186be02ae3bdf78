"""Reading a Document's bytes, and finding lines in them. Offsets are bytes from the start of the Document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rlm_ls.context.document import NODE
from rlm_ls.context.remote.ranges import Ranges, ranges
from rlm_ls.context.remote.served import served
from rlm_ls.context.sources.stamp import opened_file
from rlm_ls.context.workers.piece import File
from rlm_ls.errors import DocumentChanged, DocumentUnreadable

BLOCK = 1 << 16
"""Most bytes read at a time when looking for the end or the start of a line."""

NEAR = 512
"""Bytes looked at first: most lines are short, and of a larger block all would be copied and searched for each line."""


def _pread(descriptor: int, length: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows; a worker has one thread that reads
    return os.read(descriptor, length)


class Reader:
    """The bytes of one Document. Raises DocumentChanged when the file no longer holds them."""

    __slots__ = ("_descriptor", "_elsewhere", "_file", "_held", "_held_at", "size")

    def __init__(self, descriptor: int, file: File, held: bytes = b"", elsewhere: Ranges | None = None) -> None:
        """`held` are its bytes from the first on; if they are all, or it lies `elsewhere`, no descriptor is needed."""
        self._descriptor = descriptor
        self._elsewhere = elsewhere
        self._file = file
        self.size = file.source.size
        self._held = held
        self._held_at = 0

    def read(self, start: int, end: int) -> bytes:
        """Bytes `start` to `end`, clamped to the Document."""
        start, end = max(0, start), min(end, self.size)
        if self._held_at <= start and end <= self._held_at + len(self._held):
            return self._held[start - self._held_at : end - self._held_at]
        parts: list[bytes] = []
        while start < end:
            part = self._some(end - start, start)
            if not part:
                raise self._changed()
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def fill(self, view: memoryview, start: int) -> None:
        """Bytes from `start` on, straight into `view`, all of which lies in the Document."""
        end = start + len(view)
        if self._held_at <= start and end <= self._held_at + len(self._held):
            view[:] = memoryview(self._held)[start - self._held_at : end - self._held_at]
            return
        while view:
            if self._elsewhere is None and hasattr(os, "preadv"):
                count = os.preadv(self._descriptor, [view], self._file.source.offset + start)
            else:
                part = self._some(min(len(view), 1 << 20), start)
                count = len(part)
                view[:count] = part
            if not count:
                raise self._changed()
            view, start = view[count:], start + count

    def _some(self, length: int, start: int) -> bytes:
        at = self._file.source.offset + start
        if self._elsewhere is not None:
            return self._elsewhere.read(length, at)
        return _pread(self._descriptor, length, at)

    @property
    def place(self) -> tuple[int, int]:
        """Descriptor and offset in its file, for whoever maps the Document; the descriptor is -1 if it has none."""
        return self._descriptor, self._file.source.offset

    def peek(self, start: int, end: int) -> bytes:
        """Like `read`, for many small reads near each other: keeps the block that was read last."""
        start, end = max(0, start), min(end, self.size)
        if end - start > BLOCK:
            return self.read(start, end)
        if start < self._held_at or end > self._held_at + len(self._held):
            at = max(0, start - 4096)
            self._held, self._held_at = self.read(at, at + 2 * BLOCK), at
        return self._held[start - self._held_at : end - self._held_at]

    def hold(self, start: int, block: bytes) -> None:
        """Keeps a block that was read, for what is asked about it next."""
        if self._descriptor >= 0 or self._elsewhere is not None:  # else all of it is held
            self._held, self._held_at = block, start

    def check(self) -> None:
        """Raises DocumentChanged if the file is now shorter than the Document: what was read may be of two states."""
        if self._elsewhere is not None:
            self._elsewhere.check()
        elif os.fstat(self._descriptor).st_size < self._file.source.offset + self.size:
            raise self._changed()

    def line_start(self, at: int, low: int = 0) -> int:
        """Where the line that holds byte `at` starts, not before `low`."""
        length = NEAR
        while at > low:
            block = self.peek(at - min(length, at - low), at + 1)
            before, after = (block[:-1], block[-1:]) if at < self.size else (block, b"")
            if before.endswith(b"\r") and after == b"\n":
                before = before[:-1] + b" "  # inside a line end that is two bytes long
            found = max(before.rfind(b"\n"), before.rfind(b"\r"))
            if found >= 0:
                return at - len(before) + found + 1
            at -= len(before)
            length = min(4 * length, BLOCK)
        return low

    def next_line(self, at: int, high: int) -> int:
        """The first line start at or after `at`, or `high` if there is none before it. 0 starts a line."""
        if at <= 0:
            return 0
        at -= 1
        most = NEAR
        while at < high:
            length = min(most, high - at)
            block = self.peek(at, at + length + 1)
            body = block[:length]
            end = _first_line_end(body, block)
            if end > 0:
                return min(at + end, high)
            at += len(body)
            most = min(4 * most, BLOCK)
        return high

    def line_end(self, at: int, high: int) -> int:
        """Where the text of the line that holds byte `at` ends (before its line end), not after `high`."""
        length = NEAR
        while at < high:
            block = self.peek(at, min(at + length, high))
            ends = [end for end in (block.find(b"\n"), block.find(b"\r")) if end >= 0]
            if ends:
                return at + min(ends)
            at += len(block)
            length = min(4 * length, BLOCK)
        return high

    def line_starts(self, start: int, end: int) -> int:
        """How many lines start after byte `start` and at or before byte `end`."""
        count = 0
        while start < end:
            stop = min(start + (1 << 20), end)
            block = self.read(start, stop + 1)
            body = block[: stop - start]
            count += body.count(b"\n")
            if b"\r" in body:
                count += body.count(b"\r") - block.count(b"\r\n")
            start = stop
        return count

    def _changed(self) -> DocumentChanged:
        return DocumentChanged(
            f"{self._file.name} was truncated or replaced while it was being read.", "Ask again to read it afresh."
        )


def _first_line_end(body: bytes, block: bytes) -> int:
    """The offset just after the first line end in `body`, 0 if none; `block` is `body` and perhaps a byte more."""
    line_feed = body.find(b"\n")
    carriage = body.find(b"\r") if line_feed < 0 else body.find(b"\r", 0, line_feed)
    if carriage < 0:
        return line_feed + 1
    if block[carriage + 1 : carriage + 2] != b"\n":
        return carriage + 1
    return carriage + 2 if carriage + 1 < len(body) else 0


@contextmanager
def opened(file: File, until: int = 0) -> Iterator[Reader]:
    """A Reader of `file`; on leaving, checks that the file still holds all that was read.

    `until`: about how far it is going to be read, where it lies elsewhere; 0 if that is not known."""
    if file.source.version and file.source.path.startswith(NODE):
        with served(file.source.path, file.source.version) as descriptor:
            yield Reader(descriptor, file)
        return
    if file.source.version:
        with ranges(file.source.path, file.source.version, file.source.offset + until if until else 0) as elsewhere:
            yield Reader(-1, file, elsewhere=elsewhere)
        return
    try:
        descriptor, status = opened_file(file.source.path)
    except FileNotFoundError:
        raise DocumentChanged(f"{file.name} was deleted while it was being read.", "Ask again.") from None
    except OSError as error:
        raise DocumentUnreadable(f"{file.name} cannot be read ({error.strerror}).", "Check its permissions.") from None
    try:
        reader = Reader(descriptor, file)
        if file.identity is not None and file.identity != (status.st_dev, status.st_ino):
            raise DocumentChanged(f"{file.name} was replaced while it was being read.", "Ask again to read it afresh.")
        reader.check()
        yield reader
        reader.check()
    finally:
        os.close(descriptor)
